"""The objects that run an application, as far as the migration changes them: containers, replicas, autoscaler."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, Strict, model_validator

from rediskit.errors import Problem, nearest
from rediskit.model.autoscaler import Autoscaler
from rediskit.model.base import refuse, refuse_all
from rediskit.model.container import Container
from rediskit.model.files import Described, Manifest
from rediskit.model.gitops_tools import unversioned
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.model.once import once
from rediskit.model.types import DnsLabel, DnsName, Flag

Kind = Literal["Deployment", "StatefulSet", "CronJob", "Rollout"]
CHANGING = frozenset({"app.kubernetes.io/version", "helm.sh/chart", "pod-template-hash", "rollouts-pod-template-hash"})
"""Labels of pods that change with a release."""
IMAGES = "rediskit/images"
"""The annotation of a copy by `init` with the image of each container, without version, such as `web=registry.example.com/shop/web`."""
NOT_SCALED = {
    "DaemonSet": "can't be scaled to 0: stop it by a nodeSelector",
    "Job": "runs once: wait until it has completed, or delete it",
    "Pod": "has no controller that could start it again",
    "ReplicaSet": "belongs to a Deployment: name that",
}


class Workload(Described):
    """An object that runs the application. It is changed only through the build of the application repository."""

    manifest: Manifest | None = None
    """A file with the real object, the output of `kubectl get -o yaml`, relative to this file. rediskit reads kind, name and replicas
    from it, and the order of containers. Without it, set `kind`, `name` and `replicas`."""
    kind: Kind | None = None
    """The kind of the object; `Rollout` is that of Argo Rollouts. Default: from the manifest."""
    name: DnsName | None = None
    """The name of the object. Default: from the manifest."""
    replicas: Annotated[int, Strict(), Field(ge=0, le=1000)] | None = None
    """The number of replicas outside of the downtime. Default: from the manifest, if it sets one above 0. Set 0 for a workload that
    normally has none."""
    suspend: Flag | None = None
    """For a CronJob: whether it is suspended outside of the downtime. Default: from the manifest, else false."""
    containers: dict[DnsLabel, Container] = Field(default_factory=dict)
    """The containers that use Redis: name to changes. `{}` uses `env` of the client. Empty only for a Rollout with
    `workloadRef`."""
    init_containers: dict[DnsLabel, Container] = Field(default_factory=dict)
    """The init containers that use Redis, such as one that waits for Redis: name to changes. They need `manifest`, because their order
    matters."""
    autoscaler: Autoscaler | None = None
    """The autoscaler of the object, if it has one. Otherwise it would end the downtime early."""

    @classmethod
    def values_in(cls, manifest: Manifest, data: Mapping[str, Any], /) -> dict[str, Any]:
        kind, name, replicas = (at(manifest.content, *path) for path in (("kind",), ("metadata", "name"), ("spec", "replicas")))
        if kind not in get_args(Kind):
            reason = NOT_SCALED.get(str(kind), "is not a workload that rediskit can scale")
            refuse(
                "manifest-kind", f"{manifest.path} contains a {kind}, which {reason}", f"use one of {', '.join(get_args(Kind))}", "manifest"
            )
        if replicas == 0 and data.get("replicas") is None and kind != "CronJob":
            hint = "add replicas: the usual number of replicas of the application, 0 if it normally has none"
            refuse("manifest-replicas", f"{manifest.path} has 0 replicas", hint, "manifest")
        values = {"kind": kind, "name": name}
        if kind == "CronJob":
            values["suspend"] = at(manifest.content, "spec", "suspend") is True
        elif replicas:
            values["replicas"] = replicas
        return values

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "CronJob":
            if self.replicas is not None:
                refuse(
                    "workload-kind", "a CronJob has no replicas", "remove it; a normally suspended CronJob sets suspend: true", "replicas"
                )
        elif self.suspend is not None:
            hint = "remove it; replicas: 0 is for a workload that normally has none"
            refuse("workload-kind", f"a {self.kind} can't be suspended", hint, "suspend")
        needed = ("kind", "name") if self.kind == "CronJob" else ("kind", "name", "replicas")
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            hint = f"add it: {self.manifest.path} does not contain it" if self.manifest else "add it, or add manifest"
            refuse_all([Problem("is missing", hint, (name,), code="missing-key") for name in missing])
        if self.kind == "Rollout" and self.manifest is None:
            hint = "add manifest: a file with the output of kubectl get -o yaml"
            refuse("workload-kind", "a Rollout needs its manifest: its containers are patched by their position", hint, "kind")
        if self.kind == "CronJob" and self.autoscaler is not None:
            refuse("workload-kind", "an autoscaler does not scale a CronJob", "remove it", "autoscaler")
        refuse_all([*self._check_containers(), *self._check_autoscaler()])
        return self

    def _check_containers(self) -> Iterator[Problem]:
        code = "containers"
        if not self.containers and not self.workload_ref:
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
                yield Problem(f"{self.reference} has no container {name}", hint, ("containers", name, "[key]"), code=code)
        for name in self.init_containers:
            if name not in init and name not in both:
                message = f"{self.reference} has no init container {name}"
                yield Problem(message, suggestion(name, init), ("initContainers", name, "[key]"), code=code)

    def _names(self, kind: str) -> list[str]:
        return [text_at(container, "name") for container in self.listed(kind)]

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

    def problems(self) -> Iterator[Problem]:
        """Yield what is wrong with the switched containers once they have the default variables of the client."""
        for kind, name, container in self.redis_containers:
            for problem in container.problems(self.content_of(kind, name)):
                yield problem._replace(path=(kind, name, *problem.path))

    def with_default(self, env: Any) -> Self:
        """Return the workload whose containers have the default variables of the client where they have none of their own."""
        lists = {
            field: {name: container.with_default(env) for name, container in getattr(self, field).items()}
            for field in ("containers", "init_containers")
        }
        return self.model_copy(update=lists)

    @property
    def pod_path(self) -> tuple[str, ...]:
        """Keys from the object to its pod spec."""
        return ("spec", "jobTemplate", "spec", "template", "spec") if self.kind == "CronJob" else ("spec", "template", "spec")

    def listed(self, kind: str) -> list[Any]:
        """Return a list of the manifest's pod: `containers` or `initContainers`; empty without a manifest."""
        return [
            entry for entry in list_at(self.manifest.content if self.manifest else None, *self.pod_path, kind) if isinstance(entry, dict)
        ]

    def position_of(self, kind: str, name: str) -> int | None:
        """Return the position of a container in its list of the manifest; None where the manifest does not contain it."""
        return next((index for index, entry in enumerate(self.listed(kind)) if text_at(entry, "name") == name), None)

    def content_of(self, kind: str, name: str) -> Any:
        """Return a container of the manifest; None where the manifest does not contain it."""
        index = self.position_of(kind, name)
        return None if index is None else self.listed(kind)[index]

    def image_of(self, kind: str, name: str) -> str:
        """Return the image of a container without version, also of a copy by `init`; "" where the manifest does not contain it."""
        content = self.manifest.content if self.manifest else None
        copied = dict(entry.split("=", 1) for entry in text_at(content, "metadata", "annotations", IMAGES).split() if "=" in entry)
        return unversioned(text_at(self.content_of(kind, name), "image")) or copied.get(name, "")

    @property
    def workload_ref(self) -> str:
        """The Deployment whose pod template a Rollout uses, as `Deployment/name`; "" for its own template."""
        reference = at(self.manifest.content, "spec", "workloadRef") if self.manifest and self.kind == "Rollout" else None
        return f"{text_at(reference, 'kind')}/{text_at(reference, 'name')}" if reference else ""

    @property
    def redis_containers(self) -> Iterator[tuple[str, str, Container]]:
        """Each container that uses Redis: its list in the pod (`initContainers`, `containers`), its name, what is switched."""
        yield from (("initContainers", name, container) for name, container in self.init_containers.items())
        yield from (("containers", name, container) for name, container in self.containers.items())

    @property
    @once
    def switched(self) -> tuple[tuple[str, str, Container], ...]:
        """`redis_containers` without the containers that a person changes."""
        return tuple(entry for entry in self.redis_containers if entry[2].external is None)

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """List and name of each container that a patch names: the switched ones, and all init containers because of their order."""
        switched = (name for kind, name, _ in self.switched if kind == "containers")
        return (*(("initContainers", name) for name in self.init_order), *(("containers", name) for name in switched))

    @property
    def init_order(self) -> tuple[str, ...]:
        """All init containers in the order in which they run, if one of them is switched; else none."""
        return tuple(self._names("initContainers")) if any(kind == "initContainers" for kind, _, _ in self.switched) else ()

    @property
    def pod_labels(self) -> dict[str, str]:
        """The labels that select its pods: those of its selector, else those of its pod template that no release changes."""
        content = self.manifest.content if self.manifest else None
        template = mapping_at(content, *self.pod_path[:-1], "metadata", "labels")
        stable = {key: value for key, value in template.items() if key not in CHANGING}
        labels = mapping_at(content, "spec", "selector", "matchLabels") or stable
        return {key: value for key, value in labels.items() if isinstance(value, str)}

    @property
    def selector(self) -> str:
        """The labels that select its pods, for kubectl; "" without any."""
        return ",".join(f"{name}={value}" for name, value in sorted(self.pod_labels.items()))

    @property
    def stopped(self) -> tuple[str, Any]:
        """The field of `spec` that stops the workload, and its value during the downtime."""
        return ("suspend", True) if self.kind == "CronJob" else ("replicas", 0)

    @property
    def running(self) -> Any:
        """The value of that field outside of the downtime."""
        return bool(self.suspend) if self.kind == "CronJob" else self.replicas

    @property
    def is_idle(self) -> bool:
        """Whether it can have no pod for a long time outside of the downtime: it has no replicas, is suspended, or KEDA stops it."""
        return bool(self.suspend) or self.replicas == 0 or (self.autoscaler is not None and self.autoscaler.min == 0)

    @property
    def reference(self) -> str:
        """`Deployment/beersystem-backend`."""
        return f"{self.kind}/{self.name}"


def suggestion(name: str, names: list[str]) -> str:
    """Return the hint for an unknown name: the most similar known name, or all of them."""
    near = nearest(name, names, 1)
    return f"did you mean {near[0]}?" if near else f"choose one of {', '.join(names) or 'none'}"
