"""Checks of the old Redis of a client: remaining uses, the scan, its existence, and its identity."""

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.checks.finding import Issue, Severity, Subject
from rediskit.errors import Path
from rediskit.model.client import Client
from rediskit.model.network import Network
from rediskit.state_machine.scans import unfit
from rediskit.usage.address import Address, parse
from rediskit.usage.clients import gone_by, users


def in_use(subject: Subject) -> Iterator[Issue]:
    """Refuse the removal of an old Redis that another client or a manifest certainly uses.

    Before `decommission` the finding is a warning. The error can't be accepted.
    """
    for _, client in _migrating(subject):
        severity: Severity = "error" if client.is_decommissioned else "warning"
        for user in users(subject.environment, client):
            if user.strength == "certain":
                yield Issue(user.message, user.hint, user.path, severity)


def possibly_in_use(subject: Subject) -> Iterator[Issue]:
    """Warn about a manifest that contains the name of the old Redis as a word. Accept each one that is not the host of this Redis."""
    for _, client in _migrating(subject):
        for user in users(subject.environment, client):
            if user.strength == "possible":
                hint = f"{user.hint}; accept it for {user.object} where it is not this Redis"
                yield Issue(user.message, hint, user.path, on=(user.object,))


def missing_scan(subject: Subject) -> Iterator[Issue]:
    """At `decommission`, require evidence of a scan of the application repository without a certain use of the old Redis."""
    for path, client in _migrating(subject):
        migration = client.migration
        scan = migration.scan if migration else None
        clears = scan is not None and scan.value == "0" and not unfit(client, scan)
        if migration is not None and migration.step == "decommission" and not clears:
            message = f"{client.name} is at decommission, but the evidence has no scan of the application repository without a certain use"
            hint = "go back to validate; rediskit check --owner DIR, migrate export and migrate scan --record write the scan"
            yield Issue(message, hint, (*path, "migration", "step"))


def gone(subject: Subject) -> Iterator[Issue]:
    """Require that the old Redis of a client that is rolled back still exists."""
    for path, client in _migrating(subject):
        other = gone_by(subject.environment, client)
        if other is not None and client.migration is not None and client.migration.step == "rolled-back":
            host = client.previous.host if client.previous else ""
            hint = f"move {other.name} back from decommission, or move {client.name} to reconfigure"
            yield Issue(f"{client.name} is rolled back to {host}, which {other.name} has removed", hint, (*path, "migration", "step"))


def previous_shared(subject: Subject) -> Iterator[Issue]:
    """Refuse the shared Redis as the old Redis of a client: decommissioning would remove the Redis of all clients."""
    shared = shared_address(subject.release, subject.environment.network)
    for index, client in enumerate(subject.environment.clients):
        if client.previous is not None and parse(client.previous.host, client.namespace).same(shared):
            message = f"{client.previous.host} is the shared Redis itself: {client.name} already uses it"
            hint = "set the Redis that the application used before, or remove previous and migration: the client still gets its Secret"
            yield Issue(message, hint, ("clients", index, "previous", "host"))


def shared_address(release: Release, network: Network | None) -> Address:
    """Return the address of the shared Redis: its Services, and its address in the private network."""
    services = tuple((name, release.namespace) for name in (*release.services, release.external_service))
    return Address(services, addresses=(network.address,) if network else (), ports=(release.port,))


def _migrating(subject: Subject) -> Iterator[tuple[Path, Client]]:
    for index, client in enumerate(subject.environment.clients):
        if client.migration is not None and client.previous is not None:
            yield ("clients", index), client
