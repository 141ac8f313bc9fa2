"""The Service through which the private network reaches the primary."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import REDIS_CONTAINER_PORT
from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object


def external_service(environment: Environment) -> Iterator[Object]:
    """A LoadBalancer Service on the primary alone, open to the allowed networks only (facts: chart §3).

    `Local` keeps the client's address, which the NetworkPolicy needs; without node ports no node opens Redis unfiltered.
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
