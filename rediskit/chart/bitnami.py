"""The Redis chart of Bitnami: a StatefulSet for the primary and one for the replicas.

Templates are those of chart 23.1.1, the newest version in public Git. Chart 23.2.12 renders the same.
"""

from typing import Any

from rediskit.chart.bitnami_advice import ADVICE
from rediskit.chart.profile import (
    ALIVE,
    Capabilities,
    ChartImage,
    Labels,
    Layout,
    Part,
    Probes,
    Profile,
    Settings,
    anti_affinity,
    quiet_exporter,
)

_ROLES = ("master", "replica")
_RETENTION = "persistentVolumeClaimRetentionPolicy"
_COMPONENT = "app.kubernetes.io/component"
_EXPORTER_ADDRESS = "redis.addr"
"""The exporter flag for the address of Redis, which is also its key under `metrics.extraArgs`."""


def values(settings: Settings) -> dict[str, Any]:
    """Return the Helm values, in the order of the chart."""
    return {
        "global": {**settings.global_mirror, "security": {"allowInsecureImages": True}},
        "image": settings.image._asdict(),
        "architecture": "replication",
        "auth": {"enabled": True, "existingSecret": settings.secret, "existingSecretPasswordKey": settings.key, "usePasswordFiles": True},
        "commonConfiguration": "\n".join(settings.redis_conf),
        "master": {"count": 1, **_role(settings, "primary"), "customLivenessProbe": _liveness(), "service": {"type": "ClusterIP"}},
        "replica": {
            "replicaCount": settings.release.replicas,
            **_role(settings, "replica"),
            # The chart's affinity preset separates replicas only from other replicas.
            "affinity": anti_affinity(settings.release.selector),
            # The chart's probes also check the primary and restart the replica when the primary is down (bitnami/charts issue 8464).
            "customLivenessProbe": _liveness(),
            "customReadinessProbe": _probe("/health/ping_readiness_local.sh 1", 2),
        },
        "sentinel": {"enabled": False},
        "networkPolicy": {"enabled": False},
        "metrics": _metrics(settings) if settings.monitoring else {"enabled": False},
    }


def _role(settings: Settings, role: str) -> dict[str, Any]:
    return {
        "disableCommands": list(settings.disabled_commands),
        "resources": settings.resources[role],
        "persistence": {"enabled": True, "storageClass": settings.storage_class, "size": settings.size},
        _RETENTION: {"enabled": True, "whenScaled": "Retain", "whenDeleted": "Retain"},
        **settings.pod_annotations,
    }


def _liveness() -> dict[str, Any]:
    """Return the liveness probe of both roles: the chart's script, plus the answers in ALIVE.

    The script accepts only PONG, LOADING and MASTERDOWN (templates/health-configmap.yaml:61-98). With a full disk, Redis answers PING
    with MISCONF (server.c). The kubelet would restart it in a loop, and each restart of a primary can lose a second of writes. Readiness
    still fails. NOAUTH must fail: a StatefulSet waits for a pod that is not ready, so only a restart loads a new password.
    """
    answers = " || ".join(f'[[ $answer == *"{answer}"* ]]' for answer in ALIVE)
    return _probe(f'answer=$(/health/ping_liveness_local.sh 5 2>&1) || {{ echo "$answer"; {answers}; }}', 6)


def _probe(script: str, timeout: int) -> dict[str, Any]:
    return {
        "exec": {"command": ["/bin/bash", "-ec", script]},
        "initialDelaySeconds": 20,
        "periodSeconds": 5,
        "timeoutSeconds": timeout,
        "failureThreshold": 5,
    }


def _metrics(settings: Settings) -> dict[str, Any]:
    quiet = {"extraEnvVars": [{"name": "REDIS_EXPORTER_CONFIG_COMMAND", "value": "-"}]} if quiet_exporter(settings) else {}
    # If the address has a scheme, the exporter reports "unknown network redis" instead of the error from Redis (exporter/redis.go).
    return {
        "enabled": True,
        "image": settings.exporter_image._asdict(),
        "extraArgs": {_EXPORTER_ADDRESS: f"localhost:{settings.release.container_port}"},
        **quiet,
        "resources": settings.resources["exporter"],
        "serviceMonitor": {"enabled": False},
        "prometheusRule": {"enabled": False},
    }


_START = (
    *("command", "args", "preExecCmds", "initContainers", "lifecycleHooks", "extraEnvVars", "extraEnvVarsCM", "extraEnvVarsSecret"),
    *("extraVolumeMounts", "extraPodSpec", "podSecurityContext", "containerSecurityContext"),
)
_PLACEMENT = ("nodeSelector", "affinity.nodeAffinity", "nodeAffinityPreset", "tolerations", "topologySpreadConstraints", "schedulerName")


def _part(role: str) -> Part:
    return Part(
        conf=(("commonConfiguration",), (role, "configuration")),
        flags=(role, "extraFlags"),
        disabled=(role, "disableCommands"),
        resources=(role, "resources"),
        persistence=(role, "persistence"),
        start=tuple((role, key) for key in _START),
        replaced=((role, "command"), (role, "args")),
        mounts=((role, "extraVolumeMounts"),),
        variables=(role, "extraEnvVars"),
        placement=tuple((role, *key.split(".")) for key in _PLACEMENT),
        strategy=(role, "updateStrategy"),
        grace=(role, "terminationGracePeriodSeconds"),
        labels=(role, "podLabels"),
        annotations=(role, "podAnnotations"),
    )


_OWNED_BY_ROLE = {
    "disableCommands": "redis.disabledCommands",
    "persistence.enabled": "",
    "persistence.storageClass": "redis.storage.class",
    "persistence.size": "redis.storage.size",
    f"{_RETENTION}.enabled": "",
    f"{_RETENTION}.whenDeleted": "",
    f"{_RETENTION}.whenScaled": "",
}
_PROBES = ("customLivenessProbe", "customReadinessProbe")
_PASSWORD_FILE = "/opt/bitnami/redis/secrets/redis-password"
"""The password file in a Redis container, independent of the key of the Secret (templates/master/application.yaml:149, 471)."""
_CLAIM = ("accessModes", "annotations", "dataSource", "enabled", "existingClaim", "labels", "selector")
"""The keys of `persistence` in volumeClaimTemplates beside size and class (templates/master/application.yaml:536)."""

BITNAMI = Profile(
    name="bitnami",
    title="Redis chart of Bitnami",
    chart="redis",
    repository="oci://registry-1.docker.io/bitnamicharts/redis",
    places=("bitnami/redis", "bitnamicharts/redis"),
    version="23.2.12",
    series="23.",
    listed="23.1.1",
    maintained=False,
    image=ChartImage("docker.io", "bitnamilegacy/redis", "8.2.1-debian-12-r0"),
    exporter_image=ChartImage("docker.io", "bitnamilegacy/redis-exporter", "1.76.0-debian-12-r0"),
    image_shells=("bash", "bash"),
    layout=Layout(
        label="redis",
        primary="-master",
        replicas="-replicas",
        claim="redis-data",
        container="redis",
        exporter="metrics",
        port_name="redis",
        metrics_port_name="http-metrics",
        metrics_labels={_COMPONENT: "metrics"},
        services={"-master": {_COMPONENT: "master"}, "-replicas": {_COMPONENT: "replica"}, "-headless": {}},
        shell="bash",
        password=f"$(cat {_PASSWORD_FILE})",
        user=1001,
        pinned=False,
        ports={
            "port": (6379, ("master", "service", "ports", "redis")),
            "container_port": (6379, ("master", "containerPorts", "redis")),
            "replicas_port": (6379, ("replica", "service", "ports", "redis")),
            "replicas_container_port": (6379, ("replica", "containerPorts", "redis")),
            "metrics_port": (9121, ("metrics", "service", "ports", "http")),
            "metrics_container_port": (9121, ("metrics", "containerPorts", "http")),
        },
        announced=True,
    ),
    capabilities=Capabilities(role_resources=True, disabled_commands=True, external_primary=True),
    values=values,
    parts={role: _part(role) for role in _ROLES},
    redis_conf=("commonConfiguration",),
    memory_limit="192Mi",
    exporter=("metrics", "resources"),
    images=(
        (("image",), ()),
        (("metrics", "image"), ("metrics", "enabled")),
        (("volumePermissions", "image"), ("volumePermissions", "enabled")),
        (("sysctl", "image"), ("sysctl", "enabled")),
    ),
    owned={
        "architecture": "",
        "auth.enabled": "",
        "auth.existingSecret": "redis.auth.secret",
        "auth.existingSecretPasswordKey": "redis.auth.key",
        "auth.usePasswordFiles": "",
        "global.security.allowInsecureImages": "",
        "master.count": "",
        "master.service.type": "network",
        "metrics.enabled": "monitoring.enabled",
        r"metrics.extraArgs.redis\.addr": "",
        "metrics.prometheusRule.enabled": "monitoring.alerts",
        "metrics.serviceMonitor.enabled": "monitoring.enabled",
        "networkPolicy.enabled": "",
        "replica.replicaCount": "redis.replicas",
        "sentinel.enabled": "",
        **{f"{role}.{key}": instead for role in _ROLES for key, instead in _OWNED_BY_ROLE.items()},
    },
    fixed={
        "auth.acl.enabled": (False, ""),
        "diagnosticMode.enabled": (False, ""),
        "existingConfigmap": ("", ""),
        "global.imageRegistry": ("", "redis.imageMirror"),
        "global.storageClass": ("", "redis.storage.class"),
        "master.kind": ("StatefulSet", ""),
        "master.service.externalIPs": ([], "network"),
        **{f"{role}.service.internalTrafficPolicy": ("Cluster", "") for role in _ROLES},
        "metrics.podMonitor.enabled": (False, "monitoring.enabled"),
        "metrics.service.enabled": (True, ""),
        "metrics.service.type": ("ClusterIP", ""),
        "namespaceOverride": ("", "redis.namespace"),
        "replica.autoscaling.enabled": (False, "redis.replicas"),
        "replica.externalMaster.enabled": (False, ""),
        "replica.kind": ("StatefulSet", ""),
        "replica.service.type": ("ClusterIP", ""),
        "serviceBindings.enabled": (False, ""),
        "tls.enabled": (False, ""),
    },
    volumes={
        "global.storageClass": "redis.storage.class",
        "global.defaultStorageClass": "",
        **{f"{role}.persistence.{key}": "" for role in _ROLES for key in _CLAIM},
    },
    storage={"storageClass": "redis.storage.class", "size": "redis.storage.size"},
    services=("master.service", "replica.service", "metrics.service"),
    folders=("path", "subPath", "subPathExpr"),
    existing_claim="existingClaim",
    mount_path=("path", True),
    start_files=(
        *("/opt/bitnami/scripts/start-scripts", "/opt/bitnami/redis/etc", "/opt/bitnami/redis/mounted-etc"),
        *(f"/opt/bitnami/redis/{folder}/{name}.conf" for folder in ("etc", "mounted-etc") for name in ("redis", "master", "replica")),
    ),
    topology=("architecture", "master.count", "master.kind", "replica.kind", "replica.externalMaster.enabled", "sentinel.enabled"),
    management=("replica.podManagementPolicy",),
    replicas=(("replica", "replicaCount"), 0),
    credentials={"auth.existingSecret": "redis.auth.secret", "auth.existingSecretPasswordKey": "redis.auth.key", "auth.enabled": ""},
    probes=Probes(
        replica=tuple(("replica", name) for name in _PROBES),
        liveness=tuple((role, _PROBES[0]) for role in _ROLES),
        local="/health/ping_liveness_local.sh and /health/ping_readiness_local.sh",
        read_secret=True,
    ),
    labels=Labels(
        common=("commonLabels",),
        exporter=("metrics", "podLabels"),
        exporter_annotations=("metrics", "podAnnotations"),
        scraped=("prometheus.io/scrape", "prometheus.io/port"),
        checksums=tuple(f"checksum/{part}" for part in ("configmap", "health", "scripts", "secret")),
    ),
    extra_objects=("extraDeploy",),
    switched_kinds=(
        (("", "ServiceAccount"), True, (("master", "serviceAccount", "create"), ("replica", "serviceAccount", "create"))),
        (("policy", "PodDisruptionBudget"), True, (("master", "pdb", "create"), ("replica", "pdb", "create"))),
        (("rbac.authorization.k8s.io", "Role"), False, (("rbac", "create"),)),
        (("rbac.authorization.k8s.io", "RoleBinding"), False, (("rbac", "create"),)),
    ),
    # Sections with defaults that the chart prints with all other keys in them (templates/master/application.yaml,
    # charts/common/templates/_compatibility.tpl).
    whole_sections=(
        r"metrics\.podAnnotations"
        r"|(?:master|replica|metrics|sentinel|kubectl|volumePermissions)\.(?:podS|containerS)ecurityContext(?:\..+)?"
        r"|(?:master|replica|sentinel)\.(?:updateStrategy|startupProbe)"
        r"|metrics\.(?:startup|liveness|readiness)Probe"
    ),
    advice=ADVICE,
)
