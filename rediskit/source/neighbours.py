"""Find and read the files that a config references."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from rediskit.errors import ConfigError, Problem
from rediskit.files import read_file
from rediskit.git.discovery import work_tree
from rediskit.model.environment import Environment


def input_folders(environments: Iterable[Environment]) -> Iterator[Path]:
    """Yield the folders of the files that commands write for environments: configs, files of clients, encrypted Secrets."""
    for environment in environments:
        folder = Path(environment.file).parent
        yield folder
        yield (folder / environment.secrets_directory).parent
        places = (environment.locate(("clients", index, "name")) for index in range(len(environment.clients)))
        yield from {Path(place.file).parent for place in places if place}


class Neighbours:
    """The files that a file can reference: inside the Git work tree of the config, or without Git inside its folder."""

    def __init__(self, file: str, config: str | None = None, instead: Mapping[str, bytes] | None = None) -> None:
        """Find the work tree of a file with references: the config, or the file of a client of `config`."""
        self._instead = instead or {}
        self.folder = Path(file).parent
        self._real = Path(os.path.realpath(file)).parent
        self._home = Path(os.path.realpath(config or file)).parent
        self._top = work_tree(self._home)

    def read(self, name: str) -> tuple[bytes, str]:
        """Return the content of a file and its name for messages. Raises ConfigError without a location."""
        real = self.find(name)
        shown = os.path.normpath(self.folder / name)
        if os.path.realpath(shown) != str(real):  # A part of the path is a link.
            shown = str(real)
        if str(real) in self._instead:
            return self._instead[str(real)], shown
        return read_file(real, shown, "check the path: it is relative to this file"), shown

    def find(self, name: str) -> Path:
        """Return the real path of a referenced file or folder, which need not exist. Raises ConfigError without a location."""
        if not name.isprintable():
            raise ConfigError(Problem("the path contains an unprintable character", "remove the character", code="file-outside"))
        if Path(name).is_absolute() or name.startswith("~"):
            raise ConfigError(Problem(f"{name} is an absolute path", "write a path relative to this file", code="file-outside"))
        real = Path(os.path.realpath(self._real / name))
        if not real.is_relative_to(self._top or self._home):
            area = "the Git work tree" if self._top else "the folder"
            hint = f"move the file into {area}: a config references only files there"
            raise ConfigError(Problem(f"{name} is outside {area} of the config", hint, code="file-outside"))
        return real
