"""The JSON pointers of the values that a step may change in the objects of an application repository."""

from __future__ import annotations

from rediskit.model.pointers import pointer
from rediskit.model.workload import Variables, Workload
from rediskit.renderers.owner.patches import PAUSED, hold
from rediskit.state_machine.effects import Effects


def meant(workload: Workload, effect: Effects) -> set[str]:
    """Return the pointers of the workload that a step may change."""
    pointers = {"/spec/replicas"} if effect.stopped or (effect.restored and not (effect.removed and workload.autoscaler)) else set()
    if effect.switched:
        for kind, name, variables in workload.every:
            pointers |= _of_container(f"/spec/template/spec/{kind}/{name}/env", variables)
    return pointers


def meant_of_scaler(workload: Workload, effect: Effects) -> set[str]:
    """Return the pointers of the autoscaler that a step may change."""
    scaler = hold(workload, effect)
    if scaler is None:
        return set()
    if scaler["kind"] == "ScaledObject":
        return {"/metadata/annotations", pointer("metadata", "annotations", PAUSED)}
    return {"/spec/minReplicas", "/spec/maxReplicas"}


def _of_container(env: str, variables: Variables) -> set[str]:
    pointers = {env}
    for name in variables.names:
        entry, source = f"{env}/{name}", f"{env}/{name}/valueFrom"
        pointers |= {entry, f"{entry}/value", source, f"{source}/secretKeyRef", f"{source}/configMapKeyRef"}
        pointers |= {f"{source}/{field}" for field in ("fieldRef", "resourceFieldRef", "fileKeyRef")}
        pointers |= {f"{source}/secretKeyRef/{field}" for field in ("key", "name", "optional")}
    return pointers
