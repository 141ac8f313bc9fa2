"""Find the autoscaler of a workload in the input. An autoscaler that the config does not list would end the downtime of a migration."""

from typing import NamedTuple

from rediskit.init.objects import Content, InputObjects, is_name, name_of, namespace_of
from rediskit.model.autoscaler import SCALERS, bounds_of
from rediskit.model.nested import at, text_at
from rediskit.usage.services import reference


class Scaler(NamedTuple):
    """An autoscaler with its minimum and maximum of replicas; None without a limit."""

    kind: str
    name: str
    least: int
    most: int | None

    @property
    def section(self) -> dict[str, str | int]:
        """The section `workload.autoscaler` of the config."""
        most = {} if self.most is None else {"max": self.most}
        return {"kind": self.kind, "name": self.name, "min": self.least, **most}

    def question(self, replicas: int | None) -> str:
        """Return the question that its bounds raise; "" if they match the number of replicas."""
        scaler = f"{self.kind}/{self.name}"
        if self.kind == "HorizontalPodAutoscaler" and self.least == 0:
            return f"{scaler} could start the application during the migration: set minReplicas to 1, then write min: 1"
        if replicas and not self.least <= replicas <= (self.most if self.most is not None else replicas):
            allowed = f"{self.least} to {'any number' if self.most is None else self.most}"
            return f"the workload has {replicas} replicas, but {scaler} allows {allowed}: write the normal number of replicas"
        return ""


def scaler_of(workload: Content, objects: InputObjects) -> Scaler | None:
    """Return the first autoscaler of a workload; None if the input contains none."""
    for obj in objects.of(*SCALERS):
        target = at(obj, "spec", "scaleTargetRef")
        if not is_name(name_of(obj)) or namespace_of(obj) not in ("", namespace_of(workload)):
            continue
        if f"{text_at(target, 'kind') or 'Deployment'}/{text_at(target, 'name')}" == reference(workload):
            return Scaler(str(obj["kind"]), name_of(obj), *bounds_of(obj))
    return None
