"""`rediskit migrate record --measure` on real servers: each criterion passes, fails for its cause, and is unknown without data."""

from __future__ import annotations

import os
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from rediskit.model.criteria import MEASURED
from rediskit.model.evidence import Evidence
from rediskit.source.loader import load
from tests.cluster.processes import until
from tests.live import clients
from tests.live.conftest import Start
from tests.live.gitops import COMMAND
from tests.live.kube_state_metrics import kube_state_metrics
from tests.live.lab import Lab
from tests.live.repeating import repeated


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def measured(lab: Lab, begin: str) -> dict[str, Evidence]:
    """Record the criteria since a time, and return the measurements of this run."""
    before = len(_evidence(lab))
    command = [str(COMMAND), "migrate", "record", "config/lab.yaml", "--measure", "--from", begin]
    environment = {**os.environ, "KUBECTL": str(lab.bin / "kubectl")}
    done = subprocess.run(command, cwd=lab.repository.folder, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert lab.password not in done.stdout + done.stderr
    return {entry.criterion: entry for entry in _evidence(lab)[before:]}


def _evidence(lab: Lab) -> tuple[Evidence, ...]:
    migration = load(lab.repository.folder / "config/lab.yaml").clients[0].migration
    assert migration is not None
    return migration.evidence


def outcome(criteria: dict[str, Evidence]) -> dict[str, str]:
    return {name: "unknown" if entry.unknown else "passed" if entry.holds else "failed" for name, entry in criteria.items()}


def settled(lab: Lab, begin: str, *pending: str) -> dict[str, Evidence]:
    """Return the measurements as soon as none of them is `pending`. A busy machine is late with a scrape, and with what the test does."""
    for _ in range(8):
        criteria = measured(lab, begin)
        if set(pending).isdisjoint(outcome(criteria).values()):
            return criteria
        time.sleep(10)
    return criteria


def _read_large(lab: Lab) -> None:
    """Let Redis execute a slow GET. In a script, the value stays on the server: to send it takes seconds on a busy machine."""
    lab.redis(lab.primary, "EVAL", "return #redis.call('GET', KEYS[1])", 1, "large")


def test_the_criteria_of_a_validation_are_measured(start: Start) -> None:
    began = (datetime.now(UTC) - timedelta(hours=1)).isoformat(timespec="seconds")
    config, files = clients.client(web={"web": 1})
    history: list[dict[str, Any]] = [{"step": step, "at": began} for step in ("scale-up", "validate")]
    migrating = {"previous": {"host": "redis.shop"}, "migration": {"step": "validate", "history": history}}
    lab = start("criteria", config={"clients": [{**config, **migrating}]}, files=files)
    with kube_state_metrics(lab):
        pod = clients.start_pod(lab, "web", web=("right", 1))
        until("samples of restarts", lambda: lab.prometheus.query("kube_pod_container_status_restarts_total") or None, 60)
        lab.prometheus.wait_for_samples(3)
        begin = now()
        time.sleep(20)
        criteria = settled(lab, begin, "unknown")
        assert outcome(criteria) == dict.fromkeys(MEASURED, "passed"), criteria
        assert criteria["latency"].measured
        assert criteria["latency"].by == "measured"
        assert criteria["no-restarts"].coverage

        assert outcome(measured(lab, began))["stable-connections"] == "unknown"

        with lab.connect(lab.primary) as connection:
            connection.call("SETRANGE", "large", 100 * 2**20, "x")
        # As many as it takes: the share of slow calls counts, and the pods call, too.
        with repeated(lambda: _read_large(lab), 0.1):
            lab.pod(pod).kill("web")
            until("the restart", lambda: lab.pod(pod).containers["web"].restarts or None, 30)
            clients.start_pod(lab, "web", web=("wrong-password", 1))
            time.sleep(6)
            criteria = settled(lab, begin, "unknown", "passed")
        assert outcome(criteria) == dict.fromkeys(MEASURED, "failed"), criteria
        assert "WRONGPASS" not in str(criteria["no-redis-errors"].note)
