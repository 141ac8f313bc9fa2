"""Helm values of other versions or other Redis charts, and the key to write instead.

None of them is in chart 23.1.1: Helm ignores them silently.
"""

_BOTH = "set master.{0} and replica.{0}"
_IMAGE = "set redis.image, which both roles use"
_OLD = "this key is from charts before 14.0"
_PASSWORD = "redis.auth sets the Secret of the password"
_LABELS = "set monitoring.release: rediskit renders the ServiceMonitor itself"

ADVICE: dict[str, str] = {
    "auth.existingSecretKey": "set redis.auth.key",
    "auth.secretName": "set redis.auth.secret",
    "auth.username": "add users to auth.acl.users: exporter and clients use the user default",
    "cluster": f"{_OLD}: set redis.replicas",
    "config": "set redis.memory, redis.appendOnly and redis.savePoints, or commonConfiguration",
    "containerSecurityContext": _BOTH.format("containerSecurityContext"),
    "disableCommands": "set redis.disabledCommands",
    "existingSecret": f"{_OLD}; {_PASSWORD}",
    "master.image": _IMAGE,
    "master.podManagementPolicy": "remove it: only replica has this key",
    "master.replicaCount": "set redis.replicas: there is one primary",
    "master.replicas": "set redis.replicas: there is one primary",
    "master.service.port": "set master.service.ports.redis, the name since chart 16.0.0",
    "maxmemory": "set redis.memory.max",
    "metrics.exporter": "set redis.resources.exporter and redis.exporterImage",
    "metrics.prometheusRule.labels": _LABELS.replace("ServiceMonitor", "PrometheusRule"),
    "metrics.service.port": "set metrics.service.ports.http",
    "metrics.serviceMonitor.labels": _LABELS,
    "metrics.serviceMonitor.path": "remove it: the path of the exporter is /metrics",
    "metrics.serviceMonitor.selector": _LABELS,
    "networkPolicy.ingress": "set network.allow: rediskit renders the NetworkPolicy itself",
    "nodeSelector": _BOTH.format("nodeSelector"),
    "password": f"{_OLD}; {_PASSWORD}",
    "persistence": "set redis.storage",
    "podAnnotations": _BOTH.format("podAnnotations"),
    "podLabels": _BOTH.format("podLabels"),
    "podSecurityContext": _BOTH.format("podSecurityContext"),
    "redis": "set redis.memory, redis.appendOnly and redis.savePoints, or commonConfiguration",
    "replica.count": "set redis.replicas",
    "replica.image": _IMAGE,
    "replica.minReplicasToWrite": "add the line min-replicas-to-write to master.configuration",
    "replica.replicas": "set redis.replicas",
    "replica.service.port": "set replica.service.ports.redis",
    "replicaCount": "set redis.replicas",
    "replicas": "set redis.replicas",
    "resources": "set redis.resources",
    "securityContext": "set podSecurityContext and containerSecurityContext of master and of replica",
    "service": "set master.service and replica.service, or network for external access",
    "slave": f"{_OLD}: set replica",
    "tolerations": _BOTH.format("tolerations"),
    "usePassword": f"{_OLD}; {_PASSWORD}",
}
"""The hint for each unknown path."""
