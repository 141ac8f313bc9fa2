"""The old Redis in a build until `decommission`: a rollback starts the application with it, so it must have pods."""

from collections.abc import Iterator, Sequence

from rediskit.checks.finding import Severity
from rediskit.errors import Problem
from rediskit.migrate.egress import ObjectFinding
from rediskit.migrate.owner.released import key_of
from rediskit.model.client import Client
from rediskit.model.nested import at
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects
from rediskit.usage.references import created_by_name, needed
from rediskit.usage.servers import is_server
from rediskit.usage.services import reference

_SCALED = ("Deployment", "StatefulSet", "Rollout")
_RUNS = ("DaemonSet", "Deployment", "HelmRelease", "Rollout", "Service", "StatefulSet")
"""The kinds without which the old Redis does not run or is not reachable."""


def stopped_redis(client: Client, before: Sequence[Object]) -> Iterator[ObjectFinding]:
    """Yield the servers of `previous.remove` if all of them have 0 replicas. Charts render replicas of a primary with 0, too."""
    if client.is_decommissioned:
        return
    servers = [content for content in _servers(client, before) if content.get("kind") in _SCALED]
    if any(at(content, "spec", "replicas") != 0 for content in servers):
        return
    for content in servers:
        message = f"{reference(content)} has 0 replicas in the build: {_effect(client)}"
        hint = "set its replicas as before, and keep them until decommission"
        yield ObjectFinding(reference(content), "error" if _needs_it(client) else "warning", Problem(message, hint, code="owner-stopped"))


def missing_objects(client: Client, before: Sequence[Object]) -> Iterator[tuple[Severity, Problem]]:
    """Yield the objects of `previous.remove` that the build does not contain. An error where the old Redis does not run without one."""
    if client.is_decommissioned:
        return
    here = {reference(content) for content in before if key_of(content)[1] in ("", client.namespace)}
    needs = {name for server in _servers(client, before) for _, name in needed(server)}
    for name in client.old_objects:
        if name in here:
            continue
        runs = name.partition("/")[0] in _RUNS or name in needs or created_by_name(name) in needs
        stops = runs and _needs_it(client)
        message = f"{name} of previous.remove is not in the build{f': {_effect(client)}' if stops else ''}"
        hint = "no step can remove an object that is in no build: add and apply it there, or remove it from previous.remove"
        yield "error" if stops else "warning", Problem(message, hint, code="owner-removal")


def _servers(client: Client, before: Sequence[Object]) -> list[Object]:
    return [
        content
        for content in before
        if reference(content) in client.old_objects and key_of(content)[1] in ("", client.namespace) and is_server(content)
    ]


def _needs_it(client: Client) -> bool:
    """Return whether the application uses the old Redis after a rollback, or is rolled back to it already."""
    return _is_rolled_back(client) or not effects(client.migration).owner_is_untouched


def _is_rolled_back(client: Client) -> bool:
    return client.migration is not None and client.migration.step == "rolled-back"


def _effect(client: Client) -> str:
    return "the application has no Redis" if _is_rolled_back(client) else "after a rollback, the application has no Redis"
