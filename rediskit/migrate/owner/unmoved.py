"""Workloads of a build that stay on the old Redis of a queue: the tasks of a client that moves do not reach them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rediskit.checks.database_numbers import old_numbers
from rediskit.checks.finding import Finding
from rediskit.migrate.owner.released import Key, key_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.pointers import unescaped
from rediskit.renderers.tree import Object
from rediskit.usage.address import of_client
from rediskit.usage.finder import Use, certain, uses
from rediskit.usage.manifests import switched_variables
from rediskit.usage.references import needed
from rediskit.usage.servers import is_server, is_watcher
from rediskit.usage.services import completed, reference

_RUNS = ("CronJob", "DaemonSet", "Deployment", "Rollout", "StatefulSet")
_NUMBER = re.compile(r"://[^/\s]*/(\d+)")


def unmoved(environment: Environment, client: Client, objects: Mapping[Key, Object]) -> Iterator[tuple[Key, Finding]]:
    """Yield the workloads that no client of the config moves and that certainly use the database of a queue, until `decommission`."""
    migration, address = client.migration, of_client(client)
    if "queue" not in client.use or migration is None or address is None:
        return
    if client.is_decommissioned or migration.step == "rolled-back":
        return
    everything = list(objects.values())
    sought = completed(address, everything, client.namespace, client.old_objects)
    places = certain(uses(everything, sought, namespace=client.namespace, switched=switched_variables(client), gone=client.old_objects))
    listed = {(other.namespace, name) for other in environment.clients for name in other.references}
    for key, content in objects.items():
        home = key[1] or client.namespace
        if key[0] not in _RUNS or (home, reference(content)) in listed or is_server(content) or is_watcher(content):
            continue
        if home == client.namespace and reference(content) in client.old_objects:
            continue
        if any(not _is_of_another_number(client, objects, use) for use in _of(content, home, places)):
            yield key, _finding(client, reference(content))


def _of(workload: Object, home: str, places: Sequence[Use]) -> Iterator[Use]:
    """Yield the uses in a workload, and in the ConfigMaps and Secrets that its pods read."""
    names = {reference(workload), *(name for _, name in needed(workload))}
    yield from (use for use in places if use.namespace == home and use.object in names)


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


def _finding(client: Client, name: str) -> Finding:
    host = client.previous.host if client.previous else ""
    message = f"{name} uses the old Redis {host}, and no client of the config moves it: tasks of {client.name} do not reach it"
    hint = (
        f"add it to the workloads of {client.name}, or to a client that moves in the same downtime; "
        f"accept the finding on {client.name} where it has no tasks of it"
    )
    return Finding("owner-unmoved", "error", message, hint, on=(client.name,))
