"""What an attack is: a hostile input in a folder of its own, a command, and the outcomes that must not occur."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.attack.process import Ended, command
from tests.tools.install import locate

LIMIT = 20.0
"""Seconds for one command on a busy machine; the slowest honest one takes about one."""


class Attack(NamedTuple):
    """One attack. run: makes the input in an empty folder, runs commands, and returns what got through, in words."""

    name: str
    run: Callable[[World], Iterable[str]]


class Group(NamedTuple):
    """The attacks on one promise.

    attacks: all of them. revert: takes the fix away in the process of a command; attacks must fail then.
    """

    name: str
    attacks: Callable[[], Iterator[Attack]]
    revert: Callable[[], None]


class World:
    """The folder of an attack: `project` with a config, `outside`, and `bin` for programs that record their start."""

    def __init__(self, folder: Path, before: Callable[[], None] | None = None) -> None:
        self.folder, self.before = folder, before
        self.project, self.outside, self.bin = (folder / name for name in ("project", "outside", "bin"))
        for place in (self.project, self.outside, self.bin, folder / "tmp"):
            place.mkdir()
        self.environment: dict[str, str | None] = {
            "TMPDIR": str(folder / "tmp"),
            "HOME": str(folder / "tmp"),
            "KUSTOMIZE": str(locate("kustomize")),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
        }

    def rediskit(self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str | None) -> Ended:
        """Run a command in the project."""
        return command(
            arguments,
            cwd or self.project,
            environment={**self.environment, **environment},
            stdin=stdin,
            limit=LIMIT,
            before=self.before,
        )

    def recorder(self, name: str, then: str = "exit 1") -> Path:
        """Create a program that records each start. `started` lists them."""
        place = self.bin / name
        place.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> {self.folder}/started\n{then}\n', encoding="utf-8")
        place.chmod(0o755)
        return place

    def started(self) -> list[str]:
        """Return the command lines of the recorders that were started."""
        place = self.folder / "started"
        return place.read_text(encoding="utf-8").splitlines() if place.exists() else []


def everywhere(original: Any, replacement: Any) -> None:
    """Replace a function wherever rediskit has it: for `revert`, in the process of one command."""
    places = 0
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "rediskit":
            for key in [key for key, value in vars(module).items() if value is original]:
                setattr(module, key, replacement)
                places += 1
    if not places:
        raise RuntimeError(f"{original} is nowhere: it was replaced already")


def broken(ended: Ended, codes: Sequence[int] = (0, 1, 2, 3)) -> Iterator[str]:
    """Yield what no command may do, whatever its input: hang, crash, or end with an internal error."""
    if ended.code is None:
        yield f"no end within {LIMIT:g} s"
    elif ended.code not in codes:
        yield f"exit code {ended.code}: {ended.stderr.strip()[-300:]}"
    if "internal error" in ended.stderr or "Traceback" in ended.stderr:
        yield f"internal error: {ended.stderr.strip()[-300:]}"


def digests(folder: Path, without: Sequence[str] = (".git",)) -> dict[str, str]:
    """Return each path below a folder with its state: kind, permissions, link target, digest. No link is followed, no pipe opened."""
    result: dict[str, str] = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in without]
        for name in [*folders, *files]:
            place = Path(parent, name)
            mode = place.lstat().st_mode
            text = f"{mode:o}"
            if stat.S_ISLNK(mode):
                text += f" -> {place.readlink()}"
            elif stat.S_ISREG(mode) and place.stat().st_size < 1 << 24:
                text += hashlib.sha256(place.read_bytes()).hexdigest()
            result[str(place.relative_to(folder))] = text
    return result


def differences(before: Mapping[str, str], after: Mapping[str, str], allowed: Sequence[str] = ()) -> list[str]:
    """Return the paths that differ, those below `allowed` folders left out."""
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return [path for path in paths if not any(path == place or path.startswith(f"{place}/") for place in allowed)]


def forms_of(password: str) -> list[bytes]:
    """Return the forms in which a password may not be found: as it is, quoted, and in base64."""
    import base64
    import json

    forms = {password, json.dumps(password)[1:-1], base64.b64encode(password.encode()).decode()}
    return [text.encode() for text in forms]


def holds(folder: Path, password: str) -> list[str]:
    """Return the files below a folder that hold a password in one of its forms."""
    forms = forms_of(password)
    leaks = []
    for place in sorted(folder.rglob("*")):
        if place.is_file() and not place.is_symlink():
            content = place.read_bytes()
            if any(form in content for form in forms):
                leaks.append(str(place.relative_to(folder)))
    return leaks
