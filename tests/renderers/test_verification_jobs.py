"""The verification Jobs of the rendered manifests: where they run, with which names, and what the pods may reach."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit import load
from rediskit.checks.schema import validate
from rediskit.model.environment import Environment
from rediskit.model.step import Step
from rediskit.renderers.argocd import project
from rediskit.renderers.objects import scope
from rediskit.renderers.platform import scopes, units, verification
from rediskit.renderers.verification.jobs import by_namespace
from rediskit.renderers.verification.pod import LABELS
from rediskit.state_machine.effects import at_step, effects
from tests.samples import ROOT

VALID = ROOT / "tests/valid"


def at(step: Step, **updates: Any) -> Environment:
    """Return an environment with encrypted Secrets for Redis and for its client, which is at a step. updates: of the client."""
    environment = load(VALID / "sealed-secrets.yaml")
    client = at_step(environment.clients[0], step).model_copy(update=updates)
    return environment.model_copy(update={"clients": (client,)})


def jobs(environment: Environment) -> dict[str, list[dict[str, Any]]]:
    """Return the Jobs by namespace."""
    by_namespace: dict[str, list[dict[str, Any]]] = {}
    for unit in verification(environment):
        for content in unit.objects:
            if content["kind"] == "Job":
                by_namespace.setdefault(content["metadata"]["namespace"], []).append(content)
    return by_namespace


def test_a_client_whose_secret_is_rendered_is_verified_from_its_namespace() -> None:
    environment = at("deploy")
    client = environment.clients[0].namespace
    by_namespace = jobs(environment)
    assert by_namespace.keys() == {environment.redis.namespace, client}
    (job,) = by_namespace[client]
    variables = {entry["name"]: entry["value"] for entry in job["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert (variables["PHASES"], variables["REPLICAS"], variables["SETTINGS"]) == ("connectivity", "", "")
    maps = [volume["configMap"]["name"] for volume in job["spec"]["template"]["spec"]["volumes"] if "configMap" in volume]
    (unit,) = verification(environment)
    where = {(content["kind"], content["metadata"]["namespace"], content["metadata"]["name"]) for content in unit.objects}
    assert {("ConfigMap", client, name) for name in maps} <= where
    names = [job["metadata"]["name"] for listed in by_namespace.values() for job in listed]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 for name in names)


def test_a_client_without_a_rendered_secret_is_not_verified_from_its_namespace() -> None:
    environment = load(VALID / "egress.yaml")
    assert environment.secrets.mode == "manual"
    assert any(effects(client.migration).release for client in environment.clients)
    assert jobs(environment).keys() == {environment.redis.namespace}


def test_a_client_is_not_verified_from_its_namespace_before_it_needs_the_release() -> None:
    assert by_namespace(at("scale-down")) == {}
    assert by_namespace(at("deploy")).keys() == by_namespace(at("complete")).keys() == {at("deploy").clients[0].namespace}


@pytest.mark.parametrize("step", ["prepare", "deploy", "complete"])
def test_the_project_of_argo_cd_is_the_same_with_and_without_the_jobs_of_clients(step: Step) -> None:
    """Its namespaces are those of the Secrets."""
    environment = at(step)
    spec = project(environment)["spec"]
    assert {environment.clients[0].namespace, environment.redis.namespace} <= {entry["namespace"] for entry in spec["destinations"]}
    off = environment.verification.model_copy(update={"jobs": False})
    without = project(environment.model_copy(update={"verification": off}))["spec"]
    assert spec["destinations"] == without["destinations"]


@pytest.mark.parametrize("step", ["prepare", "deploy", "complete"])
def test_the_scopes_of_every_step_are_those_of_all_objects_of_a_deployed_release(step: Step) -> None:
    deployed = at("deploy")
    objects = [content for unit in (*units(deployed), *verification(deployed)) for content in unit.objects]
    assert scopes(at(step)) == {scope(content) for content in objects if content["kind"] != "Namespace"}


@pytest.mark.parametrize("kind", ["networkpolicy", "cilium"])
def test_the_pod_may_reach_dns_and_redis_where_policies_isolate_the_application(kind: str) -> None:
    environment = at("deploy", egress=kind)
    (unit,) = verification(environment)
    (policy,) = [content for content in unit.objects if content["kind"].endswith("NetworkPolicy")]
    assert policy["metadata"]["namespace"] == environment.clients[0].namespace
    spec = policy["spec"]
    assert (spec.get("podSelector") or spec["endpointSelector"])["matchLabels"] == LABELS
    redis, dns = spec["egress"]
    assert "redis" in str(redis)
    assert {str(entry["port"]) for entry in (dns.get("ports") or dns["toPorts"][0]["ports"])} == {"53"}
    assert "to" not in dns, "the addresses of DNS differ per cluster"
    assert validate(policy, "1.34") == []


def test_two_clients_in_one_namespace_are_verified_once() -> None:
    environment = at("deploy")
    (client,) = environment.clients
    two = environment.model_copy(update={"clients": (client, client.model_copy(update={"name": "other"}))})
    assert len(jobs(two)[client.namespace]) == 1
