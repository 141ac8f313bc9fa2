"""The Redis release: chart, images, memory, storage."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, Strict, ValidationInfo, field_validator, model_validator

from rediskit.chart.profile import ChartImage, Profile
from rediskit.chart.profiles import DEFAULT, PROFILES, ProfileName, profile_of
from rediskit.errors import Problem, nearest
from rediskit.model.base import SECRET_HINT, Model, not_required, refuse, refuse_all, shown
from rediskit.model.measures import Bytes, Quantity, RedisMemory
from rediskit.model.resources import Resources
from rediskit.model.types import (
    ChartRepository,
    Digest,
    DnsLabel,
    DnsName,
    ExactVersion,
    Flag,
    ImageRepository,
    ImageTag,
    LabelKey,
    LabelValue,
    RedisCommand,
    Registry,
    ReleaseName,
    SavePoint,
    SecretKey,
    ValuePath,
)
from rediskit.secrecy import secrets_in

NEEDED_COMMANDS = frozenset(
    "AUTH CLIENT COMMAND FAILOVER HELLO INFO PING PSYNC REPLCONF REPLICAOF SELECT SLAVEOF SYNC".split(),
)
"""Commands that probes, exporter, replication and a manual failover use (chart 23.1.1 templates/health-configmap.yaml and
templates/scripts-configmap.yaml, redis_exporter, Redis replication)."""

DISABLEABLE_COMMANDS = frozenset(
    "ACL BGREWRITEAOF BGSAVE CLUSTER CONFIG DEBUG DUMP EVAL EVALSHA FCALL FLUSHALL FLUSHDB FUNCTION KEYS LATENCY "
    "MEMORY MIGRATE MODULE MONITOR OBJECT RANDOMKEY RESTORE SAVE SCAN SCRIPT SHUTDOWN SLOWLOG SORT SWAPDB".split(),
)
"""Commands of all Redis versions from 6.2 to 8. Redis does not start with a `rename-command` of an unknown command (config.c, "No such
command")."""


def _profile(data: dict[str, Any]) -> Profile:
    """Return the profile of a chart section whose earlier fields are validated; the default one where they are wrong."""
    return PROFILES[data.get("profile", DEFAULT)]


class Chart(Model):
    """The Helm chart, pinned to one version."""

    profile: ProfileName = DEFAULT
    """The publisher of the chart, which decides names, selectors, values and the defaults below (docs/charts.md). Default: that of the
    repository."""
    repository: ChartRepository = Field(default_factory=lambda data: _profile(data).repository)
    """The repository of the chart: OCI, or HTTP where the publisher has no OCI repository. Default: that of the profile."""
    version: ExactVersion = Field(default_factory=lambda data: _profile(data).version)
    """The exact version of the chart. Default: that of the profile."""
    extra_keys: tuple[ValuePath, ...] = ()
    """Value paths of a newer chart that the included list does not contain, like `master.newKey`."""

    @property
    def over_http(self) -> bool:
        """Whether the repository is an HTTP repository with an index, and not an OCI registry."""
        return self.repository.startswith("https://")

    @model_validator(mode="before")
    @classmethod
    def _has_a_profile(cls, data: Any) -> Any:
        repository = data.get("repository") if isinstance(data, dict) and "profile" not in data else None
        if not isinstance(repository, str) or not repository.startswith(("oci://", "https://")):
            return data
        if (name := profile_of(repository)) is None:
            hint = f"set redis.chart.profile where it is a mirror: {', '.join(PROFILES)}"
            refuse("chart-unknown", f"rediskit does not know the chart {shown(repository)}", hint, "repository")
        return {**data, "profile": name}

    @model_validator(mode="after")
    def _is_a_chart_of_the_profile(self) -> Self:
        other = profile_of(self.repository)
        if other not in (None, self.profile):
            refuse(
                "chart-unknown",
                f"{self.repository} is a chart of the profile {other}, not of {self.profile}",
                f"set profile: {other}",
                "profile",
            )
        return self


class Image(Model):
    """A container image, pinned by tag or digest. The digest takes precedence. If a key is set, the tag has no default."""

    model_config = ConfigDict(json_schema_extra=not_required)

    registry: Registry = "docker.io"
    """The registry of the image."""
    repository: ImageRepository
    """The name of the image without registry and tag."""
    tag: ImageTag = ""
    """The tag; not `latest`. Empty if only the digest is used."""
    digest: Digest = ""
    """`sha256:` and 64 hexadecimal digits. It takes precedence over the tag."""

    @model_validator(mode="after")
    def _pinned(self) -> Self:
        if not self.tag and not self.digest:
            refuse("image-tag", "the image has no tag and no digest", "add the tag, or pin the image by digest")
        return self


class Auth(Model):
    """The Secret with the password of Redis. It has the same name in the namespace of each client."""

    secret: DnsName = "redis-credentials"
    """The name of the Secret."""
    key: SecretKey = "redis-password"
    """The key of the password in the Secret."""


class Storage(Model):
    """The volume of each instance."""

    storage_class: DnsName = Field(default="local-path", alias="class")
    """The StorageClass of the volumes."""
    size: Bytes = Quantity("10Gi")
    """The size of each volume."""


class Memory(Model):
    """Memory limit and eviction policy of Redis."""

    max: RedisMemory = RedisMemory("1gb")
    """`maxmemory`, in the units of redis.conf. Memory limits should be at least 2.2 times as large, volumes 3 times with `appendOnly`."""
    policy: Literal[
        "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "noeviction"
    ] = "allkeys-lru"
    """`maxmemory-policy`: the keys that Redis evicts at the memory limit."""

    @field_validator("max")
    @classmethod
    def _is_a_limit(cls, size: RedisMemory) -> RedisMemory:
        if size.amount == 0:
            refuse("redis-memory", "0 means no limit: Redis grows until the kernel kills it", "write a size, like 1gb")
        if size.amount < 2**20:
            hint = f"did you mean {size}mb or {size}gb?" if str(size).isdigit() else "write a size, like 1gb"
            refuse("redis-memory", f"{size} is {size.amount} bytes", hint)
        return size


def _of(data: dict[str, Any]) -> Profile:
    """Return the profile of the chart, from the validated fields of the section `redis`."""
    return PROFILES[data["chart"].profile if "chart" in data else DEFAULT]


class Redis(Model):
    """The Redis release. Every key has a default."""

    release: ReleaseName = "redis-shared"
    """The name of the Helm release, from which the chart derives the names of its objects."""
    namespace: DnsLabel = "redis"
    """The namespace of Redis. Nothing else runs in it."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=lambda data: {"name": data.get("namespace", ""), "type": "shared-service"})
    """Labels of the Namespace. Default: `name` (the namespace) and `type: shared-service`."""
    chart: Chart = Chart()
    """The Helm chart, pinned to one version."""
    image: Image = Field(default_factory=lambda data: Image(**_of(data).image._asdict()))
    """The image of Redis. Default: the image of the chart profile. If you set other keys, `repository` keeps this default."""
    exporter_image: Image = Field(default_factory=lambda data: Image(**_of(data).exporter_image._asdict()))
    """The image of the metrics sidecar. Default: the exporter image of the chart profile."""
    image_mirror: Registry | None = None
    """A registry that mirrors all images of the chart."""
    auth: Auth = Auth()
    """Secret and key of the password."""
    replicas: Annotated[int, Strict(), Field(ge=0, le=9)] = Field(default_factory=lambda data: int(_of(data).capabilities.replicas))
    """The number of read replicas beside the primary. Default: 1, or 0 with a profile that has none."""
    storage: Storage = Storage()
    """The volume of each instance."""
    resources: Resources = Field(default=Resources(), validate_default=True)
    """CPU and memory of the containers. A profile with one section for all instances uses `primary` for the replicas too."""
    memory: Memory = Field(default=Memory(), validate_default=True)
    """Memory limit and eviction policy of Redis."""
    databases: Annotated[int, Strict(), Field(ge=1, le=10000)] = 16
    """The number of numbered databases. Clients use the numbers from 0 to one less."""
    append_only: Flag = True
    """Whether Redis writes an append-only file, synced every second."""
    save_points: tuple[SavePoint, ...] = ()
    """RDB save points: seconds and number of changes, like `900 1`."""
    disabled_commands: tuple[RedisCommand, ...] = ("FLUSHDB", "FLUSHALL")
    """Commands that are disabled on the primary and the replicas."""
    values: dict[str, Any] = Field(default={})
    """Further Helm values, merged last and checked against the known keys of the chart."""

    @property
    def profile(self) -> Profile:
        """What rediskit knows about the chart."""
        return PROFILES[self.chart.profile]

    @field_validator("image", "exporter_image", mode="before")
    @classmethod
    def _with_the_repository(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        default: ChartImage = getattr(_of(info.data), str(info.field_name))
        return {"repository": default.repository, **value}

    @field_validator("replicas")
    @classmethod
    def _can_have_replicas(cls, replicas: int, info: ValidationInfo) -> int:
        profile = _of(info.data)
        if replicas and not profile.capabilities.replicas:
            refuse(
                "chart-capability", f"the {profile.title} has no replicas without Sentinel", "set replicas: 0, or choose another profile"
            )
        return replicas

    @field_validator("resources")
    @classmethod
    def _are_possible(cls, resources: Resources, info: ValidationInfo) -> Resources:
        profile = _of(info.data)
        if profile.capabilities.role_resources:
            return resources
        if "replica" in resources.model_fields_set and resources.replica != resources.primary:
            hint = "set resources.primary alone, with the larger of the two"
            refuse("chart-capability", f"the {profile.title} has the same resources for all instances", hint, "replica")
        return resources.model_copy(update={"replica": resources.primary})

    @field_validator("memory")
    @classmethod
    def _below_the_limits(cls, memory: Memory, info: ValidationInfo) -> Memory:
        resources = info.data.get("resources")
        limits = {role: getattr(resources, role).limits.memory for role in ("primary", "replica")} if resources else {}
        for role, limit in limits.items():
            if memory.max >= limit:
                message = f"{memory.max} is not below the memory limit {limit} of the {role}: the kernel kills Redis before it evicts keys"
                refuse("redis-memory", message, f"lower memory.max to about half of resources.{role}.limits.memory", "max")
        return memory

    @field_validator("disabled_commands")
    @classmethod
    def _can_be_disabled(cls, commands: tuple[str, ...]) -> tuple[str, ...]:
        problems = []
        for index, command in enumerate(commands):
            if command in NEEDED_COMMANDS:
                hint = "remove it: probes, metrics, replication or a manual failover use the command"
                problems.append(Problem(f"{command} can't be disabled", hint, (index,)))
            elif command not in DISABLEABLE_COMMANDS:
                near = nearest(command, DISABLEABLE_COMMANDS, 1)
                hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(sorted(DISABLEABLE_COMMANDS))}"
                problems.append(Problem(f"{command} is not a known command: Redis does not start", hint, (index,)))
            elif command in commands[:index]:
                problems.append(Problem(f"{command} is listed twice: Redis does not start", "remove one of them", (index,)))
        refuse_all([problem._replace(code="redis-command") for problem in problems])
        return commands

    @field_validator("values")
    @classmethod
    def _contain_no_secret(cls, values: dict[str, Any]) -> dict[str, Any]:
        from rediskit.model.literals import literals_in

        reasons = {**dict(literals_in(values)), **dict(secrets_in(values))}
        refuse_all([Problem(f"looks like {reason}", SECRET_HINT, path, code="secret-in-config") for path, reason in reasons.items()])
        return values
