"""The Redis chart of groundhog2k: one instance with the official image. It has replicas only with Sentinel.

Templates are those of chart 2.4.4 (https://github.com/groundhog2k/helm-charts).
"""

from typing import Any

from rediskit.chart import official
from rediskit.chart.images import EXPORTER, REDIS
from rediskit.chart.profile import (
    Capabilities,
    Labels,
    Layout,
    Part,
    Probes,
    Profile,
    Settings,
    quiet_exporter,
)

_CONFIG = "/data/conf/redis.conf"
"""The file that the server reads: the init container of the chart writes it on the volume (templates/scripts.yaml, init.sh)."""
_PASSWORD = official.password_in(_CONFIG, "requirepass")
_CLIENT = "redis-cli"
_VOLUME = "redis-data"
_RETENTION = "storage.persistentVolumeClaimRetentionPolicy"
_METRICS = ("metrics", "exporter")


def values(settings: Settings) -> dict[str, Any]:
    """Return the Helm values, in the order of the chart.

    The chart has no value for a Secret with a password alone: `extraSecretRedisConfigs` is for a Secret with lines of redis.conf. A flag
    with `$(REDIS_PASSWORD)` would show the password in the list of processes. An init container of rediskit therefore writes it.
    """
    image = settings.image._replace(registry=settings.mirror or settings.image.registry)
    return {
        "image": official.image(image),
        "fullnameOverride": settings.release.fullname,
        **settings.pod_annotations,
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "metrics": _metrics(settings) if settings.monitoring else {"enabled": False},
        "initResources": settings.resources["exporter"],
        "resources": settings.resources["primary"],
        "startupProbe": {"enabled": False},
        "customLivenessProbe": official.liveness(_CLIENT, _PASSWORD),
        "customReadinessProbe": official.readiness(_CLIENT, _PASSWORD),
        official.INIT_CONTAINERS: [official.password_container(settings, _CONFIG, _VOLUME, ("requirepass", "masterauth"))],
        "redisConfig": official.conf_with_renames(settings),
        "useDeploymentWhenNonHA": False,
        "storage": {
            "requestedSize": settings.size,
            "className": settings.storage_class,
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        },
    }


def _metrics(settings: Settings) -> dict[str, Any]:
    image = settings.exporter_image._replace(registry=settings.mirror or settings.exporter_image.registry)
    return {
        "enabled": True,
        "exporter": {
            "image": official.image(image),
            "resources": settings.resources["exporter"],
            "args": official.exporter_flags(settings.release.container_port, quiet=quiet_exporter(settings)),
            "env": [official.password_variable(settings)],
        },
        "serviceMonitor": {"enabled": False},
    }


_START = (
    *("env", "extraRedisConfigs", "extraRedisEnvSecrets", "extraRedisSecrets", "extraStorage"),
    *("podSecurityContext", "securityContext"),
)

GROUNDHOG2K = Profile(
    name="groundhog2k",
    title="Redis chart of groundhog2k",
    chart="redis",
    repository="https://groundhog2k.github.io/helm-charts",
    places=("groundhog2k.github.io/helm-charts", "groundhog2k/redis"),
    version="2.4.4",
    series="2.4.",
    listed="2.4.4",
    image=REDIS,
    exporter_image=EXPORTER,
    image_shells=("sh", ""),
    layout=Layout(
        label="redis",
        claim=_VOLUME,
        container="redis-server",
        exporter="redis-exporter",
        port_name="redis",
        metrics_port_name="exporter",
        metrics_labels={"redis/metrics-service": "{}"},
        services={"": {}, "-headless": {}},
        password=_PASSWORD,
        user=999,
        # The server and the exporter have fixed ports: `metrics.service.containerPort` changes only the declared one.
        ports={
            **dict.fromkeys(("port", "replicas_port"), (6379, ("service", "serverPort"))),
            **dict.fromkeys(("container_port", "replicas_container_port"), (6379, ())),
            "metrics_port": (9121, ("metrics", "service", "servicePort")),
            "metrics_container_port": (9121, ()),
        },
    ),
    capabilities=Capabilities(replicas=False),
    values=values,
    parts={
        "redis": Part(
            conf=(("redisConfig",),),
            flags=("args",),
            persistence=("storage",),
            start=tuple((key,) for key in _START),
            mounts=(("extraRedisConfigs",), ("extraRedisSecrets",), ("extraStorage",)),
            variables=("env",),
            strategy=("updateStrategyType",),
        )
    },
    redis_conf=("redisConfig",),
    exporter=(*_METRICS, "resources"),
    images=((("image",), ()), ((*_METRICS, "image"), ("metrics", "enabled"))),
    owned={
        official.INIT_CONTAINERS: "",
        "metrics.enabled": "monitoring.enabled",
        "metrics.exporter.args": "",
        "metrics.exporter.env": "redis.auth",
        "metrics.serviceMonitor.enabled": "monitoring.enabled",
        "storage.className": "redis.storage.class",
        "storage.requestedSize": "redis.storage.size",
        **{f"{_RETENTION}.{key}": "" for key in ("whenDeleted", "whenScaled")},
        "useDeploymentWhenNonHA": "",
    },
    fixed={
        "extraSecretRedisConfigs": ("", ""),
        "haMode.enabled": (False, ""),
        "metrics.service.containerPort": (9121, ""),
        "metrics.service.enabled": (True, ""),
        "metrics.service.type": ("ClusterIP", ""),
        "networkPolicy": ({}, "network.allow"),
        "securityContext.runAsGroup": (999, ""),
        "securityContext.runAsUser": (999, ""),
        "service.type": ("ClusterIP", "network"),
        "storage.volumeName": (_VOLUME, ""),
    },
    volumes={f"storage.{key}": "" for key in ("accessModes", "annotations", "labels", "persistentVolumeClaimName", "volumeName")},
    storage={"className": "redis.storage.class", "requestedSize": "redis.storage.size"},
    existing_claim="persistentVolumeClaimName",
    start_files=("/data/conf", _CONFIG),
    topology=("haMode.enabled", "useDeploymentWhenNonHA"),
    management=("podManagementPolicy",),
    replicas=((), 0),
    credentials={},
    containers=((official.INIT_CONTAINERS,), (*_METRICS, "env")),
    probes=Probes(liveness=(("customLivenessProbe",),)),
    labels=Labels(
        common=("customLabels",),
        checksums=("checksum/customconfig", "checksum/scripts"),
    ),
    switched_kinds=(
        (("", "ServiceAccount"), False, (("serviceAccount", "create"),)),
        (("policy", "PodDisruptionBudget"), False, (("podDisruptionBudget",),)),
    ),
    whole_sections=official.WHOLE_SECTIONS,
    advice={
        "architecture": "remove it: this profile has one instance",
        "auth": "redis.auth sets the Secret of the password",
        "commonConfiguration": "set redis.memory, redis.appendOnly and redis.savePoints, or redisConfig",
        "disableCommands": "set redis.disabledCommands",
        "extraConfig": "set redisConfig",
        "master": "this chart has one section for the instance: set the key without master",
        "metrics.image": "set redis.exporterImage",
        "metrics.resources": "set redis.resources.exporter",
        "persistence": "set redis.storage",
        "replica": "this chart has no replicas without Sentinel: choose another profile",
        "replicaCount": "this chart has no replicas without Sentinel: choose another profile",
        "sentinel": "this profile does not use Sentinel",
    },
)
