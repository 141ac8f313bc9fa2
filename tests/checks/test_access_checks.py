"""The checks of Services, ServiceMonitor and NetworkPolicy, with trees of a faulty renderer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.cases import GONE, Case, also, assert_reported, copied, faulty, name_of, put, without
from tests.checks.client_cases import METRICS_LABELS, first_client

POLICY = "platform/redis/networkpolicy-redis-shared.yaml"
EXTERNAL = "platform/redis-external/service-redis-shared-external.yaml"
READS, POD = "platform/redis/service-redis-shared-replicas.yaml", "statefulset~kubernetes~io/pod-name"
CLOUDPIRATES = {"redis": {"chart": {"profile": "cloudpirates", "version": "0.34.18"}}}
MONITOR = "platform/monitoring/servicemonitor-redis-shared.yaml"
COMPONENT_LABEL = "app~kubernetes~io/component"
NETWORK = "address: 192"

SERVICES = [
    faulty("external-selector", "does not select the primary", put(EXTERNAL, f"spec.selector.{COMPONENT_LABEL}", "replica"), NETWORK),
    faulty("external-selector", "also selects replicas", put(EXTERNAL, f"spec.selector.{COMPONENT_LABEL}", GONE), NETWORK),
    faulty("external-selector", "does not select the primary", put(EXTERNAL, "spec.selector", {}), NETWORK),
    faulty("external-selector", "does not select the primary", put(EXTERNAL, "spec.selector.app~kubernetes~io/name", "valkey"), NETWORK),
    faulty("external-selector", "is outside namespace redis", put(EXTERNAL, "metadata.namespace", "beersystem"), NETWORK),
    faulty(
        "external-selector", "has targetPort 6380, which the pod does not have", put(EXTERNAL, "spec.ports.0.targetPort", 6380), NETWORK
    ),
    faulty("external-selector", "has port 6380, but Redis in the cluster has 6379", put(EXTERNAL, "spec.ports.0.port", 6380), NETWORK),
    faulty("external-access", "0 external Services are rendered instead of 1", without(EXTERNAL), NETWORK),
    faulty(
        "external-access",
        "1 external Services are rendered instead of 0",
        also(EXTERNAL, {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {}}),
        NETWORK,
        "prepare",
    ),
    faulty(
        "external-access",
        "does not allow exactly the networks in network.allow",
        put(EXTERNAL, "spec.loadBalancerSourceRanges", GONE),
        "- 192.168.4.0/24",
    ),
    faulty(
        "external-access",
        "does not allow exactly the networks in network.allow",
        put(EXTERNAL, "spec.loadBalancerSourceRanges.1", "0.0.0.0/0"),
        "- 192.168.4.0/24",
    ),
    faulty("external-access", "hides the client address", put(EXTERNAL, "spec.externalTrafficPolicy", "Cluster"), NETWORK),
    faulty("external-access", "hides the client address", put(EXTERNAL, "spec.type", "NodePort"), NETWORK),
    faulty("external-access", "opens a port on each node", put(EXTERNAL, "spec.allocateLoadBalancerNodePorts", GONE), NETWORK),
    faulty("external-access", "opens a port on each node", put(EXTERNAL, "spec.ports.0.nodePort", 30379), NETWORK),
    faulty("external-access", "requests its address twice", put(EXTERNAL, "spec.loadBalancerIP", "192.168.4.203"), "192.168.4.203"),
    faulty(
        "external-access",
        "does not request 192.168.4.203 of eero-pool from MetalLB 0.15.3",
        put(EXTERNAL, "metadata.annotations.metallb~io/loadBalancerIPs", "192.168.4.204"),
        "192.168.4.203",
    ),
    faulty(
        "external-access",
        "does not request 192.168.4.203 of eero-pool from MetalLB 0.14.8",
        put(EXTERNAL, "metadata.annotations", {"metallb.io/address-pool": "eero-pool"}),
        "192.168.4.203",
        over={"network": {"metallb": "0.14.8"}},
    ),
    faulty("own-service", "Service redis-shared-replicas is not rendered", without(READS), over=CLOUDPIRATES),
    faulty("own-service", "does not select the pods of redis-shared-replicas", put(READS, f"spec.selector.{POD}", GONE), over=CLOUDPIRATES),
    faulty("own-service", "does not have port 6379 of the pods", put(READS, "spec.ports.0.targetPort", "tcp"), over=CLOUDPIRATES),
    faulty("service-monitor", "0 ServiceMonitors are rendered instead of 1", without(MONITOR)),
    faulty(
        "service-monitor",
        "selects redis-shared-headless, redis-shared-master, redis-shared-metrics, redis-shared-replicas",
        put(MONITOR, f"spec.selector.matchLabels.{COMPONENT_LABEL}", GONE),
    ),
    faulty(
        "service-monitor",
        "selects no Service instead of redis-shared-metrics",
        put(MONITOR, "spec.selector.matchLabels.app~kubernetes~io/name", "x"),
    ),
    faulty(
        "service-monitor",
        "selects no Service instead of redis-shared-metrics",
        put(MONITOR, "spec.selector.matchLabels.app~kubernetes~io/instance", "redis-shared"),
    ),
    faulty(
        "service-monitor",
        "does not keep the Service redis-shared-metrics alone",
        put(MONITOR, "spec.endpoints.0.relabelings", GONE),
    ),
    faulty(
        "service-monitor",
        "does not keep the Service redis-shared-metrics alone",
        put(MONITOR, "spec.endpoints.0.relabelings.0.regex", "redis-shared"),
    ),
    faulty(
        "service-monitor",
        "instead of redis-shared-metrics",
        put(MONITOR, "spec.selector.matchExpressions", [{"key": "x", "operator": "Exists"}]),
    ),
    faulty("service-monitor", "selects redis-shared-external, redis-shared-metrics", put(EXTERNAL, "metadata.labels", METRICS_LABELS)),
    faulty("service-monitor", "does not select namespace redis alone", put(MONITOR, "spec.namespaceSelector", {"any": True})),
    faulty("service-monitor", "does not select namespace redis alone", put(MONITOR, "spec.namespaceSelector.matchNames.1", "other")),
    faulty("service-monitor", "does not scrape port http-metrics every 15s", put(MONITOR, "spec.endpoints.0.port", "metrics")),
    faulty("service-monitor", "does not scrape port http-metrics every 15s", put(MONITOR, "spec.endpoints.0.interval", "30s")),
    faulty("service-monitor", "lacks the label release: kube-prometheus-stack", put(MONITOR, "metadata.labels.release", GONE)),
]

FROM_BEERSYSTEM = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "beersystem"}}}
ALL_CLIENTS = "allows all clients, also outside of the cluster, on"
POLICIES = [
    faulty("network-policy", "0 NetworkPolicies are rendered instead of one", without(POLICY), NETWORK),
    faulty("network-policy", "2 NetworkPolicies are rendered instead of one", copied(POLICY, "platform/redis/second.yaml"), NETWORK),
    faulty(
        "network-policy",
        "does not select the pods of the release",
        put(POLICY, f"spec.podSelector.matchLabels.{COMPONENT_LABEL}", "master"),
    ),
    faulty("network-policy", "does not select the pods of the release", put(POLICY, "spec.podSelector.matchExpressions", [])),
    faulty("network-policy", "does not select the pods of the release", put(POLICY, "metadata.namespace", "default")),
    faulty("network-policy", "has other policyTypes than Ingress", put(POLICY, "spec.policyTypes", ["Egress"]), NETWORK),
    faulty("network-policy", "has other policyTypes than Ingress", put(POLICY, "spec.policyTypes.1", "Egress"), NETWORK),
    faulty(
        "network-policy",
        "does not allow the pods of the cluster on TCP 6379",
        put(POLICY, "spec.ingress.0.from.0", GONE),
        "- name: beersystem",
    ),
    faulty(
        "network-policy",
        "does not allow the pods of the cluster on TCP 6379",
        put(POLICY, "spec.ingress.0.from.0", {"podSelector": {}}),
        "- name: beersystem",
    ),
    faulty("network-policy", "does not allow 192.168.4.0/24 on TCP 6379", put(POLICY, "spec.ingress.0.from.1", GONE), "192.168.4.0/24"),
    faulty(
        "network-policy",
        "allows 10.0.0.0/8 on TCP 6379",
        put(POLICY, "spec.ingress.0.from.2", {"ipBlock": {"cidr": "10.0.0.0/8"}}),
        "- 192.168.4.0/24",
    ),
    faulty("network-policy", "does not allow namespace monitoring on TCP 9121", put(POLICY, "spec.ingress.1", GONE)),
    faulty("network-policy", "allows namespace beersystem on TCP 9121", put(POLICY, "spec.ingress.1.from.1", FROM_BEERSYSTEM), NETWORK),
    faulty(
        "network-policy",
        "allows the pods of the cluster on TCP 9121",
        put(POLICY, "spec.ingress.1.from.0", {"namespaceSelector": {}}),
        NETWORK,
    ),
    faulty("network-policy", f"{ALL_CLIENTS} TCP 6379", put(POLICY, "spec.ingress.2", {"ports": [{"port": 6379}]}), NETWORK),
    faulty("network-policy", f"{ALL_CLIENTS} TCP 6379", put(POLICY, "spec.ingress.2", {"from": [], "ports": [{"port": 6379}]}), NETWORK),
    faulty("network-policy", f"{ALL_CLIENTS} all ports", put(POLICY, "spec.ingress.2", {}), NETWORK),
    faulty(
        "network-policy",
        "allows the pods of the cluster on all ports",
        put(POLICY, "spec.ingress.2", {"from": [{"namespaceSelector": {}}]}),
        NETWORK,
    ),
    faulty(
        "network-policy", "allows the pods of the cluster on TCP 6379-9121", put(POLICY, "spec.ingress.0.ports.0.endPort", 9121), NETWORK
    ),
    faulty("network-policy", "on UDP 6379", put(POLICY, "spec.ingress.0.ports.0.protocol", "UDP"), NETWORK),
    faulty("network-policy", "on TCP redis", put(POLICY, "spec.ingress.0.ports.0.port", "redis"), NETWORK),
]
EGRESS = "platform/beersystem/networkpolicy-redis-shared-deployment-beersystem-backend.yaml"
RULE = "spec.egress.0"
WITH_EGRESS = first_client(egress="networkpolicy")
OF_CLIENTS = [
    faulty("client-egress", "lets Deployment/beersystem-backend reach Redis", change, "networkpolicy", over=WITH_EGRESS)
    for change in (
        without(EGRESS),
        put(EGRESS, f"{RULE}.ports.0.port", 6380),
        put(EGRESS, f"{RULE}.to.0.namespaceSelector", GONE),
        put(EGRESS, f"{RULE}.to.0.podSelector.matchLabels.app~kubernetes~io/name", "valkey"),
        put(EGRESS, "spec.podSelector.matchLabels", {"app": "x"}),
        put(EGRESS, "metadata.namespace", "redis"),
    )
]
OF_CLIENTS.append(
    faulty("client-egress", "platform/beersystem/ contains NetworkPolicy/redis-shared", copied(POLICY, "platform/beersystem/x.yaml"))
)
CASES = [*SERVICES, *POLICIES, *OF_CLIENTS]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_access_that_differs_from_the_config_is_reported(tmp_path: Path, case: Case) -> None:
    assert_reported(case, tmp_path)
