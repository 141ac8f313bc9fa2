"""What the rules about changes claim, on the real programs: redis-server with the rendered redis.conf, and Helm with the chart."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from rediskit.checks.changes import findings
from rediskit.checks.changes.settings import IN_THE_FILE
from rediskit.model.environment import Environment
from rediskit.model.redis import DISABLEABLE_COMMANDS
from rediskit.renderers.helm import merged_values
from rediskit.yamlio.writer import dump
from tests.checks.test_changes import CASES, UNREPORTED, Sections, environment, redis
from tests.cluster.processes import until
from tests.live.chart import chart, release_objects
from tests.live.resp import Connection, RedisError
from tests.live.server import KEYS, Make, Server

VERSIONS = ("7.0", "8.2")


def pair(server: Make, version: str, sections: Sections) -> tuple[Server, Server]:
    """Return a primary and its replica with 5,201 keys."""
    primary = server(version)
    replica = server(version, primary)
    primary.start(sections)
    replica.start(sections)
    primary.fill()
    until("the replica", lambda: replica("DBSIZE") == KEYS or None, 30)
    replica.rewritten()  # After a full resync, Redis 7.0 ignores SIGTERM until its first append-only file is complete.
    return primary, replica


def restart(pods: tuple[Server, ...], sections: Sections) -> list[int]:
    """All of them stop and start with another config; the number of keys of each once the replica follows."""
    for pod in pods:
        pod.stop()
    for pod in pods:
        pod.start(sections)
    for pod in pods:
        if pod.primary is not None:
            until("the replication", pod.follows, 60)
            pod.rewritten()
    return [int(pod("DBSIZE")) for pod in pods]


SAVED = redis(appendOnly=False, savePoints=["900 1"])
APPENDED = redis(appendOnly=True)
UNSAVED = redis(appendOnly=False)


@pytest.mark.parametrize("version", VERSIONS)
def test_append_only_on_loses_all_keys_on_primary_and_replica(server: Make, version: str) -> None:
    pods = pair(server, version, SAVED)
    both = redis(appendOnly=True, savePoints=["900 1"])
    assert restart(pods, both) == [0, 0]
    pods[0]("SET", "late", "x")
    assert restart(pods, SAVED) == [1, 1], "with save points taking it back brings nothing back: the stop wrote dump.rdb again"


@pytest.mark.parametrize("version", VERSIONS)
def test_append_only_on_in_the_safe_order_loses_nothing(server: Make, version: str) -> None:
    pods = pair(server, version, SAVED)
    for pod in pods:
        pod("CONFIG", "SET", "appendonly", "yes")
    for pod in pods:
        pod.rewritten()
    assert restart(pods, APPENDED) == [KEYS, KEYS]


@pytest.mark.parametrize("version", VERSIONS)
def test_append_only_off_loses_all_keys_on_primary_and_replica(server: Make, version: str) -> None:
    assert restart(pair(server, version, APPENDED), UNSAVED) == [0, 0]


@pytest.mark.parametrize("version", VERSIONS)
def test_append_only_off_in_the_safe_order_loses_nothing(server: Make, version: str) -> None:
    pods = pair(server, version, APPENDED)
    for pod in pods:
        pod("CONFIG", "SET", "save", "3600 1")
    pods[0]("SET", "late", "x")
    assert restart(pods, UNSAVED) == [KEYS + 1, KEYS + 1]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["appenddirname other", "appendfilename other.aof"])
def test_another_place_of_the_data_loses_all_keys_on_primary_and_replica(server: Make, name: str, version: str) -> None:
    moved = redis(values={"commonConfiguration": f'appendonly yes\nsave ""\n{name}'})
    assert restart(pair(server, version, APPENDED), moved) == [0, 0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("state", ["append-only file", "rewritten append-only file", "dump"])
def test_fewer_databases_stop_redis_or_move_keys_to_another_database(server: Make, state: str, version: str) -> None:
    sections = SAVED if state == "dump" else APPENDED
    redis_server = server(version)
    redis_server.start(sections)
    with Connection("127.0.0.1", redis_server.port) as connection:
        connection.call("SELECT", 12)
        connection.call("SET", "key", "value")
    if state.startswith("rewritten"):
        redis_server("BGREWRITEAOF")
        redis_server.rewritten()
    redis_server.stop()
    redis_server.start({**sections, "redis": {**sections.get("redis", {}), "databases": 8}})
    assert redis_server.ended == (state != "append-only file")
    if not redis_server.ended:
        assert redis_server("DBSIZE") == 1, "the SELECT of the file fails, and the key is in database 0"


@pytest.mark.parametrize("version", VERSIONS)
def test_without_save_points_a_restart_loses_what_came_after_the_last_dump(server: Make, version: str) -> None:
    redis_server = server(version)
    redis_server.start(SAVED)
    redis_server.fill()
    assert restart((redis_server,), UNSAVED) == [KEYS]
    redis_server("SET", "late", "x")
    assert restart((redis_server,), UNSAVED) == [KEYS]


CALLS: dict[str, tuple[str, ...]] = {
    "FLUSHALL": ("FLUSHALL",),
    "FLUSHDB": ("FLUSHDB",),
    "SWAPDB": ("SWAPDB", "0", "1"),
    "SORT": ("SORT", "list", "STORE", "sorted"),
    "RESTORE": ("RESTORE", "restored", "0", ""),
    "FUNCTION": (
        "FUNCTION",
        "LOAD",
        "#!lua name=lib\nredis.register_function('f', function() return redis.call('SET', 'by-function', '1') end)",
    ),
    "FCALL": ("FCALL", "f", "0"),
    "EVAL": ("EVAL", "return redis.call('SET', 'by-script', '1')", "0"),
    "EVALSHA": ("EVALSHA", "", "0"),
    "SCRIPT": ("SCRIPT", "LOAD", "return 1"),
    "SCAN": ("SCAN", "0"),
    "KEYS": ("KEYS", "*"),
    "CONFIG": ("CONFIG", "SET", "maxmemory-samples", "6"),
    "ACL": ("ACL", "SETUSER", "someone"),
    "OBJECT": ("OBJECT", "ENCODING", "list"),
    "BGREWRITEAOF": ("BGREWRITEAOF",),
}


def called(redis_server: Server, name: str) -> None:
    """Call a command so that it changes something, where it can."""
    redis_server("RPUSH", "list", "2", "1")
    with Connection("127.0.0.1", redis_server.port, seconds=10) as connection:
        call = list(CALLS[name])
        if name == "EVALSHA":
            call[1] = connection.call("SCRIPT", "LOAD", "return redis.call('SET', 'by-sha', '1')")
        if name == "FCALL":
            connection.call(*CALLS["FUNCTION"])
        if name != "RESTORE":
            connection.call(*call)
    if name == "RESTORE":
        restored(redis_server)


def restored(redis_server: Server) -> None:
    """RESTORE of a DUMP: bytes, which the client of the tests does not have."""
    with socket.create_connection(("127.0.0.1", redis_server.port), 10) as link:
        link.sendall(b"*2\r\n$4\r\nDUMP\r\n$4\r\nlist\r\n")
        answer = link.recv(65536)
        dumped = answer[answer.index(b"\r\n") + 2 : -2]
        link.sendall(b"*4\r\n$7\r\nRESTORE\r\n$8\r\nrestored\r\n$1\r\n0\r\n$%d\r\n%s\r\n" % (len(dumped), dumped))
        assert link.recv(100) == b"+OK\r\n"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CALLS)
def test_redis_starts_without_a_command_unless_its_file_contains_it(server: Make, name: str, version: str) -> None:
    assert name in DISABLEABLE_COMMANDS
    redis_server = server(version)
    redis_server.start(redis(disabledCommands=[]))
    called(redis_server, name)
    redis_server.stop()
    redis_server.start(redis(disabledCommands=[name]))
    assert redis_server.ended == (name in IN_THE_FILE)
    if redis_server.ended:
        assert f"Unknown command '{name}' reading the append only file" in redis_server.log.read_text()
        reported = findings(environment(redis(disabledCommands=[])), environment(redis(disabledCommands=[name])))
        assert "command-disabled" in {finding.code for finding in reported}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", sorted(IN_THE_FILE))
def test_after_a_rewrite_redis_starts_without_the_command(server: Make, name: str, version: str) -> None:
    redis_server = server(version)
    redis_server.start(redis(disabledCommands=[]))
    called(redis_server, name)
    redis_server("BGREWRITEAOF")
    redis_server.rewritten()
    redis_server.stop()
    redis_server.start(redis(disabledCommands=[name]))
    assert not redis_server.ended


@pytest.mark.parametrize("sections", [APPENDED, SAVED], ids=["append-only file", "dump"])
def test_an_older_redis_does_not_start_with_the_files_of_a_newer_one(server: Make, sections: Sections) -> None:
    redis_server = server("8.2")
    redis_server.start(sections)
    redis_server.fill(10)
    if sections is APPENDED:
        redis_server("BGREWRITEAOF")
        redis_server.rewritten()
    redis_server.stop()
    redis_server.start(sections, version="7.0")
    assert redis_server.ended
    assert "Can't handle RDB format version" in redis_server.log.read_text()


def test_a_newer_redis_reads_the_files_of_an_older_one_and_an_older_one_not_those_of_a_newer(server: Make) -> None:
    redis_server = server("7.0")
    redis_server.start(SAVED)
    redis_server.fill(10)
    redis_server.stop()
    redis_server.start(SAVED, version="8.2")
    assert redis_server("DBSIZE") == 10
    redis_server("SET", "late", "x")
    redis_server.stop()
    redis_server.start(SAVED, version="7.0")
    assert redis_server.ended


def limited(size: str, policy: str) -> Sections:
    return redis(memory={"max": size, "policy": policy})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_lower_limit_evicts_keys(server: Make, version: str) -> None:
    redis_server = server(version)
    redis_server.start(limited("64mb", "allkeys-lru"))
    redis_server.fill(KEYS, 2000)
    redis_server.stop()
    redis_server.start(limited("5mb", "allkeys-lru"))
    redis_server("SET", "late", "x")
    until("evictions", lambda: int(redis_server.info("evicted_keys")) > 1000 or None, 30)
    assert int(redis_server("DBSIZE")) < KEYS


@pytest.mark.parametrize("version", VERSIONS)
def test_a_policy_decides_whether_keys_or_writes_are_lost(server: Make, version: str) -> None:
    for policy in ("noeviction", "volatile-ttl"):
        redis_server = server(version)
        redis_server.start(limited("5mb", policy))
        with pytest.raises(RedisError, match="OOM command not allowed"):
            redis_server.fill(KEYS, 2000)
        kept = int(redis_server("DBSIZE"))
        redis_server.stop()
        redis_server.start(limited("5mb", policy))
        assert redis_server("DBSIZE") == kept
        redis_server.stop()
        redis_server.start(limited("5mb", "allkeys-lru"))
        redis_server.fill(KEYS, 2000)
        assert int(redis_server.info("evicted_keys")) > 0


IMMUTABLE = ("podManagementPolicy", "selector", "serviceName", "volumeClaimTemplates")
"""What the API server lets nobody change in a StatefulSet (kubernetes pkg/apis/apps/validation ValidateStatefulSetUpdate)."""
RENAMES = {"chart-replaced", "pod-management", "release-renamed", "topology-changed", "volume-template"}
"""The rules of which one has to fire where an immutable field differs, or a StatefulSet goes."""


def fixed(described: Environment, folder: Path) -> dict[str, Any]:
    """Return the immutable fields of each StatefulSet, as Helm renders it, by namespace and name."""
    values = folder / "values.yaml"
    values.write_text(dump(merged_values(described)), encoding="utf-8")
    release = described.redis
    objects = release_objects(release.release, release.namespace, values, release.chart.profile)
    sets = [content for content in objects if content["kind"] == "StatefulSet"]
    # A chart can leave out the namespace: Helm creates the object in that of the release.
    return {
        f"{content['metadata'].get('namespace', release.namespace)}/{content['metadata']['name']}": {
            field: content["spec"].get(field) for field in IMMUTABLE
        }
        for content in sets
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [*((old, new) for _, _, old, new in CASES), *UNREPORTED.values()],
    ids=[*(f"{code}-{on[:40]}" for code, on, _, _ in CASES), *UNREPORTED],
)
def test_an_immutable_field_changes_exactly_when_a_rule_reports_it(old: Sections, new: Sections, tmp_path: Path) -> None:
    profile = environment(new).redis.chart.profile
    if not chart(profile).name.endswith(".tgz") and "values" in new.get("redis", {}):
        pytest.fail("the chart of tests/cluster takes few values: set REDISKIT_CHARTS to the folder with the real one", pytrace=False)
    before, after = fixed(environment(old), tmp_path), fixed(environment(new), tmp_path)
    codes = {finding.code for finding in findings(environment(old), environment(new))}
    assert (before != after) == bool(codes & RENAMES), (before, after)
