"""Load config files into environments. One run reports all problems."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from rediskit import __version__
from rediskit.errors import ConfigError, Path, Problem
from rediskit.files import read_file, reason
from rediskit.model.environment import Environment
from rediskit.model.files import Manifest, TextFile
from rediskit.model.secrets import ENCRYPTED, FETCH_HINT
from rediskit.secrecy import secret_reason
from rediskit.source.conflicts import conflicts, unique_values
from rediskit.source.manifest import read_ciphertext, read_manifest
from rediskit.source.neighbours import Neighbours
from rediskit.source.unencrypted import SUFFIXES, in_file, in_folder
from rediskit.yamlio.places import Places
from rediskit.yamlio.reader import Document, read


def load(path: str | os.PathLike[str], *, instead: Mapping[str, bytes] | None = None) -> Environment:
    """Load a config file and the files that it references. Raises ConfigError with all problems, each with file, line and column.

    `instead` are contents by real path that replace files on disk, to load a change before it is written.
    """
    file = os.fspath(path)
    contents = instead or {}
    text = (contents.get(os.path.realpath(file)) if contents else None) or read_file(file, file)
    return _Loading(file, read(text, file), contents).environment()


def load_all(paths: Iterable[str | os.PathLike[str]]) -> list[Environment]:
    """Load several configs, each once, and refuse conflicts between them. Raises ConfigError with all problems."""
    environments: list[Environment] = []
    configs, problems = distinct(paths)
    for path in configs:
        try:
            environments.append(load(path))
        except ConfigError as error:
            problems += error.problems
    problems += conflicts(value for environment in environments for value in unique_values(environment))
    if problems:
        raise ConfigError(problems)
    return environments


def distinct(paths: Iterable[str | os.PathLike[str]]) -> tuple[list[str | os.PathLike[str]], list[Problem]]:
    """Return each config once, and the problems of the other files in their folders. Raises ConfigError for a folder that can't be read."""
    folders: dict[str, str] = {}
    """The real path of each folder with a config."""
    configs: dict[str, str | os.PathLike[str]] = {}
    """Each config by the path that identifies it. A link with another name is another config, because the name is part of it."""
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        configs[os.path.join(folders[folder], name)] = path
    return list(configs.values()), list(_unencrypted_beside(configs))


def _unencrypted_beside(configs: Mapping[str, str | os.PathLike[str]]) -> Iterator[Problem]:
    """Yield problems of unencrypted Secrets in the folders of the configs, in other files than the configs."""
    folders = {os.path.dirname(path): os.path.dirname(name) for path, name in configs.items()}
    for folder, shown in folders.items():
        for name in _listing(folder, shown or "."):
            file = os.path.join(folder, name)
            if os.path.splitext(name)[1] in SUFFIXES and file not in configs:
                yield from in_file(file, os.path.normpath(os.path.join(shown, name)))


def _names(folder: str | os.PathLike[str]) -> list[str]:
    """Return the names in a folder; none where it is missing. Raises OSError where it can't be read."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _listing(folder: str, shown: str) -> list[str]:
    """Return the names in a folder in order; none where it is missing. Raises ConfigError where it can't be read."""
    try:
        return sorted(_names(folder))
    except OSError as error:
        raise ConfigError(Problem(f"{shown}: {reason(error)}", "check the permissions of the folder", code="file-missing")) from error


class _Loading:
    """One config while it is loaded."""

    def __init__(self, file: str, document: Document, instead: Mapping[str, bytes]) -> None:
        self.file, self.data, self.instead = file, document.data, instead
        self.stem = os.path.splitext(os.path.basename(file))[0]
        self.positions, self.keys = Places(document.positions), Places(document.keys)
        self.neighbours = Neighbours(file, instead=instead)
        self.of_clients: dict[Path, Neighbours] = {}
        """The files that a client's own file references, relative to that file."""
        self.ciphertexts: dict[str, Manifest] = {}
        self.files = [file]
        """The config and the files of its clients, as messages show them."""
        self.inputs: list[str] = []
        """The referenced files, as messages show them."""
        self.problems: list[Problem] = []
        self.broken: list[Path] = []
        """Paths that could not be read. Further errors of the model about them are left out."""

    def environment(self) -> Environment:
        self._version()
        self._stem()
        self._client_files()
        self._manifests()
        self._secrets()
        self._unencrypted()
        try:
            # YAML keys only: the Python names of fields (`save_points`) are not keys of a config.
            environment = Environment.model_validate(self.data, by_alias=True, by_name=False)
        except ValidationError as error:
            from rediskit.source.complaints import problems_of

            problems = problems_of(error, self.data, self.positions, self.keys)
            self.problems += [problem for problem in problems if not any(problem.path[: len(path)] == path for path in self.broken)]
        if self.problems:
            raise ConfigError(sorted(self.problems, key=_by_place))
        return environment.with_ciphertexts(self.ciphertexts).located(self.positions, tuple(dict.fromkeys(self.files)), tuple(self.inputs))

    def _version(self) -> None:
        """Raise ConfigError if the config is for another version of rediskit: its other errors can be features of that version."""
        if "requiredVersion" not in self.data:
            return
        from packaging.specifiers import InvalidSpecifier, SpecifierSet  # Few configs have the key.

        required = str(self.data["requiredVersion"])
        try:
            is_supported = SpecifierSet(required).contains(__version__, prereleases=True)
        except InvalidSpecifier:
            return  # The model reports it.
        if not is_supported:
            self._problem(
                "required-version",
                f"the config needs rediskit {required}, and this is rediskit {__version__}",
                f"pip install 'rediskit{required}', or change the range after you read the changelog",
                ("requiredVersion",),
            )
            raise ConfigError(self.problems)

    def _stem(self) -> None:
        name = self.data.get("name")
        name = getattr(name, "text", name)
        if isinstance(name, str) and name != self.stem:
            hint = f"write name: {self.stem}, or rename the file"
            self._problem("config-name", f"differs from the file name {os.path.basename(self.file)}", hint, ("name",))

    def _clients(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        clients = self.data.get("clients")
        for index, client in enumerate(clients if isinstance(clients, list) else ()):
            if isinstance(client, dict):
                yield ("clients", index), client

    def _client_files(self) -> None:
        """Read the file of each client that has one: `clients: [{file: …}]`."""
        for path, client in self._clients():
            if "file" not in client:
                continue
            self.broken.append(path)
            if len(client) > 1:
                self._problem("client-file", "a client with a file has no other keys", "move the other keys into the file", (*path, "file"))
            elif content := self._open(client["file"], (*path, "file")):
                self._graft(*content, path)

    def _graft(self, text: bytes, file: str, path: Path) -> None:
        try:
            document = read(text, file)
        except ConfigError as error:
            self.problems += [problem._replace(path=(*path, *problem.path)) for problem in error.problems]
            return
        self.positions.put(path, document.positions)
        self.keys.put(path, document.keys)
        self.of_clients[path] = Neighbours(file, self.file, self.instead)
        self.data["clients"][path[1]] = document.data
        self.files.append(file)
        if "file" in document.data:
            self._problem("client-file", "the file of a client can't reference another file", "write the client here", (*path, "file"))
        else:
            self.broken.remove(path)

    def _manifests(self) -> None:
        """Read `workload.manifest`, `workload.autoscaler.manifest` and `owner.release` of each client."""
        for path, client in self._clients():
            if isinstance(owner := client.get("owner"), dict):
                self._manifest(owner, (*path, "owner"), "release")
            workloads = client.get("workloads")
            for index, workload in enumerate(workloads if isinstance(workloads, list) else ()):
                if isinstance(workload, dict):
                    self._manifest(workload, (*path, "workloads", index))
                    if isinstance(scaler := workload.get("autoscaler"), dict):
                        self._manifest(scaler, (*path, "workloads", index, "autoscaler"))

    def _manifest(self, section: dict[str, Any], path: Path, key: str = "manifest") -> None:
        at = (*path, key)
        if (name := section.get(key)) is None or not (content := self._open(name, at)):
            return
        try:
            section[key] = Manifest(name, read_manifest(*content))
        except ConfigError as error:
            self.problems += error.problems
            self.broken.append(at)

    def _secrets(self) -> None:
        """Read the certificate and the encrypted Secrets."""
        secrets = self.data.get("secrets")
        if not isinstance(secrets, dict):
            return
        certificate = secrets.get("certificate")
        path: Path = ("secrets", "certificate")
        if certificate is not None and (content := self._open(certificate, path, f", or {FETCH_HINT}")):
            secrets["certificate"] = TextFile(certificate, content[0].decode("utf-8", "replace"))
        self._encrypted(secrets)

    def _unencrypted(self) -> None:
        """Report unencrypted Secrets in the folder with the name of the config. Checks validate the encrypted ones."""
        known = {problem.location.file for problem in self.problems if problem.location}
        known |= {self.neighbours.shown(manifest.path) for manifest in self.ciphertexts.values()}
        try:
            folder = self.neighbours.find(self.stem)
        except ConfigError:
            return  # The folder is a link out of the work tree, so it is not committed with this config.
        self.problems += in_folder(folder, self.neighbours.shown(self.stem), known)

    def _encrypted(self, secrets: dict[str, Any]) -> None:
        """Read each file of `secrets.directory`; its stem is the namespace."""
        path: Path = ("secrets", "directory") if "directory" in secrets else ("secrets",)
        directory = secrets.get("directory", f"{self.data.get('name')}/secrets")
        if not isinstance(directory, str):
            return
        try:
            folder = self.neighbours.find(directory)
            mode = secrets.get("mode")
            encrypted = isinstance(mode, str) and mode in ENCRYPTED
            names = sorted(name for name in _names(folder) if name.endswith(".yaml") and name[0] != ".") if encrypted else []
        except ConfigError as error:
            self.problems.append(error.problems[0]._replace(path=path, location=self.positions.get(path)))
            return
        except OSError as error:
            self._problem("file-missing", reason(error), "check the name of the folder and its permissions", path)
            return
        for name in names:
            try:
                text, shown = self.neighbours.read(f"{directory}/{name}", folder)
                self.inputs.append(shown)
                self.ciphertexts[name.removesuffix(".yaml")] = Manifest(f"{directory}/{name}", read_ciphertext(text, shown))
            except ConfigError as error:
                location = self.positions.get(path)
                self.problems += [
                    problem if problem.location else problem._replace(path=path, location=location) for problem in error.problems
                ]

    def _open(self, name: Any, path: Path, hint_end: str = "") -> tuple[bytes, str] | None:
        """Return the content of a referenced file and its name for messages; None, after a problem, if it can't be read.

        `hint_end` is the end of the hint of that problem.
        """
        if not isinstance(name, str) or not name:
            self._problem("wrong-type", "expected the path of a file", "write a path relative to this file", path)
        elif secret := secret_reason(name):
            self._problem("secret-in-config", f"looks like {secret}", "write the path of a file, relative to this file", path)
        else:
            try:
                content = self.of_clients.get(path[:2], self.neighbours).read(name)
                self.inputs.append(content[1])
                return content
            except ConfigError as error:
                first = error.problems[0]
                self._problem(first.code, first.message, f"{first.hint}{hint_end}", path)
        self.broken.append(path)
        return None

    def _problem(self, code: str, message: str, hint: str, path: Path) -> None:
        self.problems.append(Problem(message, hint, path, self.positions.get(path), code))


def _by_place(problem: Problem) -> tuple[str, int, int, str]:
    place = problem.location
    return (place.file, place.line, place.column, problem.message) if place else ("", 0, 0, problem.message)
