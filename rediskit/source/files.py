"""Opening the config and the files it names. Nothing else in rediskit reads input."""

from __future__ import annotations

import os
from pathlib import Path

from rediskit.errors import ConfigError, Location, Problem

MAX_BYTES = 1024 * 1024
"""The largest input file, in bytes."""


def read_file(path: Path, shown: str) -> bytes:
    """The content of a regular file. Raises ConfigError that names it as `shown` when it is missing, unreadable or too large."""
    try:
        if not path.is_file():
            what = "is a folder, not a file" if path.is_dir() else "there is no such file" if not path.exists() else "is not a regular file"
            raise ConfigError(Problem(f"{shown}: {what}", "check the path; it counts from where you stand"))
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(Problem(f"{shown}: {error.strerror or error}", "check the path and its permissions")) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(
            Problem(
                "the file is larger than 1 MiB", "a config names one environment; split it into several files", (), Location(shown, 1, 1)
            )
        )
    return content


def work_tree(folder: Path) -> Path | None:
    """The Git work tree that holds a folder: the nearest parent with `.git` in it; None outside of Git."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return None


class Neighbours:
    """The files that one config may name: relative to it, and inside its Git work tree (without Git: inside its folder)."""

    def __init__(self, config: str) -> None:
        self.folder = os.path.dirname(config)
        self._real = Path(os.path.realpath(config)).parent
        self._bounds = work_tree(self._real) or self._real

    def read(self, name: str) -> tuple[bytes, str]:
        """Content of the file and how it is shown. Raises ConfigError without a location: the caller knows where it was named."""
        if os.path.isabs(name) or name.startswith("~"):
            raise ConfigError(
                Problem(
                    f"{name} is an absolute path", "write it relative to the config file: the repository lies elsewhere on other machines"
                )
            )
        real = Path(os.path.realpath(self._real / name))
        if not real.is_relative_to(self._bounds):
            raise ConfigError(Problem(f"{name} lies outside the Git work tree of the config", "copy the file into the repository"))
        shown = os.path.normpath(os.path.join(self.folder, name))
        if not real.exists():
            raise ConfigError(Problem(f"{name}: there is no such file", f"looked for {shown}"))
        return read_file(real, shown), shown
