"""Trees to write, and the content of folders."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Files:
    """The smallest tree that can be written."""

    name: str = "env"
    files: dict[str, bytes] = field(default_factory=dict)


def tree(**texts: str) -> Files:
    """Return a tree called `env`. Keyword arguments are paths: `a__b` is `a/b.yaml`."""
    return Files("env", {f"{path.replace('__', '/')}.yaml": text.encode() for path, text in texts.items()})


def snapshot(folder: Path) -> dict[str, bytes]:
    """Return everything below a folder: files with their content, links as `-> target`, empty folders with a slash at the end."""
    contents: dict[str, bytes] = {}
    for place, folders, files in os.walk(folder):
        here = Path(place)
        for name in [*folders, *files]:
            path = here / name
            relative = str(path.relative_to(folder))
            if path.is_symlink():
                contents[relative] = f"-> {path.readlink()}".encode()
            elif path.is_file():
                contents[relative] = path.read_bytes()
            elif path.is_dir() and not any(path.iterdir()):
                contents[f"{relative}/"] = b""
    return contents


def put(folder: Path, path: str, content: str) -> Path:
    """Write a file as a person does, with its parent folders."""
    place = folder / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content, encoding="utf-8")
    return place


def old(path: Path) -> int:
    """Set the times of a file back by an hour and return its modification time."""
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 3_600_000_000_000))
    return path.stat().st_mtime_ns
