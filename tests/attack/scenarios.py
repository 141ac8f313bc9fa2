"""The commands that the campaign kills: each verb that writes, with the folders it meets."""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from rediskit import load
from tests.attack.kills import Scenario
from tests.cli.checkout import owner
from tests.init.live import REAL, container, text, workload
from tests.samples import BACKEND, client, config, merged
from tests.secrets.repository import certificate_of

REPOSITORY = "https://git.example.org/platform/cluster.git"
_SECRET = {
    "kind": "secret",
    "step": "prepare",
    "at": "2026-03-01T18:00:00-03:00",
    "about": "Secret redis-credentials key redis-password in redis and beersystem",
}
READY: dict[str, Any] = {"window": {"start": "2026-03-01T22:00:00-03:00", "duration": "1h"}, "evidence": [_SECRET]}
AT = "2026-03-01T22:01:00-03:00"
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def repository(folder: Path) -> None:
    """Make a folder a Git work tree with all that is in it in one commit."""
    _git(folder, "init", "--quiet", "--initial-branch", "main")
    _git(folder, "remote", "add", "origin", REPOSITORY)
    _commit(folder)


def _commit(folder: Path) -> None:
    _git(folder, "add", "--all")
    _git(folder, "-c", "user.name=Someone", "-c", "user.email=someone@example.org", "commit", "--quiet", "-m", "x")


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **GIT})


def project(folder: Path, step: str, *, own: bool = False, kind: str = "kustomize", over: Mapping[str, Any] | None = None) -> Path:
    """Write `config/chocolandia.yaml` with beersystem at a step, in a file of its own on request."""
    place = folder / "project"
    (place / "config/chocolandia").mkdir(parents=True, exist_ok=True)
    (place / "config/chocolandia/beersystem-backend.yaml").write_bytes(BACKEND.read_bytes())
    data = config(step, over=over)
    more: dict[str, Any] = {"owner": {"kind": kind}}
    if step == "prepare":
        more["migration"] = {"step": "prepare", **READY}
    data["clients"][0] = merged(data["clients"][0], more)
    if own:
        client = merged(data["clients"][0], {"workloads": {0: {"manifest": "beersystem-backend.yaml"}}})
        _write(place / "config/chocolandia/beersystem.yaml", client)
        data["clients"][0] = {"file": "chocolandia/beersystem.yaml"}
    _write(place / "config/chocolandia.yaml", data)
    if not over:
        load(place / "config/chocolandia.yaml")  # What is attacked has to be sound before the attack.
    return place


def _write(file: Path, data: Any) -> None:
    file.write_text(yaml.safe_dump(data, sort_keys=False, width=1000), encoding="utf-8")


def _render_first(folder: Path) -> None:
    repository(project(folder, "prepare"))


def _render_update(folder: Path) -> None:
    place = project(folder, "validate")
    _rendered(place)
    _write(place / "config/chocolandia.yaml", config("reconfigure"))
    # The tree of a config that has another name now: nobody renders it again.
    (place / "rendered/.before.rediskit.tmp/tree").mkdir(parents=True)
    repository(place)


def _rendered(place: Path) -> None:
    from rediskit import load, render, write

    write(render(load(place / "config/chocolandia.yaml")), place / "rendered")


def _advance(folder: Path) -> None:
    place = project(folder, "prepare")
    _rendered(place)
    repository(place)


def _advance_own(folder: Path) -> None:
    place = project(folder, "prepare", own=True)
    _rendered(place)
    repository(place)


def _sealed(folder: Path) -> None:
    place = project(folder, "prepare", over={"secrets": {"mode": "sealed-secrets", "certificate": "chocolandia/sealing.crt"}})
    data = config("prepare", over={"secrets": {"mode": "sealed-secrets", "certificate": "chocolandia/sealing.crt"}})
    data["clients"] += [client(name, None) for name in ("shop", "till", "web")]
    _write(place / "config/chocolandia.yaml", data)
    (place / "config/chocolandia/sealing.crt").write_bytes(certificate_of(generate_private_key(65537, 2048)))
    repository(place)


def _rotate(folder: Path) -> None:
    from rediskit.cli import main

    _sealed(folder)
    before = Path.cwd()
    os.chdir(folder / "project")
    try:
        with redirect_stdout(io.StringIO()):
            code = main(["secret", "new"])
        if code:
            raise RuntimeError("secret new failed")
    finally:
        os.chdir(before)


def _owner(folder: Path, step: str, kind: str = "kustomize") -> None:
    place = project(folder, step, kind=kind)
    repository(owner(place, listed=kind == "kustomize"))
    (place / ".gitignore").write_text("owner\n", encoding="utf-8")
    repository(place)


def _export_first(folder: Path) -> None:
    _owner(folder, "scale-down")


def _export_update(folder: Path) -> None:
    from rediskit import load, render

    _owner(folder, "reconfigure")
    files = render(load(folder / "project/config/chocolandia.yaml")).files
    from rediskit.output.writer import write

    class Files:
        name = "beersystem"
        files: Mapping[str, bytes] = {}

    written = Files()
    prefix = "owners/beersystem/"
    written.files = {path.removeprefix(prefix): text for path, text in files.items() if path.startswith(prefix)}
    write(written, folder / "project/owner/prod/rediskit")
    _commit(folder / "project/owner")
    _write(folder / "project/config/chocolandia.yaml", merged_step(folder, "scale-up"))


def merged_step(folder: Path, step: str) -> Any:
    """Return the config on disk with beersystem at another step."""
    data = yaml.safe_load((folder / "project/config/chocolandia.yaml").read_bytes())
    data["clients"][0]["migration"] = config(step)["clients"][0]["migration"]
    return data


def _export_manifests(folder: Path) -> None:
    _owner(folder, "reconfigure", "manifests")


def _init_new(folder: Path) -> None:
    (folder / "project").mkdir()


def _init_beside(folder: Path) -> None:
    place = folder / "project"
    place.mkdir()
    (place / "live.yaml").write_text(REAL, encoding="utf-8")
    repository(place)


def _init_add(folder: Path) -> None:
    place = project(folder, "prepare")
    (place / "live.yaml").write_text(text(workload(container(REDIS_HOST="redis", REDIS_PORT="6379"))), encoding="utf-8")
    repository(place)


SCENARIOS = (
    Scenario("render, the first time", _render_first, ("render",)),
    Scenario("render, an update", _render_update, ("render",)),
    Scenario("advance", _advance, ("migrate", "advance", "--at", AT)),
    Scenario("advance of a client with a file of its own", _advance_own, ("migrate", "advance", "--at", AT)),
    Scenario("record", _advance, ("migrate", "record", "--secret-seen", "--at", AT)),
    Scenario("secret new", _sealed, ("secret", "new"), fixed=False),
    Scenario("secret rotate", _rotate, ("secret", "rotate"), fixed=False),
    Scenario("export, the first time", _export_first, ("migrate", "export", "--to", "owner/prod")),
    Scenario("export, an update", _export_update, ("migrate", "export", "--to", "owner/prod")),
    Scenario("export of manifests", _export_manifests, ("migrate", "export", "--to", "owner/base")),
    Scenario("check of a checkout", _export_first, ("check", "--owner", "owner/prod"), code=1),
    Scenario("init of a new folder", _init_new, ("init", "new", "--name", "home")),
    Scenario("init of one more client", _init_add, ("init", "--add", "config/chocolandia.yaml", "--from", "live.yaml")),
    Scenario("init from live objects", _init_beside, ("init", "--name", "home", "--from", "live.yaml")),
)
