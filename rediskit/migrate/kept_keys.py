"""The old Redis in a build: keys and settings that it has, and that the shared Redis does not keep."""

from collections.abc import Iterator, Sequence

from rediskit.errors import Problem
from rediskit.migrate.egress import ObjectFinding
from rediskit.migrate.owner.released import key_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.local_redis import can_lose_data
from rediskit.renderers.tree import Object
from rediskit.usage.address import of_client
from rediskit.usage.lost_settings import EVICTION, ON_DISK, lost_settings
from rediskit.usage.server_settings import lost_keys
from rediskit.usage.servers import is_server
from rediskit.usage.services import reference, selects


def kept_keys(environment: Environment, client: Client, before: Sequence[Object]) -> Iterator[ObjectFinding]:
    """Yield the first server of the old Redis whose policy keeps keys that the shared one evicts, for other data than a cache."""
    here = _here(client, before)
    for content in _servers(client, here):
        text = lost_keys(content, here, client.use, environment.redis.memory.policy)
        if text:
            lost = "sessions" if "sessions" in client.use else "data that is no cache"
            hint = (
                "set redis.memory.policy to noeviction, and redis.memory.max to what all clients need; "
                f"accept the finding on {client.name} where all of it can be lost"
            )
            message = f"{reference(content)} {text}: {client.name} can lose {lost}"
            yield ObjectFinding(reference(content), "warning", Problem(message, hint, code="owner-eviction"))
            return


def other_settings(environment: Environment, client: Client, before: Sequence[Object]) -> Iterator[ObjectFinding]:
    """Yield the settings of each server of the old Redis that the shared one lacks. A cache can lose what is on disk."""
    here = _here(client, before)
    for content in _servers(client, here):
        texts = lost_settings(content, here, environment.redis)
        skipped = {EVICTION, *(ON_DISK if can_lose_data(client) else ())}
        if remaining := [text for key, text in texts.items() if key not in skipped]:
            hint = f"set it under redis in the config; accept the finding on {client.name} where the application does not need it"
            message = f"{reference(content)} {'; it '.join(remaining)}"
            yield ObjectFinding(reference(content), "warning", Problem(message, hint, code="owner-settings"))


def _here(client: Client, before: Sequence[Object]) -> list[Object]:
    """Return the objects in the namespace of a client."""
    return [content for content in before if key_of(content)[1] in ("", client.namespace)]


def _servers(client: Client, here: Sequence[Object]) -> Iterator[Object]:
    """Yield the servers of the old Redis, until `decommission` removes them: those in previous.remove, and those behind the host."""
    if client.is_decommissioned or client.previous is None:
        return
    address = of_client(client)
    names = {name for name, _ in address.services} if address else set()
    fronts = [content for content in here if content.get("kind") == "Service" and key_of(content)[2] in names]
    for content in here:
        is_old = reference(content) in client.old_objects or any(selects(front, content) for front in fronts)
        if is_old and is_server(content):
            yield content
