"""The Helm values of the release. A check rejects values that the chart ignores."""

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
    """Return the names of the release, with the user's values applied. Raises ConfigError, with positions, when they are wrong."""
    redis = environment.redis
    try:
        return Release.of(redis.release, redis.namespace, redis.values)
    except ConfigError as error:
        raise ConfigError(replace(problem, location=environment.locate(problem.path)) for problem in error.problems) from None


def values_path(environment: Environment) -> str:
    """Return the path of the values file, in a folder that is not applied as manifests."""
    return f"helm/{environment.redis.release}/values.yaml"


def helm_values(environment: Environment) -> Iterator[File]:
    """Yield the values file. It exists at every step, so you can review the first deployment in advance."""
    yield File(values_path(environment), merged_values(environment), ("redis",))


def merged_values(environment: Environment) -> Object:
    """Return the values that the chart receives: the user's values merged over ours."""
    return merged(values(environment), plain_values(environment.redis.values))


def values(environment: Environment) -> Object:
    """Return our values, in the order of the chart, without the user's values."""
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


DEFAULT_DATABASES = 16
"""`databases` of a Redis without that line in redis.conf (config.c)."""


def redis_conf(redis: Redis) -> str:
    """Return the text of redis.conf. It has no comments: after a directive, a comment stops the server (config.c)."""
    lines = [
        f"maxmemory {redis.memory.max}",
        f"maxmemory-policy {redis.memory.policy}",
        *([f"databases {redis.databases}"] if redis.databases != DEFAULT_DATABASES else []),
        f"appendonly {'yes' if redis.append_only else 'no'}",
        "appendfsync everysec",
        # By default a replica with a full disk exits, and the kubelet restarts it in a loop. It can still serve reads from memory.
        "replica-ignore-disk-write-errors yes",
        *(f"save {point}" for point in redis.save_points),
    ]
    # Without a `save` line, Redis uses its default save points.
    return "\n".join(lines if redis.save_points else [*lines, 'save ""'])


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Object:
    """Merge two values files as Helm does: maps by key, all other values replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return result


def _image(image: Image) -> Object:
    """Return all four keys of an image, because the default tag of the chart is `latest` since 23.0.10."""
    return {"registry": image.registry, "repository": image.repository, "tag": image.tag, "digest": image.digest}


def image_reference(environment: Environment, image: Image | None = None) -> str:
    """Return an image for a container spec, by default that of Redis, with the mirror and the digest if they are set."""
    image = image or environment.redis.image
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
    """Return the annotation that restarts the pods after a rotation. With `existingSecret`, the chart's checksum never changes.

    The Secret keeps its name, so its readers do not change. Redis can accept both passwords until it restarts (`ACL SETUSER`).
    """
    current = rotation(environment)
    return {"podAnnotations": {ROTATION: current}} if current else {}


def _resources(resources: ContainerResources) -> Object:
    return {
        name: {"cpu": str(amount.cpu), "memory": str(amount.memory)}
        for name, amount in (("requests", resources.requests), ("limits", resources.limits))
    }


def _replica(release: Release) -> Object:
    """Return probes that check only the replica, and the anti-affinity.

    The chart's probes also check the primary and restart the replica when the primary is down (bitnami/charts issue 8464). The chart's
    affinity preset separates replicas only from other replicas.
    """
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": release.selector}}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}},
        "customLivenessProbe": _liveness(),
        "customReadinessProbe": _probe("/health/ping_readiness_local.sh 1", 2),
    }


ALIVE = ("MISCONF", "max number of clients reached")
"""Answers of a Redis with a full disk or without a free connection. A restart fixes neither."""


def _liveness() -> Object:
    """Return the liveness probe of both roles: the chart's script, plus the answers in ALIVE.

    The script accepts only PONG, LOADING and MASTERDOWN (chart 23.1.1 templates/health-configmap.yaml:61-98). With a full disk, Redis
    answers PING with MISCONF (server.c). The kubelet would restart it in a loop, and each restart of a primary can lose a second of writes.
    Readiness still fails. NOAUTH must fail: a StatefulSet waits for a pod that is not ready, so only a restart loads a new password.
    """
    answers = " || ".join(f'[[ $answer == *"{answer}"* ]]' for answer in ALIVE)
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
"""The exporter flag for the address of Redis, which is also its key under `metrics.extraArgs`."""


def _metrics(environment: Environment) -> Object:
    redis = environment.redis
    if not environment.monitoring.enabled:
        return {"enabled": False}
    # With CONFIG disabled, the exporter logs a failed call at every scrape (redis_exporter, exporter.go).
    quiet = [{"name": "REDIS_EXPORTER_CONFIG_COMMAND", "value": "-"}] if "CONFIG" in redis.disabled_commands else []
    # If the address has a scheme, the exporter reports "unknown network redis" instead of the error from Redis (exporter/redis.go).
    return {
        "enabled": True,
        "image": _image(redis.exporter_image),
        "extraArgs": {EXPORTER_ADDRESS: f"localhost:{release_of(environment).container_port}"},
        **({"extraEnvVars": quiet} if quiet else {}),
        "resources": _resources(redis.resources.exporter),
        "serviceMonitor": {"enabled": False},
        "prometheusRule": {"enabled": False},
    }
