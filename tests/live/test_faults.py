"""What the pages promise about a Redis with a fault, and about its symptoms."""

from __future__ import annotations

import json
import re
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from rediskit.migrate.leftover import keys_in
from rediskit.model.client import Client
from tests.cluster.processes import FailedError, until
from tests.live.conftest import Start
from tests.live.lab import Lab
from tests.live.resp import Connection, RedisError

PAIRS = (("7.0", "cloudpirates"), ("8.2", "bitnami"))
"""Versions of Redis and charts."""
NAMES = ("plain", "with space", "with \"quotes'", "celery\x06\x163", "größe", "-n 6", "a\\nb", "$(date)", *map(str, range(1200)))
"""Keys whose names a shell could change, and more of them than xargs passes to a command."""
NEEDS_TRAFFIC = 60
"""Seconds of traffic after which every panel has data."""


@pytest.mark.parametrize(("version", "profile"), PAIRS)
def test_a_full_disk_refuses_writes_restarts_nothing_and_loses_nothing(start: Start, version: str, profile: str) -> None:
    lab = start("full-disk-recovers", version=version, profile=profile, monitoring=False)
    lab.wait_for_replicas()
    server = lab.primary.containers["redis"]
    with lab.writing() as writer:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        lab.mark("disk full")
        until("refused writes", lambda: writer.errors().get("MISCONF", 0) > 5 or None, 30)
        assert server.passes("livenessProbe"), "a restart does not make the disk larger"
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
        lab.mark("space again")
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
    assert server.restarts == 0


@pytest.mark.parametrize(("version", "profile"), PAIRS)
def test_without_a_free_connection_those_that_are_open_go_on_and_nothing_restarts(start: Start, version: str, profile: str) -> None:
    lab = start("maxclients", version=version, profile=profile, monitoring=False)
    lab.wait_for_replicas()
    server = lab.primary.containers["redis"]
    with lab.writing(limit=10) as writer, ExitStack() as held:
        lab.redis(lab.primary, "CONFIG", "SET", "maxclients", 40)
        address = lab.primary.address, lab.primary.port("redis")
        for _ in range(60):
            held.enter_context(socket.create_connection(address, 2))
        lab.mark("no free connection")
        with pytest.raises((RedisError, OSError)):
            lab.redis(lab.primary, "PING")
        alive = all(server.passes("livenessProbe") for _ in range(10))
        assert alive == bool(lab.release.profile.probes.liveness), "a restart would end the connections that work"
        writer.wait_for_more(200)
        assert writer.errors() == {}
    until("a free connection", lambda: _answers(lab), 10)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
    assert server.restarts == 0


@pytest.mark.parametrize(("version", "profile"), PAIRS)
def test_reads_go_on_at_the_replicas_while_the_primary_is_away(start: Start, version: str, profile: str) -> None:
    """SC-002: through the Service of the replicas; a client of the primary's Service alone can do nothing."""
    lab = start("reads-without-primary", version=version, profile=profile, monitoring=False)
    lab.wait_for_replicas()
    with lab.writing() as writer:
        writer.wait_for_more(100)
    numbers = writer.acknowledged()
    until("the replica has them", lambda: lab.redis(lab.replica, "GET", f"live:{numbers[-1]}") or None, 10)
    lab.lose_node(lab.primary)
    host, port = lab.service(lab.release.replicas_service)
    for _ in range(20):
        with Connection(host, port, lab.password) as reader:
            assert reader.call("GET", f"live:{numbers[0]}") == str(numbers[0])
    with pytest.raises(OSError):  # noqa: PT011  (how a connection fails is the system's affair)
        Connection(*lab.service(), lab.password)
    assert lab.release.replicas_host in lab.tree.files["docs/connection.md"].decode()


@pytest.mark.parametrize(("version", "profile"), PAIRS)
def test_the_commands_of_the_connection_page_answer(start: Start, version: str, profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = start("connection", version=version, profile=profile, monitoring=False)
    shell = lab.shell()
    empty, *pings = lab.page("connection")
    printed = [shell.run(block) for block in pings]
    assert [text.strip() for text in printed] == ["PONG", "PONG"], "from a pod, and from outside"
    _fill(lab, 5, 6)
    monkeypatch.setenv("KUBECTL", str(lab.bin / "kubectl"))
    client = Client.model_validate({"name": "shop", "namespace": "shop", "databases": {"a": 4, "b": 5, "c": 6}})
    assert keys_in(lab.environment, client, "") == {5: len(NAMES), 6: len(NAMES)}
    with pytest.raises(FailedError):
        shell.run(empty)
    assert _keys(lab) == {5: len(NAMES), 6: len(NAMES)}, "without a number, nothing is deleted"
    printed.append(shell.run(empty.code.replace("NUMBER=", "NUMBER=5")))
    assert _keys(lab) == {6: len(NAMES)}
    assert lab.password not in "".join(printed)


@pytest.mark.parametrize(("version", "profile"), PAIRS)
def test_every_panel_has_data(start: Start, version: str, profile: str) -> None:
    lab = start("panels", version=version, profile=profile)
    lab.wait_for_replicas()
    with lab.writing(), lab.connect(lab.primary) as client:
        end = time.monotonic() + NEEDS_TRAFFIC
        while time.monotonic() < end and (missing := _empty_panels(lab)):
            for number in range(50):
                client.call("SET", f"panel:{number}", "x", "PX", 200)
                client.call("GET", f"panel:{number}")
                client.call("GET", "nothing")
            with suppress(RedisError):
                client.call("HGET", "panel:0", "field")
            time.sleep(0.5)
    lab.record()
    assert len({title for title, _ in _panels(lab)}) > 10
    assert not missing, missing


def _fill(lab: Lab, *numbers: int) -> None:
    """Set the keys of NAMES in databases."""
    with lab.connect(lab.primary) as client:
        for number in numbers:
            client.call("SELECT", number)
            for name in NAMES:
                client.call("SET", name, "x")


def _keys(lab: Lab) -> dict[int, int]:
    """Return the number of keys by database, without database 0."""
    sizes = re.findall(r"^db([1-9]):keys=(\d+)", lab.redis(lab.primary, "INFO", "keyspace"), re.MULTILINE)
    return {int(number): int(size) for number, size in sizes}


def _answers(lab: Lab) -> bool | None:
    with suppress(OSError, RedisError):
        return bool(lab.redis(lab.primary, "PING"))
    return None


def _empty_panels(lab: Lab) -> list[str]:
    """Return the queries of the dashboard without a series."""
    return [f"{title}: {expr}" for title, expr in _panels(lab) if not lab.prometheus.query(expr)]


def _panels(lab: Lab) -> Iterator[tuple[str, str]]:
    (content,) = (
        content for content in lab.tree.objects.values() if content["kind"] == "ConfigMap" and "dashboard" in content["metadata"]["name"]
    )
    (text,) = content["data"].values()
    dashboard: dict[str, Any] = json.loads(text)
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            expr = target["expr"].replace("$__rate_interval", "1m").replace("$__range", "5m").replace("$__interval", "15s")
            yield panel["title"], re.sub(r'=~"\$\w+"', '=~".*"', expr)
