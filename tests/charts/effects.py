"""The effects that a shared Redis needs, each checked in the output of the real chart. A function returns what it observed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rediskit.model.measures import Quantity
from tests.charts.templates import Rendered


def pinned(rendered: Rendered) -> str:
    images = [container["image"] for container in (*_redis(rendered), *_exporter(rendered))]
    assert images
    assert not [image for image in images if not re.search(r":[^:/@]+$|@sha256:[0-9a-f]{64}$", image) or image.endswith(":latest")]
    redis = rendered.environment.redis
    expected = f"{redis.image_mirror or redis.image.registry}/{redis.image.repository}:"
    assert images[0].startswith(expected), (images[0], expected)
    return "by digest" if all("@sha256:" in image for image in images) else "by tag"


def replication(rendered: Rendered) -> str:
    assert set(rendered.named("StatefulSet")) == set(rendered.release.statefulsets)
    pods = {rendered.release.primary_pod, *rendered.release.replica_pods}
    assert set(rendered.pods()) == pods
    assert "sentinel" not in " ".join(container["name"] for container in _all_containers(rendered))
    return f"StatefulSets {', '.join(f'`{name}`' for name in rendered.release.statefulsets)}; replicas {len(pods) - 1}"


def metrics(rendered: Rendered) -> str:
    if not rendered.environment.monitoring.enabled:
        assert not _exporter(rendered)
        return "off"
    (monitor,) = rendered.own("ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"]
    matching = [name for name, service in _services(rendered).items() if wanted.items() <= service["metadata"]["labels"].items()]
    assert matching == [rendered.release.metrics_service]
    service = _services(rendered)[matching[0]]
    (port,) = [port for port in service["spec"]["ports"] if port["name"] == monitor["spec"]["endpoints"][0]["port"]]
    assert port["port"] == rendered.release.metrics_port
    assert rendered.selected(service["spec"]["selector"]) == set(rendered.pods())
    for container in _exporter(rendered):
        (number,) = [entry["containerPort"] for entry in container["ports"] if entry["name"] == port["targetPort"]]
        assert number == rendered.release.metrics_container_port
        assert f"localhost:{rendered.release.container_port}" in str(container)
    return f"port `{port['name']}` {port['port']}"


def services(rendered: Rendered) -> str:
    release, objects = rendered.release, {**_services(rendered), **_own_services(rendered)}
    assert rendered.selected(objects[release.primary_service]["spec"]["selector"]) == {release.primary_pod}
    for name in (release.primary_service, *([release.replicas_service] if release.replicas else ())):
        (port,) = [port for port in objects[name]["spec"]["ports"] if port["targetPort"] == release.port_name]
        assert port["port"] == release.port
    off = set() if rendered.environment.monitoring.enabled else {release.metrics_service}
    assert set(release.services) - off == set(_services(rendered))
    for container in _redis(rendered):
        assert (release.port_name, release.container_port) in [(port["name"], port["containerPort"]) for port in container["ports"]]
    owner = "rediskit" if release.primary_service in release.own_services else "chart"
    return f"`{release.primary_service}` ({owner})"


def reads(rendered: Rendered) -> str:
    release, objects = rendered.release, {**_services(rendered), **_own_services(rendered)}
    if not release.replicas:
        assert release.replicas_service not in release.own_services
        return "no replica"
    selected = rendered.selected(objects[release.replicas_service]["spec"]["selector"])
    assert set(release.replica_pods) <= selected
    assert selected <= set(rendered.pods())
    owner = "rediskit" if release.replicas_service in release.own_services else "chart"
    return f"{'all instances' if release.primary_pod in selected else 'replicas'} ({owner})"


def external(rendered: Rendered) -> str:
    (service,) = [service for service in rendered.own("Service") if service["spec"].get("type") == "LoadBalancer"]
    assert rendered.selected(service["spec"]["selector"]) == {rendered.release.primary_pod}
    assert {service["spec"].get("type", "ClusterIP") for service in _services(rendered).values()} == {"ClusterIP"}
    assert service["spec"]["ports"][0]["targetPort"] == rendered.release.port_name
    (policy,) = [policy for policy in rendered.own("NetworkPolicy") if policy["metadata"]["namespace"] == rendered.release.namespace]
    assert rendered.selected(policy["spec"]["podSelector"]["matchLabels"]) == set(rendered.pods())
    assert not rendered.named("NetworkPolicy")
    return "primary only"


def password(rendered: Rendered) -> str:
    auth = rendered.environment.redis.auth
    assert not rendered.named("Secret")
    for container in (*_redis(rendered), *_exporter(rendered)):
        workload = next(
            item for item in rendered.named("StatefulSet").values() if container in item["spec"]["template"]["spec"]["containers"]
        )
        references = list(_secrets(workload["spec"]["template"]["spec"]))
        assert references, container["name"]
        assert {name for name, _ in references} == {auth.secret}
        assert {key for _, key in references if key} == {auth.key}
    return "Secret of the config"


def storage(rendered: Rendered) -> str:
    redis = rendered.environment.redis.storage
    claims = [claim for item in rendered.named("StatefulSet").values() for claim in item["spec"]["volumeClaimTemplates"]]
    assert claims
    for claim in claims:
        assert claim["spec"]["storageClassName"] == redis.storage_class
        assert claim["spec"]["resources"]["requests"]["storage"] == str(redis.size)
        assert "helm.sh/chart" not in claim["metadata"].get("labels", {}), "a label with the version blocks each upgrade"
    names = {f"{claim['metadata']['name']}" for claim in claims}
    assert {rendered.release.volume_claim("x")} == {f"{name}-x" for name in names}
    return f"claim `{rendered.release.volume_claim(rendered.release.primary_pod)}`"


def persistence(rendered: Rendered) -> str:
    return _lines(rendered, "appendonly", "appendfsync", "save")


def memory(rendered: Rendered) -> str:
    return _lines(rendered, "maxmemory", "maxmemory-policy")


def resources(rendered: Rendered) -> str:
    redis = rendered.environment.redis.resources
    roles = {rendered.release.primary_statefulset: redis.primary, rendered.release.replicas_statefulset: redis.replica}
    for name, workload in rendered.named("StatefulSet").items():
        for container in workload["spec"]["template"]["spec"]["containers"]:
            expected = redis.exporter if container["name"] == rendered.release.exporter_container else roles[name]
            for kind in ("requests", "limits"):
                amount = getattr(expected, kind)
                assert Quantity(str(container["resources"][kind]["memory"])) == Quantity(str(amount.memory))
                assert Quantity(str(container["resources"][kind]["cpu"])) == Quantity(str(amount.cpu))
    return "by role" if len(roles) > 1 else "one section"


def commands(rendered: Rendered) -> str:
    disabled = rendered.environment.redis.disabled_commands
    for command in disabled:
        assert re.search(rf'rename-command {command} ""', rendered.text), command
    return ", ".join(disabled) or "none"


def _lines(rendered: Rendered, *names: str) -> str:
    """Return lines of redis.conf that the pods get, each as the config sets it."""
    from rediskit.renderers.helm import redis_conf

    lines = [line for line in redis_conf(rendered.environment.redis) if line.split(" ")[0] in names]
    assert lines
    for line in lines:
        assert re.search(rf"^\s*{re.escape(line)}$", rendered.text, re.MULTILINE), line
    return ", ".join(f"`{line}`" for line in lines)


def _all_containers(rendered: Rendered) -> list[dict[str, Any]]:
    return [container for item in rendered.named("StatefulSet").values() for container in item["spec"]["template"]["spec"]["containers"]]


def _redis(rendered: Rendered) -> list[dict[str, Any]]:
    return rendered.containers(rendered.release.container)


def _exporter(rendered: Rendered) -> list[dict[str, Any]]:
    return rendered.containers(rendered.release.exporter_container)


def _services(rendered: Rendered) -> dict[str, dict[str, Any]]:
    return rendered.named("Service")


def _own_services(rendered: Rendered) -> dict[str, dict[str, Any]]:
    return {
        service["metadata"]["name"]: service
        for service in rendered.own("Service")
        if service["metadata"]["namespace"] == rendered.release.namespace
    }


def _secrets(pod: Any) -> Any:
    """Yield name and key of each reference to a Secret in a pod; the key is empty for a volume with all keys."""
    if isinstance(pod, dict):
        if "secretKeyRef" in pod:
            yield pod["secretKeyRef"]["name"], pod["secretKeyRef"]["key"]
        if "secretName" in pod:
            keys = [item["key"] for item in pod.get("items", ())]
            yield from ((pod["secretName"], key) for key in keys or [""])
        for value in pod.values():
            yield from _secrets(value)
    elif isinstance(pod, list):
        for value in pod:
            yield from _secrets(value)


EFFECTS: Mapping[str, Callable[[Rendered], str]] = {
    "images pinned": pinned,
    "primary and replicas without Sentinel": replication,
    "metrics Service, ServiceMonitor, exporter": metrics,
    "Service for writes": services,
    "Service for reads": reads,
    "external Service, NetworkPolicy": external,
    "password": password,
    "volumes": storage,
    "persistence": persistence,
    "maxmemory and policy": memory,
    "requests and limits": resources,
    "disabled commands": commands,
}
