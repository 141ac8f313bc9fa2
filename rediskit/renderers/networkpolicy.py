"""The one NetworkPolicy: who may reach Redis and its metrics. The chart's own is off (it would let everybody in)."""

from __future__ import annotations

from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object


def network_policy(environment: Environment) -> Object:
    """Every pod of the cluster and the allowed networks on the Redis port, Prometheus's namespace on the metrics port, nothing else."""
    release = release_of(environment)
    everybody: list[Object] = [{"namespaceSelector": {}}]
    networks: list[Object] = [{"ipBlock": {"cidr": cidr}} for cidr in (environment.network.allow if environment.network else ())]
    ingress: list[Object] = [{"from": everybody + networks, "ports": _ports(release.container_port, release.replicas_container_port)}]
    if environment.monitoring.enabled:
        prometheus = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": environment.monitoring.namespace}}}
        ingress.append({"from": [prometheus], "ports": _ports(release.metrics_container_port)})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(release.fullname, release.namespace, labels(environment)),
        "spec": {"podSelector": {"matchLabels": release.selector}, "policyTypes": ["Ingress"], "ingress": ingress},
    }


def _ports(*numbers: int) -> list[Object]:
    return [{"port": number, "protocol": "TCP"} for number in dict.fromkeys(numbers)]
