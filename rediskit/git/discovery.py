"""Find the Git work tree of a folder without starting git."""

import os
from pathlib import Path


def work_tree(folder: Path) -> Path | None:
    """Return the Git work tree of a folder: the nearest parent that contains `.git`; None outside Git."""
    for parent in (folder, *folder.parents):
        if os.path.exists(parent / ".git"):  # noqa: PTH110 - unlike Path.exists, it returns False for a name that is too long or not searchable
            return parent
    return None


def work_tree_of(file: str | Path) -> Path | None:
    """Return the Git work tree of a file or of the target of a link; None outside Git."""
    return work_tree(Path(os.path.realpath(file)).parent)
