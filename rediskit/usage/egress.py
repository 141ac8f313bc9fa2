"""Egress policies: the pods that they isolate, and whether they let these pods reach a Redis. Pure.

Sources: kubernetes.io/docs/concepts/services-networking/network-policies; docs.cilium.io, Policy Enforcement Modes, Layer 3 Policies.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.renderers.helm import release_of
from rediskit.usage.finder import flattened

Object = Mapping[str, Any]
_CILIUM = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
_NAMESPACE = "kubernetes.io/metadata.name"
_ANYWHERE = ("0.0.0.0/0", "::/0")


class Pods(NamedTuple):
    """Pods with the same labels.

    Attributes:
        namespace_labels: Labels of the namespace, beside its name.
        ports: The container ports that they listen on.
        service: The Service that selects them.
    """

    namespace: str
    labels: Mapping[str, str]
    namespace_labels: Mapping[str, str] = {}
    ports: tuple[int, ...] = ()
    service: str = ""

    @property
    def as_endpoint(self) -> dict[str, str]:
        """The labels of their Cilium endpoints."""
        own = {_NAMESPACE: self.namespace, **self.namespace_labels}
        namespace = {f"io.cilium.k8s.namespace.labels.{key}": value for key, value in own.items()}
        return {**self.labels, **namespace, "io.kubernetes.pod.namespace": self.namespace}


def shared_redis(environment: Environment) -> Pods:
    """Return the pods of the primary."""
    release = release_of(environment)
    labels = environment.redis.labels
    return Pods(release.namespace, release.primary_selector, labels, (release.container_port,), release.primary_service)


def isolating(objects: Iterable[Object], pods: Pods, namespace: str) -> list[Object]:
    """Return the policies that restrict the egress of pods. `namespace` is that of objects that set none."""
    return [content for content in flattened(objects) if any(_specs(content, pods, namespace))]


def admits(policy: Object, pods: Pods, target: Pods, namespace: str) -> bool:
    """Return whether a policy that selects pods lets them reach the target, on one of its ports."""
    home = text_at(policy, "metadata", "namespace") or namespace
    if policy.get("kind") == "NetworkPolicy":
        return any(_rule(rule, home, target) for spec in _specs(policy, pods, namespace) for rule in list_at(spec, "egress"))
    limit = home if policy.get("kind") == "CiliumNetworkPolicy" else ""
    return any(_cilium_rule(rule, limit, target) for spec in _specs(policy, pods, namespace) for rule in list_at(spec, "egress"))


def _specs(content: Object, pods: Pods, namespace: str) -> Iterator[dict[str, Any]]:
    """Yield each specification of a policy that restricts the egress of pods."""
    here = (text_at(content, "metadata", "namespace") or namespace) == pods.namespace
    kind, spec = content.get("kind"), mapping_at(content, "spec")
    if kind == "NetworkPolicy":
        types = list_at(spec, "policyTypes")
        restricts = "Egress" in types if types else bool(list_at(spec, "egress"))
        if here and restricts and _matches(at(spec, "podSelector"), pods.labels):
            yield spec
    elif kind in _CILIUM and (here or kind == "CiliumClusterwideNetworkPolicy"):
        for rule in (spec, *list_at(dict(content), "specs")):
            restricts = (
                bool(list_at(rule, "egress") or list_at(rule, "egressDeny")) and at(rule, "enableDefaultDeny", "egress") is not False
            )
            selector = at(rule, "endpointSelector")
            if restricts and selector is not None and _matches(_unprefixed(selector), pods.as_endpoint):
                yield rule


def _rule(rule: Any, home: str, target: Pods) -> bool:
    """Return whether an egress rule of a NetworkPolicy allows the target. Without peers it allows every one, without ports every port."""
    peers, ports = list_at(rule, "to"), list_at(rule, "ports")
    return (not peers or any(_peer(peer, home, target) for peer in peers)) and (not ports or any(_port(port, target) for port in ports))


def _peer(peer: Any, home: str, target: Pods) -> bool:
    """Return whether a peer includes the target. The addresses of pods are not known, so of the networks only the whole one counts."""
    if (block := at(peer, "ipBlock")) is not None:
        return at(block, "cidr") in _ANYWHERE and not list_at(block, "except")
    namespaces = at(peer, "namespaceSelector")
    labels = {_NAMESPACE: target.namespace, **target.namespace_labels}
    inside = home == target.namespace if namespaces is None else _matches(namespaces, labels)
    return inside and _matches(at(peer, "podSelector"), target.labels)


def _port(entry: Any, target: Pods) -> bool:
    """Return whether an entry of `ports` includes a port of the target, by number or by the name that the chart gives it."""
    first = at(entry, "port")
    if (at(entry, "protocol") or "TCP") not in ("TCP", "ANY"):
        return False
    if isinstance(first, str) and not first.isdecimal():
        return first == "redis"
    if first is None or int(first) == 0:
        return True
    last = at(entry, "endPort")
    return any(int(first) <= port <= (last if isinstance(last, int) and last else int(first)) for port in target.ports)


def _cilium_rule(rule: Any, limit: str, target: Pods) -> bool:
    """Return whether an egress rule of Cilium allows the target. An empty rule allows nothing, and CIDR rules never select pods."""
    peers = [key for key in rule if key.startswith("to") and key != "toPorts"] if isinstance(rule, dict) else []
    ports = [port for entry in list_at(rule, "toPorts") for port in list_at(entry, "ports")]
    if not peers and not list_at(rule, "toPorts"):
        return False
    allowed = (
        not peers
        or bool({"all", "cluster"}.intersection(map(str, list_at(rule, "toEntities"))))
        or any(_endpoint(selector, limit, target) for selector in list_at(rule, "toEndpoints"))
        or any(_service(entry, limit, target) for entry in list_at(rule, "toServices"))
    )
    return allowed and (not ports or any(_port(port, target) for port in ports))


def _endpoint(selector: Any, limit: str, target: Pods) -> bool:
    """Return whether an endpoint selector includes the target. Without a label of a namespace it is limited to that of its policy."""
    plain = _unprefixed(selector)
    keys = (*plain["matchLabels"], *(str(at(entry, "key")) for entry in plain["matchExpressions"]))
    if limit and not any(key.startswith(("io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels.")) for key in keys):
        return limit == target.namespace and _matches(plain, target.as_endpoint)
    return _matches(plain, target.as_endpoint)


def _service(entry: Any, limit: str, target: Pods) -> bool:
    service = mapping_at(entry, "k8sService")
    return (service.get("serviceName"), service.get("namespace") or limit) == (target.service, target.namespace)


def _unprefixed(selector: Any) -> dict[str, Any]:
    """Return a selector of Cilium without the sources of its labels: `k8s:app` is `app`."""
    expressions = [entry for entry in list_at(selector, "matchExpressions") if isinstance(entry, dict)]
    return {
        "matchLabels": {_key(key): value for key, value in mapping_at(selector, "matchLabels").items()},
        "matchExpressions": [{**entry, "key": _key(entry.get("key"))} for entry in expressions],
    }


def _key(key: Any) -> str:
    return str(key).removeprefix("k8s:").removeprefix("any:")


def _matches(selector: Any, labels: Mapping[str, str]) -> bool:
    """Return whether a label selector selects labels. An empty selector selects all of them."""
    named = all(labels.get(key) == value for key, value in mapping_at(selector, "matchLabels").items())
    return named and all(_expression(entry, labels) for entry in list_at(selector, "matchExpressions"))


def _expression(entry: Any, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(text_at(entry, "key")), list_at(entry, "values")
    results = {"In": value in values, "NotIn": value not in values, "Exists": value is not None, "DoesNotExist": value is None}
    return results.get(text_at(entry, "operator"), False)
