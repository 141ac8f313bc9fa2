"""The root of a config: one file for one environment."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from rediskit.errors import Location, Path, Positions, Problem
from rediskit.model.accept import Accept
from rediskit.model.base import Model, kind_of, refuse, refuse_all
from rediskit.model.client import Client
from rediskit.model.files import Manifest
from rediskit.model.gitops import GitOps
from rediskit.model.monitoring import Monitoring
from rediskit.model.network import Network
from rediskit.model.redis import Redis
from rediskit.model.secrets import Manual, Secrets
from rediskit.model.types import DnsLabel, KubernetesVersion, VersionRange
from rediskit.model.verification import Verification

RESERVED_CLIENTS = frozenset({"redis", "redis-external", "monitoring", "release", "root", "checks"})
"""Names of the components of the platform. A client has a component with its name."""

_REDIS = Redis()


def _default_redis() -> Redis:
    """Return the release of a config without the key, with mappings of its own. Pydantic would copy a default value deeply."""
    return _REDIS.model_copy(update={"labels": dict(_REDIS.labels), "values": {}})


class Environment(Model):
    """A shared Redis in one cluster: its GitOps tool, its settings and its clients."""

    schema_version: Literal[1] = 1
    """The version of the config format."""
    required_version: VersionRange | None = None
    """The versions of rediskit that can read the config, such as `>=0.1,<0.2`. Another version reports only this error."""
    name: DnsLabel
    """The name of the config file without .yaml, and of the output directory."""
    cluster: DnsLabel = Field(default_factory=lambda data: data.get("name", ""))
    """The name of the cluster. Default: `name`. Two environments of one cluster can't have the same release, namespace or address. Keep the
    value when you rename the environment."""
    kubernetes: KubernetesVersion = "1.34"
    """The Kubernetes minor version of the cluster. The objects are validated against its schemas."""
    gitops: GitOps
    """The GitOps tool, and the place of the rendered manifests in Git."""
    redis: Redis = Field(default_factory=_default_redis)
    """The Redis release: chart, images, memory, storage. Every key has a default."""
    network: Network | None = None
    """Access from the private network. Without it, Redis is reachable inside the cluster only."""
    monitoring: Monitoring = Monitoring()
    """Monitoring with Prometheus."""
    verification: Verification = Verification()
    """Verification of the running Redis."""
    secrets: Secrets = Manual(mode="manual")
    """The delivery of the password into the namespaces."""
    accept: tuple[Accept, ...] = ()
    """Accepted findings, each with a reason. docs/checks.md lists the codes that can't be accepted."""
    clients: tuple[Client, ...] = ()
    """The applications that use the shared Redis."""

    _positions: Positions = PrivateAttr(default_factory=dict)
    _files: tuple[str, ...] = PrivateAttr(default=())
    _inputs: tuple[str, ...] = PrivateAttr(default=())
    _ciphertexts: Mapping[str, Manifest] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_decrypted(self) -> Self:
        if self.secrets.mode == "sops" and self.gitops.tool == "argocd":
            hint = "write mode: sealed-secrets or mode: external-secrets"
            refuse("sops-argocd", "Argo CD does not decrypt SOPS", hint, "secrets", "mode")
        return self

    @field_validator("schema_version", mode="before")
    @classmethod
    def _is_an_integer(cls, value: Any) -> Any:
        """Refuse true and 1.0, which equal 1 in Python."""
        if isinstance(value, (bool, float)):
            refuse("wrong-type", f"expected 1, found {kind_of(value)}", "write 1, or remove the key")
        return value

    @field_validator("accept")
    @classmethod
    def _are_unique(cls, accept: tuple[Accept, ...]) -> tuple[Accept, ...]:
        first: dict[tuple[str, str], int] = {}
        problems = []
        for index, entry in enumerate(accept):
            if first.setdefault((entry.code, entry.on), index) != index:
                message = f"{entry.code} on {entry.on} is accepted twice"
                hint = f"remove this entry or accept[{first[entry.code, entry.on]}]"
                problems.append(Problem(message, hint, (index,), code="accept-code"))
        refuse_all(problems)
        return accept

    @field_validator("clients")
    @classmethod
    def _do_not_conflict(cls, clients: tuple[Client, ...], info: ValidationInfo) -> tuple[Client, ...]:
        redis = info.data.get("redis")
        problems: list[Problem] = []
        names: set[str] = set()
        workloads: dict[tuple[str, str], Client] = {}
        for index, client in enumerate(clients):
            if client.name in RESERVED_CLIENTS:
                problems.append(Problem(f"{client.name} is a reserved name", "choose another name", (index, "name")))
            if client.name in names:
                problems.append(Problem(f"another client has the name {client.name}", "choose another name", (index, "name")))
            names.add(client.name)
            if redis and client.namespace == redis.namespace:
                hint = "deploy the client in another namespace, which has its own access rules for Secrets"
                problems.append(Problem(f"{client.namespace} is the namespace of Redis", hint, (index, "namespace")))
            for number, workload in enumerate(client.workloads):
                first = workloads.setdefault((client.namespace, workload.reference), client)
                if first is not client:
                    hint = "write all containers of the workload in one client"
                    message = f"{workload.reference} is also a workload of client {first.name}"
                    problems.append(Problem(message, hint, (index, "workloads", number)))
        refuse_all([*(problem._replace(code="client-conflict") for problem in problems), *_numbers(clients, redis)])
        return clients

    @property
    def path(self) -> str:
        """The output directory in the Git repository."""
        return self.gitops.path or f"rendered/{self.name}"

    @property
    def object_prefix(self) -> str:
        """The prefix of the names of all Applications or Kustomizations."""
        argocd = self.gitops.argocd.prefix if self.gitops.tool == "argocd" else None
        return argocd or self.redis.release

    @property
    def file(self) -> str:
        """The config file as passed to `load`; "" for an Environment constructed in Python."""
        return next(iter(self.files), "")

    @property
    def files(self) -> tuple[str, ...]:
        """The config and the files of its clients; empty for an Environment constructed in Python."""
        return self._private("_files")  # type: ignore[no-any-return]

    @property
    def inputs(self) -> tuple[str, ...]:
        """All files that `load` read: `files`, then manifests, certificate and encrypted Secrets."""
        return tuple(dict.fromkeys((*self.files, *self._private("_inputs"))))

    @property
    def config_argument(self) -> str:
        """The config file as an argument of a shell command; `config/<name>.yaml` for an Environment constructed in Python."""
        import shlex  # Only messages need it: a render without findings starts faster.

        return shlex.quote(self.file or f"config/{self.name}.yaml")

    @property
    def secret_namespaces(self) -> tuple[str, ...]:
        """The namespaces that need the password: that of Redis, then those of the clients."""
        return tuple(dict.fromkeys((self.redis.namespace, *(client.namespace for client in self.clients))))

    @property
    def secrets_directory(self) -> str:
        """The directory of the encrypted Secrets, relative to the config file."""
        return self.secrets.directory or f"{self.name}/secrets"

    @property
    def ciphertexts(self) -> Mapping[str, Manifest]:
        """The encrypted Secrets in `secrets_directory` by namespace."""
        return self._private("_ciphertexts")  # type: ignore[no-any-return]

    def with_ciphertexts(self, ciphertexts: Mapping[str, Manifest]) -> Self:
        """Return a copy of this environment with these encrypted Secrets, by namespace."""
        copy = self.model_copy()
        copy._ciphertexts = dict(ciphertexts)
        return copy

    def located(self, positions: Positions, files: tuple[str, ...], inputs: tuple[str, ...]) -> Self:
        """Set the positions of the values, `files` and the referenced files, for the loader, and return this environment."""
        self._positions = positions
        self._files = files
        self._inputs = inputs
        return self

    def _private(self, name: str) -> Any:
        """Return a private attribute. The access that Pydantic defines costs 18,000 instructions, and each check has some."""
        return (self.__pydantic_private__ or {})[name]

    def locate(self, path: Path) -> Location | None:
        """Return the location of a value or of the nearest section around it; None without a file."""
        positions: Positions = self._private("_positions")
        for end in range(len(path), -1, -1):
            if location := positions.get(path[:end]):
                return location
        return None


def _numbers(clients: tuple[Client, ...], redis: Redis | None) -> Iterator[Problem]:
    """Yield a problem for each database that Redis does not have."""
    for index, client in enumerate(clients):
        for name, database in client.databases.items():
            if redis and database.number >= redis.databases:
                hint = f"use 0 to {redis.databases - 1}, or set redis.databases to {database.number + 1} or more"
                message = f"Redis has {redis.databases} databases, and {database.number} is not one of them"
                yield Problem(message, hint, (index, "databases", name), code="database")
