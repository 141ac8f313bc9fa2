"""The shapes of a client that each kind of application repository is tested with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.renderers.owner_build import Object
from tests.samples import ONE_CONTAINER, backend

ENV = "/spec/template/spec/containers/backend/env"


def hpa(**spec: Any) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "beersystem-backend"}
    metadata = {"name": "beersystem-backend", "namespace": "beersystem"}
    body = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 5, **spec}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": metadata, "spec": body}


def keda() -> Object:
    spec = {"scaleTargetRef": {"name": "beersystem-backend"}, "maxReplicaCount": 5, "triggers": [{"type": "cpu"}]}
    metadata = {"name": "beersystem-backend", "namespace": "beersystem"}
    return {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": metadata, "spec": spec}


def pod(workload: Object) -> Any:
    return workload["spec"]["template"]["spec"]


def with_env(*entries: Object, **container: Any) -> Object:
    workload = backend()
    pod(workload)["containers"][0] |= {"env": list(entries), **container}
    return workload


def several() -> Object:
    workload = backend()
    other = {"name": "worker", "image": "worker:1", "env": [{"name": "REDIS_HOST", "value": "redis"}]}
    pod(workload)["containers"] = [{"name": "proxy", "image": "proxy:1"}, *pod(workload)["containers"], other]
    wait = {"name": "wait", "image": "wait:1", "env": [{"name": "REDIS_HOST", "value": "redis"}]}
    pod(workload)["initContainers"] = [{"name": "first", "image": "first:1"}, wait, {"name": "last", "image": "last:1"}]
    return workload


def three(workload: Object) -> Object:
    workload["spec"]["replicas"] = 3
    return workload


@dataclass(frozen=True)
class Shape:
    """workload: as the base has it. switched: the pointers that reconfigure changes. scaler: what scales it. keys: of the config."""

    workload: Object
    switched: frozenset[str]
    keys: Mapping[str, Any] = field(default_factory=dict)
    scaler: Object | None = None


def each(env: str, *names: str) -> frozenset[str]:
    return frozenset(f"{env}/{name}" for name in names)


REAL = each(ENV, "REDIS_HOST/value", "REDIS_PASSWORD")


FROM_MAP = {"configMapKeyRef": {"name": "redis", "key": "host"}}


FROM_SECRET = {"secretKeyRef": {"name": "old", "key": "password", "optional": True}}


SCALED = three(backend())


URL = {"backend": {"env": {"REDIS_URL": "redis://:${password}@${address}/1", "REDIS_PASSWORD": "${password}"}}}


SHAPES = {
    "real": Shape(backend(), REAL),
    "statefulset": Shape({**three(backend()), "kind": "StatefulSet"}, REAL),
    "several containers": Shape(
        several(),
        REAL
        | each("/spec/template/spec/containers/worker/env", "REDIS_HOST/value", "REDIS_PORT", "REDIS_PASSWORD")
        | each("/spec/template/spec/initContainers/wait/env", "REDIS_HOST/value", "REDIS_PORT", "REDIS_PASSWORD"),
        {
            "containers": {**ONE_CONTAINER, "worker": ONE_CONTAINER["backend"]},
            "initContainers": {"wait": ONE_CONTAINER["backend"]},
        },
    ),
    "url": Shape(
        with_env({"name": "STORE", "value": "$(REDIS_URL)"}, {"name": "REDIS_URL", "value": "redis://redis:6379/1"}),
        each(ENV, "REDIS_URL/value", "REDIS_PASSWORD"),
        {"containers": URL},
    ),
    "envFrom": Shape(
        with_env({"name": "OTHER", "value": "1"}, envFrom=[{"configMapRef": {"name": "redis"}}]),
        each(ENV, "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"),
    ),
    "no env at all": Shape(with_env(), frozenset({ENV})),
    "from ConfigMap and Secret": Shape(
        with_env({"name": "REDIS_HOST", "valueFrom": FROM_MAP}, {"name": "REDIS_PASSWORD", "valueFrom": FROM_SECRET}),
        each(ENV, "REDIS_HOST/value", "REDIS_HOST/valueFrom", "REDIS_PORT")
        | each(f"{ENV}/REDIS_PASSWORD/valueFrom/secretKeyRef", "name", "key", "optional"),
    ),
    "HorizontalPodAutoscaler": Shape(SCALED, REAL, scaler=hpa()),
    "ScaledObject": Shape(SCALED, REAL, scaler=keda()),
}
