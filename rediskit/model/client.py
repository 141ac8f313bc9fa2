"""An application that uses the shared Redis, its old Redis, and the application repository."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, GetJsonSchemaHandler, Strict, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from rediskit.errors import Path, Problem
from rediskit.model.base import Model, kind_of, refuse, refuse_all
from rediskit.model.files import Manifest
from rediskit.model.gitops_tools import gitops_tool_of
from rediskit.model.migration import Migration
from rediskit.model.nested import at
from rediskit.model.once import once
from rediskit.model.owner import KINDS, Owner
from rediskit.model.template import Template
from rediskit.model.types import DnsLabel, DnsName, EnvName, Flag, ObjectReference, Port
from rediskit.model.workload import Workload, suggestion


class Previous(Model):
    """The old Redis of the application."""

    host: DnsName
    """The host name, as the application uses it."""
    port: Port = 6379
    """The port."""
    remove: tuple[ObjectReference, ...] = ()
    """Objects that `decommission` removes from the build of the application repository, as Kind/name."""
    data: Literal["none", "discard", "keep"] | None = None
    """The data on the volume of the old Redis: `none` (no volume), `discard`, or `keep` (the PersistentVolumeClaim stays). Required for
    `decommission`. If the old Redis is in the pods of the application, its data is lost at `scale-down`, which then requires `discard` or
    `keep`; `none` is enough for `use: [cache]`."""

    @field_validator("remove")
    @classmethod
    def _can_be_removed(cls, remove: tuple[str, ...]) -> tuple[str, ...]:
        problems = []
        for index, reference in enumerate(remove):
            if reference.startswith(("Namespace/", "CustomResourceDefinition/")):
                effect = "a namespace removes all objects in it"
                if not reference.startswith("Namespace/"):
                    effect = "a CustomResourceDefinition removes all objects of its kind in the cluster"
                problems.append(
                    Problem(
                        f"removing {effect}",
                        "list only the objects of the old Redis",
                        (index,),
                        code="previous-remove",
                    )
                )
            elif reference in remove[:index]:
                problems.append(Problem(f"{reference} is listed twice", "remove one of them", (index,), code="previous-remove"))
        refuse_all(problems)
        return remove

    @model_validator(mode="after")
    def _keeps_the_claim(self) -> Self:
        claims = [reference for reference in self.remove if reference.startswith("PersistentVolumeClaim/")]
        if claims and self.data in ("none", "keep"):
            hint = "write data: discard, or delete the claim from remove"
            refuse("previous-remove", f"is {self.data}, but remove contains {claims[0]}", hint, "data")
        return self

    @property
    def described(self) -> str:
        """Address and removed objects in one line, the subject of a scan."""
        return " ".join((f"{self.host}:{self.port}", *sorted(self.remove)))


Use = Literal["cache", "sessions", "queue"]
DEFAULT_DATABASE = "default"


class Database(Model):
    """A numbered database of the shared Redis that a client uses. A number alone means `{number: N}`."""

    number: Annotated[int, Strict(), Field(ge=0)]
    """Its number, below `redis.databases`."""
    shared: Flag = False
    """Whether other clients may use the same number; each of them sets this."""

    @model_validator(mode="before")
    @classmethod
    def _from_number(cls, data: Any) -> Any:
        if isinstance(data, int) and not isinstance(data, bool):
            return {"number": data}
        if not isinstance(data, (dict, Database)):
            refuse("wrong-type", f"expected a number, found {kind_of(data)}", "write a number like 1, or {number: 1, shared: true}")
        return data


class _Number:
    """The annotation by which the JSON schema accepts the number of a database alone."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "integer", "minimum": 0}]}


class Client(Model):
    """An application that uses the shared Redis. Without `migration` it only gets the Secret and network access."""

    name: DnsLabel
    """The name of the client and of its folders in the output."""
    namespace: DnsLabel
    """The namespace of the application. The Secret is replicated into it."""
    use: tuple[Use, ...] = ()
    """The data of the client in Redis: `cache`, `sessions`, `queue` (tasks of Celery, Sidekiq and others). Compared with
    `redis.memory.policy`."""
    databases: dict[DnsLabel, Annotated[Database, _Number]] = Field(default_factory=dict)
    """The numbered databases that it uses: name to number, like `{default: 0}` or `{broker: 1, results: 2}`. `${database}` is the number
    of `default`, `${database.broker}` that of `broker`. Without this key the client uses database 0."""
    env: dict[EnvName, Template | None] = Field(default_factory=dict)
    """The default of `env` for every container of the workloads."""
    workloads: Annotated[tuple[Workload, ...], Field(json_schema_extra={"minItems": 1})] = ()
    """The objects that run the application: Deployments, StatefulSets, CronJobs and Rollouts. Each step changes all of them in one
    commit. Without workloads the client only gets the Secret and network access."""
    egress: Literal["networkpolicy", "cilium"] | None = None
    """An additional policy that lets the pods of the workloads reach the shared Redis, from `deploy` on: a NetworkPolicy, or a
    CiliumNetworkPolicy (`cilium`). For pods with an egress policy that allows only the old Redis. Without such a policy, it would isolate
    the pods."""
    previous: Previous | None = None
    """The old Redis of the application."""
    migration: Migration | None = None
    """The migration to the shared Redis."""
    owner: Owner = Owner()
    """The application repository: the repository that deploys the application."""

    @model_validator(mode="after")
    def _with_default(self) -> Self:
        """Give containers without variables of their own those of the client, then check what depends on them."""
        object.__setattr__(self, "workloads", tuple(workload.with_default(self.env) for workload in self.workloads))
        refuse_all([*self._workloads(), *self._databases(), *self._egress()])
        return self

    @property
    def owner_folder(self) -> str:
        """The folder of the output with the files for the application repository."""
        return f"owners/{self.name}"

    @property
    def is_migrating(self) -> bool:
        """Whether it has a migration that is not complete."""
        return self.migration is not None and self.migration.step != "complete"

    @property
    def is_decommissioned(self) -> bool:
        """Whether its migration has removed the old Redis."""
        return self.migration is not None and self.migration.is_decommissioned

    @property
    def old_objects(self) -> tuple[str, ...]:
        """The objects of the old Redis that `decommission` removes, as Kind/name."""
        return self.previous.remove if self.previous else ()

    @model_validator(mode="after")
    def _can_be_migrated(self) -> Self:
        if self.migration is not None:
            refuse_all(
                [
                    Problem(f"a migration needs {section}", f"add {section}: {text}", ("migration",), code="migration-section")
                    for section, text in (("workloads", "the workloads of the application"), ("previous", "the old Redis"))
                    if not getattr(self, section)
                ]
            )
        for index, workload in enumerate(self.workloads):
            self._check_owner(workload, ("workloads", index))
            manifest = workload.manifest
            if self.migration is not None and manifest is not None and (tool := gitops_tool_of(manifest.content)):
                hint = f"keep {tool} on its own Redis: without {tool}, nothing scales the workload up again"
                refuse("gitops-workload", f"{manifest.path} is a workload of {tool}", hint, "workloads", index, "manifest")
            runs_in = at(manifest.content, "metadata", "namespace") if manifest else None
            if manifest and runs_in not in (None, self.namespace):
                hint = "write the namespace of the application; a workload of another namespace needs a client of its own"
                refuse("manifest-conflict", f"is {self.namespace} here and {runs_in} in {manifest.path}", hint, "namespace")
            if self.previous and workload.reference in self.previous.remove:
                hint = "list only the objects of the old Redis"
                refuse("previous-remove", f"{workload.reference} is a workload of the application", hint, "previous", "remove")
        return self

    def _workloads(self) -> Iterator[Problem]:
        if not self.workloads and "workloads" in self.model_fields_set:
            yield Problem("no workload", "add the workloads of the application, or remove the key", ("workloads",), code="workloads")
        references = [workload.reference for workload in self.workloads]
        for index, workload in enumerate(self.workloads):
            if workload.reference in references[:index]:
                yield Problem(
                    f"{workload.reference} is listed twice", "write all its containers in one entry", ("workloads", index), code="workloads"
                )
            if workload.workload_ref and workload.workload_ref not in references:
                hint = f"add {workload.workload_ref} to workloads with replicas: 0: its containers are what the Rollout runs"
                message = f"{workload.reference} takes its pods from {workload.workload_ref}"
                yield Problem(message, hint, ("workloads", index), code="workloads")
            for problem in workload.problems():
                yield problem._replace(path=("workloads", index, *problem.path))

    def _egress(self) -> Iterator[Problem]:
        """Yield a problem for each workload whose pods the policy of `egress` can't select."""
        if self.egress and not self.workloads:
            yield Problem("no workload: a policy selects the pods of workloads", "add workloads with manifest", ("egress",), code="egress")
        for index, workload in enumerate(self.workloads if self.egress else ()):
            if not workload.pod_labels and not workload.workload_ref:
                hint = "add manifest: a file with the output of kubectl get -o yaml, with the labels of its pod template"
                message = f"egress needs the labels of the pods of {workload.reference}"
                yield Problem(message, hint, ("workloads", index), code="egress")

    def _databases(self) -> Iterator[Problem]:
        """Yield a problem for each placeholder of a database that has no number."""
        for path, template in self.templates:
            for placeholder in template.placeholders:
                database = placeholder.database or DEFAULT_DATABASE
                if placeholder.name != "database" or database in self.databases:
                    continue
                if placeholder.database:
                    hint = (
                        suggestion(database, list(self.databases)) if self.databases else f"add databases: {{{database}: 1}} to the client"
                    )
                    yield Problem(f"{template} needs a database named {database}", hint, path, code="database")
                elif self.databases:
                    hint = f"add default to databases, or write ${{database.{next(iter(self.databases))}}}"
                    yield Problem(f"{template} needs a database named default", hint, path, code="database")

    @property
    def templates(self) -> Iterator[tuple[Path, Template]]:
        """Each value with placeholders, and its path below the client."""
        for index, workload in enumerate(self.workloads):
            for kind, name, container in workload.redis_containers:
                place = ("workloads", index, kind, name)
                yield from (((*place, "env", key), value) for key, value in container.variables.items() if value is not None)
                yield from (((*place, "args", number, "to"), text) for number, text in enumerate(container.texts))

    @property
    def references(self) -> tuple[str, ...]:
        """Its workloads, as `Deployment/beersystem-backend`."""
        return tuple(workload.reference for workload in self.workloads)

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """The manifests of its workloads, each before that of its autoscaler."""
        sources = (source for workload in self.workloads for source in (workload, workload.autoscaler))
        return tuple(source.manifest for source in sources if source is not None and source.manifest is not None)

    @property
    @once
    def cron_jobs(self) -> tuple[str, ...]:
        """Its CronJobs, as `CronJob/report`."""
        return tuple(workload.reference for workload in self.workloads if workload.kind == "CronJob")

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of its databases in the shared Redis; 0 where it names none."""
        return tuple(sorted({database.number for database in self.databases.values()} or {0}))

    def database(self, name: str = "") -> int:
        """Return the number of one of its databases; of `default` without a name, 0 where the client names none."""
        named = self.databases.get(name or DEFAULT_DATABASE)
        return named.number if named else 0

    def _check_owner(self, workload: Workload, path: tuple[str | int, ...]) -> None:
        """Refuse a workload without the objects that the kind of owner needs."""
        kind, scaler = self.owner.kind, workload.autoscaler
        if KINDS[kind].whole and workload.manifest is None:
            hint = "add manifest: a file with the output of kubectl get -o yaml"
            refuse("owner-kind", f"{kind} needs the whole object", hint, *path)
        if self.owner.delivery != "files" or workload.manifest is None:
            return
        if workload.kind != "CronJob" and at(workload.manifest.content, "spec", "replicas") is None:
            hint = f"add replicas: {workload.replicas} to it; a rollback applies the manifest as it is"
            refuse("manifest-replicas", f"{workload.manifest.path} does not set replicas", hint, *path, "manifest")
        if scaler and scaler.manifest is None:
            hint = "add manifest: a file with the output of kubectl get -o yaml"
            refuse("owner-kind", f"{kind} needs the whole {scaler.reference}", hint, *path, "autoscaler")
