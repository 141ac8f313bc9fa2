"""The transitions of the machine as data: which step follows which, what each of them means, and which gates stand before it (design §4).

The one source for status, plan, the moves themselves, the tree's README and its runbooks.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from rediskit.model.migration import Migration, Step
from rediskit.state_machine.effects import effects, steps

Kind = Literal["forward", "back", "rollback"]
Repository = Literal["ours", "owner", "none"]
"""Whose repository a step changes what is applied of; `none` for a step that only records."""


class Transition(NamedTuple):
    """One way out of a step."""

    kind: Kind
    source: Step
    target: Step


class Stage(NamedTuple):
    """What a step is, in words.

    meaning: what is true once it is in effect. before: what must be true before it is committed. gates: the codes of the gates that the
    machine itself holds before it (`guards.GATES`). look: what to look at once it is applied. expected: minutes until its effect is
    there, a person's look included, where the tool is refreshed; an estimate for the plan, and never a gate.
    """

    meaning: str
    before: str
    gates: tuple[str, ...]
    look: str
    expected: int = 0


STAGES: dict[Step, Stage] = {
    "prepare": Stage(
        "the Secrets and the namespace are made ready; the application still uses its old Redis",
        "",
        (),
        "the namespace is there, and the Secret in both namespaces",
    ),
    "scale-down": Stage(
        "the application is scaled to 0",
        "the window is open, and the Secret is in both namespaces",
        ("window", "secret", "replicas"),
        "no pod of the application is left",
        1,
    ),
    "deploy": Stage(
        "the shared Redis runs; the application does not use it yet",
        "the application is down",
        (),
        "both instances are ready, the replica follows, the address answers",
        3,
    ),
    "reconfigure": Stage(
        "the application's environment names the shared Redis; it is still scaled to 0",
        "the shared Redis is ready: both instances run, the address answers",
        (),
        "the workload names the new host and the Secret, and nothing else changed",
        1,
    ),
    "scale-up": Stage(
        "the application runs on the shared Redis, with its original number of replicas",
        "the owner's build names the shared Redis, and the downtime budget still holds",
        ("budget",),
        "every replica is ready, no error in its log, and Redis shows its connections",
        1,
    ),
    "validate": Stage(
        "the application runs on the shared Redis and is watched for 24 hours or more; the old Redis is still there",
        "the application is ready and works",
        (),
        "the six criteria, for 24 hours or more",
    ),
    "decommission": Stage(
        "the old Redis is out of the owner's build",
        "24 hours or more and the six criteria are recorded, and nothing uses the old Redis any more",
        ("evidence", "old-redis", "scan", "old-data", "irreversible"),
        "the objects of the old Redis are gone, and the application works",
    ),
    "complete": Stage(
        "the owner's repository carries the change itself; the Component changes nothing any more",
        "the owner's base carries the variables and the removal itself: the Component of `decommission` changes nothing there",
        ("folded",),
        "the application runs as before; the Component can go",
    ),
    "rolled-back": Stage(
        "the application is back on its old Redis, as it was before scale-down",
        "",
        (),
        "every replica is ready on the old Redis",
        1,
    ),
}


def available(migration: Migration) -> tuple[Transition, ...]:
    """Every way out of where a migration stands: forward, back, rollback, those that there are. Anything else is a jump."""
    found: tuple[tuple[Kind, Step | None], ...] = (
        ("forward", following(migration)),
        ("back", previous(migration)),
        ("rollback", way_out(migration)),
    )
    return tuple(Transition(kind, migration.step, target) for kind, target in found if target is not None)


def following(migration: Migration) -> Step | None:
    """The step forward from here; None at the end. After a rollback the way begins again where the application goes down."""
    if migration.step == "rolled-back":
        return "scale-down" if migration.order == "scale-down-first" or effects(migration).release else "deploy"
    way = steps(migration.order)
    here = way.index(migration.step)
    return way[here + 1] if here + 1 < len(way) else None


def previous(migration: Migration) -> Step | None:
    """The one step back; None at both ends. What began again from a rollback goes back to it, so that back undoes forward exactly."""
    if migration.step in ("prepare", "complete"):
        return None
    if migration.step == "rolled-back":
        return "prepare"
    taken: list[Step] = []
    for entry in migration.history:
        if entry.step in ("prepare", "rolled-back"):
            taken = []
        elif entry.step in taken:
            del taken[taken.index(entry.step) :]
        taken.append(entry.step)
    if taken[-2:-1] == ["rolled-back"]:
        return "rolled-back"
    way = steps(migration.order)
    return way[way.index(migration.step) - 1]


def way_out(migration: Migration) -> Step | None:
    """`rolled-back` while one commit leads to the old Redis: from scale-down to validate."""
    way = steps(migration.order)
    out = way[way.index("scale-down") : way.index("validate") + 1]
    return "rolled-back" if migration.step in out else None


def gates(transition: Transition, migration: Migration) -> tuple[str, ...]:
    """The codes of the gates before a transition, in the order they are judged. Going back needs a reason, and the old Redis."""
    if transition.kind != "forward":
        return ("history", "clock", "reason", "old-redis-there")
    first = ("secret",) if transition.target == "deploy" and migration.order == "deploy-first" else ()
    return ("history", "clock", *first, *STAGES[transition.target].gates)


def before(transition: Transition, migration: Migration) -> str:
    """What must be true before a step forward is committed, in words."""
    if transition.target == "deploy" and migration.order == "deploy-first":
        return "the Secret is in both namespaces"
    return STAGES[transition.target].before


def repository(migration: Migration, after: Migration, *, release_changes: bool = True, removes: bool = True) -> Repository:
    """Whose repository applies something else after a step.

    release_changes: False where another client keeps the release there anyway. removes: whether decommissioning changes the owner's build.

    That it is never both is proved over every transition (tests/state_machine/test_transitions.py): no two commits race.
    """
    old, new = (effects(one)._replace(**({} if removes else {"removed": False})) for one in (migration, after))
    if old._replace(release=new.release) != new:
        return "owner"
    return "ours" if old.release != new.release and release_changes else "none"
