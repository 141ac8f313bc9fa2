"""The plan of a migration: every remaining step with its changes, commands, times and rollback. Pure: no clock, no files."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.migrate.status import replaced, secret_in_tree
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.local_redis import is_local
from rediskit.model.migration import VALIDATION, Migration, Step
from rediskit.model.pointers import differences
from rediskit.output.diff import diff_files
from rediskit.output.tree_diff import FileDiff
from rediskit.renderers import render
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.renderers.pages.runbook import Procedure, procedure, rollback_procedure
from rediskit.renderers.tree import Tree
from rediskit.secrecy import is_secret_key, secret_reason
from rediskit.state_machine import transitions
from rediskit.state_machine.clock import both, later, short, span
from rediskit.state_machine.effects import effects, planned
from rediskit.state_machine.gates import GATES
from rediskit.state_machine.transitions import STAGES, Transition, migration_of

UNSET = "(not set)"
HIDDEN = "(hidden)"
_ADDRESS = r"[a-z]+://[a-z0-9.-]+(:[0-9]{1,5})?(/[0-9]{0,5})?"
"""A URL with host, port and database only, which has no place for a password."""


class Value(NamedTuple):
    """A value of the workload or its autoscaler that changes. object: `Kind/name`; pointer: a JSON pointer."""

    object: str
    pointer: str
    old: str
    new: str


class Planned(NamedTuple):
    """A remaining step.

    Attributes:
        objects: The applied objects of this repository that change.
        files: The files for the application repository that change.
        values: The values of the workload that change.
        gone: The objects that the step removes from the application repository.
        brings: The objects that the chart creates.
        gates: Code and description of each gate.
        when: The times at which it is allowed, in local time and UTC; "" without a limit.
        begins: The expected time, if the application stops when the window starts; "" without a window.
    """

    procedure: Procedure
    objects: tuple[FileDiff, ...]
    files: tuple[str, ...]
    values: tuple[Value, ...]
    gone: tuple[str, ...]
    brings: tuple[str, ...]
    gates: tuple[tuple[str, str], ...]
    when: str
    begins: str


class Plan(NamedTuple):
    """The plan from the current step to `complete`.

    Attributes:
        window: Start and end of the window, in local time and UTC.
        expected, budget: The expected and the allowed downtime in seconds.
        commits: The number of commits that take effect during the downtime.
        rollback: The commands of a rollback; None if it is no longer possible.
        missing: The keys that the config does not set and a gate needs.
        down: Start and end of the expected downtime; "" without a window.
    """

    client: str
    step: Step
    order: str
    steps: tuple[Planned, ...]
    window: tuple[str, str] | None
    expected: int
    budget: int
    commits: int
    rollback: Procedure | None
    missing: tuple[str, ...]
    down: str


def plan(environment: Environment, client: Client) -> Plan:
    """Return the plan from the current step of a client to `complete`."""
    migration = migration_of(client)
    steps, here, files = [], migration, render(environment)
    while (target := transitions.next_step(here)) is not None:
        after = planned(here, target)
        next_files = render(replaced(environment, client, after))
        steps.append(_planned(environment, client, (here, after), (files, next_files)))
        here, files = after, next_files
    steps = list(_timed(steps, migration))
    down = [step.procedure for step in steps if _is_down(step.procedure.step, migration)]
    expected = sum(STAGES[procedure.step].expected for procedure in down) * 60
    return Plan(
        client.name,
        migration.step,
        migration.order,
        tuple(steps),
        _window(migration),
        expected,
        int(migration.budgets.downtime.amount),
        sum(procedure.repository != "none" for procedure in down),
        _rollback(environment, client, migration),
        tuple(_missing(environment, client)),
        _down(migration, expected) if any(procedure.step == "scale-down" for procedure in down) else "",
    )


def _timed(steps: list[Planned], migration: Migration) -> Iterator[Planned]:
    """Yield the steps with their expected times, from the start of the window until validate."""
    names = [step.procedure.step for step in steps]
    if migration.window is None or "scale-down" not in names:
        yield from steps
        return
    minutes = 0
    for step in steps:
        timed = names.index("scale-down") <= names.index(step.procedure.step) <= names.index("validate")
        yield step._replace(begins=short(later(migration.window.start, minutes * 60))) if timed else step
        minutes += STAGES[step.procedure.step].expected if timed else 0


def _down(migration: Migration, seconds: int) -> str:
    if migration.window is None:
        return ""
    start = migration.window.start
    return f"{short(start)} to {short(later(start, seconds))}"


def _is_down(step: Step, migration: Migration) -> bool:
    """Return whether the application is down when a step takes effect."""
    return step in ("scale-down", "reconfigure", "scale-up") or (step == "deploy" and migration.order == "scale-down-first")


def _planned(environment: Environment, client: Client, states: tuple[Migration, Migration], trees: tuple[Tree, Tree]) -> Planned:
    (here, after), (old, new) = states, trees
    transition = Transition("forward", here.step, after.step)
    changes = diff_files(environment.name, old.files, new.files).all
    folder = f"{client.owner_folder}/"
    ours = tuple(diff for diff in changes if not diff.path.startswith(("owners/", "docs/", "checks/")) and diff.path != "README.md")
    files = tuple(f"{diff.status} {diff.path.removeprefix(folder)}" for diff in changes if diff.path.startswith(folder))
    commands = procedure(environment, client, transition, here, as_loaded=bool(environment.file))
    remove = client.old_objects
    gone = remove if effects(after).removed and not effects(here).removed else ()
    gates = tuple((code, GATES[code].description) for code in commands.gates if code not in ("history", "clock"))
    if not ours and not files:  # Another client keeps the release deployed, or the plain files contain the change already.
        commands = commands._replace(repository="none", by_hand=())
    # At complete the base sets what the Component has set: the build is the same.
    values = tuple(_values(environment, client, here, after)) if transition.target != "complete" else ()
    return Planned(commands, ours, files, values, tuple(gone), _brought(environment, ours), gates, _when(here, transition.target), "")


def _brought(environment: Environment, changed: tuple[FileDiff, ...]) -> tuple[str, ...]:
    """Return the objects of the chart, if the Application or HelmRelease of the release is added."""
    release = release_of(environment)
    names = {f"{environment.object_prefix}-release", release.name}
    added = [diff.identity for diff in changed if diff.status == "added" and diff.identity]
    if not any(identity.kind in ("Application", "HelmRelease") and identity.name in names for identity in added):
        return ()
    sets = dict.fromkeys((release.primary_statefulset, release.replicas_statefulset))  # one name where one StatefulSet has all instances
    return (*(f"StatefulSet/{name}" for name in sets), *(f"Service/{name}" for name in release.services))


def _values(environment: Environment, client: Client, here: Migration, after: Migration) -> Iterator[Value]:
    """Yield the values of the workload and its autoscaler that a step changes in the build of the application repository."""
    containers = [container for workload in client.workloads for _, _, container in workload.redis_containers]
    hidden = {name for container in containers for name, value in container.variables.items() if value is None or value.contains_password}
    old, new = (_objects(environment, client.model_copy(update={"migration": migration})) for migration in (here, after))
    for reference in dict.fromkeys((*old, *new)):
        for pointer, value, new_value in differences(old.get(reference, {}), new.get(reference, {}), is_leaf=_has_source, expand=True):
            secret = any(part in hidden for part in pointer.split("/"))
            yield Value(reference, pointer, _shown(value, secret), _shown(new_value, secret=False))  # a new value refers to the password


def _objects(environment: Environment, client: Client) -> dict[str, Any]:
    """Return the objects of the build by `Kind/name`; of an object without manifest, only the values of the patches."""
    objects: dict[str, Any] = {}
    for workload in client.workloads:
        field, stopped = workload.stopped
        objects[workload.reference] = {"spec": {field: workload.running}}
        for source in (workload, workload.autoscaler):
            if source is not None and source.manifest is not None:
                objects[source.reference] = source.manifest.content
        spec = objects[workload.reference].get("spec", {})
        if spec.get(field) == stopped:  # The manifest was printed during a downtime: the base sets the original value.
            objects[workload.reference] = {**objects[workload.reference], "spec": {**spec, field: workload.running}}
    for change in changes(environment, client):
        # Without an object, kind and name are no change of it.
        content = {key: value for key, value in change.named.items() if key not in ("apiVersion", "kind")}
        metadata = {key: value for key, value in change.named["metadata"].items() if key != "name"}
        unnamed = change._replace(named=content | {"metadata": metadata})
        objects[change.reference] = edited(objects.get(change.reference, {}), unnamed)
    return objects


def _has_source(old: Any, new: Any) -> bool:
    """Return whether one of two variables has a `valueFrom`: the plan shows such a variable as a whole."""
    return "valueFrom" in old or "valueFrom" in new


def _shown(value: Any, secret: bool) -> str:
    """Return a value in words: the source of a reference, and no password."""
    if value is None:
        return UNSET
    source = value.get("valueFrom") if isinstance(value, Mapping) else None
    if isinstance(source, Mapping):
        for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if isinstance(reference := source.get(key), Mapping):
                return f"from {kind} {reference.get('name')}, key {reference.get('key')}"
        return "from a field of the pod"
    if isinstance(value, Mapping) and set(value) <= {"name", "value"}:
        value = value.get("value", "")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    secret = secret and re.fullmatch(_ADDRESS, text) is None
    return HIDDEN if secret or secret_reason(text) or (isinstance(value, Mapping) and any(map(is_secret_key, value))) else text


def _window(migration: Migration) -> tuple[str, str] | None:
    """Return start and end of the window, in local time and UTC."""
    if migration.window is None:
        return None
    start = migration.window.start
    return both(start), both(later(start, float(migration.window.duration.amount)), start)


def _when(migration: Migration, step: Step) -> str:
    """Return the times at which a step is allowed, by window, budget and validation."""
    window = migration.window
    if step == "decommission":
        return f"{VALIDATION} after scale-up at the earliest"
    if window is None:
        return ""
    budget = float(migration.budgets.downtime.amount)
    if step == "scale-down":
        latest = later(window.start, float(window.duration.amount) - budget)
        return f"from {both(window.start)} to {both(latest, window.start)}"
    if step in ("reconfigure", "scale-up") or (step == "deploy" and migration.order == "scale-down-first"):
        return (
            f"within {span(budget)} after scale-down: until {both(later(window.start, budget), window.start)} if you start with the window"
        )
    return "before the window" if step == "deploy" else ""


def _rollback(environment: Environment, client: Client, migration: Migration) -> Procedure | None:
    if migration.is_decommissioned:
        return None
    return rollback_procedure(environment, client, as_loaded=bool(environment.file))


def _missing(environment: Environment, client: Client) -> Iterator[str]:
    """Yield the keys and the evidence that a gate needs and the config does not have."""
    migration, previous = migration_of(client), client.previous
    if migration.window is None and migration.step in ("prepare", "rolled-back"):
        yield "`migration.window`, the maintenance window [window-missing]"
    if environment.secrets.mode == "manual" and migration.secret is None and migration.step in ("prepare", "rolled-back"):
        yield "a record that the namespaces of Redis and of the client have the Secret [secret-missing]"
    if environment.secrets.mode != "manual" and not secret_in_tree(environment, client):
        yield f"the Secret of Redis and of {client.namespace}: run `rediskit secret new` [secret-missing]"
    if previous and previous.data is None and (previous.remove or is_local(client)) and not migration.is_decommissioned:
        yield "`previous.data` (none, discard or keep) for the data of the old Redis [old-data-missing]"
