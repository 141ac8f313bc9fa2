"""Clients with many workloads, variables and kinds, built by the real kustomize at every step, in every order and kind of owner.

Every shape takes all steps; owner kinds and orders rotate over the shapes, so that each pair of the two has several shapes.
`pytest --full` runs the whole product.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import Environment, Manifest
from rediskit.migrate.owner.plain_text import merged as merged_text
from rediskit.migrate.owner.plain_text import patched
from rediskit.model.migration import Order
from rediskit.model.owner import OwnerKind
from rediskit.renderers.owner.patches import changes
from rediskit.state_machine.effects import Effects, effects, steps
from rediskit.yamlio.writer import dump
from tests.renderers.client_shapes import SHAPES, Part, Shape
from tests.renderers.owner_build import OLD_REDIS, Built, Object, changed
from tests.renderers.owner_repository import Repository, owner_of
from tests.renderers.test_owner_kinds import expanded
from tests.samples import STEPS, config, environment_of, merged

SNIPPETS: tuple[OwnerKind, ...] = ("argocd-app", "flux-kustomization", "flux-helmrelease")
KINDS: tuple[OwnerKind, ...] = ("kustomize", *SNIPPETS)
ORDERS: tuple[Order, ...] = ("scale-down-first", "deploy-first")
PAIRS = list(itertools.product(KINDS, ORDERS))
EVERY = [(name, kind, order) for name in SHAPES for kind, order in PAIRS]
ROTATED = [(name, *PAIRS[index % len(PAIRS)]) for index, name in enumerate(SHAPES)]
HOST = "redis-shared-master.redis.svc.cluster.local"
PASSWORD = "Abc123xyz"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "journey" in metafunc.fixturenames:
        journeys = EVERY if metafunc.config.getoption("full") else ROTATED
        metafunc.parametrize("journey", journeys, ids=[", ".join(journey) for journey in journeys])
    if "plain" in metafunc.fixturenames:
        plain = [(name, ORDERS[index % 2]) for index, name in enumerate(SHAPES)]
        every = list(itertools.product(SHAPES, ORDERS))
        metafunc.parametrize("plain", every if metafunc.config.getoption("full") else plain, ids=", ".join)


def environment(name: str, kind: OwnerKind, order: str, step: str) -> Environment:
    shape = SHAPES[name]
    sections = []
    for index, part in enumerate(shape.parts):
        scaler = {"autoscaler": {"manifest": Manifest(f"{index}-scaler.yaml", copy.deepcopy(part.scaler))}} if part.scaler else {}
        sections.append({"manifest": Manifest(f"{index}.yaml", copy.deepcopy(part.content)), **part.config, **scaler})
    client = merged(config(step, order)["clients"][0], {"owner": owner_of(kind), **shape.keys})
    client["workloads"] = sections
    return environment_of(step, order, {"clients": [client]})


def base(shape: Shape) -> tuple[Object, ...]:
    return (*(part.content for part in shape.parts), *(part.scaler for part in shape.parts if part.scaler), *shape.others, *OLD_REDIS)


def pod(content: Object) -> Any:
    template = content["spec"]["jobTemplate"]["spec"] if content["kind"] == "CronJob" else content["spec"]
    return template.get("template", {}).get("spec", {})


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


def expected(part: Part, *, stopped: bool, switched: bool) -> set[str]:
    """Return what a step changes in a workload, from the shape and the step alone."""
    spec = part.content["spec"]
    pointers = set(part.switched) if switched else set()
    if part.content["kind"] == "CronJob":
        if stopped and spec.get("suspend") is not True:
            pointers.add("/spec/suspend")
    elif stopped and spec["replicas"]:
        pointers.add("/spec/replicas")
    return pointers


def expected_of_scaler(scaler: Object, effect: Effects) -> set[str]:
    """Return what a step changes in an autoscaler."""
    if effect.removed:
        return set()
    if scaler["kind"] == "ScaledObject":
        return {"/metadata/annotations"}
    return {"/spec/minReplicas", "/spec/maxReplicas"} if effect.restored else set()


def values(shape: Shape, part: Part) -> Iterator[tuple[str, str, str | None]]:
    """Yield container, variable (or `args`) and the value that the process sees, without the templates of rediskit."""
    for section in ("containers", "initContainers"):
        for name, entry in part.config.get(section, {}).items():
            if "external" in entry:
                continue
            for variable, text in entry.get("env", shape.keys.get("env", {})).items():
                yield name, variable, filled(text, shape.keys.get("databases", {}))
            for replacement in entry.get("args", ()):
                yield name, "args", filled(replacement["to"], shape.keys.get("databases", {}))


def filled(text: str | None, databases: Mapping[str, Any]) -> str | None:
    if text is None:
        return None
    numbers = {f"${{database.{name}}}": part["number"] if isinstance(part, dict) else part for name, part in databases.items()}
    fixed = {"host": HOST, "port": "6379", "address": f"{HOST}:6379", "password": PASSWORD, "username": "default"}
    known = {**{f"${{{name}}}": value for name, value in fixed.items()}, **numbers, "${database}": databases.get("default", 0)}
    for placeholder, value in known.items():
        text = text.replace(placeholder, str(value))
    return text


def assert_values(shape: Shape, part: Part, content: Object) -> None:
    """Assert what each process sees after Kubernetes has expanded its variables in their order, and its command line."""
    containers = {container["name"]: container for key in ("containers", "initContainers") for container in pod(content).get(key, ())}
    for name, variable, value in values(shape, part):
        container = containers[name]
        seen = expanded(container.get("env", []), {"redis-password": PASSWORD}, {})
        if variable != "args":
            assert seen.get(variable) == value, (part.key, name, variable)
            continue
        words = [*container.get("command", ()), *container.get("args", ())]
        entries = [*container["env"], *({"name": f"word {index}", "value": word} for index, word in enumerate(words))]
        line = expanded(entries, {"redis-password": PASSWORD}, {})
        assert any(value is not None and line[f"word {index}"].endswith(value) for index in range(len(words))), (part.key, name, words)


def assert_step(shape: Shape, effect: Effects, before: Built, after: Built) -> None:
    """Assert that a build differs from the base exactly in what the step changes."""
    gone = {("Deployment", "beersystem", "redis"), ("Service", "beersystem", "redis")} if effect.removed else set()
    assert before.objects.keys() - after.objects.keys() == gone
    meant = set()
    for part in shape.parts:
        pointers = coarse(changed(before.objects[part.key], after.objects[part.key]), part.content)
        if part.content["kind"] == "CronJob" and effect.restored and "suspend" not in part.content["spec"]:
            pointers -= {"/spec/suspend"}  # It is written out: false, which is the default.
        assert pointers == expected(part, stopped=effect.stopped, switched=effect.switched), part.key
        if effect.switched:
            assert_values(shape, part, after.objects[part.key])
        meant.add(part.key)
        if part.scaler:
            key = (part.scaler["kind"], *part.key[1:])
            assert changed(before.objects[key], after.objects[key]) == expected_of_scaler(part.scaler, effect), key
            meant.add(key)
    for key in after.objects.keys() - meant:
        assert after.objects[key] == before.objects[key], key


def test_each_step_changes_the_named_values_of_every_workload(journey: tuple[str, OwnerKind, str], tmp_path: Path, kustomize: Path) -> None:
    name, kind, order = journey
    shape = SHAPES[name]
    repository = Repository(tmp_path, kustomize, base(shape))
    before = repository.at(None)
    assert before.code == 0, before.complaint
    for step in STEPS:
        at_step = environment(name, kind, order, step)
        effect = effects(at_step.clients[0].migration)
        after = repository.at(at_step)
        assert after.code == 0, (step, after.complaint)
        if effect.owner_is_untouched:
            assert after.text == before.text, step
        else:
            assert_step(shape, effect, before, after)


def test_plain_files_have_the_values_of_the_component_build_and_return_to_the_same_bytes(
    plain: tuple[str, Order], tmp_path: Path, kustomize: Path
) -> None:
    """Each step forward, each step back and each rollback, with an image that a person changes in between."""
    name, order = plain
    shape = SHAPES[name]
    contents = [*(part.content for part in shape.parts), *(part.scaler for part in shape.parts if part.scaler)]
    originals = {key_of(content): f"# by hand\n{dump(content)}# the end\n".encode() for content in contents}
    repository = Repository(tmp_path, kustomize, base(shape))
    at: dict[str, dict[Any, bytes]] = {}
    for step in STEPS:
        config_at = environment(name, "manifests", order, step)
        by_key = {(change.merge["kind"], change.merge["metadata"]["name"]): change for change in changes(config_at, config_at.clients[0])}
        at[step] = {key: patched(text, "x", by_key[key]) if key in by_key else text for key, text in originals.items()}
        built = repository.at(environment(name, "kustomize", order, step))
        for (kind, object_name), text in at[step].items():
            assert not changed(yaml.safe_load(text), built.objects[kind, "beersystem", object_name]), (step, kind, object_name)
        if effects(config_at.clients[0].migration).switched:
            for part in shape.parts:
                assert_values(shape, part, yaml.safe_load(at[step][part.key[0], part.key[2]]))
    assert at["prepare"] == at["rolled-back"] == originals
    order_of = [step for step in steps(order) if step in at]
    pairs = [*itertools.pairwise(order_of), *itertools.pairwise(reversed(order_of)), *((step, "rolled-back") for step in order_of)]
    for (first, second), key in itertools.product(pairs, originals):
        assert merged_text(newer(at[first][key]), at[first][key], at[second][key]) == newer(at[second][key]), (first, second, key)


def key_of(content: Object) -> tuple[str, str]:
    return content["kind"], content["metadata"]["name"]


def newer(text: bytes) -> bytes:
    return text.replace(b":1\n", b":2\n").replace(b"# by hand\n", b"# by hand, twice\n")


def moved(content: Object, part: Part) -> Object:
    """Return a workload with one more container before each list that has a switched one."""
    result = copy.deepcopy(content)
    names = {pointer.split("/")[0] for pointer in part.switched}
    for key in ("containers", "initContainers"):
        listed = pod(result).get(key, [])
        if names & {entry["name"] for entry in listed}:
            listed.insert(0, {"name": "injected", "image": "registry.example.org/injected:1"})
    return result


@pytest.mark.parametrize("name", SHAPES)
def test_a_container_that_has_moved_fails_a_snippet_and_is_found_by_name_in_a_component(name: str, tmp_path: Path, kustomize: Path) -> None:
    """Argo CD and Flux apply a patch to any position. A Component has names, and positions only for Rollouts and command lines."""
    shape = SHAPES[name]
    movable = [part for part in shape.parts if part.switched][:2]
    assert movable
    for part in movable:
        whole = tuple(moved(content, part) if content is part.content else content for content in base(shape))
        repository = Repository(tmp_path / part.key[2], kustomize, whole)
        before = repository.at(None)
        assert before.code == 0, before.complaint
        for kind, step in itertools.product(SNIPPETS, ("scale-down", "reconfigure", "decommission")):
            refused = repository.at(environment(name, kind, "scale-down-first", step))
            assert refused.code != 0, (kind, step, part.key)
            assert "failed" in refused.complaint, refused.complaint
        at_step = environment(name, "kustomize", "scale-down-first", "reconfigure")
        after = repository.at(at_step)
        by_position = part.content["kind"] == "Rollout" or any(pointer.endswith(("/args", "/command")) for pointer in part.switched)
        assert (after.code != 0) == by_position, after.complaint
        if not by_position:
            assert_step(shape, effects(at_step.clients[0].migration), before, after)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_build_fails_where_a_workload_is_missing(name: str, kind: OwnerKind, tmp_path: Path, kustomize: Path) -> None:
    shape = SHAPES[name]
    at_step = environment(name, kind, "scale-down-first", "reconfigure")
    for index, part in enumerate(shape.parts[:3]):
        rest = tuple(content for content in base(shape) if content is not part.content)
        assert Repository(tmp_path / str(index), kustomize, rest).at(at_step).code != 0, part.key
