"""Find the Git work tree of a folder without starting git."""

from __future__ import annotations

import os
from pathlib import Path


def work_tree(folder: Path) -> Path | None:
    """The Git work tree that holds a folder: the nearest parent with `.git` in it; None outside of Git."""
    for parent in (folder, *folder.parents):
        if os.path.exists(parent / ".git"):  # noqa: PTH110 - unlike Path.exists, False for a name that is too long or may not be searched
            return parent
    return None
