"""Opening the config and the files it names. Nothing else in rediskit reads input."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from rediskit.errors import ConfigError, Problem

MAX_BYTES = 1024 * 1024
"""The largest input file, in bytes."""


def read_file(path: Path, shown: str, hint: str = "check the path: it counts from the current folder") -> bytes:
    """The content of a regular file of at most 1 MiB.

    Raises ConfigError that names it as `shown` when it is missing, no file, unreadable or too large; hint: where to look for it.
    """
    try:
        if not path.is_file():
            what = f"{shown} is {'a folder' if path.is_dir() else 'not a regular file'}" if path.exists() else f"there is no file {shown}"
            raise ConfigError(Problem(what, hint))
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            Problem(f"{shown}: {(error.strerror or str(error)).lower()}", "check the name of the file and its permissions")
        ) from error
    if len(content) > MAX_BYTES:
        raise ConfigError(Problem(f"{shown} is larger than 1 MiB", "no config or manifest needs so much: is it the right file?"))
    return content


def work_tree(folder: Path) -> Path | None:
    """The Git work tree that holds a folder: the nearest parent with `.git` in it; None outside of Git."""
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            return parent
    return None


class Neighbours:
    """The files that one file may name: relative to it, and inside the Git work tree of the config (without Git: inside its folder)."""

    def __init__(self, file: str, config: str | None = None, instead: Mapping[str, bytes] | None = None) -> None:
        """file: where the names stand: the config itself, or the file of a client of this config. instead: as in `loader.load`."""
        self._instead = instead or {}
        self.folder = Path(file).parent
        self._real = Path(os.path.realpath(file)).parent
        self._home = Path(os.path.realpath(config or file)).parent
        self._top = work_tree(self._home)

    def read(self, name: str) -> tuple[bytes, str]:
        """Content of the file and how it is shown. Raises ConfigError without a location: the caller knows where it was named."""
        real = self.find(name)
        shown = os.path.normpath(self.folder / name)
        if os.path.realpath(shown) != str(real):  # a link on the way, in the name of the config or in the path it names
            shown = str(real)
        if str(real) in self._instead:
            return self._instead[str(real)], shown
        return read_file(real, shown, "check the path: it counts from the folder of this file"), shown

    def find(self, name: str) -> Path:
        """Where a file or folder lies that the config names, links resolved; it need not exist. Raises ConfigError without a location."""
        if not name.isprintable():
            raise ConfigError(Problem("the path has an invisible character in it", "write it anew, in one line"))
        if Path(name).is_absolute() or name.startswith("~"):
            hint = "write it relative to this file: the repository lies elsewhere on other machines"
            raise ConfigError(Problem(f"{name} is an absolute path", hint))
        real = Path(os.path.realpath(self._real / name))
        if not real.is_relative_to(self._top or self._home):
            where = "the Git work tree" if self._top else "the folder"
            raise ConfigError(
                Problem(
                    f"{name} lies outside {where} of the config", "all that a config names lies in one repository: choose a path inside"
                )
            )
        return real
