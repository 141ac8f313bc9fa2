"""Every kind of owner and shape of client at every step, in the real kustomize: what changes, in which pointers, and that it comes back."""

from __future__ import annotations

import copy
import itertools
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import Environment, Manifest, render
from rediskit.checks.schema import validate
from rediskit.migrate.owner.plain_text import patched
from rediskit.model.owner import OwnerKind
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner.patches import changes
from rediskit.state_machine.effects import Effects, effects
from rediskit.yamlio.writer import dump
from tests.renderers.owner_build import OLD_REDIS, Built, Object, changed, copy_component, write
from tests.samples import ONE_CONTAINER, STEPS, backend, config, environment_of, helm_release, merged

HOST = "redis-shared-master.redis.svc.cluster.local"
ENV = "/spec/template/spec/containers/backend/env"
BUILT: tuple[OwnerKind, ...] = ("kustomize", "argocd-app", "flux-kustomization", "flux-helmrelease")
PAUSED = "/metadata/annotations"


def hpa(**spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "beersystem-backend"}
    metadata = {"name": "beersystem-backend", "namespace": "beersystem"}
    body = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 5, **spec}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": body}


def keda() -> Object:
    spec = {"scaleTargetRef": {"name": "beersystem-backend"}, "maxReplicaCount": 5, "triggers": [{"type": "cpu"}]}
    metadata = {"name": "beersystem-backend", "namespace": "beersystem"}
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata, "spec": spec}


def pod(workload: Object) -> Any:
    return workload["spec"]["template"]["spec"]


def with_env(*entries: Object, **container: Any) -> Object:
    workload = backend()
    pod(workload)["containers"][0] |= {"env": list(entries), **container}
    return workload


def several() -> Object:
    workload = backend()
    other = {"name": "worker", "image": "worker:1", "env": [{"name": "REDIS_HOST", "value": "redis"}]}
    pod(workload)["containers"] = [{"name": "proxy", "image": "proxy:1"}, *pod(workload)["containers"], other]
    wait = {"name": "wait", "image": "wait:1", "env": [{"name": "REDIS_HOST", "value": "redis"}]}
    pod(workload)["initContainers"] = [{"name": "first", "image": "first:1"}, wait, {"name": "last", "image": "last:1"}]
    return workload


def three(workload: Object) -> Object:
    workload["spec"]["replicas"] = 3
    return workload


@dataclass(frozen=True)
class Shape:
    """workload: as the base has it. switched: the pointers that reconfigure changes. scaler: what scales it. keys: of the config."""

    workload: Object
    switched: frozenset[str]
    keys: Mapping[str, Any] = field(default_factory=dict)
    scaler: Object | None = None


def each(env: str, *names: str) -> frozenset[str]:
    return frozenset(f"{env}/{name}" for name in names)


REAL = each(ENV, "REDIS_HOST/value", "REDIS_PASSWORD")
FROM_MAP = {"configMapKeyRef": {"name": "redis", "key": "host"}}
FROM_SECRET = {"secretKeyRef": {"name": "old", "key": "password", "optional": True}}
SCALED = three(backend())
URL = {"backend": {"env": {"REDIS_URL": "redis://:${password}@${address}/1", "REDIS_PASSWORD": "${password}"}}}
SHAPES = {
    "real": Shape(backend(), REAL),
    "statefulset": Shape({**three(backend()), "kind": "StatefulSet"}, REAL),
    "several containers": Shape(
        several(),
        REAL
        | each("/spec/template/spec/containers/worker/env", "REDIS_HOST/value", "REDIS_PORT", "REDIS_PASSWORD")
        | each("/spec/template/spec/initContainers/wait/env", "REDIS_HOST/value", "REDIS_PORT", "REDIS_PASSWORD"),
        {
            "containers": {**ONE_CONTAINER, "worker": ONE_CONTAINER["backend"]},
            "initContainers": {"wait": ONE_CONTAINER["backend"]},
        },
    ),
    "url": Shape(
        with_env({"name": "STORE", "value": "$(REDIS_URL)"}, {"name": "REDIS_URL", "value": "redis://redis:6379/1"}),
        each(ENV, "REDIS_URL/value", "REDIS_PASSWORD"),
        {"containers": URL},
    ),
    "envFrom": Shape(
        with_env({"name": "OTHER", "value": "1"}, envFrom=[{"configMapRef": {"name": "redis"}}]),
        each(ENV, "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"),
    ),
    "no env at all": Shape(with_env(), frozenset({ENV})),
    "from ConfigMap and Secret": Shape(
        with_env({"name": "REDIS_HOST", "valueFrom": FROM_MAP}, {"name": "REDIS_PASSWORD", "valueFrom": FROM_SECRET}),
        each(ENV, "REDIS_HOST/value", "REDIS_HOST/valueFrom", "REDIS_PORT")
        | each(f"{ENV}/REDIS_PASSWORD/valueFrom/secretKeyRef", "name", "key", "optional"),
    ),
    "HorizontalPodAutoscaler": Shape(SCALED, REAL, scaler=hpa()),
    "ScaledObject": Shape(SCALED, REAL, scaler=keda()),
}


def environment(shape: Shape, kind: OwnerKind, step: str, order: str) -> Environment:
    section = {"manifest": Manifest("workload.yaml", copy.deepcopy(shape.workload)), "containers": ONE_CONTAINER, **shape.keys}
    if shape.scaler is not None:
        section["autoscaler"] = {"manifest": Manifest("autoscaler.yaml", shape.scaler)}
    client = merged(config(step, order)["clients"][0], {"owner": owner_of(kind)})
    client["workloads"] = [section]
    return environment_of(step, order, {"clients": [client]})


def build(folder: Path, kustomize: Path) -> Built:
    done = subprocess.run([kustomize, "build", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    return Built(done.returncode, done.stdout, done.stderr)


RENDERERS: tuple[list[Object] | None, ...] = (None, [{"kustomize": {"images": [{"name": "proxy", "newTag": "2"}]}}], [])
"""The post-renderers of the base: none, one, and an empty list."""


def with_renderers(renderers: list[Object] | None) -> Object:
    """Return the HelmRelease of an application with post-renderers."""
    return helm_release({"spec": {"postRenderers": renderers}} if renderers is not None else None)


def owner_of(kind: OwnerKind, renderers: list[Object] | None = None) -> Object:
    """Return the section `owner` of a client."""
    more = {"release": Manifest("release.yaml", with_renderers(renderers))} if kind == "flux-helmrelease" else {}
    return {"kind": kind, **more}


class Repository:
    """An overlay of an application; `at` builds it with the files of an environment as the GitOps tool does, each content once."""

    def __init__(self, folder: Path, kustomize: Path, objects: tuple[Object, ...]) -> None:
        self.folder, self.kustomize, self.built = folder, kustomize, dict[str, Built]()
        (folder / "rediskit").mkdir(parents=True)
        names = [f"object{index}.yaml" for index in range(len(objects))]
        for name, content in zip(names, objects, strict=True):
            (folder / name).write_text(dump(content), encoding="utf-8")
        self.settings: dict[str, Any] = {"resources": names}

    def at(self, environment: Environment | None) -> Built:
        settings = dict(self.settings)
        files = {path: text for path, text in render(environment).files.items() if path.startswith("owners/")} if environment else {}
        content = repr(sorted(files.items()))
        if content in self.built:
            return self.built[content]
        if environment and environment.clients[0].owner.kind == "kustomize":
            copy_component(environment, self.folder / "rediskit")
            settings["components"] = ["./rediskit"]
        elif environment and environment.clients[0].owner.kind == "flux-helmrelease":
            added = self._post_renderers(environment)
            settings["patches"] = [*settings.get("patches", ()), *added]
        elif environment:
            # Argo CD 3.6.1 and Flux 1.9.4 append what stands in their object to the patches of the kustomization that they build.
            settings["patches"] = [*settings.get("patches", ()), *snippet(environment)]
        write(self.folder, {key: value for key, value in settings.items() if value})
        self.built[content] = build(self.folder, self.kustomize)
        return self.built[content]

    def _post_renderers(self, environment: Environment) -> list[Object]:
        """Return the patches that the real kustomize puts into the HelmRelease; helm-controller 1.6.4 builds the chart with them."""
        release = environment.clients[0].owner.release
        assert release is not None
        folder = self.folder / "release"
        (folder / "rediskit").mkdir(parents=True, exist_ok=True)
        (folder / "release.yaml").write_text(dump(release.content), encoding="utf-8")
        copy_component(environment, folder / "rediskit")
        write(folder, {"resources": ["release.yaml"], "components": ["./rediskit"]})
        built = build(folder, self.kustomize)
        assert built.code == 0, built.complaint
        mine = release.content["spec"].get("postRenderers") or []
        now = built.workload("HelmRelease", "shop")["spec"].get("postRenderers") or []
        assert now[: len(mine)] == mine, "a post-renderer of the base is lost"
        assert len(now) in (len(mine), len(mine) + 1)
        return [patch for renderer in now[len(mine) :] for patch in renderer["kustomize"]["patches"]]


def snippet(environment: Environment) -> list[Object]:
    kind = environment.clients[0].owner.kind
    name = {"argocd-app": "application-snippet.yaml", "flux-kustomization": "kustomization-snippet.yaml"}[kind]
    content = yaml.safe_load(render(environment).files[f"owners/beersystem/{name}"])
    spec = content["spec"]["source"]["kustomize"] if kind == "argocd-app" else content["spec"]
    patches: list[Object] = spec["patches"]
    return patches


def objects(shape: Shape) -> tuple[Object, ...]:
    return (shape.workload, *([shape.scaler] if shape.scaler else []), *OLD_REDIS)


def expected(shape: Shape, effect: Effects) -> dict[str, set[str]]:
    """Return the pointers by kind of object, from the shape and the step alone."""
    workload = ({"/spec/replicas"} if effect.stopped else set()) | (set(shape.switched) if effect.switched else set())
    moved = {str(shape.workload["kind"]): workload}
    if shape.scaler and not effect.removed:
        if shape.scaler["kind"] == "ScaledObject":
            moved["ScaledObject"] = {PAUSED}
        elif effect.restored:
            moved["HorizontalPodAutoscaler"] = {"/spec/minReplicas", "/spec/maxReplicas"}
    return {kind: pointers for kind, pointers in moved.items() if pointers}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Rotate kinds and orders over the shapes: test_owner_matrix.py has every pair. `pytest --full` runs the whole product."""
    kinds = list(itertools.product(BUILT, ("scale-down-first", "deploy-first")))
    rotated = [(name, *kinds[(3 * index + shift) % len(kinds)]) for index, name in enumerate(SHAPES) for shift in (0, 5)]
    if "journey" in metafunc.fixturenames:
        every = [(name, *pair) for name in SHAPES for pair in kinds]
        metafunc.parametrize("journey", every if metafunc.config.getoption("full") else rotated, ids=", ".join)
    if "plain" in metafunc.fixturenames:
        orders = [(name, ("scale-down-first", "deploy-first")[index % 2]) for index, name in enumerate(SHAPES)]
        metafunc.parametrize("plain", orders, ids=", ".join)


def test_each_step_changes_what_it_means_and_nothing_else(journey: tuple[str, OwnerKind, str], tmp_path: Path, kustomize: Path) -> None:
    name, kind, order = journey
    shape = SHAPES[name]
    repository = Repository(tmp_path, kustomize, objects(shape))
    before = repository.at(None)
    assert before.code == 0, before.complaint
    for step in STEPS:
        made_now = environment(shape, kind, step, order)
        effect = effects(made_now.clients[0].migration)
        after = repository.at(made_now)
        assert after.code == 0, (step, after.complaint)
        if effect.owner_is_untouched:
            assert after.text == before.text, step
            continue
        gone = {("Deployment", "beersystem", "redis"), ("Service", "beersystem", "redis")} if effect.removed else set()
        assert before.objects.keys() - after.objects.keys() == gone
        moved = {key[0]: difference for key in after.objects if (difference := changed(before.objects[key], after.objects[key]))}
        assert moved == expected(shape, effect), step
        init = [
            [container["name"] for container in pod(build.workload(shape.workload["kind"])).get("initContainers", ())]
            for build in (before, after)
        ]
        assert init[0] == init[1], "init containers run in their order"


def test_plain_manifests_are_what_a_component_builds(plain: tuple[str, str], tmp_path: Path, kustomize: Path) -> None:
    """The files of `manifests` with the values of each step, compared with the real build of the Component."""
    name, order = plain
    shape = SHAPES[name]
    repository = Repository(tmp_path, kustomize, objects(shape))
    for step in STEPS:
        now = environment(shape, "manifests", step, order)
        tree = render(now)
        patches = {change.merge["kind"]: change for change in changes(now, now.clients[0])}
        assert {path for path in tree.files if path.startswith("owners/beersystem/") and path.endswith(".yaml")} == {
            f"owners/beersystem/{file_name(change.named)}" for change in patches.values()
        }
        built = repository.at(environment(shape, "kustomize", step, order))
        for content in objects(shape)[: 2 if shape.scaler else 1]:
            text = dump(content).encode()
            patched_text = patched(text, "x", patches[content["kind"]]) if content["kind"] in patches else text
            assert not changed(yaml.safe_load(patched_text), built.workload(content["kind"])), step
        removed = tree.files.get("owners/beersystem/remove.txt")
        assert removed == (b"Deployment/redis\nService/redis\n" if step == "decommission" else None)


def expanded(entries: list[Object], secrets: Mapping[str, str], inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment as the kubelet expands it: `$(NAME)` needs an earlier NAME (or envFrom), and `$$` is a dollar."""
    known = dict(inherited)
    for entry in entries:
        if "valueFrom" in entry:
            known[entry["name"]] = secrets[entry["valueFrom"]["secretKeyRef"]["key"]]
            continue

        def only(match: re.Match[str]) -> str:
            return "$" if match[0] == "$$" else known.get(match[1], match[0])

        known[entry["name"]] = re.sub(r"\$\$|\$\(([^)]*)\)", only, entry.get("value", ""))
    return known


def test_the_url_that_the_application_sees(tmp_path: Path, kustomize: Path) -> None:
    """On the built object: the url and what is made of it name the shared Redis with its password, though the base had them upside down."""
    secrets = {"redis-password": "Abc123xyz"}
    shape = SHAPES["url"]
    for kind in BUILT:
        repository = Repository(tmp_path / kind, kustomize, objects(shape))
        built = repository.at(environment(shape, kind, "scale-up", "scale-down-first"))
        seen = expanded(pod(built.workload())["containers"][0]["env"], secrets, {})
        assert seen["REDIS_URL"] == seen["STORE"] == f"redis://:Abc123xyz@{HOST}:6379/1"
        before = expanded(pod(repository.at(None).workload())["containers"][0]["env"], secrets, {})
        assert before["STORE"] == "$(REDIS_URL)"


def test_an_explicit_variable_beats_envfrom(tmp_path: Path, kustomize: Path) -> None:
    shape = SHAPES["envFrom"]
    built = Repository(tmp_path, kustomize, objects(shape)).at(environment(shape, "kustomize", "scale-up", "scale-down-first"))
    container = pod(built.workload())["containers"][0]
    assert container["envFrom"] == [{"configMapRef": {"name": "redis"}}]
    assert expanded(container["env"], {"redis-password": "x"}, {"REDIS_HOST": "redis"})["REDIS_HOST"] == HOST


@pytest.mark.parametrize(("step", "number", "bounds"), [("scale-down", 0, (1, 5)), ("scale-up", 3, (3, 3)), ("decommission", 3, (1, 5))])
def test_git_and_the_autoscaler_never_want_different_numbers(
    tmp_path: Path, kustomize: Path, step: str, number: int, bounds: tuple[int, int]
) -> None:
    """At 0 Kubernetes leaves the workload alone; from scale-up on the bounds are the number in Git; then they are released."""
    for kind, scaler in (("HorizontalPodAutoscaler", hpa()), ("ScaledObject", keda())):
        repository = Repository(tmp_path / kind, kustomize, objects(SHAPES[kind]))
        built = repository.at(environment(SHAPES[kind], "kustomize", step, "scale-down-first"))
        assert built.workload()["spec"]["replicas"] == number
        held = built.workload(kind)
        if kind == "ScaledObject":
            paused = held["metadata"].get("annotations", {}).get("autoscaling.keda.sh/paused-replicas")
            assert paused == (None if step == "decommission" else str(number))
        else:
            assert (held["spec"]["minReplicas"], held["spec"]["maxReplicas"]) == bounds
        assert scaler["spec"]["scaleTargetRef"] == held["spec"]["scaleTargetRef"]


@pytest.mark.parametrize("kind", BUILT[1:])
@pytest.mark.parametrize("broken", ["no workload", "another namespace", "a container before it", "no container", "another kind"])
def test_a_snippet_fails_the_build_where_its_object_is_not(tmp_path: Path, kustomize: Path, kind: OwnerKind, broken: str) -> None:
    workload = backend()
    if broken == "another namespace":
        workload["metadata"]["namespace"] = "staging"
    elif broken == "another kind":
        workload["kind"] = "StatefulSet"
    elif broken == "a container before it":
        pod(workload)["containers"].insert(0, {"name": "proxy", "image": "proxy:1"})
    elif broken == "no container":
        pod(workload)["containers"][0]["name"] = "api"
    base = OLD_REDIS if broken == "no workload" else (workload, *OLD_REDIS)
    repository = Repository(tmp_path, kustomize, base)
    assert repository.at(None).code == 0
    for step in ("scale-down", "reconfigure", "scale-up", "decommission"):
        assert repository.at(environment(SHAPES["real"], kind, step, "scale-down-first")).code != 0, step


def test_base_namespace_false_fits_a_base_without_namespaces(tmp_path: Path, kustomize: Path) -> None:
    workload = backend()
    del workload["metadata"]["namespace"]
    repository = Repository(tmp_path, kustomize, (workload,))
    now = environment(SHAPES["real"], "flux-kustomization", "scale-down", "scale-down-first")
    assert repository.at(now).code != 0
    owner = now.clients[0].owner.model_copy(update={"base_namespace": False})
    without = now.model_copy(update={"clients": (now.clients[0].model_copy(update={"owner": owner}),)})
    assert repository.at(without).workload()["spec"]["replicas"] == 0


@pytest.mark.parametrize("config_has", RENDERERS)
@pytest.mark.parametrize("base_has", RENDERERS)
def test_a_post_renderer_of_the_base_is_kept_or_the_build_fails(
    tmp_path: Path, kustomize: Path, base_has: list[Object] | None, config_has: list[Object] | None
) -> None:
    """The base can change after the object was copied into the config."""
    now = environment(SHAPES["real"], "flux-helmrelease", "scale-down", "scale-down-first")
    owner = now.clients[0].owner.model_copy(update={"release": Manifest("release.yaml", with_renderers(config_has))})
    now = now.model_copy(update={"clients": (now.clients[0].model_copy(update={"owner": owner}),)})
    folder = tmp_path / "overlay"
    (folder / "rediskit").mkdir(parents=True)
    (folder / "release.yaml").write_text(dump(with_renderers(base_has)), encoding="utf-8")
    copy_component(now, folder / "rediskit")
    write(folder, {"resources": ["release.yaml"], "components": ["./rediskit"]})
    built = build(folder, kustomize)
    if (base_has is None) != (config_has is None):
        assert built.code != 0
        return
    assert built.code == 0, built.complaint
    renderers = built.workload("HelmRelease", "shop")["spec"]["postRenderers"]
    assert renderers[:-1] == (base_has or [])
    (folder / "release.yaml").write_text(dump({**with_renderers(base_has), "metadata": {"name": "other"}}), encoding="utf-8")
    assert build(folder, kustomize).code != 0, "the HelmRelease is missing"


@pytest.mark.parametrize("missing", ["HorizontalPodAutoscaler", "ScaledObject"])
def test_an_autoscaler_that_is_not_in_the_build_fails_it(tmp_path: Path, kustomize: Path, missing: str) -> None:
    shape = SHAPES[missing]
    repository = Repository(tmp_path, kustomize, (shape.workload, *OLD_REDIS))
    for step in ("scale-down", "scale-up"):
        assert repository.at(environment(shape, "kustomize", step, "scale-down-first")).code != 0
    assert repository.at(environment(shape, "kustomize", "decommission", "scale-down-first")).code == 0


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", SHAPES)
def test_the_tools_accept_the_snippet_in_the_object(name: str, step: str) -> None:
    """The strict schemas of Argo CD's Application and Flux's Kustomization, with the snippet where it belongs."""
    source = {"repoURL": "https://git.example.org/owner.git", "path": "prod", "targetRevision": "main"}
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "owner"},
        "spec": {"project": "default", "destination": {"namespace": "beersystem", "name": "here"}, "source": source},
    }
    flux = {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": "owner"},
        "spec": {"interval": "1m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "owner"}},
    }
    pairs: tuple[tuple[OwnerKind, Object, str], ...] = (
        ("argocd-app", application, "application"),
        ("flux-kustomization", flux, "kustomization"),
    )
    for kind, whole, file in pairs:
        files = render(environment(SHAPES[name], kind, step, "scale-down-first")).files
        part = yaml.safe_load(files[f"owners/beersystem/{file}-snippet.yaml"])
        assert list(validate(merged(whole, part), "1.34")) == []
        assert list(validate(merged(whole, json.loads(json.dumps(part).replace('"patch"', '"pach"'))), "1.34")) or step in (
            "prepare",
            "complete",
            "rolled-back",
        )
