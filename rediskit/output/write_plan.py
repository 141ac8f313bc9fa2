"""Compare an output directory with the files to write, and plan the write, before anything is written."""

import os
import stat
from collections.abc import Collection, Mapping
from typing import Literal

from rediskit.errors import Problem, visible
from rediskit.files import read_expected
from rediskit.output import index as indexes
from rediskit.output.paths import STAGE, folders, same_place

Entry = Literal["file", "folder", "unknown folder", "link", "other"]
"""What a path is on disk. An unknown folder is not empty and contains no file of rediskit: its content is not read."""


class WritePlan:
    """The changes that a write of `files` makes in one folder. Paths are relative to it, with forward slashes.

    Attributes:
        final: The index of `files`.
        index_content: The index on disk; None where there is none.
        owned: The entries of the index on disk.
        removed: Files that rediskit wrote and `files` does not contain.
        edited: The changed and removed files that a person edited.
        foreign: Files that rediskit did not write; a folder of them ends in a slash.
        leftovers: Whole paths of the stages that a killed run left.
        replaced_folders: Folders at the path of a file, without other content than folders and removed files.
        obsolete_folders: Other folders of rediskit that `files` does not need, the deepest first; foreign files may be in them.
        old: The content of the changed and removed files.
        blocked: Why the write is impossible.
        damaged: The problem of an index that is not valid: edited files are then unknown.
    """

    def __init__(self, folder: str, files: Mapping[str, bytes], digests: Mapping[str, str], final: bytes) -> None:
        self.folder, self.files, self.digests, self.final = folder, files, digests, final
        self.exists = True
        self.index_content: bytes | None = None
        self.owned: indexes.Owned = {}
        self.created: list[str] = []
        self.changed: list[str] = []
        self.removed: list[str] = []
        self.unchanged: list[str] = []
        self.edited: list[str] = []
        self.foreign: list[str] = []
        self.leftovers: list[str] = []
        self.replaced_folders: list[str] = []
        self.obsolete_folders: list[str] = []
        self.old: dict[str, bytes] = {}
        self.blocked: list[Problem] = []
        self.damaged: Problem | None = None

    @property
    def interrupted(self) -> bool:
        """Whether a write did not finish, or two branches were merged: a stage exists, or a path has two digests."""
        return bool(self.leftovers) or any(len(digests) > 1 for digests in self.owned.values())

    @property
    def stale_index(self) -> bool:
        """Whether the index on disk differs from the index of `files`."""
        return self.index_content != self.final

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The reasons why a write is refused, apart from edited files."""
        return (*((self.damaged,) if self.damaged else ()), *self.blocked)

    def block(self, path: str, reason: str, hint: str) -> None:
        """Add a reason why the write is impossible."""
        self.blocked.append(Problem(f"{self.folder}/{visible(path)} {reason}", hint))


def sibling_stage(folder: str) -> str:
    """Return the stage of a new output directory: beside it, so that one rename creates the whole directory."""
    parent, _, name = folder.rpartition("/")
    return f"{parent}/.{name}{STAGE}"


def plan_write(folder: str, files: Mapping[str, bytes]) -> WritePlan:
    """Compare `files`, whose paths are valid, with the content of `folder`. Raises OSError."""
    digests = indexes.digests(files)
    plan = WritePlan(folder, files, digests, indexes.of(digests))
    if os.path.lexists(sibling_stage(folder)):
        plan.leftovers.append(sibling_stage(folder))
    try:
        mode = os.lstat(folder).st_mode
    except FileNotFoundError:
        plan.exists = False
        plan.created = list(files)
        return plan
    if not stat.S_ISDIR(mode):
        plan.blocked.append(Problem(f"{folder} is not a folder", "move it: rediskit writes the rendered manifests to this path"))
        plan.created = list(files)
        return plan
    _read_index(plan)
    needed = folders(files)
    scanned = needed if plan.owned.keys() == files.keys() else needed | folders(plan.owned)
    entries = _scan(folder, scanned)
    _add_reserved(plan, entries)
    plan.obsolete_folders = sorted((path for path in scanned - needed if entries.get(path) == "folder"), reverse=True)
    absent = [path for path in files if not _add_present(plan, path, entries.get(path))]
    _add_others(plan, entries)
    _add_absent(plan, absent, entries)
    return plan


def _read_index(plan: WritePlan) -> None:
    path = f"{plan.folder}/{indexes.NAME}"
    try:
        plan.index_content = read_expected(path, len(plan.final))
    except OSError:
        if os.path.isfile(path) and not os.path.islink(path):
            raise
        return  # It is missing, or is not a regular file, which `_add_reserved` reports.
    if plan.index_content == plan.final:
        plan.owned = {name: frozenset((value,)) for name, value in plan.digests.items()}
        return
    index = indexes.read(plan.index_content)
    plan.owned = index.owned
    if index.broken:
        hint = "restore the file from Git, or use --force: it writes every rendered file again and leaves the others unchanged"
        plan.damaged = Problem(f"{path}:{index.broken}: this line is not valid in the index of rediskit", hint)


def _add_reserved(plan: WritePlan, entries: dict[str, Entry]) -> None:
    """Remove the names that rediskit reserves from the entries."""
    if entries.pop(indexes.NAME, "file") != "file":
        plan.block(indexes.NAME, "is not a regular file", "move it: rediskit writes its index to this path")
    if entries.pop(STAGE, None):
        plan.leftovers.append(f"{plan.folder}/{STAGE}")


def _add_present(plan: WritePlan, path: str, entry: Entry | None) -> bool:
    """Add a path of `files` that is not a folder on disk. Returns False for any other path."""
    if entry == "file":
        content = plan.files[path]
        owned = path in plan.owned or plan.damaged is not None
        current = read_expected(f"{plan.folder}/{path}", len(content), rest=owned)
        if current == content:
            plan.unchanged.append(path)
            return True
        plan.changed.append(path)
        if owned:
            _add_old(plan, path, current)
        else:
            plan.block(path, "exists and was not written by rediskit", "move it, or restore the index from Git")
    elif entry in ("link", "other"):
        plan.changed.append(path)
        plan.block(path, "is not a regular file", "move it: rediskit writes a file to this path")
    return entry not in (None, "folder", "unknown folder")


def _add_others(plan: WritePlan, entries: Mapping[str, Entry]) -> None:
    """Add the paths that `files` does not contain: removed ones and foreign ones."""
    for path, entry in entries.items():
        if entry == "folder" or path in plan.files:
            continue
        if entry == "file" and path in plan.owned:
            plan.removed.append(path)
            _add_old(plan, path, read_expected(f"{plan.folder}/{path}", 0))
        else:
            plan.foreign.append(f"{path}/" if entry == "unknown folder" else path)


def _add_old(plan: WritePlan, path: str, current: bytes) -> None:
    """Add the old content of a file. A file with conflict markers is not edited when the merged index contains both of its sides."""
    plan.old[path] = current
    owned = plan.owned.get(path, frozenset())
    if indexes.digest(current) not in owned and not {indexes.digest(side) for side in indexes.sides(current) or (current,)} <= owned:
        plan.edited.append(path)


def _add_absent(plan: WritePlan, absent: Collection[str], entries: Mapping[str, Entry]) -> None:
    """Add the paths without a file on disk. Only empty folders and removed files may be at their place."""
    plan.created += absent
    if not absent:
        return
    removed = set(plan.removed)
    for folder in sorted(folders(absent)):
        if entries.get(folder) in ("file", "link", "other") and folder not in removed:
            plan.block(folder, "is not a folder", "move it: rediskit creates a folder at this path")
    for path in absent:
        if (entry := entries.get(path)) not in ("folder", "unknown folder"):
            continue
        inside = {other: entry for other, entry in entries.items() if other.startswith(f"{path}/") and other not in removed}
        if entry == "unknown folder" or set(inside.values()) - {"folder"}:
            plan.block(path, "is a folder with files that rediskit did not write", "move it: rediskit writes a file to this path")
        plan.replaced_folders.append(path)
        plan.obsolete_folders = [other for other in plan.obsolete_folders if other != path and other not in inside]
    _block_other_case(plan, absent, entries)


def _block_other_case(plan: WritePlan, absent: Collection[str], entries: Mapping[str, Entry]) -> None:
    """Block a path that leads to a foreign file on a file system that ignores case."""
    foreign = {same_place(path.rstrip("/")) for path in plan.foreign}
    for path in sorted({*absent, *folders(absent)} - entries.keys()) if foreign else ():
        if same_place(path) in foreign and os.path.lexists(f"{plan.folder}/{path}"):
            plan.block(path, "exists in another case and was not written by rediskit", "move it, or give it another name")


def _scan(folder: str, scanned: Collection[str]) -> dict[str, Entry]:
    """Return all entries of a folder and of the `scanned` folders below it. Links are not followed."""
    entries: dict[str, Entry] = {}
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with os.scandir(folder + below) as listing:
            for item in listing:
                path = f"{below}/{item.name}"
                entries[path[1:]] = entry = _entry(item, path[1:] in scanned)
                if entry == "folder" and path[1:] in scanned:
                    waiting.append(path)
    return entries


def _entry(item: os.DirEntry[str], is_scanned: bool) -> Entry:
    if item.is_file(follow_symlinks=False):
        return "file"
    if item.is_symlink():
        return "link"
    if not item.is_dir(follow_symlinks=False):
        return "other"
    if is_scanned:
        return "folder"
    try:
        with os.scandir(item.path) as inside:
            return "unknown folder" if any(inside) else "folder"
    except PermissionError:
        return "unknown folder"
