"""Values that charts of other versions or other makers know and this one does not, and what to write instead.

Each was checked to be absent from the 574 keys (chart §1.2). Helm would take every one of them without a word.
"""

from __future__ import annotations

_BOTH = "the chart has it for each role: master.{0} and replica.{0}"
_IMAGE = "there is one image for both roles: set redis.image"
_OLD = "this is the form of the chart before 14.0"
_PASSWORD = "the password comes from the Secret that redis.auth names"
_LABELS = "the chart's key is metrics.serviceMonitor.additionalLabels; the ServiceMonitor here is rediskit's own: set monitoring.release"

ADVICE: dict[str, str] = {
    "auth.existingSecretKey": "set redis.auth.key: the chart's key is auth.existingSecretPasswordKey",
    "auth.secretName": "set redis.auth.secret: the chart's key is auth.existingSecret",
    "auth.username": "the exporter and the clients use the user default; further users are auth.acl.users",
    "cluster": f"{_OLD}: architecture is replication, and replicas are set by redis.replicas",
    "config": "the chart's key is commonConfiguration; rediskit sets it from redis.memory, redis.appendOnly and redis.savePoints",
    "containerSecurityContext": _BOTH.format("containerSecurityContext"),
    "disableCommands": "set redis.disabledCommands: the chart has it for each role, master.disableCommands and replica.disableCommands",
    "existingSecret": f"{_OLD}; {_PASSWORD}",
    "master.image": _IMAGE,
    "master.podManagementPolicy": "only replica has it: there is one primary",
    "master.replicaCount": "the chart's key is master.count, and there is one primary; replicas are set by redis.replicas",
    "master.replicas": "the chart's key is master.count, and there is one primary; replicas are set by redis.replicas",
    "master.service.port": "renamed in 16.0.0: master.service.ports.redis",
    "maxmemory": "set redis.memory.max: the chart has it in the text of commonConfiguration",
    "metrics.exporter": "the exporter is metrics itself: set redis.resources.exporter and redis.exporterImage",
    "metrics.prometheusRule.labels": _LABELS.replace("serviceMonitor", "prometheusRule").replace("ServiceMonitor", "PrometheusRule"),
    "metrics.service.port": "the chart's key is metrics.service.ports.http",
    "metrics.serviceMonitor.labels": _LABELS,
    "metrics.serviceMonitor.path": "the exporter's path is /metrics; the chart has no key for it",
    "metrics.serviceMonitor.selector": _LABELS,
    "networkPolicy.ingress": "the chart's key is networkPolicy.extraIngress; the NetworkPolicy here is rediskit's own: set network.allow",
    "nodeSelector": _BOTH.format("nodeSelector"),
    "password": f"{_OLD}; {_PASSWORD}",
    "persistence": "set redis.storage: the chart has it for each role, master.persistence and replica.persistence",
    "podAnnotations": _BOTH.format("podAnnotations"),
    "podLabels": _BOTH.format("podLabels"),
    "podSecurityContext": _BOTH.format("podSecurityContext"),
    "redis": "redis.conf is the text of commonConfiguration; rediskit sets it from redis.memory, redis.appendOnly and redis.savePoints",
    "replica.count": "set redis.replicas: the chart's key is replica.replicaCount",
    "replica.image": _IMAGE,
    "replica.minReplicasToWrite": "there is no such value: min-replicas-to-write is a line of master.configuration",
    "replica.replicas": "set redis.replicas: the chart's key is replica.replicaCount",
    "replica.service.port": "the chart's key is replica.service.ports.redis",
    "replicaCount": "set redis.replicas: the chart's key is replica.replicaCount",
    "replicas": "set redis.replicas: the chart's key is replica.replicaCount",
    "resources": "set redis.resources: the chart has it for each container, master.resources, replica.resources and metrics.resources",
    "securityContext": "the chart has it for each role: podSecurityContext and containerSecurityContext of master and of replica",
    "service": "the chart has it for each role: master.service and replica.service; external access is rediskit's own: set network",
    "slave": f"{_OLD}: it is named replica now",
    "tolerations": _BOTH.format("tolerations"),
    "usePassword": f"{_OLD}; {_PASSWORD}",
}
"""Dotted path, as far as the chart does not know it, to the hint."""
