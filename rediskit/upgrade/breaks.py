"""What a new version of the chart or the image breaks: each rule yields the code, the message and the fix of a finding."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.chart.names import chart_kinds
from rediskit.checks.changes.conditions import newer, older, order_unknown, unreadable
from rediskit.checks.finding import Severity
from rediskit.model.nested import at, below, leaves, list_at, mapping_at
from rediskit.output.value_diff import changes_between
from rediskit.renderers.helm import merged
from rediskit.renderers.objects import group_kind
from rediskit.upgrade.data_place import moved_data
from rediskit.upgrade.rendering import Object, Rendering

_KEEP = "keep the version, or treat the change as a planned downtime"
_KEEP_DATA = "keep the version or the old value, or save a copy and restore it (docs/failover.md of the rendered manifests)"
_RECREATE = (
    "keep the version, or run kubectl delete statefulset NAME --cascade=orphan before the commit is applied: the chart then adopts the pods"
)
_IMMUTABLE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "StatefulSet": (("selector",), ("serviceName",), ("podManagementPolicy",), ("volumeClaimTemplates",)),
    "Deployment": (("selector",),),
    "Job": (("selector",), ("template",)),
    "PersistentVolumeClaim": (("accessModes",), ("storageClassName",), ("volumeName",)),
    "Service": (("clusterIP",),),
}
"""The fields below `spec` that the API server refuses to change."""


_IMAGE = ("tag", "digest", "repository", "registry")
"""The keys of an image."""


class Break(NamedTuple):
    """A finding about an upgrade.

    Attributes:
        severity: `error` where the upgrade must not be applied as it is.
        keys: The Helm value that causes it.
    """

    code: str
    message: str
    hint: str
    severity: Severity = "error"
    keys: tuple[str, ...] = ()


def breaks(old: Rendering, new: Rendering) -> Iterator[Break]:
    """Yield everything that breaks, in the order of its effect."""
    for rule in _RULES:
        yield from rule(old, new)


def _immutable(old: Rendering, new: Rendering) -> Iterator[Break]:
    for identity, content in new.objects.items():
        kind, name = identity
        before = old.objects.get(identity)
        for path in _IMMUTABLE.get(kind, ()) if before is not None else ():
            pair = [at(side, "spec", *path) for side in (before, content)]
            if kind == "Service":
                pair = [value == "None" for value in pair]
            if pair[0] != pair[1]:
                where = "; ".join(_change(change) for change in changes_between({path[-1]: pair[0]}, {path[-1]: pair[1]}))
                message = f"{kind}/{name} spec.{where}: the field is immutable, so the API server refuses the upgrade"
                yield Break("upgrade-immutable", message, _RECREATE.replace("NAME", name) if kind == "StatefulSet" else _KEEP)
        yield from _versioned_claims(name, content, new.chart.version) if kind == "StatefulSet" else ()


def _versioned_claims(name: str, content: Object, version: str) -> Iterator[Break]:
    """Yield the labels of volumeClaimTemplates that contain the version of the chart."""
    for claim in list_at(content, "spec", "volumeClaimTemplates"):
        for key, value in mapping_at(claim, "metadata", "labels").items():
            if version and version.replace("+", "_") in str(value):
                message = f"StatefulSet/{name} has the label {key}: {value} in volumeClaimTemplates: each later upgrade is refused"
                yield Break("upgrade-immutable", message, "skip this version of the chart")


def _services(old: Rendering, new: Rendering) -> Iterator[Break]:
    before, after = old.of("Service"), new.of("Service")
    added = {name: content for name, content in after.items() if name not in before}
    for name, content in before.items():
        selector = at(content, "spec", "selector")
        if name not in after:
            renamed = next((other for other, content in added.items() if at(content, "spec", "selector") == selector), "")
            end = f"is renamed to {renamed}" if renamed else "is removed"
            yield Break("upgrade-service", f"Service/{name} {end}: clients and runbooks use the old name", _KEEP)
            continue
        yield from _service(name, content, after[name], by_name=name == new.release.metrics_service)


def _service(name: str, old: Object, new: Object, *, by_name: bool) -> Iterator[Break]:
    """Yield what clients notice of a Service. by_name: whether a ServiceMonitor selects its port by name."""
    hint = "compare it with the rendered manifests: clients, policies or the ServiceMonitor depend on it"
    for field in ("selector", "type"):
        for change in changes_between({field: at(old, "spec", field)}, {field: at(new, "spec", field)}):
            yield Break("upgrade-service", f"Service/{name} spec.{_change(change)}", hint)
    after = {port.get("port"): port for port in list_at(new, "spec", "ports")}
    for port in list_at(old, "spec", "ports"):
        number = port.get("port")
        if number not in after:
            yield Break("upgrade-service", f"Service/{name} no longer has port {number}", hint)
        for key in ("targetPort", *(("name",) if by_name else ())) if number in after else ():
            if after[number].get(key) != port.get(key):
                message = f"Service/{name} port {number}: {key} changes from {port.get(key)} to {after[number].get(key)}"
                yield Break("upgrade-service", message, hint)


def _objects(old: Rendering, new: Rendering) -> Iterator[Break]:
    allowed = chart_kinds(new.release.profile, new.values) | {group_kind(content) for content in old.objects.values()}
    for identity, content in new.objects.items():
        kind, name = identity
        if identity not in old.objects and kind == "Secret":
            message = f"Secret/{name} is new: the chart generates a password of its own"
            yield Break("upgrade-object", message, "compare the values of auth in the new chart")
        elif identity not in old.objects and group_kind(content) not in allowed:
            message = f"{kind}/{name} is new, and the AppProject does not allow its kind"
            yield Break("upgrade-object", message, "turn it off in redis.values")
    for kind, name in old.objects.keys() - new.objects.keys():
        if kind in ("StatefulSet", "Deployment"):
            yield Break("upgrade-object", f"{kind}/{name} is removed: its pods stop, and its volumes are no longer used", _KEEP)


def _pods(old: Rendering, new: Rendering) -> Iterator[Break]:
    """Yield what the rendered manifests of rediskit no longer find in the pods."""
    release = new.release
    ports = {
        release.container: (release.port_name, release.container_port),
        release.exporter_container: (None, release.metrics_container_port),
    }
    for workload, name, container in old.containers():
        matches = [container for place, other, container in new.containers() if (place, other) == (workload, name)]
        if not matches and any(place == workload for place, _, _ in new.containers()):
            yield Break("upgrade-pod", f"{workload} no longer has the container {name}: runbooks and alerts use it", _KEEP)
        for port in list_at(container, "ports") if matches and name in ports else ():
            if (port.get("name"), port.get("containerPort")) not in [
                (port.get("name"), port.get("containerPort")) for port in list_at(matches[0], "ports")
            ]:
                message = f"{workload} container {name} no longer has the port {port.get('name')} {port.get('containerPort')}"
                yield Break("upgrade-pod", f"{message}: Services and policies of rediskit use it", _KEEP)
    for name, content in new.of("StatefulSet").items():
        labels = mapping_at(content, "spec", "template", "metadata", "labels")
        before = mapping_at(old.of("StatefulSet").get(name), "spec", "template", "metadata", "labels")
        for key in release.selector.keys() | release.primary_selector.keys():
            if key in before and labels.get(key) != before[key]:
                message = f"StatefulSet/{name} has the label {key}: {labels.get(key)} on its pods instead of {before[key]}"
                yield Break("upgrade-pod", f"{message}: policies and Services of rediskit select by it", _KEEP)
    for secret, key in sorted(old.secrets() - new.secrets()):
        message = f"pods no longer read {key or 'a key'} of Secret/{secret}: Redis gets another password, or none"
        yield Break("upgrade-secret", message, "compare the values of auth in the new chart")


def _data(old: Rendering, new: Rendering) -> Iterator[Break]:
    for message, is_certain in moved_data(old, new):
        hint = _KEEP_DATA if is_certain else "try it on a Redis without data that you need: kubectl logs shows Permission denied"
        yield Break("upgrade-data", message, hint, "error" if is_certain else "warning")


def _redis_conf(old: Rendering, new: Rendering) -> Iterator[Break]:
    text = str(at(new.values, *new.release.profile.redis_conf) or "")
    before, after = ({line.strip() for line in side.whole.splitlines()} for side in (old, new))
    for line in text.splitlines():
        if line.strip() in before - after:
            yield Break("upgrade-value", f"redis.conf no longer gets the line {line.strip()}", _KEEP, keys=new.release.profile.redis_conf)


def _values(change: Any) -> str:
    old, new = (json.dumps(value, default=str) for value in (change.old, change.new))
    return {"added": f"is new: {new}", "removed": f"is removed, was {old}"}.get(change.kind, f"changes from {old} to {new}")


def _change(change: Any) -> str:
    return f"{change.path} {_values(change)}"


def _ignored(old: Rendering, new: Rendering) -> Iterator[Break]:
    """Yield our values that the new chart does not know, and that change nothing in its output."""
    for path, _ in leaves(new.values):
        if (
            _has_path(old.chart.values, path)
            and not _has_path(new.chart.values, path)
            and new.text(_without(new.values, path)) == new.whole
        ):
            message = f"the new chart has no value {'.'.join(path)}: Helm ignores it silently"
            yield Break("upgrade-value", message, "find its new name in the values.yaml of the new chart", keys=path)


def _defaults(old: Rendering, new: Rendering) -> Iterator[Break]:
    """Yield defaults that differ, are not set, and change the output of the new chart. A switch that flips is an error."""
    for path, before in changed_defaults(old, new):
        if new.text(merged(new.values, below(path, before))) == new.whole:
            continue
        after = at(new.chart.values, *path)
        flipped = isinstance(before, bool) and isinstance(after, bool)
        message = f"the default of {'.'.join(path)} changes from {json.dumps(before)} to {json.dumps(after)}, which changes the objects"
        hint = f"set redis.values.{'.'.join(path)}: {json.dumps(before)} to keep it"
        yield Break("upgrade-default", message, hint, "error" if flipped else "warning", path)


def changed_defaults(old: Rendering, new: Rendering) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield path and old value of each default that differs between the charts and that the values of the config do not set.

    Images are compared in the pods.
    """
    for path, before in leaves(old.chart.values):
        differs = _has_path(new.chart.values, path) and at(new.chart.values, *path) != before and path[-1] not in _IMAGE
        if differs and not _has_path(new.values, path):
            yield path, before


def vanished(old: Rendering, new: Rendering) -> list[str]:
    """Return the values of the old chart that the new one does not have."""
    return [".".join(path) for path, _ in leaves(old.chart.values) if not _has_path(new.chart.values, path)]


def _images(old: Rendering, new: Rendering) -> Iterator[Break]:
    """Yield changes of the Redis image. Each Redis reads the files of an older one, and not those of a newer one."""
    for workload, name, container in old.containers():
        after = next((container for place, other, container in new.containers() if (place, other) == (workload, name)), {})
        pair = [str(side.get("image") or "").rpartition("/")[2] for side in (container, after)]
        if name != new.release.container or not pair[1] or pair[0] == pair[1]:
            continue
        change = f"{workload}: Redis changes from {pair[0]} to {pair[1]}"
        if older(*pair):
            yield Break("upgrade-image", f"{change}, which can't read the RDB and AOF files of the newer version", "keep the version")
        elif unreadable(*pair):
            hint = "keep the server, or accept the loss of all keys and let Redis start with new volumes (docs/charts.md)"
            yield Break("upgrade-image", f"{change}, which can't read the RDB and AOF files of the other server", hint)
        elif order_unknown(*pair):
            hint = "set a tag beside the digest, or compare the versions"
            yield Break("upgrade-image", f"{change}, which may be older than the files on the volumes", hint, "warning")
        elif newer(*pair):
            hint = "save a copy before the upgrade (docs/failover.md of the rendered manifests)"
            yield Break("upgrade-image", f"{change}: it converts RDB and AOF files, which the older version can't read", hint, "warning")


def _has_path(values: Any, path: tuple[str, ...]) -> bool:
    """Return whether a path exists, or is below an empty map, whose keys are free."""
    for key in path:
        if not isinstance(values, Mapping):
            return False
        if not values:
            return True
        if key not in values:
            return False
        values = values[key]
    return True


def _without(values: Mapping[str, Any], path: tuple[str, ...]) -> Object:
    result = dict(values)
    if len(path) == 1:
        del result[path[0]]
    else:
        result[path[0]] = _without(result[path[0]], path[1:])
    return result


_RULES: tuple[Callable[[Rendering, Rendering], Iterator[Break]], ...] = (
    _immutable,
    _services,
    _objects,
    _pods,
    _data,
    _redis_conf,
    _ignored,
    _defaults,
    _images,
)
