"""Our strategic merge in process against the real kustomize: the same object, the order of variables and containers included."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rediskit.model.pointers import changed
from rediskit.renderers.owner.overlay import apply
from rediskit.renderers.owner.patches import change as change_of
from rediskit.state_machine.effects import effects
from rediskit.yamlio.writer import dump
from tests.samples import backend, config, environment_of, merged

Object = dict[str, Any]
STEPS = ("scale-down", "reconfigure", "scale-up", "decommission")
VARIABLES = {"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}
FROM = {"configMapKeyRef": {"name": "old", "key": "x"}}


def patched(workload: Object, step: str, containers: dict[str, Any]) -> Object:
    """Return the patch of a step for this workload, its name on it."""
    section = {"kind": workload["kind"], "name": "w", "replicas": 3, "containers": containers}
    environment = environment_of(step, over={"clients": [{**config(step)["clients"][0], "workloads": [section]}]})
    client = environment.clients[0]
    return {
        **change_of(environment, client, client.workloads[0], effects(client.migration)).merge,
        "metadata": {"name": workload["metadata"]["name"]},
    }


def built(folder: Path, kustomize: Path, cases: list[tuple[Object, Object]]) -> list[Object]:
    """Return the kustomize build of each base and patch, in one build. Base and patch of a case have the same unique name."""
    files = {"base.yaml": [base for base, _ in cases]} | {f"patch{index}.yaml": [patch] for index, (_, patch) in enumerate(cases)}
    for name, contents in files.items():
        (folder / name).write_text("---\n".join(dump(content) for content in contents))
    patches = [
        {"path": f"patch{index}.yaml", "target": {"kind": base["kind"], "name": f"^{base['metadata']['name']}$"}}
        for index, (base, _) in enumerate(cases)
    ]
    (folder / "kustomization.yaml").write_text(yaml.safe_dump({"resources": ["base.yaml"], "patches": patches}))
    done = subprocess.run([kustomize, "build", str(folder)], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    by_name = {content["metadata"]["name"]: content for content in yaml.safe_load_all(done.stdout)}
    return [by_name[base["metadata"]["name"]] for base, _ in cases]


def numbered(cases: list[tuple[Object, str, dict[str, Any]]]) -> list[tuple[Object, Object]]:
    pairs = []
    for index, (workload, step, containers) in enumerate(cases):
        base = {**workload, "metadata": {**workload["metadata"], "name": f"w{index}"}}
        pairs.append((base, patched(base, step, containers)))
    return pairs


def deployment(*containers: Object, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "w", "namespace": "beersystem", "annotations": {"empty": ""}},
        "spec": merged({"replicas": 2, "template": {"spec": {"containers": list(containers)}}}, spec),
    }


def container(name: str, *env: Object, **more: Any) -> Object:
    return {"name": name, "image": f"{name}:1", "ports": [{"containerPort": 80}], **({"env": list(env)} if env else {}), **more}


A, HOST, PORT = {"name": "A", "value": "1"}, {"name": "REDIS_HOST", "value": "old"}, {"name": "REDIS_PORT", "value": "1"}
WORKLOADS: dict[str, Object] = {
    "the real one": backend(),
    "no env": deployment(container("app")),
    "an empty env": deployment(container("app", env=[])),
    "a null env": deployment(container("app", env=None)),
    "ours between others": deployment(container("app", A, HOST, {"name": "B", "value": "2"}, PORT)),
    "a sidecar before": deployment(container("sidecar", HOST), container("app", HOST)),
    "a sidecar behind": deployment(container("app", HOST), container("sidecar", HOST)),
    "value from elsewhere": deployment(
        container("app", {"name": "REDIS_HOST", "valueFrom": FROM}, {"name": "REDIS_PASSWORD", "valueFrom": FROM})
    ),
    "a name alone": deployment(container("app", {"name": "REDIS_PASSWORD"}, {"name": "B"})),
    "nulls": deployment(container("app", {"name": "REDIS_HOST", "value": None}, {"name": "B", "value": None}), strategy=None),
    "null and empty sources": deployment(
        container("app", {"name": "REDIS_PASSWORD", "valueFrom": None}), container("b", {"name": "B", "valueFrom": {}})
    ),
    "an init container of the same name": deployment(container("app", A), template={"spec": {"initContainers": [container("app", HOST)]}}),
    "no replicas": {**deployment(container("app", A)), "spec": {"template": {"spec": {"containers": [container("app", A)]}}}},
    "another variable twice": deployment(container("app", A, HOST, {"name": "A", "value": "2"})),
    "our variable twice": deployment(container("app", HOST, A, {"name": "REDIS_HOST", "valueFrom": FROM})),
    "a variable twice in a sidecar": deployment(container("sidecar", A, HOST, A), container("app", A)),
    "texts like numbers": deployment(
        container("app", {"name": "A", "value": "0x1F"}, {"name": "B", "value": "1e3"}, {"name": "C", "value": "y"})
    ),
    "an odd image": deployment(
        container("app", A, image="1234e56"), template={"metadata": {"creationTimestamp": None, "labels": {"on": "off"}}}
    ),
}


def test_what_people_write(tmp_path: Path, kustomize: Path) -> None:
    cases = numbered(
        [
            (copy.deepcopy(content), step, {"backend" if name == "the real one" else "app": VARIABLES})
            for name, content in WORKLOADS.items()
            for step in STEPS
        ]
    )
    names = [f"{name} at {step}" for name in WORKLOADS for step in STEPS]
    for name, (base, change), expected in zip(names, cases, built(tmp_path, kustomize, cases), strict=True):
        before = copy.deepcopy((base, change))
        assert apply(base, change) == expected, name
        assert (base, change) == before


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_two_containers_in_another_order(tmp_path: Path, kustomize: Path, kind: str) -> None:
    workload = {**deployment(container("a", A), container("b", A, HOST), container("c", HOST)), "kind": kind}
    second = {"env": {"CACHE_HOST": "${host}", "CACHE_PORT": "${port}", "CACHE_PASSWORD": "${password}"}}
    cases = numbered(
        [(workload, step, containers) for step in STEPS for containers in ({"c": VARIABLES, "b": second}, {"b": second, "c": VARIABLES})]
    )
    for (base, change), expected in zip(cases, built(tmp_path, kustomize, cases), strict=True):
        assert apply(base, change) == expected


names = st.sampled_from(
    ["A", "B", "C", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_URL", "CACHE_HOST", "CACHE_PORT", "CACHE_PASSWORD"]
)
texts = st.one_of(
    st.sampled_from(["", "0", "1e3", "yes", "redis", "$(REDIS_HOST):$(REDIS_PORT)", "null", " x ", "a: b", "#", "a\nb"]),
    st.text("abXY019 $():/@#-_.,'\"{}", max_size=12),
)
references = st.fixed_dictionaries(
    {"name": st.sampled_from(["s", "t"]), "key": st.sampled_from(["k", "l"])}, optional={"optional": st.booleans()}
)
sources = st.one_of(
    st.fixed_dictionaries({"configMapKeyRef": references}),
    st.fixed_dictionaries({"secretKeyRef": references}),
    st.just({"fieldRef": {"fieldPath": "metadata.name", "apiVersion": "v1"}}),
    st.just({"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}),
)
entries: st.SearchStrategy[Object] = st.one_of(
    st.fixed_dictionaries({"name": names, "value": texts}),
    st.fixed_dictionaries({"name": names, "valueFrom": sources}),
    st.fixed_dictionaries({"name": names}),
)
environments = st.one_of(st.lists(entries, max_size=8, unique_by=lambda entry: str(entry["name"])), st.lists(entries, max_size=6))
containers = st.fixed_dictionaries(
    {"image": st.sampled_from(["app:1", "registry.example.com:5000/app@sha256:0"])},
    optional={
        "env": environments,
        "envFrom": st.just([{"configMapRef": {"name": "c"}}]),
        "args": st.lists(texts, min_size=1, max_size=2),
        "volumeMounts": st.just([{"name": "v", "mountPath": "/v"}, {"name": "v", "mountPath": "/w"}]),
    },
)


@st.composite
def workloads(draw: st.DrawFn) -> tuple[Object, str, dict[str, Any]]:
    names = draw(st.lists(st.sampled_from(["app", "worker", "app-proxy", "logs"]), min_size=1, max_size=4, unique=True))
    listed = [{"name": name, **draw(containers)} for name in names]
    workload = {**deployment(*listed), "kind": draw(st.sampled_from(["Deployment", "StatefulSet"]))}
    if draw(st.booleans()):
        workload["spec"]["template"]["spec"]["initContainers"] = [{"name": name, **draw(containers)} for name in names[:2]]
    if draw(st.booleans()):
        del workload["spec"]["replicas"]
    patched_ones = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    sets = [VARIABLES, {"env": {"CACHE_HOST": "${host}", "CACHE_PORT": "${port}", "CACHE_PASSWORD": "${password}"}}]
    return workload, draw(st.sampled_from(STEPS)), dict(zip(patched_ones, draw(st.permutations(sets)), strict=False))


class Cases(list[tuple[Object, str, dict[str, Any]]]):
    """Many at once: on a failure the assertion shows the one that differs."""

    def __repr__(self) -> str:
        return f"<{len(self)} workloads>"


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(cases=st.lists(workloads(), min_size=25, max_size=40).map(Cases))
def test_generated_workloads_are_patched_as_by_kustomize(tmp_path_factory: pytest.TempPathFactory, kustomize: Path, cases: Cases) -> None:
    """A few hundred workloads a run, many in one build."""
    pairs = numbered(cases)
    for (base, change), expected in zip(pairs, built(tmp_path_factory.mktemp("build"), kustomize, pairs), strict=True):
        assert apply(base, change) == expected


def names_in(value: Any) -> dict[str, list[str]]:
    """Return the names in each list of containers and variables of a workload."""
    pod = value["spec"]["template"]["spec"]
    lists = {kind: pod.get(kind) or [] for kind in ("containers", "initContainers")}
    envs = {f"{kind}/{entry['name']}": entry.get("env") or [] for kind, entries in lists.items() for entry in entries}
    return {path: [entry["name"] for entry in entries] for path, entries in (lists | envs).items()}


@settings(max_examples=200, deadline=None)
@given(case=workloads())
def test_a_merge_in_place_differs_only_in_the_order_and_keeps_that_of_the_base(case: tuple[Object, str, dict[str, Any]]) -> None:
    base, patch = numbered([case])[0]
    before = copy.deepcopy((base, patch))
    result = apply(base, patch, in_place=True)
    assert not changed(apply(base, patch), result)
    old, new = names_in(base), names_in(result)
    for path, listed in new.items():
        kept = list(dict.fromkeys(name for name in old.get(path, []) if name in listed))
        assert listed[: len(kept)] == kept, path
    assert (base, patch) == before


@pytest.mark.parametrize("name", [{"a": "b"}, ["a"], None, 1, True])
def test_names_that_are_no_text_are_merged_by_no_name(name: Any) -> None:
    """What a build prints need not be an object that an API server takes."""
    base = {"containers": [{"name": name, "env": [{"name": name, "value": "x"}]}]}
    assert apply(base, {"replicas": 0}) == {**base, "replicas": 0}
    assert apply(base, {"containers": [{"name": "app", "image": "x"}]}) == {"containers": [{"name": "app", "image": "x"}]}
