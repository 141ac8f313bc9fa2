"""Connections of clients: the address of a pod has another form in Redis than in Kubernetes, and a pod can have several."""

from __future__ import annotations

import pytest

from rediskit.live import connections
from tests.samples import environment_of
from tests.verify import answers

ENVIRONMENT = environment_of()
WORKLOAD = ENVIRONMENT.clients[0].workloads[0]


def status(monkeypatch: pytest.MonkeyPatch, source: str, *addresses: str, log: str = "") -> tuple[str, str]:
    """Return status and detail of the container of a pod with these addresses, while Redis has a connection from `source`."""
    pod = answers.pod("beersystem-backend-7d9f8b6c5d-x2k4p", WORKLOAD.pod_labels, "backend", started="2026-03-01T00:00:00Z")
    pod["status"] |= {"podIP": addresses[0], "podIPs": [{"ip": address} for address in addresses]}
    listed = f"id=3 addr={source}:50000 laddr={source}:6379 flags=N db=0 cmd=get tot-cmds=9\n"
    replies = {"CLIENT": listed, "INFO": "# Errorstats\n", "ACL": log}
    monkeypatch.setattr(connections, "OBSERVATION", 0.0)
    monkeypatch.setattr(connections, "redis_cli", lambda _, __, command, ___: replies[command[2]])
    monkeypatch.setattr("rediskit.live.kubectl.list_objects", answers.listing(pod))
    (result,) = (each for each in connections.client_results(ENVIRONMENT, ENVIRONMENT.clients, "") if each.id == "client-connection")
    return result.status, result.detail


@pytest.mark.parametrize(
    ("source", "addresses"),
    [
        ("10.42.0.9", ("10.42.0.9",)),
        ("[fd00:10:42::9]", ("fd00:10:42::9",)),
        ("[fd00:10:42::9]", ("fd00:10:42:0:0:0:0:9",)),
        ("[fd00:10:42::9]", ("10.42.0.9", "fd00:10:42::9")),
        ("10.42.0.9", ("fd00:10:42::9", "10.42.0.9")),
    ],
)
def test_a_connection_from_any_address_of_a_pod_is_its_own(
    monkeypatch: pytest.MonkeyPatch, source: str, addresses: tuple[str, ...]
) -> None:
    assert status(monkeypatch, source, *addresses)[0] == "passed"


def test_a_connection_of_another_pod_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    result, detail = status(monkeypatch, "[fd00:10:42::8]", "10.42.0.9", "fd00:10:42::9")
    assert (result, "no authenticated connection of 10.42.0.9 or fd00:10:42::9" in detail) == ("failed", True)


def test_a_login_that_is_refused_is_assigned_to_the_pod_with_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    log = "count\n2\nreason\nauth\nage-seconds\n3.1\nclient-info\nid=3 addr=[fd00:10:42::9]:5 laddr=[fd00::1]:6379\n"
    result, detail = status(monkeypatch, "[fd00:10:42::9]", "10.42.0.9", "fd00:10:42::9", log=log)
    assert (result, "2 logins of 10.42.0.9 or fd00:10:42::9 refused" in detail) == ("failed", True)
