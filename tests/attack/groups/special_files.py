"""Pipes, sockets, devices, links and large files instead of inputs: every verb ends in time, and reports the problem."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

from tests.attack.attack import Attack, World, broken, everywhere
from tests.attack.scenarios import project, repository
from tests.cli.checkout import owner
from tests.samples import SEALED


def _socket(place: Path) -> None:
    before = Path.cwd()
    os.chdir(place.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(place.name)
    finally:
        os.chdir(before)


def _sparse(place: Path) -> None:
    with place.open("wb") as stream:
        stream.truncate(1 << 40)


def _link(target: str) -> Callable[[Path], None]:
    return lambda place: place.symlink_to(target)


def _link_to_a_pipe(place: Path) -> None:
    os.mkfifo(place.parent / "pipe-of-it")
    place.symlink_to("pipe-of-it")


def _nulls(place: Path) -> None:
    place.write_bytes(b"\0" * 4096)


KINDS: dict[str, Callable[[Path], None]] = {
    "named pipe": os.mkfifo,
    "socket": _socket,
    "folder": Path.mkdir,
    "link to a pipe": _link_to_a_pipe,
    "link to itself": lambda place: place.symlink_to(place.name),
    "link to /dev/zero": _link("/dev/zero"),
    "link to /dev/stdin": _link("/dev/stdin"),
    "link to nothing": _link("nothing/at/all"),
    "file of a terabyte": _sparse,
    "file of zero bytes": Path.touch,
    "file of null bytes": _nulls,
}
PLACES = (
    "config/chocolandia.yaml",
    "config/chocolandia/beersystem-backend.yaml",
    "config/chocolandia/notes.yaml",
    "config/chocolandia/sealing.crt",
    "config/chocolandia/secrets",
    "config/chocolandia/secrets/redis.yaml",
    "rendered/chocolandia",
    "rendered/chocolandia/.rediskit.json",
    "rendered/chocolandia/README.md",
    "owner/prod/kustomization.yaml",
    "owner/base/kustomization.yaml",
    "owner/base/deployment-beersystem-backend.yaml",
    "owner/elsewhere/kustomization.yaml",
    ".rediskit.tmp",
)
VERBS: dict[str, tuple[str, ...]] = {
    "render": ("render",),
    "check": ("check",),
    "check of a checkout": ("check", "--owner", "owner/prod"),
    "diff": ("diff", "--text"),
    "doctor": ("doctor",),
    "status": ("migrate", "status"),
    "export": ("migrate", "export", "--to", "owner/prod"),
    "secret check": ("secret", "check"),
}
_OWNER_ONLY = ("check of a checkout", "export")


def attacks() -> Iterator[Attack]:
    """Yield each kind at each place that a verb reads."""
    for (kind, make), place, (verb, arguments) in product(KINDS.items(), PLACES, VERBS.items()):
        if place.startswith("owner/") == (verb in _OWNER_ONLY):
            yield Attack(f"{kind} at {place}, {verb}", partial(_try, make=make, place=place, arguments=arguments))


def _try(world: World, make: Callable[[Path], None], place: str, arguments: tuple[str, ...]) -> Iterable[str]:
    project(world.folder, "scale-down", over={"secrets": SEALED})
    (world.project / "config/chocolandia/sealing.crt").write_text("a certificate\n", encoding="utf-8")
    if place.startswith("owner/"):
        owner(world.project, listed=False)
    else:
        repository(world.project)
    if place.startswith("rendered/"):
        world.rediskit("render")
    at = world.project / place
    at.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(at) if at.is_dir() else at.unlink(missing_ok=True)
    make(at)
    yield from broken(world.rediskit(*arguments))


def revert() -> None:
    """Open whatever is there, and read it to its end."""
    from rediskit import files

    def opened(path: str | os.PathLike[str], *, follow: bool) -> int:
        return os.open(path, os.O_RDONLY if follow else os.O_RDONLY | os.O_NOFOLLOW)

    everywhere(files.opened, opened)
