"""The plan of a move: every step to the end, with what changes where, how, when, and the way back. Pure: no clock, no disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.migrate.status import replaced, secret_in_tree
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import VALIDATION, Migration, Step
from rediskit.output.diff import diff_files
from rediskit.output.tree_diff import FileDiff
from rediskit.renderers import render
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.overlay import apply
from rediskit.renderers.owner.patches import patches
from rediskit.renderers.pages.runbook import Page, page
from rediskit.renderers.tree import Tree
from rediskit.secrecy import is_secret_key, secret_reason
from rediskit.state_machine import transitions
from rediskit.state_machine.clock import both, later, short, span
from rediskit.state_machine.effects import effects, moved
from rediskit.state_machine.gates import GATES
from rediskit.state_machine.transitions import STAGES, Transition

UNSET = "(not there)"
HIDDEN = "(hidden)"


class Value(NamedTuple):
    """One value of the workload, or of what scales it, that changes. object: Kind/name; pointer: a JSON pointer, named entries by name."""

    object: str
    pointer: str
    old: str
    new: str


class Planned(NamedTuple):
    """One step to come.

    objects: what is applied of this repository and differs; files: of the owner's folder; values: of the workload. gone: objects that
    leave the owner's build. brings: what the chart makes, which is in no file. gates: code and words. when: the times that are allowed;
    begins: when it is expected to be taken, if the application goes down as the window opens. Both in both clocks, "" where nothing
    says so.
    """

    page: Page
    objects: tuple[FileDiff, ...]
    files: tuple[str, ...]
    values: tuple[Value, ...]
    gone: tuple[str, ...]
    brings: tuple[str, ...]
    gates: tuple[tuple[str, str], ...]
    when: str
    begins: str


class Plan(NamedTuple):
    """A move from where the client stands to the end.

    expected, budget: of the downtime, in seconds. commits: those that take effect while the application is down.
    """

    client: str
    step: Step
    order: str
    steps: tuple[Planned, ...]
    window: tuple[str, str] | None
    expected: int
    budget: int
    commits: int
    rollback: Page | None
    unsaid: tuple[str, ...]
    down: str
    """From when to when the application is expected to be down, in both clocks; "" where no window says."""


def plan(environment: Environment, client: Client) -> Plan:
    """Every step from where the client stands to `complete`."""
    migration = client.migration
    assert migration is not None
    steps, here, files = [], migration, render(environment)
    while (target := transitions.following(here)) is not None:
        transition = Transition("forward", here.step, target)
        after = moved(here, target, "")
        there = render(replaced(environment, client, after))
        steps.append(_planned(environment, client, transition, here, (files, there)))
        here, files = after, there
    steps = list(_timed(steps, migration))
    down = [step.page.step for step in steps if _is_down(step.page.step, migration)]
    commits = sum(step.page.repository != "none" for step in steps if step.page.step in down)
    return Plan(
        client.name,
        migration.step,
        migration.order,
        tuple(steps),
        _window(migration),
        sum(STAGES[step].expected for step in down) * 60,
        int(migration.budgets.downtime.amount),
        commits,
        _rollback(environment, client, migration),
        tuple(_unsaid(environment, client)),
        _down(migration, sum(STAGES[step].expected for step in down) * 60) if "scale-down" in down else "",
    )


def _timed(steps: list[Planned], migration: Migration) -> Iterator[Planned]:
    """The steps, each with when it is expected to be taken: one after the other from the opening of the window, until validate."""
    names = [step.page.step for step in steps]
    if migration.window is None or "scale-down" not in names:
        yield from steps
        return
    minutes = 0
    for step in steps:
        under_way = names.index("scale-down") <= names.index(step.page.step) <= names.index("validate")
        yield step._replace(begins=short(later(migration.window.start, minutes * 60))) if under_way else step
        minutes += STAGES[step.page.step].expected if under_way else 0


def _down(migration: Migration, seconds: int) -> str:
    if migration.window is None:
        return ""
    start = migration.window.start
    return f"{short(start)} to {short(later(start, seconds))}"


def _is_down(step: Step, migration: Migration) -> bool:
    """Whether the application is down when this step begins to take effect: from scale-down to scale-up."""
    way: tuple[Step, ...] = ("scale-down", "reconfigure", "scale-up")
    return step in way or (step == "deploy" and migration.order == "scale-down-first")


def _planned(environment: Environment, client: Client, transition: Transition, here: Migration, trees: tuple[Tree, Tree]) -> Planned:
    old, new = trees
    differences = diff_files(environment.name, old.files, new.files).all
    folder = f"{client.owner_folder}/"
    ours = tuple(one for one in differences if not one.path.startswith(("owners/", "docs/")) and one.path != "README.md")
    files = tuple(f"{one.status} {one.path.removeprefix(folder)}" for one in differences if one.path.startswith(folder))
    after = moved(here, transition.target, "")
    made = page(environment, client, transition, here, environment.file)
    remove = client.previous.remove if client.previous else ()
    gone = remove if effects(after).removed and not effects(here).removed else ()
    gates = tuple((code, GATES[code].description) for code in made.gates if code not in ("history", "clock"))
    if not ours and not files:  # another client keeps the release there, or plain files carry the change already
        made = made._replace(repository="none", owner=())
    # At complete the base says by itself what the Component said: the build is the same.
    values = tuple(_values(environment, client, here, after)) if transition.target != "complete" else ()
    return Planned(made, ours, files, values, tuple(gone), _brought(environment, ours), gates, _when(here, transition.target), "")


def _brought(environment: Environment, changed: tuple[FileDiff, ...]) -> tuple[str, ...]:
    """What comes with the release, when its Application or HelmRelease is among what is added."""
    release = release_of(environment)
    names = {f"{environment.object_prefix}-release", release.name}
    carried = any(one.identity and (one.identity.kind, one.identity.name in names) in _CARRIERS for one in changed if one.status == "added")
    sets = (f"StatefulSet/{release.primary_statefulset}", f"StatefulSet/{release.replicas_statefulset}")
    return (*sets, *(f"Service/{name}" for name in release.services)) if carried else ()


_CARRIERS = {("Application", True), ("HelmRelease", True)}


def _values(environment: Environment, client: Client, here: Migration, after: Migration) -> Iterator[Value]:
    """The values of the workload, and of what scales it, that differ once the owner's build has what is rendered for each step."""
    hidden = {name for _, _, one in client.workload.every for name in (one.password, one.url)} if client.workload else set()
    old, new = (_objects(environment, client.model_copy(update={"migration": migration})) for migration in (here, after))
    for reference in dict.fromkeys((*old, *new)):
        for pointer, one, other in _different(old.get(reference, {}), new.get(reference, {})):
            secret = any(part in hidden for part in pointer.split("/"))
            yield Value(reference, pointer, _shown(one, secret), _shown(other, secret and not isinstance(other, Mapping)))


def _objects(environment: Environment, client: Client) -> dict[str, Any]:
    """The objects as the owner's build makes them, by Kind/name; of one that nobody has shown us, what a patch says."""
    workload = client.workload
    assert workload is not None
    found: dict[str, Any] = {workload.reference: {"spec": {"replicas": workload.replicas}}}
    for one in (workload, workload.autoscaler):
        if one is not None and one.manifest is not None:
            found[one.reference] = one.manifest.content
    spec = found[workload.reference].get("spec", {})
    if spec.get("replicas") == 0:  # it was printed while the application was down: the base says the original number
        found[workload.reference] = {**found[workload.reference], "spec": {**spec, "replicas": workload.replicas}}
    for change in patches(environment, client):
        reference = f"{change['kind']}/{change['metadata']['name']}"
        # Without an object, kind and name are no change of it.
        content = {key: value for key, value in change.items() if key not in ("apiVersion", "kind")} | {"metadata": _said(change)}
        found[reference] = apply(found.get(reference, {}), content)
    return found


def _said(change: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in change["metadata"].items() if key != "name"}


def _different(old: Any, new: Any, pointer: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and new is None and "name" not in old:
        new = {}
    if isinstance(new, Mapping) and old is None and "name" not in new:
        old = {}
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        both_sources = "valueFrom" in new or "valueFrom" in old
        if both_sources and old != new:
            yield pointer, old, new
            return
        for key in dict.fromkeys((*old, *new)):
            yield from _different(old.get(key), new.get(key), f"{pointer}/{_token(str(key))}")
    elif (_named(old) or old is None) and (_named(new) or new is None) and old != new:
        before, after = ({entry["name"]: entry for entry in entries or ()} for entries in (old, new))
        yield from _different(before, after, pointer)
    elif old != new:
        yield pointer, old, new


def _token(key: str) -> str:
    """A key as a part of a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


def _named(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, Mapping) and isinstance(entry.get("name"), str) for entry in value)
    )


def _shown(value: Any, secret: bool) -> str:
    """A value in words: no literal password, and of a reference where it leads to."""
    if value is None:
        return UNSET
    source = value.get("valueFrom") if isinstance(value, Mapping) else None
    if isinstance(source, Mapping):
        for kind, words in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            if isinstance(found := source.get(kind), Mapping):
                return f"from {words} {found.get('name')}, key {found.get('key')}"
        return "from the pod itself"
    if isinstance(value, Mapping) and set(value) <= {"name", "value"}:
        value = value.get("value", "")
    text = str(value)
    return HIDDEN if secret or secret_reason(text) or (isinstance(value, Mapping) and any(map(is_secret_key, value))) else text


def _window(migration: Migration) -> tuple[str, str] | None:
    """When the window opens and closes, in both clocks."""
    if migration.window is None:
        return None
    start = migration.window.start
    return both(start), both(later(start, float(migration.window.duration.amount)), start)


def _when(migration: Migration, step: Step) -> str:
    """When a step may be taken, by window, budget and the 24 hours: in the window's clock and in UTC."""
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
        return f"within {span(budget)} of scale-down; at the window's opening: until {both(later(window.start, budget), window.start)}"
    return "before the window" if step == "deploy" else ""


def _rollback(environment: Environment, client: Client, migration: Migration) -> Page | None:
    if migration.step in ("decommission", "complete"):
        return None
    there = Migration(step="validate", order=migration.order)
    return page(environment, client, Transition("rollback", "validate", "rolled-back"), there, environment.file)


def _unsaid(environment: Environment, client: Client) -> Iterator[str]:
    """What the config does not say yet, and a gate will ask for."""
    migration, previous = client.migration, client.previous
    assert migration is not None
    if migration.window is None and migration.step in ("prepare", "rolled-back"):
        yield "`migration.window`: when the application may be down [window-missing]"
    if environment.secrets.mode == "manual" and migration.secret is None and migration.step in ("prepare", "rolled-back"):
        yield "evidence `secret`: that the Secret is in both namespaces [secret-missing]"
    if environment.secrets.mode != "manual" and not secret_in_tree(environment, client):
        yield f"the Secret of {client.namespace} and of Redis, by `rediskit secret new` [secret-missing]"
    if previous and previous.data is None and previous.remove and migration.step not in ("decommission", "complete"):
        yield "`previous.data`: what becomes of the old data on a volume: none, discard or keep [old-data-unsaid]"
