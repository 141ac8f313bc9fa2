"""Walks through the machine: migrations that took steps, and the clock they took them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rediskit import Environment, render
from rediskit.model.migration import Migration, Order
from rediskit.renderers.tree import Tree
from rediskit.state_machine import transitions
from rediskit.state_machine.clock import later
from rediskit.state_machine.effects import moved
from rediskit.state_machine.transitions import Transition

START = "2026-03-01T22:00:00-03:00"
ORDERS: tuple[Order, ...] = ("scale-down-first", "deploy-first")


def start(order: Order = "scale-down-first") -> Migration:
    return Migration(step="prepare", order=order)


def take(migration: Migration, transition: Transition) -> Migration:
    """One step, a minute after the last one."""
    at = later(migration.history[-1].at, 60) if migration.history else START
    return moved(migration, transition.target, at, "seen" if transition.kind != "forward" else None)


def along(order: Order, *kinds: str) -> Migration:
    """Return the migration after steps from prepare: f forward, b back, r rollback."""
    migration = start(order)
    for kind in "".join(kinds):
        wanted = {"f": "forward", "b": "back", "r": "rollback"}[kind]
        migration = take(migration, next(transition for transition in transitions.available(migration) if transition.kind == wanted))
    return migration


def reachable(order: Order, depth: int) -> Iterator[Migration]:
    """Every migration that so many steps or fewer lead to from prepare."""
    migrations = [start(order)]
    for _ in range(depth + 1):
        yield from migrations
        migrations = [take(migration, transition) for migration in migrations for transition in transitions.available(migration)]


def with_migration(environment: Environment, migration: Migration) -> Environment:
    """Return the environment with its first client at a migration."""
    client = environment.clients[0].model_copy(update={"migration": migration})
    return environment.model_copy(update={"clients": (client, *environment.clients[1:])})


def applied(tree: Tree) -> dict[str, dict[str, bytes]]:
    """Return the applied files of a tree by the repository that applies them, without pages and verification Jobs.

    The Jobs are new at each step, and nothing depends on them.
    """
    files: Mapping[str, bytes] = tree.files
    texts = ("README.md", "docs/", "checks/")
    return {
        "ours": {path: content for path, content in files.items() if not path.startswith(("owners/", *texts))},
        "owner": {path: content for path, content in files.items() if path.startswith("owners/")},
    }


def trees(environment: Environment, migration: Migration) -> dict[str, dict[str, bytes]]:
    return applied(render(with_migration(environment, migration)))
