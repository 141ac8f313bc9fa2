"""An object of an application repository as a step leaves it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit.usage.address import of_client
from rediskit.usage.finder import uses
from rediskit.usage.manifests import as_left, switched_variables
from tests.renderers.owner_build import Object
from tests.samples import backend, environment_of, owned_by
from tests.usage.positions import WORKLOADS
from tests.usage.test_finder import value_at


@pytest.mark.parametrize("name", [["REDIS_HOST"], {"a": "b"}, 7, None])
def test_names_of_variables_that_are_no_text_are_left_where_they_are(name: Any) -> None:
    environment = environment_of("decommission")
    content = backend()
    content["spec"]["template"]["spec"]["containers"][0]["env"].insert(0, {"name": name, "value": "a"})
    as_left(environment, environment.clients[0], content)


@pytest.mark.parametrize("metadata", [["beersystem-backend"], "beersystem-backend", None, {"name": ["beersystem-backend"]}])
def test_an_object_without_a_name_is_left_as_it_is(metadata: Any) -> None:
    environment = environment_of("decommission")
    content = {**backend(), "metadata": metadata}
    assert as_left(environment, environment.clients[0], content) is content


OLD = "redis.beersystem.svc.cluster.local"
MIGRATED = ("Deployment", "StatefulSet", "CronJob", "Rollout")
PLACES = ("another variable", "an argument", "a sidecar", "an init container", "a probe", "an annotation")


def planted(kind: str, places: frozenset[str], position: int) -> Object:
    """Return a workload whose switched variables have the old Redis, and so have these places, which no patch changes."""
    container = backend()["spec"]["template"]["spec"]["containers"][0]
    use = {"name": "CACHE_HOST", "value": OLD}
    others: list[Object] = [{"name": "proxy", "image": "proxy:1", **({"env": [use]} if "a sidecar" in places else {})}]
    if "another variable" in places:
        container["env"].insert(position % len(container["env"]), use)
    if "an argument" in places:
        container["args"] = ["serve", f"--cache={OLD}:6379"]
    if "a probe" in places:
        container["readinessProbe"] = {"exec": {"command": ["redis-cli", "-h", OLD, "ping"]}}
    others.insert(position % 2, container)
    wait = f"nc -z {OLD} 6379" if "an init container" in places else "true"
    init = {"name": "wait", "image": "busybox:1", "command": ["sh", "-c", wait]}
    workload = WORKLOADS[kind]({"initContainers": [init], "containers": others})
    workload["metadata"] = {"name": "web", "namespace": "beersystem"}
    if "an annotation" in places:
        workload["metadata"]["annotations"] = {"example.org/cache": f"{OLD}:6379"}
    workload["spec"] |= {"schedule": "0 4 * * *"} if kind == "CronJob" else {"replicas": 2}
    return workload


@settings(max_examples=200, deadline=None)
@given(
    kind=st.sampled_from(MIGRATED),
    places=st.frozensets(st.sampled_from(PLACES)),
    position=st.integers(0, 40),
    step=st.sampled_from(["reconfigure", "validate", "decommission"]),
)
def test_after_the_patches_the_finder_sees_exactly_the_uses_that_they_leave(
    kind: str, places: frozenset[str], position: int, step: str
) -> None:
    content = planted(kind, places, position)
    environment, client = owned_by(content, step)
    address = of_client(client)
    assert address is not None
    left = as_left(environment, client, content)
    listed = uses([left], address, namespace="beersystem", switched=switched_variables(client))
    assert len(listed) == len(places), listed
    assert {use.strength for use in listed} <= {"certain"}
    for use in listed:
        assert OLD in value_at(content, use.pointer, use.object), use.pointer
