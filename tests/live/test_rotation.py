"""The rotation page, command by command, under traffic: no client is refused until Redis restarts, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.processes import FailedError, until
from tests.live.conftest import Start
from tests.live.lab import Lab
from tests.live.lab_config import CLIENT
from tests.live.resp import RedisError
from tests.live.runbook import Shell

WEB = {
    "kind": "Deployment",
    "name": "web",
    "replicas": 1,
    "containers": {"web": {"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}},
}
CLIENTS: dict[str, Any] = {"clients": [{"name": CLIENT, "namespace": CLIENT, "workloads": [WEB]}]}
MODES: dict[str, dict[str, Any]] = {
    "manual": CLIENTS,
    "sealed-secrets": {**CLIENTS, "secrets": {"mode": "sealed-secrets", "certificate": "lab/sealing.crt"}},
}


@pytest.mark.parametrize(
    ("mode", "version", "profile"),
    [
        ("manual", "7.0", "cloudpirates"),
        ("manual", "8.2", "bitnami"),
        ("sealed-secrets", "7.0", "bitnami"),
        ("sealed-secrets", "8.2", "cloudpirates"),
    ],
)
def test_a_rotation_refuses_no_client_before_the_restart_and_loses_nothing(start: Start, mode: str, version: str, profile: str) -> None:
    lab = start(f"rotation-{mode}", config=MODES[mode], version=version, profile=profile)
    lab.wait_for_replicas()
    shell = lab.shell()
    before = lab.password
    printed = ""
    with lab.writing(limit=10) as writer:
        for block in lab.page("rotation"):
            if block.heading.endswith("Restart Redis"):
                assert writer.errors() == {}, "the application was refused before Redis restarted"
                lab.mark("restart")
            printed += shell.run(block)
        lab.password = lab.secret()
        assert lab.password != before
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
    assert set(outcome.errors).isdisjoint({"WRONGPASS", "NOAUTH"})
    assert "master_link_status:up" in printed
    for secret in (before, lab.password):
        assert secret not in printed
    for pod in (lab.primary, lab.replica):
        with pytest.raises(RedisError, match="WRONGPASS"):
            lab.connect(pod, before)
        assert all(container.restarts == 0 for container in pod.containers.values()), "the probes killed a container"


@pytest.mark.parametrize(("mode", "tool"), [("manual", "flux"), ("sealed-secrets", "argocd"), ("sealed-secrets", "flux")])
def test_a_rotation_of_a_redis_that_is_failed_over_stops_and_loses_nothing(start: Start, mode: str, tool: str) -> None:
    """Its last step would start the old primary with its old data, and the promoted replica would copy it."""
    config = {**MODES[mode], "gitops": {"tool": tool}}
    lab = start(f"rotation-failed-over-{mode}-{tool}", config=config, monitoring=False)
    lab.wait_for_replicas()
    setup, *rotation = lab.page("rotation")
    with lab.writing() as writer:
        shell = lab.shell()
        fail_over(lab, shell)
        with pytest.raises(FailedError, match="do not continue: redis-shared-master-0 is not the primary"):
            shell.run(setup)
        with pytest.raises(FailedError, match="do not continue"):
            shell.run(rotation[0])
        with pytest.raises(FailedError, match="do not continue"):
            shell.run(next(block for block in rotation if block.heading.endswith("Restart Redis")))
        with pytest.raises(FailedError, match="do not resume"):
            shell.run([block for block in lab.page("failover") if block.heading == "Fail back"][-1])
        writer.wait_for_more(200)
    assert lab.outcome(writer, lab.replica).lost == 0
    assert lab.info(lab.replica)["role"] == "master"


def fail_over(lab: Lab, shell: Shell) -> None:
    """Run the page about a failover up to the promoted replica."""
    for block in lab.page("failover"):
        if block.heading.startswith(("Set up the shell", "Suspend ", "Fail over while")):
            shell.run(block)


def test_a_rotation_stops_where_the_release_is_paused(start: Start) -> None:
    lab = start("rotation-paused", config=MODES["sealed-secrets"], monitoring=False)
    shell = lab.shell()
    setup, suspend, *_ = lab.page("rotation")
    assert "ready to rotate" in shell.run(setup)
    shell.run(suspend)
    for block in (setup, suspend):
        with pytest.raises(FailedError, match="do not continue: automated sync of redis-shared-root is off"):
            shell.run(block)


def test_a_container_that_restarts_during_a_rotation_accepts_both_passwords_when_the_block_runs_again(start: Start) -> None:
    """Its redis.conf has the old password until the pod is created again."""
    lab = start("rotation-restart", config=MODES["manual"], profile="cloudpirates", monitoring=False)
    lab.wait_for_replicas()
    shell = lab.shell()
    setup, create, accept, applications, *rest = lab.page("rotation")
    before = lab.password
    with lab.writing() as writer:
        for block in (setup, create, accept):
            shell.run(block)
        lab.primary.kill("redis")
        until("a restart", lambda: lab.primary.containers["redis"].restarts == 1 or None)
        lab.wait_ready()
        with pytest.raises(RedisError, match="WRONGPASS"):
            lab.connect(lab.primary, lab.secret())
        assert "OK" in shell.run(accept)
        lab.password = lab.secret()
        for password in (before, lab.password):
            lab.connect(lab.primary, password).close()
        for block in (applications, *rest):
            shell.run(block)
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
