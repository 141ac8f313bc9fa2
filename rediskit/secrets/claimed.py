"""Whether a cluster is that of the config: by its ownership claims, and by the Secrets that `rediskit secret apply` wrote."""

from collections.abc import Iterator, Sequence

from rediskit.errors import MissingToolError, Problem, RefusedError
from rediskit.live import kubectl
from rediskit.live.kubectl import LiveSecret
from rediskit.model.environment import Environment
from rediskit.model.nested import text_at
from rediskit.renderers import render
from rediskit.renderers.claims import is_claim

CLUSTER = "rediskit/cluster"
"""The annotation with `cluster` of the config, of a Secret that `rediskit secret apply` wrote."""


def refuse_other_cluster(environment: Environment, context: str, secrets: Sequence[LiveSecret] = (), *, required: bool) -> None:
    """Refuse a cluster whose claims or Secrets are those of another environment: the context of kubectl is not that of the config.

    Args:
        secrets: The Secrets that are there.
        required: Whether the claims have to be readable, before a password is overwritten. A cluster can have none yet.

    Raises:
        RefusedError: The cluster is another one.
        MissingToolError: kubectl cannot read the claims.
    """
    hint = f"choose the context of {environment.cluster} with --context, or correct cluster in the config"
    problems = [Problem(message, hint) for message in _of_secrets(environment, secrets)]
    try:
        problems += [Problem(message, hint) for message in _of_claims(environment, context)]
    except MissingToolError:
        if required and not problems:
            raise
    if problems:
        raise RefusedError(problems)


def _of_secrets(environment: Environment, secrets: Sequence[LiveSecret]) -> Iterator[str]:
    for secret in secrets:
        if (cluster := str(secret.annotations.get(CLUSTER, environment.cluster))) != environment.cluster:
            name = environment.redis.auth.secret
            yield f"the Secret {name} in namespace {secret.namespace} is that of cluster {cluster}, not {environment.cluster}"


def _of_claims(environment: Environment, context: str) -> Iterator[str]:
    """Yield the claims that the cluster has with another content: an immutable ConfigMap is that of the first environment."""
    for claim in filter(is_claim, render(environment).objects.values()):
        name, namespace = claim["metadata"]["name"], claim["metadata"]["namespace"]
        live = kubectl.get_object("configmap", name, namespace, context)
        for key, own in claim["data"].items():
            other = text_at(live, "data", key)
            if other not in ("", own):
                yield f"ConfigMap {name} in namespace {namespace} claims its names for {key} {other}, not {own}"
