"""`--disruptive`: no pod is deleted before every replica has the marker key."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from rediskit.live import disruption
from rediskit.live.checks import Result
from tests.samples import environment_of

PRIMARY = "role:master\nconnected_slaves:1\n"


class Redis:
    """The pods of a release. acknowledged: the answer of WAIT; link: that of the replica after its restart."""

    def __init__(self, acknowledged: str = "1", link: str = "up") -> None:
        self.acknowledged, self.link = acknowledged, link
        self.deleted: list[str] = []
        self.commands: list[str] = []

    def redis_cli(self, _: str, pod: str, arguments: Sequence[str], __: str, *, script: str) -> str:
        words = arguments[2:] or ["SET"]
        self.commands.append(script if words == ["SET"] else " ".join(words))
        replica = f"role:slave\nmaster_link_status:{self.link}\n"
        answers = {"SET": f"OK\n{self.acknowledged}\n", "GET": "survives", "INFO": replica if "replicas" in pod else PRIMARY, "DEL": "1"}
        return answers[words[0]]

    def delete(self, _: str, pod: str, *__: str) -> None:
        self.deleted.append(pod)

    def results(self, monkeypatch: pytest.MonkeyPatch) -> list[Result]:
        for name, function in {
            "redis_cli": self.redis_cli, "_ready": lambda *_: True, "_identity": lambda *_: "0c8a", "_LINKED": 0.0, "_SYNC": 0.0,
        }.items():  # fmt: skip
            monkeypatch.setattr(disruption, name, function)
        monkeypatch.setattr("rediskit.live.kubectl.delete", self.delete)
        return list(disruption.disrupt(environment_of(), ""))


def test_both_pods_restart_while_the_replica_has_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    redis = Redis()
    assert {result.status for result in redis.results(monkeypatch)} == {"passed"}
    assert redis.deleted == ["redis-shared-replicas-0", "redis-shared-master-0"]


@pytest.mark.parametrize("acknowledged", ["0", "", "ERR unknown command"])
def test_nothing_restarts_without_the_acknowledgement_of_each_replica(monkeypatch: pytest.MonkeyPatch, acknowledged: str) -> None:
    redis = Redis(acknowledged)
    (result,) = redis.results(monkeypatch)
    assert (result.id, result.status, redis.deleted) == ("data-survives", "unknown", [])
    assert "0 of 1 replicas acknowledged the marker key: nothing is restarted" in result.detail


def test_the_primary_does_not_restart_while_the_replica_is_not_connected_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    redis = Redis(link="down")
    listed = redis.results(monkeypatch)
    assert redis.deleted == ["redis-shared-replicas-0"]
    assert [(result.id, result.status) for result in listed] == [("reads-without-replica", "passed"), ("roles-return", "failed")]


@pytest.mark.parametrize("interrupted", [False, True])
def test_the_key_has_a_lifetime_and_is_deleted(monkeypatch: pytest.MonkeyPatch, interrupted: bool) -> None:
    redis = Redis()
    if interrupted:

        def delete(*_: str) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(redis, "delete", delete)
        with pytest.raises(KeyboardInterrupt):
            redis.results(monkeypatch)
    else:
        redis.results(monkeypatch)
    assert " EX 900" in redis.commands[0]
    assert redis.commands[-1].startswith("DEL rediskit:verify:")


def test_the_key_is_written_and_awaited_on_one_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """WAIT counts the replicas that have the writes of its own connection."""
    redis = Redis()
    redis.results(monkeypatch)
    program = tmp_path / "redis-cli"
    program.write_text('#!/bin/sh\nprintf "%s " "$REDISCLI_AUTH" "$@"\ncat\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "REDIS_PASSWORD": "word"}
    command = ["sh", "-c", redis.commands[0], "sh", "-p", "6379"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("word -p 6379 SET rediskit:verify:")
    assert second == "WAIT 1 1000"
