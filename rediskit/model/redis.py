"""The Redis itself: release, chart, images, memory, storage."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, Strict, ValidationInfo, field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.literals import literals_in
from rediskit.model.measures import Bytes, Cores, Quantity, RedisMemory
from rediskit.model.types import (
    Digest,
    DnsLabel,
    DnsName,
    ExactVersion,
    Flag,
    ImageRepository,
    ImageTag,
    LabelKey,
    LabelValue,
    OciRepository,
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
"""Commands that probes, exporter, replication and a manual failover use (facts: chart §1.3)."""

DISABLEABLE_COMMANDS = frozenset(
    "ACL BGREWRITEAOF BGSAVE CLUSTER CONFIG DEBUG DUMP EVAL EVALSHA FCALL FLUSHALL FLUSHDB FUNCTION KEYS LATENCY "
    "MEMORY MIGRATE MODULE MONITOR OBJECT RANDOMKEY RESTORE SAVE SCAN SCRIPT SHUTDOWN SLOWLOG SORT SWAPDB".split(),
)
"""Commands that Redis 6.2 to 8 all know: a `rename-command` of an unknown one stops the server (config.c, "No such command")."""


class Chart(Model):
    """The Helm chart, pinned to one version."""

    repository: OciRepository = "oci://registry-1.docker.io/bitnamicharts/redis"
    """Where the chart is pulled from, an OCI repository."""
    version: ExactVersion = "23.2.12"
    """The exact version of the chart; ranges are refused."""
    extra_keys: tuple[ValuePath, ...] = ()
    """Value paths that a newer chart knows and the shipped list (23.1.1) does not, like `master.newKey`."""


class Image(Model):
    """A container image, pinned by tag or digest; a digest beats the tag."""

    registry: Registry = "docker.io"
    """The host the image is pulled from."""
    repository: ImageRepository
    """The name of the image, without registry and tag."""
    tag: ImageTag = ""
    """The tag; `latest` is refused. Empty when the digest alone says which image it is."""
    digest: Digest = ""
    """`sha256:` and 64 digits; it beats the tag."""

    @model_validator(mode="after")
    def _pinned(self) -> Self:
        if not self.tag and not self.digest:
            refuse("the image has neither a tag nor a digest, which means latest", "name the tag, or pin the image by digest")
        return self


class RedisImage(Image):
    """The image of Redis; the tag is never taken from a default when anything here is set."""

    repository: ImageRepository = "bitnamilegacy/redis"
    """The name of the image, without registry and tag."""


class ExporterImage(Image):
    """The image of redis_exporter; the tag is never taken from a default when anything here is set."""

    repository: ImageRepository = "bitnamilegacy/redis-exporter"
    """The name of the image, without registry and tag."""


class Auth(Model):
    """The password of Redis: which Secret, which key. The Secret has the same name in every client's namespace."""

    secret: DnsName = "redis-credentials"
    """The name of the Secret."""
    key: SecretKey = "redis-password"
    """The key in the Secret that holds the password."""


class Storage(Model):
    """The volume of each instance."""

    storage_class: DnsName = Field(default="local-path", alias="class")
    """The StorageClass of the volumes."""
    size: Bytes = Quantity("10Gi")
    """How large each volume is."""


def _not_required(schema: dict[str, Any]) -> None:
    """In YAML nothing of it is required: `Resources` fills in what is left out."""
    schema.pop("required", None)


class Amount(Model):
    """CPU and memory."""

    model_config = ConfigDict(json_schema_extra=_not_required)

    cpu: Cores
    """CPU cores: 2, or 500m for half a core."""
    memory: Bytes
    """Memory, like 512Mi or 2Gi."""


class ContainerResources(Model):
    """What a container is given (requests) and may use (limits)."""

    model_config = ConfigDict(json_schema_extra=_not_required)

    requests: Amount
    """What the container is sure to get."""
    limits: Amount
    """What the container may use at most."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        refuse_all(
            [
                Problem(f"asks for {asked} of {name}, more than its limit {limit}", f"write a smaller requests.{name}", ("requests", name))
                for name, asked, limit in (
                    ("cpu", self.requests.cpu, self.limits.cpu),
                    ("memory", self.requests.memory, self.limits.memory),
                )
                if asked > limit
            ]
        )
        return self


class Resources(Model):
    """The resources of the three containers. In YAML, what is left out of a container keeps its default."""

    primary: ContainerResources = ContainerResources(requests={"cpu": "500m", "memory": "1Gi"}, limits={"cpu": "1000m", "memory": "2Gi"})
    """The container of the primary."""
    replica: ContainerResources = ContainerResources(requests={"cpu": "250m", "memory": "1Gi"}, limits={"cpu": "1000m", "memory": "2Gi"})
    """The container of each replica."""
    exporter: ContainerResources = ContainerResources(requests={"cpu": "50m", "memory": "64Mi"}, limits={"cpu": "100m", "memory": "128Mi"})
    """The metrics sidecar of each instance."""

    @field_validator("primary", "replica", "exporter", mode="before")
    @classmethod
    def _completed(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, dict):
            return given
        defaults = cls.model_fields[str(info.field_name)].default.model_dump()
        whole = {kind: {**amount, **given.get(kind, {})} for kind, amount in defaults.items() if isinstance(given.get(kind, {}), dict)}
        return {**given, **whole}


class Memory(Model):
    """What Redis keeps at most, and what it drops when it is full."""

    max: RedisMemory = RedisMemory("1gb")
    """`maxmemory`, in Redis units. The memory limits should be 2.2 times as much or more, the volumes 3 times with `appendOnly`."""
    policy: Literal[
        "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "noeviction"
    ] = "allkeys-lru"
    """`maxmemory-policy`: what is dropped when the memory is full."""

    @field_validator("max")
    @classmethod
    def _is_a_limit(cls, size: RedisMemory) -> RedisMemory:
        if size.amount == 0:
            refuse("0 means no limit to Redis: it would grow until the kernel kills it", "write a size, like 1gb")
        if size.amount < 2**20:
            refuse(
                f"{size} is {size.amount} bytes", f"did you mean {size}mb or {size}gb?" if str(size).isdigit() else "write a size, like 1gb"
            )
        return size


class Redis(Model):
    """The release and what it runs with. Everything has a default."""

    release: ReleaseName = "redis-shared"
    """The Helm release; the chart derives the names of all its objects from it."""
    namespace: DnsLabel = "redis"
    """The namespace of Redis; it belongs to this release alone."""
    labels: dict[LabelKey, LabelValue] = Field(default_factory=lambda data: {"name": data.get("namespace", ""), "type": "shared-service"})
    """Labels of the Namespace; default: `name` (the namespace) and `type: shared-service`."""
    chart: Chart = Chart()
    """The Helm chart, pinned to one version."""
    image: RedisImage = RedisImage(tag="8.2.1-debian-12-r0")
    """The image of Redis."""
    exporter_image: ExporterImage = ExporterImage(tag="1.76.0-debian-12-r0")
    """The image of the metrics sidecar."""
    image_mirror: Registry | None = None
    """A registry that mirrors all images: one switch for every image of the chart."""
    auth: Auth = Auth()
    """Which Secret holds the password, and under which key."""
    replicas: Annotated[int, Strict(), Field(ge=1, le=9)] = 1
    """Read replicas beside the one primary."""
    storage: Storage = Storage()
    """The volume of each instance."""
    resources: Resources = Resources()
    """CPU and memory of the containers."""
    memory: Memory = Field(default=Memory(), validate_default=True)
    """What Redis keeps at most, and what it drops when it is full."""
    append_only: Flag = True
    """Append-only file, synced every second."""
    save_points: tuple[SavePoint, ...] = ()
    """RDB save points, seconds and changes; none by default."""
    disabled_commands: tuple[RedisCommand, ...] = ("FLUSHDB", "FLUSHALL")
    """Commands no client may use, on the primary and the replicas."""
    values: dict[str, Any] = Field(default_factory=dict)
    """Further Helm values, merged last and checked against the chart's known keys."""

    @field_validator("memory")
    @classmethod
    def _below_the_limits(cls, memory: Memory, info: ValidationInfo) -> Memory:
        resources = info.data.get("resources")
        limits = {role: getattr(resources, role).limits.memory for role in ("primary", "replica")} if resources else {}
        for role, limit in limits.items():
            if memory.max >= limit:
                refuse(
                    f"{memory.max} is not below the {role}'s memory limit {limit}: the kernel would kill Redis before it evicts",
                    f"write memory.max with room for a fork: about half of resources.{role}.limits.memory",
                    "max",
                )
        return memory

    @field_validator("disabled_commands")
    @classmethod
    def _can_be_disabled(cls, commands: tuple[str, ...]) -> tuple[str, ...]:
        problems = []
        for index, command in enumerate(commands):
            if command in NEEDED_COMMANDS:
                hint = "probes, metrics, replication or a manual failover use it: leave it enabled"
                problems.append(Problem(f"{command} is needed", hint, (index,)))
            elif command not in DISABLEABLE_COMMANDS:
                near = get_close_matches(command, DISABLEABLE_COMMANDS, 1)
                hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(DISABLEABLE_COMMANDS))}"
                problems.append(Problem(f"{command} is not a command rediskit knows: Redis would not start", hint, (index,)))
            elif command in commands[:index]:
                problems.append(Problem(f"{command} stands twice: Redis would not start", "remove one of them", (index,)))
        refuse_all(problems)
        return commands

    @field_validator("values")
    @classmethod
    def _hold_no_secret(cls, values: dict[str, Any]) -> dict[str, Any]:
        hint = "secrets never stand in the config: put it into a Secret, see secrets.mode"
        found = {**dict(literals_in(values)), **dict(secrets_in(values))}
        refuse_all([Problem(f"looks like {reason}", hint, path) for path, reason in found.items()])
        return values
