"""An application that uses the shared Redis, and the workload that runs it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.files import Manifest
from rediskit.model.migration import Migration
from rediskit.model.types import DnsLabel, DnsName, EnvName, ObjectReference, Port

Kind = Literal["Deployment", "StatefulSet"]


class Variables(Model):
    """The environment variables through which a container learns of Redis."""

    host: EnvName
    port: EnvName
    password: EnvName

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({self.host, self.port, self.password}) < 3:
            refuse("host, port and password are three variables", "give each its own name")
        return self


class Workload(Model):
    """The object that runs the application. It is changed only through the build of the repository that owns it."""

    manifest: Manifest | None = None
    """The real object, as `kubectl get -o yaml` prints it: kind, name and replicas are read from it."""
    kind: Kind | None = None
    name: DnsName | None = None
    replicas: Annotated[int, Strict(), Field(le=1000)] | None = None
    """The number of replicas to come back to."""
    containers: dict[DnsLabel, Variables]
    """Container name to its variables."""

    @model_validator(mode="before")
    @classmethod
    def _from_manifest(cls, data: Any) -> Any:
        manifest = data.get("manifest") if isinstance(data, dict) else None
        if not isinstance(manifest, Manifest):
            return data
        content = manifest.content
        found = {
            "kind": content.get("kind"),
            "name": (content.get("metadata") or {}).get("name"),
            "replicas": (content.get("spec") or {}).get("replicas"),
        }
        refuse_all(
            [
                Problem(f"is {data[key]} here and {value} in {manifest.path}", "leave it out: it is read from the manifest", (key,))
                for key, value in found.items()
                if value is not None and data.get(key) not in (None, value)
            ]
        )
        return {**{key: value for key, value in found.items() if value is not None}, **data}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = [name for name in ("kind", "name", "replicas") if getattr(self, name) is None]
        if missing:
            hint = "add it here, or name the live object under manifest"
            if self.manifest:
                hint = f"add it here: {self.manifest.path} does not say it"
            refuse_all([Problem(f"{name} is missing", hint, (name,)) for name in missing])
        if self.replicas is not None and self.replicas < 1:
            refuse(
                f"replicas is {self.replicas}: rediskit would not know what to scale back to",
                "write the number the application normally runs with",
                "replicas",
            )
        refuse_all(self._containers())
        return self

    def _containers(self) -> list[Problem]:
        if not self.containers:
            return [Problem("no container", "name the container that talks to Redis, and its variables", ("containers",))]
        if self.manifest is None:
            return []
        names = [container.get("name") for container in _pod_spec(self.manifest.content).get("containers") or ()]
        return [
            Problem(
                f"{self.kind} {self.name} has no container {name}",
                f"did you mean {near[0]}?" if (near := get_close_matches(name, names, 1)) else f"it has: {', '.join(names)}",
                ("containers", name),
            )
            for name in self.containers
            if name not in names
        ]

    @property
    def reference(self) -> str:
        """`Deployment/beersystem-backend`."""
        return f"{self.kind}/{self.name}"


def _pod_spec(content: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = ((content.get("spec") or {}).get("template") or {}).get("spec") or {}
    return spec


class Previous(Model):
    """The Redis the application used until now."""

    host: DnsName
    port: Port = 6379
    remove: tuple[ObjectReference, ...] = ()
    """What decommissioning takes out of the owner's build, as Kind/name."""


class Owner(Model):
    """How the repository that owns the workload builds it."""

    kind: Literal["kustomize"] = "kustomize"


class Client(Model):
    """An application with access to the shared Redis. Without `migration` it gets its Secret and is let in, nothing more."""

    name: DnsLabel
    namespace: DnsLabel
    workload: Workload | None = None
    previous: Previous | None = None
    migration: Migration | None = None
    owner: Owner = Owner()

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
        if self.workload and self.previous and self.workload.reference in self.previous.remove:
            refuse(f"{self.workload.reference} is the application itself", "name the objects of the old Redis only", "previous", "remove")
        return self
