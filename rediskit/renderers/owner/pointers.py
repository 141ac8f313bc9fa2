"""The JSON pointers of the values that a step may change in the objects of an application repository."""

from rediskit.model.container import Container
from rediskit.model.pointers import pointer
from rediskit.model.workload import Workload
from rediskit.renderers.owner.patches import PAUSED, hold
from rediskit.state_machine.effects import Effects


def meant(workload: Workload, effect: Effects) -> set[str]:
    """Return the pointers of the workload that may differ at a step."""
    restored = effect.restored and not (effect.removed and workload.autoscaler)
    pointers = {f"/spec/{workload.stopped[0]}"} if effect.stopped or restored else set()
    if effect.switched:
        for kind, name, container in workload.switched:
            pointers |= _of_container(f"/{'/'.join(workload.pod_path)}/{kind}/{name}", container)
    return pointers


def meant_of_scaler(workload: Workload, effect: Effects) -> set[str]:
    """Return the pointers of the autoscaler that a step may change."""
    scaler = hold(workload, effect)
    if scaler is None:
        return set()
    if scaler["kind"] == "ScaledObject":
        return {"/metadata/annotations", pointer("metadata", "annotations", PAUSED)}
    return {"/spec/minReplicas", "/spec/maxReplicas"}


def _of_container(path: str, container: Container) -> set[str]:
    env = f"{path}/env"
    pointers = {env} | ({f"{path}/command", f"{path}/args"} if container.args else set())
    for name in container.names:
        entry, source = f"{env}/{name}", f"{env}/{name}/valueFrom"
        pointers |= {entry, f"{entry}/value", source, f"{source}/secretKeyRef", f"{source}/configMapKeyRef"}
        pointers |= {f"{source}/{field}" for field in ("fieldRef", "resourceFieldRef", "fileKeyRef")}
        pointers |= {f"{source}/secretKeyRef/{field}" for field in ("key", "name", "optional")}
    return pointers
