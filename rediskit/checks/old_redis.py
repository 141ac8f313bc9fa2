"""Checks of the old Redis: who still uses it, whether it is still there, and whether it is the shared one."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.checks.finding import Complaint, Severity, Subject
from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.evidence import Evidence
from rediskit.state_machine.effects import effects
from rediskit.usage import Address, of_client, parse
from rediskit.usage.clients import gone_by, users


def in_use(subject: Subject) -> Iterator[Complaint]:
    """Nothing that is still in use is removed: at decommission no other client and no manifest uses the old Redis for certain.

    Before decommission the same is a warning. An error can't be accepted.
    """
    for _, client in _moving(subject):
        removed = effects(client.migration).removed or (client.migration is not None and client.migration.step == "complete")
        severity: Severity = "error" if removed else "warning"
        for user in users(subject.environment, client):
            if user.strength == "certain":
                yield Complaint(user.message, user.hint, user.path, severity)


def possibly_in_use(subject: Subject) -> Iterator[Complaint]:
    """No manifest holds the name of the old Redis as a word: it may be its host. Accept each place that is something else by name."""
    for _, client in _moving(subject):
        for user in users(subject.environment, client):
            if user.strength == "possible":
                hint = f"{user.hint}; accept it for {user.object} where it is not this Redis"
                yield Complaint(user.message, hint, user.path, on=(user.object,))


def unscanned(subject: Subject) -> Iterator[Complaint]:
    """At decommission the evidence holds a scan of the application repository, taken at validate, with no certain use."""
    for path, client in _moving(subject):
        migration = client.migration
        if migration is not None and migration.step == "decommission" and not _clears(migration.scan, client):
            message = f"{client.name} is at decommission without a scan of the application repository that found no certain use"
            hint = "go back to validate; rediskit check --owner DIR and rediskit migrate export write the scan"
            yield Complaint(message, hint, (*path, "migration", "step"))


def _clears(scan: Evidence | None, client: Client) -> bool:
    """Return whether a scan found no certain use of what this client removes."""
    about = client.previous.described if client.previous else None
    return scan is not None and scan.value == "0" and scan.about in (None, about)


def gone(subject: Subject) -> Iterator[Complaint]:
    """A client that is rolled back has its old Redis: no other client has removed it."""
    for path, client in _moving(subject):
        other = gone_by(subject.environment, client)
        if other is not None and client.migration is not None and client.migration.step == "rolled-back":
            host = client.previous.host if client.previous else ""
            hint = f"take {other.name} back from decommission, or move {client.name} to reconfigure"
            yield Complaint(f"{client.name} is rolled back to {host}, which {other.name} has removed", hint, (*path, "migration", "step"))


def previous_is_shared(subject: Subject) -> Iterator[Complaint]:
    """The old Redis of a client is not the shared one: decommissioning it would remove what all clients use."""
    release, network = subject.release, subject.environment.network
    names = (*release.services, release.external_service)
    services = tuple((name, release.namespace) for name in names)
    shared = Address(services, addresses=(network.address,) if network else ())
    for index, client in enumerate(subject.environment.clients):
        previous = of_client(client)
        if client.previous is not None and previous is not None and parse(client.previous.host, client.namespace).same(shared):
            message = f"{client.previous.host} is the shared Redis itself: there is nothing to move {client.name} from"
            hint = "write the Redis that the application used before, or leave previous and migration out: the client gets its Secret"
            yield Complaint(message, hint, ("clients", index, "previous", "host"))


def _moving(subject: Subject) -> Iterator[tuple[Path, Client]]:
    for index, client in enumerate(subject.environment.clients):
        if client.migration is not None and client.previous is not None:
            yield ("clients", index), client
