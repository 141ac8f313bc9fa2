"""The checks of who reaches what, shown trees that a faulty renderer would make: Services, ServiceMonitor, NetworkPolicy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.test_value_checks import METRICS_LABELS
from tests.checks.trips import GONE, Trip, also, copied, faulty, name_of, put, trip_it, without

POLICY = "platform/redis/networkpolicy-redis-shared.yaml"
EXTERNAL = "platform/redis-external/service-redis-shared-external.yaml"
MONITOR = "platform/monitoring/servicemonitor-redis-shared.yaml"
COMPONENT_LABEL = "app~kubernetes~io/component"
NETWORK = "address: 192"

SERVICES = [
    faulty("external-selector", "does not select the primary", put(EXTERNAL, f"spec.selector.{COMPONENT_LABEL}", "replica"), NETWORK),
    faulty("external-selector", "selects replicas too", put(EXTERNAL, f"spec.selector.{COMPONENT_LABEL}", GONE), NETWORK),
    faulty("external-selector", "does not select the primary", put(EXTERNAL, "spec.selector", {}), NETWORK),
    faulty("external-selector", "does not select the primary", put(EXTERNAL, "spec.selector.app~kubernetes~io/name", "valkey"), NETWORK),
    faulty("external-selector", "lies outside redis", put(EXTERNAL, "metadata.namespace", "beersystem"), NETWORK),
    faulty(
        "external-selector", "points to the port 6380, which the pod does not have", put(EXTERNAL, "spec.ports.0.targetPort", 6380), NETWORK
    ),
    faulty("external-selector", "listens on 6380, Redis in the cluster on 6379", put(EXTERNAL, "spec.ports.0.port", 6380), NETWORK),
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
        "does not admit exactly the allowed networks",
        put(EXTERNAL, "spec.loadBalancerSourceRanges", GONE),
        "- 192.168.4.0/24",
    ),
    faulty(
        "external-access",
        "does not admit exactly the allowed networks",
        put(EXTERNAL, "spec.loadBalancerSourceRanges.1", "0.0.0.0/0"),
        "- 192.168.4.0/24",
    ),
    faulty("external-access", "hides the client's address", put(EXTERNAL, "spec.externalTrafficPolicy", "Cluster"), NETWORK),
    faulty("external-access", "hides the client's address", put(EXTERNAL, "spec.type", "NodePort"), NETWORK),
    faulty("external-access", "opens a port on every node", put(EXTERNAL, "spec.allocateLoadBalancerNodePorts", GONE), NETWORK),
    faulty("external-access", "opens a port on every node", put(EXTERNAL, "spec.ports.0.nodePort", 30379), NETWORK),
    faulty("external-access", "asks for its address twice", put(EXTERNAL, "spec.loadBalancerIP", "192.168.4.203"), "192.168.4.203"),
    faulty(
        "external-access",
        "does not ask MetalLB 0.15.3 for 192.168.4.203 of eero-pool",
        put(EXTERNAL, "metadata.annotations.metallb~io/loadBalancerIPs", "192.168.4.204"),
        "192.168.4.203",
    ),
    faulty(
        "external-access",
        "does not ask MetalLB 0.14.8",
        put(EXTERNAL, "metadata.annotations", {"metallb.io/address-pool": "eero-pool"}),
        "192.168.4.203",
        over={"network": {"metallb": "0.14.8"}},
    ),
    faulty("service-monitor", "0 ServiceMonitors are rendered instead of 1", without(MONITOR)),
    faulty(
        "service-monitor",
        "matches redis-shared-headless, redis-shared-master, redis-shared-metrics, redis-shared-replicas",
        put(MONITOR, f"spec.selector.matchLabels.{COMPONENT_LABEL}", GONE),
    ),
    faulty(
        "service-monitor",
        "matches no Service instead of redis-shared-metrics",
        put(MONITOR, "spec.selector.matchLabels.app~kubernetes~io/name", "x"),
    ),
    faulty(
        "service-monitor",
        "matches no Service instead of redis-shared-metrics",
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
    faulty("service-monitor", "matches redis-shared-external, redis-shared-metrics", put(EXTERNAL, "metadata.labels", METRICS_LABELS)),
    faulty("service-monitor", "does not look into the namespace redis alone", put(MONITOR, "spec.namespaceSelector", {"any": True})),
    faulty("service-monitor", "does not look into the namespace redis alone", put(MONITOR, "spec.namespaceSelector.matchNames.1", "other")),
    faulty("service-monitor", "does not scrape the port http-metrics every 15s", put(MONITOR, "spec.endpoints.0.port", "metrics")),
    faulty("service-monitor", "does not scrape the port http-metrics every 15s", put(MONITOR, "spec.endpoints.0.interval", "30s")),
    faulty("service-monitor", "lacks the label release: kube-prometheus-stack", put(MONITOR, "metadata.labels.release", GONE)),
]

FROM_BEERSYSTEM = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "beersystem"}}}
EVERYBODY = "lets everybody, from outside the cluster too, in on"
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
    faulty("network-policy", "is not about incoming traffic alone", put(POLICY, "spec.policyTypes", ["Egress"]), NETWORK),
    faulty("network-policy", "is not about incoming traffic alone", put(POLICY, "spec.policyTypes.1", "Egress"), NETWORK),
    faulty(
        "network-policy",
        "does not let the pods of the cluster in on TCP 6379",
        put(POLICY, "spec.ingress.0.from.0", GONE),
        "- name: beersystem",
    ),
    faulty(
        "network-policy",
        "does not let the pods of the cluster in on TCP 6379",
        put(POLICY, "spec.ingress.0.from.0", {"podSelector": {}}),
        "- name: beersystem",
    ),
    faulty("network-policy", "does not let 192.168.4.0/24 in on TCP 6379", put(POLICY, "spec.ingress.0.from.1", GONE), "192.168.4.0/24"),
    faulty(
        "network-policy",
        "lets 10.0.0.0/8 in on TCP 6379",
        put(POLICY, "spec.ingress.0.from.2", {"ipBlock": {"cidr": "10.0.0.0/8"}}),
        "- 192.168.4.0/24",
    ),
    faulty("network-policy", "does not let the namespace monitoring in on TCP 9121", put(POLICY, "spec.ingress.1", GONE)),
    faulty(
        "network-policy", "lets the namespace beersystem in on TCP 9121", put(POLICY, "spec.ingress.1.from.1", FROM_BEERSYSTEM), NETWORK
    ),
    faulty(
        "network-policy",
        "lets the pods of the cluster in on TCP 9121",
        put(POLICY, "spec.ingress.1.from.0", {"namespaceSelector": {}}),
        NETWORK,
    ),
    faulty("network-policy", f"{EVERYBODY} TCP 6379", put(POLICY, "spec.ingress.2", {"ports": [{"port": 6379}]}), NETWORK),
    faulty("network-policy", f"{EVERYBODY} TCP 6379", put(POLICY, "spec.ingress.2", {"from": [], "ports": [{"port": 6379}]}), NETWORK),
    faulty("network-policy", f"{EVERYBODY} every port", put(POLICY, "spec.ingress.2", {}), NETWORK),
    faulty(
        "network-policy",
        "lets the pods of the cluster in on every port",
        put(POLICY, "spec.ingress.2", {"from": [{"namespaceSelector": {}}]}),
        NETWORK,
    ),
    faulty(
        "network-policy", "lets the pods of the cluster in on TCP 6379-9121", put(POLICY, "spec.ingress.0.ports.0.endPort", 9121), NETWORK
    ),
    faulty("network-policy", "in on UDP 6379", put(POLICY, "spec.ingress.0.ports.0.protocol", "UDP"), NETWORK),
    faulty("network-policy", "in on TCP redis", put(POLICY, "spec.ingress.0.ports.0.port", "redis"), NETWORK),
]
TRIPS = [*SERVICES, *POLICIES]


@pytest.mark.parametrize("trip", TRIPS, ids=name_of)
def test_a_door_too_many_or_too_few_is_refused(tmp_path: Path, trip: Trip) -> None:
    trip_it(trip, tmp_path)
