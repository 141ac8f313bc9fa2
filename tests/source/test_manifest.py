"""Objects as kubectl prints them are cleaned for Git."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from rediskit.errors import ConfigError
from rediskit.source.manifest import clean, read_manifest
from rediskit.yamlio.reader import read
from tests.problems import lines_of

BACKEND = Path(__file__).parents[2] / "config/chocolandia/beersystem-backend.yaml"
OLD_REDIS = Path(__file__).parent / "data/beersystem-redis.yaml"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def backend() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(BACKEND.read_text())
    return loaded


def workload(metadata: dict[str, Any], template: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", **metadata}, "spec": {"template": template or {}}}


def test_the_live_deployment_without_its_noise() -> None:
    live = backend()
    cleaned = clean(live)
    assert list(cleaned) == ["apiVersion", "kind", "metadata", "spec"]
    assert cleaned["metadata"] == {
        "labels": {"app": "beersystem", "component": "backend"},
        "name": "beersystem-backend",
        "namespace": "beersystem",
    }
    expected = live["spec"]
    assert expected["template"]["metadata"].pop("annotations") == {"kubectl.kubernetes.io/restartedAt": "2025-11-16T09:56:14-03:00"}
    assert expected["template"]["metadata"].pop("creationTimestamp", "absent") is None
    assert cleaned["spec"] == expected
    assert len(cleaned["spec"]["template"]["spec"]["containers"][0]["env"]) == 18


def test_the_live_deployment_holds_all_that_was_applied() -> None:
    """The last-applied configuration is complete in the cleaned object, except the label of the GitOps tool."""
    live = backend()
    applied = json.loads(live["metadata"]["annotations"][LAST_APPLIED])
    del applied["metadata"]["annotations"], applied["metadata"]["labels"]["argocd.argoproj.io/instance"]

    def holds(whole: Any, part: Any) -> bool:
        if isinstance(part, dict):
            return isinstance(whole, dict) and all(key in whole and holds(whole[key], value) for key, value in part.items())
        if isinstance(part, list):
            return isinstance(whole, list) and len(whole) == len(part) and all(map(holds, whole, part))
        return bool(whole == part)

    assert holds(clean(live), applied)


def test_the_committed_manifest_is_the_live_one_but_names_no_private_registry() -> None:
    text = BACKEND.read_text()
    assert text.count("registry.example.com/beersystem/backend:staging") == 2
    assert "amazonaws" not in text
    assert backend()["status"]["observedGeneration"] == backend()["metadata"]["generation"] == 25


@pytest.mark.parametrize(
    "noise",
    [
        {"uid": "x"},
        {"resourceVersion": "1"},
        {"generation": 3},
        {"creationTimestamp": "2025-11-16T00:13:08Z"},
        {"creationTimestamp": None},
        {"selfLink": "/apis/x"},
        {"managedFields": [{"manager": "kubectl"}]},
        {"deletionTimestamp": "2025-11-16T00:13:08Z", "deletionGracePeriodSeconds": 30},
        {"ownerReferences": [{"uid": "x"}]},
        {"annotations": {LAST_APPLIED: "{}"}},
        {"annotations": {"deployment.kubernetes.io/revision": "24", "deployment.kubernetes.io/desired-replicas": "1"}},
        {"annotations": {"deprecated.daemonset.template.generation": "3"}},
        {"annotations": {"argocd.argoproj.io/tracking-id": "a:apps/Deployment:b/c", "argocd.argoproj.io/installation-id": "x"}},
        {"annotations": {"meta.helm.sh/release-name": "a", "meta.helm.sh/release-namespace": "b"}},
        {"annotations": {"objectset.rio.cattle.io/applied": "H4s", "objectset.rio.cattle.io/owner-name": "x"}},
        {"annotations": {}, "labels": {}},
        {"labels": {"argocd.argoproj.io/instance": "x"}},
        {"labels": {"kustomize.toolkit.fluxcd.io/name": "a", "kustomize.toolkit.fluxcd.io/namespace": "b"}},
        {"labels": {"helm.toolkit.fluxcd.io/name": "a", "helm.toolkit.fluxcd.io/namespace": "b"}},
        {"labels": {"objectset.rio.cattle.io/hash": "x"}},
    ],
    ids=lambda noise: ",".join([*noise, *noise.get("annotations", {}), *noise.get("labels", {})]),
)
def test_server_fields_are_removed(noise: dict[str, Any]) -> None:
    live = workload(noise)
    before = copy.deepcopy(live)
    assert clean(live) == workload({})
    assert live == before
    assert clean(clean(live)) == clean(live)


@pytest.mark.parametrize(
    "kept",
    [
        {"labels": {"app": "a", "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "a-1"}},
        {"annotations": {"argocd.argoproj.io/sync-wave": "1", "argocd.argoproj.io/sync-options": "Prune=false"}},
        {"annotations": {"kustomize.toolkit.fluxcd.io/prune": "disabled", "kustomize.toolkit.fluxcd.io/ssa": "Merge"}},
        {"annotations": {"helm.toolkit.fluxcd.io/driftDetection": "disabled", "kubernetes.io/change-cause": "x"}},
        {"labels": {"kustomize.toolkit.fluxcd.io/prune": "disabled"}},
        {"finalizers": ["example.com/x"], "namespace": "b", "generateName": "a-"},
    ],
)
def test_fields_of_a_person_stay(kept: dict[str, Any]) -> None:
    noisy = copy.deepcopy(kept) | {"uid": "x"}
    noisy.setdefault("annotations", {})[LAST_APPLIED] = "{}"
    noisy.setdefault("labels", {})["argocd.argoproj.io/instance"] = "x"
    assert clean(workload(noisy)) == workload(kept)


def test_templates_are_cleaned_too() -> None:
    spec = {"securityContext": {}, "volumes": [{"name": "tmp", "emptyDir": {}}]}
    labels = {"app": "a", "argocd.argoproj.io/instance": "selected"}
    annotations = {"kubectl.kubernetes.io/restartedAt": "x", "checksum/config": "y"}
    live = {"metadata": {"creationTimestamp": None, "annotations": annotations, "labels": labels}, "spec": spec}
    committed = {"metadata": {"annotations": {"checksum/config": "y"}, "labels": labels}, "spec": spec}
    assert clean(workload({}, live)) == workload({}, committed)

    claim = {"metadata": {"name": "data", "creationTimestamp": None}, "spec": {"storageClassName": "local-path"}}
    stateful = {"kind": "StatefulSet", "spec": {"volumeClaimTemplates": [{**claim, "status": {"phase": "Pending"}}]}}
    assert clean(stateful)["spec"]["volumeClaimTemplates"] == [{"metadata": {"name": "data"}, "spec": {"storageClassName": "local-path"}}]

    bare = {"metadata": {"creationTimestamp": None}}
    cron = {"kind": "CronJob", "spec": {"jobTemplate": {**bare, "spec": {"template": {**bare, "spec": {"restartPolicy": "Never"}}}}}}
    assert clean(cron)["spec"] == {"jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never"}}}}}


def test_order() -> None:
    assert list(clean({"status": {}, "spec": 1, "data": 2, "metadata": {"name": "a"}, "kind": "b", "apiVersion": "c"})) == [
        "apiVersion",
        "kind",
        "metadata",
        "spec",
        "data",
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"metadata": "a"},
        {"metadata": {"name": "a", "annotations": "b"}, "spec": [1]},
        {"spec": {"template": "a", "jobTemplate": 1, "volumeClaimTemplates": [1, {"metadata": None}]}},
        {"spec": {"template": {"metadata": [], "spec": None}, "volumeClaimTemplates": {}}},
    ],
)
def test_objects_with_wrong_types_stay_unchanged(odd: dict[str, Any]) -> None:
    assert clean(odd) == odd


def test_the_copy_shares_nothing() -> None:
    live = backend()
    cleaned = clean(live)
    cleaned["spec"]["template"]["spec"]["containers"][0]["env"].clear()
    assert live == backend()


def test_read_manifest() -> None:
    for path in (BACKEND, OLD_REDIS):
        assert read_manifest(path.read_bytes(), path.name) == clean(yaml.safe_load(path.read_text()))


def test_numbers_are_plain() -> None:
    text = b"apiVersion: v1\nkind: X\nmetadata: {name: a}\nspec: {replicas: 3, ratio: 1.50, text: 1e3}\n"
    spec = read_manifest(text, "f")["spec"]
    assert spec == {"replicas": 3, "ratio": 1.5, "text": "1e3"}
    assert [type(value) for value in spec.values()] == [int, float, str]


def test_one_text_is_parsed_once_and_each_caller_has_its_own_object() -> None:
    text = BACKEND.read_bytes() + b"# only here\n"
    with patch("rediskit.source.manifest.read", wraps=read) as parsed:
        first, second = read_manifest(text, "f"), read_manifest(text, "f")
    assert parsed.call_count == 1
    first["spec"]["template"]["spec"]["containers"].clear()
    first["metadata"]["name"] = "other"
    assert second == read_manifest(text, "f") == clean(backend())


def test_a_list_with_one_item_is_that_item() -> None:
    listed = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": [backend()]})
    assert read_manifest(listed.encode(), "f") == clean(backend())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["f:1:1: the file is empty"]),
        ("- a\n", ["f:1:1: expected a mapping, found a list"]),
        (
            "# x\nspec: {}\n",
            ["f:2:1: apiVersion is missing", "f:2:1: kind is missing", "f:2:1: metadata.name is missing"],
        ),
        ("apiVersion: v1\nkind: X\nmetadata:\n", ["f:1:1: metadata.name is missing"]),
        ("apiVersion: v1\nkind: X\nmetadata:\n  name: 12\n", ["f:4:9: metadata.name: expected text"]),
        ("apiVersion: v1\nkind: X\nmetadata:\n  name: ''\n", ["f:4:9: metadata.name: expected text"]),
        ("apiVersion: 1.0\nkind: [X]\nmetadata: {name: a}\n", ["f:1:13: apiVersion: expected text", "f:2:7: kind: expected text"]),
        ("kind: List\n", ["f:1:1: expected one object, found a List with no items"]),
        ("kind: List\nitems: []\n", ["f:2:8: items: expected one object, found a List with 0 items"]),
        ("kind: List\nitems:\n- {}\n- {}\n", ["f:3:1: items: expected one object, found a List with 2 items"]),
        ("kind: List\nitems:\n- a\n", ["f:3:3: items[0]: expected an object with apiVersion, kind and metadata"]),
        ("kind: List\nitems:\n- kind: X\n  apiVersion: v1\n", ["f:3:3: items[0]: metadata.name is missing"]),
        ("apiVersion: v1\n---\nkind: X\n", ["f:2:1: the file contains a second document"]),
    ],
)
def test_refused(text: str, expected: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        read_manifest(text.encode(), "f")
    assert lines_of(raised.value.problems) == expected
    assert all(problem.hint for problem in raised.value.problems)


@pytest.mark.parametrize("kind", ["containers", "initContainers"])
@pytest.mark.parametrize(
    ("containers", "place", "message"),
    [
        ("web", "", "expected a list"),
        (["web"], "[0]", "expected an entry with a name"),
        ([{"image": "web:1"}], "[0]", "expected an entry with a name"),
        ([{"name": ""}], "[0]", "expected an entry with a name"),
        ([{"name": "web", "env": {"HOST": "redis"}}], "[0].env", "expected a list"),
        ([{"name": "web", "env": [{"name": "A"}, None]}], "[0].env[1]", "expected an entry with a name"),
        ([{"name": "web", "env": [{"name": 5}]}], "[0].env[0]", "expected an entry with a name"),
    ],
)
def test_containers_and_variables_have_names(kind: str, containers: Any, place: str, message: str) -> None:
    obj = workload({}, {"spec": {kind: containers}})
    with pytest.raises(ConfigError) as caught:
        read_manifest(json.dumps(obj).encode(), "live.yaml")
    assert f": spec.template.spec.{kind}{place}: {message}\n" in str(caught.value)
    listed = {"kind": "List", "items": [obj]}
    with pytest.raises(ConfigError, match=r"items\[0\]\.spec\.template\.spec"):
        read_manifest(json.dumps(listed).encode(), "live.yaml")
