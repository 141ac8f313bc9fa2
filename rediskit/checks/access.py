"""Checks of who reaches what: Services, the NetworkPolicy, the ServiceMonitor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rediskit.chart.names import METRICS_PORT_NAME, REDIS_CONTAINER_PORT
from rediskit.checks.finding import Complaint, Subject, at
from rediskit.renderers.tree import Object

_FAULT = "this is a fault of rediskit, or of a value under redis.values that moves names or ports: please report it"


def external_service(subject: Subject) -> Iterator[Complaint]:
    """The external Service selects the primary, never a replica (READONLY errors), and its port is one the pod has."""
    release = subject.release
    for path, content in subject.objects("Service"):
        selector = at(content, "spec", "selector") or {}
        if not selector or not _selects(selector, release.primary_selector):
            yield Complaint(f"{path} does not select the primary", _FAULT, ("network",))
        elif _selects(selector, release.replica_selector):
            yield Complaint(f"{path} selects replicas too: writes would fail there", _FAULT, ("network",))
        for port in at(content, "spec", "ports") or ():
            if port.get("targetPort") not in (REDIS_CONTAINER_PORT, release.container_port):
                yield Complaint(f"{path} points to the port {port.get('targetPort')}, which the pod does not have", _FAULT, ("network",))


def service_monitor(subject: Subject) -> Iterator[Complaint]:
    """The ServiceMonitor's selector matches exactly one Service, the chart's metrics Service, in the namespace of the release."""
    release = subject.release
    ours = {content["metadata"]["name"]: at(content, "metadata", "labels") or {} for _, content in subject.objects("Service")}
    for path, content in subject.objects("ServiceMonitor"):
        selector = at(content, "spec", "selector", "matchLabels") or {}
        matched = sorted(name for name, labels in {**release.services, **ours}.items() if _selects(selector, labels))
        if matched != [release.metrics_service]:
            yield Complaint(f"{path} matches {', '.join(matched) or 'no Service'} instead of {release.metrics_service}", _FAULT, ("monitoring",))
        if release.namespace not in (at(content, "spec", "namespaceSelector", "matchNames") or ()):
            yield Complaint(f"{path} does not look into the namespace {release.namespace}", _FAULT, ("monitoring",))
        if [endpoint.get("port") for endpoint in at(content, "spec", "endpoints") or ()] != [METRICS_PORT_NAME]:
            yield Complaint(f"{path} does not scrape the port {METRICS_PORT_NAME}", _FAULT, ("monitoring",))


def network_policy(subject: Subject) -> Iterator[Complaint]:
    """There is one NetworkPolicy. It admits every client and the allowed networks to Redis, Prometheus to the metrics, nobody else."""
    policies = list(subject.objects("NetworkPolicy"))
    if len(policies) != 1:
        yield Complaint(f"{len(policies)} NetworkPolicies are rendered instead of one", _FAULT, ("network",))
        return
    path, policy = policies[0]
    release, environment = subject.release, subject.environment
    if at(policy, "spec", "podSelector", "matchLabels") != release.selector:
        yield Complaint(f"{path} does not select the pods of the release", _FAULT, ("redis",))
    redis, metrics = _peers(policy, release.container_port), _peers(policy, release.metrics_container_port)
    for index, client in enumerate(environment.clients):
        if not any(_admits(peer, client.namespace) for peer in redis):
            yield Complaint(f"{path} does not let {client.namespace} in", _FAULT, ("clients", index, "namespace"))
    allowed = set(environment.network.allow) if environment.network else set()
    admitted = {block for peer in redis if (block := at(peer, "ipBlock", "cidr"))}
    for cidr in sorted(allowed ^ admitted):
        yield Complaint(f"{path} {'does not let' if cidr in allowed else 'lets'} {cidr} in", _FAULT, ("network", "allow"))
    wanted = [environment.monitoring.namespace] if environment.monitoring.enabled else []
    if [_only_namespace(peer) for peer in metrics] != wanted:
        yield Complaint(f"{path} opens the metrics port to others than {', '.join(wanted) or 'nobody'}", _FAULT, ("monitoring", "namespace"))
    ports = {port.get("port") for rule in at(policy, "spec", "ingress") or () for port in rule.get("ports") or ({"port": "every port"},)}
    for port in sorted(map(str, ports - {release.container_port, release.metrics_container_port})):
        yield Complaint(f"{path} opens {port}", _FAULT, ("network",))


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def _peers(policy: Object, port: int) -> list[Object]:
    rules = at(policy, "spec", "ingress") or ()
    return [peer for rule in rules if any(entry.get("port") == port for entry in rule.get("ports") or ()) for peer in rule.get("from") or ()]


def _admits(peer: Object, namespace: str) -> bool:
    selector = peer.get("namespaceSelector")
    return selector is not None and "podSelector" not in peer and (not selector or _only_namespace(peer) == namespace)


def _only_namespace(peer: Object) -> str | None:
    found = at(peer, "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name")
    return str(found) if found else None
