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
from tests.renderers.test_owner_kinds import Repository, expanded, owner_of
from tests.samples import STEPS, config, made, merged

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
    for index, one in enumerate(shape.parts):
        scaler = {"autoscaler": {"manifest": Manifest(f"{index}-scaler.yaml", copy.deepcopy(one.scaler))}} if one.scaler else {}
        sections.append({"manifest": Manifest(f"{index}.yaml", copy.deepcopy(one.content)), **one.config, **scaler})
    client = merged(config(step, order)["clients"][0], {"owner": owner_of(kind), **shape.keys})
    client["workloads"] = sections
    return made(step, order, {"clients": [client]})


def base(shape: Shape) -> tuple[Object, ...]:
    return (*(one.content for one in shape.parts), *(one.scaler for one in shape.parts if one.scaler), *shape.others, *OLD_REDIS)


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


def expected_of_scaler(scaler: Object, effect: Effects) -> set[str]:
    """Return what a step changes in an autoscaler."""
    if effect.removed:
        return set()
    if scaler["kind"] == "ScaledObject":
        return {"/metadata/annotations"}
    return {"/spec/minReplicas", "/spec/maxReplicas"} if effect.restored else set()


def values(shape: Shape, one: Part) -> Iterator[tuple[str, str, str | None]]:
    """Yield container, variable (or `args`) and the value that the process sees, without the templates of rediskit."""
    for section in ("containers", "initContainers"):
        for name, given in one.config.get(section, {}).items():
            if "external" in given:
                continue
            for variable, text in given.get("env", shape.keys.get("env", {})).items():
                yield name, variable, filled(text, shape.keys.get("databases", {}))
            for replacement in given.get("args", ()):
                yield name, "args", filled(replacement["to"], shape.keys.get("databases", {}))


def filled(text: str | None, databases: Mapping[str, Any]) -> str | None:
    if text is None:
        return None
    numbers = {f"${{database.{name}}}": one["number"] if isinstance(one, dict) else one for name, one in databases.items()}
    fixed = {"host": HOST, "port": "6379", "address": f"{HOST}:6379", "password": PASSWORD, "username": "default"}
    known = {**{f"${{{name}}}": value for name, value in fixed.items()}, **numbers, "${database}": databases.get("default", 0)}
    for placeholder, value in known.items():
        text = text.replace(placeholder, str(value))
    return text


def assert_values(shape: Shape, one: Part, content: Object) -> None:
    """Assert what each process sees after Kubernetes has expanded its variables in their order, and its command line."""
    containers = {found["name"]: found for key in ("containers", "initContainers") for found in pod(content).get(key, ())}
    for name, variable, value in values(shape, one):
        found = containers[name]
        seen = expanded(found.get("env", []), {"redis-password": PASSWORD}, {})
        if variable != "args":
            assert seen.get(variable) == value, (one.key, name, variable)
            continue
        words = [*found.get("command", ()), *found.get("args", ())]
        entries = [*found["env"], *({"name": f"word {index}", "value": word} for index, word in enumerate(words))]
        line = expanded(entries, {"redis-password": PASSWORD}, {})
        assert any(value is not None and line[f"word {index}"].endswith(value) for index in range(len(words))), (one.key, name, words)


def assert_step(shape: Shape, effect: Effects, before: Built, after: Built) -> None:
    """Assert that a build differs from the base exactly in what the step changes."""
    gone = {("Deployment", "beersystem", "redis"), ("Service", "beersystem", "redis")} if effect.removed else set()
    assert before.objects.keys() - after.objects.keys() == gone
    meant = set()
    for one in shape.parts:
        pointers = coarse(changed(before.objects[one.key], after.objects[one.key]), one.content)
        if one.content["kind"] == "CronJob" and effect.restored and "suspend" not in one.content["spec"]:
            pointers -= {"/spec/suspend"}  # It is written out: false, which is the default.
        assert pointers == expected(one, stopped=effect.stopped, switched=effect.switched), one.key
        if effect.switched:
            assert_values(shape, one, after.objects[one.key])
        meant.add(one.key)
        if one.scaler:
            key = (one.scaler["kind"], *one.key[1:])
            assert changed(before.objects[key], after.objects[key]) == expected_of_scaler(one.scaler, effect), key
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
    contents = [*(one.content for one in shape.parts), *(one.scaler for one in shape.parts if one.scaler)]
    originals = {key_of(content): f"# by hand\n{dump(content)}# the end\n".encode() for content in contents}
    repository = Repository(tmp_path, kustomize, base(shape))
    at: dict[str, dict[Any, bytes]] = {}
    for step in STEPS:
        config_at = environment(name, "manifests", order, step)
        by_key = {(one.merge["kind"], one.merge["metadata"]["name"]): one for one in changes(config_at, config_at.clients[0])}
        at[step] = {key: patched(text, "x", by_key[key]) if key in by_key else text for key, text in originals.items()}
        built = repository.at(environment(name, "kustomize", order, step))
        for (kind, object_name), text in at[step].items():
            assert not changed(yaml.safe_load(text), built.objects[kind, "beersystem", object_name]), (step, kind, object_name)
        if effects(config_at.clients[0].migration).switched:
            for one in shape.parts:
                assert_values(shape, one, yaml.safe_load(at[step][one.key[0], one.key[2]]))
    assert at["prepare"] == at["rolled-back"] == originals
    order_of = [step for step in steps(order) if step in at]
    pairs = [*itertools.pairwise(order_of), *itertools.pairwise(reversed(order_of)), *((step, "rolled-back") for step in order_of)]
    for (first, second), key in itertools.product(pairs, originals):
        assert merged_text(newer(at[first][key]), at[first][key], at[second][key]) == newer(at[second][key]), (first, second, key)


def key_of(content: Object) -> tuple[str, str]:
    return content["kind"], content["metadata"]["name"]


def newer(text: bytes) -> bytes:
    return text.replace(b":1\n", b":2\n").replace(b"# by hand\n", b"# by hand, twice\n")


def moved(content: Object, one: Part) -> Object:
    """Return a workload with one more container before each list that has a switched one."""
    result = copy.deepcopy(content)
    names = {pointer.split("/")[0] for pointer in one.switched}
    for key in ("containers", "initContainers"):
        listed = pod(result).get(key, [])
        if names & {entry["name"] for entry in listed}:
            listed.insert(0, {"name": "injected", "image": "registry.example.org/injected:1"})
    return result


@pytest.mark.parametrize("name", SHAPES)
def test_a_container_that_has_moved_fails_a_snippet_and_is_found_by_name_in_a_component(name: str, tmp_path: Path, kustomize: Path) -> None:
    """Argo CD and Flux apply a patch to any position. A Component has names, and positions only for Rollouts and command lines."""
    shape = SHAPES[name]
    movable = [one for one in shape.parts if one.switched][:2]
    assert movable
    for one in movable:
        whole = tuple(moved(content, one) if content is one.content else content for content in base(shape))
        repository = Repository(tmp_path / one.key[2], kustomize, whole)
        before = repository.at(None)
        assert before.code == 0, before.complaint
        for kind, step in itertools.product(SNIPPETS, ("scale-down", "reconfigure", "decommission")):
            refused = repository.at(environment(name, kind, "scale-down-first", step))
            assert refused.code != 0, (kind, step, one.key)
            assert "failed" in refused.complaint, refused.complaint
        at_step = environment(name, "kustomize", "scale-down-first", "reconfigure")
        after = repository.at(at_step)
        by_position = one.content["kind"] == "Rollout" or any(pointer.endswith(("/args", "/command")) for pointer in one.switched)
        assert (after.code != 0) == by_position, after.complaint
        if not by_position:
            assert_step(shape, effects(at_step.clients[0].migration), before, after)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_build_fails_where_a_workload_is_missing(name: str, kind: OwnerKind, tmp_path: Path, kustomize: Path) -> None:
    shape = SHAPES[name]
    at_step = environment(name, kind, "scale-down-first", "reconfigure")
    for index, one in enumerate(shape.parts[:3]):
        rest = tuple(content for content in base(shape) if content is not one.content)
        assert Repository(tmp_path / str(index), kustomize, rest).at(at_step).code != 0, one.key
