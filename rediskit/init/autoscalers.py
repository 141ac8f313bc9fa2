"""What scales a workload, as far as the input holds it: unnamed in the config, it would fight the downtime."""

from __future__ import annotations

from typing import NamedTuple

from rediskit.init.objects import Content, InputObjects, is_name, name_of, namespace_of, reference
from rediskit.model.nested import at, text_at
from rediskit.model.workload import SCALERS, bounds_of


class Scaler(NamedTuple):
    """An autoscaler. least, most: the number of replicas that it allows; most is None where any is."""

    kind: str
    name: str
    least: int
    most: int | None

    @property
    def section(self) -> dict[str, str | int]:
        """`workload.autoscaler` of the config."""
        most = {} if self.most is None else {"max": self.most}
        return {"kind": self.kind, "name": self.name, "min": self.least, **most}

    def question(self, replicas: int | None) -> str:
        """What is to be asked before a move: "" where the numbers agree."""
        if self.kind == "HorizontalPodAutoscaler" and self.least == 0:
            return f"{self.kind}/{self.name} may scale to 0, and would bring the application back in the middle of the move: minReplicas 1?"
        if replicas and not self.least <= replicas <= (self.most if self.most is not None else replicas):
            allowed = f"{self.least} to {'any' if self.most is None else self.most}"
            return f"it runs with {replicas}, and {self.kind}/{self.name} allows {allowed}: how many does it normally run with?"
        return ""


def scaler_of(workload: Content, objects: InputObjects) -> Scaler | None:
    """The first autoscaler of the input that aims at a workload; None where there is none."""
    for one in objects.of(*SCALERS):
        aim = at(one, "spec", "scaleTargetRef")
        if not is_name(name_of(one)) or namespace_of(one) not in ("", namespace_of(workload)):
            continue
        if f"{text_at(aim, 'kind') or 'Deployment'}/{text_at(aim, 'name')}" == reference(workload):
            least, most = bounds_of(one)
            return Scaler(str(one["kind"]), name_of(one), least, most)
    return None
