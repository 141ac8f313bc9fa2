"""The changes of a client in the middle of its migration: they change its application without a step."""

import os
from collections.abc import Iterator, Mapping

from rediskit.checks.finding import Finding
from rediskit.errors import ConfigError, Path
from rediskit.git.revision import contents_at
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.renderers.owner.required import requirements
from rediskit.source.loader import load
from rediskit.state_machine.effects import effects

_LISTED = 3
"""The largest number of fields that a finding lists."""


def client_changes(revision: str, environment: Environment, migrations: Mapping[str, Migration | None]) -> Iterator[Finding]:
    """Yield the changes of each client whose step has changed its application at a revision.

    Args:
        migrations: The migration of each client at the revision.
    """
    moving = {name for name, old in migrations.items() if old is not None and not effects(old).owner_is_untouched}
    if not moving:
        return
    try:
        before = {client.name: client for client in environment_at(revision, environment).clients}
    except ConfigError as error:
        message = f"the clients at {revision} are not compared: {error.problems[0].message}"
        yield Finding("client-changed", "warning", message, "read rediskit diff", ("clients",), environment.locate(("clients",)))
        return
    for index, client in enumerate(environment.clients):
        if client.name in moving and client.name in before and client.migration is not None:
            yield from _of_client(environment, before[client.name], client, ("clients", index))


def environment_at(revision: str, environment: Environment) -> Environment:
    """Return the config at a revision, with the files that it references there."""
    files = [os.path.realpath(file) for file in (environment.file, *environment.inputs)]
    contents = contents_at(revision, files)
    return load(environment.file, instead={file: content for file, content in contents.items() if content is not None})


def _of_client(environment: Environment, old: Client, client: Client, path: Path) -> Iterator[Finding]:
    step = old.migration.step if old.migration else ""
    for key, was, now in _places(old, client):
        place = (*path, *key.split("."))
        message = f"{client.name} is at {step} and changes from {was} to {now}: what the old place has for the step stays there"
        hint = "roll back first, and change it then; or undo the step at the old place by hand, and accept it"
        yield Finding("client-moved", "error", message, hint, place, environment.locate(place), (client.name,))
    left = [reference for reference in old.references if reference not in client.references]
    if left:
        message = f"{client.name} is at {step} and no longer lists {', '.join(left)}: its base starts it with the old Redis, without a step"
        hint = "list it until complete, or roll back first; accept it if it no longer exists"
        place = (*path, "workloads")
        yield Finding("client-moved", "error", message, hint, place, environment.locate(place), (client.name,))
    if fields := [
        field for field in _fields(environment, old, client) if not field.startswith(tuple(f"{reference} " for reference in left))
    ]:
        omitted = f" and {len(fields) - _LISTED} more" if len(fields) > _LISTED else ""
        message = f"{client.name} is at {step} and changes its application without a step: {', '.join(fields[:_LISTED])}{omitted}"
        hint = "expected where you correct a step; otherwise undo it: the application restarts with it"
        yield Finding("client-changed", "warning", message, hint, path, environment.locate(path), (client.name,))


def _places(old: Client, client: Client) -> Iterator[tuple[str, str, str]]:
    """Yield what differs of the place where the step is applied: its key, and both values."""
    pairs = {
        "namespace": (old.namespace, client.namespace),
        "owner.kind": (old.owner.kind, client.owner.kind),
        "owner.inPlace": (old.owner.in_place, client.owner.in_place),
        "owner.repository": (old.owner.repository, client.owner.repository),
        "owner.path": (old.owner.path, client.owner.path),
    }
    yield from ((key, f"{key} {was}", str(now)) for key, (was, now) in pairs.items() if was != now)


def _fields(environment: Environment, old: Client, client: Client) -> list[str]:
    """Return the fields whose state at the step differs, as `Deployment/web /spec/replicas`."""
    at_same_step = old.model_copy(update={"migration": client.migration})
    before, after = (
        {(requirement.object, requirement.pointer): requirement.wanted for requirement in requirements(environment, which)}
        for which in (at_same_step, client)
    )
    fields = [
        f"{name} {place}".strip()
        for name, place in dict.fromkeys((*before, *after))
        if before.get((name, place)) != after.get((name, place))
    ]
    pairs = {"owner.values": (old.owner.values, client.owner.values), "owner.variables": (old.owner.variables, client.owner.variables)}
    return [*fields, *(key for key, (was, now) in pairs.items() if was != now)]
