"""The fast test of switched manifests against the search in the patched objects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit.state_machine.effects import at_step
from rediskit.usage.address import of_client
from rediskit.usage.finder import Use, uses
from rediskit.usage.manifests import as_left, switched_variables
from rediskit.usage.switched import may_use
from tests.renderers.owner_build import Object
from tests.samples import backend, environment_of, owned_by
from tests.usage.positions import WORKLOADS

OLD = "redis.beersystem.svc.cluster.local"
TEXTS = (
    OLD,
    "redis",
    f"redis://{OLD}:6379/0",
    "dis",
    "$(B)dis",
    "$(REDIS_HOST)",
    "${REDIS_HOST:-redis}",
    "caf\u00e9",
    "-h",
    "no",
    "serve",
    "1",
    "on",
    "true",
)
VALUES = ("${host}", "redis://:${password}@${address}/0", "${password}", "redis", OLD, "$(B)dis", "${port}", "no", None)
NAMES = ("REDIS_HOST", "REDIS_URL", "A", "B", "SESSION_DRIVER")


def both_results(content: Object, containers: dict[str, Any], listed: str = "containers") -> tuple[bool, list[Use]]:
    """Return the result of the fast test, and that of the search."""
    section: dict[str, Any] = (
        {listed: containers} if listed == "containers" else {"containers": {"app": {"external": "a file"}}, listed: containers}
    )
    environment, client = owned_by(content, "prepare", **section)
    address = of_client(client)
    assert address is not None
    switched = switched_variables(client)
    left = as_left(environment, at_step(client, "decommission"), content)
    listed_uses = uses([left], address, namespace=client.namespace, switched=switched)
    return may_use(environment, client, address, switched), listed_uses


texts = st.sampled_from(TEXTS)
entries: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"name": st.sampled_from(NAMES), "value": texts}),
    st.fixed_dictionaries({"name": st.sampled_from(NAMES), "valueFrom": st.just({"fieldRef": {"fieldPath": "metadata.namespace"}})}),
    st.fixed_dictionaries({"name": st.sampled_from(NAMES)}),
    st.fixed_dictionaries({"value": texts}),
    texts,
)
parts = st.fixed_dictionaries(
    {},
    optional={
        "env": st.one_of(st.lists(entries, max_size=5), st.none(), texts),
        "args": st.lists(texts, max_size=2),
        "image": texts,
        "readinessProbe": st.fixed_dictionaries({"exec": st.fixed_dictionaries({"command": st.lists(texts, max_size=2)})}),
        "lifecycle": st.fixed_dictionaries({"preStop": st.fixed_dictionaries({"httpGet": st.fixed_dictionaries({"host": texts})})}),
    },
)
variables = st.dictionaries(st.sampled_from([name for name in NAMES if name != "B"]), st.sampled_from(VALUES), min_size=1, max_size=3)


@st.composite
def workloads(draw: st.DrawFn) -> tuple[Object, dict[str, Any], str]:
    names = ["app", *draw(st.lists(st.sampled_from(["app", "proxy", "logs"]), max_size=2))]
    listed = [{"name": name, **draw(parts)} for name in draw(st.permutations(names))]
    pod: Object = {"containers": listed}
    if draw(st.booleans()):
        pod["initContainers"] = [{"name": "wait", **draw(parts)}, *draw(st.sampled_from([[], [{"name": "wait"}], listed[:1]]))]
    pod |= draw(st.fixed_dictionaries({}, optional={"hostAliases": st.just([{"hostnames": [OLD]}]), "serviceAccountName": texts}))
    content = WORKLOADS[draw(st.sampled_from(["Deployment", "StatefulSet", "CronJob", "Rollout"]))](pod)
    content["metadata"] = {"name": "web", **draw(st.sampled_from([{}, {"namespace": "beersystem"}, {"annotations": {"a": OLD}}]))}
    content["spec"] |= {"schedule": "0 4 * * *"} if content["kind"] == "CronJob" else {"replicas": 2}
    content |= draw(st.sampled_from([{}, {}, {"status": {"host": OLD}}, {"binaryData": {"a": "cmVkaXM="}}]))
    if draw(st.booleans()) and "initContainers" in pod:
        return content, {"wait": {"env": draw(variables)}}, "initContainers"
    return content, {"app": {"env": draw(variables)}}, "containers"


@settings(max_examples=500, deadline=None)
@given(case=workloads())
def test_the_search_finds_nothing_where_the_fast_test_excludes_a_use(case: tuple[Object, dict[str, Any], str]) -> None:
    may, listed = both_results(*case)
    assert may or not listed


SWITCHED = {"backend": {"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}}


def test_a_manifest_that_uses_its_redis_only_by_switched_variables_needs_no_search() -> None:
    assert both_results(backend(), SWITCHED) == (False, [])


@pytest.mark.parametrize("twice", ["the variable", "the container"])
def test_kustomize_keeps_a_duplicate_without_the_patch(twice: str) -> None:
    content = backend()
    containers = content["spec"]["template"]["spec"]["containers"]
    listed = containers[0]["env"] if twice == "the variable" else containers
    listed.append(next(entry for entry in listed if entry["name"] in ("REDIS_HOST", "backend")))
    may, listed_uses = both_results(content, SWITCHED)
    assert may
    assert listed_uses


def test_an_object_in_two_containers_is_switched_in_one_of_them() -> None:
    content = backend()
    containers = content["spec"]["template"]["spec"]["containers"]
    containers.append({"name": "proxy", "env": containers[0]["env"]})
    may, listed = both_results(content, SWITCHED)
    assert may
    assert [use.pointer for use in listed] == ["/spec/template/spec/containers/1/env/13/value"]


def test_each_client_of_a_config_without_manifests_needs_no_search() -> None:
    environment = environment_of("prepare")
    client = environment.clients[0]
    address = of_client(client)
    assert address is not None
    stripped = client.model_copy(update={"workloads": tuple(w.model_copy(update={"manifest": None}) for w in client.workloads)})
    assert not may_use(environment, stripped, address, switched_variables(stripped))
