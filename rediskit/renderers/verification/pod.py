"""The pod that verifies a shared Redis from inside the cluster, for `rediskit verify` and for the Jobs in `checks/`."""

from collections.abc import Mapping
from functools import cache

from rediskit.model.environment import Environment
from rediskit.model.measures import RedisMemory
from rediskit.model.nested import at
from rediskit.model.once import once
from rediskit.renderers.helm import image_reference, merged_values, redis_conf, release_of
from rediskit.renderers.pages.templates import text
from rediskit.renderers.tree import Object

CONTAINER = "verify"
LABELS = {"app.kubernetes.io/managed-by": "rediskit-verify"}
"""The labels of the pods: no Service selects them."""
DEADLINE = 600
"""Seconds until Kubernetes ends a Job. A performance phase needs about a minute, and a Secret can be late."""
_USER = 1001
_UNPRIVILEGED = {
    "fsGroup": _USER,
    "runAsGroup": _USER,
    "runAsNonRoot": True,
    "runAsUser": _USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_SECRET = "/secrets"


@cache
def script() -> str:
    """Return the script that the pods run."""
    return text("verify.sh")


def replica_endpoints(environment: Environment) -> tuple[str, ...]:
    """Return the address of each replica, through the headless Service."""
    release = release_of(environment)
    suffix = f"{release.headless_service}.{release.namespace}.svc.{release.cluster_domain}:{release.replicas_container_port}"
    return tuple(f"{pod}.{suffix}" for pod in release.replica_pods)


@once
def expected_settings(environment: Environment) -> dict[str, str]:
    """Return the settings that `CONFIG GET` of a running Redis must return, from the text of redis.conf in the values."""
    content = at(merged_values(environment), *environment.redis.profile.redis_conf) or "\n".join(redis_conf(environment.redis))
    settings: dict[str, str] = {}
    for line in str(content).splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "maxmemory":
            settings[name] = str(int(RedisMemory(value.strip()).amount))
        elif name in ("maxmemory-policy", "appendonly"):
            settings[name] = value.strip()
        elif name == "save":
            settings[name] = " ".join(filter(None, (settings.get(name, ""), value.strip().strip('"'))))
    return settings


def parameters(environment: Environment, phases: tuple[str, ...], namespace: str, wait: int) -> Mapping[str, str]:
    """Return the variables of the script.

    Args:
        namespace: The namespace of the pod. Outside of that of Redis, a pod verifies what a client needs: no settings and no replicas.
        wait: Seconds to wait for the first answer of Redis and for its replicas.
    """
    release, inside = release_of(environment), namespace == environment.redis.namespace
    settings = expected_settings(environment) if inside else {}
    return {
        "PHASES": " ".join(phases),
        "HOST": release.primary_host,
        "PORT": str(release.port),
        "REPLICAS": " ".join(replica_endpoints(environment)) if inside else "",
        "PASSWORD_FILE": f"{_SECRET}/password",
        "DISABLED": " ".join(environment.redis.disabled_commands) if inside else "",
        "SETTINGS": "\n".join(f"{name}={value}" for name, value in settings.items()),
        "REQUESTS": str(environment.verification.requests),
        "OPERATIONS": str(environment.verification.operations),
        "P95": str(int(environment.verification.p95.amount) * 1000),
        "WAIT": str(wait),
    }


def job_spec(environment: Environment, phases: tuple[str, ...], namespace: str, *, wait: int, config_map: str = "") -> Object:
    """Return the spec of a Job. Its pod has no label that a Service of the release selects.

    Args:
        wait: Seconds to wait for the first answer of Redis and for its replicas.
        config_map: The ConfigMap with the script; without one, the script is an argument.
    """
    auth = environment.redis.auth
    variables = parameters(environment, phases, namespace, wait)
    mounts = [{"name": "password", "mountPath": _SECRET, "readOnly": True}, {"name": "tmp", "mountPath": "/tmp"}]
    volumes: list[Object] = [
        {"name": "password", "secret": {"secretName": auth.secret, "items": [{"key": auth.key, "path": "password"}]}},
        {"name": "tmp", "emptyDir": {}},
    ]
    if config_map:
        mounts.append({"name": "script", "mountPath": "/script", "readOnly": True})
        volumes.append({"name": "script", "configMap": {"name": config_map}})
    container = {
        "name": CONTAINER,
        "image": image_reference(environment, environment.verification.image),
        "command": ["bash", "/script/verify.sh"] if config_map else ["bash", "-c", script()],
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True},
        "volumeMounts": mounts,
    }
    pod = {
        **({"affinity": _apart(environment)} if "performance" in phases else {}),
        "automountServiceAccountToken": False,
        "containers": [container],
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "securityContext": _UNPRIVILEGED,
        "volumes": volumes,
    }
    template = {"metadata": {"labels": LABELS}, "spec": pod}
    return {"backoffLimit": 0, "activeDeadlineSeconds": DEADLINE, "template": template}


def _apart(environment: Environment) -> Object:
    """Return the affinity of a load test: on another node than the primary, if there is one, as a client is."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": release_of(environment).primary_selector}}
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}}
