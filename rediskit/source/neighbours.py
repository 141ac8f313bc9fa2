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
        self._real = os.path.dirname(os.path.realpath(file))
        self._home = os.path.dirname(os.path.realpath(config)) if config else self._real
        self._top = work_tree(Path(self._home))
        self._folders: dict[str, str] = {}
        """The real path of each folder with a referenced file: resolving one asks the disk for each of its parts."""

    def read(self, name: str, within: str = "") -> tuple[bytes, str]:
        """Return the content of a file and its name for messages. Raises ConfigError without a location.

        within: The real path of a folder that a link must not leave.
        """
        real = self.find(name)
        if within and not real.startswith(f"{within}{os.sep}"):
            raise ConfigError(Problem(f"{name} is a link out of its folder", "replace the link by the file", code="file-outside"))
        shown = os.path.normpath(self.folder / name)
        # Most paths have no link, and resolving one asks the disk for each of its parts.
        if os.path.abspath(shown) != real and os.path.realpath(shown) != real:
            shown = real
        if real in self._instead:
            return self._instead[real], shown
        return read_file(Path(real), shown, "check the path: it is relative to this file"), shown

    def find(self, name: str) -> str:
        """Return the real path of a referenced file or folder, which need not exist. Raises ConfigError without a location."""
        if not name.isprintable():
            raise ConfigError(Problem("the path contains an unprintable character", "remove the character", code="file-outside"))
        if os.path.isabs(name) or name.startswith("~"):
            raise ConfigError(Problem(f"{name} is an absolute path", "write a path relative to this file", code="file-outside"))
        real = self._resolved(os.path.join(self._real, name))
        top = str(self._top or self._home)
        if real != top and not real.startswith(os.path.join(top, "")):
            area = "the Git work tree" if self._top else "the folder"
            hint = f"move the file into {area}: a config references only files there"
            raise ConfigError(Problem(f"{name} is outside {area} of the config", hint, code="file-outside"))
        return real

    def _resolved(self, path: str) -> str:
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        resolved = os.path.join(self._folders[folder], name)
        return os.path.realpath(path) if name in ("", ".", "..") or os.path.islink(resolved) else resolved
