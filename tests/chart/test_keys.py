"""Helm values: known keys are accepted, others get a hint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.chart import keys
from rediskit.chart.bitnami import BITNAMI
from rediskit.chart.bitnami_advice import ADVICE
from rediskit.chart.keys import plain_values
from rediskit.errors import Problem, dotted
from rediskit.renderers.helm import merged_values
from rediskit.yamlio.reader import read
from tests.samples import environment_of

DATA = Path(__file__).parent / "data"


def known_keys() -> Mapping[str, str]:
    return keys.known_keys(BITNAMI.keys_file)


def check_values(values: Mapping[str, Any], extra: Iterable[str] = ()) -> list[Problem]:
    return keys.check_values(BITNAMI, values, extra)


FITTING: dict[str, Any] = {"str": "text", "int": 1, "bool": True, "list": ["x"], "map": {"any": "thing"}}
WRONG: dict[str, list[Any]] = {
    "str": [True, ["x"], {"a": 1}],
    "int": ["1", True, 1.5, [1], {"a": 1}],
    "bool": ["true", "yes", ["x"], {"a": 1}, 1],
    "list": ["x", {"a": 1}, 1, True],
    "map": ["x", ["x"], 1, True],
}


def nested(path: str, value: Any) -> dict[str, Any]:
    """Return Helm values with `value` at a dotted path."""
    parts = ["metrics", "podAnnotations", path.partition("podAnnotations.")[2]] if "podAnnotations." in path else path.split(".")
    for part in reversed(parts):
        value = {part: value}
    return dict(value)


def hint(path: str) -> str:
    (problem,) = check_values(nested(path, "x"))
    assert problem.message.startswith("chart 23.1.1 has no value ")
    assert f"chart {BITNAMI.listed} has no value" in problem.message
    return problem.hint


def test_the_list_has_every_key_of_the_chart() -> None:
    assert len(known_keys()) == 574
    kinds = list(known_keys().values())
    assert {kind: kinds.count(kind) for kind in FITTING} == {"str": 186, "int": 105, "bool": 104, "list": 92, "map": 87}


@pytest.mark.parametrize("path", known_keys())
def test_every_known_key_is_known_and_typed(path: str) -> None:
    kind = known_keys()[path]
    assert check_values(nested(path, FITTING[kind])) == []
    assert check_values(nested(path, None)) == []
    for wrong in WRONG[kind]:
        if kind == "bool" and path.rpartition(".")[2] in ("sampleLimit", "targetLimit") and wrong == 1:
            continue
        (problem,) = check_values(nested(path, wrong))
        assert problem.message == f"expected {problem.hint.rpartition(' is ')[2]}"


def test_the_values_of_the_homelab_have_no_unknown_key() -> None:
    assert check_values(yaml.safe_load((DATA / "values_23.1.1.yaml").read_text())) == []


@pytest.mark.parametrize(
    "over",
    [
        {},
        {"monitoring": {"enabled": False}},
        {"redis": {"imageMirror": "mirror.example.com:5000/hub", "disabledCommands": ["CONFIG"], "savePoints": ["900 1"], "replicas": 3}},
        {"redis": {"image": {"repository": "bitnami/redis", "tag": "", "digest": f"sha256:{'0' * 64}"}}},
    ],
)
def test_our_own_values_have_no_unknown_key(over: dict[str, Any]) -> None:
    assert check_values(merged_values(environment_of(over=over))) == []


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("disableCommands", "redis.disabledCommands"),
        ("podSecurityContext.enabled", "master.podSecurityContext and replica.podSecurityContext"),
        ("containerSecurityContext.enabled", "master.containerSecurityContext and replica.containerSecurityContext"),
        ("metrics.serviceMonitor.labels", "monitoring.release: rediskit renders the ServiceMonitor"),
        ("metrics.serviceMonitor.selector", "monitoring.release: rediskit renders the ServiceMonitor"),
        ("metrics.serviceMonitor.path", "/metrics"),
        ("metrics.prometheusRule.labels", "monitoring.release: rediskit renders the PrometheusRule"),
        ("master.replicaCount", "redis.replicas"),
        ("replica.count", "redis.replicas"),
        ("replicas", "redis.replicas"),
        ("cluster.enabled", "redis.replicas"),
        ("slave.persistence.size", "replica"),
        ("usePassword", "redis.auth"),
        ("existingSecret", "redis.auth"),
        ("auth.existingSecretKey", "redis.auth.key"),
        ("auth.secretName", "redis.auth.secret"),
        ("auth.username", "auth.acl.users"),
        ("master.service.port", "master.service.ports.redis"),
        ("persistence.size", "redis.storage"),
        ("service.type", "master.service"),
        ("tolerations", "master.tolerations"),
        ("nodeSelector", "master.nodeSelector"),
        ("resources.limits.memory", "redis.resources"),
        ("maxmemory", "redis.memory.max"),
        ("redis.conf", "commonConfiguration"),
        ("master.image.tag", "redis.image"),
        ("replica.image.tag", "redis.image"),
        ("replica.minReplicasToWrite", "min-replicas-to-write"),
        ("master.podManagementPolicy", "replica"),
        ("metrics.exporter.resources.limits", "redis.resources.exporter"),
        ("networkPolicy.ingress", "network.allow"),
    ],
)
def test_a_key_of_another_chart_gets_a_hint(path: str, advice: str) -> None:
    """Helm ignores these keys of other versions or other charts."""
    assert advice in hint(path)


@pytest.mark.parametrize("path", ADVICE)
def test_hints_are_for_unknown_keys_only(path: str) -> None:
    assert not [known for known in known_keys() if known == path or known.startswith(f"{path}.")]
    assert hint(path) == ADVICE[path]


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("masster.count", "master"),
        ("master.persistance.size", "master.persistence"),
        ("metrics.servicemonitor.enabled", "metrics.serviceMonitor"),
        ("global.imageRegistri", "global.imageRegistry"),
        ("sentinel.enable", "sentinel.enabled"),
        ("master.extraFlag", "master.extraFlags"),
        ("priorityClassName", "master.priorityClassName or replica.priorityClassName"),
        ("imageRegistry", "global.imageRegistry"),
        ("replica.service.portNames", "master.service.portNames"),
        ("metrics.extraEnv", "metrics.extraEnvVars"),
    ],
)
def test_a_misspelt_key_gets_a_suggestion(path: str, meant: str) -> None:
    assert hint(path).startswith(f"did you mean {meant}? ")
    assert hint(path).endswith("add a key of a newer chart to redis.chart.extraKeys")


def test_a_key_without_a_similar_one_gets_the_hint_for_newer_charts() -> None:
    assert hint("qqqqq") == "add a key of a newer chart to redis.chart.extraKeys"


@pytest.mark.parametrize(
    "values",
    [
        {"metrics": {"podAnnotations": {"example.com/team": "platform"}}},
        {"master": {"podSecurityContext": {"runAsNonRoot": True}, "updateStrategy": {"rollingUpdate": {"partition": 1}}}},
        {"replica": {"containerSecurityContext": {"seccompProfile": {"localhostProfile": "redis.json"}, "capabilities": {"add": ["X"]}}}},
        {"metrics": {"livenessProbe": {"terminationGracePeriodSeconds": 5}}},
        {"master": {"affinity": {"nodeAffinity": {}}, "podLabels": {"team": "platform"}, "resources": {"claims": []}}},
        {"commonLabels": {"a.b/c": "d"}, "pdb": {"minAvailable": 1}},
        {"metrics": {"serviceMonitor": {"sampleLimit": 100}}},
    ],
)
def test_what_the_chart_prints_as_a_whole_is_free(values: dict[str, Any]) -> None:
    assert check_values(values) == []


def test_what_the_chart_prints_field_by_field_is_not_free() -> None:
    """The chart prints the liveness probe of the primary field by field (templates/master/application.yaml)."""
    assert [dotted(problem.path) for problem in check_values({"master": {"livenessProbe": {"terminationGracePeriodSeconds": 5}}})] == [
        "master.livenessProbe.terminationGracePeriodSeconds"
    ]


def test_a_section_is_a_mapping() -> None:
    (problem,) = check_values({"master": "big"})
    assert (dotted(problem.path), problem.message) == ("master", "expected a mapping")
    assert "count" in problem.hint


def test_all_problems_are_found_at_their_paths() -> None:
    problems = check_values({"slave": {"a": 1}, "master": {"count": "1", "nope": 1, "service": {"port": 1}}, "architecture": "x"})
    assert [dotted(problem.path) for problem in problems] == ["slave", "master.count", "master.nope", "master.service.port"]


@pytest.mark.parametrize("extra", ["master.newKey", "newSection", "master.service.newPorts"])
def test_extra_keys_are_known_with_all_below_them(extra: str) -> None:
    values = nested(f"{extra}.deep.er", 1)
    assert check_values(values) != []
    assert check_values(values, [extra]) == []


def test_an_extra_key_allows_no_neighbours() -> None:
    assert [dotted(problem.path) for problem in check_values({"new": {"known": 1, "other": 2}}, ["new.known"])] == ["new.other"]


def test_numbers_stay_the_text_they_were_written_as() -> None:
    """The schema of the chart refuses `tag: 8.20` as a number; rediskit writes it as text."""
    document = read(b"image: {tag: 8.20}\nfullnameOverride: 0123\nmaster: {count: 1, minReadySeconds: 10}\n", "v.yaml")
    assert plain_values(BITNAMI, document.data) == {
        "image": {"tag": "8.20"},
        "fullnameOverride": "0123",
        "master": {"count": 1, "minReadySeconds": 10},
    }
