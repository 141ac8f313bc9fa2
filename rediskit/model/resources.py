"""The resources of the containers: requests and limits."""

from typing import Any, Self

from pydantic import ConfigDict, ValidationInfo, field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, not_required, refuse_all
from rediskit.model.measures import Bytes, Cores


class Amount(Model):
    """CPU and memory."""

    model_config = ConfigDict(json_schema_extra=not_required)

    cpu: Cores
    """CPU cores: 2, or 500m for half a core."""
    memory: Bytes
    """Memory, like 512Mi or 2Gi."""


class ContainerResources(Model):
    """Requests and limits of a container."""

    model_config = ConfigDict(json_schema_extra=not_required)

    requests: Amount
    """The reserved resources."""
    limits: Amount
    """The maximum resources."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        refuse_all(
            [
                Problem(
                    f"the {name} request {request} is above the limit {limit}",
                    f"lower requests.{name}",
                    ("requests", name),
                    code="resource-limits",
                )
                for name, request, limit in (
                    ("cpu", self.requests.cpu, self.limits.cpu),
                    ("memory", self.requests.memory, self.limits.memory),
                )
                if request > limit
            ]
        )
        return self


class Resources(Model):
    """The resources of the three containers. In YAML, an absent key keeps its default."""

    primary: ContainerResources = ContainerResources(requests={"cpu": "500m", "memory": "1Gi"}, limits={"cpu": "1000m", "memory": "2Gi"})
    """The container of the primary."""
    replica: ContainerResources = ContainerResources(requests={"cpu": "250m", "memory": "1Gi"}, limits={"cpu": "1000m", "memory": "2Gi"})
    """The container of each replica."""
    exporter: ContainerResources = ContainerResources(requests={"cpu": "50m", "memory": "64Mi"}, limits={"cpu": "100m", "memory": "128Mi"})
    """The metrics sidecar of each instance."""

    @field_validator("primary", "replica", "exporter", mode="before")
    @classmethod
    def _with_defaults(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        defaults = cls.model_fields[str(info.field_name)].default.model_dump()
        merged = {kind: {**amount, **value.get(kind, {})} for kind, amount in defaults.items() if isinstance(value.get(kind, {}), dict)}
        return {**value, **merged}
