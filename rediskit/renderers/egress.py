"""Egress of an application to the shared Redis, for pods that a policy of the application repository isolates."""

from collections.abc import Iterator

from rediskit.chart.names import Release
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object


def egress(environment: Environment, client: Client) -> Iterator[Object]:
    """Yield a policy for each workload with pods of its own.

    Policies are additive: the connections that a pod may open are the union of what its policies allow. Alone, such a policy would
    block everything else, so `check --owner` requires another one.
    """
    release = release_of(environment)
    selectors: list[dict[str, str]] = []
    for workload in client.workloads if client.egress else ():
        selector = workload.pod_labels
        if not selector or selector in selectors:
            continue
        selectors.append(selector)
        name = f"{release.fullname}-{workload.kind}-{workload.name}".lower()
        meta = metadata(name, client.namespace, labels(environment))
        yield _cilium(release, meta, selector) if client.egress == "cilium" else _network_policy(release, meta, selector)


def to_redis(release: Release, kind: str) -> Object:
    """Return the entry of a policy that allows connections to the pods of Redis. kind: `networkpolicy` or `cilium`."""
    if kind == "cilium":
        # Without the label of the namespace, its peers would be pods of its own namespace.
        redis = {"matchLabels": {"k8s:io.kubernetes.pod.namespace": release.namespace, **release.selector}}
        ports = [{"port": str(port), "protocol": "TCP"} for port in release.container_ports]
        return {"toEndpoints": [redis], "toPorts": [{"ports": ports}]}
    namespace = {"matchLabels": {"kubernetes.io/metadata.name": release.namespace}}
    pods = {"namespaceSelector": namespace, "podSelector": {"matchLabels": release.selector}}
    return {"to": [pods], "ports": [{"port": port, "protocol": "TCP"} for port in release.container_ports]}


def _network_policy(release: Release, meta: Object, selector: dict[str, str]) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta,
        "spec": {
            "podSelector": {"matchLabels": selector},
            "policyTypes": ["Egress"],
            "egress": [to_redis(release, "networkpolicy")],
        },
    }


def _cilium(release: Release, meta: Object, selector: dict[str, str]) -> Object:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": meta,
        "spec": {"endpointSelector": {"matchLabels": selector}, "egress": [to_redis(release, "cilium")]},
    }
