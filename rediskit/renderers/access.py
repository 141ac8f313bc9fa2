"""Access to Redis: the NetworkPolicy inside the cluster and the LoadBalancer Service for the private network.

The NetworkPolicy of the chart is off, because it allows every source.
"""

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import SYNC_OPTIONS, labels, metadata
from rediskit.renderers.tree import Object


def network_policy(environment: Environment) -> Object:
    """Return a NetworkPolicy: pods and allowed networks reach the Redis port, and the namespace of Prometheus the metrics port."""
    release = release_of(environment)
    pods: list[Object] = [{"namespaceSelector": {}}]
    networks: list[Object] = [{"ipBlock": {"cidr": cidr}} for cidr in (environment.network.allow if environment.network else ())]
    ingress: list[Object] = [{"from": pods + networks, "ports": _ports(*release.container_ports)}]
    if environment.monitoring.enabled:
        prometheus = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": environment.monitoring.namespace}}}
        ingress.append({"from": [prometheus], "ports": _ports(release.metrics_container_port)})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(release.fullname, release.namespace, labels(environment)),
        "spec": {"podSelector": {"matchLabels": release.selector}, "policyTypes": ["Ingress"], "ingress": ingress},
    }


def external_service(environment: Environment) -> Iterator[Object]:
    """Yield the LoadBalancer Service of the primary, for the allowed networks only.

    `Local` preserves the client address, which the NetworkPolicy needs. Without node ports, no node exposes Redis unfiltered.
    """
    network = environment.network
    if network is None:
        return
    release = release_of(environment)
    annotations = {
        f"{network.annotation_prefix}/address-pool": network.pool.name,
        f"{network.annotation_prefix}/loadBalancerIPs": network.address,
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(release.external_service, release.namespace, labels(environment), annotations),
        "spec": {
            "type": "LoadBalancer",
            "allocateLoadBalancerNodePorts": False,
            "externalTrafficPolicy": "Local",
            "loadBalancerSourceRanges": list(network.allow),
            "ports": [_service_port(release, release.port)],
            "selector": release.primary_selector,
        },
    }


def own_services(environment: Environment) -> Iterator[Object]:
    """Yield the ClusterIP Services for writes and for reads where the chart has none with these names.

    They belong to rediskit, so that the host of a client stays when the chart changes. Argo CD does not delete them with their Application,
    like the release. It prunes them, because the chart of another profile can have Services of the same names.
    """
    release = release_of(environment)
    for name, selector in release.own_services.items():
        port = release.port if name == release.primary_service else release.replicas_port
        yield {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": metadata(name, release.namespace, labels(environment), {SYNC_OPTIONS: "Delete=false"}),
            "spec": {"type": "ClusterIP", "ports": [_service_port(release, port)], "selector": selector},
        }


def _service_port(release: Release, port: int) -> Object:
    return {"name": "tcp-redis", "port": port, "protocol": "TCP", "targetPort": release.port_name}


def _ports(*numbers: int) -> list[Object]:
    return [{"port": number, "protocol": "TCP"} for number in dict.fromkeys(numbers)]
