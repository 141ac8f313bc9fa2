"""From config files to environments: everything that is wrong with them is found in one go."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from rediskit.errors import ConfigError, Location, Path, Positions, Problem
from rediskit.files import read_file, reason
from rediskit.model.environment import Environment
from rediskit.model.files import Manifest, TextFile
from rediskit.model.secrets import ENCRYPTED, FETCH_HINT
from rediskit.secrecy import secret_reason
from rediskit.source.complaints import problems_of
from rediskit.source.manifest import read_ciphertext, read_manifest
from rediskit.source.neighbours import Neighbours
from rediskit.source.unencrypted import SUFFIXES, in_file, in_folder
from rediskit.yamlio.reader import Document, read


def load(path: str | os.PathLike[str], *, instead: Mapping[str, bytes] | None = None) -> Environment:
    """Reads one config file, and the files it names, into an Environment.

    instead: contents by real path, in place of what is on disk: what a change would load as, before it is written.
    Raises ConfigError with every problem found, each with file, line and column.
    """
    file = os.fspath(path)
    contents = instead or {}
    text = contents.get(os.path.realpath(file)) or read_file(pathlib.Path(file), file)
    return _Loading(file, read(text, file), contents).environment()


def load_all(paths: Iterable[str | os.PathLike[str]]) -> list[Environment]:
    """Reads several configs, each once, and checks them against each other. Raises ConfigError with the problems of all of them."""
    environments: list[Environment] = []
    problems: list[Problem] = []
    different = {_identity(path): path for path in paths}
    problems += _beside(different)
    for path in different.values():
        try:
            environments.append(load(path))
        except ConfigError as error:
            problems += error.problems
    problems += _clashes(environments)
    if problems:
        raise ConfigError(problems)
    return environments


def _beside(configs: Mapping[pathlib.Path, str | os.PathLike[str]]) -> Iterator[Problem]:
    """The Secrets in clear that lie beside the configs, in files that are no configs of this run."""
    folders = {path.parent: pathlib.PurePath(named).parent for path, named in configs.items()}
    for folder, shown in folders.items():
        for file in _listing(folder, str(shown)):
            if file.suffix in SUFFIXES and file not in configs:
                yield from in_file(file, os.path.normpath(shown / file.name))


def _listing(folder: pathlib.Path, shown: str) -> list[pathlib.Path]:
    """The files of a folder, in order; none where it is missing. Raises ConfigError where it may not be read."""
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ConfigError(Problem(f"{shown}: {reason(error)}", "check the permissions of the folder")) from error


def _identity(path: str | os.PathLike[str]) -> pathlib.Path:
    """One file named twice is one config; a link with a name of its own is another, for the name counts."""
    file = pathlib.Path(path)
    return file.parent.resolve() / file.name


class Places(Mapping[Path, Location]):
    """Where the values (or keys) of a config stand, when clients have files of their own: those stand in their own files."""

    def __init__(self, config: Positions) -> None:
        self._config = config
        self._clients: dict[Path, Positions] = {}

    def put(self, path: Path, client: Positions) -> None:
        """From here on, what is at and below `path` stands where `client` says; path: `("clients", index)`."""
        self._clients[path] = client

    def __getitem__(self, path: Path) -> Location:
        client = self._clients.get(path[:2])
        return self._config[path] if client is None else client[path[2:]]

    def __iter__(self) -> Iterator[Path]:
        yield from (path for path in self._config if path[:2] not in self._clients)
        for above, client in self._clients.items():
            yield from ((*above, *path) for path in client)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Loading:
    """One config on its way into the model."""

    def __init__(self, file: str, document: Document, instead: Mapping[str, bytes]) -> None:
        self.file, self.data, self.instead = file, document.data, instead
        self.positions, self.keys = Places(document.positions), Places(document.keys)
        self.neighbours = Neighbours(file, instead=instead)
        self.of_clients: dict[Path, Neighbours] = {}
        """What the clients with files of their own name, each relative to its file."""
        self.ciphertexts: dict[str, Manifest] = {}
        self.inputs: list[str] = []
        """The files that the config names, as they are shown."""
        self.problems: list[Problem] = []
        self.broken: list[Path] = []
        """What could not be read: the model's complaints about it say nothing new."""

    def environment(self) -> Environment:
        self._stem()
        self._client_files()
        self._manifests()
        self._secrets()
        self._in_clear()
        try:
            # By YAML key alone: the names that Python uses (`save_points`) are no keys of a config.
            environment = Environment.model_validate(self.data, by_alias=True, by_name=False)
        except ValidationError as error:
            found = problems_of(error, self.data, self.positions, self.keys)
            self.problems += [problem for problem in found if not any(problem.path[: len(path)] == path for path in self.broken)]
        if self.problems:
            raise ConfigError(sorted(self.problems, key=_by_place))
        return environment.with_ciphertexts(self.ciphertexts).located(self.positions, self.file, tuple(self.inputs))

    def _stem(self) -> None:
        file = pathlib.PurePath(self.file)
        name = self.data.get("name")
        name = getattr(name, "text", name)
        if isinstance(name, str) and name != file.stem:
            hint = f"write name: {file.stem}, or rename the file: the output lies under this name"
            self._problem(f"differs from the name of the file, {file.name}", hint, ("name",))

    def _clients(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        clients = self.data.get("clients")
        for index, client in enumerate(clients if isinstance(clients, list) else ()):
            if isinstance(client, dict):
                yield ("clients", index), client

    def _client_files(self) -> None:
        """`clients: [{file: …}]`: a team owns its file; positions and edits go there."""
        for path, client in self._clients():
            if "file" not in client:
                continue
            self.broken.append(path)
            if len(client) > 1:
                self._problem("a client is either a file or written here", "move the other keys into the file", (*path, "file"))
            elif content := self._open(client["file"], (*path, "file")):
                self._graft(*content, path)

    def _graft(self, text: bytes, file: str, path: Path) -> None:
        try:
            document = read(text, file)
        except ConfigError as error:
            self.problems += [Problem(found.message, found.hint, (*path, *found.path), found.location) for found in error.problems]
            return
        self.positions.put(path, document.positions)
        self.keys.put(path, document.keys)
        self.of_clients[path] = Neighbours(file, self.file, self.instead)
        self.data["clients"][path[1]] = document.data
        if "file" in document.data:
            self._problem("a client's file names no other file", "write the client here", (*path, "file"))
        else:
            self.broken.remove(path)

    def _manifests(self) -> None:
        """`workload.manifest`, `workload.autoscaler.manifest`: the content of the file goes into the model."""
        for path, client in self._clients():
            workload = client.get("workload")
            if isinstance(workload, dict):
                self._manifest(workload, (*path, "workload"))
                if isinstance(scaler := workload.get("autoscaler"), dict):
                    self._manifest(scaler, (*path, "workload", "autoscaler"))

    def _manifest(self, section: dict[str, Any], path: Path) -> None:
        at = (*path, "manifest")
        if (name := section.get("manifest")) is None or not (content := self._open(name, at)):
            return
        try:
            section["manifest"] = Manifest(name, read_manifest(*content))
        except ConfigError as error:
            self.problems += error.problems
            self.broken.append(at)

    def _secrets(self) -> None:
        """`secrets`: the certificate and the encrypted Secrets go into the model."""
        secrets = self.data.get("secrets")
        if not isinstance(secrets, dict):
            return
        certificate = secrets.get("certificate")
        path: Path = ("secrets", "certificate")
        if certificate is not None and (content := self._open(certificate, path, f"; {FETCH_HINT}")):
            secrets["certificate"] = TextFile(certificate, content[0].decode("utf-8", "replace"))
        self._encrypted(secrets)

    def _in_clear(self) -> None:
        """The folder of the config's name holds no Secret in clear. What was taken for a ciphertext is judged by the checks."""
        name = pathlib.PurePath(self.file).stem
        known = {problem.location.file for problem in self.problems if problem.location}
        known |= {os.path.normpath(self.neighbours.folder / manifest.path) for manifest in self.ciphertexts.values()}
        try:
            found = in_folder(self.neighbours.find(name), os.path.normpath(self.neighbours.folder / name))
        except ConfigError:
            return  # a link to somewhere else: not committed with this config
        self.problems += [problem for problem in found if problem.location and problem.location.file not in known]

    def _encrypted(self, secrets: dict[str, Any]) -> None:
        """Every file of `secrets.directory` by its stem, the namespace. A folder that is not there yet has none."""
        path: Path = ("secrets", "directory") if "directory" in secrets else ("secrets",)
        directory = secrets.get("directory", f"{self.data.get('name')}/secrets")
        if not isinstance(directory, str):
            return
        try:
            folder = self.neighbours.find(directory)
            mode = secrets.get("mode")
            encrypted = isinstance(mode, str) and mode in ENCRYPTED
            names = sorted(file.name for file in folder.glob("*.yaml") if not file.name.startswith(".")) if encrypted else []
        except ConfigError as error:
            self._problem(error.problems[0].message, error.problems[0].hint, path)
            return
        except OSError as error:
            self._problem((error.strerror or str(error)).lower(), "check the name of the folder and its permissions", path)
            return
        for name in names:
            try:
                if not self.neighbours.find(f"{directory}/{name}").is_relative_to(folder):
                    raise ConfigError(Problem(f"{directory}/{name} is a link out of its folder", "put the encrypted file itself there"))
                text, shown = self.neighbours.read(f"{directory}/{name}")
                self.inputs.append(shown)
                self.ciphertexts[name.removesuffix(".yaml")] = Manifest(f"{directory}/{name}", read_ciphertext(text, shown))
            except ConfigError as error:
                self.problems += [
                    found if found.location else replace(found, path=path, location=self.positions.get(path)) for found in error.problems
                ]

    def _open(self, name: Any, path: Path, more: str = "") -> tuple[bytes, str] | None:
        """Content of a file that the config names at `path`, and how it is shown; None, and a problem, when it can't be read.

        more: what the hint of that problem ends with.
        """
        if not isinstance(name, str) or not name:
            self._problem("expected the path of a file", "write a path relative to this file", path)
        elif reason := secret_reason(name):
            self._problem(f"looks like {reason}", "write the path of a file, relative to this one", path)
        else:
            try:
                content = self.of_clients.get(path[:2], self.neighbours).read(name)
                self.inputs.append(content[1])
                return content
            except ConfigError as error:
                self._problem(error.problems[0].message, f"{error.problems[0].hint}{more}", path)
        self.broken.append(path)
        return None

    def _problem(self, message: str, hint: str, path: Path) -> None:
        self.problems.append(Problem(message, hint, path, self.positions.get(path)))


def _by_place(problem: Problem) -> tuple[str, int, int, str]:
    place = problem.location
    return (place.file, place.line, place.column, problem.message) if place else ("", 0, 0, problem.message)


def _clashes(environments: list[Environment]) -> list[Problem]:
    """What two environments may not share: a name; in one cluster also a release, a namespace, an address, a client's Secret."""
    seen: dict[tuple[str, ...], Environment] = {}
    problems = []
    for environment in environments:
        for claim, path, words, hint in _claims(environment):
            first = seen.setdefault(claim, environment)
            if first is not environment:
                problems.append(Problem(f"{first.file or first.name} has {words} too", hint, path, environment.locate(path)))
    return problems


def _claims(environment: Environment) -> Iterator[tuple[tuple[str, ...], Path, str, str]]:
    """What an environment takes for itself: the claim, the place in the config, the words for it, and how to mend a clash."""
    cluster, redis, network = environment.cluster, environment.redis, environment.network
    another = "give one of them another, or say cluster: … where they are two clusters"
    yield ("name", environment.name), ("name",), f"the name {environment.name}", "give one of them another: the output lies under it"
    yield ("release", cluster, redis.release), ("redis", "release"), f"the release {redis.release} in cluster {cluster}", another
    yield ("namespace", cluster, redis.namespace), ("redis", "namespace"), f"the namespace {redis.namespace} in cluster {cluster}", another
    if network:
        yield ("address", cluster, network.address), ("network", "address"), f"the address {network.address} in cluster {cluster}", another
    for index, client in enumerate(environment.clients):
        secret = redis.auth.secret
        hint = "two passwords can't stand in one Secret: give one environment another redis.auth.secret"
        words = f"the Secret {secret} in namespace {client.namespace} of cluster {cluster}"
        yield ("secret", cluster, client.namespace, secret), ("clients", index, "namespace"), words, hint
