"""Clients with many workloads, variables and kinds, built by the real kustomize at every step, in every order and kind of owner.

Every shape takes all steps; owner kinds and orders rotate over the shapes, so that each pair of the two has several shapes.
`pytest --full` runs the whole product.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from rediskit import Environment, Manifest
from rediskit.model.client import OwnerKind
from rediskit.state_machine.effects import effects
from rediskit.yamlio.writer import dump
from tests.renderers.owner_build import OLD_REDIS, Object, changed
from tests.renderers.test_owner_kinds import Repository
from tests.samples import STEPS, config, made, merged

KINDS: tuple[OwnerKind, ...] = ("kustomize", "argocd-app", "flux-kustomization")
ORDERS = ("scale-down-first", "deploy-first")
VERSIONS = {"Rollout": "argoproj.io/v1alpha1", "CronJob": "batch/v1"}
HOST_AND_PORT = {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}
URL = {"REDIS_URL": "redis://:${password}@${address}/${database}?timeout=5"}


class Part(NamedTuple):
    """A workload of a client.

    Attributes:
        content: The real object.
        config: Its section of the config, without the manifest.
        switched: The variables and words that the switch changes, as `container/env/NAME` or `container/args`.
    """

    content: Object
    config: Mapping[str, Any]
    switched: tuple[str, ...]


def container(name: str, *variables: str, **more: Any) -> Object:
    """Return a container whose variables have literal values."""
    env = {"env": [{"name": "LOG", "value": "info"}, *({"name": variable, "value": "old"} for variable in variables)]}
    return {"name": name, "image": f"registry.example.org/{name}:1", **(env if variables else {}), **more}


def part(
    kind: str, name: str, *containers: Object, init: tuple[Object, ...] = (), config: Mapping[str, Any], switched: str = "", **spec: Any
) -> Part:
    """Return a workload; `switched` lists what changes, separated by spaces."""
    pod: Object = {"containers": list(containers), **({"initContainers": list(init)} if init else {})}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    if kind == "CronJob":
        spec = {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": template}}, **spec}
    else:
        own = {} if "workloadRef" in spec else {"template": template}
        spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, **own, **spec}
    content = {
        "apiVersion": VERSIONS.get(kind, "apps/v1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": "beersystem"},
        "spec": spec,
    }
    return Part(content, config, tuple(switched.split()))


def simple(kind: str, name: str, **spec: Any) -> Part:
    """Return a workload with one container that reads host, port and password."""
    switched = " ".join(f"app/env/{variable}" for variable in HOST_AND_PORT)
    return part(kind, name, container("app", *HOST_AND_PORT), config={"containers": {"app": {}}}, switched=switched, **spec)


ARGS = [{"from": "redis://redis:6379/1", "to": "redis://:${password}@${address}/${database}"}]
SHAPES: dict[str, tuple[Mapping[str, Any], tuple[Part, ...]]] = {
    "web and worker": ({"env": HOST_AND_PORT}, (simple("Deployment", "web"), simple("Deployment", "worker"))),
    "web, worker and beat": (
        {"env": HOST_AND_PORT},
        (simple("Deployment", "web"), simple("StatefulSet", "worker"), simple("Deployment", "beat", replicas=1)),
    ),
    "a CronJob alone": ({"env": HOST_AND_PORT}, (simple("CronJob", "report"),)),
    "a suspended CronJob beside a Deployment": (
        {"env": HOST_AND_PORT},
        (simple("Deployment", "web"), simple("CronJob", "report", suspend=True), simple("CronJob", "sweep", suspend=False)),
    ),
    "a Rollout": ({"env": HOST_AND_PORT}, (simple("Rollout", "web"),)),
    "a Rollout that takes its pods from a Deployment": (
        {"env": HOST_AND_PORT},
        (
            part("Rollout", "web", config={}, workloadRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}),
            simple("Deployment", "web", replicas=0)._replace(config={"containers": {"app": {}}, "replicas": 0}),
        ),
    ),
    "init containers in two workloads": (
        {"env": {"REDIS_HOST": "${host}"}},
        tuple(
            part(
                "Deployment",
                name,
                container("app", "REDIS_HOST"),
                init=(container("first"), container("wait", "REDIS_HOST"), container("last")),
                config={"containers": {"app": {}}, "initContainers": {"wait": {}}},
                switched="app/env/REDIS_HOST wait/env/REDIS_HOST",
            )
            for name in ("web", "worker")
        ),
    ),
    "a command line": (
        {"databases": {"default": 3}},
        (
            part(
                "Deployment",
                "worker",
                container("app", args=["--verbose", "--broker=redis://redis:6379/1"]),
                config={"containers": {"app": {"args": ARGS}}},
                switched="app/args app/env",
            ),
        ),
    ),
    "a command line in a Rollout behind another container": (
        {},
        (
            part(
                "Rollout",
                "worker",
                container("proxy"),
                container("app", "REDIS_HOST", command=["run", "redis://redis:6379/1"]),
                config={"containers": {"app": {"args": ARGS, "env": {"REDIS_HOST": "${host}"}}}},
                switched="app/command app/env/REDIS_HOST app/env/REDISKIT_PASSWORD",
            ),
        ),
    ),
    "one URL with a query": (
        {"databases": {"default": 2}, "env": URL},
        (
            part(
                "Deployment",
                "web",
                container("app", *URL),
                config={"containers": {"app": {}}},
                switched="app/env/REDIS_URL app/env/REDISKIT_PASSWORD",
            ),
        ),
    ),
    "three URLs, three databases": (
        {
            "databases": {"broker": 0, "results": 1, "cache": {"number": 2, "shared": True}},
            "env": {
                f"{name.upper()}_URL": f"redis://:${{password}}@${{address}}/${{database.{name}}}"
                for name in ("broker", "results", "cache")
            },
        },
        tuple(
            part(
                "Deployment",
                name,
                container("app", "BROKER_URL", "RESULTS_URL", "CACHE_URL"),
                config={"containers": {"app": {}}},
                switched="app/env/BROKER_URL app/env/RESULTS_URL app/env/CACHE_URL app/env/REDISKIT_PASSWORD",
            )
            for name in ("web", "worker")
        ),
    ),
    "variables that are removed and literals": (
        {"env": {"REDIS_PASSWORD_FILE": None, "REDIS_TLS": "false", "REDIS_USER": "${username}", **HOST_AND_PORT}},
        (
            part(
                "Deployment",
                "web",
                container("app", "REDIS_PASSWORD_FILE", "REDIS_TLS", "REDIS_USER", *HOST_AND_PORT),
                config={"containers": {"app": {}}},
                switched=" ".join(f"app/env/{name}" for name in ("REDIS_PASSWORD_FILE", "REDIS_TLS", "REDIS_USER", *HOST_AND_PORT)),
            ),
        ),
    ),
    "the same in a Rollout": (
        {"env": {"REDIS_PASSWORD_FILE": None, "REDIS_TLS": "false", **HOST_AND_PORT}},
        (
            part(
                "Rollout",
                "web",
                container("app", "REDIS_TLS", "REDIS_PORT", "REDIS_PASSWORD_FILE", "REDIS_HOST"),
                config={"containers": {"app": {}}},
                switched=" ".join(f"app/env/{name}" for name in ("REDIS_PASSWORD_FILE", "REDIS_TLS", *HOST_AND_PORT)),
            ),
        ),
    ),
    "a container that a person changes": (
        {"env": HOST_AND_PORT},
        (
            part(
                "Deployment",
                "web",
                container("app", *HOST_AND_PORT),
                container("legacy"),
                config={"containers": {"app": {}, "legacy": {"external": "config.yaml of ConfigMap/shop"}}},
                switched=" ".join(f"app/env/{name}" for name in HOST_AND_PORT),
            ),
            part("Deployment", "search", container("app"), config={"containers": {"app": {"external": "its settings page"}}}),
        ),
    ),
    "variables of their own in one container": (
        {"env": HOST_AND_PORT},
        (
            part(
                "Deployment",
                "web",
                container("app", *HOST_AND_PORT),
                container("sidecar", "CACHE_ADDRESS"),
                config={"containers": {"app": {}, "sidecar": {"env": {"CACHE_ADDRESS": "${address}"}}}},
                switched=" ".join(("sidecar/env/CACHE_ADDRESS", *(f"app/env/{name}" for name in HOST_AND_PORT))),
            ),
        ),
    ),
    "14 workloads": (
        {"env": HOST_AND_PORT},
        tuple(simple("Deployment" if index % 3 else "StatefulSet", f"part-{index}") for index in range(14)),
    ),
}
PAIRS = list(itertools.product(KINDS, ORDERS))
EVERY = [(name, kind, order) for name in SHAPES for kind, order in PAIRS]
ROTATED = [(name, *PAIRS[index % len(PAIRS)]) for index, name in enumerate(SHAPES)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "walk" in metafunc.fixturenames:
        walks = EVERY if metafunc.config.getoption("full") else ROTATED
        metafunc.parametrize("walk", walks, ids=[", ".join(walk) for walk in walks])


def environment(name: str, kind: OwnerKind, order: str, step: str) -> Environment:
    keys, parts = SHAPES[name]
    sections = [{"manifest": Manifest(f"{index}.yaml", copy.deepcopy(one.content)), **one.config} for index, one in enumerate(parts)]
    client = merged(config(step, order)["clients"][0], {"owner": {"kind": kind}, **keys})
    client["workloads"] = sections
    return made(step, order, {"clients": [client]})


def coarse(pointers: set[str], content: Object) -> set[str]:
    """Return pointers cut behind the variable or the list of words: `container/env/NAME`; those outside of a pod as they are."""
    return set(_coarse(pointers, "jobTemplate" in content["spec"]))


def _coarse(pointers: set[str], nested: bool) -> Iterator[str]:
    pod = "/spec/jobTemplate/spec/template/spec/" if nested else "/spec/template/spec/"
    for pointer in pointers:
        if not pointer.startswith(pod):
            yield pointer
            continue
        _, name, *rest = pointer.removeprefix(pod).split("/")
        yield "/".join((name, *rest[:2]))


def expected(one: Part, *, stopped: bool, switched: bool) -> set[str]:
    """Return what a step changes in a workload, from the shape and the step alone."""
    spec = one.content["spec"]
    pointers = set(one.switched) if switched else set()
    if one.content["kind"] == "CronJob":
        if stopped and spec.get("suspend") is not True:
            pointers.add("/spec/suspend")
    elif stopped and spec["replicas"]:
        pointers.add("/spec/replicas")
    return pointers


def test_each_step_changes_the_named_values_of_every_workload(walk: tuple[str, OwnerKind, str], tmp_path: Any, kustomize: Any) -> None:
    name, kind, order = walk
    parts = SHAPES[name][1]
    repository = Repository(tmp_path, kustomize, (*(one.content for one in parts), *OLD_REDIS))
    before = repository.at(None)
    assert before.code == 0, before.complaint
    for step in STEPS:
        at_step = environment(name, kind, order, step)
        effect = effects(at_step.clients[0].migration)
        after = repository.at(at_step)
        assert after.code == 0, (step, after.complaint)
        if effect.owner_is_untouched:
            assert after.text == before.text, step
            continue
        for one in parts:
            key = (one.content["kind"], "beersystem", one.content["metadata"]["name"])
            pointers = coarse(changed(before.objects[key], after.objects[key]), one.content)
            if one.content["kind"] == "CronJob" and effect.restored and "suspend" not in one.content["spec"]:
                pointers -= {"/spec/suspend"}  # It is written out: false, which is the default.
            assert pointers == expected(one, stopped=effect.stopped, switched=effect.switched), (step, key)


@pytest.mark.parametrize("name", SHAPES)
def test_a_build_fails_where_a_container_or_a_workload_is_missing(name: str, tmp_path: Any, kustomize: Any) -> None:
    parts = SHAPES[name][1]
    at_step = environment(name, "kustomize", "scale-down-first", "reconfigure")
    whole = [one.content for one in parts]
    for index in range(min(len(parts), 3)):
        rest = [content for number, content in enumerate(whole) if number != index]
        folder = tmp_path / str(index)
        folder.mkdir()
        without = Repository(folder, kustomize, (*rest, *OLD_REDIS)).at(at_step)
        assert without.code != 0, dump(whole[index])
