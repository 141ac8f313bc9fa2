"""The Redis itself: release, chart, images, memory, storage."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import Field, Strict, ValidationInfo, field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.measures import Quantity, RedisMemory
from rediskit.model.secrecy import is_secret_key, secret_reason
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
    PlainText,
    RedisCommand,
    Registry,
    ReleaseName,
    SavePoint,
    SecretKey,
    StorageClass,
)

NEEDED_COMMANDS = frozenset(
    "AUTH CLIENT COMMAND HELLO INFO PING PSYNC REPLCONF REPLICAOF SELECT SLAVEOF SYNC".split(),
)
"""Commands that probes, exporter, replication and a manual failover use (facts: chart §1.3)."""

DISABLEABLE_COMMANDS = frozenset(
    "ACL BGREWRITEAOF BGSAVE CLUSTER CONFIG DEBUG DUMP EVAL EVALSHA FAILOVER FCALL FLUSHALL FLUSHDB FUNCTION KEYS LATENCY "
    "MEMORY MIGRATE MODULE MONITOR OBJECT RANDOMKEY RESTORE SAVE SCAN SCRIPT SHUTDOWN SLOWLOG SORT SWAPDB".split(),
)
"""Commands that Redis 6.2 to 8 all know: a `rename-command` of an unknown one stops the server (config.c, "No such command")."""


class Chart(Model):
    """The Helm chart, pinned to one version."""

    repository: OciRepository = "oci://registry-1.docker.io/bitnamicharts/redis"
    """Where the chart is pulled from, an OCI repository."""
    version: ExactVersion = "23.2.12"
    """The exact version of the chart; ranges are refused."""
    extra_keys: tuple[PlainText, ...] = ()
    """Value paths that a newer chart knows and the shipped list (23.1.1) does not, like `master.newKey`."""


class Image(Model):
    """A container image, pinned by tag or digest; a digest beats the tag."""

    registry: Registry = "docker.io"
    repository: ImageRepository
    tag: ImageTag = ""
    digest: Digest = ""

    @model_validator(mode="after")
    def _pinned(self) -> Self:
        if not self.tag and not self.digest:
            refuse("the image has neither a tag nor a digest, which means latest", "name the tag, or pin the image by digest")
        return self


class Auth(Model):
    """The password of Redis: which Secret, which key. The Secret has the same name in every client's namespace."""

    secret: DnsName = "redis-credentials"
    key: SecretKey = "redis-password"


class Storage(Model):
    """The volume of each instance."""

    storage_class: StorageClass = Field(default="local-path", alias="class")
    size: Quantity = Quantity("10Gi")


class Amount(Model):
    """CPU and memory."""

    cpu: Quantity
    memory: Quantity


class ContainerResources(Model):
    """What a container is given (requests) and may use (limits)."""

    requests: Amount
    limits: Amount

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        refuse_all(
            [
                Problem(f"asks for {asked} of {name}, more than its limit {limit}", "a request is at most its limit", ("requests", name))
                for name, asked, limit in (
                    ("cpu", self.requests.cpu, self.limits.cpu),
                    ("memory", self.requests.memory, self.limits.memory),
                )
                if asked > limit
            ]
        )
        return self


def _resources(cpu: tuple[str, str], memory: tuple[str, str]) -> ContainerResources:
    asked, limit = zip(cpu, memory, strict=True)
    return ContainerResources(
        requests=Amount(cpu=Quantity(asked[0]), memory=Quantity(asked[1])), limits=Amount(cpu=Quantity(limit[0]), memory=Quantity(limit[1]))
    )


class Resources(Model):
    """The resources of the three containers (decision 7 of the brief)."""

    primary: ContainerResources = _resources(("500m", "1000m"), ("1Gi", "2Gi"))
    replica: ContainerResources = _resources(("250m", "1000m"), ("1Gi", "2Gi"))
    exporter: ContainerResources = _resources(("50m", "100m"), ("64Mi", "128Mi"))


class Memory(Model):
    """What Redis keeps at most, and what it drops when it is full."""

    max: RedisMemory = RedisMemory("1gb")
    """`maxmemory`, in Redis units."""
    policy: Literal[
        "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "noeviction"
    ] = "allkeys-lru"
    """`maxmemory-policy`."""


class Redis(Model):
    """The release and what it runs with. Every default is a decision of the brief."""

    release: ReleaseName = "redis-shared"
    """The Helm release; the chart derives the names of all its objects from it."""
    namespace: DnsLabel = "redis"
    labels: dict[LabelKey, LabelValue] = Field(default_factory=lambda data: {"name": data.get("namespace", ""), "type": "shared-service"})
    """Labels of the Namespace."""
    chart: Chart = Chart()
    image: Image = Image(repository="bitnamilegacy/redis", tag="8.2.1-debian-12-r0")
    exporter_image: Image = Image(repository="bitnamilegacy/redis-exporter", tag="1.76.0-debian-12-r0")
    image_mirror: Registry | None = None
    """A registry that mirrors all images: one switch for every image of the chart."""
    auth: Auth = Auth()
    replicas: Annotated[int, Strict(), Field(ge=1, le=9)] = 1
    """Read replicas beside the one primary."""
    storage: Storage = Storage()
    resources: Resources = Resources()
    memory: Memory = Memory()
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
                    f"leave room for a fork: at most about half of resources.{role}.limits.memory",
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
        refuse_all(_secrets_in(values, ()))
        return values


def _secrets_in(value: Any, path: tuple[str | int, ...]) -> list[Problem]:
    """Every secret-looking text in free values, by key or by shape. References (existingSecret, …Key names) are fine."""
    if isinstance(value, dict):
        return [problem for key, inner in value.items() for problem in _secrets_in(inner, (*path, key))]
    if isinstance(value, (list, tuple)):
        return [problem for index, inner in enumerate(value) for problem in _secrets_in(inner, (*path, index))]
    key = path[-1]
    reason = secret_reason(value) if isinstance(value, str) else ""
    if not reason and isinstance(value, (str, int)) and not isinstance(value, bool) and value != "" and is_secret_key(str(key)):
        reason = "a password"
    if not reason or str(key).endswith("PasswordKey"):
        return []
    return [Problem(f"looks like {reason}", "secrets never stand in the config: put it into a Secret, see secrets.mode", path)]
