"""What a killed run leaves on disk: folders of files that were not yet in their place.

Each belongs to the writer that holds the lock of the folder around it, so that the next writer can remove it. It ignores itself in Git.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from rediskit.errors import RefusedError
from rediskit.git.discovery import work_tree
from rediskit.output import index
from rediskit.output.atomic import remove
from rediskit.output.lock import exclusive_lock
from rediskit.output.paths import STAGE
from rediskit.output.transaction import refused


def input_leftovers(folders: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield what is left of killed runs that wrote inputs: the folder whose lock counts, and the leftover.

    Args:
        folders: where inputs are. A run that writes several of them uses a folder above all of them.
    """
    for place in sorted({above for folder in folders for above in _up_to_the_top(Path(os.path.realpath(folder)))}):
        if os.path.lexists(place / STAGE):
            yield str(place), str(place / STAGE)


def tree_leftovers(root: str) -> Iterator[tuple[str, str]]:
    """Yield what is left of killed runs that wrote rendered manifests below `root`, whatever their names."""
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return  # Nothing is there, or the folder may not be read: whoever reads the files of the tree reports that.
    for name in names:
        if name.startswith(".") and name.endswith(STAGE) and name != STAGE:
            yield root, f"{root}/{name}"
        elif os.path.lexists(f"{root}/{name}/{STAGE}") and os.path.isfile(f"{root}/{name}/{index.NAME}"):
            yield root, f"{root}/{name}/{STAGE}"


def remove_leftovers(found: Iterable[tuple[str, str]]) -> None:
    """Remove leftovers. What belongs to a writer that is at work stays.

    Raises:
        RefusedError: the disk refuses.
    """
    for folder, leftover in found:
        try:
            with exclusive_lock(folder):
                if os.path.lexists(leftover):
                    remove(leftover)
        except RefusedError:
            continue  # Another writer holds the lock: it is its own, or that writer removes it.
        except OSError as error:
            raise refused(folder, error) from error


def abandoned(found: Iterable[tuple[str, str]]) -> list[str]:
    """Return the leftovers that belong to no writer that is at work."""
    left = []
    for folder, leftover in found:
        try:
            with exclusive_lock(folder):
                left.append(leftover)
        except RefusedError:
            continue
        except OSError:
            left.append(leftover)
    return left


def _up_to_the_top(folder: Path) -> list[Path]:
    """Return a folder and those above it in its Git work tree; outside of Git the folder alone."""
    top = work_tree(folder)
    return [above for above in (folder, *folder.parents) if above.is_relative_to(top)] if top else [folder]
