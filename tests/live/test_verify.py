"""`rediskit verify` on real servers: each check passes on a healthy Redis, and fails for its cause."""

from __future__ import annotations

import json
import time
from base64 import b64encode

import pytest
import yaml

from rediskit.renderers.verification.checks import CHECKS
from tests.cluster.processes import until
from tests.live import clients
from tests.live.chart import PROFILES
from tests.live.conftest import Start
from tests.live.impaired import other, paused, slow
from tests.live.lab import Lab
from tests.live.lab_config import CLIENT
from tests.live.prometheus import folder_of_recordings
from tests.live.repeating import repeated
from tests.live.report import RESULTS
from tests.live.verify import Run, verify

SMALL = {"verification": {"requests": 2000, "operations": 500, "p95": "500ms"}}
"""A load test that passes through the proxy of the lab, which is slower than Redis."""
LOSS = "for _, key in ipairs(redis.call('KEYS', 'rediskit:verify:*')) do redis.call('DEL', key) end"
"""Deletes the keys of verifications."""


@pytest.mark.parametrize("profile", PROFILES)
def test_every_check_passes_on_a_healthy_redis(start: Start, profile: str) -> None:
    config, files = clients.client(web={"web": 1, "worker": 2}, report={"report": 3})
    lab = start("verify-healthy", profile=profile, config={"clients": [config], **SMALL}, files=files)
    clients.start_pod(lab, "web", web=("right", 1), worker=("right", 2))
    clients.start_pod(lab, "report", report=("right", 3))
    lab.wait_for_replicas()
    lab.prometheus.wait_for_samples(6)
    run = verify(lab, "--yes", "--disruptive")
    assert (run.wrong, run.code) == ([], 0)
    lab.wait_for_replicas()
    here = verify(lab, "--from", "here", "--phase", "connectivity", "--phase", "replication", environment={"REDISCLI_AUTH": lab.password})
    assert (here.wrong, here.code) == ([], 0)
    changed = other(lab, {"network": {"allow": ["10.0.0.0/8"]}})
    lab.cluster.proxies[lab.release.external_service].stop()
    outside = verify(lab, "--from", "outside", config=changed)
    assert (outside.wrong, outside.code) == ([], 0)
    results = [*run.results, *here.results, *outside.results]
    assert {result["status"] for result in results} == {"passed"}
    assert {result["id"] for result in results} == CHECKS.keys()
    folder_of_recordings().mkdir(parents=True, exist_ok=True)
    (folder_of_recordings() / RESULTS).write_text(json.dumps(results, indent=1))


def test_connectivity_fails_for_each_cause(start: Start) -> None:
    lab = start("verify-connectivity", monitoring=False)
    changed = other(lab, {"redis": {"disabledCommands": ["FLUSHALL", "KEYS"]}})
    run = verify(lab, "--phase", "connectivity", config=changed)
    assert run.status("disabled-commands") == {"failed"}
    assert "KEYS" in run.output

    lab.redis(lab.primary, "CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "noeviction")
    run = verify(lab, "--phase", "connectivity")
    assert (run.status("settings"), run.status("read-write"), run.code) == ({"failed"}, {"failed"}, 1)
    run = verify(lab, "--phase", "connectivity", "--from", "here")
    assert (run.status("settings"), run.status("read-write")) == ({"failed"}, {"failed"})
    run = verify(lab, "--phase", "performance")
    assert run.ids("skipped") == {"operations-set", "operations-get", "p95-set", "p95-get"}
    assert (run.code, "shop use this Redis" in run.output) == (3, True)
    run = verify(lab, "--phase", "performance", "--yes")
    assert (run.code, "memory is" in run.output) == (3, True)
    lab.redis(lab.primary, "CONFIG", "SET", "maxmemory", "1gb", "maxmemory-policy", "allkeys-lru")

    service = lab.cluster.find("Service", lab.namespace, lab.release.external_service)
    secret = lab.cluster.find("Secret", CLIENT, lab.environment.redis.auth.secret)
    assert service
    assert secret
    service["spec"]["ports"][0]["nodePort"] = 30379
    secret["data"][lab.environment.redis.auth.key] = b64encode(b"another-password").decode()
    run = verify(lab, "--phase", "connectivity")
    assert run.status("ping", vantage=f"cluster:{CLIENT}") == {"failed"}
    assert run.status("ping", vantage=f"cluster:{lab.namespace}") == {"passed"}
    assert run.status("secrets-equal") == run.status("external-service") == {"failed"}
    assert "node port 30379" in run.detail("external-service")

    lab.redis(lab.primary, "CONFIG", "SET", "requirepass", "")
    for place in ("cluster", "here"):
        run = verify(lab, "--phase", "connectivity", "--from", place, environment={"REDISCLI_AUTH": lab.password})
        assert "failed" in run.status("unauthenticated"), place


def test_a_service_without_an_address_fails_and_its_redis_is_unknown(start: Start) -> None:
    lab = start("verify-address", monitoring=False)
    run = verify(lab, "--phase", "connectivity", "--from", "here", environment={"REDISCLI_AUTH": "wrong"})
    assert (run.status("ping"), run.code) == ({"failed"}, 1)
    run = verify(lab, "--from", "outside", config=other(lab, {"network": {"allow": ["10.0.0.0/8"]}}))
    assert (run.status("refused-outside"), run.code) == ({"failed"}, 1)
    run = verify(lab, "--expect-refused")
    assert (run.status("refused-outside"), run.code) == ({"unknown"}, 3)
    lab.cluster.proxies[lab.release.external_service].stop()
    run = verify(lab, "--phase", "connectivity", "--from", "here", environment={"REDISCLI_AUTH": lab.password})
    assert (run.status("connect-time"), run.status("ping"), run.code) == ({"failed"}, {"unknown"}, 1)
    lab.cluster.remove("Service", lab.namespace, lab.release.primary_service)
    lab.cluster.proxies.pop(lab.release.primary_service).stop()
    run = verify(lab, "--phase", "connectivity", "--client", CLIENT)
    assert run.status("resolves", vantage="cluster") == run.status("connect-time", vantage="cluster") == {"failed"}
    assert run.status("ping", vantage="cluster") == run.status("unauthenticated", lab.release.primary_service) == {"unknown"}


def test_replication_fails_for_each_cause(start: Start) -> None:
    lab = start("verify-replication", version="7.0", profile="cloudpirates", monitoring=False)
    lab.wait_for_replicas()
    # Redis gives a replica up that is silent for a minute, and two verifications on a busy machine take longer.
    lab.redis(lab.primary, "CONFIG", "SET", "repl-timeout", 3600)
    with paused(lab.replica.containers["redis"].pid):
        with lab.connect(lab.primary) as connection:
            for number in range(30):
                connection.call("SET", f"burst:{number}", "x" * 100_000)
        time.sleep(3)
        run = verify(lab, "--phase", "replication")
        assert run.status("replica-lag") == run.status("replica-offset") == run.status("wait") == {"failed"}, run.wrong
        assert run.status("replica-reads") == {"unknown"}
        here = verify(lab, "--phase", "replication", "--from", "here")
        assert here.status("replica-lag") == here.status("replica-offset") == here.status("wait") == {"failed"}, here.wrong
    lab.wait_for_replicas()

    lab.redis(lab.replica, "CONFIG", "SET", "masterauth", "wrong")
    lab.redis(lab.replica, "CLIENT", "KILL", "TYPE", "master")
    run = verify(lab, "--phase", "replication")
    assert run.status("replicas-online") == {"failed"}
    assert run.status("roles", lab.replica.name) == {"failed"}
    assert "down" in run.output

    lab.redis(lab.replica, "REPLICAOF", "NO", "ONE")
    run = verify(lab, "--phase", "replication")
    assert run.status("replica-refuses-writes") == run.status("replica-reads") == {"failed"}
    assert run.status("roles", lab.replica.name) == {"failed"}

    lab.scale_replicas(0)
    until("the end of the replica", lambda: len(lab.cluster.pods) == 1 or None)
    run = verify(lab, "--phase", "replication")
    assert (run.status("replica-reads"), run.status("replicas-online")) == ({"unknown"}, {"failed"})


def test_disruption_fails_where_data_or_reads_are_lost(start: Start) -> None:
    lab = start("verify-disruption", profile="cloudpirates", monitoring=False)
    lab.wait_for_replicas()
    pods = sorted(lab.cluster.pods)
    with repeated(lambda: lab.redis(lab.replica, "REPLICAOF", "NO", "ONE"), 0.3):
        run = verify(lab, "--phase", "replication", "--disruptive", "--yes")
    assert run.status("data-survives") == {"unknown"}, run.wrong
    assert ("nothing is restarted" in run.detail("data-survives"), sorted(lab.cluster.pods)) == (True, pods)
    lab.redis(lab.replica, "REPLICAOF", lab.release.primary_host, lab.release.port)
    lab.wait_for_replicas()
    with repeated(lambda: lab.redis(lab.primary, "EVAL", LOSS, 0), 0.3):
        run = verify(lab, "--phase", "replication", "--disruptive", "--yes")
    assert {"reads-without-replica", "reads-without-primary", "data-survives"} <= run.ids("failed"), run.wrong
    lab.wait_for_replicas()
    primary, before = lab.primary, lab.replica

    def detach() -> None:
        if lab.replica is not before:
            lab.redis(lab.replica, "REPLICAOF", "NO", "ONE")

    with repeated(detach, 0.3):
        run = verify(lab, "--phase", "replication", "--disruptive", "--yes")
    assert "roles-return" in run.ids("failed"), run.wrong
    assert lab.primary is primary


def test_performance_fails_on_a_slow_server(start: Start) -> None:
    limits = {"requests": 1000, "operations": 5000, "p95": "20ms"}
    lab = start("verify-performance", config={"clients": [], "verification": limits}, monitoring=False)
    with slow(lab.primary.containers["redis"].pid):
        run = verify(lab, "--phase", "performance")
    assert run.ids("failed") == {"operations-set", "operations-get", "p95-set", "p95-get"}, run.wrong
    assert run.code == 1


def test_client_connections_find_each_container_that_is_not_connected(start: Start) -> None:
    config, files = clients.client(web={"web": 1, "worker": 2}, pair={"a": 0, "b": 0}, idle={"idle": 4}, absent={"absent": 5})
    lab = start("verify-clients", config={"clients": [config]}, files=files, monitoring=False)
    right = clients.start_pod(lab, "web", web=("right", 1), worker=("right", 2))
    wrong = clients.start_pod(lab, "web", web=("wrong-database", 1), worker=("right", 2))
    without = clients.start_pod(lab, "idle", idle=("no-password", 4))
    pair = clients.start_pod(lab, "pair", a=("right", 0), b=("right", 0))
    bad = clients.start_pod(lab, "web", web=("wrong-password", 1), worker=("wrong-password", 2))
    until("the clients in their databases", lambda: _databases(lab) == [0, 0, 0, 0, 1, 2, 2] or None)
    until("a refused client", lambda: "errorstat_WRONGPASS" in lab.info(lab.primary, "errorstats") or None)
    run = verify(lab, "--phase", "connectivity")
    assert run.status("client-connection", right) == {"passed"}
    assert run.status("client-connection", f"{wrong}/web") == {"failed"}
    assert run.status("client-connection", f"{wrong}/worker") == {"passed"}
    assert run.status("client-connection", without) == run.status("client-connection", bad) == {"failed"}
    assert run.status("client-connection", pair) == {"unknown"}
    assert run.status("client-connection", "Deployment/absent") == {"failed"}
    assert run.status("client-refusals") == {"failed"}
    assert "wrong password" in run.detail("client-connection")


def _databases(lab: Lab) -> list[int]:
    """Return the database of each connection that has read a key."""
    listed = lab.redis(lab.primary, "CLIENT", "LIST", "TYPE", "normal").splitlines()
    connections = [dict(part.split("=", 1) for part in line.split()) for line in listed]
    return sorted(int(about["db"]) for about in connections if about["cmd"] == "get")


def monitoring(lab: Lab, config: str = "config/lab.yaml") -> Run:
    return verify(lab, "--phase", "monitoring", config=config)


def test_monitoring_fails_for_each_cause(start: Start) -> None:
    lab = start("verify-monitoring")
    exporter = lab.primary.containers["metrics"].pid
    lab.prometheus.wait_for_samples(2)
    with paused(exporter):
        stopped = time.monotonic()
        # Prometheus has scraped for less than four of these intervals, however long this command takes.
        run = monitoring(lab, other(lab, {"monitoring": {"interval": "60s"}}))
        assert run.ids("unknown") == {"scrapes", "scrape-interval"}
        dashboard = lab.cluster.find("ConfigMap", "monitoring", f"{lab.release.fullname}-dashboard")
        assert dashboard
        dashboard["metadata"]["labels"]["grafana_dashboard"] = "0"
        folder = lab.folder / "programs/prometheus"
        rules = yaml.safe_load((folder / "rules.yml").read_text())
        listed = rules["groups"][0]["rules"]
        gone = listed.pop()
        listed[0]["expr"] = "redis_commands_total + on (pod) redis_commands_total"
        listed[1]["expr"], listed[1]["for"] = "vector(1)", "0s"
        (folder / "rules.yml").write_text(yaml.safe_dump(rules))
        lab.prometheus.reload()
        until("the alert", lambda: listed[1]["alert"] in lab.prometheus.firing() or None, 30)
        until("the failing rule", lambda: any(rule["health"] == "err" for rule in lab.prometheus.rules()) or None, 30)
        run = monitoring(lab)
        assert run.status("dashboard") == run.status("rules") == run.status("rules-health") == run.status("alerts") == {"failed"}, (
            run.output
        )
        assert gone["alert"] in run.detail("rules")
        time.sleep(max(0.0, 65 - (time.monotonic() - stopped)))
        run = monitoring(lab)
        assert run.status("targets-up") == run.status("target-labels") == {"failed"}, run.wrong
        assert run.status("scrapes", lab.primary.name) == run.status("scrape-interval", lab.primary.name) == {"failed"}, run.wrong
        assert run.status("scrapes", lab.replica.name) == {"passed"}
        lab.cluster.remove("Service", lab.namespace, lab.release.metrics_service)
        until("no series", lambda: not lab.prometheus.query("redis_up") or None, 60)
        assert "failed" in monitoring(lab).status("panel")


def test_a_wrong_label_fails_and_a_silent_prometheus_is_unknown(start: Start) -> None:
    lab = start("verify-labels")
    lab.prometheus.wait_for_samples(6)
    file = lab.folder / "programs/prometheus/prometheus.yml"
    settings = yaml.safe_load(file.read_text())
    settings["scrape_configs"][0]["relabel_configs"].append({"target_label": "service", "replacement": "another"})
    file.write_text(yaml.safe_dump(settings))
    lab.prometheus.reload()
    until("the other label", lambda: lab.prometheus.query('redis_up{service="another"}') or None, 30)
    run = monitoring(lab)
    assert (run.status("target-labels"), run.code) == ({"failed"}, 1)
    assert "service=another" in run.detail("target-labels")
    run = verify(lab, "--phase", "monitoring", "--from", "here", "--prometheus", lab.prometheus.url)
    assert run.status("target-labels") == {"failed"}
    run = verify(lab, "--phase", "monitoring", "--from", "here", "--prometheus", "http://127.0.0.1:9")
    assert (run.code, run.ids("passed", "failed")) == (3, set())
    lab.kubectl.prometheus = ""
    run = monitoring(lab)
    assert (run.code, run.ids("passed", "failed")) == (3, {"dashboard"})


@pytest.mark.parametrize("profile", PROFILES)
def test_the_rendered_jobs_succeed_and_fail(start: Start, profile: str) -> None:
    """They wait for Redis, which starts together with them."""
    lab = start("verify-jobs", profile=profile, config={"verification": {"jobs": True, **SMALL["verification"]}}, monitoring=False)
    pods = [pod for name, pod in lab.cluster.pods.items() if "-check-" in name]
    assert len(pods) == 2
    until("the end of the Jobs", lambda: all(pod.status()["status"]["phase"] == "Succeeded" for pod in pods) or None, 90)
    (job,) = [content for (kind, _, name), content in lab.cluster.objects.items() if kind == "Job" and "connectivity" in name]
    lab.redis(lab.primary, "CONFIG", "SET", "maxmemory-policy", "noeviction")
    lab.cluster.apply([{**job, "metadata": {**job["metadata"], "name": "again"}}])
    until("the failed Job", lambda: lab.pod("again-pod").status()["status"]["phase"] == "Failed" or None, 60)
    state = lab.pod("again-pod").status()["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (state["exitCode"], "settings\t" in state["message"]) == (1, True)
