"""Find the Git work tree of a folder without starting git."""

import os
from pathlib import Path


def work_tree(folder: str) -> str | None:
    """Return the Git work tree of a folder, an absolute path: the nearest parent that contains `.git`; None outside Git."""
    # Each environment searches several times, and text takes a fifth of the time of a Path. Unlike Path.exists, `os.path.exists` returns
    # False for a name that is too long or not searchable.
    while not os.path.exists(f"{folder}/.git"):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def work_tree_of(file: str | Path) -> Path | None:
    """Return the Git work tree of a file or of the target of a link; None outside Git."""
    top = work_tree(os.path.dirname(os.path.realpath(file)))
    return Path(top) if top else None
