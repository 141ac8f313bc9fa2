"""Resolve and read the files that a config names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rediskit.errors import ConfigError, Problem
from rediskit.files import read_file
from rediskit.git.discovery import work_tree
from rediskit.model.environment import Environment


def input_folders(environments: Iterable[Environment]) -> Iterator[Path]:
    """Yield the folders of the files that verbs write for environments: the config, the files of clients, the encrypted Secrets."""
    for environment in environments:
        folder = Path(environment.file).parent
        yield folder
        yield (folder / environment.secrets_directory).parent
        places = (environment.locate(("clients", index, "name")) for index in range(len(environment.clients)))
        yield from {Path(place.file).parent for place in places if place}


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
