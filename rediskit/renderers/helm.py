"""The Helm values of the release: every value the chart needs to become the Redis of the brief, none that it ignores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from rediskit.chart.keys import plain_values
from rediskit.chart.names import Release
from rediskit.errors import ConfigError
from rediskit.model.ciphertext import ROTATION
from rediskit.model.environment import Environment
from rediskit.model.redis import ContainerResources, Image, Redis
from rediskit.renderers.secret_forms import rotation
from rediskit.renderers.tree import File, Object


def release_of(environment: Environment) -> Release:
    """Return the names of the release, the user's own values included. Raises ConfigError, at the places in the config."""
    redis = environment.redis
    try:
        return Release.of(redis.release, redis.namespace, redis.values)
    except ConfigError as error:
        raise ConfigError(replace(problem, location=environment.locate(problem.path)) for problem in error.problems) from None


def values_path(environment: Environment) -> str:
    """Where the values lie in the tree: never in a folder that is applied as manifests."""
    return f"helm/{environment.redis.release}/values.yaml"


def helm_values(environment: Environment) -> Iterator[File]:
    """The one file of values. It is there at every step, so that the first deployment can be reviewed before it happens."""
    yield File(values_path(environment), merged_values(environment), ("redis",))


def merged_values(environment: Environment) -> Object:
    """Our values with the user's merged in, as the chart gets them."""
    return merged(values(environment), plain_values(environment.redis.values))


def values(environment: Environment) -> Object:
    """Our values, in the chart's order, before the user's are merged in (facts: chart §1.1-1.7)."""
    redis = environment.redis
    restarted = _restarted(environment)
    return {
        "global": {
            **({"imageRegistry": redis.image_mirror} if redis.image_mirror else {}),
            "security": {"allowInsecureImages": True},
        },
        "image": _image(redis.image),
        "architecture": "replication",
        "auth": {
            "enabled": True,
            "existingSecret": redis.auth.secret,
            "existingSecretPasswordKey": redis.auth.key,
            "usePasswordFiles": True,
        },
        "commonConfiguration": redis_conf(redis),
        "master": {
            "count": 1,
            **_role(redis, redis.resources.primary),
            **restarted,
            "customLivenessProbe": _liveness(),
            "service": {"type": "ClusterIP"},
        },
        "replica": {
            "replicaCount": redis.replicas,
            **_role(redis, redis.resources.replica),
            **restarted,
            **_replica(release_of(environment)),
        },
        "sentinel": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "metrics": _metrics(environment),
    }


def redis_conf(redis: Redis) -> str:
    """The text of redis.conf. A comment behind a directive stops the server (config.c), so there are none."""
    lines = [
        f"maxmemory {redis.memory.max}",
        f"maxmemory-policy {redis.memory.policy}",
        f"appendonly {'yes' if redis.append_only else 'no'}",
        "appendfsync everysec",
        # A replica whose disk is full ends itself by default, and the chart restarts it in a loop; it can serve what is in its memory.
        "replica-ignore-disk-write-errors yes",
        *(f"save {point}" for point in redis.save_points),
    ]
    # Without any `save` line Redis falls back to save points of its own.
    return "\n".join(lines if redis.save_points else [*lines, 'save ""'])


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Object:
    """Two values files as Helm merges them: maps key by key, everything else replaced."""
    result = dict(base)
    for key, value in over.items():
        mine = result.get(key)
        result[key] = merged(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
    return result


def _image(image: Image) -> Object:
    """All four keys, always: what is left out comes from the chart's own default, which is `latest` since 23.0.10."""
    return {"registry": image.registry, "repository": image.repository, "tag": image.tag, "digest": image.digest}


def image_reference(environment: Environment) -> str:
    """Return the image of Redis as a container spec names it: from the mirror where there is one, by digest where it has one."""
    image = environment.redis.image
    version = f"@{image.digest}" if image.digest else f":{image.tag}"
    return f"{environment.redis.image_mirror or image.registry}/{image.repository}{version}"


def _role(redis: Redis, resources: ContainerResources) -> Object:
    return {
        "disableCommands": list(redis.disabled_commands),
        "resources": _resources(resources),
        "persistence": {"enabled": True, "storageClass": redis.storage.storage_class, "size": str(redis.storage.size)},
        "persistentVolumeClaimRetentionPolicy": {"enabled": True, "whenScaled": "Retain", "whenDeleted": "Retain"},
    }


def _restarted(environment: Environment) -> Object:
    """The rotation on the pods: the chart's own checksum of the Secret never changes with `existingSecret` (facts: chart §1.4).

    An annotation and not a new name of the Secret: whoever reads it goes on under one name, nothing has to be removed afterwards, and Redis
    can take both passwords for as long as it runs (`ACL SETUSER`), so that nobody is turned away: docs/rotation.md of the tree.
    """
    found = rotation(environment)
    return {"podAnnotations": {ROTATION: found}} if found else {}


def _resources(resources: ContainerResources) -> Object:
    return {
        name: {"cpu": str(amount.cpu), "memory": str(amount.memory)}
        for name, amount in (("requests", resources.requests), ("limits", resources.limits))
    }


def _replica(release: Release) -> Object:
    """Probes that ask the replica alone: the chart's own ask the primary too and kill the replica with it (bitnami/charts issue 8464).

    The anti-affinity names no component: the chart's preset keeps replicas apart from replicas only.
    """
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": release.selector}}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}},
        "customLivenessProbe": _liveness(),
        "customReadinessProbe": _probe("/health/ping_readiness_local.sh 1", 2),
    }


ALIVE = ("MISCONF", "max number of clients reached")
"""What a Redis answers that works and cannot serve: its disk is full, or it has no connection left. A restart cures neither."""


def _liveness() -> Object:
    """Return a liveness probe of both roles: the chart's script, and the answers that it takes for death.

    The script prints every answer but PONG, LOADING and MASTERDOWN, and fails (chart 23.1.1 templates/health-configmap.yaml:61-98). With a
    full disk Redis answers PING with MISCONF (server.c), a replica too: without this the kubelet would restart it in a loop, and each
    restart of a primary can lose a second of writes. Readiness fails all the same. Any other answer ends the container, NOAUTH too: a
    StatefulSet waits for a pod that is not ready before it replaces it, so that only the restart brings in a new password.
    """
    answers = " || ".join(f'[[ $answer == *"{words}"* ]]' for words in ALIVE)
    return _probe(f'answer=$(/health/ping_liveness_local.sh 5 2>&1) || {{ echo "$answer"; {answers}; }}', 6)


def _probe(script: str, timeout: int) -> Object:
    return {
        "exec": {"command": ["/bin/bash", "-ec", script]},
        "initialDelaySeconds": 20,
        "periodSeconds": 5,
        "timeoutSeconds": timeout,
        "failureThreshold": 5,
    }


EXPORTER_ADDRESS = "redis.addr"
"""The flag of the exporter for the address of its Redis, and its key under `metrics.extraArgs`."""


def _metrics(environment: Environment) -> Object:
    redis = environment.redis
    if not environment.monitoring.enabled:
        return {"enabled": False}
    # With CONFIG disabled the exporter would log a failed call at every scrape (redis_exporter, exporter.go).
    quiet = [{"name": "REDIS_EXPORTER_CONFIG_COMMAND", "value": "-"}] if "CONFIG" in redis.disabled_commands else []
    # With a scheme in the address, the exporter reports "unknown network redis" in place of what Redis answered (exporter/redis.go).
    return {
        "enabled": True,
        "image": _image(redis.exporter_image),
        "extraArgs": {EXPORTER_ADDRESS: f"localhost:{release_of(environment).container_port}"},
        **({"extraEnvVars": quiet} if quiet else {}),
        "resources": _resources(redis.resources.exporter),
        "serviceMonitor": {"enabled": False},
        "prometheusRule": {"enabled": False},
    }
