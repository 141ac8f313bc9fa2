"""The Redis chart of CloudPirates: one StatefulSet, whose pod 0 is always the primary, with the official image.

Templates are those of chart 0.34.18 (https://github.com/CloudPirates-io/helm-charts).
"""

from typing import Any

from rediskit.chart import official
from rediskit.chart.images import EXPORTER, REDIS
from rediskit.chart.profile import (
    Capabilities,
    ChartImage,
    Keys,
    Labels,
    Layout,
    Part,
    Probes,
    Profile,
    Settings,
    anti_affinity,
    quiet_exporter,
    rename,
)

_RETENTION = "persistentVolumeClaimRetentionPolicy"
_COMPONENT = "app.kubernetes.io/component"
_PORT: Keys = ("service", "port")
"""One value for the port of the Services and of the pods (templates/statefulset.yaml, templates/master-service.yaml)."""
_OF_SECRET = {"auth.existingSecret": "redis.auth.secret", "auth.existingSecretPasswordKey": "redis.auth.key", "auth.enabled": ""}


def values(settings: Settings) -> dict[str, Any]:
    """Return the Helm values, in the order of the chart.

    Its init container appends to redis.conf. When a node restarts, the kubelet runs init containers again on the same volume, and Redis
    does not start if redis.conf disables a command twice. So flags of the server disable them.
    """
    return {
        **({"global": settings.global_mirror} if settings.mirror else {}),
        "fullnameOverride": settings.release.fullname,
        "image": image(settings.image),
        # `standalone` has no Service for writes, so a Redis without replicas is a replication of one pod.
        "architecture": "replication",
        "replicaCount": 1 + settings.release.replicas,
        **settings.pod_annotations,
        "auth": {"enabled": True, "existingSecret": settings.secret, "existingSecretPasswordKey": settings.key},
        "extraConfig": "\n".join(settings.redis_conf),
        **({"extraFlags": [f"--{rename(command)}" for command in settings.disabled_commands]} if settings.disabled_commands else {}),
        "pdb": {"enabled": True, "minAvailable": settings.release.replicas} if settings.release.replicas else {"enabled": False},
        "persistence": {"enabled": True, "storageClass": settings.storage_class, "size": settings.size},
        _RETENTION: {"enabled": True, "whenScaled": "Retain", "whenDeleted": "Retain"},
        "resources": settings.resources["primary"],
        "affinity": anti_affinity(settings.release.selector),
        "sentinel": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "metrics": _metrics(settings) if settings.monitoring else {"enabled": False},
    }


def image(of: ChartImage) -> dict[str, Any]:
    """Return an image. A pinned image never changes, so a node may keep it."""
    return {**official.image(of), "pullPolicy": "IfNotPresent"}


def _metrics(settings: Settings) -> dict[str, Any]:
    # The flags take precedence over REDIS_ADDR of the chart.
    flags = official.exporter_flags(settings.release.container_port, quiet=quiet_exporter(settings))
    return {
        "enabled": True,
        "image": image(settings.exporter_image),
        "resources": settings.resources["exporter"],
        "extraArgs": flags,
        "serviceMonitor": {"enabled": False},
    }


CLOUDPIRATES = Profile(
    name="cloudpirates",
    title="Redis chart of CloudPirates",
    chart="redis",
    repository="oci://registry-1.docker.io/cloudpirates/redis",
    places=("cloudpirates/redis",),
    version="0.34.18",
    series="0.34.",
    listed="0.34.18",
    image=REDIS,
    exporter_image=EXPORTER,
    image_shells=("sh", "sh"),
    layout=Layout(
        label="redis",
        claim="data",
        container="redis",
        exporter="metrics",
        port_name="redis",
        metrics_port_name="http-metrics",
        metrics_labels={_COMPONENT: "metrics"},
        services={"": {}, "-master": {_COMPONENT: "master"}, "-headless": {}},
        password="$REDIS_PASSWORD",
        user=999,
        ports={
            **dict.fromkeys(("port", "container_port", "replicas_port", "replicas_container_port"), (6379, _PORT)),
            "metrics_port": (9121, ("metrics", "service", "port")),
            "metrics_container_port": (9121, ("metrics", "port")),
        },
    ),
    capabilities=Capabilities(external_primary=True),
    values=values,
    parts={
        "redis": Part(
            conf=(("config", "content"), ("extraConfig",)),
            flags=("extraFlags",),
            persistence=("persistence",),
            start=(
                *(("customScripts", hook, key) for hook in ("postStart", "preStop") for key in ("enabled", "command")),
                *(("extraEnvVars",), ("extraVolumeMounts",), ("podSecurityContext",), ("containerSecurityContext",)),
            ),
            mounts=(("extraVolumeMounts",),),
            variables=("extraEnvVars",),
            strategy=("updateStrategy",),
            grace=("terminationGracePeriodSeconds",),
        )
    },
    redis_conf=("extraConfig",),
    exporter=("metrics", "resources"),
    images=(
        (("image",), ()),
        (("metrics", "image"), ("metrics", "enabled")),
        (("volumePermissions", "image"), ("volumePermissions", "enabled")),
    ),
    owned={
        "architecture": "",
        **_OF_SECRET,
        "metrics.enabled": "monitoring.enabled",
        "metrics.extraArgs": "",
        "metrics.serviceMonitor.enabled": "monitoring.enabled",
        "networkPolicy.enabled": "",
        "persistence.enabled": "",
        "persistence.size": "redis.storage.size",
        "persistence.storageClass": "redis.storage.class",
        **{f"{_RETENTION}.{key}": "" for key in ("enabled", "whenDeleted", "whenScaled")},
        "replicaCount": "redis.replicas",
        "sentinel.enabled": "",
    },
    fixed={
        "auth.acl.enabled": (False, ""),
        "config.existingConfigmap": ("", ""),
        "externalMaster.enabled": (False, ""),
        "global.imageRegistry": ("", "redis.imageMirror"),
        "metrics.service.enabled": (True, ""),
        "metrics.service.name": ("http-metrics", ""),
        "metrics.service.type": ("ClusterIP", ""),
        "namespaceOverride": ("", "redis.namespace"),
        "service.type": ("ClusterIP", "network"),
        "tls.enabled": (False, ""),
        "useDeployment": (False, ""),
    },
    volumes={f"persistence.{key}": "" for key in ("accessMode", "annotations", "enabled", "existingClaim", "labels")},
    storage={"storageClass": "redis.storage.class", "size": "redis.storage.size"},
    folders=("mountPath", "subPath"),
    existing_claim="existingClaim",
    mount_path=("mountPath", False),
    start_files=("/tmp", "/tmp/redis.conf"),
    topology=("architecture", "useDeployment", "externalMaster.enabled", "sentinel.enabled"),
    replicas=(("replicaCount",), 1),
    credentials=_OF_SECRET,
    # `redis-cli ping` ends with 0 for every answer (templates/statefulset.yaml). It fails without an answer, and when Redis
    # closes the connection.
    probes=Probes(always_ready=True),
    labels=Labels(common=("commonLabels",), checksums=("checksum/config", "checksum/extraConfig")),
    extra_objects=("extraObjects",),
    switched_kinds=(
        (("", "ServiceAccount"), False, (("serviceAccount", "create"),)),
        (("policy", "PodDisruptionBudget"), False, (("pdb", "enabled"),)),
    ),
    # Sections that the chart prints with all keys in them (charts/common/templates/_helpers.tpl).
    whole_sections=r"(?:podS|containerS)ecurityContext(?:\..+)?",
    advice={
        "commonConfiguration": "set redis.memory, redis.appendOnly and redis.savePoints, or extraConfig",
        "disableCommands": "set redis.disabledCommands",
        "extraDeploy": "set extraObjects",
        "master": "this chart has one section for all instances: set the key without master",
        "metrics.serviceMonitor.additionalLabels": "set monitoring.release: rediskit renders the ServiceMonitor itself",
        "replica": "this chart has one section for all instances: set the key without replica, or redis.replicas",
        "storage": "set redis.storage",
    },
    conf_repeated=True,
)
