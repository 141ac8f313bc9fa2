"""Find and remove the stages that killed runs left.

A stage belongs to the process that holds the lock of its folder. Git ignores it.
"""

import os
from collections.abc import Iterable, Iterator

from rediskit.errors import RefusedError
from rediskit.git.discovery import work_tree
from rediskit.output import index
from rediskit.output.atomic import remove
from rediskit.output.lock import exclusive_lock
from rediskit.output.paths import STAGE
from rediskit.output.transaction import not_writable


def input_leftovers(folders: Iterable[str | os.PathLike[str]]) -> Iterator[tuple[str, str]]:
    """Yield the stages of killed runs that wrote input files: the folder to lock, and the stage.

    A run that writes into several of the folders has its stage in a folder above all of them.
    """
    real = {os.path.realpath(folder) for folder in set(folders)}
    for place in sorted({parent for folder in real for parent in _up_to_the_top(folder)}):
        if os.path.lexists(stage := os.path.join(place, STAGE)):
            yield place, stage


def tree_leftovers(root: str) -> Iterator[tuple[str, str]]:
    """Yield the stages of killed runs that wrote output directories below `root`: the folder to lock, and the stage."""
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return  # The folder is missing, or is not readable, which the reader of the output directory reports.
    for name in names:
        if name.startswith(".") and name.endswith(STAGE) and name != STAGE:
            yield root, f"{root}/{name}"
        elif os.path.lexists(f"{root}/{name}/{STAGE}") and os.path.isfile(f"{root}/{name}/{index.NAME}"):
            yield root, f"{root}/{name}/{STAGE}"


def remove_leftovers(leftovers: Iterable[tuple[str, str]]) -> None:
    """Remove stages whose folder no other process has locked. Raises RefusedError when the file system refuses."""
    for folder, leftover in leftovers:
        try:
            with exclusive_lock(folder):
                if os.path.lexists(leftover):
                    remove(leftover)
        except RefusedError:
            continue  # Another process holds the lock: the stage is its own, or it removes it.
        except OSError as error:
            raise not_writable(folder, error) from error


def abandoned(leftovers: Iterable[tuple[str, str]]) -> list[str]:
    """Return the stages whose folder no other process has locked."""
    stages = []
    for folder, leftover in leftovers:
        try:
            with exclusive_lock(folder):
                stages.append(leftover)
        except RefusedError:
            continue
        except OSError:
            stages.append(leftover)
    return stages


def _up_to_the_top(folder: str) -> list[str]:
    """Return a folder and its parents inside its Git work tree; outside of Git only the folder."""
    folders, top = [folder], work_tree(folder) or folder
    while folders[-1] != top:
        folders.append(os.path.dirname(folders[-1]))
    return folders
