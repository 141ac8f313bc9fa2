"""The gates of the machine: which stands before a transition, whether it is open, and which evidence is missing where it is not.

Nothing here reads a clock, a disk or a cluster: time and facts are in the Situation. `override` covers window, budget and Secret.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from rediskit.errors import Problem, RefusedError
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step, moment
from rediskit.state_machine import transitions
from rediskit.state_machine.clock import later, seconds_between, span
from rediskit.state_machine.effects import down_since, effects, moved, removes
from rediskit.state_machine.transitions import Transition


@dataclass(frozen=True)
class Situation:
    """A client before a transition, and what is known.

    at: the time of the step, a Timestamp. secret: whether the tree holds the Secret of both namespaces in some form. reason: why one goes
    back. confirm_irreversible: whether somebody has said that what is lost at decommission may be lost.
    """

    environment: Environment
    client: Client
    transition: Transition
    at: str
    secret: bool = False
    reason: str = ""
    confirm_irreversible: bool = False
    carriers: frozenset[str] | None = None
    """What `effects.carriers` returns for the environment; None where nobody asked yet."""
    still_used: tuple[tuple[str, str], ...] = ()
    """Message and hint of each certain use of the old Redis in the config."""
    removed_by: str = ""
    """The name of the other client that has removed the old Redis; "" where it still exists."""

    @property
    def migration(self) -> Migration:
        return migration_of(self.client)


class Blocker(NamedTuple):
    """Why a gate is shut. code: of the case; path: in the client's section, what to mend."""

    code: str
    message: str
    hint: str
    path: tuple[str | int, ...] = ("migration", "step")


class Gate(NamedTuple):
    """One gate. words: what holds when it is open. codes: of the cases in which it is shut. overridable: whether `--override` opens it."""

    description: str
    evaluate: Callable[[Situation], Iterator[Blocker]]
    codes: tuple[str, ...]
    overridable: bool = False


class GateResult(NamedTuple):
    """A gate and why it is shut; it is open when there are no reasons."""

    code: str
    description: str
    overridable: bool
    blockers: tuple[Blocker, ...]


def evaluate(situation: Situation) -> tuple[GateResult, ...]:
    """Every gate before a transition, in the order of `transitions.gates`."""
    codes = transitions.gates(situation.transition, situation.migration)
    gates = ((code, GATES[code]) for code in codes)
    return tuple(GateResult(code, gate.description, gate.overridable, tuple(gate.evaluate(situation))) for code, gate in gates)


def migration_of(client: Client) -> Migration:
    """The migration of a client that has one. Raises RefusedError [not-migrating] for one that has none."""
    if client.migration is None:
        message = f"{client.name} is not on its way: it has no migration"
        raise RefusedError(Problem(message, "write migration: {step: prepare} into its section", code="not-migrating"))
    return client.migration


def transition_to(client: Client, kind: transitions.Kind, target: Step | None = None) -> Transition:
    """The transition of this kind out of where a client stands. target: the step that the caller means; any other one is refused.

    Raises RefusedError: [step-terminal], [step-first], [step-jump], [rollback-nothing], [rollback-too-late].
    """
    migration = migration_of(client)
    found = {transition.kind: transition for transition in transitions.available(migration)}
    transition = found.get(kind)
    if transition is None:
        raise RefusedError(_no_transition(client.name, migration, kind))
    if target not in (None, transition.target):
        way = {"forward": "the next step is", "back": "the one step back is", "rollback": "the way out is"}[kind]
        hint = f"{way} {transition.target}: each step is one commit, so that one repository at a time changes"
        raise RefusedError(Problem(f"{client.name}: from {migration.step} to {target} is a jump", hint, code="step-jump"))
    return transition


def _no_transition(name: str, migration: Migration, kind: transitions.Kind) -> Problem:
    step = migration.step
    if step == "complete":
        return Problem(
            f"{name} is at complete: the old Redis is gone, and the owner's repository carries the change itself",
            "there is no step from here; change the owner's repository, as any other",
            code="step-terminal",
        )
    if kind == "back":
        return Problem(f"{name} is at {step}, the first step", "there is nothing to go back to", code="step-first")
    if step == "decommission":
        return Problem(
            f"{name} is at decommission: there is no old Redis to roll back to",
            "rediskit migrate back brings its objects back first, and they come back empty",
            code="rollback-too-late",
        )
    return Problem(
        f"{name} is at {step}: the application is on its old Redis",
        "a rollback leads out of scale-down to validate; from here go on, or back",
        code="rollback-nothing",
    )


def _history(situation: Situation) -> Iterator[Blocker]:
    if situation.transition.source == "rolled-back" and not situation.migration.history:
        hint = "record it: history: [{step: rolled-back, at: …, reason: …}]; without it nobody knows whether the release is there"
        yield Blocker("history-missing", "rolled back, but the history does not say so", hint)


def _clock(situation: Situation) -> Iterator[Blocker]:
    history = situation.migration.history
    if history and seconds_between(history[-1].at, situation.at) < 0:
        last = history[-1]
        message = f"{situation.at} is before {last.at}, when {last.step} was taken"
        yield Blocker(
            "time-before-history", message, "check --at, its day and its offset", ("migration", "history", len(history) - 1, "at")
        )


def _reason(situation: Situation) -> Iterator[Blocker]:
    if not situation.reason.strip():
        going = "a rollback" if situation.transition.kind == "rollback" else "a step back"
        yield Blocker("reason-missing", f"{going} without a reason", "say with --reason what was seen: the next attempt begins with it")


def _window(situation: Situation) -> Iterator[Blocker]:
    window, at = situation.migration.window, situation.at
    if window is None:
        hint = "write window: {start: 2026-03-01T22:00:00-03:00, duration: 1h} under migration"
        yield Blocker("window-missing", "no window: nobody has said when the application may be down", hint, ("migration",))
        return
    path = ("migration", "window", "start")
    end = later(window.start, float(window.duration.amount))
    budget = situation.migration.budgets.downtime
    if (early := seconds_between(at, window.start)) > 0:
        yield Blocker("window-not-started", f"the window opens at {window.start}, in {span(early)}", f"wait until {window.start}", path)
    elif (late := seconds_between(end, at)) >= 0:
        yield Blocker("window-over", f"the window closed at {end}, {span(late)} ago", "agree on another window, and write it down", path)
    elif (over := seconds_between(end, later(at, float(budget.amount)))) > 0:
        message = f"a downtime of {budget} from {at} would end {span(over)} after the window, which closes at {end}"
        yield Blocker("window-too-short", message, "agree on a longer window, or on another one", ("migration", "window", "duration"))


def _secret(situation: Situation) -> Iterator[Blocker]:
    client, auth = situation.client, situation.environment.redis.auth
    namespaces = f"{situation.environment.redis.namespace} and {client.namespace}"
    if situation.environment.secrets.mode == "manual":
        if situation.migration.secret is None:
            message = (
                f"nobody has seen Secret {auth.secret} with key {auth.key} in {namespaces}; with secrets.mode manual Git can't show it"
            )
            hint = (
                f"look at both, then: rediskit migrate record {situation.environment.config_argument} --client {client.name} --secret-seen"
            )
            yield Blocker("secret-missing", message, hint, ("migration",))
    elif not situation.secret:
        message = f"the tree does not hold Secret {auth.secret} for {namespaces}"
        yield Blocker("secret-missing", message, "make it with rediskit secret new, render and commit it first", ("namespace",))


def _replicas(situation: Situation) -> Iterator[Blocker]:
    """Under server-side apply a base without `replicas` comes back with 1 (seen on Argo CD and Flux); what scales it brings it up again."""
    workload = situation.client.workload
    if workload is None or workload.manifest is None or workload.autoscaler is not None or (workload.replicas or 1) == 1:
        return
    spec = workload.manifest.content.get("spec")
    if not isinstance(spec, dict) or spec.get("replicas") is None:
        message = f"{workload.manifest.path} has no spec.replicas: after a rollback {workload.reference} would run 1 replica"
        hint = f"write replicas: {workload.replicas} into the owner's base, apply it, and print the manifest anew"
        yield Blocker("replicas-unsaid", f"{message}, not {workload.replicas}", hint, ("workload", "manifest"))


def _budget(situation: Situation) -> Iterator[Blocker]:
    migration = situation.migration
    budget, down = migration.budgets.downtime, down_since(migration)
    hint = "roll back (rediskit migrate rollback), or say with --override why it goes on"
    path = ("migration", "budgets", "downtime")
    if down is None:
        yield Blocker("budget-unknown", "the history does not say since when the application is down", hint, path)
        return
    spent = seconds_between(down.at, situation.at)
    if spent > budget.amount:
        yield Blocker("budget-spent", f"down since {down.at}, {span(spent)}: the budget is {budget}", hint, path)


def _evidence(situation: Situation) -> Iterator[Blocker]:
    migration = situation.migration
    for problem in migration.missing_evidence(situation.transition.target):
        yield Blocker("evidence-missing", problem.message, problem.hint, ("migration", *problem.path))
    if migration.validation and moment(migration.validation.until) > moment(situation.at):
        message = f"the validation ends at {migration.validation.until}, which is still to come at {situation.at}"
        yield Blocker("evidence-future", message, "evidence is what was seen: record it afterwards", ("migration", "validation", "until"))


def _old_redis(situation: Situation) -> Iterator[Blocker]:
    """Nothing that is still in use is removed. No option opens this gate."""
    for message, hint in situation.still_used:
        yield Blocker("old-redis-in-use", message, hint, ("previous",))


def _scan(situation: Situation) -> Iterator[Blocker]:
    """What the application repository builds is known to the checkout alone: its scan is evidence. No option opens this gate."""
    client, scan, config = situation.client, situation.migration.scan, situation.environment.config_argument
    host = client.previous.host if client.previous else ""
    if scan is None:
        message = f"no scan at {situation.migration.step}: what uses {host} in the application repository is not known"
        hint = f'rediskit check {config} --owner "$OWNER_DIR" writes it, and so does rediskit migrate export'
        yield Blocker("scan-missing", message, hint, ("migration",))
    elif client.previous and scan.about not in (None, client.previous.described):
        message = f"the scan at {scan.at} looked for {scan.about}, and not for {client.previous.described}"
        hint = f'rediskit check {config} --owner "$OWNER_DIR" looks again'
        yield Blocker("scan-missing", message, hint, ("previous",))
    elif scan.value != "0":
        message = f"the scan at {scan.at} found {scan.value} certain uses of {host} in the application repository"
        hint = f'change them there, commit, and run rediskit check {config} --owner "$OWNER_DIR" again'
        yield Blocker("scan-in-use", message, hint, ("migration", "evidence"))


def _old_redis_there(situation: Situation) -> Iterator[Blocker]:
    """A client goes back only to a Redis that is there: another client may have removed it."""
    now, after = effects(situation.migration), effects(moved(situation.migration, situation.transition.target, situation.at))
    if after.switched or (after.stopped and not now.switched):
        return
    other = situation.removed_by
    if other and situation.client.previous is not None:
        message = f"{other} has removed {situation.client.previous.host}: there is no old Redis to go back to"
        hint = f"go on with the shared Redis; or take {other} back from decommission first: the old Redis comes back empty"
        yield Blocker("old-redis-gone", message, hint, ("previous",))


def _old_data(situation: Situation) -> Iterator[Blocker]:
    """What a volume holds outlives its Deployment, or goes with its claim: that is a person's decision, said before."""
    previous = situation.client.previous
    if previous is None or previous.data is not None:
        return
    hint = "look at its volumes, then write previous.data: none, discard, or keep (the claim stays until somebody deletes it)"
    path = ("previous", "remove")
    kinds = {reference.partition("/")[0]: reference for reference in reversed(previous.remove)}
    if holder := kinds.get("PersistentVolumeClaim") or kinds.get("StatefulSet"):
        message = f"{holder} holds data of the old Redis, and nobody has said what becomes of it"
        yield Blocker("old-data-unsaid", message, hint, path)
    elif holder := kinds.get("Deployment") or kinds.get("DaemonSet") or kinds.get("Pod"):
        message = f"nobody has said whether {holder} holds data on a volume, and what becomes of it"
        yield Blocker("old-data-unsaid", message, hint, path)


def _irreversible(situation: Situation) -> Iterator[Blocker]:
    if not situation.confirm_irreversible:
        hint = "add --confirm-irreversible to confirm it"
        yield Blocker("irreversible", f"this step is irreversible: {lost_for_good(situation.client)}", hint)


def _folded(situation: Situation) -> Iterator[Blocker]:
    client = situation.client
    if situation.migration.folded is None:
        message = "nobody has seen that the Component of decommission changes nothing on the owner's base"
        record = f"rediskit migrate record {situation.environment.config_argument} --client {client.name} --folded"
        builds = client.owner.kind != "manifests"
        hint = f"{record} --owner DIR builds the base with and without it" if builds else f"look at the files, then: {record}"
        yield Blocker("fold-unseen", message, hint)


GATES: dict[str, Gate] = {
    "history": Gate("the history says where it stands", _history, ("history-missing",)),
    "clock": Gate("the time is not before the last step's", _clock, ("time-before-history",)),
    "reason": Gate("a reason is given", _reason, ("reason-missing",)),
    "window": Gate(
        "the window is open, and the downtime budget fits into it",
        _window,
        ("window-missing", "window-not-started", "window-over", "window-too-short"),
        overridable=True,
    ),
    "secret": Gate("the Secret is in both namespaces", _secret, ("secret-missing",), overridable=True),
    "replicas": Gate("the owner's base says its replicas, so that a rollback brings them all back", _replicas, ("replicas-unsaid",)),
    "budget": Gate("the downtime budget still holds", _budget, ("budget-unknown", "budget-spent"), overridable=True),
    "evidence": Gate("24 hours or more and the six criteria are recorded", _evidence, ("evidence-missing", "evidence-future")),
    "old-redis": Gate("nothing uses the old Redis any more", _old_redis, ("old-redis-in-use",)),
    "scan": Gate("a scan of the application repository at this step found no certain use", _scan, ("scan-missing", "scan-in-use")),
    "old-redis-there": Gate("the old Redis is still there", _old_redis_there, ("old-redis-gone",)),
    "old-data": Gate("what becomes of the old data on a volume is said", _old_data, ("old-data-unsaid",)),
    "irreversible": Gate("the irreversible step is confirmed", _irreversible, ("irreversible",)),
    "folded": Gate("somebody has seen that the owner's base carries the change itself", _folded, ("fold-unseen",)),
}
"""Every gate, by its code. Each case of a shut one has a code of its own; docs/migration.md lists them."""


def lost_for_good(client: Client) -> str:
    """What decommissioning takes that no step brings back."""
    if client.previous is None or not removes(client):
        return "there is no rollback any more; nothing is named under previous.remove, so the old Redis stays until its owner removes it"
    data = "their data stays on its volume" if client.previous.data == "keep" else "a step back brings them back empty"
    return f"{', '.join(client.previous.remove)} leave the owner's build, {data}, and there is no rollback any more"
