"""The old Redis in a build until `decommission`: a rollback starts the application with it, so it must have pods."""

from collections.abc import Iterator, Sequence

from rediskit.errors import Problem
from rediskit.migrate.egress import ObjectFinding
from rediskit.migrate.owner.released import key_of
from rediskit.model.client import Client
from rediskit.model.nested import at
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects
from rediskit.usage.servers import is_server
from rediskit.usage.services import reference

_SCALED = ("Deployment", "StatefulSet", "Rollout")


def stopped_redis(client: Client, before: Sequence[Object]) -> Iterator[ObjectFinding]:
    """Yield the servers of `previous.remove` if all of them have 0 replicas. Charts render replicas of a primary with 0, too."""
    if client.is_decommissioned:
        return
    servers = [
        content
        for content in before
        if reference(content) in client.old_objects
        and key_of(content)[1] in ("", client.namespace)
        and content.get("kind") in _SCALED
        and is_server(content)
    ]
    if any(at(content, "spec", "replicas") != 0 for content in servers):
        return
    for content in servers:
        message = f"{reference(content)} has 0 replicas in the build: after a rollback, the application has no Redis"
        hint = "set its replicas as before, and keep them until decommission"
        untouched = effects(client.migration).owner_is_untouched
        yield ObjectFinding(reference(content), "warning" if untouched else "error", Problem(message, hint, code="owner-stopped"))
