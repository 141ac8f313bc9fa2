"""Restarts of the primary: nothing that was acknowledged is lost."""

from __future__ import annotations

import signal

import pytest

from tests.live.conftest import Start
from tests.live.resp import RedisError


@pytest.mark.parametrize(
    ("how", "version", "profile"),
    [
        (signal.SIGTERM, "7.0", "bitnami"),
        (signal.SIGTERM, "8.2", "cloudpirates"),
        (signal.SIGKILL, "7.0", "cloudpirates"),
        (signal.SIGKILL, "8.2", "bitnami"),
    ],
)
def test_a_restart_of_the_primary_loses_no_acknowledged_write(start: Start, how: signal.Signals, version: str, profile: str) -> None:
    lab = start(f"restart-{how.name.lower()}", version=version, profile=profile)
    lab.wait_for_replicas()
    with lab.writing() as writer:
        lab.mark(how.name)
        lab.primary.kill("redis", how)
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
    assert lab.primary.containers["redis"].restarts == 1


@pytest.mark.parametrize(("version", "profile"), [("7.0", "bitnami"), ("7.0", "cloudpirates"), ("8.2", "cloudpirates")])
def test_redis_starts_again_after_a_restart_of_its_node(start: Start, version: str, profile: str) -> None:
    """The kubelet runs the init containers again, on the volumes of the first time."""
    lab = start("restart-node", version=version, profile=profile, monitoring=False)
    lab.wait_for_replicas()
    with lab.writing() as writer:
        lab.restart_node(lab.primary)
        lab.restart_node(lab.replica)
        writer.wait_for_more(200)
    lab.wait_for_replicas()
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
    for pod in (lab.primary, lab.replica):
        assert pod.containers["redis"].restarts == 1
        for command in lab.environment.redis.disabled_commands:
            with pytest.raises(RedisError, match="unknown command"):
                lab.redis(pod, command)
