"""Unusual checkouts: valid ones of each kind of application repository, with one file changed as data, text and bytes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.source.loader import load
from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.fuzz.cases import CONFIG, changed
from tests.renderers.owner_build import OLD_REDIS
from tests.samples import STEPS, backend, config, loaded, merged

BUILT = "bin/built"
"""What the program in the place of kustomize prints."""
SHOWN = "owner/shown.yaml"
"""The output of a program that `migrate verify` reads."""
PROGRAM = "bin/kustomize"
COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "kustomize": (
        ("check", CONFIG, "--owner", "owner/prod", "--output", "out"),
        ("migrate", "export", CONFIG, "--to", "owner/prod", "--dry-run"),
        ("migrate", "export", CONFIG, "--to", "owner/prod"),
        ("migrate", "export", CONFIG, "--to", "owner/prod", "--force"),
    ),
    "manifests": (
        ("migrate", "export", CONFIG, "--to", "owner/base", "--dry-run"),
        ("migrate", "export", CONFIG, "--to", "owner/base"),
        ("migrate", "export", CONFIG, "--to", "owner/base", "--force"),
    ),
}
COMMANDS["external"] = (
    ("migrate", "verify", CONFIG, "--from", SHOWN),
    ("check", CONFIG, "--owner", "owner/prod", "--output", "out"),
    ("migrate", "verify", CONFIG, "--from", SHOWN, "--record"),
)
COMMANDS |= dict.fromkeys(("argocd-app", "flux-kustomization"), COMMANDS["kustomize"])


class Case(NamedTuple):
    """Files by name, and the command that meets them."""

    files: dict[str, bytes]
    command: tuple[str, ...]


def case(random: Random) -> Case:
    """Return a sound checkout with one file changed, or with one file more that is one of the others, changed."""
    kind, step = random.choice(list(COMMANDS)), random.choice(STEPS[:6])
    files = dict(sound(kind, step))
    name = random.choice([name for name in files if name.startswith("owner/") or name == BUILT])
    content = changed(files[name], random)
    if random.random() < 0.2:
        name = random.choice(
            ("owner/other/kustomization.yaml", "owner/base/more.yaml", "owner/prod/rediskit/beersystem/kustomization.yaml")
        )
    files[name] = content
    return Case(files, random.choice(COMMANDS[kind]))


@cache
def sound(kind: str, step: str) -> dict[str, bytes]:
    """Return a config at a step, a checkout of its application, and what kustomize prints of that."""
    with TemporaryDirectory() as name:
        place = Path(name)
        first = config(step)["clients"][0]
        loaded(place, step, over={"clients": [merged(first, {"owner": {"kind": kind}})]})
        top = owner(place, listed=kind == "kustomize")
        objects = sorted((top / "base").glob("*-*.yaml"))
        files = {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}
        built = b"---\n".join(file.read_bytes() for file in objects)
        return {**files, BUILT: built, SHOWN: shown(place)} if kind == "external" else {**files, BUILT: built}


def shown(place: Path) -> bytes:
    """Return the objects of an application as its step requires them."""
    environment = load(place / CONFIG)
    listed = [edited(backend(), change) for change in changes(environment, environment.clients[0])] or [backend()]
    return "---\n".join(map(dump, (*listed, *OLD_REDIS))).encode()
