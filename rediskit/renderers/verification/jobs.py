"""The verification Jobs of the rendered manifests. Nothing depends on them, so a failed Job blocks no commit.

A finished Job is immutable, and both tools create a deleted one again. Its name therefore contains a digest: another script, spec,
step or `verification.run` is another Job, and the old one is pruned. For the same reason it has no `ttlSecondsAfterFinished`.
"""

import json
from collections.abc import Iterator
from functools import cache
from hashlib import sha256

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object
from rediskit.renderers.verification.checks import Phase
from rediskit.renderers.verification.pod import job_spec, script
from rediskit.state_machine.effects import effects

UNIT = "checks"
"""The folder of the Jobs, and the suffix of their Application or Kustomization."""
_WAIT = 300
"""Seconds until Redis must answer and its replicas be online: the Jobs are applied together with the release."""
_LONGEST = 30
"""Characters of the release in a name: a Job has at most 63 with phase and digest."""


def verification_jobs(environment: Environment) -> Iterator[Object]:
    """Yield the script and a Job per phase, in the namespace of Redis.

    The project of Argo CD allows no namespace of a client for them: only `rediskit verify` runs pods there. The load test runs only while
    no client uses Redis. The phase monitoring needs no pod.
    """
    if not environment.verification.jobs:
        return
    namespace, states = environment.redis.namespace, tuple(effects(client.migration) for client in environment.clients)
    replication: tuple[Phase, ...] = ("replication",) if environment.redis.replicas else ()
    performance: tuple[Phase, ...] = () if any(map(uses, environment.clients)) else ("performance",)
    release = release_of(environment).fullname[:_LONGEST].rstrip("-")
    content = {"verify.sh": script()}
    config_map = f"{release}-check-{_script_digest()}"
    yield {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(config_map, namespace, labels(environment)),
        "data": content,
    }
    phases: tuple[Phase, ...] = ("connectivity", *replication, *performance)
    for phase in phases:
        spec = job_spec(environment, (phase,), namespace, wait=_WAIT, config_map=config_map)
        digest = _digest([spec, states, environment.verification.run])
        yield {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata(f"{release}-check-{phase}-{digest}", namespace, labels(environment)),
            "spec": spec,
        }


def uses(client: Client) -> bool:
    """Return whether an application can use the shared Redis now."""
    state = effects(client.migration)
    done = client.migration is None or client.migration.step == "complete"
    return done or (state.switched and not state.stopped)


@cache
def _script_digest() -> str:
    return _digest({"verify.sh": script()})


def _digest(content: object) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]
