"""The root of a config: one environment, one file, one folder of output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from rediskit.errors import Location, Path, Positions, Problem
from rediskit.model.accept import Accept
from rediskit.model.base import Model, found, refuse, refuse_all
from rediskit.model.client import Client
from rediskit.model.files import Manifest
from rediskit.model.gitops import GitOps
from rediskit.model.monitoring import Monitoring
from rediskit.model.network import Network
from rediskit.model.redis import Redis
from rediskit.model.secrets import Manual, Secrets
from rediskit.model.types import DnsLabel, KubernetesVersion

RESERVED_CLIENTS = frozenset({"redis", "redis-external", "monitoring", "release", "root"})
"""Names of the tree's own units: a client's unit is named as the client."""


class Environment(Model):
    """One shared Redis in one cluster, who carries it there and who uses it."""

    schema_version: Literal[1] = 1
    """The version of this format."""
    name: DnsLabel
    """The stem of the config file, and the folder of the output."""
    cluster: DnsLabel = Field(default_factory=lambda data: data.get("name", ""))
    """The cluster; default: the name (keep it on a renaming). Environments of one may share no release name, namespace or address."""
    kubernetes: KubernetesVersion = "1.34"
    """The minor version of the cluster's Kubernetes, whose schemas the objects have to fit."""
    gitops: GitOps
    """The tool that carries the tree into the cluster, and where it finds it."""
    redis: Redis = Redis()
    """The Redis itself: release, chart, images, memory, storage. Everything has a default."""
    network: Network | None = None
    """Access from the private network. Left out, Redis is reachable inside the cluster only."""
    monitoring: Monitoring = Monitoring()
    """How Prometheus sees Redis."""
    secrets: Secrets = Manual(mode="manual")
    """How the one password reaches the namespaces."""
    accept: tuple[Accept, ...] = ()
    """Findings that are accepted, each with a reason. Codes that are never acceptable are listed in docs/checks.md."""
    clients: tuple[Client, ...] = ()
    """The applications that use the shared Redis."""

    _positions: Positions = PrivateAttr(default_factory=dict)
    _file: str = PrivateAttr(default="")
    _inputs: tuple[str, ...] = PrivateAttr(default=())
    _ciphertexts: Mapping[str, Manifest] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _decrypted(self) -> Self:
        if self.secrets.mode == "sops" and self.gitops.tool == "argocd":
            hint = "use mode: sealed-secrets or external-secrets; a plugin (KSOPS) would be needed, and leaves the password in its cache"
            refuse("Argo CD does not decrypt SOPS: it would apply the ciphertext, or nothing", hint, "secrets", "mode")
        return self

    @field_validator("schema_version", mode="before")
    @classmethod
    def _whole_number(cls, given: Any) -> Any:
        """Python takes true and 1.0 for 1; a version of the format is neither."""
        if isinstance(given, (bool, float)):
            refuse(f"expected 1, found {found(given)}", "write 1, or leave the key out")
        return given

    @field_validator("accept")
    @classmethod
    def _each_once(cls, accept: tuple[Accept, ...]) -> tuple[Accept, ...]:
        first: dict[tuple[str, str], int] = {}
        problems = []
        for index, entry in enumerate(accept):
            if first.setdefault((entry.code, entry.on), index) != index:
                message = f"{entry.code} on {entry.on} is accepted twice"
                problems.append(Problem(message, f"remove this entry, or accept[{first[entry.code, entry.on]}]", (index,)))
        refuse_all(problems)
        return accept

    @field_validator("clients")
    @classmethod
    def _apart(cls, clients: tuple[Client, ...], info: ValidationInfo) -> tuple[Client, ...]:
        redis = info.data.get("redis")
        problems: list[Problem] = []
        names: set[str] = set()
        workloads: dict[tuple[str, str], Client] = {}
        for index, client in enumerate(clients):
            if client.name in RESERVED_CLIENTS:
                problems.append(
                    Problem(f"{client.name} is the name of a unit of the tree", "give the client another name", (index, "name"))
                )
            if client.name in names:
                problems.append(Problem(f"two clients are named {client.name}", "give one of them another name", (index, "name")))
            names.add(client.name)
            if redis and client.namespace == redis.namespace:
                hint = "a client has a namespace of its own: who may read its Secrets is decided there"
                problems.append(Problem(f"{client.namespace} is the namespace of Redis itself", hint, (index, "namespace")))
            workload = (client.namespace, client.workload.reference) if client.workload else None
            first = workloads.setdefault(workload, client) if workload else client
            if workload and first is not client:
                hint = "one workload is moved once: put its containers into one client"
                problems.append(Problem(f"{workload[1]} is the workload of {first.name} too", hint, (index, "workload")))
        refuse_all(problems)
        return clients

    @property
    def path(self) -> str:
        """Where the tree lies in the Git repository."""
        return self.gitops.path or f"rendered/{self.name}"

    @property
    def object_prefix(self) -> str:
        """The prefix of the names of all Applications or Kustomizations."""
        argocd = self.gitops.argocd.prefix if self.gitops.tool == "argocd" else None
        return argocd or self.redis.release

    @property
    def file(self) -> str:
        """The config file as it was named to `load`; "" for an Environment made in Python."""
        return self._file

    @property
    def files(self) -> tuple[str, ...]:
        """The config and the files of its clients, as `load` shows them; empty for an Environment made in Python."""
        return tuple(dict.fromkeys((*filter(None, (self._file,)), *(place.file for place in self._positions.values()))))

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every file that `load` read: `files`, then manifests, certificate and encrypted Secrets."""
        return tuple(dict.fromkeys((*self.files, *self._inputs)))

    @property
    def config_argument(self) -> str:
        """The config as it stands in a command for a shell; its usual place for an Environment made in Python."""
        import shlex  # Not on the path of a render that finds nothing.

        return shlex.quote(self._file or f"config/{self.name}.yaml")

    @property
    def secret_namespaces(self) -> tuple[str, ...]:
        """Where the password is needed: the namespace of Redis, then those of the clients, each once."""
        return tuple(dict.fromkeys((self.redis.namespace, *(client.namespace for client in self.clients))))

    @property
    def secrets_directory(self) -> str:
        """Where the encrypted inputs lie, relative to the config file."""
        return self.secrets.directory or f"{self.name}/secrets"

    @property
    def ciphertexts(self) -> Mapping[str, Manifest]:
        """Namespace to the encrypted Secret that lies in `secrets_directory`; what is not there yet is left out."""
        return self._ciphertexts

    def with_ciphertexts(self, ciphertexts: Mapping[str, Manifest]) -> Self:
        """A copy of this environment that has these encrypted Secrets, by namespace: for the loader, and for Python."""
        made = self.model_copy()
        made._ciphertexts = dict(ciphertexts)
        return made

    def located(self, positions: Positions, file: str, inputs: tuple[str, ...] = ()) -> Self:
        """Return this environment with the places of its values and the files that the config names. For the loader."""
        self._positions = positions
        self._file = file
        self._inputs = inputs
        return self

    def locate(self, path: Path) -> Location | None:
        """Where a value stands in the config, or the nearest section around it; None when there is no file."""
        for end in range(len(path), -1, -1):
            found = self._positions.get(path[:end])
            if found:
                return found
        return None
