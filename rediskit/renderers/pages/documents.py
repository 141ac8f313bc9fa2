"""The pages in `docs/` of the rendered manifests: how to connect, and runbooks with the exact names of the environment."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args

from rediskit.chart.names import Release
from rediskit.errors import Path
from rediskit.model.client import Client, Use
from rediskit.model.environment import Environment
from rediskit.model.nested import text_at
from rediskit.model.secrets import ENCRYPTED
from rediskit.renderers.helm import image_reference, release_of
from rediskit.renderers.pages.runbook import runbook
from rediskit.renderers.pages.templates import text
from rediskit.renderers.pages.uses import breaks, databases, delete_command, free_databases, losses
from rediskit.renderers.tree import File
from rediskit.renderers.verification.jobs import job_namespaces
from rediskit.renderers.verification.pod import replica_endpoints
from rediskit.state_machine.effects import release_is_deployed, uses_shared


class Page(NamedTuple):
    """One page: its file name without `.md`, description and audience for the table of the README, and Markdown.

    `source` is the config section that the page depends on, for findings.
    """

    name: str
    about: str
    reader: str
    text: str
    source: Path = ()

    @property
    def file(self) -> File:
        return File(f"docs/{self.name}.md", self.text, self.source)


def docs(environment: Environment) -> Iterator[Page]:
    """Yield the page for clients, the runbooks of a deployed release, and the runbook of each unfinished migration."""
    deployed = release_is_deployed(environment)
    connection = text(
        "connection.md.j2",
        env=environment,
        release=release_of(environment),
        deployed=deployed,
        databases=databases(environment),
        free=free_databases(environment),
        delete=delete_command(release_of(environment), '"${1:?}"'),
        notes={client.name: list(losses(environment, client)) for client in environment.clients},
        breaks=list(breaks(environment, get_args(Use))),
    )
    yield Page("connection", "how to connect an application, and the limits of this Redis", "application teams", connection)
    if deployed:
        yield Page("failover", "manual failover, failback and restore", "you", failover_page(environment))
        yield Page("rotation", "password rotation", "you", rotation_page(environment))
        yield Page("verification", "verification of the running Redis", "you", verification_page(environment), ("verification",))
    for index, client in enumerate(environment.clients):
        if client.is_migrating:
            about = f"migration of {client.name}, step by step, with rollback"
            yield Page(f"migration-{client.name}", about, "you", runbook(environment, client), ("clients", index, "migration"))


def failover_page(environment: Environment) -> str:
    """Return the page about failover, fail-back and restoring a copy, for the names and the settings of this environment."""
    release = release_of(environment)
    return text(
        "failover.md.j2",
        env=environment,
        release=release,
        prefix=environment.object_prefix,
        replicas=release.replica_pods,
        to_replica=json.dumps(release.selector_of("$PROMOTED"), separators=(",", ":")).replace('"', '\\"'),
        to_primary=json.dumps(release.selector_of(release.primary_pod), separators=(",", ":")),
        promoted=_address(release, "$PROMOTED"),
        stop_primary=_primary(release, run=False),
        start_primary=_primary(release, run=True),
        stop_all=_stop_all(release),
        paused=[
            *(["redis"] if release.primary_service in release.own_services else []),
            *(["redis-external"] if environment.network else []),
        ],
        user=release.profile.layout.user,
        image=image_reference(environment),
        folder=_folder(environment, release),
    )


def _folder(environment: Environment, release: Release) -> str:
    """Return the folder of the data on the volume of the primary as YAML; "" for the top of the volume."""
    part = next(iter(release.profile.parts.values()))
    folder = text_at(environment.redis.values, *part.persistence, "subPath") if "subPath" in release.profile.folders else ""
    return json.dumps(folder) if folder else ""


def verification_page(environment: Environment) -> str:
    """Return the page about `rediskit verify`, with the limits and names of this environment."""
    from rediskit.renderers.verification.checks import CHECKS, limit_of

    settings = environment.verification
    p95 = str(settings.p95)
    return text(
        "verification.md.j2",
        env=environment,
        release=release_of(environment),
        namespaces=environment.secret_namespaces,
        replicas=replica_endpoints(environment),
        image=image_reference(environment, settings.image),
        checks=[(name, check, limit_of(name, settings.operations, p95)) for name, check in CHECKS.items()],
        jobs=settings.jobs,
        job_namespaces=job_namespaces(environment),
        alert=environment.monitoring.enabled and environment.monitoring.alerts,
        carrier=environment.gitops.object_kind,
        prefix=environment.object_prefix,
    )


def _address(release: Release, pod: str) -> str:
    """Return a replica as `FAILOVER TO` needs it: its name only if it announces one to the primary (replication.c, findReplica)."""
    if release.profile.layout.announced:
        return f"{pod}.{release.headless_service}.{release.namespace}.svc.{release.cluster_domain}"
    return f"$(kubectl -n {release.namespace} get pod {pod} -o jsonpath='{{.status.podIP}}')"


def _primary(release: Release, *, run: bool) -> str:
    """Return the command that stops the primary for good or starts it again.

    Pod 0 of one StatefulSet is outside of its ordinals after the first, so the replicas keep running. Ordinals are on by default since
    Kubernetes 1.27.
    """
    if not release.one_statefulset:
        return f"kubectl -n {release.namespace} scale statefulset {release.primary_statefulset} --replicas={int(run)}"
    return _patch(release, {"ordinals": None if run else {"start": 1}, "replicas": release.replicas + int(run)})


def _stop_all(release: Release) -> str:
    """Return the command that stops all instances. Ordinals of a failover would later start another pod than the primary."""
    if release.one_statefulset:
        return _patch(release, {"ordinals": None, "replicas": 0})
    return f"kubectl -n {release.namespace} scale statefulset {' '.join(release.statefulsets)} --replicas=0"


def _patch(release: Release, spec: Mapping[str, Any]) -> str:
    patch = json.dumps({"spec": spec}, separators=(",", ":"))
    return f"kubectl -n {release.namespace} patch statefulset {release.primary_statefulset} -p '{patch}'"


def rotation_page(environment: Environment) -> str:
    """Return the page about password rotation, with the commands for the GitOps tool and the mode of the Secrets.

    Only clients that read the Secret already are restarted.
    """
    release, redis, replicas = release_of(environment), environment.redis, release_of(environment).replica_pods
    clients = [client for client in environment.clients if uses_shared(client.migration)]
    return text(
        "rotation.md.j2",
        env=environment,
        release=release,
        prefix=environment.object_prefix,
        key=redis.auth.key.replace(".", "\\."),
        replicas=replicas,
        instances=[
            f"{release.primary_pod}:{release.container_port}",
            *(f"{pod}:{release.replicas_container_port}" for pod in replicas),
        ],
        read_secret=release.profile.probes.read_secret,
        both="ACL" not in redis.disabled_commands,
        by_rotation=environment.secrets.mode in ENCRYPTED,
        restarts=[client for client in clients if client.workloads],
        others=[client for client in clients if not client.workloads],
        by_hand=[entry for client in clients for entry in _by_hand(client)],
    )


def _by_hand(client: Client) -> Iterator[tuple[str, str, str]]:
    """Yield workload, container and file of each container whose password a person changes: it does not come from the Secret."""
    for workload in client.workloads:
        for _, name, container in workload.redis_containers:
            if container.external:
                yield f"{workload.reference} in {client.namespace}", name, container.external
