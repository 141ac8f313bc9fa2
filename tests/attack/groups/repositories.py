"""What a repository can make Git or a terminal do: programs of its configuration, escapes in names, links out of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from tests.attack.attack import Attack, World, broken, differences, digests
from tests.attack.scenarios import AT, project, repository
from tests.samples import SEALED

SETTINGS: dict[str, tuple[str, ...]] = {
    "core.fsmonitor": ("core.fsmonitor",),
    "core.fsmonitor, version 1": ("core.fsmonitor", "core.fsmonitorHookVersion=1"),
    "clean filter": ("filter.x.clean",),
    "required clean filter": ("filter.x.clean", "filter.x.required=true"),
    "smudge filter": ("filter.x.smudge",),
    "process filter": ("filter.x.process",),
    "diff driver": ("diff.x.command",),
    "text conversion": ("diff.x.textconv",),
    "external diff": ("diff.external",),
    "hooks": ("core.hooksPath",),
    "ssh command": ("core.sshCommand",),
    "pager": ("core.pager", "pager.status=true", "pager.diff=true"),
    "editor": ("core.editor",),
    "askpass": ("core.askPass",),
    "credential helper": ("credential.helper",),
    "gpg": ("gpg.program", "log.showSignature=true"),
    "merge driver": ("merge.x.driver",),
    "alias of status": ("alias.status", "alias.rev-parse"),
    "promisor over ext": ("remote.origin.url",),
    "upload pack": ("remote.origin.uploadpack",),
}
VERBS: dict[str, tuple[str, ...]] = {
    "render": ("render",),
    "check": ("check", "--base", "HEAD"),
    "diff": ("diff", "--against", "HEAD"),
    "doctor": ("doctor",),
    "advance": ("migrate", "advance", "--at", AT),
    "init": ("init", "new", "--name", "home"),
    "secret new": ("secret", "new"),
}
ESCAPE = "a\x1b[31m\x07b\r"
NAMES: dict[str, str] = {
    "escape": "x\x1b[31mred.yaml",
    "new line": "x\ny.yaml",
    "bell": "x\x07.yaml",
    "no UTF-8": "x\udcff.yaml",
    "bidi": "x\u202ey.yaml",
}


def attacks() -> Iterator[Attack]:
    """Yield programs in the settings of Git, strange names of files, and links and files where others belong."""
    for (name, settings), (verb, arguments) in product(SETTINGS.items(), VERBS.items()):
        yield Attack(f"{name}, {verb}", partial(_git, settings=settings, arguments=arguments))
    for (name, file), folder, verb in product(
        NAMES.items(), ("config", "config/chocolandia", "rendered/chocolandia"), ("render", "check", "diff", "doctor")
    ):
        yield Attack(
            f"{name} in a name in {folder}, {verb}",
            partial(_named, file=f"{folder}/{file}", verb=verb),
        )
    for (name, make), (verb, arguments) in product(LINKS.items(), VERBS.items()):
        yield Attack(f"{name}, {verb}", partial(_linked, make=make, arguments=arguments))


def _git(world: World, settings: tuple[str, ...], arguments: tuple[str, ...]) -> Iterable[str]:
    place = project(world.folder, "prepare")
    (place / ".gitattributes").write_text("* filter=x diff=x merge=x\n", encoding="utf-8")
    repository(place)
    program = world.recorder("hostile", "cat")
    hook = world.bin / "post-index-change"
    hook.symlink_to("hostile")
    for setting in settings:
        key, has_value, value = setting.partition("=")
        target = (
            value
            if has_value
            else str(world.bin)
            if key == "core.hooksPath"
            else f"!{program}"
            if key.startswith("alias")
            else str(program)
        )
        if key == "remote.origin.url":
            target = f"ext::{program} %S"
            _set(place, "extensions.partialClone", "origin")
            _set(place, "remote.origin.promisor", "true")
            _lose_an_object(place)
        _set(place, key, target)
    for file in place.rglob("*.yaml"):
        file.touch()
    yield from broken(world.rediskit(*arguments))
    if world.started():
        yield f"started: {world.started()[0][:80]}"


def _set(place: Path, key: str, value: str) -> None:
    subprocess.run(["git", "config", key, value], cwd=place, check=True)


def _lose_an_object(place: Path) -> None:
    """Remove the object of a config, so that Git would fetch it."""
    done = subprocess.run(["git", "rev-parse", "HEAD:config/chocolandia.yaml"], cwd=place, check=True, capture_output=True, text=True)
    name = done.stdout.strip()
    (place / f".git/objects/{name[:2]}/{name[2:]}").unlink()


def _named(world: World, file: str, verb: str) -> Iterable[str]:
    place = project(world.folder, "prepare")
    repository(place)
    world.rediskit("render")
    (place / file).parent.mkdir(parents=True, exist_ok=True)
    (place / file).write_text("kind: x\n", encoding="utf-8")
    ended = world.rediskit(verb)
    yield from broken(ended)
    if shown := [letter for letter in ended.text if not letter.isprintable() and letter != "\n"]:
        yield f"the output has {shown[0]!r}"


def _out(world: World) -> None:
    (world.project / "rendered").symlink_to(world.outside)


def _tree_out(world: World) -> None:
    (world.project / "rendered").mkdir(exist_ok=True)
    (world.project / "rendered/chocolandia").symlink_to(world.outside)


def _certificate(target: str) -> Callable[[World], None]:
    def make(world: World) -> None:
        place = world.project / "config/chocolandia/sealing.crt"
        place.unlink(missing_ok=True)
        (world.outside / "private.key").write_text("PRIVATE-zqx81\n", encoding="utf-8")
        place.symlink_to(target.format(outside=world.outside)) if target else place.write_text("PRIVATE-zqx81\n", encoding="utf-8")

    return make


def _secrets_out(world: World) -> None:
    (world.project / "config/chocolandia/secrets").symlink_to(world.outside)


LINKS: dict[str, Callable[[World], None]] = {
    "rendered as a link out of the repository": _out,
    "the tree as a link out of the repository": _tree_out,
    "a private file as the certificate": _certificate(""),
    "a link to a private file as the certificate": _certificate("{outside}/private.key"),
    "the folder of Secrets as a link": _secrets_out,
}


def _linked(world: World, make: Callable[[World], None], arguments: tuple[str, ...]) -> Iterable[str]:
    over: dict[str, Any] = {"secrets": SEALED}
    project(world.folder, "prepare", over=over)
    (world.project / "config/chocolandia/sealing.crt").write_text("a certificate\n", encoding="utf-8")
    repository(world.project)
    make(world)
    before = digests(world.outside)
    ended = world.rediskit(*arguments)
    yield from broken(ended)
    if changed := differences(before, digests(world.outside)):
        yield f"outside/{changed[0]} changed"
    if "PRIVATE-zqx81" in ended.text:
        yield "the output holds a line of the file"


def revert() -> None:
    """Run Git with the settings of the repository."""
    from rediskit.git import program

    program._FLAGS = ()  # type: ignore[assignment]
    program._ENVIRONMENT = {"LC_ALL": "C"}
    program.Git._without_filters = lambda self: {}  # type: ignore[method-assign]  # noqa: ARG005
