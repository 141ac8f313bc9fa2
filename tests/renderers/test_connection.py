"""The page for those who run a client: exactly the names of the tree, and nothing that is not so."""

from __future__ import annotations

import re
import subprocess
from typing import Any

import pytest
import yaml

from rediskit import Environment, render
from rediskit.renderers.helm import release_of
from tests.samples import environment_of

VARIANTS: dict[str, dict[str, Any]] = {
    "argocd": {},
    "flux": {"gitops": {"tool": "flux"}},
    "inside only": {"network": None},
    "other names": {"redis": {"release": "cache", "namespace": "caches", "auth": {"secret": "keys", "key": "redis.key"}}},
    "nothing on disk": {"redis": {"appendOnly": False}},
    "saved": {"redis": {"appendOnly": False, "savePoints": ["900 1", "300 10"]}},
    "refuses writes": {"redis": {"memory": {"policy": "noeviction"}}},
    "drops what expires": {"redis": {"memory": {"policy": "volatile-lru"}}},
    "nothing switched off": {"redis": {"disabledCommands": []}},
    "not watched": {"monitoring": {"enabled": False}},
}


def page(environment: Environment) -> str:
    return render(environment).files["docs/connection.md"].decode()


@pytest.mark.parametrize("step", ["prepare", "validate", "rolled-back"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_page_is_whole_and_its_names_are_those_of_the_tree(variant: str, step: str) -> None:
    environment = environment_of(step, over=VARIANTS[variant])
    release, text = release_of(environment), page(environment)
    assert not re.search(r"\{\{|\}\}|\bNone\b|\n\n\n|[ \t]\n", text)
    assert text.count("```") % 2 == 0
    hosts = set(re.findall(r"[\w.-]+\.svc\.cluster\.local", text))
    assert hosts == {release.primary_host, release.replicas_host}
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}\n{block}"
        assert "redis-cli -a" not in block
    for name in re.findall(r"\]\(([\w.-]+)\)", text):
        assert f"docs/{name}" in render(environment).files


def test_the_variables_of_the_page_are_those_that_the_component_sets() -> None:
    environment = environment_of("reconfigure")
    (snippet,) = re.findall(r"```yaml\n(.*?)```", page(environment), re.DOTALL)
    patch = yaml.safe_load(render(environment).files["owners/beersystem/deployment-beersystem-backend.yaml"])
    (container,) = patch["spec"]["template"]["spec"]["containers"]
    set_by_us = {variable["name"]: variable.get("value") for variable in container["env"]}
    shown = yaml.safe_load(snippet)["env"]
    *shown, url = shown
    assert {variable["name"]: variable.get("value") for variable in shown} == set_by_us
    assert url == {"name": "REDIS_URL", "value": "redis://:$(REDIS_PASSWORD)@redis-shared-master.redis.svc.cluster.local:6379"}
    assert shown[2]["valueFrom"]["secretKeyRef"] == {"name": "redis-credentials", "key": "redis-password"}


@pytest.mark.parametrize(
    ("variant", "expected", "absent"),
    [
        ("argocd", "192.168.4.203", "Nobody from outside"),
        ("inside only", "allows only these connections", "192.168.4.203"),
        ("nothing on disk", "A restart loses all data", "append-only"),
        ("saved", "900 1, 300 10", "append-only"),
        ("refuses writes", "OOM command not allowed", "evicts keys"),
        ("drops what expires", "evicts keys that have an expiry (`volatile-lru`)", "without an expiry"),
        ("nothing switched off", "with the name of your application", "Disabled commands"),
        ("not watched", "cluster mode** in the client", "## Monitoring"),
        ("other names", r"jsonpath={.data.redis\.key}", "`redis-password`"),
    ],
)
def test_the_page_has_the_values_of_this_environment(variant: str, expected: str, absent: str) -> None:
    text = page(environment_of("validate", over=VARIANTS[variant]))
    assert expected in text
    assert absent not in text


@pytest.mark.parametrize(
    ("redis", "promise"),
    [
        ({}, "A clean restart loses nothing; a crash loses up to one second of writes"),
        ({"appendOnly": False, "savePoints": ["900 1", "60 100"]}, "save points (seconds and number of changes): 900 1, 60 100."),
        ({"appendOnly": False}, "A restart loses all data"),
        ({"memory": {"policy": "noeviction"}}, "Redis refuses writes with"),
        (
            {"memory": {"policy": "volatile-ttl", "max": "512mb"}},
            "512mb, shared by all clients. When it is full, Redis evicts keys that have an expiry (`volatile-ttl`)",
        ),
    ],
)
def test_it_promises_what_redis_will_keep(redis: dict[str, Any], promise: str) -> None:
    assert promise in page(environment_of(over={"redis": redis}))


def test_before_deploy_the_page_states_that_redis_does_not_exist() -> None:
    assert "**Redis is not deployed yet:**" in page(environment_of("prepare"))
    assert "**Redis is not deployed yet:**" not in page(environment_of("validate"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_page_lists_exactly_the_peers_that_the_network_policy_admits(variant: str) -> None:
    """Failed before the section followed the policy: the page did not mention who reaches the metrics."""
    environment = environment_of("validate", over=VARIANTS[variant])
    release = release_of(environment)
    policy = render(environment).objects[f"platform/redis/networkpolicy-{release.fullname}.yaml"]
    admitted = []
    for rule in policy["spec"]["ingress"]:
        target = "the metrics" if {port["port"] for port in rule["ports"]} == {release.metrics_container_port} else "Redis"
        networks = ", ".join(peer["ipBlock"]["cidr"] for peer in rule["from"] if "ipBlock" in peer)
        for peer in (peer for peer in rule["from"] if "namespaceSelector" in peer):
            labels = peer["namespaceSelector"].get("matchLabels", {})
            name = labels.get("kubernetes.io/metadata.name")
            admitted.append((f"the pods of namespace `{name}`" if name else "every pod of the cluster, in every namespace", target))
        admitted += [(networks, f"{target}, through the Service `{release.external_service}`")] if networks else []
    section = page(environment).partition("## Network access\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ")[:2] for line in section.splitlines() if line.startswith("| ")][2:]
    assert sorted(map(tuple, rows)) == sorted(admitted)
