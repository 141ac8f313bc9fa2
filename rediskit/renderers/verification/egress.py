"""Egress of the pods that verify Redis from the namespace of a client, where its pods need a policy of their own."""

from collections.abc import Iterator, Sequence

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.egress import to_redis
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object
from rediskit.renderers.verification.pod import LABELS

_DNS = ("UDP", "TCP")


def verification_egress(environment: Environment, namespace: str, clients: Sequence[Client]) -> Iterator[Object]:
    """Yield a policy that allows what the pod of a verification needs: DNS and Redis.

    A pod of the client cannot be imitated: its labels would make a Service of the application send requests to the verification.
    """
    release = release_of(environment)
    for kind in dict.fromkeys(client.egress for client in clients if client.egress):
        name = f"{release.fullname}-verify-{namespace}"
        meta = metadata(name, namespace, labels(environment))
        if kind == "cilium":
            dns: Object = {"toPorts": [{"ports": [{"port": "53", "protocol": protocol} for protocol in _DNS]}]}
            spec = {"endpointSelector": {"matchLabels": LABELS}, "egress": [to_redis(release, kind), dns]}
            yield {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": meta, "spec": spec}
        else:
            dns = {"ports": [{"port": 53, "protocol": protocol} for protocol in _DNS]}
            spec = {"podSelector": {"matchLabels": LABELS}, "policyTypes": ["Egress"], "egress": [to_redis(release, kind), dns]}
            yield {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}
