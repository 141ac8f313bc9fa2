"""The components in `platform/`: folders that separate Applications or Kustomizations apply."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rediskit.errors import Path
from rediskit.model.environment import Environment
from rediskit.model.once import once
from rediskit.renderers.access import external_service, network_policy, own_services
from rediskit.renderers.claims import is_claim, namespace_claim, secret_claim
from rediskit.renderers.egress import egress
from rediskit.renderers.monitoring.objects import monitoring, monitoring_scopes
from rediskit.renderers.objects import KEEP, Scope, kustomization, labels, metadata, object_file, scope
from rediskit.renderers.secret_forms import secret_forms
from rediskit.renderers.tree import File, Object
from rediskit.renderers.verification.jobs import UNIT, job_scopes, verification_jobs
from rediskit.state_machine.effects import effects, release_is_deployed


class Unit(NamedTuple):
    """One component: a folder of objects with its own kustomization.yaml.

    Attributes:
        name: the folder name, and the suffix of its Application or Kustomization.
        optional: it may fail until a CRD or namespace is installed.
        removable: it is applied after the release, and its objects are deleted together with it.
        alone: it verifies the others, outside of `platform/`: nothing waits for it, and its failure is not retried.
    """

    name: str
    namespace: str
    contents: tuple[File, ...]
    optional: bool = False
    removable: bool = False
    alone: bool = False

    @property
    def objects(self) -> tuple[Object, ...]:
        """The Kubernetes objects of the component."""
        return tuple(file.content for file in self.contents if isinstance(file.content, dict))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of its objects, each once."""
        return tuple(dict.fromkeys(content["kind"] for content in self.objects))

    @property
    def folder(self) -> str:
        return self.name if self.alone else f"platform/{self.name}"

    def files(self) -> Iterator[File]:
        """Yield the objects and the kustomization.yaml that lists them."""
        yield from self.contents
        yield kustomization(self.folder, [file.path.rpartition("/")[2] for file in self.contents])


@once
def units(environment: Environment) -> tuple[Unit, ...]:
    """Return every component with objects at the current step. kustomize and Argo CD reject an empty one."""
    return tuple(unit for unit in (*_of_redis(environment), *_clients(environment)) if unit.contents)


def _of_redis(environment: Environment) -> Iterator[Unit]:
    """Yield the components of Redis itself, empty ones too."""
    redis, deployed = environment.redis.namespace, release_is_deployed(environment)
    yield _unit("redis", redis, (*_before_release(environment), *(own_services(environment) if deployed else ())))
    yield _unit("redis-external", redis, external_service(environment) if deployed else (), removable=True)
    monitors = monitoring(environment) if deployed else ()
    yield _unit("monitoring", environment.monitoring.namespace, monitors, optional=True, removable=True)


def _before_release(environment: Environment) -> tuple[Object, ...]:
    """Return the objects of the component `redis` that exist before the release."""
    return (
        namespace(environment),
        *_claims(environment),
        network_policy(environment),
        *secret_forms(environment, environment.redis.namespace),
    )


@once
def verification(environment: Environment) -> tuple[Unit, ...]:
    """Return the component of the verification Jobs, if the current step has any."""
    jobs = verification_jobs(environment) if release_is_deployed(environment) else ()
    files = tuple(object_file(UNIT, content, ("verification",)) for content in jobs)
    return (Unit(UNIT, environment.redis.namespace, files, optional=True, removable=True, alone=True),) if files else ()


def _clients(environment: Environment) -> Iterator[Unit]:
    """Yield one component per client, so a missing namespace or an invalid ciphertext affects one client only.

    Clients in one namespace share a Secret, which belongs to the component of the first client. A component with policies alone is
    removable, because a policy that stays could isolate the pods.
    """
    namespaces: set[str] = set()
    for index, client in enumerate(environment.clients):
        forms = () if client.namespace in namespaces else tuple(secret_forms(environment, client.namespace))
        if forms:
            forms = (*_claims(environment, client.namespace), *forms)
        namespaces.add(client.namespace)
        policies = tuple(egress(environment, client)) if effects(client.migration).release else ()
        removable = bool(policies) and not forms
        yield _unit(client.name, client.namespace, (*forms, *policies), ("clients", index), optional=True, removable=removable)


@once
def scopes(environment: Environment) -> frozenset[Scope]:
    """Return the scopes of the namespaced objects of all steps: those of the current step, and those that come with the release."""
    current = (content for unit in units(environment) for content in unit.objects)
    later = (*own_services(environment), *external_service(environment))
    policies = (policy for client in environment.clients for policy in egress(environment, client))
    namespaced = (content for content in (*current, *later, *policies) if "namespace" in content["metadata"])
    return frozenset((*map(scope, namespaced), *monitoring_scopes(environment), *job_scopes(environment)))


def platform(components: tuple[Unit, ...]) -> Iterator[File]:
    """Yield the files of the components, and the kustomization.yaml that combines them for local builds."""
    for unit in components:
        yield from unit.files()
    yield kustomization("platform", [unit.name for unit in components])


def namespace(environment: Environment) -> Object:
    """Return the namespace of Redis. It is never pruned, because that would delete everything in it."""
    redis = environment.redis
    meta = metadata(redis.namespace, None, {**redis.labels, **labels(environment)}, KEEP)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}


def _unit(
    name: str, in_namespace: str, objects: Iterable[Object], source: Path = (), *, optional: bool = False, removable: bool = False
) -> Unit:
    files = tuple(object_file(f"platform/{name}", content, source or _source(content)) for content in objects)
    return Unit(name, in_namespace, files, optional, removable)


def _claims(environment: Environment, client: str = "") -> tuple[Object, ...]:
    """Return the claim for Flux on the namespace of Redis or on a client's Secret. Argo CD has `FailOnSharedResource` for this."""
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
"""The config section of each kind, for findings. All other kinds belong to `secrets`."""
