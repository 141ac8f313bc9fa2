"""The clients of the other configs of a project: the old Redis of a client can be that of a client in another config."""

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from rediskit.errors import ConfigError
from rediskit.files import read_regular
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.once import once
from rediskit.source.loader import load
from rediskit.source.project import configs_beside, configs_in
from rediskit.usage.clients import User, gone_by, losing_rollback, users

Read = Callable[[str], Environment | None]
"""Returns the environment of a config; None for one that does not load."""
Texts = Callable[[Environment], list[tuple[str, bytes]]]
"""Returns the other configs beside that of an environment, each with its text."""


def read_config(config: str) -> Environment | None:
    """Return the environment of a config; None for one that does not load."""
    try:
        return load(config)
    except ConfigError:
        return None


def users_elsewhere(environment: Environment, client: Client, read: Read = read_config) -> list[User]:
    """Return the certain uses of a client's old Redis in the other configs. A config that does not load can contain one.

    read: A caller with many environments passes one that keeps its results.
    """
    elsewhere = []
    for config, joined, renamed in _joined(environment, client, read):
        indexes = range(len(joined.clients) - 1)
        certain = (user for user in users(joined, renamed) if user.strength == "certain" and user.path[1] in indexes)
        elsewhere += [user._replace(message=f"{config}: {user.message}") for user in certain]
    unread = (config for config, other in _others(environment, read).items() if other is None)
    return [*elsewhere, *(_unread(config) for config in unread)]


def _unread(config: str) -> User:
    message = f"{config} does not load, and its clients can use the old Redis"
    return User("certain", message, f"correct it: run rediskit check {config}", (), config)


def gone_elsewhere(environment: Environment, client: Client) -> str:
    """Return the client of another config that has removed the old Redis of a client; "" if it exists.

    A config that does not load is left out: it must not block a rollback.
    """
    others = ((config, gone_by(joined, renamed)) for config, joined, renamed in _joined(environment, client))
    return next((f"{other.name} of {config}" for config, other in others if other is not None), "")


def losing_elsewhere(environment: Environment, client: Client) -> list[str]:
    """Return the clients of the other configs that can roll back to the old Redis of a client."""
    return [f"{name} of {config}" for config, joined, renamed in _joined(environment, client) for name in losing_rollback(joined, renamed)]


def _joined(environment: Environment, client: Client, read: Read = read_config) -> Iterator[tuple[str, Environment, Client]]:
    """Yield each other config with the client as its last one, under a name that no other client has."""
    renamed = client.model_copy(update={"name": f"{client.name} of {environment.file}"})
    for config, other in _others(environment, read).items():
        if other is not None:
            yield config, other.model_copy(update={"clients": (*other.clients, renamed)}), renamed


def texts_beside(environment: Environment) -> list[tuple[str, bytes]]:
    """Return the other configs in the folder of an environment, each with its text; b"" for one that cannot be read."""
    return [(config, _text(config)) for config in configs_beside(environment.file)] if environment.file else []


def texts_once() -> Texts:
    """Return `texts_beside` for many environments: each folder is listed, and each config read, once."""

    @cache
    def listed(folder: Path) -> list[tuple[str, str, bytes]]:
        return [(config, os.path.realpath(config), _text(config)) for config in configs_in(folder)]

    def texts(environment: Environment) -> list[tuple[str, bytes]]:
        if not environment.file:
            return []
        own = os.path.realpath(environment.file)
        return [(config, text) for config, path, text in listed(Path(environment.file).parent) if path != own]

    return texts


def _text(config: str) -> bytes:
    try:
        return read_regular(Path(config))
    except OSError:
        return b""


def other_clients(environment: Environment, read: Read, texts: Texts) -> Iterator[tuple[str, Environment, Client]]:
    """Yield the clients of the other configs, in all clusters, that can have an application of this one, each with its config.

    A config that does not load is left out. One is not loaded if its text has neither a namespace nor a repository of the clients, and
    no clients in files of their own.
    """
    own = [client for client in environment.clients if client.workloads]
    names = {client.namespace for client in own}
    names |= {re.split(r"[/:]", client.owner.repository.removesuffix(".git"))[-1] for client in own if client.owner.repository}
    for config, text in texts(environment):
        shown = text.decode(errors="replace")
        other = read(config) if "file:" in shown or any(name in shown for name in names) else None
        if other is not None:
            yield from ((config, other, client) for client in other.clients)


@once
def _others(environment: Environment, read: Read) -> dict[str, Environment | None]:
    """Return the other configs of the project in the same cluster; None for one that does not load."""
    others = {config: read(config) for config in (configs_beside(environment.file) if environment.file else ())}
    return {config: other for config, other in others.items() if other is None or other.cluster == environment.cluster}
