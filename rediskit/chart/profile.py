"""The record of a supported Helm chart: everything that rediskit knows about it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from rediskit.chart.names import Release

Keys = tuple[str, ...]
"""The path of a Helm value. Empty: the chart has no such value."""


class ChartImage(NamedTuple):
    """A container image."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""


class Settings(NamedTuple):
    """The settings of a config that become Helm values.

    Attributes:
        release: Names, ports and selectors.
        exporter_image: The image of the metrics sidecar.
        mirror: A registry that mirrors all images; empty for none.
        secret: The Secret with the password.
        redis_conf: The lines of redis.conf, without disabled commands.
        resources: Requests and limits of `primary`, `replica` and `exporter`.
        annotations: Annotations of the pods, which restart them when they change.
        monitoring: Whether the exporter runs.
    """

    release: "Release"
    image: ChartImage
    exporter_image: ChartImage
    mirror: str
    secret: str
    key: str
    redis_conf: tuple[str, ...]
    disabled_commands: tuple[str, ...]
    storage_class: str
    size: str
    resources: Mapping[str, Mapping[str, Mapping[str, str]]]
    annotations: Mapping[str, str]
    monitoring: bool

    @property
    def pod_annotations(self) -> dict[str, dict[str, str]]:
        """The value with the annotations; empty without any."""
        return {"podAnnotations": dict(self.annotations)} if self.annotations else {}

    @property
    def global_mirror(self) -> dict[str, str]:
        """The key of `global` with the mirror; empty without one."""
        return {"imageRegistry": self.mirror} if self.mirror else {}


class Layout(NamedTuple):
    """What the chart calls its objects. Names are suffixes of the full name of the release.

    Attributes:
        label: The label `app.kubernetes.io/name`.
        primary: The StatefulSet of the primary.
        replicas: The StatefulSet of the replicas; the same where pod 0 of one StatefulSet is the primary.
        claim: The volumeClaimTemplate.
        container: The container of Redis; empty for the full name of the release.
        exporter: The container of the metrics sidecar.
        metrics_labels: The labels by which the metrics Service differs from the others. `{}` is its name.
        services: The labels of each Service of the chart beside those of all pods, by suffix.
        shell: The shell in the container of Redis.
        password: The password in a shell of this container.
        pinned: Whether the chart sets its names by `fullnameOverride`, so that they are the same as with another chart.
        ports: The default of each port of `Release`, and the value that changes it (empty: nothing does).
        announced: Whether replicas announce their DNS names to the primary, and not the addresses of their pods.
    """

    label: str
    claim: str
    container: str
    exporter: str
    port_name: str
    metrics_port_name: str
    metrics_labels: Mapping[str, str]
    services: Mapping[str, Mapping[str, str]]
    password: str
    user: int
    ports: Mapping[str, tuple[int, Keys]]
    primary: str = ""
    replicas: str = ""
    shell: str = "sh"
    client: str = "redis-cli"
    pinned: bool = True
    announced: bool = False


class Part(NamedTuple):
    """The values of the pods of one role, or of all pods where the chart does not distinguish roles.

    Attributes:
        conf: The texts of redis.conf, in the order in which the server reads them.
        flags: The flags of the server.
        disabled: The list of disabled commands; empty where redis.conf or the flags have `rename-command`.
        persistence: The section of the volume.
        start: The values that replace or precede the start command, or change what it finds: variables, mounts, users.
        replaced: The values of `start` that replace the start command.
        mounts: The lists with further mounts of the server, each with `mountPath`.
        variables: The variables of the server beside those of the chart: a list, or a mapping by name.
        placement: The values that decide on which nodes a pod can run.
        grace: The seconds in which a pod must stop.
        strategy: The update strategy of the StatefulSet, or its type alone; empty where the chart has none.
    """

    conf: tuple[Keys, ...]
    persistence: Keys
    flags: Keys = ()
    disabled: Keys = ()
    resources: Keys = ("resources",)
    start: tuple[Keys, ...] = ()
    replaced: tuple[Keys, ...] = ()
    mounts: tuple[Keys, ...] = ()
    variables: Keys = ()
    placement: tuple[Keys, ...] = (("nodeSelector",), ("affinity", "nodeAffinity"), ("tolerations",), ("topologySpreadConstraints",))
    strategy: Keys = ()
    grace: Keys = ()
    labels: Keys = ("podLabels",)
    annotations: Keys = ("podAnnotations",)


class Probes(NamedTuple):
    """What the probes of the chart need.

    Attributes:
        replica: Probes of replicas that must not test the primary.
        liveness: Liveness probes that must accept ALIVE.
        local: Scripts of the chart that test only their own Redis, for a hint; empty for none.
        read_secret: Whether they fail when the Secret changes, because they read the mounted password.
        always_ready: Whether a Redis that answers with an error is ready.
    """

    replica: tuple[Keys, ...] = ()
    liveness: tuple[Keys, ...] = ()
    local: str = ""
    read_secret: bool = False
    always_ready: bool = False


class Labels(NamedTuple):
    """Values with labels and annotations that pods or all objects get.

    Attributes:
        common: Labels of all objects.
        exporter: Labels of the pods while the exporter runs.
        exporter_annotations: Annotations of the pods while the exporter runs.
        scraped: Annotations that the chart sets while the exporter runs.
        checksums: Annotations that the chart sets on the pods.
    """

    common: Keys
    checksums: tuple[str, ...]
    exporter: Keys = ()
    exporter_annotations: Keys = ()
    scraped: tuple[str, ...] = ()


class Capabilities(NamedTuple):
    """What the chart can do.

    Attributes:
        replicas: Whether read replicas are possible without Sentinel.
        role_resources: Whether primary and replicas can have different resources.
        disabled_commands: Whether it has a list of disabled commands; without one, redis.conf or flags disable them.
        external_primary: Whether it can replicate from a Redis outside of the release.
    """

    replicas: bool = True
    role_resources: bool = False
    disabled_commands: bool = False
    external_primary: bool = False


class Profile(NamedTuple):
    """A supported Helm chart.

    Attributes:
        name: The name in a config.
        title: The chart in a sentence.
        places: The last path segments of its repositories, by which a mirror is recognised.
        version: The version that a config gets by default.
        series, listed: The start of the known versions, and the version of the list of values.
        exporter_image: The default image of the metrics sidecar.
        image_shells: The shell that the chart needs in the image of Redis and in that of the exporter; empty for none.
        layout: The names.
        capabilities: What it can do.
        values: Returns the Helm values of a config.
        parts: The values of pods by role.
        redis_conf: The value with the lines of redis.conf that rediskit renders.
        memory_limit: The memory limit of a container without one.
        exporter: The resources of the exporter.
        images: Each image in the values, and the switch of its container (empty: always on).
        owned: Rendered values that other rendered objects need, and the config key that sets them ("" for none). A backslash escapes a dot.
        fixed: Values that must keep the default of the chart: this default, and the config key to set instead ("" for none).
        volumes: Values in the volumeClaimTemplates beside size and class, with the config key.
        storage: Class and size of a volume, with the config key; the keys are those in `Part.persistence`.
        services: The sections of the Services that the chart creates.
        folders: The keys of the folder of the data in `Part.persistence`.
        existing_claim: The key of an existing PersistentVolumeClaim in `Part.persistence`.
        mount_path: The key of the mount of the volume in `Part.persistence`, and whether the chart sets `dir` to it. Default: `/data`.
        start_files: The mounts and files with the configuration and the start script of the server.
        topology: Values that decide which workloads exist.
        management: Values of the immutable podManagementPolicy.
        replicas: The number of instances, and how many of them are the primary. Without a value, that of the config.
        credentials: Values of the Secret, with the config key. Empty: they are in lists, so that the config is compared.
        containers: Values with containers or variables of rediskit that read the Secret.
        probes: What the probes need.
        labels: Values with labels and annotations.
        extra_objects: The list of further objects.
        switched_kinds: The kinds beside KINDS, the default of their switches, and the switches.
        whole_sections: A regular expression of sections that the chart prints with all keys in them.
        advice: Hints for values of other charts or versions, by path.
        users: The further users of the server, a mapping with the ACL rules in `permissions`.
        conf_repeated: Whether the server gets the lines of redis.conf twice after a restart of its node.
    """

    name: str
    title: str
    chart: str
    repository: str
    places: tuple[str, ...]
    version: str
    series: str
    listed: str
    image: ChartImage
    exporter_image: ChartImage
    image_shells: tuple[str, str]
    layout: Layout
    capabilities: Capabilities
    values: Callable[[Settings], dict[str, Any]]
    parts: Mapping[str, Part]
    redis_conf: Keys
    exporter: Keys
    images: tuple[tuple[Keys, Keys], ...]
    owned: Mapping[str, str]
    fixed: Mapping[str, tuple[Any, str]]
    volumes: Mapping[str, str]
    storage: Mapping[str, str]
    topology: tuple[str, ...]
    replicas: tuple[Keys, int]
    credentials: Mapping[str, str]
    probes: Probes
    labels: Labels
    switched_kinds: tuple[tuple[tuple[str, str], bool, tuple[Keys, ...]], ...]
    whole_sections: str
    advice: Mapping[str, str]
    maintained: bool = True
    memory_limit: str = ""
    services: tuple[str, ...] = ("service", "metrics.service")
    folders: tuple[str, ...] = ()
    existing_claim: str = ""
    mount_path: tuple[str, bool] = ("", True)
    start_files: tuple[str, ...] = ()
    management: tuple[str, ...] = ()
    containers: tuple[Keys, ...] = ()
    extra_objects: Keys = ()
    users: Keys = ()
    conf_repeated: bool = False

    @property
    def over_http(self) -> bool:
        """Whether the public repository is an HTTP repository and not an OCI registry."""
        return self.repository.startswith("https://")

    @property
    def keys_file(self) -> str:
        """The file with the known values, below `rediskit/data`."""
        return f"chart_keys_{self.name}_{self.listed}.tsv"


KINDS = frozenset({("", "ConfigMap"), ("", "Service"), ("apps", "StatefulSet")})
"""API group and kind of the objects that every chart renders."""
ALIVE = ("MISCONF", "max number of clients reached")
"""Answers of a Redis with a full disk or without a free connection. A restart fixes neither."""


def anti_affinity(selector: Mapping[str, str]) -> dict[str, Any]:
    """Return an affinity that prefers another node for each pod of the release."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": dict(selector)}}
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]}}


def quiet_exporter(settings: Settings) -> bool:
    """Return whether the exporter must not call CONFIG: with CONFIG disabled, it logs a failed call at every scrape (exporter.go)."""
    return "CONFIG" in settings.disabled_commands


def rename(command: str) -> str:
    """Return the line of redis.conf that disables a command."""
    return f'rename-command {command} ""'
