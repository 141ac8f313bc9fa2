"""Every position of every kind of object that can hold an address: a place to plant one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
Plant = Callable[[str], Object]
"""Makes an object of namespace shop with a text in it."""


def manifest(api: str, kind: str, **parts: Any) -> Object:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "user", "namespace": "shop"}, **parts}


def template(pod: Object) -> Object:
    return {"metadata": {"labels": {"app": "user"}}, "spec": pod}


WORKLOADS: dict[str, Callable[[Object], Object]] = {
    "Pod": lambda pod: manifest("v1", "Pod", spec=pod),
    "Deployment": lambda pod: manifest("apps/v1", "Deployment", spec={"template": template(pod)}),
    "StatefulSet": lambda pod: manifest("apps/v1", "StatefulSet", spec={"template": template(pod)}),
    "DaemonSet": lambda pod: manifest("apps/v1", "DaemonSet", spec={"template": template(pod)}),
    "ReplicaSet": lambda pod: manifest("apps/v1", "ReplicaSet", spec={"template": template(pod)}),
    "Job": lambda pod: manifest("batch/v1", "Job", spec={"template": template(pod)}),
    "CronJob": lambda pod: manifest("batch/v1", "CronJob", spec={"jobTemplate": {"spec": {"template": template(pod)}}}),
    "Rollout": lambda pod: manifest("argoproj.io/v1alpha1", "Rollout", spec={"template": template(pod)}),
    "ScaledJob": lambda pod: manifest("keda.sh/v1alpha1", "ScaledJob", spec={"jobTargetRef": {"template": template(pod)}}),
    "PodTemplate": lambda pod: manifest("v1", "PodTemplate", template=template(pod)),
    "Workflow": lambda pod: manifest("example.com/v1", "Workflow", spec={"steps": [{"pod": pod}]}),
}

CONTAINERS: dict[str, Callable[[str], Object]] = {
    "env": lambda text: {"env": [{"name": "A", "value": "1"}, {"name": "REDIS_HOST", "value": text}]},
    "args": lambda text: {"args": ["serve", "--redis-host", text]},
    "command": lambda text: {"command": ["sh", "-c", f"exec app --redis-host={text}"]},
    "liveness": lambda text: {"livenessProbe": {"exec": {"command": ["redis-cli", "-h", text, "ping"]}}},
    "readiness": lambda text: {"readinessProbe": {"tcpSocket": {"host": text, "port": 6379}}},
    "startup": lambda text: {"startupProbe": {"httpGet": {"host": text, "port": 80}}},
    "postStart": lambda text: {"lifecycle": {"postStart": {"exec": {"command": ["wait", "--host", text]}}}},
    "preStop": lambda text: {"lifecycle": {"preStop": {"httpGet": {"host": text}}}},
    "composed": lambda text: {"env": [{"name": "NAME", "value": text}, {"name": "REDIS_URL", "value": "redis://$(NAME)/0"}]},
}


def pod(listed: str, container: Object) -> Object:
    """Return a pod with the container in one of its lists."""
    whole: Object = {"containers": [{"name": "app", "image": "app:1"}]}
    return whole | {listed: [*whole.get(listed, []), {"name": "planted", "image": "app:1", **container}]}


def _in_containers() -> dict[str, Plant]:
    plants: dict[str, Plant] = {}
    for kind, workload in WORKLOADS.items():
        for listed in ("containers", "initContainers", "ephemeralContainers"):
            for place, container in CONTAINERS.items():
                plants[f"{kind} {listed} {place}"] = lambda text, w=workload, c=container, n=listed: w(pod(n, c(text)))  # type: ignore[misc]
    return plants


def application(**source: Any) -> Object:
    spec = {"source": {"chart": "app", **source}, "destination": {"namespace": "shop"}}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "user", "namespace": "argocd"}, "spec": spec}


OBJECTS: dict[str, Plant] = {
    "ConfigMap variable": lambda text: manifest("v1", "ConfigMap", data={"REDIS_HOST": text}),
    "ConfigMap file": lambda text: manifest("v1", "ConfigMap", data={"app.yaml": f"cache:\n  type: redis\n  host: {text}\n"}),
    "ConfigMap JSON": lambda text: manifest("v1", "ConfigMap", data={"app.json": f'{{"cache": {{"host": "{text}"}}}}'}),
    "ConfigMap properties": lambda text: manifest("v1", "ConfigMap", data={"app.properties": f"a=b\nspring.data.redis.host={text}\n"}),
    "ConfigMap key like a field": lambda text: manifest("v1", "ConfigMap", data={"status": f"redis://{text}/0"}),
    "Secret": lambda text: manifest("v1", "Secret", stringData={"REDIS_URL": f"redis://:secret@{text}/0"}),
    "HelmRelease": lambda text: manifest("helm.toolkit.fluxcd.io/v2", "HelmRelease", spec={"values": {"redis": {"host": text}}}),
    "HelmRelease variables": lambda text: manifest(
        "helm.toolkit.fluxcd.io/v2", "HelmRelease", spec={"values": {"extraEnv": [{"name": "REDIS_HOST", "value": text}]}}
    ),
    "HelmRelease in another namespace": lambda text: {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "user", "namespace": "flux-system"},
        "spec": {"targetNamespace": "shop", "values": {"redis": {"host": text}}},
    },
    "Application values": lambda text: application(helm={"values": f"redis:\n  host: {text}\n"}),
    "Application valuesObject": lambda text: application(helm={"valuesObject": {"redis": {"hostname": text}}}),
    "Application parameters": lambda text: application(helm={"parameters": [{"name": "redis.host", "value": text}]}),
    "ExternalSecret template": lambda text: manifest(
        "external-secrets.io/v1", "ExternalSecret", spec={"target": {"template": {"data": {"url": f"redis://:{{{{ .p }}}}@{text}/0"}}}}
    ),
    "SealedSecret template": lambda text: manifest(
        "bitnami.com/v1alpha1", "SealedSecret", spec={"template": {"data": {"REDIS_HOST": text}}}
    ),
    "KEDA trigger": lambda text: manifest(
        "keda.sh/v1alpha1", "ScaledObject", spec={"triggers": [{"type": "redis", "metadata": {"host": text, "listName": "jobs"}}]}
    ),
    "ServiceMonitor parameter": lambda text: manifest(
        "monitoring.coreos.com/v1", "ServiceMonitor", spec={"endpoints": [{"params": {"target": [f"redis://{text}"]}}]}
    ),
    "Probe target": lambda text: manifest(
        "monitoring.coreos.com/v1", "Probe", spec={"targets": {"staticConfig": {"static": [f"redis://{text}"]}}}
    ),
    "ExternalName": lambda text: manifest("v1", "Service", spec={"type": "ExternalName", "externalName": f"redis://{text}"}),
    "annotation": lambda text: (
        manifest("v1", "ServiceAccount") | {"metadata": {"name": "user", "annotations": {"a/config": f"redis://{text}"}}}
    ),
    "annotation of a pod": lambda text: manifest(
        "apps/v1", "Deployment", spec={"template": {"metadata": {"annotations": {"inject": f"host={text}\n"}}, "spec": {}}}
    ),
    "another operator": lambda text: manifest("example.com/v1", "Backend", spec={"connection": {"address": text}}),
    "Kustomization": lambda text: manifest(
        "kustomize.toolkit.fluxcd.io/v1",
        "Kustomization",
        spec={"targetNamespace": "shop", "postBuild": {"substitute": {"redis_host": text}}},
    ),
    "item of a List": lambda text: {"apiVersion": "v1", "kind": "List", "items": [manifest("v1", "ConfigMap", data={"REDIS_HOST": text})]},
    **_in_containers(),
}
"""Positions at which every form is certain."""

COMPLETE: dict[str, Plant] = {
    "NetworkPolicy": lambda text: manifest(
        "networking.k8s.io/v1", "NetworkPolicy", spec={"egress": [{"to": [{"ipBlock": {"cidr": f"{text}/32"}}]}]}
    ),
    "CiliumNetworkPolicy CIDR": lambda text: manifest("cilium.io/v2", "CiliumNetworkPolicy", spec={"egress": [{"toCIDR": [f"{text}/32"]}]}),
    "Endpoints": lambda text: manifest("v1", "Endpoints", subsets=[{"addresses": [{"ip": text}]}]),
}
"""Positions that hold an IP address alone."""
FQDN: dict[str, Plant] = {
    "CiliumNetworkPolicy name": lambda text: manifest(
        "cilium.io/v2", "CiliumNetworkPolicy", spec={"egress": [{"toFQDNs": [{"matchName": text}]}]}
    ),
    "externalName": lambda text: manifest("v1", "Service", spec={"type": "ExternalName", "externalName": text}),
    "relabelling": lambda text: manifest(
        "monitoring.coreos.com/v1",
        "ServiceMonitor",
        spec={"endpoints": [{"relabelings": [{"replacement": text, "targetLabel": "instance"}]}]},
    ),
}
"""Positions that hold a complete host name alone."""
REFERENCES: dict[str, Object] = {
    "Ingress": manifest(
        "networking.k8s.io/v1", "Ingress", spec={"defaultBackend": {"service": {"name": "redis", "port": {"number": 6379}}}}
    ),
    "TCPRoute": manifest(
        "gateway.networking.k8s.io/v1alpha2", "TCPRoute", spec={"rules": [{"backendRefs": [{"name": "redis", "port": 6379}]}]}
    ),
    "IngressRouteTCP": manifest(
        "traefik.io/v1alpha1", "IngressRouteTCP", spec={"routes": [{"services": [{"name": "redis", "port": 6379}]}]}
    ),
    "CiliumNetworkPolicy": manifest(
        "cilium.io/v2",
        "CiliumNetworkPolicy",
        spec={"egress": [{"toServices": [{"k8sService": {"serviceName": "redis", "namespace": "shop"}}]}]},
    ),
    "StatefulSet": manifest("apps/v1", "StatefulSet", spec={"serviceName": "redis", "template": {"spec": {}}}),
}
"""Objects that reference the Service by its name."""
