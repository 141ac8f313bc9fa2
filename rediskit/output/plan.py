"""What stands on disk, held against a tree: decided before anything is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rediskit.errors import Problem, RefusedError
from rediskit.output import index as indexes

TEMPORARY = ".rediskit-tmp"
"""The end of the name of what a write has not put into place yet. What a killed write leaves under such a name is ours to remove."""


@dataclass
class Plan:
    """What a write would do in one folder; all paths are relative to it and have forward slashes."""

    folder: str
    exists: bool
    index: indexes.Index
    index_content: bytes | None
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    temporary: list[str] = field(default_factory=list)
    in_the_way: list[Problem] = field(default_factory=list)


def plan(folder: str, files: Mapping[str, bytes]) -> Plan:
    """Compares `files` with what is in `folder`. Raises RefusedError for paths that no tree may have, and OSError."""
    check_paths(files)
    if os.path.lexists(folder) and (os.path.islink(folder) or not os.path.isdir(folder)):
        raise RefusedError(Problem(f"{folder} is not a folder of its own", "a link or a file stands there: move it away"))
    if not os.path.isdir(folder):
        return Plan(folder, False, {}, None, created=sorted(files))
    content = _read(f"{folder}/{indexes.NAME}") if os.path.isfile(f"{folder}/{indexes.NAME}") else None
    made = Plan(folder, True, indexes.read(content or b""), content)
    on_disk = _entries(folder, "")
    found = dict(on_disk)
    for path in sorted(files):
        _plan_file(made, path, files[path], found)
    for path, kind in found.items():
        if path in files or path == indexes.NAME:
            continue
        if path.endswith(TEMPORARY):
            made.temporary.append(path)
        elif path in made.index and kind == "file":
            made.removed.append(path)
            if indexes.digest(_read(f"{folder}/{path}")) not in made.index[path]:
                made.edited.append(path)
        elif kind != "folder":
            made.foreign.append(path)
    _folders_in_the_way(made, files, found)
    return made


def _plan_file(made: Plan, path: str, content: bytes, found: Mapping[str, str]) -> None:
    kind = found.get(path)
    if kind is None:
        made.created.append(path)
    elif kind == "file":
        now = _read(f"{made.folder}/{path}")
        if now == content:
            made.unchanged.append(path)
        elif path not in made.index:
            made.in_the_way.append(
                Problem(f"{made.folder}/{path} is not one of our files, but stands where one belongs", "move it away, or take the index back from Git")
            )
        else:
            made.changed.append(path)
            if indexes.digest(now) not in made.index[path]:
                made.edited.append(path)
    elif kind == "link":
        made.in_the_way.append(Problem(f"{made.folder}/{path} is a link, and one of our files belongs there", "remove the link"))
    else:
        made.created.append(path)


def _folders_in_the_way(made: Plan, files: Mapping[str, bytes], found: Mapping[str, str]) -> None:
    """A folder where a file belongs, and the reverse: only our own files, about to be removed, make room."""
    going = set(made.removed)
    for path in made.created:
        if found.get(path) == "folder":
            inside = [other for other, kind in found.items() if other.startswith(f"{path}/") and kind != "folder" and other not in going]
            if inside:
                made.in_the_way.append(Problem(f"{made.folder}/{path} is a folder, and one of our files belongs there", f"it holds {inside[0]}"))
        parent = path.rpartition("/")[0]
        while parent:
            kind = found.get(parent)
            if kind in ("file", "link", "other") and parent not in going:
                made.in_the_way.append(Problem(f"{made.folder}/{parent} is no folder, and one belongs there", "move it away"))
                break
            parent = parent.rpartition("/")[0]


def _entries(folder: str, below: str) -> Iterator[tuple[str, str]]:
    """Everything in a folder: path and kind (file, folder, link, other). Links are not followed."""
    with os.scandir(f"{folder}/{below}" if below else folder) as entries:
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.is_symlink():
                yield path, "link"
            elif entry.is_dir(follow_symlinks=False):
                yield path, "folder"
                yield from _entries(folder, path)
            else:
                yield path, "file" if stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode) else "other"


def check_paths(files: Mapping[str, bytes]) -> None:
    """Refuses paths that leave the folder, that are the index's own, or that a file system without case would take for one."""
    seen: dict[str, str] = {}
    for path in files:
        parts = path.split("/")
        if not all(parts) or {".", ".."} & set(parts) or "\\" in path or "\0" in path or path == indexes.NAME or path.endswith(TEMPORARY):
            raise RefusedError(Problem(f"{path!r} is not a path that a tree may have", "relative, with forward slashes, without . and .."))
        for end in range(1, len(parts) + 1):
            prefix = "/".join(parts[:end])
            other = seen.setdefault(prefix.casefold(), prefix)
            if other != prefix:
                raise RefusedError(Problem(f"{prefix} and {other} differ in case only", "some file systems take them for one: give one another name"))
        if any("/".join(parts[:end]) in files for end in range(1, len(parts))):
            raise RefusedError(Problem(f"{path} lies below another file of the tree", "a path is a file or a folder, not both"))


def _read(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        chunks = []
        while chunk := os.read(handle, 1 << 20):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(handle)
