"""Egress policies: whether they isolate the pods of an application, and whether they let these reach the shared Redis."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from rediskit.renderers.egress import egress
from rediskit.usage.egress import Pods, admits, isolating
from tests.samples import backend, config, environment_of, merged

WEB = Pods("shop", {"app": "web", "tier": "front"})
REDIS = Pods(
    "redis",
    {"app.kubernetes.io/name": "redis", "app.kubernetes.io/instance": "redis-shared", "app.kubernetes.io/component": "master"},
    {"type": "shared-service"},
    (6379,),
    "redis-shared-master",
)
OLD = "{to: [{podSelector: {matchLabels: {app: redis}}}], ports: [{port: 6379}]}"
IN_REDIS = "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: redis}}"
PORT = "ports: [{port: 6379}]"


def by_expression(expression: str) -> str:
    return f"[{{to: [{{{IN_REDIS}, podSelector: {{matchExpressions: [{{{expression}}}]}}}}]}}]"


NETWORK_POLICY: dict[str, tuple[str, bool]] = {
    "only the old Redis and DNS": (f"[{OLD}, {{ports: [{{port: 53, protocol: UDP}}]}}]", False),
    "nothing": ("[]", False),
    "everything": ("[{}]", True),
    "every pod": ("[{to: [{namespaceSelector: {}}]}]", True),
    "pods of its own namespace": ("[{to: [{podSelector: {}}]}]", False),
    "the namespace by its name": (f"[{{to: [{{{IN_REDIS}}}], {PORT}}}]", True),
    "the namespace by its label": ("[{to: [{namespaceSelector: {matchLabels: {type: shared-service}}}]}]", True),
    "another namespace": ("[{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]", False),
    "other pods of the namespace": (f"[{{to: [{{{IN_REDIS}, podSelector: {{matchLabels: {{app: x}}}}}}]}}]", False),
    "the pods by an expression": (by_expression("key: app.kubernetes.io/component, operator: In, values: [master]"), True),
    "all but these pods": (by_expression("key: app.kubernetes.io/name, operator: NotIn, values: [redis]"), False),
    "pods with the label": (by_expression("key: app.kubernetes.io/instance, operator: Exists"), True),
    "pods without the label": (by_expression("key: app.kubernetes.io/instance, operator: DoesNotExist"), False),
    "another port": (f"[{{to: [{{{IN_REDIS}}}], ports: [{{port: 6380}}]}}]", False),
    "a range of ports": (f"[{{to: [{{{IN_REDIS}}}], ports: [{{port: 6000, endPort: 7000}}]}}]", True),
    "the name of the port": (f"[{{to: [{{{IN_REDIS}}}], ports: [{{port: redis}}]}}]", True),
    "UDP": (f"[{{to: [{{{IN_REDIS}}}], ports: [{{port: 6379, protocol: UDP}}]}}]", False),
    "port and namespace in two rules": (f"[{{to: [{{{IN_REDIS}}}], ports: [{{port: 80}}]}}, {OLD}]", False),
    "every port of every host": ("[{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", True),
    "the internet": ("[{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]", False),
    "the address of the old Redis": ("[{to: [{ipBlock: {cidr: 10.43.0.7/32}}]}]", False),
}
CILIUM: dict[str, tuple[str, bool]] = {
    "only the old Redis": ("[{toEndpoints: [{matchLabels: {app: redis}}], toPorts: [{ports: [{port: '6379'}]}]}]", False),
    "nothing": ("[{}]", False),
    "every endpoint of its namespace": ("[{toEndpoints: [{}]}]", False),
    "the cluster": ("[{toEntities: [cluster]}]", True),
    "the internet": ("[{toEntities: [world]}, {toCIDR: [0.0.0.0/0]}, {toFQDNs: [{matchPattern: '*'}]}]", False),
    "the port anywhere": ("[{toPorts: [{ports: [{port: '6379', protocol: TCP}]}]}]", True),
    "every port": ("[{toEntities: [all], toPorts: [{ports: [{port: '0', protocol: ANY}]}]}]", True),
    "another port anywhere": ("[{toPorts: [{ports: [{port: '53', protocol: ANY}]}]}]", False),
    "the namespace": ("[{toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': redis}}]}]", True),
    "the namespace by its label": (
        "[{toEndpoints: [{matchLabels: {io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name: redis}}]}]",
        True,
    ),
    "the Service": ("[{toServices: [{k8sService: {serviceName: redis-shared-master, namespace: redis}}]}]", True),
    "another Service": ("[{toServices: [{k8sService: {serviceName: redis, namespace: shop}}]}]", False),
}


def policy(kind: str, text: str, **spec: Any) -> dict[str, Any]:
    selector = "podSelector" if kind == "NetworkPolicy" else "endpointSelector"
    types = {"policyTypes": ["Egress"]} if kind == "NetworkPolicy" else {}
    content = {selector: {"matchLabels": {"app": "web"}}, **types, "egress": yaml.safe_load(text), **spec}
    return {"kind": kind, "metadata": {"name": "web", "namespace": "shop"}, "spec": content}


@pytest.mark.parametrize("name", NETWORK_POLICY)
def test_a_network_policy_admits_redis_where_one_rule_has_its_pods_and_its_port(name: str) -> None:
    text, expected = NETWORK_POLICY[name]
    content = policy("NetworkPolicy", text)
    assert isolating([content], WEB, "shop") == [content]
    assert admits(content, WEB, REDIS, "shop") is expected


@pytest.mark.parametrize("name", CILIUM)
def test_a_cilium_policy_admits_redis_where_one_rule_has_its_endpoint_and_its_port(name: str) -> None:
    text, expected = CILIUM[name]
    content = policy("CiliumNetworkPolicy", text)
    assert isolating([content], WEB, "shop") == [content]
    assert admits(content, WEB, REDIS, "shop") is expected


@pytest.mark.parametrize("kind", ["NetworkPolicy", "CiliumNetworkPolicy"])
def test_a_policy_for_other_pods_or_another_namespace_isolates_nothing(kind: str) -> None:
    for pods in (Pods("shop", {"app": "worker"}), Pods("other", WEB.labels)):
        assert isolating([policy(kind, "[{}]")], pods, "shop") == []


def test_a_policy_for_ingress_isolates_no_egress() -> None:
    ingress = {"kind": "NetworkPolicy", "metadata": {"name": "a"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}
    untyped = {"kind": "NetworkPolicy", "metadata": {"name": "a"}, "spec": {"podSelector": {}, "ingress": [{}]}}
    off = policy("CiliumNetworkPolicy", "[{toEntities: [world]}]", enableDefaultDeny={"egress": False})
    denied = {"kind": "CiliumNetworkPolicy", "metadata": {"name": "a"}, "spec": {"endpointSelector": {}, "ingress": [{}]}}
    assert isolating([ingress, untyped, off, denied], WEB, "shop") == []


def test_a_policy_without_a_namespace_a_list_and_a_cluster_wide_one_count() -> None:
    bare = {"kind": "NetworkPolicy", "metadata": {"name": "all"}, "spec": {"podSelector": {}, "egress": [{}]}}
    wide = {
        "kind": "CiliumClusterwideNetworkPolicy",
        "metadata": {"name": "wide"},
        "specs": [{"endpointSelector": {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "shop"}}, "egress": [{"toEndpoints": [{}]}]}],
    }
    assert isolating([{"kind": "List", "items": [bare, wide]}], WEB, "shop") == [bare, wide]
    assert admits(wide, WEB, REDIS, "shop")


@pytest.mark.parametrize("kind", ["networkpolicy", "cilium"])
def test_the_rendered_policy_admits_redis_and_nothing_else(kind: str) -> None:
    environment = environment_of("validate", over={"clients": [merged(config("validate")["clients"][0], {"egress": kind})]})
    (content,) = egress(environment, environment.clients[0])
    pods = Pods("beersystem", backend()["spec"]["template"]["metadata"]["labels"])
    assert admits(content, pods, REDIS, "")
    for other in (REDIS._replace(ports=(6380,)), REDIS._replace(namespace="other"), REDIS._replace(labels={"app": "x"})):
        assert not admits(content, pods, other, "")
