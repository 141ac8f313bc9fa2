"""The units of `platform/`: folders that are applied each by an Application or Kustomization of its own (design §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rediskit.errors import Path
from rediskit.model.environment import Environment
from rediskit.renderers.access import external_service, network_policy
from rediskit.renderers.claims import is_claim, namespace_claim, secret_claim
from rediskit.renderers.monitoring.objects import monitoring
from rediskit.renderers.objects import KEEP, kustomization, labels, metadata, object_file
from rediskit.renderers.secret_forms import secret_forms
from rediskit.renderers.tree import File, Object
from rediskit.state_machine.effects import release_is_deployed


class Unit(NamedTuple):
    """One folder of objects with its own kustomization.yaml.

    namespace: where its namespaced objects go. optional: it may fail and heal on its own (a CRD or a namespace may come later).
    removable: it belongs to the release, comes after it, and what it made goes when the unit goes: nobody else depends on it.
    """

    name: str
    namespace: str
    contents: tuple[File, ...]
    optional: bool = False
    removable: bool = False

    @property
    def objects(self) -> tuple[Object, ...]:
        """What the unit applies."""
        return tuple(file.content for file in self.contents if isinstance(file.content, dict))

    @property
    def folder(self) -> str:
        return f"platform/{self.name}"

    def files(self) -> Iterator[File]:
        """The objects and the kustomization.yaml that lists them."""
        yield from self.contents
        yield kustomization(self.folder, [file.path.rpartition("/")[2] for file in self.contents])


def units(environment: Environment, *, deployed: bool | None = None) -> tuple[Unit, ...]:
    """Every unit that has objects, in the order they are needed. A unit without any is left out: an empty one applies as an error.

    deployed: as if the release were in the tree, or not; by default as it is.
    """
    redis = environment.redis.namespace
    deployed = release_is_deployed(environment) if deployed is None else deployed
    made = [
        _unit(
            "redis",
            redis,
            (namespace(environment), *_claims(environment), network_policy(environment), *secret_forms(environment, redis)),
        ),
        _unit("redis-external", redis, external_service(environment) if deployed else (), removable=True),
        _unit("monitoring", environment.monitoring.namespace, monitoring(environment) if deployed else (), optional=True, removable=True),
        *_clients(environment),
    ]
    return tuple(unit for unit in made if unit.contents)


def _clients(environment: Environment) -> Iterator[Unit]:
    """One unit a client, so that a namespace that is missing or a ciphertext that does not open stops nobody else.

    Clients of one namespace have one Secret: it lies in the unit of the first.
    """
    seen: set[str] = set()
    for index, client in enumerate(environment.clients):
        forms = () if client.namespace in seen else tuple(secret_forms(environment, client.namespace))
        if forms:
            forms = (*_claims(environment, client.namespace), *forms)
        seen.add(client.namespace)
        yield _unit(client.name, client.namespace, forms, ("clients", index), optional=True)


def platform(made: tuple[Unit, ...]) -> Iterator[File]:
    """All files of the units, and the kustomization.yaml that aggregates them for local builds."""
    for unit in made:
        yield from unit.files()
    yield kustomization("platform", [unit.name for unit in made])


def namespace(environment: Environment) -> Object:
    """The namespace of Redis, which neither tool may prune: everything in it would go with it."""
    redis = environment.redis
    meta = metadata(redis.namespace, None, {**redis.labels, **labels(environment)}, KEEP)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def _unit(
    name: str, in_namespace: str, objects: Iterable[Object], source: Path = (), *, optional: bool = False, removable: bool = False
) -> Unit:
    files = tuple(object_file(f"platform/{name}", content, source or _source(content)) for content in objects)
    return Unit(name, in_namespace, files, optional, removable)


def _claims(environment: Environment, client: str = "") -> tuple[Object, ...]:
    """Flux takes over what Argo CD refuses to (`FailOnSharedResource`): the claim on the namespace of Redis, or on a client's Secret."""
    if environment.gitops.tool != "flux":
        return ()
    return (secret_claim(environment, client) if client else namespace_claim(environment),)


def _source(content: Object) -> Path:
    return ("gitops", "repository") if is_claim(content) else _SOURCES.get(content["kind"], ("secrets",))


_SOURCES: dict[str, tuple[str, ...]] = {
    "Namespace": ("redis", "namespace"),
    "NetworkPolicy": ("network",),
    "Service": ("network",),
    "ServiceMonitor": ("monitoring",),
    "PrometheusRule": ("monitoring",),
    "ConfigMap": ("monitoring",),
}
"""The section of the config that each kind of object comes from, for findings; the others are forms of the Secret."""
