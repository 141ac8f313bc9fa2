"""`migrate scan`: the uses of the old Redis in the cluster, or in the output of a program, for an application without a checkout."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.live.kubectl import get_object, list_everywhere
from rediskit.migrate.edit import Edited
from rediskit.migrate.evidence import appended, entry
from rediskit.migrate.jobs import has_finished
from rediskit.migrate.owner.released import Key, key_of
from rediskit.migrate.scan import Scan, examined, recorded
from rediskit.migrate.verification.artefact import Artefact
from rediskit.migrate.verification.cluster import cluster_of
from rediskit.migrate.verification.verify import missing_workloads, rendered_elsewhere
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, text_at
from rediskit.renderers.tree import Object
from rediskit.state_machine.scans import FILE
from rediskit.state_machine.transitions import migration_of
from rediskit.usage.hidden import Hidden

_KINDS = ("deployments", "statefulsets", "daemonsets", "cronjobs", "jobs", "replicasets", "pods", "configmaps", "services")
"""The kinds of objects that are read. Pods show what an operator or a kind that rediskit does not know runs. No Secret is read."""
_CUSTOM = ("rollouts.argoproj.io", "scaledobjects.keda.sh", "scaledjobs.keda.sh")
"""The kinds that are read if the cluster has them."""
_COPIES = ("kubectl.kubernetes.io/last-applied-configuration",)
"""Annotations with a copy of the object, which can be older than it."""


class Read(NamedTuple):
    """What a scan read.

    Attributes:
        scan: The uses of the old Redis.
        source: Where the objects are from: a cluster with the uid of its namespace kube-system, or a file.
        digest: The digest of the file; "" for a cluster, whose scan has the digest of its result.
        objects: The number of objects.
    """

    scan: Scan
    source: str
    digest: str
    objects: int


def read_cluster(environment: Environment, client: Client, context: str) -> Read:
    """Return the uses of the old Redis in all namespaces of a cluster.

    Raises:
        RefusedError: [verify-cluster] Another cluster than that of earlier evidence. [scan-workload] A workload does not exist.
        MissingToolError: kubectl is missing, fails or may not list the objects.
    """
    source = cluster_of(environment, context)
    custom = [name for name in _CUSTOM if get_object("customresourcedefinitions", name, "", context)]
    listed = [content for kind in (*_KINDS, *custom) for content in list_everywhere(kind, context)]
    objects = [_without_copies(content) for content in _in_use(listed)]
    _require_workloads(client, {key_of(content) for content in objects}, source, "")
    return Read(examined(client, objects), source, "", len(objects))


def read_artefact(client: Client, artefact: Artefact, digest: str) -> Read:
    """Return the uses of the old Redis in the output of a program.

    Raises:
        RefusedError: [scan-workload] It does not contain each workload of the client: it shows another application, or a part of it.
    """
    _require_workloads(client, set(artefact.objects), artefact.name, rendered_elsewhere(client, artefact))
    objects = [_without_copies(content) for content in _in_use(list(artefact.objects.values()))]
    scan = examined(client, objects)
    renders = [Hidden(name, client.namespace, "", "its objects are not in the file") for name in artefact.renders]
    return Read(scan._replace(hidden=(*scan.hidden, *renders)), f"{FILE}{artefact.name}", digest, len(objects))


def _require_workloads(client: Client, keys: set[Key], name: str, hint: str) -> None:
    if missing := missing_workloads(client, keys):
        message = f"{name} does not contain {', '.join(missing)} in namespace {client.namespace}"
        raise RefusedError(Problem(message, hint or "pass the objects of the whole application, or use --live", code="scan-workload"))


def _in_use(objects: list[Object]) -> Iterator[Object]:
    """Yield the objects that no other read object has created, and of the others only those that run or can run.

    A ReplicaSet, Job or Pod of the past contains the old address, although nothing uses it.
    """
    uids = {uid for content in objects if (uid := text_at(content, "metadata", "uid"))}
    for content in objects:
        owners = {text_at(owner, "uid") for owner in list_at(content, "metadata", "ownerReferences")}
        if not owners & uids and not _is_past(content, is_owned=bool(owners)):
            yield content


def _is_past(content: Object, *, is_owned: bool) -> bool:
    kind = content.get("kind")
    if kind == "ReplicaSet":
        return is_owned and at(content, "spec", "replicas") == 0
    return has_finished(content) if kind == "Job" else kind == "Pod" and text_at(content, "status", "phase") in ("Succeeded", "Failed")


def _without_copies(content: Mapping[str, Any]) -> Object:
    """Return an object without the copies of earlier versions, and without its status, except for the addresses of a Service."""
    metadata = {key: value for key, value in dict(at(content, "metadata") or {}).items() if key != "managedFields"}
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        metadata["annotations"] = {key: value for key, value in annotations.items() if key not in _COPIES}
    fields = {key: value for key, value in content.items() if key != "status" or content.get("kind") == "Service"}
    return {**fields, "metadata": metadata}


def record_read(environment: Environment, client: Client, read: Read, at_time: str) -> tuple[Edited, ...]:
    """Return the files that record a scan, whatever it found. Refusals: [scan-checkout], [not-validating]."""
    _refuse_unneeded(client)
    what = f"{read.objects} objects"
    return recorded(environment, client, read.scan, at_time, source=read.source, digest=read.digest, what=what)


def record_word(environment: Environment, client: Client, words: str, at_time: str) -> tuple[Edited, ...]:
    """Return the files that record the word of a person that nothing uses the old Redis.

    Refusals: [scan-checkout], [not-validating], [scan-measured].
    """
    _refuse_unneeded(client)
    migration = migration_of(client)
    last = migration.scan
    if last and last.by == "measured" and last.value != "0":
        message = f"the scan at {last.at} found {last.value} certain uses of the old Redis"
        raise RefusedError(Problem(message, "change them, and scan again: a measurement outranks a person's word", code="scan-measured"))
    return appended(environment, client, [entry("scan", migration, at_time, value="0", note=words)])[0]


def _refuse_unneeded(client: Client) -> None:
    """Refuse evidence that no gate accepts."""
    step = migration_of(client).step
    if client.previous is None:
        raise ConfigError(Problem(f"{client.name} has no previous: there is no old Redis to search for", "set previous of the client"))
    if client.owner.delivery != "stated":
        message = f"{client.name} has owner.kind {client.owner.kind}: its scan needs the application repository"
        raise RefusedError(Problem(message, "run rediskit check --owner DIR with its checkout", code="scan-checkout"))
    if step != "validate":
        message = f"{client.name} is at {step}: the scan counts at validate"
        raise RefusedError(Problem(message, "omit --record, or record it at validate", code="not-validating"))


def shown_hidden(client: Client, hidden: Iterable[Hidden]) -> tuple[list[Hidden], int]:
    """Return what is not visible in the namespace of a client, and the number of such parts in other namespaces."""
    parts = list(hidden)
    own = [part for part in parts if part.namespace == client.namespace]
    return own, len(parts) - len(own)
