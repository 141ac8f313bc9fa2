"""The failover page, command by command, under traffic: what is lost, and for how long writes are refused."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from itertools import product

import pytest

from tests.cluster.processes import until
from tests.live.chart import PROFILES
from tests.live.conftest import Start
from tests.live.lab import Lab
from tests.live.pods import Pod
from tests.live.runbook import Block, Shell
from tests.live.writer import Writer

EVERY = tuple(product(("7.0", "8.2"), PROFILES))
"""Each version of Redis with each chart."""
PAIRS = (("7.0", "cloudpirates"), ("8.2", "bitnami"))
"""Each version and each chart once."""
SMALLEST = len("*3\r\n$3\r\nSET\r\n$6\r\nlive:1\r\n$1\r\n1\r\n")
"""Bytes of the shortest write in the replication stream."""
SETUP = ("Set up the shell", "Suspend ")


def execute(shell: Shell, lab: Lab, *headings: str, between: Mapping[str, Callable[[], object]] = {}) -> str:
    """Execute every block of the sections whose headings start like this.

    Args:
        between: What happens before the block that contains a text.
    """
    printed = []
    for heading in headings:
        blocks = [block for block in lab.page("failover") if block.heading.startswith(heading)]
        assert blocks, heading
        for block in blocks:
            for text, happens in between.items():
                if text in block.code:
                    happens()
            printed.append(shell.run(block))
    return "\n".join(printed)


def assert_as_before(lab: Lab) -> None:
    """One primary, every replica follows it by name, and the Services select it."""
    assert lab.info(lab.primary)["role"] == "master"
    assert int(lab.info(lab.primary)["connected_slaves"]) == lab.environment.redis.replicas
    headless = f"{lab.primary.name}.{lab.release.headless_service}.{lab.namespace}.svc.{lab.release.cluster_domain}"
    for replica in lab.release.replica_pods:
        info = lab.info(replica)
        assert (info["role"], info["master_host"], info["master_link_status"]) == ("slave", headless, "up")
    for name in (lab.release.primary_service, lab.release.external_service):
        service = lab.cluster.find("Service", lab.namespace, name)
        assert service
        assert service["spec"]["selector"] == lab.release.primary_selector
    for application in (content for (kind, _, _), content in lab.cluster.objects.items() if kind == "Application"):
        assert application["spec"]["syncPolicy"]["automated"].get("enabled", True)
    for kind in ("Kustomization", "HelmRelease"):
        assert not [key for key, content in lab.cluster.objects.items() if key[0] == kind and content["spec"].get("suspend")]


@pytest.mark.parametrize(
    ("version", "profile", "tool", "replicas"),
    [
        ("7.0", "bitnami", "argocd", 1),
        ("7.0", "cloudpirates", "flux", 1),
        ("8.2", "bitnami", "flux", 1),
        ("8.2", "cloudpirates", "argocd", 1),
        ("7.0", "bitnami", "argocd", 2),
        ("8.2", "cloudpirates", "flux", 2),
    ],
)
def test_failover_and_back_with_a_primary_that_answers_loses_nothing(
    start: Start, version: str, profile: str, tool: str, replicas: int
) -> None:
    config = {"gitops": {"tool": tool}, "redis": {"replicas": replicas}}
    name = f"failover-and-back-{tool}{'-two-replicas' if replicas > 1 else ''}"
    lab = start(name, version=version, profile=profile, config=config, monitoring=replicas == 1)
    lab.wait_for_replicas()
    shell = lab.shell()
    with lab.writing() as writer:
        execute(shell, lab, *SETUP)
        lab.mark("failover")
        execute(shell, lab, "Fail over while the primary answers")
        writer.wait_for_more(200)
        refused = writer.refused_seconds()
        lab.mark("fail-back")
        execute(shell, lab, "Fail back")
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.note(seconds_failover=round(refused, 2), seconds_fail_back=round(outcome.seconds - refused, 2))
    lab.record(outcome)
    assert outcome.lost == 0
    assert_as_before(lab)


@pytest.mark.parametrize(("version", "profile"), EVERY)
def test_failover_of_a_lost_primary_loses_at_most_what_the_offset_shows(start: Start, version: str, profile: str) -> None:
    """The node of the primary comes back with an empty volume while the commands are executed, and wipes nothing."""
    lab = start("failover-lost-primary", version=version, profile=profile)
    lab.wait_for_replicas()
    shell = lab.shell()
    with lab.writing() as writer:
        execute(shell, lab, *SETUP)
        primary, lost_bytes = lose_primary(lab, writer)

        def comes_back() -> None:
            primary.held = False

        execute(shell, lab, "Fail over when the primary is lost", between={"REPLICAOF NO ONE": comes_back})
        writer.wait_for_more(200)
        lab.mark("fail-back")
        execute(shell, lab, "Fail back")
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.note(lost_bytes_by_offset=lost_bytes)
    lab.record(outcome)
    print(f"lost {outcome.lost} of {outcome.acknowledged} writes; the offsets differ by {lost_bytes} bytes")
    assert outcome.lost >= 300, "the link of the replica was cut: there must be something to lose"
    assert outcome.lost * SMALLEST <= lost_bytes
    assert_as_before(lab)


def lose_primary(lab: Lab, writer: Writer) -> tuple[Pod, int]:
    """Cut the link of the replica, so that there is something to lose; then lose the node. The bytes that the replica lacks."""
    server = lab.replica.containers["redis"].pid
    os.kill(server, signal.SIGSTOP)
    lab.redis(lab.primary, "CLIENT", "KILL", "TYPE", "replica")
    writer.wait_for_more(300)
    writer.stop()
    offset = int(lab.info(lab.primary)["master_repl_offset"])
    primary = lab.primary
    lab.mark("primary lost")
    lab.lose_node(primary)
    os.kill(server, signal.SIGCONT)
    writer.start(lab.password)
    return primary, offset - int(lab.info(lab.replica)["slave_repl_offset"])


@pytest.mark.parametrize(("version", "profile"), PAIRS)
def test_the_replica_with_the_highest_offset_is_promoted(start: Start, version: str, profile: str) -> None:
    lab = start("failover-two-replicas", version=version, profile=profile, config={"redis": {"replicas": 2}}, monitoring=False)
    lab.wait_for_replicas()
    shell = lab.shell()
    first, second = (lab.pod(name) for name in lab.release.replica_pods)
    with lab.writing() as writer:
        execute(shell, lab, *SETUP)
        lab.redis(first, "REPLICAOF", "127.0.0.1", 1)
        writer.wait_for_more(200)
        lab.lose_node(lab.primary)
        execute(shell, lab, "Fail over when the primary is lost")
        writer.wait_for_more(200)
        assert lab.info(second)["role"] == "master"
        execute(shell, lab, "Fail back")
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost <= 2, "the second replica was connected to the end"
    assert_as_before(lab)


@pytest.mark.parametrize(
    ("persistence", "version", "profile"),
    [
        ("append-only", "7.0", "bitnami"),
        ("append-only", "8.2", "cloudpirates"),
        ("snapshots", "7.0", "cloudpirates"),
        ("snapshots", "8.2", "bitnami"),
    ],
)
def test_a_saved_copy_is_restored_when_no_instance_has_data(start: Start, persistence: str, version: str, profile: str) -> None:
    settings = {} if persistence == "append-only" else {"appendOnly": False, "savePoints": ["900 1"]}
    lab = start(f"restore-{persistence}", version=version, profile=profile, config={"redis": settings}, monitoring=False)
    lab.wait_for_replicas()
    shell = lab.shell()
    with lab.writing(pause=0) as writer:
        writer.wait_for_more(500)
    execute(shell, lab, *SETUP)
    shell.run(next(block for block in lab.page("failover") if "--rdb" in block.code))
    for pod in (lab.primary, lab.replica):
        lab.lose_node(pod)
    for pod in (lab.primary, lab.replica):
        pod.held = False
    lab.wait_ready()
    assert lab.redis(lab.primary, "DBSIZE") == 0, "both came back empty"
    execute(shell, lab, "Restore a saved copy")
    outcome = lab.outcome(writer)
    assert outcome.lost == 0
    assert lab.outcome(writer, lab.replica).lost == 0
    lab.primary.kill("redis", signal.SIGTERM)
    until("a restart", lambda: lab.primary.containers["redis"].restarts == 1 or None)
    lab.wait_ready()
    assert lab.outcome(writer).lost == 0, "it is still there after a restart"
    lab.record(outcome)


@pytest.mark.parametrize(("version", "profile"), [("7.0", "bitnami"), ("8.2", "cloudpirates")])
def test_a_saved_copy_is_restored_after_a_fence_while_no_instance_is_ready(start: Start, version: str, profile: str) -> None:
    """A StatefulSet stops no pod while another one is not ready, and the ordinals of the fence would start the wrong one."""
    lab = start("restore-after-fence", version=version, profile=profile, config={"redis": {"replicas": 2}}, monitoring=False)
    lab.wait_for_replicas()
    shell = lab.shell()
    with lab.writing(pause=0) as writer:
        writer.wait_for_more(500)
    execute(shell, lab, *SETUP)
    shell.run(next(block for block in lab.page("failover") if "--rdb" in block.code))
    shell.run(fence(lab))
    for name in lab.release.replica_pods:
        stop_exporter(lab.pod(name))
    execute(shell, lab, "Restore a saved copy")
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
    for name in lab.release.replica_pods:
        until(f"the copy in {name}", lambda name=name: lab.info(name)["master_link_status"] == "up" or None)  # type: ignore[misc]
        assert lab.outcome(writer, name).lost == 0


def fence(lab: Lab) -> Block:
    """Return the commands that stop a lost primary."""
    lost = "Fail over when the primary is lost"
    (block,) = (block for block in lab.page("failover") if block.heading == lost and "--for=delete" in block.code)
    return block


def stop_exporter(pod: Pod) -> None:
    """Keep a pod from being ready, while its Redis runs."""
    exporter = pod.containers["metrics"]
    exporter.spec["command"], exporter.spec["args"] = ["/bin/false"], []
    pod.kill("metrics")
    until("a pod that is not ready", lambda: not pod.ready or None, 30)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_primary_is_fenced_while_the_replica_is_not_ready(start: Start, profile: str) -> None:
    lab = start("fence-unready", profile=profile)
    lab.wait_for_replicas()
    replica = lab.replica
    stop_exporter(replica)
    shell = lab.shell()
    execute(shell, lab, "Set up the shell")
    shell.run(fence(lab))
    assert lab.release.primary_pod not in lab.cluster.pods
    assert lab.replica is replica
    assert "role:slave" in shell.run("replica INFO replication")


@pytest.mark.parametrize(("version", "profile"), PAIRS)
def test_a_promoted_replica_that_restarts_keeps_its_data_and_is_promoted_again(start: Start, version: str, profile: str) -> None:
    lab = start("failover-promoted-restarts", version=version, profile=profile, monitoring=False)
    lab.wait_for_replicas()
    shell = lab.shell()
    with lab.writing() as writer:
        execute(shell, lab, *SETUP)
        lab.lose_node(lab.primary)
        execute(shell, lab, "Fail over when the primary is lost")
        writer.wait_for_more(200)
        server = lab.replica.containers["redis"]
        lab.replica.kill("redis", signal.SIGTERM)
        until("a restart", lambda: server.restarts == 1 or None)
        until("a ready replica", lambda: lab.replica.ready or None, 30)
        assert lab.info(lab.replica)["role"] == "slave"
        shell.run("replica REPLICAOF NO ONE")
        writer.wait_for_more(200)
        execute(shell, lab, "Fail back")
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost <= 2, "what the primary had not sent when its node was lost"
    assert_as_before(lab)


@pytest.mark.parametrize(("version", "profile"), [("7.0", "bitnami"), ("8.2", "cloudpirates")])
def test_a_failover_to_a_replica_that_does_not_answer_is_given_up_and_loses_nothing(start: Start, version: str, profile: str) -> None:
    """Writes are held for as long as the page states, and go on at the primary, which keeps its role."""
    lab = start("failover-given-up", version=version, profile=profile, monitoring=False)
    lab.wait_for_replicas()
    shell = lab.shell()
    (block,) = (block for block in lab.page("failover") if block.code.startswith("primary FAILOVER"))
    command = block.code.splitlines()[0]
    with lab.writing() as writer:
        execute(shell, lab, *SETUP)
        server = lab.replica.containers["redis"].pid
        os.kill(server, signal.SIGSTOP)
        writer.wait_for_more(50)
        shell.run(command)
        until("the end of the failover", lambda: lab.info(lab.primary)["master_failover_state"] == "no-failover" or None, 40)
        os.kill(server, signal.SIGCONT)
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
    assert lab.info(lab.primary)["role"] == "master"
    assert 10 < outcome.seconds < 40
