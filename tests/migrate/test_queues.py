"""The tasks in the old Redis, on a real redis-server with the keys that Celery, RQ, Sidekiq and BullMQ write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rediskit.errors import MissingToolError
from rediskit.live.kubectl import REDIS_CLI
from rediskit.migrate.queues import left_in, refuse_tasks
from rediskit.model.client import Client
from rediskit.tools import Command, run
from tests.cluster.processes import free_port, until
from tests.live.resp import Connection
from tests.samples import environment_of

PASSWORD = "a-password-of-the-test"
QUEUES: dict[str, tuple[list[tuple[str | int, ...]], dict[str, int]]] = {
    "celery": (
        [
            ("LPUSH", "celery", "a", "b"),
            ("LPUSH", "celery\x06\x169", "c"),
            ("HSET", "unacked", "1", "d"),
            ("ZADD", "unacked_index", 1, "1"),
            ("SADD", "_kombu.binding.celery", "x"),
            ("SET", "celery-task-meta-1", "x"),
            ("LPUSH", "1a.reply.celery.pidbox", "x"),
        ],
        {"celery": 2, "celery\x06\x169": 1, "unacked": 1},
    ),
    "rq": (
        [
            ("RPUSH", "rq:queue:default", "1"),
            ("ZADD", "rq:scheduled:default", 1, "2"),
            ("ZADD", "rq:finished:default", 1, "3"),
            ("XADD", "rq:results:3", "*", "value", "x"),
            ("HSET", "rq:job:1", "status", "queued"),
        ],
        {"rq:queue:default": 1, "rq:scheduled:default": 1},
    ),
    "sidekiq": (
        [("LPUSH", "queue:default", "1"), ("ZADD", "schedule", 1, "2"), ("ZADD", "retry", 1, "3"), ("SADD", "queues", "default")],
        {"queue:default": 1, "retry": 1, "schedule": 1},
    ),
    "bullmq": (
        [
            ("LPUSH", "bull:mail:wait", "1", "2"),
            ("ZADD", "bull:mail:delayed", 1, "3"),
            ("ZADD", "bull:mail:completed", 1, "4"),
            ("XADD", "bull:mail:events", "*", "event", "completed"),
            ("HSET", "bull:mail:1", "name", "x"),
        ],
        {"bull:mail:delayed": 1, "bull:mail:wait": 2},
    ),
    "a queue of no known framework": ([("XADD", "orders", "*", "id", "1"), ("HSET", "profile", "name", "x")], {"orders": 1}),
}


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Return the port of a Redis with a password."""
    chosen = free_port()
    command = [str(Path(sys.executable).with_name("redis-server")), "--port", str(chosen), "--save", "", "--requirepass", PASSWORD]
    server = subprocess.Popen([*command, "--dir", str(tmp_path), "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL)
    try:
        until("Redis", lambda: answers(chosen), 30, 0.05)
        yield chosen
    finally:
        server.kill()
        server.wait()


def answers(port: int) -> bool | None:
    try:
        with Connection("127.0.0.1", port, PASSWORD):
            return True
    except OSError:
        return None


def redis_cli(arguments: Sequence[str], **variables: str) -> str:
    """Run redis-cli as in a pod of the old Redis."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return run(Command(Path("/bin/sh"), ["-c", REDIS_CLI, "sh", *arguments], environment={"PATH": path, **variables})).stdout.decode()


def queue_client(port: int) -> Client:
    over = {
        "redis": {"memory": {"policy": "noeviction"}},
        "clients": {0: {"use": ["queue"], "previous": {"host": "localhost", "port": port}}},
    }
    return environment_of("deploy", over=over).clients[0]


@pytest.mark.parametrize("name", QUEUES)
def test_tasks_are_counted_in_every_database_and_finished_jobs_are_not(name: str, port: int) -> None:
    commands, expected = QUEUES[name]
    with Connection("127.0.0.1", port, PASSWORD) as connection:
        for database in (0, 3):
            connection.call("SELECT", database)
            for command in commands:
                connection.call(*command)
    left = left_in(queue_client(port), lambda arguments: redis_cli(arguments, REDIS_PASSWORD=PASSWORD))
    assert left.lengths == tuple((database, key, length) for database in (0, 3) for key, length in sorted(expected.items()))
    assert left.total == 2 * sum(expected.values())
    assert left.keys == 2 * len(commands)


def test_an_empty_redis_has_no_tasks(port: int, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD, encoding="utf-8")
    left = left_in(queue_client(port), lambda arguments: redis_cli(arguments, REDIS_PASSWORD_FILE=str(file)))
    assert (left.lengths, left.keys) == ((), 0)


@pytest.mark.parametrize("variables", [{}, {"REDIS_PASSWORD": "wrong"}])
def test_a_redis_that_rejects_the_password_is_not_an_empty_one(variables: dict[str, str], port: int) -> None:
    with pytest.raises(MissingToolError, match=r"NOAUTH|WRONGPASS") as refused:
        left_in(queue_client(port), lambda arguments: redis_cli(arguments, **variables))
    assert "record it with --drained --observed TEXT" in refused.value.problems[0].hint


def test_a_redis_without_scripts_is_not_an_empty_one(port: int) -> None:
    answers = iter(["# Keyspace\ndb0:keys=1,expires=0,avg_ttl=0\n", "ERR unknown command `EVAL`, with args beginning with:\n"])
    with pytest.raises(MissingToolError, match="unknown command `EVAL`"):
        left_in(queue_client(port), lambda _: next(answers))


def test_the_refusal_names_keys_delayed_jobs_and_both_ways_to_continue(port: int) -> None:
    with Connection("127.0.0.1", port, PASSWORD) as connection:
        connection.call("LPUSH", "celery\x06\x169", "a", "b")
        connection.call("HSET", "unacked", "1", "d")
    client = queue_client(port)
    (problem,) = refuse_tasks(client, left_in(client, lambda arguments: redis_cli(arguments, REDIS_PASSWORD=PASSWORD))).problems
    assert problem.message == ("beersystem: 3 tasks are left in the old Redis: celery\\x06\\x169 2 (database 0), unacked 1 (database 0)")
    assert problem.hint == (
        "delayed, failed and retried jobs are among them, which the workers do not empty: roll back and let the workers "
        "finish, or add --discard REASON: these tasks are lost"
    )
