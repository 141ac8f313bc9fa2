"""`docs/` of the tree: pages for people, with exactly the names of this environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rediskit.errors import Path
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.model.secrets import ENCRYPTED
from rediskit.renderers.argocd import prefix
from rediskit.renderers.helm import image_reference, release_of
from rediskit.renderers.pages.runbook import runbook
from rediskit.renderers.pages.templates import text
from rediskit.renderers.tree import File
from rediskit.state_machine.effects import effects, release_is_deployed


class Page(NamedTuple):
    """One page of `docs/`. about: a line for the README's table. reader: who it is for."""

    name: str
    about: str
    reader: str
    text: str
    source: Path = ()

    @property
    def file(self) -> File:
        return File(f"docs/{self.name}.md", self.text, self.source)


def docs(environment: Environment) -> Iterator[Page]:
    """How a client connects; what to do by hand once there is a release (facts: chart §6, §1.4); how each client on its way is moved."""
    facts = {"env": environment, "release": release_of(environment), "prefix": name_prefix(environment)}
    deployed = release_is_deployed(environment)
    connection = text("connection.md.j2", **facts, deployed=deployed)
    yield Page("connection", "how an application connects, and what it may rely on", "who runs a client", connection)
    if deployed:
        yield Page("failover", "what to do by hand when the primary is lost", "you", failover_page(environment))
        yield Page("rotation", "how the password is replaced without turning anybody away", "you", rotation_page(environment))
    for index, client in enumerate(environment.clients):
        if client.migration is not None and client.migration.step != "complete":
            about = f"how {client.name} is moved, step by step, and back"
            yield Page(f"migration-{client.name}", about, "you", runbook(environment, client), ("clients", index, "migration"))


def failover_page(environment: Environment) -> str:
    """Return the page about failover, fail-back and restoring a copy, for the names and the settings of this environment."""
    return text(
        "failover.md.j2",
        env=environment,
        release=release_of(environment),
        prefix=name_prefix(environment),
        replicas=_replica_pods(environment),
        image=image_reference(environment),
    )


def _replica_pods(environment: Environment) -> list[str]:
    return [f"{release_of(environment).replicas_statefulset}-{number}" for number in range(environment.redis.replicas)]


def rotation_page(environment: Environment) -> str:
    """How the password is replaced: with the commands of this tool and this mode (facts: chart §1.4).

    The clients that are restarted are those that read the Secret already.
    """
    release, redis, replicas = release_of(environment), environment.redis, _replica_pods(environment)
    users = [client for client in environment.clients if client.migration is None or _uses(client.migration)]
    return text(
        "rotation.md.j2",
        env=environment,
        release=release,
        prefix=name_prefix(environment),
        key=redis.auth.key.replace(".", "\\."),
        replicas=replicas,
        instances=[
            f"{release.primary_statefulset}-0:{release.container_port}",
            *(f"{pod}:{release.replicas_container_port}" for pod in replicas),
        ],
        both="ACL" not in redis.disabled_commands,
        by_rotation=environment.secrets.mode in ENCRYPTED,
        restarts=[client for client in users if client.workload],
        others=[client for client in users if not client.workload],
    )


def _uses(migration: Migration) -> bool:
    return migration.step == "complete" or effects(migration).switched


def name_prefix(environment: Environment) -> str:
    """What the names of the tool's objects begin with."""
    return prefix(environment) if environment.gitops.tool == "argocd" else environment.redis.release
