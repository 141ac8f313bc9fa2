"""Queues: the eviction policy under cache writes, and the gate `drained` with a real worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.live.chart import program
from tests.live.server import Make, Server
from tests.samples import loaded

TASKS, DONE, CACHE_WRITES = 100, 60, 6000
CONFIG = "chocolandia.yaml"
KUBECTL = """#!/bin/sh
echo "$@" | head -n 1 >> "$0.calls"
case "$*" in *kube-system*) echo '{"metadata": {"uid": "0c8a7f1e"}}'; exit;; esac
[ "$1" != get ] || exec cat "$0.pods"
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""
"""Runs the command of `kubectl exec` here instead of in a pod, lists the pods of a file, and shows a cluster."""
WORKER = {
    "kind": "Pod",
    "metadata": {
        "name": "beersystem-backend-5d8c-x2k7p",
        "labels": {"pod-template-hash": "5d8c"},
        "ownerReferences": [{"kind": "ReplicaSet", "name": "beersystem-backend-5d8c"}],
        "deletionTimestamp": "2026-03-01T02:00:30Z",
    },
    "status": {"phase": "Running"},
}
"""A pod that terminates: the Deployment has 0 replicas."""
HOST = "redis.beersystem.svc.cluster.local"
REDIS_CLI = """#!/bin/sh
for word; do
  shift
  [ "$word" != {host} ] || word=localhost
  set -- "$@" "$word"
done
exec '{program}' "$@"
"""
"""Connects to this machine for the name that resolves only in the pod."""


def memory(policy: str) -> dict[str, Any]:
    return {"redis": {"memory": {"max": "3mb", "policy": policy}}}


@pytest.mark.parametrize(("policy", "left"), [("volatile-lru", 3), ("allkeys-lru", 0)])
@pytest.mark.parametrize("version", ["7.0", "8.2"])
def test_volatile_lru_keeps_a_queue_that_allkeys_lru_evicts(version: str, policy: str, left: int, server: Make) -> None:
    redis = server(version)
    redis.start(memory(policy))
    redis("LPUSH", "celery", "task 1", "task 2", "task 3")
    time.sleep(2.1)  # Redis measures the idle time of a key in seconds, and the queue is to be the key that is idle the longest.
    for number in range(CACHE_WRITES):
        redis("SET", f"cache:{number}", "x" * 1000, "EX", 3600)
    assert int(redis.info("evicted_keys")) > CACHE_WRITES / 2
    assert redis("LLEN", "celery") == left


class Migration:
    """A client with a queue at `deploy`, whose old Redis is a server here."""

    def __init__(self, folder: Path, old: Server) -> None:
        self.folder, self.old = folder, old
        client = {"use": ["queue"], "previous": {"host": HOST, "port": old.port, "remove": []}}
        loaded(folder, "deploy", over={"redis": {"memory": {"policy": "volatile-lru"}}, "clients": {0: client}})
        (folder / "bin").mkdir()
        self.kubectl = folder / "bin/kubectl"
        self.kubectl.write_text(KUBECTL, encoding="utf-8")
        self.kubectl.chmod(0o755)
        self.list_pods()
        client_program = folder / "bin/redis-cli"
        client_program.write_text(REDIS_CLI.format(host=HOST, program=program("redis-cli")), encoding="utf-8")
        client_program.chmod(0o755)

    def __call__(self, *arguments: str) -> tuple[int, str]:
        environment = {**os.environ, "PATH": f"{self.kubectl.parent}:{os.environ['PATH']}", "KUBECTL": str(self.kubectl)}
        command = [sys.executable, "-m", "rediskit", "migrate", arguments[0], CONFIG, *arguments[1:]]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout + done.stderr

    def list_pods(self, *pods: Mapping[str, Any]) -> None:
        self.kubectl.with_name("kubectl.pods").write_text(json.dumps({"items": pods}), encoding="utf-8")

    @property
    def text(self) -> str:
        return (self.folder / CONFIG).read_text(encoding="utf-8")

    def work(self, jobs: int) -> None:
        """Run an RQ worker until it has finished a number of jobs or the queue is empty."""
        worker = ["-m", "rq.cli", "worker", "--burst", "--max-jobs", str(jobs), "--url", f"redis://127.0.0.1:{self.old.port}", "default"]
        done = subprocess.run([sys.executable, *worker], cwd=self.folder, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("version", ["7.0", "8.2"])
def test_reconfigure_is_refused_with_40_of_100_tasks_and_allowed_with_none(version: str, tmp_path: Path, server: Make) -> None:
    from redis import Redis
    from rq import Queue

    old = server(version)
    old.start(memory("noeviction"))
    migration = Migration(tmp_path, old)
    with Redis(port=old.port) as connection:
        queue = Queue(connection=connection)
        for number in range(TASKS):
            queue.enqueue("math.factorial", number)
        migration.work(DONE)
        assert len(queue) == TASKS - DONE
        before, at = migration.text, "2026-03-01T02:00:00Z"
        code, output = migration("advance", "--at", at, "--override", "it is urgent")
        assert (code, "error[queue-unread]" in output, "--override does not pass this gate" in output) == (1, True, True), output
        code, output = migration("record", "--drained", "--at", at)
        assert code == 1, output
        assert "error[queue-not-empty]: beersystem: 40 tasks are left in the old Redis: rq:queue:default 40 (database 0)" in output
        assert migration.text == before
        code, output = migration("record", "--drained", "--discard", "mails of a test", "--at", at, "--dry-run")
        assert (code, "value: 40:discarded" in output) == (0, True), output
        migration.work(TASKS)
        assert len(queue) == 0
        migration.list_pods(WORKER)
        code, output = migration("record", "--drained", "--at", at)
        assert (code, "error[pods-running]: beersystem: beersystem-backend-5d8c-x2k7p" in output) == (1, True), output
        queue.enqueue("math.factorial", 7)  # As a worker does that gives its task back while it stops.
        migration.list_pods()
        assert migration("record", "--drained", "--at", at)[0] == 1
        migration.work(TASKS)
    code, output = migration("record", "--drained", "--at", at)
    assert (code, "by: measured" in output) == (0, True), output
    assert migration("record", "--empty", "--observed", "the shared Redis is new", "--at", at)[0] == 0
    code, output = migration("advance", "--at", at)
    assert (code, "step: reconfigure" in migration.text) == (0, True), output
    calls = (tmp_path / "bin/kubectl.calls").read_text(encoding="utf-8").splitlines()
    pods = "get pods --namespace beersystem --selector  --output json"
    cluster = "get namespace kube-system --namespace  --ignore-not-found --output json"
    assert set(calls) == {cluster, pods, "exec --namespace beersystem service/redis -- sh -c "}
