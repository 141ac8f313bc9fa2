"""The test double of Bitnami's chart renders the same objects, as far as rediskit relies on them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.plane import program
from tests.cluster.registry import OURS, Chart

DATA = Path(__file__).parent.parent / "chart/data"
EFFECTS: list[dict[str, Any]] = yaml.safe_load((DATA / "effects_23.1.1.yaml").read_text())
LEFT_TO_REDISKIT = {"NetworkPolicy", "ServiceMonitor"}
FACTS = ("app.kubernetes.io/instance", "app.kubernetes.io/name", "app.kubernetes.io/component")


@pytest.fixture(scope="module")
def rendered() -> dict[tuple[str, str], dict[str, Any]]:
    command = [program("helm"), "template", "redis-shared", Chart().path, "--namespace", "redis", "--values", DATA / "values_23.1.1.yaml"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    objects = [content for content in yaml.safe_load_all(done.stdout) if content]
    return {(content["kind"], content["metadata"]["name"]): content for content in objects}


def expected() -> list[dict[str, Any]]:
    return [effect for effect in EFFECTS if effect["kind"] not in LEFT_TO_REDISKIT]


def labels(live: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in live.items() if name in FACTS}


def test_the_objects_are_the_same(rendered: dict[tuple[str, str], dict[str, Any]]) -> None:
    by_chart = {key for key in rendered if key[0] not in LEFT_TO_REDISKIT}
    assert by_chart == {(effect["kind"], effect["name"]) for effect in expected()}


@pytest.mark.parametrize("effect", expected(), ids=lambda effect: f"{effect['kind']}-{effect['name']}")
def test_labels_and_namespace(rendered: dict[tuple[str, str], dict[str, Any]], effect: dict[str, Any]) -> None:
    meta = rendered[effect["kind"], effect["name"]]["metadata"]
    assert labels(meta["labels"]) == effect["labels"]
    assert meta["namespace"] == effect["namespace"]


@pytest.mark.parametrize("effect", [effect for effect in EFFECTS if effect["kind"] == "Service"], ids=lambda effect: effect["name"])
def test_services(rendered: dict[tuple[str, str], dict[str, Any]], effect: dict[str, Any]) -> None:
    spec = rendered["Service", effect["name"]]["spec"]
    assert spec["selector"] == effect["selector"]
    for port, wanted in zip(spec["ports"], effect["ports"], strict=True):
        assert {key: port[key] for key in ("name", "port", "targetPort")} == {key: wanted[key] for key in ("name", "port", "targetPort")}


@pytest.mark.parametrize("effect", [effect for effect in EFFECTS if effect["kind"] == "StatefulSet"], ids=lambda effect: effect["name"])
def test_statefulsets(rendered: dict[tuple[str, str], dict[str, Any]], effect: dict[str, Any]) -> None:
    spec = rendered["StatefulSet", effect["name"]]["spec"]
    pod = spec["template"]
    assert (spec["replicas"], spec["serviceName"], spec["selector"]) == (effect["replicas"], effect["serviceName"], effect["selector"])
    assert labels(pod["metadata"]["labels"]) == effect["podLabels"]
    assert pod["spec"]["serviceAccountName"] == effect["serviceAccountName"]
    assert [claim["metadata"]["name"] for claim in spec["volumeClaimTemplates"]] == effect["volumeClaimTemplates"]
    secrets = [volume["secret"] for volume in pod["spec"]["volumes"] if "secret" in volume]
    assert [{"name": secret["secretName"], "keys": [item["key"] for item in secret["items"]]} for secret in secrets] == effect["secrets"]
    for container, wanted in zip(pod["spec"]["containers"], effect["containers"], strict=True):
        ports = [{"name": port["name"], "containerPort": port["containerPort"]} for port in container["ports"]]
        assert {"name": container["name"], "ports": ports} == wanted
        assert {"livenessProbe", "readinessProbe"} <= set(container)
    environment = {variable["name"]: variable.get("value") for variable in pod["spec"]["containers"][0]["env"]}
    assert effect["env"].items() <= environment.items()


def test_the_chart_of_the_repository_makes_no_password() -> None:
    done = subprocess.run([str(program("helm")), "template", "redis-shared", str(OURS)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "auth.existingSecret" in done.stderr
