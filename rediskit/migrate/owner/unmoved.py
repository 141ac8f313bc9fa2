"""Workloads and containers of a build that stay on the old Redis of a queue: the tasks of a client that moves do not reach them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rediskit.checks.database_numbers import old_numbers
from rediskit.checks.finding import Finding
from rediskit.migrate.owner.released import Key, key_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.local_redis import is_loopback
from rediskit.model.podspec import containers_of
from rediskit.model.pointers import unescaped
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import at_step
from rediskit.usage.address import of_client
from rediskit.usage.finder import Use, certain, uses
from rediskit.usage.manifests import as_left, switched_variables
from rediskit.usage.readers import reads
from rediskit.usage.servers import is_for_redis, is_server, is_watcher
from rediskit.usage.services import completed, reference

_RUNS = ("CronJob", "DaemonSet", "Deployment", "Rollout", "StatefulSet")
_NUMBER = re.compile(r"://[^/\s]*/(\d+)")


def unmoved(environment: Environment, client: Client, objects: Mapping[Key, Object]) -> Iterator[tuple[Key, Finding]]:
    """Yield what certainly uses the database of a queue after the switch of all clients, until `decommission`.

    It is a workload that no client of the config moves, or a container of a listed one that the config does not switch.
    """
    migration, address = client.migration, of_client(client)
    if "queue" not in client.use or migration is None or address is None or client.previous is None:
        return
    if client.is_decommissioned or migration.step == "rolled-back" or is_loopback(client.previous.host):
        return
    movers = {(other.namespace, name): other for other in environment.clients for name in other.references}
    moved = {key: _moved(environment, movers.get(_named(client, key)), content) for key, content in objects.items()}
    everything = list(moved.values())
    sought = completed(address, everything, client.namespace, client.old_objects)
    remaining = certain(uses(everything, sought, namespace=client.namespace, switched=switched_variables(client), gone=client.old_objects))
    places = [use for use in remaining if not _is_of_another_number(client, moved, use)]
    for key, content in moved.items():
        home, name = _named(client, key)
        if key[0] not in _RUNS or is_server(content) or (home == client.namespace and name in client.old_objects):
            continue
        near = [use for use in places if use.namespace == home]
        mover = movers.get((home, name))
        if mover is None and not is_watcher(content) and _is_used(content, near):
            yield key, _finding(client, name)
        elif mover is not None:
            for container, use in _left(mover, content, near):
                yield key, _left_finding(client, mover, name, container, use)


def _named(client: Client, key: Key) -> tuple[str, str]:
    """Return the namespace and `Kind/name` of an object in the build of a client."""
    return key[1] or client.namespace, f"{key[0]}/{key[2]}"


def _moved(environment: Environment, mover: Client | None, content: Object) -> Object:
    """Return an object with the patches of the client that moves it, after the switch."""
    return content if mover is None else as_left(environment, at_step(mover, "validate"), content)  # type: ignore[return-value]


def _is_used(workload: Object, places: Sequence[Use]) -> bool:
    """Return whether a workload has one of the uses, or one of its containers reads it."""
    own = any(use.object == reference(workload) for use in places)
    return own or any(reads(workload, container, use) for container in containers_of(workload) for use in places)


def _left(mover: Client, workload: Object, places: Sequence[Use]) -> Iterator[tuple[str, Use]]:
    """Yield the containers of a listed workload with the first use that the migration leaves them. A person changes the external ones."""
    listed = next(entry for entry in mover.workloads if entry.reference == reference(workload))
    switched = {(kind, name): container for kind, name, container in listed.redis_containers}
    for container in containers_of(workload):
        change = switched.get((container.listed, container.name))
        if is_for_redis(container.content) or (change is not None and change.external is not None):
            continue
        variables = change.variables if change else {}
        if use := next((use for use in places if reads(workload, container, use, variables)), None):
            yield container.name, use


def _is_of_another_number(client: Client, objects: Mapping[Key, Object], use: Use) -> bool:
    """Return whether a use is a URL with the number of a database that the client did not have."""
    numbers = old_numbers(client)
    for content in objects.values():
        if reference(content) == use.object and key_of(content)[1] in ("", use.namespace):
            match = _NUMBER.search(str(_text_at(content, use.pointer)))
            return bool(match and numbers) and match is not None and int(match[1]) not in numbers
    return False


def _text_at(content: Any, where: str) -> Any:
    """Return the value at a JSON pointer; None where there is none."""
    for part in where.split("/")[1:]:
        key = unescaped(part)
        if isinstance(content, list):
            content = content[int(key)] if key.isdecimal() and int(key) < len(content) else None
        else:
            content = content.get(key) if isinstance(content, dict) else None
    return content


def _left_finding(client: Client, mover: Client, name: str, container: str, use: Use) -> Finding:
    host = client.previous.host if client.previous else ""
    where = use.pointer if use.object == name else f"{use.pointer} of {use.object}"
    message = f"container {container} of {name} stays on the old Redis {host} at {where}: tasks of {client.name} do not reach it"
    hint = f"switch it in the containers of {mover.name}; accept the finding on {name} where it has no tasks of {client.name}"
    return Finding("owner-unmoved", "error", message, hint, on=(client.name, name))


def _finding(client: Client, name: str) -> Finding:
    host = client.previous.host if client.previous else ""
    message = f"{name} uses the old Redis {host}, and no client of the config moves it: tasks of {client.name} do not reach it"
    hint = (
        f"add it to the workloads of {client.name}, or to a client that moves in the same downtime; "
        f"accept the finding on {name} where it has no tasks of it"
    )
    return Finding("owner-unmoved", "error", message, hint, on=(client.name, name))
