"""The autoscaler of a workload."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, model_validator

from rediskit.errors import Problem
from rediskit.model.base import refuse, refuse_all
from rediskit.model.files import Described, Manifest
from rediskit.model.nested import at
from rediskit.model.types import DnsName

Bound = Annotated[int, Strict(), Field(ge=0, le=1000)]


class Autoscaler(Described):
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

    @classmethod
    def values_in(cls, manifest: Manifest, _: Mapping[str, Any], /) -> dict[str, Any]:
        kind, name = at(manifest.content, "kind"), at(manifest.content, "metadata", "name")
        if kind not in _BOUNDS:
            refuse("manifest-kind", f"{manifest.path} contains a {kind}, not an autoscaler", f"use one of {', '.join(_BOUNDS)}", "manifest")
        lower, upper = bounds_of(manifest.content)
        return {"kind": kind, "name": name, "min": lower, "max": upper}

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
