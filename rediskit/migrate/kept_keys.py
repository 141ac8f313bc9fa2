"""The old Redis in a build: keys that it keeps, and that the shared Redis evicts when its memory is full."""

from collections.abc import Iterator, Sequence

from rediskit.errors import Problem
from rediskit.migrate.egress import ObjectFinding
from rediskit.migrate.owner.released import key_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.tree import Object
from rediskit.usage.server_settings import lost_keys
from rediskit.usage.servers import is_server
from rediskit.usage.services import reference, selects


def kept_keys(environment: Environment, client: Client, before: Sequence[Object]) -> Iterator[ObjectFinding]:
    """Yield the first server of the old Redis whose policy keeps keys that the shared one evicts, for other data than a cache."""
    if client.is_decommissioned or client.previous is None:
        return
    here = [content for content in before if key_of(content)[1] in ("", client.namespace)]
    fronts = [content for content in here if content.get("kind") == "Service" and key_of(content)[2] == client.previous.host.split(".")[0]]
    for content in here:
        is_old = reference(content) in client.old_objects or any(selects(front, content) for front in fronts)
        if not is_old or not is_server(content):
            continue
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
