"""Access to Redis: the NetworkPolicy inside the cluster and the LoadBalancer Service for the private network.

The NetworkPolicy of the chart is off, because it allows every source.
"""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import REDIS_CONTAINER_PORT
from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
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
            "ports": [{"name": "tcp-redis", "port": release.port, "protocol": "TCP", "targetPort": REDIS_CONTAINER_PORT}],
            "selector": release.primary_selector,
        },
    }


def _ports(*numbers: int) -> list[Object]:
    return [{"port": number, "protocol": "TCP"} for number in dict.fromkeys(numbers)]
