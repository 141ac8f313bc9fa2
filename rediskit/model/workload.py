"""The object that runs an application, as far as the migration changes it: variables, replicas, and what scales it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, Strict, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.files import Manifest
from rediskit.model.nested import at
from rediskit.model.types import DnsLabel, DnsName, EnvName

Kind = Literal["Deployment", "StatefulSet"]
Bound = Annotated[int, Strict(), Field(ge=0, le=1000)]


class Variables(Model):
    """The environment variables through which a container learns of Redis: host and port, or a url, or all of them; and the password."""

    host: EnvName | None = None
    """The variable with the host name."""
    port: EnvName | None = None
    """The variable with the port."""
    password: EnvName
    """The variable with the password; a url is composed from it."""
    url: EnvName | None = None
    """The variable with the whole address, `redis://:$(PASSWORD)@host:port`, for applications that take one."""
    database: Annotated[int, Strict(), Field(ge=0, le=15)] | None = None
    """The number of the database at the end of the url; without it the url ends with the port, and means database 0."""

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, in the order in which Kubernetes expands them: the url after the password that it is composed from."""
        return tuple(name for name in (self.host, self.port, self.password, self.url) if name is not None)

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.url is None:
            hint = "add it; or name the variable with the whole address under url"
            refuse_all([Problem("is missing", hint, (name,)) for name in ("host", "port") if getattr(self, name) is None])
            if self.database is not None:
                refuse("a database number stands in a url only", "name the variable with the whole address under url", "database")
        if len(set(self.names)) < len(self.names):
            words = [name for name in ("host", "port", "password", "url") if getattr(self, name) is not None]
            count = {2: "two", 3: "three", 4: "four"}[len(words)]
            refuse(f"{', '.join(words[:-1])} and {words[-1]} are {count} variables", "give each its own name")
        return self


class Autoscaler(Model):
    """What scales the workload. It is held while the application moves: at 0, then at the original number, and let go at decommission."""

    manifest: Manifest | None = None
    """A file with the real object: kind, name and bounds are read from it. Relative to this file."""
    kind: Literal["HorizontalPodAutoscaler", "ScaledObject"] | None = None
    """HorizontalPodAutoscaler, or ScaledObject of KEDA; read from the manifest where there is one."""
    name: DnsName | None = None
    """The name of the object; read from the manifest where there is one."""
    min: Bound | None = None
    """The smallest number of replicas; read from the manifest where there is one."""
    max: Bound | None = None
    """The largest number of replicas; read from the manifest where there is one."""

    @model_validator(mode="before")
    @classmethod
    def _from_manifest(cls, data: Any) -> Any:
        manifest = data.get("manifest") if isinstance(data, dict) else None
        if not isinstance(manifest, Manifest):
            return data
        kind, name = at(manifest.content, "kind"), at(manifest.content, "metadata", "name")
        if kind not in _BOUNDS:
            refuse(f"{manifest.path} holds a {kind}, which scales nothing", f"name one of: {', '.join(_BOUNDS)}", "manifest")
        lower, upper = bounds_of(manifest.content)
        return {**data, **said_by(manifest, data, {"kind": kind, "name": name, "min": lower, "max": upper})}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in ("kind", "name") if getattr(self, name) is None]
        refuse_all([Problem("is missing", "add it, or name the live object under manifest", (name,)) for name in missing])
        if self.kind == "HorizontalPodAutoscaler" and self.min == 0:
            hint = "set its minReplicas to 1 or more: one that may scale to 0 brings the application back in the middle of the move"
            refuse("0: Kubernetes leaves a workload at 0 only when its autoscaler can't", hint, "min")
        if self.min is not None and self.max is not None and self.max < self.min:
            refuse(f"{self.max} is below min, which is {self.min}", "swap the two", "max")
        return self

    @property
    def reference(self) -> str:
        """`HorizontalPodAutoscaler/beersystem-backend`."""
        return f"{self.kind}/{self.name}"


_BOUNDS = {
    "HorizontalPodAutoscaler": (("minReplicas", 1), ("maxReplicas", None)),
    "ScaledObject": (("minReplicaCount", 0), ("maxReplicaCount", 100)),
}
"""Where each kind says the smallest and the largest number, and what it means without (autoscaling/v2; keda.sh/v1alpha1)."""
SCALERS = tuple(_BOUNDS)
"""The kinds that an autoscaler may have."""


def bounds_of(scaler: Any) -> tuple[Any, Any]:
    """The smallest and the largest number of replicas that the object of an autoscaler allows; None for any."""
    found = [at(scaler, "spec", key) for key, _ in _BOUNDS[scaler["kind"]]]
    usual = [number for _, number in _BOUNDS[scaler["kind"]]]
    lower, upper = (number if isinstance(number, int) else other for number, other in zip(found, usual, strict=True))
    return lower, upper


class Workload(Model):
    """The object that runs the application. It is changed only through the build of the repository that owns it."""

    manifest: Manifest | None = None
    """A file with the real object, as `kubectl get -o yaml` prints it: kind, name and replicas are read from it. Relative to this file."""
    kind: Kind | None = None
    """Deployment or StatefulSet; read from the manifest where there is one."""
    name: DnsName | None = None
    """The name of the object; read from the manifest where there is one."""
    replicas: Annotated[int, Strict(), Field(le=1000, json_schema_extra={"minimum": 1})] | None = None
    """The number of replicas to come back to; read from the manifest where it says it."""
    containers: dict[DnsLabel, Variables] = Field(json_schema_extra={"minProperties": 1})
    """Container name to its variables."""
    init_containers: dict[DnsLabel, Variables] = Field(default_factory=dict)
    """The same for init containers that talk to Redis, such as one that waits for it. With `manifest`, for their order."""
    autoscaler: Autoscaler | None = None
    """What scales the object, where something does: else it would fight the downtime."""

    @model_validator(mode="before")
    @classmethod
    def _from_manifest(cls, data: Any) -> Any:
        manifest = data.get("manifest") if isinstance(data, dict) else None
        if not isinstance(manifest, Manifest):
            return data
        kind, name, replicas = (at(manifest.content, *path) for path in (("kind",), ("metadata", "name"), ("spec", "replicas")))
        if kind not in get_args(Kind):
            hint = "name the Deployment or StatefulSet that runs the application"
            refuse(f"{manifest.path} holds a {kind}, which runs nothing rediskit can scale", hint, "manifest")
        if replicas == 0 and data.get("replicas") is None:
            hint = "write replicas here: the number the application normally runs with"
            refuse(f"{manifest.path} was taken while the application was scaled to 0", hint, "manifest")
        said = {"kind": kind, "name": name, "replicas": replicas} if replicas else {"kind": kind, "name": name}
        return {**data, **said_by(manifest, data, said)}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in ("kind", "name", "replicas") if getattr(self, name) is None]
        if missing:
            hint = f"add it: {self.manifest.path} does not say it" if self.manifest else "add it, or name the live object under manifest"
            refuse_all([Problem("is missing", hint, (name,)) for name in missing])
        if self.replicas is not None and self.replicas < 1:
            hint = "write the number the application normally runs with"
            refuse(f"{self.replicas} is nothing to come back to after the downtime", hint, "replicas")
        refuse_all([*self._containers(), *self._outside()])
        return self

    def _containers(self) -> Iterator[Problem]:
        if not self.containers:
            yield Problem("names no container", "name the one that talks to Redis, and its variables", ("containers",))
        both = sorted(self.containers.keys() & self.init_containers.keys())
        for name in both:
            yield Problem(f"{name} is a container already", "a pod has each name once: remove one", ("initContainers", name, "[key]"))
        if self.manifest is None:
            if self.init_containers:
                hint = "name the live object under manifest: init containers run in its order, and must go on doing so"
                yield Problem("the order of the init containers is not known", hint, ("initContainers",))
            return
        names, init = (self._names(kind) for kind in ("containers", "initContainers"))
        for name in self.containers:
            if name not in names:
                hint = which(name, names)
                hint = "it is an init container: name it under initContainers" if name in init else hint
                yield Problem(f"{self.kind} {self.name} has no container {name}", hint, ("containers", name, "[key]"))
        for name in self.init_containers:
            if name not in init and name not in both:
                hint = which(name, init)
                yield Problem(f"{self.kind} {self.name} has no init container {name}", hint, ("initContainers", name, "[key]"))

    def _names(self, kind: str) -> list[str]:
        found = at(self.manifest.content if self.manifest else None, "spec", "template", "spec", kind)
        return [str(at(container, "name")) for container in found] if isinstance(found, list) else []

    def _outside(self) -> Iterator[Problem]:
        """The number to come back to is one that the autoscaler allows: else it changes it at once, and Git changes it back."""
        scaler, replicas = self.autoscaler, self.replicas
        if scaler is None or replicas is None:
            return
        aimed = at(scaler.manifest.content, "spec", "scaleTargetRef", "name") if scaler.manifest else self.name
        if aimed != self.name:
            yield Problem(f"{scaler.reference} scales {aimed}, not {self.name}", "name the one that scales the workload", ("autoscaler",))
        least, most = scaler.min or 0, scaler.max if scaler.max is not None else replicas
        if not least <= replicas <= most:
            bounds = f"{least} to {scaler.max if scaler.max is not None else 'any'}"
            hint = "write replicas here: a number that the autoscaler allows"
            yield Problem(f"{replicas} is outside of what {scaler.reference} allows, {bounds}", hint, ("replicas",))

    @property
    def every(self) -> Iterator[tuple[str, str, Variables]]:
        """Each container that talks to Redis: its list in the pod (`containers`, `initContainers`), its name, its variables."""
        yield from (("initContainers", name, variables) for name, variables in self.init_containers.items())
        yield from (("containers", name, variables) for name, variables in self.containers.items())

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """The list and the name of each container that a patch names: those that talk to Redis, and all init containers for their order."""
        return (*(("initContainers", name) for name in self.init_order), *(("containers", name) for name in self.containers))

    @property
    def init_order(self) -> tuple[str, ...]:
        """All init containers in the order in which they run, when one of them is to be switched; else none."""
        return tuple(self._names("initContainers")) if self.init_containers else ()

    @property
    def reference(self) -> str:
        """`Deployment/beersystem-backend`."""
        return f"{self.kind}/{self.name}"


def which(name: str, names: list[str]) -> str:
    """The hint for a name that is not there: the nearest one that is, else all of them."""
    near = get_close_matches(name, names, 1)
    return f"did you mean {near[0]}?" if near else f"it has: {', '.join(names) or 'none'}"


def said_by(manifest: Manifest, data: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a manifest says and the section does not. Refuses a section that says otherwise."""
    refuse_all(
        [
            Problem(f"is {data[key]} here and {value} in {manifest.path}", "leave it out: it is read from the manifest", (key,))
            for key, value in said.items()
            if isinstance(data.get(key), (str, int)) and data[key] != value
        ]
    )
    return {key: value for key, value in said.items() if data.get(key) is None}
