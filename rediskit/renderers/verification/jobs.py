"""The verification Jobs of the rendered manifests. Nothing depends on them, so a failed Job blocks no commit.

A finished Job is immutable, and both tools create a deleted one again. Its name therefore contains a digest: another script, spec,
step or `verification.run` is another Job, and the old one is pruned. For the same reason it has no `ttlSecondsAfterFinished`.
"""

import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.once import once
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import Scope, labels, metadata
from rediskit.renderers.secret_forms import has_secret
from rediskit.renderers.tree import Object
from rediskit.renderers.verification.pod import job_spec, script
from rediskit.state_machine.effects import effects, runs_on_shared

if TYPE_CHECKING:
    from rediskit.renderers.verification.checks import Phase

UNIT = "checks"
"""The folder of the Jobs, and the suffix of their Application or Kustomization."""
_WAIT = 300
"""Seconds until Redis must answer and its replicas be online: the Jobs are applied together with the release."""
_LONGEST = 30
"""Characters of the release in a name: a Job has at most 63 with phase and digest."""


def verification_jobs(environment: Environment) -> Iterator[Object]:
    """Yield the script and a Job per phase in the namespace of Redis, and a Job in the namespace of each client that can use it.

    A client needs its Secret in the rendered manifests: only then does the project of Argo CD allow its namespace. The load test runs
    only while no client uses Redis. There is no Job of the phase monitoring: the image has no HTTP client, and the alerts evaluate the
    same series all the time.
    """
    if not environment.verification.jobs:
        return
    replication: tuple[Phase, ...] = ("replication",) if environment.redis.replicas else ()
    performance: tuple[Phase, ...] = () if any(map(runs_on_shared, environment.clients)) else ("performance",)
    yield from _jobs(environment, environment.redis.namespace, ("connectivity", *replication, *performance))
    for namespace, clients in by_namespace(environment).items():
        from rediskit.renderers.verification.egress import verification_egress

        yield from verification_egress(environment, namespace, clients)
        yield from _jobs(environment, namespace, ("connectivity",))


def job_scopes(environment: Environment) -> Iterator[Scope]:
    """Yield the scopes of the ConfigMaps and Jobs of `verification_jobs` at any step. Its policies have those of the clients."""
    clients = (client.namespace for client in environment.clients if has_secret(environment, client.namespace))
    for namespace in (environment.redis.namespace, *clients) if environment.verification.jobs else ():
        yield from (Scope("", "ConfigMap", namespace), Scope("batch", "Job", namespace))


def job_namespaces(environment: Environment) -> tuple[str, ...]:
    """Return the namespaces with verification Jobs, that of Redis first."""
    return (environment.redis.namespace, *by_namespace(environment))


def by_namespace(environment: Environment) -> dict[str, list[Client]]:
    """Return the clients that are verified from their own namespace, by namespace."""
    namespaces: dict[str, list[Client]] = {}
    for client in environment.clients:
        if effects(client.migration).release and has_secret(environment, client.namespace):
            namespaces.setdefault(client.namespace, []).append(client)
    return namespaces


def _jobs(environment: Environment, namespace: str, phases: "tuple[Phase, ...]") -> Iterator[Object]:
    """Yield the ConfigMap with the script and a Job per phase in a namespace."""
    content = {"verify.sh": script()}
    prefix = job_prefix(environment)
    # The files of all objects are in one folder, so that each has another name.
    config_map = f"{prefix}{_script_digest('' if namespace == environment.redis.namespace else namespace)}"
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(config_map, namespace, labels(environment)),
        "data": content,
    }
    for phase in phases:
        spec = job_spec(environment, (phase,), namespace, wait=_WAIT, config_map=config_map)
        digest = _short(f"[{_json(spec)}, {_states(environment)}, {_json(environment.verification.run)}]")
        yield {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata(f"{prefix}{phase}-{digest}", namespace, labels(environment)),
            "spec": spec,
        }


def job_prefix(environment: Environment) -> str:
    """Return the start of the names of the verification Jobs of a release."""
    return f"{release_of(environment).fullname[:_LONGEST].rstrip('-')}-check-"


@cache
def _script_digest(namespace: str) -> str:
    content = {"verify.sh": script()}
    return _short(_json([content, namespace] if namespace else content))


@once
def _states(environment: Environment) -> str:
    """Return the effects of all clients as JSON, which each namespace of a client needs."""
    return _json([effects(client.migration) for client in environment.clients])


def _json(content: object) -> str:
    return json.dumps(content, sort_keys=True)


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]
