"""The Helm values of the release. A check rejects values that the chart ignores."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.chart.keys import plain_values
from rediskit.chart.names import Release
from rediskit.chart.profile import ChartImage, Settings
from rediskit.errors import ConfigError
from rediskit.model.ciphertext import ROTATION
from rediskit.model.environment import Environment
from rediskit.model.once import once
from rediskit.model.redis import Image, Redis
from rediskit.model.resources import ContainerResources
from rediskit.renderers.secret_forms import rotation
from rediskit.renderers.tree import File, Object

RELEASE_TIMEOUT = "2m"
"""With Flux, the timeout of the release and of its Kustomization.

helm-controller and kustomize-controller apply a newer commit only after this timeout, so a longer one delays a fix. A Redis that needs
longer to start is not affected: the release stays, and the controllers retry after one minute.
"""


@once
def release_of(environment: Environment) -> Release:
    """Return the names of the release, with the user's values applied. Raises ConfigError, with positions, when they are wrong."""
    redis = environment.redis
    try:
        return Release.of(redis.profile, redis.release, redis.namespace, redis.values, redis.replicas)
    except ConfigError as error:
        raise ConfigError(problem._replace(location=environment.locate(problem.path)) for problem in error.problems) from None


def values_path(environment: Environment) -> str:
    """Return the path of the values file, in a folder that is not applied as manifests."""
    return f"helm/{environment.redis.release}/values.yaml"


def helm_values(environment: Environment) -> Iterator[File]:
    """Yield the values file. It exists at every step, so you can review the first deployment in advance."""
    yield File(values_path(environment), merged_values(environment), ("redis",))


@once
def merged_values(environment: Environment) -> Object:
    """Return the values that the chart receives: the user's values merged over ours."""
    return merged(values(environment), plain_values(environment.redis.profile, environment.redis.values))


@once
def values(environment: Environment) -> Object:
    """Return our values, in the order of the chart, without the user's values."""
    redis, current = environment.redis, rotation(environment)
    return redis.profile.values(
        Settings(
            release=release_of(environment),
            image=_image(redis.image),
            exporter_image=_image(redis.exporter_image),
            mirror=redis.image_mirror or "",
            secret=redis.auth.secret,
            key=redis.auth.key,
            redis_conf=tuple(redis_conf(redis)),
            disabled_commands=redis.disabled_commands,
            storage_class=redis.storage.storage_class,
            size=str(redis.storage.size),
            resources={role: _resources(getattr(redis.resources, role)) for role in ("primary", "replica", "exporter")},
            # An existing Secret changes no checksum of a chart. It keeps its name, so that its readers do not change, and Redis can
            # accept both passwords until it restarts (`ACL SETUSER`).
            annotations={ROTATION: current} if current else {},
            monitoring=environment.monitoring.enabled,
        )
    )


DEFAULT_DATABASES = 16
"""`databases` of a Redis without that line in redis.conf (config.c)."""


def redis_conf(redis: Redis) -> list[str]:
    """Return the lines of redis.conf. They have no comments: after a directive, a comment stops the server (config.c)."""
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
    return lines if redis.save_points else [*lines, 'save ""']


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Object:
    """Merge two values files as Helm does: maps by key, all other values replaced."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, (dict, Mapping)) and isinstance(value, (dict, Mapping)) else value
    return result


def _image(image: Image) -> ChartImage:
    return ChartImage(image.registry, image.repository, image.tag, image.digest)


def image_reference(environment: Environment, image: Image | None = None) -> str:
    """Return an image for a container spec, by default that of Redis, with the mirror and the digest if they are set."""
    image = image or environment.redis.image
    version = f"@{image.digest}" if image.digest else f":{image.tag}"
    return f"{environment.redis.image_mirror or image.registry}/{image.repository}{version}"


def _resources(resources: ContainerResources) -> Object:
    return {
        name: {"cpu": str(amount.cpu), "memory": str(amount.memory)}
        for name, amount in (("requests", resources.requests), ("limits", resources.limits))
    }
