"""Clients with many workloads, variables and kinds: their objects, their config, and what the switch changes in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.renderers.owner_build import Object

VERSIONS = {"Rollout": "argoproj.io/v1alpha1", "CronJob": "batch/v1"}
HOST_AND_PORT = {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}
URL = {"REDIS_URL": "redis://:${password}@${address}/${database}?timeout=5"}


class Part(NamedTuple):
    """A workload of a client.

    Attributes:
        content: The real object.
        config: Its section of the config, without the manifest.
        switched: The variables and words that the switch changes, as `container/env/NAME` or `container/args`.
        scaler: Its autoscaler.
    """

    content: Object
    config: Mapping[str, Any]
    switched: tuple[str, ...]
    scaler: Object | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Kind, namespace and name."""
        return self.content["kind"], "beersystem", self.content["metadata"]["name"]


class Shape(NamedTuple):
    """A client.

    Attributes:
        keys: Its section of the config, without the workloads.
        parts: Its workloads.
        others: Workloads in the same base that are not in the config.
    """

    keys: Mapping[str, Any]
    parts: tuple[Part, ...]
    others: tuple[Object, ...] = ()


def container(name: str, *variables: str, **more: Any) -> Object:
    """Return a container whose variables have literal values."""
    env = {"env": [{"name": "LOG", "value": "info"}, *({"name": variable, "value": "old"} for variable in variables)]}
    return {"name": name, "image": f"registry.example.org/{name}:1", **(env if variables else {}), **more}


def part(
    kind: str, name: str, *containers: Object, init: tuple[Object, ...] = (), config: Mapping[str, Any], switched: str = "", **spec: Any
) -> Part:
    """Return a workload; `switched` lists what changes, separated by spaces."""
    pod: Object = {"containers": list(containers), **({"initContainers": list(init)} if init else {})}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    if kind == "CronJob":
        spec = {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": template}}, **spec}
    else:
        own = {} if "workloadRef" in spec else {"template": template}
        spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, **own, **spec}
    content = {
        "apiVersion": VERSIONS.get(kind, "apps/v1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": "beersystem"},
        "spec": spec,
    }
    return Part(content, config, tuple(switched.split()))


def simple(kind: str, name: str, **spec: Any) -> Part:
    """Return a workload with one container that reads host, port and password."""
    switched = " ".join(f"app/env/{variable}" for variable in HOST_AND_PORT)
    return part(kind, name, container("app", *HOST_AND_PORT), config={"containers": {"app": {}}}, switched=switched, **spec)


def scaled(kind: str, part: Part) -> Part:
    """Return a workload with an autoscaler that has its name."""
    name = part.content["metadata"]["name"]
    if kind == "ScaledObject":
        version, spec = "keda.sh/v1alpha1", {"scaleTargetRef": {"name": name}, "maxReplicaCount": 5, "triggers": [{"type": "cpu"}]}
    else:
        target = {"apiVersion": part.content["apiVersion"], "kind": part.content["kind"], "name": name}
        version, spec = "autoscaling/v2", {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 5}
    metadata = {"name": name, "namespace": "beersystem"}
    return part._replace(scaler={"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})


def bare(kind: str, name: str) -> Part:
    """Return a workload whose container has no variable at all."""
    return part(kind, name, container("app"), config={"containers": {"app": {}}}, switched="app/env")


ARGS = [{"from": "redis://redis:6379/1", "to": "redis://:${password}@${address}/${database}"}]
SHAPES = {
    "web and worker": Shape({"env": HOST_AND_PORT}, (simple("Deployment", "web"), simple("Deployment", "worker"))),
    "web, worker and beat": Shape(
        {"env": HOST_AND_PORT},
        (simple("Deployment", "web"), simple("StatefulSet", "worker"), simple("Deployment", "beat", replicas=1)),
    ),
    "a CronJob alone": Shape({"env": HOST_AND_PORT}, (simple("CronJob", "report"),)),
    "a suspended CronJob beside a Deployment": Shape(
        {"env": HOST_AND_PORT},
        (simple("Deployment", "web"), simple("CronJob", "report", suspend=True), simple("CronJob", "sweep", suspend=False)),
    ),
    "a Rollout": Shape({"env": HOST_AND_PORT}, (simple("Rollout", "web"),)),
    "a Rollout that takes its pods from a Deployment": Shape(
        {"env": HOST_AND_PORT},
        (
            part("Rollout", "web", config={}, workloadRef={"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}),
            simple("Deployment", "web", replicas=0)._replace(config={"containers": {"app": {}}, "replicas": 0}),
        ),
    ),
    "init containers in two workloads": Shape(
        {"env": {"REDIS_HOST": "${host}"}},
        tuple(
            part(
                "Deployment",
                name,
                container("app", "REDIS_HOST"),
                init=(container("first"), container("wait", "REDIS_HOST"), container("last")),
                config={"containers": {"app": {}}, "initContainers": {"wait": {}}},
                switched="app/env/REDIS_HOST wait/env/REDIS_HOST",
            )
            for name in ("web", "worker")
        ),
    ),
    "a command line": Shape(
        {"databases": {"default": 3}},
        (
            part(
                "Deployment",
                "worker",
                container("app", args=["--verbose", "--broker=redis://redis:6379/1"]),
                config={"containers": {"app": {"args": ARGS}}},
                switched="app/args app/env",
            ),
        ),
    ),
    "a command line in a Rollout behind another container": Shape(
        {},
        (
            part(
                "Rollout",
                "worker",
                container("proxy"),
                container("app", "REDIS_HOST", command=["run", "redis://redis:6379/1"]),
                config={"containers": {"app": {"args": ARGS, "env": {"REDIS_HOST": "${host}"}}}},
                switched="app/command app/env/REDIS_HOST app/env/REDISKIT_PASSWORD",
            ),
        ),
    ),
    "one URL with a query": Shape(
        {"databases": {"default": 2}, "env": URL},
        (
            part(
                "Deployment",
                "web",
                container("app", *URL),
                config={"containers": {"app": {}}},
                switched="app/env/REDIS_URL app/env/REDISKIT_PASSWORD",
            ),
        ),
    ),
    "three URLs, three databases": Shape(
        {
            "databases": {"broker": 0, "results": 1, "cache": {"number": 2, "shared": True}},
            "env": {
                f"{name.upper()}_URL": f"redis://:${{password}}@${{address}}/${{database.{name}}}"
                for name in ("broker", "results", "cache")
            },
        },
        tuple(
            part(
                "Deployment",
                name,
                container("app", "BROKER_URL", "RESULTS_URL", "CACHE_URL"),
                config={"containers": {"app": {}}},
                switched="app/env/BROKER_URL app/env/RESULTS_URL app/env/CACHE_URL app/env/REDISKIT_PASSWORD",
            )
            for name in ("web", "worker")
        ),
    ),
    "variables that are removed and literals": Shape(
        {"env": {"REDIS_PASSWORD_FILE": None, "REDIS_TLS": "false", "REDIS_USER": "${username}", **HOST_AND_PORT}},
        (
            part(
                "Deployment",
                "web",
                container("app", "REDIS_PASSWORD_FILE", "REDIS_TLS", "REDIS_USER", *HOST_AND_PORT),
                config={"containers": {"app": {}}},
                switched=" ".join(f"app/env/{name}" for name in ("REDIS_PASSWORD_FILE", "REDIS_TLS", "REDIS_USER", *HOST_AND_PORT)),
            ),
        ),
    ),
    "the same in a Rollout": Shape(
        {"env": {"REDIS_PASSWORD_FILE": None, "REDIS_TLS": "false", **HOST_AND_PORT}},
        (
            part(
                "Rollout",
                "web",
                container("app", "REDIS_TLS", "REDIS_PORT", "REDIS_PASSWORD_FILE", "REDIS_HOST"),
                config={"containers": {"app": {}}},
                switched=" ".join(f"app/env/{name}" for name in ("REDIS_PASSWORD_FILE", "REDIS_TLS", *HOST_AND_PORT)),
            ),
        ),
    ),
    "a container that a person changes": Shape(
        {"env": HOST_AND_PORT},
        (
            part(
                "Deployment",
                "web",
                container("app", *HOST_AND_PORT),
                container("legacy"),
                config={"containers": {"app": {}, "legacy": {"external": "config.yaml of ConfigMap/shop"}}},
                switched=" ".join(f"app/env/{name}" for name in HOST_AND_PORT),
            ),
            part("Deployment", "search", container("app"), config={"containers": {"app": {"external": "its settings page"}}}),
        ),
    ),
    "variables of their own in one container": Shape(
        {"env": HOST_AND_PORT},
        (
            part(
                "Deployment",
                "web",
                container("app", *HOST_AND_PORT),
                container("sidecar", "CACHE_ADDRESS"),
                config={"containers": {"app": {}, "sidecar": {"env": {"CACHE_ADDRESS": "${address}"}}}},
                switched=" ".join(("sidecar/env/CACHE_ADDRESS", *(f"app/env/{name}" for name in HOST_AND_PORT))),
            ),
        ),
    ),
    "14 workloads": Shape(
        {"env": HOST_AND_PORT},
        tuple(simple("Deployment" if index % 3 else "StatefulSet", f"part-{index}") for index in range(14)),
    ),
    "autoscalers on two of three workloads": Shape(
        {"env": HOST_AND_PORT},
        (
            scaled("HorizontalPodAutoscaler", simple("Deployment", "web")),
            simple("StatefulSet", "beat", replicas=1),
            scaled("ScaledObject", simple("Deployment", "worker")),
        ),
    ),
    "names with dots, beside names that they match as patterns": Shape(
        {"env": HOST_AND_PORT},
        (scaled("HorizontalPodAutoscaler", simple("Deployment", "web.eu")), simple("StatefulSet", "web.v2"), simple("CronJob", "web.gc")),
        tuple(
            simple(kind, name).content
            for kind, name in (("Deployment", "webxeu"), ("Deployment", "web-eu"), ("StatefulSet", "web-v2"), ("CronJob", "web-gc"))
        ),
    ),
    "containers without a variable": Shape(
        {"env": {**HOST_AND_PORT, **URL}},
        tuple(bare(kind, kind.lower()) for kind in ("Deployment", "StatefulSet", "CronJob", "Rollout")),
    ),
}
