"""The Valkey chart of the Valkey project: one StatefulSet, whose pod 0 is always the primary, with the official image.

Templates are those of chart 0.11.0 (https://github.com/valkey-io/valkey-helm).
"""

from typing import Any

from rediskit.chart import official
from rediskit.chart.images import EXPORTER, VALKEY
from rediskit.chart.profile import (
    Capabilities,
    Labels,
    Layout,
    Part,
    Probes,
    Profile,
    Settings,
    anti_affinity,
    quiet_exporter,
)

_CONFIG = "/data/conf/valkey.conf"
"""The file that the server reads: the init container of the chart writes it on the volume (templates/init_config.yaml, init.sh)."""
_PASSWORD = official.password_in(_CONFIG, "masterauth")
_CLIENT = "valkey-cli"
_VOLUME = "valkey-data"
_COMPONENT = "app.kubernetes.io/component"
_METRICS = ("metrics", "exporter")
_RETENTION = "replica.persistentVolumeClaimRetentionPolicy"
_OF_SECRET = {
    "auth.usersExistingSecret": "redis.auth.secret",
    "auth.aclUsers.default.passwordKey": "redis.auth.key",
    "auth.enabled": "",
}


def values(settings: Settings) -> dict[str, Any]:
    """Return the Helm values, in the order of the chart.

    The chart gives the password for replication only to replicas, so that pod 0 could not follow a promoted replica. An init container
    of rediskit writes it for all.
    """
    return {
        **({"global": settings.global_mirror} if settings.mirror else {}),
        "image": official.image(settings.image),
        "fullnameOverride": settings.release.fullname,
        **settings.pod_annotations,
        "resources": settings.resources["primary"],
        "initResources": settings.resources["exporter"],
        "startupProbe": {"enabled": False},
        "livenessProbe": {"customProbe": official.liveness(_CLIENT, _PASSWORD)},
        "readinessProbe": {"enabled": True, "customProbe": official.readiness(_CLIENT, _PASSWORD)},
        official.INIT_CONTAINERS: [official.password_container(settings, _CONFIG, _VOLUME, ("masterauth",))],
        "valkeyConfig": official.conf_with_renames(settings),
        "auth": {
            "enabled": True,
            "usersExistingSecret": settings.secret,
            "aclUsers": {"default": {"permissions": "~* &* +@all", "passwordKey": settings.key}},
        },
        # Without `replica`, the chart has a Deployment, and its volume has another name.
        "replica": {
            "enabled": True,
            "replicas": settings.release.replicas,
            "service": {"enabled": False},
            "persistence": {"size": settings.size, "storageClass": settings.storage_class},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        },
        "affinity": anti_affinity(settings.release.selector),
        **({"podDisruptionBudget": {"enabled": True}} if settings.release.replicas else {}),
        "metrics": _metrics(settings) if settings.monitoring else {"enabled": False},
    }


def _metrics(settings: Settings) -> dict[str, Any]:
    return {
        "enabled": True,
        "exporter": {
            "args": official.exporter_flags(settings.release.container_port, quiet=quiet_exporter(settings)),
            "image": official.image(settings.exporter_image),
            "resources": settings.resources["exporter"],
            "securityContext": official.restricted(settings),
        },
    }


_START = ("env", "extraValkeyConfigs", "extraValkeySecrets", "extraVolumeMounts", "podSecurityContext", "securityContext")

VALKEY_IO = Profile(
    name="valkey",
    title="chart of the Valkey project",
    chart="valkey",
    repository="https://valkey.io/valkey-helm",
    places=("valkey.io/valkey-helm", "valkey-io.github.io/valkey-helm", "valkey-io/valkey"),
    version="0.11.0",
    series="0.11.",
    listed="0.11.0",
    image=VALKEY,
    exporter_image=EXPORTER,
    image_shells=("sh", ""),
    layout=Layout(
        label="valkey",
        claim=_VOLUME,
        container="",
        exporter="metrics",
        port_name="tcp",
        metrics_port_name="metrics",
        metrics_labels={_COMPONENT: "metrics"},
        services={"": {_COMPONENT: "primary"}, "-headless": {_COMPONENT: "headless"}},
        client=_CLIENT,
        password=_PASSWORD,
        user=1000,
        # Server and exporter have fixed ports: `service.port` and `metrics.exporter.port` change only the declared ones.
        ports={
            **dict.fromkeys(("port", "container_port", "replicas_port", "replicas_container_port"), (6379, ())),
            "metrics_port": (9121, ("metrics", "service", "ports", "http")),
            "metrics_container_port": (9121, ()),
        },
        announced=True,
    ),
    capabilities=Capabilities(),
    values=values,
    parts={
        "redis": Part(
            conf=(("valkeyConfig",),),
            persistence=("replica", "persistence"),
            start=tuple((key,) for key in _START),
            mounts=(("extraValkeyConfigs",), ("extraValkeySecrets",), ("extraVolumeMounts",)),
            variables=("env",),
        )
    },
    redis_conf=("valkeyConfig",),
    users=("auth", "aclUsers"),
    exporter=(*_METRICS, "resources"),
    images=((("image",), ()), ((*_METRICS, "image"), ("metrics", "enabled"))),
    owned={
        **_OF_SECRET,
        "auth.aclUsers.default.permissions": "",
        official.INIT_CONTAINERS: "",
        "metrics.enabled": "monitoring.enabled",
        "metrics.exporter.args": "",
        "readinessProbe.enabled": "",
        "replica.enabled": "",
        "replica.persistence.size": "redis.storage.size",
        "replica.persistence.storageClass": "redis.storage.class",
        **{f"{_RETENTION}.{key}": "" for key in ("whenDeleted", "whenScaled")},
        "replica.replicas": "redis.replicas",
        "replica.service.enabled": "",
    },
    fixed={
        "auth.aclConfig": ("", ""),
        # The chart ignores this volume where it has replicas (templates/pvc.yaml:1, templates/statefulset.yaml:25).
        "dataStorage.enabled": (False, "redis.storage"),
        "dataStorage.hostPath": ("", "redis.storage"),
        "dataStorage.persistentVolumeClaimName": ("", "redis.storage"),
        "extraSecretValkeyConfigs": (False, ""),
        "global.imageRegistry": ("", "redis.imageMirror"),
        "livenessProbe.enabled": (True, ""),
        "metrics.exporter.port": (9121, ""),
        "metrics.podMonitor.enabled": (False, "monitoring.enabled"),
        "metrics.prometheusRule.enabled": (False, "monitoring.alerts"),
        "metrics.service.enabled": (True, ""),
        "metrics.service.type": ("ClusterIP", ""),
        "metrics.serviceMonitor.enabled": (False, "monitoring.enabled"),
        "networkPolicy": ({}, "network.allow"),
        "podSecurityContext.runAsGroup": (1000, ""),
        "podSecurityContext.runAsUser": (1000, ""),
        "replica.replicationUser": ("default", ""),
        "securityContext.runAsUser": (1000, ""),
        "service.port": (6379, ""),
        "service.type": ("ClusterIP", "network"),
        "tls.enabled": (False, ""),
    },
    volumes={"replica.persistence.accessModes": ""},
    storage={"storageClass": "redis.storage.class", "size": "redis.storage.size"},
    start_files=("/data/conf", _CONFIG),
    topology=("replica.enabled",),
    replicas=(("replica", "replicas"), 0),
    credentials=_OF_SECRET,
    containers=((official.INIT_CONTAINERS,),),
    probes=Probes(liveness=(("livenessProbe", "customProbe"),)),
    labels=Labels(
        common=("commonLabels",),
        checksums=("checksum/initconfig", "checksum/config"),
    ),
    switched_kinds=(
        (("", "ServiceAccount"), True, (("serviceAccount", "create"),)),
        (("policy", "PodDisruptionBudget"), False, (("podDisruptionBudget", "enabled"),)),
    ),
    whole_sections=official.WHOLE_SECTIONS,
    advice={
        "architecture": "set redis.replicas",
        "auth.existingSecret": "set redis.auth.secret",
        "commonConfiguration": "set redis.memory, redis.appendOnly and redis.savePoints, or valkeyConfig",
        "config": "set redis.memory, redis.appendOnly and redis.savePoints, or valkeyConfig",
        "disableCommands": "set redis.disabledCommands",
        "extraConfig": "set valkeyConfig",
        "master": "this chart has one section for all instances: set the key without master",
        "metrics.image": "set redis.exporterImage",
        "metrics.resources": "set redis.resources.exporter",
        "persistence": "set redis.storage",
        "redisConfig": "set valkeyConfig",
        "replica.resources": "this chart has the same resources for all instances: set redis.resources.primary",
        "replicaCount": "set redis.replicas",
        "storage": "set redis.storage",
    },
)
