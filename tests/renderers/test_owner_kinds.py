"""Every kind of owner and shape of client at every step, in the real kustomize: what changes, in which pointers, and that it comes back."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from rediskit import Manifest, render
from rediskit.checks.schema import validate
from rediskit.migrate.owner.plain_text import patched
from rediskit.model.owner import OwnerKind
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner.patches import changes
from rediskit.state_machine.effects import Effects, effects
from rediskit.yamlio.writer import dump
from tests.renderers.owner_build import OLD_REDIS, Object, changed, copy_component, write
from tests.renderers.owner_repository import RENDERERS, Repository, build, environment, with_renderers
from tests.renderers.owner_shapes import SHAPES, Shape, hpa, keda, pod
from tests.samples import STEPS, backend, merged

HOST = "redis-shared-master.redis.svc.cluster.local"
BUILT: tuple[OwnerKind, ...] = ("kustomize", "argocd-app", "flux-kustomization", "flux-helmrelease")
PAUSED = "/metadata/annotations"


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
