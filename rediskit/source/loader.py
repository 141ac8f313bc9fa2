"""From config files to environments: everything that is wrong with them is found in one go."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError

from rediskit.errors import ConfigError, Location, Path, Problem
from rediskit.model.environment import Environment
from rediskit.model.files import Manifest, TextFile
from rediskit.source.complaints import problems_of
from rediskit.source.files import Neighbours, read_file
from rediskit.source.manifest import read_manifest
from rediskit.source.reader import read


def load(path: str | os.PathLike[str]) -> Environment:
    """Reads one config file, and the files it names, into an Environment.

    Raises ConfigError with every problem found, each with file, line and column.
    """
    file = os.fspath(path)
    document = read(read_file(pathlib.Path(file), file), file)
    if not isinstance(document.data, dict):
        raise ConfigError(
            Problem("the config is not a mapping", "write keys and values, beginning with name: …", (), document.positions.get(()))
        )
    return _Loading(file, document.data, dict(document.positions), dict(document.keys)).environment()


def load_all(paths: Iterable[str | os.PathLike[str]]) -> list[Environment]:
    """Reads several configs and checks them against each other. Raises ConfigError with the problems of all of them."""
    environments: list[Environment] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            environments.append(load(path))
        except ConfigError as error:
            problems += error.problems
    problems += _clashes(environments)
    if problems:
        raise ConfigError(problems)
    return environments


class _Loading:
    """One config on its way into the model."""

    def __init__(self, file: str, data: dict[str, Any], positions: dict[Path, Location], keys: dict[Path, Location]) -> None:
        self.file, self.data, self.positions, self.keys = file, data, positions, keys
        self.neighbours = Neighbours(file)
        self.problems: list[Problem] = []
        self.broken: list[Path] = []

    def environment(self) -> Environment:
        self._client_files()
        self._named_files()
        self._stem()
        try:
            environment = Environment.model_validate(self.data)
        except ValidationError as error:
            found = problems_of(error, self.data, self.positions, self.keys)
            self.problems += [problem for problem in found if not any(problem.path[: len(path)] == path for path in self.broken)]
        if self.problems:
            raise ConfigError(sorted(self.problems, key=_by_place))
        return environment.located(self.positions, self.file)

    def _stem(self) -> None:
        stem = pathlib.PurePath(self.file).stem
        name = self.data.get("name")
        if isinstance(name, str) and name != stem:
            self._problem(
                f"the file is named {pathlib.PurePath(self.file).name}",
                f"write name: {stem}, or rename the file: the output lies under this name",
                ("name",),
            )

    def _client_files(self) -> None:
        """`clients: [{file: …}]`: a team owns its file; positions and edits go there."""
        clients = self.data.get("clients")
        for index, client in enumerate(clients if isinstance(clients, list) else ()):
            if isinstance(client, dict) and "file" in client:
                path: Path = ("clients", index)
                if len(client) > 1:
                    self._problem(
                        "a client is either a file or written here", "move the other keys into the file", (*path, "file"), broken=path
                    )
                elif content := self._open(client["file"], (*path, "file"), broken=path):
                    self._graft(content, path)

    def _graft(self, content: tuple[bytes, str], path: Path) -> None:
        try:
            document = read(*content)
        except ConfigError as error:
            self.problems += error.problems
            self.broken.append(path)
            return
        self.data["clients"][path[-1]] = document.data
        for mine, theirs in ((self.positions, document.positions), (self.keys, document.keys)):
            for inner in [known for known in mine if known[:2] == path]:
                del mine[inner]
            mine.update({(*path, *inner): location for inner, location in theirs.items()})

    def _named_files(self) -> None:
        """`workload.manifest` and `secrets.certificate`: the content goes into the model."""
        clients = self.data.get("clients")
        for index, client in enumerate(clients if isinstance(clients, list) else ()):
            workload = client.get("workload") if isinstance(client, dict) else None
            if isinstance(workload, dict) and isinstance(workload.get("manifest"), str):
                at: Path = ("clients", index, "workload")
                if content := self._open(workload["manifest"], (*at, "manifest"), broken=at):
                    try:
                        workload["manifest"] = Manifest(workload["manifest"], read_manifest(*content))
                    except ConfigError as error:
                        self.problems += error.problems
                        self.broken.append(at)
        secrets = self.data.get("secrets")
        if isinstance(secrets, dict) and isinstance(secrets.get("certificate"), str):
            path: Path = ("secrets", "certificate")
            if content := self._open(secrets["certificate"], path, broken=path):
                secrets["certificate"] = TextFile(secrets["certificate"], content[0].decode("utf-8", "replace"))

    def _open(self, name: Any, path: Path, broken: Path) -> tuple[bytes, str] | None:
        if not isinstance(name, str) or not name:
            self._problem("expected the path of a file", "a path relative to the config file", path, broken=broken)
            return None
        try:
            return self.neighbours.read(name)
        except ConfigError as error:
            for problem in error.problems:
                self._problem(problem.message, problem.hint, path, broken=broken)
            return None

    def _problem(self, message: str, hint: str, path: Path, broken: Path | None = None) -> None:
        self.problems.append(Problem(message, hint, path, self.positions.get(path)))
        if broken is not None:
            self.broken.append(broken)


def _by_place(problem: Problem) -> tuple[str, int, int, str]:
    place = problem.location
    return (place.file, place.line, place.column, problem.message) if place else ("", 0, 0, problem.message)


def _clashes(environments: list[Environment]) -> list[Problem]:
    """What two environments may not share: a name; and in one cluster a release, a namespace or an address (design §2)."""
    seen: dict[tuple[str, ...], Environment] = {}
    problems = []
    for environment in environments:
        cluster, redis, network = environment.cluster, environment.redis, environment.network
        claims: list[tuple[tuple[str, ...], Path, str]] = [
            (("name", environment.name), ("name",), f"the name {environment.name}"),
            (("release", cluster, redis.release), ("redis", "release"), f"the release {redis.release} in cluster {cluster}"),
            (("namespace", cluster, redis.namespace), ("redis", "namespace"), f"the namespace {redis.namespace} in cluster {cluster}"),
        ]
        if network:
            claims.append(
                (("address", cluster, network.address), ("network", "address"), f"the address {network.address} in cluster {cluster}")
            )
        for claim, path, words in claims:
            first = seen.setdefault(claim, environment)
            if first is not environment:
                hint = (
                    "give one of them another"
                    if claim[0] in ("name", "address")
                    else "give one of them another, or say cluster: … where they are two clusters"
                )
                problems.append(Problem(f"{first.file or first.name} has {words} too", hint, path, environment.locate(path)))
    return problems
