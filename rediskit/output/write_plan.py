"""What stands on disk, held against a tree: decided before anything is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from rediskit.errors import Problem
from rediskit.files import read_expected
from rediskit.output import index as indexes
from rediskit.output.paths import STAGE, folders, same_place, shown

Kind = Literal["file", "folder", "unknown folder", "link", "other"]
"""An unknown folder holds something, and nothing of ours: it is not looked into."""


@dataclass(slots=True)
class WritePlan:
    """What a write of `files` would do in one folder; paths are relative to it and have forward slashes.

    digests: those of `files`; final: the index of them.
    index_content: the index on disk, None where there is none; owned: what it says.
    old: what the files hold that would be changed or removed. edited: those among them that somebody edited by hand.
    in_place_of_files: folders that stand where a file belongs, with nothing but folders in them once the files of ours are gone.
    outlived: other folders of ours that the tree does not need, the deepest first; they may hold something foreign.
    foreign: what is not ours (a folder with a slash at its end). leftovers: what a killed write had prepared, as whole paths.
    in_the_way: why this write is impossible. damaged: the index can't be read, so that nobody knows what was edited.
    """

    folder: str
    files: Mapping[str, bytes]
    digests: Mapping[str, str]
    final: bytes
    exists: bool = True
    index_content: bytes | None = None
    owned: indexes.Owned = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    in_place_of_files: list[str] = field(default_factory=list)
    outlived: list[str] = field(default_factory=list)
    old: dict[str, bytes] = field(default_factory=dict)
    in_the_way: list[Problem] = field(default_factory=list)
    damaged: Problem | None = None

    @property
    def interrupted(self) -> bool:
        """A write did not come to its end (or two branches were merged): something prepared is there, or a path has two digests."""
        return bool(self.leftovers) or any(len(digests) > 1 for digests in self.owned.values())

    @property
    def stale_index(self) -> bool:
        """The index on disk is not that of the tree."""
        return self.index_content != self.final

    def block(self, path: str, what: str, hint: str) -> None:
        """Notes why the write is impossible."""
        self.in_the_way.append(Problem(f"{self.folder}/{shown(path)} {what}", hint))


def sibling_stage(folder: str) -> str:
    """Where a tree that is not there yet is prepared: beside its place, so that a rename puts it there whole."""
    parent, _, name = folder.rpartition("/")
    return f"{parent}/.{name}{STAGE}"


def plan_write(folder: str, files: Mapping[str, bytes]) -> WritePlan:
    """Compares `files`, whose paths have been checked, with what is in `folder`. Raises OSError."""
    digests = indexes.digests(files)
    made = WritePlan(folder, files, digests, indexes.of(digests))
    if os.path.lexists(sibling_stage(folder)):
        made.leftovers.append(sibling_stage(folder))
    try:
        mode = os.lstat(folder).st_mode
    except FileNotFoundError:
        made.exists = False
        made.created = list(files)
        return made
    if not stat.S_ISDIR(mode):
        made.in_the_way.append(Problem(f"{folder} is a link or a file, and the folder of a tree belongs there", "move it away"))
        made.created = list(files)
        return made
    _read_index(made)
    needed = folders(files)
    known = needed if made.owned.keys() == files.keys() else needed | folders(made.owned)
    found = _scan(folder, known)
    _reserved(made, found)
    made.outlived = sorted((path for path in known - needed if found.get(path) == "folder"), reverse=True)
    absent = [path for path in files if not _present(made, path, found)]
    _others(made, files, found)
    _absent(made, absent, found)
    return made


def _read_index(made: WritePlan) -> None:
    path = f"{made.folder}/{indexes.NAME}"
    try:
        made.index_content = read_expected(path, len(made.final))
    except OSError:
        if os.path.isfile(path) and not os.path.islink(path):
            raise
        return  # It is not there, or what is there is no file: `_reserved` says so.
    if made.index_content == made.final:
        made.owned = {known: frozenset((value,)) for known, value in made.digests.items()}
        return
    index = indexes.read(made.index_content)
    made.owned = index.owned
    if index.broken:
        hint = "take it back from Git, or use --force: files of the tree are then written anew, and others are left alone as foreign"
        made.damaged = Problem(f"{path}:{index.broken}: this is not the index that rediskit wrote", hint)


def _reserved(made: WritePlan, found: dict[str, Kind]) -> None:
    """Takes the names that rediskit keeps for itself out of what was found."""
    if found.pop(indexes.NAME, "file") != "file":
        made.block(indexes.NAME, "is not a file, and the index belongs there", "move it away")
    if found.pop(STAGE, None):
        made.leftovers.append(f"{made.folder}/{STAGE}")


def _present(made: WritePlan, path: str, found: Mapping[str, Kind]) -> bool:
    """Sorts in a path of the tree that is a file or a link on disk; False for any other."""
    kind = found.get(path)
    if kind == "file":
        content = made.files[path]
        ours = path in made.owned or made.damaged is not None
        now = read_expected(f"{made.folder}/{path}", len(content), rest=ours)
        if now == content:
            made.unchanged.append(path)
            return True
        made.changed.append(path)
        if ours:
            _ours(made, path, now)
        else:
            made.block(path, "is not one of our files, and one belongs there", "move it away, or take the index back from Git")
    elif kind in ("link", "other"):
        made.changed.append(path)
        made.block(path, "is a link or a device, and one of our files belongs there", "move it away")
    return kind not in (None, "folder", "unknown folder")


def _others(made: WritePlan, files: Mapping[str, bytes], found: Mapping[str, Kind]) -> None:
    """Sorts in what the tree does not have: ours to remove, or foreign."""
    for path, kind in found.items():
        if kind == "folder" or path in files:
            continue
        if kind == "file" and path in made.owned:
            made.removed.append(path)
            _ours(made, path, read_expected(f"{made.folder}/{path}", 0))
        else:
            made.foreign.append(f"{path}/" if kind == "unknown folder" else path)


def _ours(made: WritePlan, path: str, now: bytes) -> None:
    """A file with conflict markers is nobody's edit when both its sides are ours: the index of the merge knows them."""
    made.old[path] = now
    known = made.owned.get(path, frozenset())
    if indexes.digest(now) not in known and not {indexes.digest(side) for side in indexes.sides(now) or (now,)} <= known:
        made.edited.append(path)


def _absent(made: WritePlan, absent: Collection[str], found: Mapping[str, Kind]) -> None:
    """Sorts in the paths where no file stands. Only empty folders and our own files, about to be removed, make room."""
    made.created += absent
    if not absent:
        return
    going = set(made.removed)
    for folder in sorted(folders(absent)):
        if found.get(folder) in ("file", "link", "other") and folder not in going:
            made.block(folder, "is not a folder, and one belongs there", "move it away")
    for path in absent:
        if (kind := found.get(path)) not in ("folder", "unknown folder"):
            continue
        inside = {other: kind for other, kind in found.items() if other.startswith(f"{path}/") and other not in going}
        if kind == "unknown folder" or set(inside.values()) - {"folder"}:
            made.block(path, "is a folder with files that are not ours, and one of our files belongs there", "move it away")
        made.in_place_of_files.append(path)
        made.outlived = [other for other in made.outlived if other != path and other not in inside]
    _other_case(made, absent, found)


def _other_case(made: WritePlan, absent: Collection[str], found: Mapping[str, Kind]) -> None:
    """Where case does not count, a path that was not found may lead to something foreign, or into it."""
    foreign = {same_place(path.rstrip("/")) for path in made.foreign}
    for path in sorted({*absent, *folders(absent)} - found.keys()) if foreign else ():
        if same_place(path) in foreign and os.path.lexists(f"{made.folder}/{path}"):
            made.block(path, "is there under a name that differs in case only, and is not ours", "move it away")


def _scan(folder: str, known: Collection[str]) -> dict[str, Kind]:
    """Everything in a folder, and in the `known` folders below it. Links are not followed."""
    found: dict[str, Kind] = {}
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(folder + below) as entries:
            for entry in entries:
                path = f"{below}/{entry.name}"
                found[path[1:]] = kind = _kind(entry, path[1:] in known)
                if kind == "folder" and path[1:] in known:
                    waiting.append(path)
    return found


def _kind(entry: os.DirEntry[str], known: bool) -> Kind:
    if entry.is_file(follow_symlinks=False):
        return "file"
    if entry.is_symlink():
        return "link"
    if not entry.is_dir(follow_symlinks=False):
        return "other"
    if known:
        return "folder"
    try:
        with os.scandir(entry.path) as inside:
            return "unknown folder" if any(inside) else "folder"
    except PermissionError:
        return "unknown folder"
