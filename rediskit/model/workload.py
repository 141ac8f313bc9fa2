"""The workload of an application, as far as a migration changes it: variables, replicas, autoscaler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, Strict, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.files import Manifest
from rediskit.model.nested import at, list_at
from rediskit.model.types import DnsLabel, DnsName, EnvName

Kind = Literal["Deployment", "StatefulSet"]
Bound = Annotated[int, Strict(), Field(ge=0, le=1000)]


class Variables(Model):
    """The environment variables of a container for Redis: the password, and host and port, or a url, or all of them."""

    host: EnvName | None = None
    """The name of the variable for the host name."""
    port: EnvName | None = None
    """The name of the variable for the port."""
    password: EnvName
    """The name of the variable for the password. A url references it."""
    url: EnvName | None = None
    """The name of the variable for the URL, `redis://:$(PASSWORD)@host:port`."""
    database: Annotated[int, Strict(), Field(ge=0, le=15)] | None = None
    """The number of the database, at the end of the URL. Default: no number, which means database 0."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names in the order of the expansion: the URL after the password that it references."""
        return tuple(name for name in (self.host, self.port, self.password, self.url) if name is not None)

    @model_validator(mode="after")
    def _are_complete_and_distinct(self) -> Self:
        if self.url is None:
            hint = "add it, or add url: the variable for the whole URL"
            missing = [name for name in ("host", "port") if getattr(self, name) is None]
            refuse_all([Problem("is missing", hint, (name,), code="variables") for name in missing])
            if self.database is not None:
                refuse("variables", "database needs url", "add url: the variable for the whole URL", "database")
        keys = [key for key in ("host", "port", "password", "url") if getattr(self, key) is not None]
        if len(set(self.names)) < len(self.names):
            refuse("variables", f"{', '.join(keys[:-1])} and {keys[-1]} need different variables", "write another name for each")
        return self


class Autoscaler(Model):
    """The autoscaler of the workload. During a migration its bounds are fixed: 0, then the original number, until `decommission`."""

    manifest: Manifest | None = None
    """A file with the object, relative to this file. Kind, name and bounds are read from it."""
    kind: Literal["HorizontalPodAutoscaler", "ScaledObject"] | None = None
    """HorizontalPodAutoscaler, or ScaledObject of KEDA. Default: from the manifest."""
    name: DnsName | None = None
    """The name of the object. Default: from the manifest."""
    min: Bound | None = None
    """The smallest number of replicas. Default: from the manifest."""
    max: Bound | None = None
    """The largest number of replicas. Default: from the manifest."""

    @model_validator(mode="before")
    @classmethod
    def _from_manifest(cls, data: Any) -> Any:
        manifest = data.get("manifest") if isinstance(data, dict) else None
        if not isinstance(manifest, Manifest):
            return data
        kind, name = at(manifest.content, "kind"), at(manifest.content, "metadata", "name")
        if kind not in _BOUNDS:
            refuse("manifest-kind", f"{manifest.path} contains a {kind}, not an autoscaler", f"use one of {', '.join(_BOUNDS)}", "manifest")
        lower, upper = bounds_of(manifest.content)
        return {**data, **from_manifest(manifest, data, {"kind": kind, "name": name, "min": lower, "max": upper})}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in ("kind", "name") if getattr(self, name) is None]
        refuse_all([Problem("is missing", "add it, or add manifest", (name,), code="missing-key") for name in missing])
        if self.kind == "HorizontalPodAutoscaler" and self.min == 0:
            hint = "set minReplicas to 1 or more: otherwise the autoscaler can start the application during the downtime"
            refuse("autoscaler", "minReplicas of a HorizontalPodAutoscaler is 0", hint, "min")
        if self.min is not None and self.max is not None and self.max < self.min:
            refuse("autoscaler", f"{self.max} is below min {self.min}", "swap the two numbers", "max")
        return self

    @property
    def reference(self) -> str:
        """`HorizontalPodAutoscaler/beersystem-backend`."""
        return f"{self.kind}/{self.name}"


_BOUNDS = {
    "HorizontalPodAutoscaler": (("minReplicas", 1), ("maxReplicas", None)),
    "ScaledObject": (("minReplicaCount", 0), ("maxReplicaCount", 100)),
}
"""The keys of the smallest and the largest number of replicas, with their defaults (autoscaling/v2, keda.sh/v1alpha1)."""
SCALERS = tuple(_BOUNDS)
"""The kinds of autoscalers."""


def bounds_of(scaler: Any) -> tuple[Any, Any]:
    """Return the smallest and the largest number of replicas of an autoscaler; None for no bound."""
    values = [(at(scaler, "spec", key), default) for key, default in _BOUNDS[scaler["kind"]]]
    lower, upper = (value if isinstance(value, int) else default for value, default in values)
    return lower, upper


class Workload(Model):
    """The workload of the application. rediskit never changes it directly: the application repository deploys it."""

    manifest: Manifest | None = None
    """A file with the output of `kubectl get -o yaml`, relative to this file. Kind, name and replicas are read from it."""
    kind: Kind | None = None
    """Deployment or StatefulSet. Default: from the manifest."""
    name: DnsName | None = None
    """The name of the object. Default: from the manifest."""
    replicas: Annotated[int, Strict(), Field(le=1000, json_schema_extra={"minimum": 1})] | None = None
    """The number of replicas after the downtime. Default: from the manifest."""
    containers: dict[DnsLabel, Variables] = Field(json_schema_extra={"minProperties": 1})
    """The variables of each container, by container name."""
    init_containers: dict[DnsLabel, Variables] = Field(default={})
    """The variables of each init container that uses Redis. Needs `manifest`, which contains the order of the init containers."""
    autoscaler: Autoscaler | None = None
    """The autoscaler of the workload, so that it does not start the application during the downtime."""

    @model_validator(mode="before")
    @classmethod
    def _from_manifest(cls, data: Any) -> Any:
        manifest = data.get("manifest") if isinstance(data, dict) else None
        if not isinstance(manifest, Manifest):
            return data
        kind, name, replicas = (at(manifest.content, *path) for path in (("kind",), ("metadata", "name"), ("spec", "replicas")))
        if kind not in get_args(Kind):
            hint = "use the Deployment or StatefulSet of the application"
            refuse("manifest-kind", f"{manifest.path} contains a {kind}, not a workload", hint, "manifest")
        if replicas == 0 and data.get("replicas") is None:
            hint = "add replicas: the usual number of replicas of the application"
            refuse("manifest-replicas", f"{manifest.path} has 0 replicas", hint, "manifest")
        values = {"kind": kind, "name": name, **({"replicas": replicas} if replicas else {})}
        return {**data, **from_manifest(manifest, data, values)}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in ("kind", "name", "replicas") if getattr(self, name) is None]
        if missing:
            hint = f"add it: {self.manifest.path} does not contain it" if self.manifest else "add it, or add manifest"
            refuse_all([Problem("is missing", hint, (name,), code="missing-key") for name in missing])
        if self.replicas is not None and self.replicas < 1:
            refuse("out-of-range", f"{self.replicas} is less than 1", "write the usual number of replicas of the application", "replicas")
        refuse_all([*self._check_containers(), *self._check_autoscaler()])
        return self

    def _check_containers(self) -> Iterator[Problem]:
        code = "containers"
        if not self.containers:
            yield Problem("contains no container", "add the container that uses Redis and its variables", ("containers",), code=code)
        both = sorted(self.containers.keys() & self.init_containers.keys())
        for name in both:
            yield Problem(f"{name} is also a container", "remove one of them", ("initContainers", name, "[key]"), code=code)
        if self.manifest is None:
            if self.init_containers:
                hint = "add manifest: it contains the order of the init containers"
                yield Problem("the order of the init containers is unknown", hint, ("initContainers",), code=code)
            return
        names, init = (self._names(kind) for kind in ("containers", "initContainers"))
        for name in self.containers:
            if name not in names:
                hint = f"move {name} to initContainers" if name in init else suggestion(name, names)
                yield Problem(f"{self.kind} {self.name} has no container {name}", hint, ("containers", name, "[key]"), code=code)
        for name in self.init_containers:
            if name not in init and name not in both:
                message = f"{self.kind} {self.name} has no init container {name}"
                yield Problem(message, suggestion(name, init), ("initContainers", name, "[key]"), code=code)

    def _names(self, kind: str) -> list[str]:
        containers = list_at(self.manifest.content if self.manifest else None, "spec", "template", "spec", kind)
        return [str(at(container, "name")) for container in containers]

    def _check_autoscaler(self) -> Iterator[Problem]:
        """Yield problems of an autoscaler that does not allow `replicas`: it and Git would change the number in turn."""
        scaler, replicas = self.autoscaler, self.replicas
        if scaler is None or replicas is None:
            return
        target = at(scaler.manifest.content, "spec", "scaleTargetRef", "name") if scaler.manifest else self.name
        if target != self.name:
            message = f"{scaler.reference} scales {target}, not {self.name}"
            yield Problem(message, "use the autoscaler of the workload", ("autoscaler",), code="autoscaler")
        least, most = scaler.min or 0, scaler.max if scaler.max is not None else replicas
        if not least <= replicas <= most:
            bounds = f"{least} to {scaler.max if scaler.max is not None else 'any'}"
            hint = "write replicas: a number that the autoscaler allows"
            yield Problem(f"{replicas} is outside the bounds {bounds} of {scaler.reference}", hint, ("replicas",), code="autoscaler")

    @property
    def every(self) -> Iterator[tuple[str, str, Variables]]:
        """Each container that uses Redis: its list in the pod (`containers`, `initContainers`), its name, its variables."""
        yield from (("initContainers", name, variables) for name, variables in self.init_containers.items())
        yield from (("containers", name, variables) for name, variables in self.containers.items())

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """List and name of each container in a patch: those that use Redis, and all init containers for their order."""
        return (*(("initContainers", name) for name in self.init_order), *(("containers", name) for name in self.containers))

    @property
    def init_order(self) -> tuple[str, ...]:
        """All init containers in their order, if one of them uses Redis; else none."""
        return tuple(self._names("initContainers")) if self.init_containers else ()

    @property
    def reference(self) -> str:
        """`Deployment/beersystem-backend`."""
        return f"{self.kind}/{self.name}"


def suggestion(name: str, names: list[str]) -> str:
    """Return the hint for an unknown name: the most similar known name, or all of them."""
    near = get_close_matches(name, names, 1)
    return f"did you mean {near[0]}?" if near else f"choose one of {', '.join(names) or 'none'}"


def from_manifest(manifest: Manifest, data: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a manifest that a section does not set. Refuses a section with other values."""
    hint = "remove it: the value of the manifest applies"
    refuse_all(
        [
            Problem(f"is {data[key]} here and {value} in {manifest.path}", hint, (key,), code="manifest-conflict")
            for key, value in values.items()
            if isinstance(data.get(key), (str, int)) and data[key] != value
        ]
    )
    return {key: value for key, value in values.items() if data.get(key) is None}
