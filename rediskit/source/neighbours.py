"""Find and read the files that a config references."""

import os
from collections.abc import Iterable, Iterator, Mapping

from rediskit.errors import ConfigError, Problem
from rediskit.files import read_file
from rediskit.git.discovery import work_tree
from rediskit.model.environment import Environment


def input_folders(environments: Iterable[Environment]) -> Iterator[str]:
    """Yield the folders of the files that commands write for environments: configs, files of clients, encrypted Secrets."""
    for environment in environments:
        folder = os.path.dirname(environment.file)
        yield folder
        yield os.path.dirname(os.path.normpath(os.path.join(folder, environment.secrets_directory)))
        yield from map(os.path.dirname, environment.files[1:])


class Neighbours:
    """The files that a file can reference: inside the Git work tree of the config, or without Git inside its folder."""

    def __init__(self, file: str, config: str | None = None, instead: Mapping[str, bytes] | None = None) -> None:
        """Find the work tree of a file with references: the config, or the file of a client of `config`."""
        self._instead = instead or {}
        self._folder = os.path.dirname(file)
        self._real = os.path.dirname(os.path.realpath(file))
        self._without_link = os.path.abspath(self._folder) == self._real
        home = os.path.dirname(os.path.realpath(config)) if config else self._real
        top = work_tree(home)
        self._area, self._top = "the Git work tree" if top else "the folder", top or home
        self._folders = {self._real: self._real}
        """The real path of each folder with a referenced file: resolving one asks the disk for each of its parts."""

    def shown(self, name: str) -> str:
        """Return the name of a referenced file for messages, relative to the current folder."""
        return os.path.normpath(os.path.join(self._folder, name))

    def read(self, name: str, within: str = "") -> tuple[bytes, str]:
        """Return the content of a file and its name for messages. Raises ConfigError without a location.

        within: The real path of a folder that a link must not leave.
        """
        real = self.find(name)
        if within and not real.startswith(f"{within}{os.sep}"):
            raise ConfigError(Problem(f"{name} is a link out of its folder", "replace the link by the file", code="file-outside"))
        shown = self.shown(name)
        # Most paths have no link, and resolving one asks the disk for each of its parts.
        has_no_link = self._without_link and os.path.normpath(os.path.join(self._real, name)) == real
        if not has_no_link and os.path.realpath(shown) != real:
            shown = real
        if real in self._instead:
            return self._instead[real], shown
        return read_file(real, shown, "check the path: it is relative to this file"), shown

    def find(self, name: str) -> str:
        """Return the real path of a referenced file or folder, which need not exist. Raises ConfigError without a location."""
        if not name.isprintable():
            raise ConfigError(Problem("the path contains an unprintable character", "remove the character", code="file-outside"))
        if os.path.isabs(name) or name.startswith("~"):
            raise ConfigError(Problem(f"{name} is an absolute path", "write a path relative to this file", code="file-outside"))
        real = self._resolved(os.path.join(self._real, name))
        if real != self._top and not real.startswith(os.path.join(self._top, "")):
            hint = f"move the file into {self._area}: a config references only files there"
            raise ConfigError(Problem(f"{name} is outside {self._area} of the config", hint, code="file-outside"))
        return real

    def _resolved(self, path: str) -> str:
        folder, name = os.path.split(path)
        if folder not in self._folders:
            is_below = os.path.dirname(folder) in self._folders
            self._folders[folder] = self._resolved(folder) if is_below else os.path.realpath(folder)
        resolved = os.path.join(self._folders[folder], name)
        return os.path.realpath(path) if name in ("", ".", "..") or os.path.islink(resolved) else resolved
