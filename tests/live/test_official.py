"""The charts with official images on real servers: what they start with, the password, disabled commands, probes and replication."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.processes import FailedError, until
from tests.live.official import ENGINES, PORT, Engine, Pod, Release, readable
from tests.live.resp import Connection, RedisError

PASSWORD = "A1b2" * 8
NEW = "Z9y8" * 8
VALKEY = ENGINES[-1]
Make = Callable[..., Release]


@pytest.fixture
def release(tmp_path: Path) -> Iterator[Make]:
    releases: list[Release] = []

    def start(engine: Engine, password: str = PASSWORD, replicas: int = 0, **redis: Any) -> Release:
        releases.append(Release(tmp_path, engine, password, {"redis": {"replicas": replicas, **redis}}))
        for pod in releases[-1].pods:
            pod.initialize()
            pod.start()
        return releases[-1]

    yield start
    for started in releases:
        started.stop()


def refused(pod: Pod, password: str = "") -> str:
    """Return the error of a PING without the right password."""
    with Connection(pod.address, PORT) as connection, pytest.raises(RedisError) as error:
        connection.call(*(["AUTH", password] if password else ["PING"]))
    return str(error.value)


@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_the_rendered_configuration_starts_and_applies(release: Make, engine: Engine) -> None:
    pod = release(engine, disabledCommands=["FLUSHDB", "FLUSHALL", "DEBUG"], memory={"max": "300mb"}, databases=4).pods[0]
    names = ("maxmemory", "maxmemory-policy", "appendonly", "appendfsync", "save", "databases", "dir")
    actual = {name: pod.call("CONFIG", "GET", name)[1] for name in names}
    expected = {"maxmemory": str(300 * 2**20), "maxmemory-policy": "allkeys-lru", "appendonly": "yes", "appendfsync": "everysec"}
    assert actual == {**expected, "save": "", "databases": "4", "dir": str(pod.data)}
    for command in ("FLUSHDB", "FLUSHALL", "DEBUG"):
        with pytest.raises(RedisError, match="unknown command"):
            pod.call(command)
    assert pod.probe("livenessProbe") == (True, "")
    assert pod.probe("readinessProbe") == (True, "")


@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_the_password_is_required_and_in_one_file_of_the_volume(release: Make, engine: Engine) -> None:
    redis = release(engine)
    pod = redis.pods[0]
    assert refused(pod).startswith("NOAUTH")
    assert refused(pod, NEW).startswith("WRONGPASS")
    assert pod.shell(f"{redis.names.authenticated_client} -h localhost ping") == "PONG"
    holding = [name for name, text in readable(pod.data).items() if PASSWORD in text]
    assert len(holding) == 1, holding
    assert (pod.data / holding[0]).stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in redis.rendered.text
    assert PASSWORD not in pod.log.read_text() + (pod.folder / "server.log").read_text()
    assert pod.server is not None
    assert pod.server.process is not None
    assert PASSWORD not in Path(f"/proc/{pod.server.process.pid}/cmdline").read_text()


@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_a_restart_keeps_the_data_and_takes_the_new_password(release: Make, engine: Engine) -> None:
    redis = release(engine)
    pod = redis.pods[0]
    pod.call("SET", "key", "value")
    redis.password = NEW
    assert pod.call("GET", "key", password=PASSWORD) == "value"
    assert (pod.probe("livenessProbe"), pod.probe("readinessProbe")) == ((True, ""), (True, "")), "the Secret has changed, Redis not"
    pod.restart()
    assert pod.call("GET", "key") == "value"
    assert refused(pod, PASSWORD).startswith("WRONGPASS")
    assert (pod.probe("livenessProbe"), pod.probe("readinessProbe")) == ((True, ""), (True, ""))


@pytest.mark.parametrize("password", ["two words", 'quo"te', "back\\slash", ""])
@pytest.mark.parametrize("engine", [ENGINES[1], VALKEY], ids=str)
def test_a_password_with_other_characters_stops_the_pod_with_a_reason(release: Make, engine: Engine, password: str, tmp_path: Path) -> None:
    with pytest.raises(FailedError, match="letters and digits only") as error:
        release(engine, password)
    assert not password or password not in str(error.value)
    server = tmp_path / "redis-shared-0/server.log"
    assert not server.exists()


@pytest.mark.parametrize("engine", ENGINES, ids=str)
def test_probes_tell_a_busy_redis_from_a_broken_one(release: Make, engine: Engine) -> None:
    pod = release(engine).pods[0]
    pod.call("CONFIG", "SET", "maxclients", 2)
    held = [Connection(pod.address, PORT) for _ in range(2)]
    alive, ready = pod.probe("livenessProbe"), pod.probe("readinessProbe")
    for connection in held:
        connection.close()
    assert alive[0], "a restart frees no connection for long"
    assert not ready[0]
    assert "max number of clients reached" in ready[1]
    pod.call("ACL", "SETUSER", "default", f"<{PASSWORD}", f">{NEW}")
    lost = pod.probe("livenessProbe")
    assert not lost[0]
    assert "WRONGPASS" in lost[1] or "NOAUTH" in lost[1]
    pod.stop()
    assert not pod.probe("livenessProbe")[0]


def test_replicas_of_valkey_follow_the_primary_and_the_roles_can_be_swapped(release: Make) -> None:
    """With the password for replication on replicas alone, as the chart writes it, the old primary could not follow."""
    valkey = release(VALKEY, replicas=1)
    primary, replica = valkey.pods
    until("the replica", lambda: replica.info("master_link_status") == "up" or None, 30)
    primary.call("SET", "key", "value")
    until("the write", lambda: replica.call("GET", "key") == "value" or None, 30)
    with pytest.raises(RedisError, match="READONLY"):
        replica.call("SET", "key", "other")
    assert primary.shell(f"{valkey.names.authenticated_client} -h localhost FAILOVER TIMEOUT 20000") == "OK"
    until("the swap", lambda: replica.info("role") == "master" or None, 30)
    until("the old primary", lambda: primary.info("role") == "slave" or None, 30)
    until("its connection", lambda: primary.info("master_link_status") == "up" or None, 30)
    replica.call("SET", "key", "after")
    until("the write", lambda: primary.call("GET", "key") == "after" or None, 30)
