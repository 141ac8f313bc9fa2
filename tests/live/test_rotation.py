"""The rotation page, command by command, under traffic: no client is refused until Redis restarts, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.processes import until
from tests.live.conftest import Start
from tests.live.lab_config import CLIENT
from tests.live.resp import RedisError

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
