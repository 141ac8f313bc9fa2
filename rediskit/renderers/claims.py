"""Ownership claims: immutable ConfigMaps that stop a second environment from taking over objects with the same names.

A claim contains repository and cluster. If another environment applies different content, the API server rejects it with
`field is immutable`. Flux checks a whole folder in a dry run before it applies any object, and Argo CD stops at the first failed wave.

Without claims, Flux takes over any object. Argo CD has `FailOnSharedResource` between Applications, but two environments with the same
names share their Applications. tests/cluster/test_claims.py tests this with real controllers.
"""

from rediskit.model.environment import Environment
from rediskit.renderers.objects import KEEP, labels, metadata
from rediskit.renderers.tree import Object


def carriers_claim(environment: Environment, name: str, namespace: str) -> Object:
    """Return the claim on the names of all Applications or Kustomizations.

    Argo CD applies it one wave before the AppProject: in the same wave, it would apply the other objects although the claim fails.
    """
    wave = {"argocd.argoproj.io/sync-wave": "-2"} if environment.gitops.tool == "argocd" else {}
    return _claim(environment, name, namespace, wave)


def namespace_claim(environment: Environment) -> Object:
    """Return the claim on the namespace of Redis. Like the namespace, it is never pruned."""
    return _claim(environment, "namespace-claim", environment.redis.namespace, KEEP)


def secret_claim(environment: Environment, namespace: str) -> Object:
    """Return the claim on the Secret in the namespace of a client. Like the Secret, it is never pruned."""
    return _claim(environment, f"{environment.redis.auth.secret}-claim", namespace, KEEP)


def is_claim(content: Object) -> bool:
    """Return whether a rendered object is a claim: no other ConfigMap is immutable."""
    return content["kind"] == "ConfigMap" and bool(content.get("immutable"))


def _claim(environment: Environment, name: str, namespace: str, annotations: dict[str, str]) -> Object:
    """Return a claim. It contains `cluster`, so an environment with a fixed `cluster` can be renamed."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(name, namespace, labels(environment), annotations),
        "immutable": True,
        "data": {"cluster": environment.cluster, "repository": environment.gitops.repository},
    }
