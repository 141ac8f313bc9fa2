"""The termination message of a pod has 4096 bytes: a full one keeps a result for each check."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from rediskit.live import jobs
from rediskit.live.jobs import run_job
from rediskit.renderers.verification.pod import script
from tests.samples import environment_of

REPLICAS = 40


def message(tmp_path: Path, results: Sequence[tuple[str, str, str, str]]) -> str:
    """Return what the script writes for results with id, target, status and detail."""
    functions, _, rest = script().partition("trap finish EXIT")
    assert rest
    reports = "\n".join(f"report {name} {target} {status} value '{detail}'" for name, target, status, detail in results)
    file = tmp_path / "message"
    program = functions.replace("RESULT=/dev/termination-log", f"RESULT={file}") + f"{reports}\nfinish\n"
    (tmp_path / "password").write_text("word")
    environment = {"HOST": "redis-shared-master.redis.svc.cluster.local", "PORT": "6379", "PASSWORD_FILE": str(tmp_path / "password")}
    subprocess.run(["bash", "-c", program], env={**environment, "PATH": "/usr/bin:/bin"}, check=True, capture_output=True)
    return file.read_text()


def statuses(monkeypatch: pytest.MonkeyPatch, text: str) -> dict[str, set[str]]:
    """Return the statuses of each check of the phase connectivity, as a Job with this message reports them."""
    monkeypatch.setattr(jobs, "_message", lambda *_: (text, "the pod ended with exit code 0"))
    listed = run_job(environment_of(), "connectivity", "redis", "")
    return {result.id: {other.status for other in listed if other.id == result.id} for result in listed}


def results(failed: str = "") -> list[tuple[str, str, str, str]]:
    hosts = [f"redis-shared-replicas-{number}.redis-shared-headless.redis.svc.cluster.local:6379" for number in range(REPLICAS)]
    names = jobs._OF_PHASE["connectivity"]
    every = [(name, hosts[0], "passed", "") for name in names if name != "unauthenticated"]
    return [*every, *(("unauthenticated", host, "failed" if host == failed else "passed", "7 commands refused") for host in hosts)]


def test_passed_checks_stay_passed_in_a_full_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = message(tmp_path, results())
    assert (len(text) <= 4096, "truncated\t" in text) == (True, True)
    assert statuses(monkeypatch, text) == {name: {"passed"} for name in jobs._OF_PHASE["connectivity"]}


def test_a_failed_check_is_in_a_full_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = results()[-1][1]
    listed = statuses(monkeypatch, message(tmp_path, results(failed=last)))
    assert listed["unauthenticated"] == {"passed", "failed"}
    assert listed["settings"] == {"passed"}


def test_a_result_without_space_is_unknown_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = message(tmp_path, [("unauthenticated", f"host-{number}:6379", "failed", "why" * 50) for number in range(REPLICAS)])
    assert len(text) <= 4096
    monkeypatch.setattr(jobs, "_message", lambda *_: (text, "the pod ended with exit code 1"))
    listed = [result for result in run_job(environment_of(), "connectivity", "redis", "") if result.id == "settings"]
    assert [(result.status, result.detail) for result in listed] == [
        ("unknown", "the termination message of the pod has no space for this result")
    ]


def test_a_short_message_keeps_every_value(tmp_path: Path) -> None:
    text = message(tmp_path, [("ping", "host:6379", "passed", ""), ("settings", "host:6379", "failed", "why")])
    assert text == "ping\thost:6379\tpassed\tvalue\t\nsettings\thost:6379\tfailed\tvalue\twhy\n"
