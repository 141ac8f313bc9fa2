"""Checks of network access: Services, the NetworkPolicy, the ServiceMonitor."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.chart.names import INSTANCE, extra_objects
from rediskit.checks.finding import Issue, Subject, reference
from rediskit.errors import BUG, Path
from rediskit.model.monitoring import WANTED
from rediskit.model.nested import at, mapping_at
from rediskit.model.network import Network
from rediskit.renderers.monitoring.objects import SERVICE_NAME
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects, release_is_deployed

_FAULT = f"check redis.values for keys that change names or ports; without one, {BUG}"
_TRACKED = "name-of-an-argo-cd-application"
"""The value of `app.kubernetes.io/instance` on a Service that Argo CD tracks by label: it replaces the release."""
_EXTERNAL = "platform/redis-external/"
_ALL_PODS: Object = {"namespaceSelector": {}}


def external_selector(subject: Subject) -> Iterator[Issue]:
    """Require that the external Service selects only the primary, because replicas refuse writes, and a port that its pod has."""
    release = subject.release
    for path, content in subject.objects("Service", _EXTERNAL):
        for message in _selector_faults(subject, content):
            yield Issue(f"{path} {message}", _FAULT, ("network",))
        for port in at(content, "spec", "ports") or ():
            if port.get("targetPort") not in (release.port_name, release.container_port):
                yield Issue(f"{path} has targetPort {port.get('targetPort')}, which the pod does not have", _FAULT, ("network",))
            if port.get("port") != release.port:
                yield Issue(f"{path} has port {port.get('port')}, but Redis in the cluster has {release.port}", _FAULT, ("network",))


def _selector_faults(subject: Subject, service: Object) -> Iterator[str]:
    release, selector = subject.release, mapping_at(service, "spec", "selector")
    if not selector or not _selects(selector, release.primary_selector):
        yield "does not select the primary"
    elif release.replicas and release.replica_selector != release.selector and _selects(selector, release.replica_selector):
        yield "also selects replicas, which refuse writes"
    if at(service, "metadata", "namespace") != release.namespace:
        yield f"is outside namespace {release.namespace}: it selects no pod"


def own_services(subject: Subject) -> Iterator[Issue]:
    """Require the Services for writes and reads where the chart has none with these names: the host of a client must stay.

    Their selectors select the primary, or the replicas in the namespace of Redis, and their ports are those of the chart's own Services.
    """
    release, deployed = subject.release, release_is_deployed(subject.environment)
    rendered = {str(at(content, "metadata", "name")): (path, content) for path, content in subject.objects("Service", "platform/redis/")}
    expected = release.own_services if deployed else {}
    for name in sorted(rendered.keys() ^ expected.keys()):
        state = "is not rendered" if name in expected else "is rendered, but the chart has a Service for it"
        yield Issue(f"Service {name} {state}", _FAULT, ("redis", "chart"))
    for name in rendered.keys() & expected.keys():
        path, content = rendered[name]
        port = release.port if name == release.primary_service else release.replicas_port
        ports = [(entry.get("port"), entry.get("targetPort")) for entry in at(content, "spec", "ports") or ()]
        if at(content, "spec", "selector") != expected[name] or at(content, "metadata", "namespace") != release.namespace:
            yield Issue(f"{path} does not select the pods of {name}", _FAULT, ("redis", "chart"))
        if ports != [(port, release.port_name)]:
            yield Issue(f"{path} does not have port {port} of the pods", _FAULT, ("redis", "chart"))


def external_access(subject: Subject) -> Iterator[Issue]:
    """Allow external access only through one Service on its address, for the allowed networks, without node ports."""
    network = subject.environment.network
    services = list(subject.objects("Service", _EXTERNAL))
    expected = 1 if network is not None and release_is_deployed(subject.environment) else 0
    if len(services) != expected:
        yield Issue(f"{len(services)} external Services are rendered instead of {expected}", _FAULT, ("network",))
    for path, content in services:
        for message, field in _access_faults(content, network) if network is not None else ():
            yield Issue(f"{path} {message}", _FAULT, ("network", field) if field else ("network",))


def _access_faults(service: Object, network: Network) -> Iterator[tuple[str, str]]:
    spec, annotations = service["spec"], mapping_at(service, "metadata", "annotations")
    if sorted(spec.get("loadBalancerSourceRanges") or ()) != sorted(network.allow):
        yield "does not allow exactly the networks in network.allow", "allow"
    if spec.get("type") != "LoadBalancer" or spec.get("externalTrafficPolicy") != "Local":
        yield "hides the client address from the NetworkPolicy: it needs type LoadBalancer and externalTrafficPolicy Local", ""
    if spec.get("allocateLoadBalancerNodePorts") is not False or any("nodePort" in port for port in spec.get("ports") or ()):
        yield "opens a port on each node, where loadBalancerSourceRanges has no effect", ""
    if "loadBalancerIP" in spec or "externalIPs" in spec:
        yield "requests its address twice: MetalLB then assigns none", "address"
    expected = {"address-pool": network.pool.name, "loadBalancerIPs": network.address}
    if {key: value for key, value in annotations.items() if "metallb" in key} != {
        f"{network.annotation_prefix}/{key}": value for key, value in expected.items()
    }:
        yield f"does not request {network.address} of {network.pool.name} from MetalLB {network.metallb}", "address"


def service_monitor(subject: Subject) -> Iterator[Issue]:
    """Require that the ServiceMonitor selects exactly the metrics Service of the chart, in the namespace of the release.

    This also applies to the value that Argo CD writes into `app.kubernetes.io/instance` when it tracks objects by label.
    """
    release, settings = subject.release, subject.environment.monitoring
    monitors = list(subject.objects("ServiceMonitor", "platform/"))
    expected = 1 if settings.enabled and release_is_deployed(subject.environment) else 0
    if len(monitors) != expected:
        yield Issue(f"{len(monitors)} ServiceMonitors are rendered instead of {expected}", _FAULT, ("monitoring",))
    others = {str(at(content, "metadata", "name")): mapping_at(content, "metadata", "labels") for content in _other_services(subject)}
    services = {name: {**labels, INSTANCE: _TRACKED} for name, labels in {**release.services, **others}.items()}
    for path, content in monitors:
        for message in _monitor_faults(subject, content, services):
            yield Issue(f"{path} {message}", _FAULT, ("monitoring",))
        if at(content, "metadata", "labels", "release") != settings.release:
            yield Issue(f"{path} lacks the label release: {settings.release}", _FAULT, ("monitoring", "release"))


def _monitor_faults(subject: Subject, monitor: Object, services: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    release, interval = subject.release, str(subject.environment.monitoring.interval)
    selector = mapping_at(monitor, "spec", "selector")
    selected = sorted(name for name, labels in services.items() if _selects(mapping_at(selector, "matchLabels"), labels))
    if selected != [release.metrics_service] or set(selector) != {"matchLabels"}:
        yield f"selects {', '.join(selected) or 'no Service'} instead of {release.metrics_service}"
    if at(monitor, "spec", "namespaceSelector") != {"matchNames": [release.namespace]}:
        yield f"does not select namespace {release.namespace} alone"
    endpoints = at(monitor, "spec", "endpoints") or ()
    keep = {"action": "keep", "sourceLabels": [SERVICE_NAME], "regex": release.metrics_service}
    if any(endpoint.get("relabelings") != [keep] for endpoint in endpoints):
        yield f"does not keep the Service {release.metrics_service} alone"
    if [(endpoint.get("port"), endpoint.get("interval")) for endpoint in endpoints] != [(release.metrics_port_name, interval)]:
        yield f"does not scrape port {release.metrics_port_name} every {interval}"


def scrape_interval(subject: Subject) -> Iterator[Issue]:
    """Warn when Prometheus scrapes less often than every 15 seconds: an alert waits for four scrapes."""
    settings = subject.environment.monitoring
    if settings.enabled and settings.interval.amount > WANTED:
        message = f"the scrape interval is {settings.interval}, longer than {WANTED}s"
        yield Issue(message, f"set interval: {WANTED}s, or remove it for this default", ("monitoring", "interval"))


def _other_services(subject: Subject) -> Iterator[Mapping[str, Any]]:
    """Yield the Services that are not templates of the chart: the rendered ones, and those in the values."""
    yield from (content for _, content in subject.objects("Service", "platform/"))
    yield from (extra for extra in extra_objects(subject.profile, subject.values) if extra.get("kind") == "Service")


def network_policy(subject: Subject) -> Iterator[Issue]:
    """Require one NetworkPolicy of Redis: all pods and the allowed networks reach Redis, the monitoring namespace its metrics."""
    policies = list(subject.objects("NetworkPolicy", "platform/redis/"))
    if len(policies) != 1:
        yield Issue(f"{len(policies)} NetworkPolicies are rendered instead of one", _FAULT, ("network",))
        return
    path, policy = policies[0]
    release = subject.release
    if at(policy, "metadata", "namespace") != release.namespace or at(policy, "spec", "podSelector") != {"matchLabels": release.selector}:
        yield Issue(f"{path} does not select the pods of the release", _FAULT, ("redis",))
    if at(policy, "spec", "policyTypes") != ["Ingress"]:
        yield Issue(f"{path} has other policyTypes than Ingress", _FAULT, ("network",))
    expected, allowed = list(_expected_ingress(subject)), list(_ingress(policy))
    for port, peer, source in expected:
        if (port, peer) not in allowed:
            yield Issue(f"{path} does not allow {_peer_text(peer)} on {port}", _FAULT, source)
    for port, other in allowed:
        if not any((port, other) == (expected_port, peer) for expected_port, peer, _ in expected):
            source = ("network", "allow") if at(other, "ipBlock") else ("network",)
            yield Issue(f"{path} allows {_peer_text(other)} on {port}", _FAULT, source)


def client_egress(subject: Subject) -> Iterator[Issue]:
    """With `egress`, require policies that let the pods of each workload reach Redis; without it, refuse policies for a client."""
    release = subject.release
    for index, client in enumerate(subject.environment.clients):
        source, folder = ("clients", index, "egress"), f"platform/{client.name}/"
        policies = [content for _, content in subject.objects(folder=folder) if content["kind"].endswith("NetworkPolicy")]
        if not (client.egress and effects(client.migration).release):
            for content in policies:
                yield Issue(f"{folder} contains {reference(content)}, which could isolate pods", BUG, source)
            continue
        from rediskit.usage.egress import Pods, admits

        target = Pods(release.namespace, release.primary_selector, subject.environment.redis.labels, (release.container_port,))
        for workload in client.workloads:
            pods = Pods(client.namespace, workload.pod_labels)
            if pods.labels and not any(admits(content, pods, target, "") for content in policies):
                yield Issue(f"no policy in {folder} lets {workload.reference} reach Redis", BUG, source)


def _expected_ingress(subject: Subject) -> Iterator[tuple[str, Object, Path]]:
    release, environment = subject.release, subject.environment
    for port in release.container_ports:
        yield f"TCP {port}", _ALL_PODS, ("clients",) if environment.clients else ("redis",)
        for index, cidr in enumerate(environment.network.allow if environment.network else ()):
            yield f"TCP {port}", {"ipBlock": {"cidr": cidr}}, ("network", "allow", index)
    if environment.monitoring.enabled:
        prometheus = {"matchLabels": {"kubernetes.io/metadata.name": environment.monitoring.namespace}}
        yield f"TCP {release.metrics_container_port}", {"namespaceSelector": prometheus}, ("monitoring", "namespace")


def _ingress(policy: Object) -> Iterator[tuple[str, Object | None]]:
    """Yield each port and peer that a policy allows. A rule without ports allows all of them, one without peers allows all clients."""
    for rule in at(policy, "spec", "ingress") or ():
        for port in rule.get("ports") or [{}]:
            last = f"-{port['endPort']}" if "endPort" in port else ""
            name = f"{port.get('protocol', 'TCP')} {port['port']}{last}" if "port" in port else "all ports"
            yield from ((name, peer) for peer in rule.get("from") or [None])


def _peer_text(peer: Object | None) -> str:
    if peer is None:
        return "all clients, also outside of the cluster,"
    if peer == _ALL_PODS:
        return "the pods of the cluster"
    namespace = at(peer, "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name")
    return str(at(peer, "ipBlock", "cidr") or (f"namespace {namespace}" if namespace else peer))


def _selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())
