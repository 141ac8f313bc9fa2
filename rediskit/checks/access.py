"""Checks of who reaches what: Services, the NetworkPolicy, the ServiceMonitor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.chart.names import INSTANCE, METRICS_PORT_NAME, REDIS_CONTAINER_PORT, extra_objects
from rediskit.checks.finding import Complaint, Subject
from rediskit.errors import BUG, Path
from rediskit.model.monitoring import WANTED
from rediskit.model.nested import at, mapping_at
from rediskit.model.network import Network
from rediskit.renderers.monitoring.objects import SERVICE_NAME
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import release_is_deployed

_FAULT = f"check redis.values for keys that change names or ports; without one, {BUG}"
_TRACKED = "name-of-an-argo-cd-application"
"""What Argo CD writes into `app.kubernetes.io/instance` of a Service, in place of the release."""
_EVERYBODY: Object = {"namespaceSelector": {}}


def external_service(subject: Subject) -> Iterator[Complaint]:
    """The external Service selects the primary, never a replica (READONLY errors), and its port is one the pod has."""
    release = subject.release
    for path, content in subject.objects("Service", "platform/"):
        selector = at(content, "spec", "selector") or {}
        if not selector or not _selects(selector, release.primary_selector):
            yield Complaint(f"{path} does not select the primary", _FAULT, ("network",))
        elif _selects(selector, release.replica_selector):
            yield Complaint(f"{path} selects replicas too: writes would fail there", _FAULT, ("network",))
        if at(content, "metadata", "namespace") != release.namespace:
            yield Complaint(f"{path} lies outside {release.namespace}, where no pod is selected", _FAULT, ("network",))
        for port in at(content, "spec", "ports") or ():
            if port.get("targetPort") not in (REDIS_CONTAINER_PORT, release.container_port):
                yield Complaint(f"{path} points to the port {port.get('targetPort')}, which the pod does not have", _FAULT, ("network",))
            if port.get("port") != release.port:
                yield Complaint(f"{path} listens on {port.get('port')}, Redis in the cluster on {release.port}", _FAULT, ("network",))


def external_access(subject: Subject) -> Iterator[Complaint]:
    """There is one door to the outside: the external Service, on its address, for the allowed networks only, and no node port."""
    network = subject.environment.network
    services = list(subject.objects("Service", "platform/"))
    expected = 1 if network is not None and release_is_deployed(subject.environment) else 0
    if len(services) != expected:
        yield Complaint(f"{len(services)} external Services are rendered instead of {expected}", _FAULT, ("network",))
    for path, content in services:
        for fault, field in _doors(content, network) if network is not None else ():
            yield Complaint(f"{path} {fault}", _FAULT, ("network", field) if field else ("network",))


def _doors(service: Object, network: Network) -> Iterator[tuple[str, str]]:
    spec, annotations = service["spec"], mapping_at(service, "metadata", "annotations")
    if sorted(spec.get("loadBalancerSourceRanges") or ()) != sorted(network.allow):
        yield "does not admit exactly the allowed networks", "allow"
    if spec.get("type") != "LoadBalancer" or spec.get("externalTrafficPolicy") != "Local":
        yield "hides the client's address from the NetworkPolicy (LoadBalancer and Local are needed)", ""
    if spec.get("allocateLoadBalancerNodePorts") is not False or any("nodePort" in port for port in spec.get("ports") or ()):
        yield "opens a port on every node, which source ranges do not guard", ""
    if "loadBalancerIP" in spec or "externalIPs" in spec:
        yield "asks for its address twice: MetalLB then gives none", "address"
    wanted = {"address-pool": network.pool.name, "loadBalancerIPs": network.address}
    if {key: value for key, value in annotations.items() if "metallb" in key} != {
        f"{network.annotation_prefix}/{key}": value for key, value in wanted.items()
    }:
        yield f"does not ask MetalLB {network.metallb} for {network.address} of {network.pool.name}", "address"


def service_monitor(subject: Subject) -> Iterator[Complaint]:
    """The ServiceMonitor's selector matches exactly one Service, the chart's metrics Service, in the namespace of the release.

    It does so whatever Argo CD writes into `app.kubernetes.io/instance`, which it overwrites where it tracks objects by label.
    """
    release, settings = subject.release, subject.environment.monitoring
    found = list(subject.objects("ServiceMonitor", "platform/"))
    expected = 1 if settings.enabled and release_is_deployed(subject.environment) else 0
    if len(found) != expected:
        yield Complaint(f"{len(found)} ServiceMonitors are rendered instead of {expected}", _FAULT, ("monitoring",))
    ours = {str(at(content, "metadata", "name")): mapping_at(content, "metadata", "labels") for content in _other_services(subject)}
    services = {name: {**labels, INSTANCE: _TRACKED} for name, labels in {**release.services, **ours}.items()}
    for path, content in found:
        selector = mapping_at(content, "spec", "selector")
        wanted = mapping_at(selector, "matchLabels")
        matched = sorted(name for name, labels in services.items() if _selects(wanted, labels))
        if matched != [release.metrics_service] or set(selector) != {"matchLabels"}:
            yield Complaint(
                f"{path} matches {', '.join(matched) or 'no Service'} instead of {release.metrics_service}", _FAULT, ("monitoring",)
            )
        if at(content, "spec", "namespaceSelector") != {"matchNames": [release.namespace]}:
            yield Complaint(f"{path} does not look into the namespace {release.namespace} alone", _FAULT, ("monitoring",))
        named = {"action": "keep", "sourceLabels": [SERVICE_NAME], "regex": release.metrics_service}
        if any(endpoint.get("relabelings") != [named] for endpoint in at(content, "spec", "endpoints") or ()):
            yield Complaint(f"{path} does not keep the Service {release.metrics_service} alone", _FAULT, ("monitoring",))
        endpoints = [(endpoint.get("port"), endpoint.get("interval")) for endpoint in at(content, "spec", "endpoints") or ()]
        if endpoints != [(METRICS_PORT_NAME, str(settings.interval))]:
            yield Complaint(f"{path} does not scrape the port {METRICS_PORT_NAME} every {settings.interval}", _FAULT, ("monitoring",))
        if at(content, "metadata", "labels", "release") != settings.release:
            yield Complaint(f"{path} lacks the label release: {settings.release}", _FAULT, ("monitoring", "release"))


def scrape_interval(subject: Subject) -> Iterator[Complaint]:
    """Metrics are scraped every 15 seconds or more often: an alert waits for four scrapes, and sees nothing in between."""
    settings = subject.environment.monitoring
    if settings.enabled and settings.interval.amount > WANTED:
        hint = f"{WANTED}s is the default"
        yield Complaint(f"metrics come every {settings.interval}, not every {WANTED}s", hint, ("monitoring", "interval"))


def _other_services(subject: Subject) -> Iterator[Mapping[str, Any]]:
    """The Services that are not the chart's own: ours, and those a user adds to the release."""
    yield from (content for _, content in subject.objects("Service", "platform/"))
    yield from (extra for extra in extra_objects(subject.values) if extra.get("kind") == "Service")


def network_policy(subject: Subject) -> Iterator[Complaint]:
    """One NetworkPolicy admits every pod of the cluster and the allowed networks to Redis, and the monitoring namespace to the metrics."""
    policies = list(subject.objects("NetworkPolicy", "platform/"))
    if len(policies) != 1:
        yield Complaint(f"{len(policies)} NetworkPolicies are rendered instead of one", _FAULT, ("network",))
        return
    path, policy = policies[0]
    release = subject.release
    if at(policy, "metadata", "namespace") != release.namespace or at(policy, "spec", "podSelector") != {"matchLabels": release.selector}:
        yield Complaint(f"{path} does not select the pods of the release", _FAULT, ("redis",))
    if at(policy, "spec", "policyTypes") != ["Ingress"]:
        yield Complaint(f"{path} is not about incoming traffic alone", _FAULT, ("network",))
    expected, found = list(_expected_openings(subject)), list(_openings(policy))
    for port, peer, where in expected:
        if (port, peer) not in found:
            yield Complaint(f"{path} does not let {_who(peer)} in on {port}", _FAULT, where)
    for port, other in found:
        if not any((port, other) == (wanted, peer) for wanted, peer, _ in expected):
            yield Complaint(
                f"{path} lets {_who(other)} in on {port}", _FAULT, ("network", "allow") if at(other, "ipBlock") else ("network",)
            )


def _expected_openings(subject: Subject) -> Iterator[tuple[str, Object, Path]]:
    release, environment = subject.release, subject.environment
    for port in dict.fromkeys((release.container_port, release.replicas_container_port)):
        yield f"TCP {port}", _EVERYBODY, ("clients",) if environment.clients else ("redis",)
        for index, cidr in enumerate(environment.network.allow if environment.network else ()):
            yield f"TCP {port}", {"ipBlock": {"cidr": cidr}}, ("network", "allow", index)
    if environment.monitoring.enabled:
        prometheus = {"matchLabels": {"kubernetes.io/metadata.name": environment.monitoring.namespace}}
        yield f"TCP {release.metrics_container_port}", {"namespaceSelector": prometheus}, ("monitoring", "namespace")


def _openings(policy: Object) -> Iterator[tuple[str, Object | None]]:
    """Each port and peer that a policy lets in; a rule without ports opens all of them, one without peers admits everybody."""
    for rule in at(policy, "spec", "ingress") or ():
        for port in rule.get("ports") or [{}]:
            last = f"-{port['endPort']}" if "endPort" in port else ""
            name = f"{port.get('protocol', 'TCP')} {port['port']}{last}" if "port" in port else "every port"
            yield from ((name, peer) for peer in rule.get("from") or [None])


def _who(peer: Object | None) -> str:
    if peer is None:
        return "everybody, from outside the cluster too,"
    if peer == _EVERYBODY:
        return "the pods of the cluster"
    namespace = at(peer, "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name")
    return str(at(peer, "ipBlock", "cidr") or (f"the namespace {namespace}" if namespace else peer))


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())
