"""An application that uses the shared Redis, and the workload that runs it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, Strict, field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all, section
from rediskit.model.files import Manifest
from rediskit.model.migration import Migration
from rediskit.model.types import DnsLabel, DnsName, EnvName, ObjectReference, Port

Kind = Literal["Deployment", "StatefulSet"]


class Variables(Model):
    """The environment variables through which a container learns of Redis."""

    host: EnvName
    """The variable with the host name."""
    port: EnvName
    """The variable with the port."""
    password: EnvName
    """The variable with the password."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({self.host, self.port, self.password}) < 3:
            refuse("host, port and password are three variables", "give each its own name")
        return self


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

    @model_validator(mode="before")
    @classmethod
    def _from_manifest(cls, data: Any) -> Any:
        manifest = data.get("manifest") if isinstance(data, dict) else None
        if not isinstance(manifest, Manifest):
            return data
        kind, name, replicas = (_at(manifest.content, *path) for path in (("kind",), ("metadata", "name"), ("spec", "replicas")))
        if kind not in get_args(Kind):
            hint = "name the Deployment or StatefulSet that runs the application"
            refuse(f"{manifest.path} holds a {kind}, which runs nothing rediskit can scale", hint, "manifest")
        if replicas == 0 and data.get("replicas") is None:
            hint = "write replicas here: the number the application normally runs with"
            refuse(f"{manifest.path} was taken while the application was scaled to 0", hint, "manifest")
        said = {"kind": kind, "name": name, "replicas": replicas} if replicas else {"kind": kind, "name": name}
        refuse_all(
            [
                Problem(f"is {data[key]} here and {value} in {manifest.path}", "leave it out: it is read from the manifest", (key,))
                for key, value in said.items()
                if isinstance(data.get(key), (str, int)) and data[key] != value
            ]
        )
        return {**data, **{key: value for key, value in said.items() if data.get(key) is None}}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in ("kind", "name", "replicas") if getattr(self, name) is None]
        if missing:
            hint = f"add it: {self.manifest.path} does not say it" if self.manifest else "add it, or name the live object under manifest"
            refuse_all([Problem("is missing", hint, (name,)) for name in missing])
        if self.replicas is not None and self.replicas < 1:
            hint = "write the number the application normally runs with"
            refuse(f"{self.replicas} is nothing to come back to after the downtime", hint, "replicas")
        refuse_all(self._containers())
        return self

    def _containers(self) -> list[Problem]:
        if not self.containers:
            return [Problem("names no container", "name the one that talks to Redis, and its variables", ("containers",))]
        if self.manifest is None:
            return []
        found = _at(self.manifest.content, "spec", "template", "spec", "containers")
        names = [str(_at(container, "name")) for container in found] if isinstance(found, list) else []
        return [
            Problem(
                f"{self.kind} {self.name} has no container {name}",
                f"did you mean {near[0]}?" if (near := get_close_matches(name, names, 1)) else f"it has: {', '.join(names) or 'none'}",
                ("containers", name, "[key]"),
            )
            for name in self.containers
            if name not in names
        ]

    @property
    def reference(self) -> str:
        """`Deployment/beersystem-backend`."""
        return f"{self.kind}/{self.name}"


def _at(content: Any, *path: str) -> Any:
    """The value at a path of keys; None where it ends, whatever stands there: nobody has checked the manifest yet."""
    for part in path:
        content = content.get(part) if isinstance(content, dict) else None
    return content


class Previous(Model):
    """The Redis the application used until now."""

    host: DnsName
    """Its host name, as the application knows it."""
    port: Port = 6379
    """Its port."""
    remove: tuple[ObjectReference, ...] = ()
    """What decommissioning takes out of the owner's build, as Kind/name."""
    data: Literal["none", "discard", "keep"] | None = None
    """What becomes of its data on a volume: `none` (it has none), `discard`, `keep` (the claim stays); said before decommissioning."""

    @field_validator("remove")
    @classmethod
    def _can_go(cls, remove: tuple[str, ...]) -> tuple[str, ...]:
        problems = []
        for index, reference in enumerate(remove):
            if reference.startswith("Namespace/"):
                problems.append(Problem("a namespace takes everything in it along", "name the objects of the old Redis only", (index,)))
            elif reference in remove[:index]:
                problems.append(Problem(f"{reference} stands twice", "remove one of them", (index,)))
        refuse_all(problems)
        return remove

    @model_validator(mode="after")
    def _data_stays(self) -> Self:
        claims = [reference for reference in self.remove if reference.startswith("PersistentVolumeClaim/")]
        if claims and self.data in ("none", "keep"):
            hint = "write data: discard, or leave the claim out of remove"
            refuse(f"is {self.data}, but {claims[0]} is to be removed", hint, "data")
        return self


class Owner(Model):
    """How the repository that owns the workload builds it."""

    kind: Literal["kustomize"] = "kustomize"
    """What builds it."""


class Client(Model):
    """An application with access to the shared Redis. Without `migration` it gets its Secret and is let in, nothing more."""

    name: DnsLabel
    """What the client is called here, and its folders in the tree."""
    namespace: DnsLabel
    """The namespace it runs in; the Secret is replicated there."""
    workload: Workload | None = None
    """The object that runs it."""
    previous: Previous | None = None
    """The Redis it used until now."""
    migration: Migration | None = None
    """Where it stands on its way to the shared Redis."""
    owner: Owner = section()
    """How the repository that owns the workload builds it."""

    @model_validator(mode="after")
    def _movable(self) -> Self:
        if self.migration is not None:
            refuse_all(
                [
                    Problem(f"a migration needs {section}", hint, ("migration",))
                    for section, hint in (("workload", "say what runs the application"), ("previous", "say which Redis it comes from"))
                    if getattr(self, section) is None
                ]
            )
        manifest = self.workload.manifest if self.workload else None
        runs_in = _at(manifest.content, "metadata", "namespace") if manifest else None
        if manifest and runs_in not in (None, self.namespace):
            refuse(f"is {self.namespace} here and {runs_in} in {manifest.path}", "name the namespace the application runs in", "namespace")
        if self.workload and self.previous and self.workload.reference in self.previous.remove:
            refuse(f"{self.workload.reference} is the application itself", "name the objects of the old Redis only", "previous", "remove")
        return self
