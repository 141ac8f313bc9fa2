"""JSON pointers of the values that a step changes, and of those that it may change, for checks and exports."""

from __future__ import annotations

from typing import Any

from rediskit.model.workload import Variables, Workload
from rediskit.renderers.owner.patches import PAUSED, hold
from rediskit.state_machine.effects import Effects


def changed(before: Any, after: Any, path: str = "") -> set[str]:
    """Return the JSON pointers of the differences between two objects. List entries with names are compared by name, in any order."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = before.keys() | after.keys()
        return {pointer for key in keys for pointer in changed(before.get(key), after.get(key), f"{path}/{_token(str(key))}")}
    if _by_name(before) is not None and _by_name(after) is not None:
        return changed(_by_name(before), _by_name(after), path)
    return set() if before == after else {path}


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
        return {"/metadata/annotations", f"/metadata/annotations/{_token(PAUSED)}"}
    return {"/spec/minReplicas", "/spec/maxReplicas"}


def _of_container(env: str, variables: Variables) -> set[str]:
    pointers = {env}
    for name in variables.names:
        entry, source = f"{env}/{name}", f"{env}/{name}/valueFrom"
        pointers |= {entry, f"{entry}/value", source, f"{source}/secretKeyRef", f"{source}/configMapKeyRef"}
        pointers |= {f"{source}/{field}" for field in ("fieldRef", "resourceFieldRef", "fileKeyRef")}
        pointers |= {f"{source}/secretKeyRef/{field}" for field in ("key", "name", "optional")}
    return pointers


def _token(key: str) -> str:
    """Escape a key for a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _by_name(value: Any) -> dict[str, Any] | None:
    if isinstance(value, list) and all(isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in value):
        return {entry["name"]: entry for entry in value}
    return None
