"""What an environment takes for itself, so that a second one is refused where it would take over in silence.

A claim is an immutable ConfigMap that says whose the objects beside it are. Another text under its name gets the API server's `field is
immutable`. Flux tries a whole folder in a dry run before it applies any of it; Argo CD stops at the first wave that fails. Between two
Applications Argo CD has `FailOnSharedResource`, but two environments with the same names are one Application to it. Flux takes every object
over, whoever has it. Seen on real controllers: tests/cluster/test_claims.py.
"""

from __future__ import annotations

from rediskit.model.environment import Environment
from rediskit.renderers.objects import KEEP, labels, metadata
from rediskit.renderers.tree import Object


def carriers_claim(environment: Environment, name: str, namespace: str) -> Object:
    """The claim on the names of all Applications or Kustomizations. It is beside them, and goes with them when they get other names.

    Argo CD applies it a wave before the AppProject: in one wave the others would be applied although it is refused.
    """
    wave = {"argocd.argoproj.io/sync-wave": "-2"} if environment.gitops.tool == "argocd" else {}
    return _claim(environment, name, namespace, wave)


def namespace_claim(environment: Environment) -> Object:
    """The claim on the namespace of Redis, kept as that is."""
    return _claim(environment, "namespace-claim", environment.redis.namespace, KEEP)


def secret_claim(environment: Environment, namespace: str) -> Object:
    """The claim on the Secret in the namespace of a client, kept as that is."""
    return _claim(environment, f"{environment.redis.auth.secret}-claim", namespace, KEEP)


def is_claim(content: Object) -> bool:
    """Whether an object of ours is a claim: no other ConfigMap is immutable."""
    return content["kind"] == "ConfigMap" and bool(content.get("immutable"))


def _claim(environment: Environment, name: str, namespace: str, annotations: dict[str, str]) -> Object:
    """`cluster`, not the environment's name: an environment that says its cluster can be renamed."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace, labels(environment), annotations),
        "immutable": True,
        "data": {"cluster": environment.cluster, "repository": environment.gitops.repository},
    }
