"""The gates of each transition: whether a gate passes, and why it is blocked.

Gates read no clock, file or cluster: a Situation contains the time and the facts. `--override` passes those that are overridable.
"""

from collections.abc import Iterator

from rediskit.model.client import Client
from rediskit.model.evidence import DISCARDED
from rediskit.model.local_redis import can_lose_data, is_local, may_have_volume
from rediskit.model.migration import moment
from rediskit.model.nested import at
from rediskit.state_machine.clock import later, seconds_between, span
from rediskit.state_machine.effects import data_removed, down_since, effects, queue_evidence, recorded_at_step, recorded_since_down
from rediskit.state_machine.leftover import keys_left
from rediskit.state_machine.scans import source_of, unfit
from rediskit.state_machine.situation import Blocker, Gate, GateResult, Situation
from rediskit.state_machine.transitions import gates, lost_for_good


def evaluate(situation: Situation) -> tuple[GateResult, ...]:
    """Return the result of every gate of a transition, in the order of `transitions.gates`."""
    codes = gates(situation.transition, situation.client, situation.migration)
    return tuple(
        GateResult(code, GATES[code].description, GATES[code].overridable, tuple(GATES[code].evaluate(situation))) for code in codes
    )


def _history(situation: Situation) -> Iterator[Blocker]:
    if situation.transition.source == "rolled-back" and not situation.migration.history:
        hint = "add the entry: history: [{step: rolled-back, at: …, reason: …}]; it decides whether the release is deployed"
        yield Blocker("history-missing", "the step is rolled-back, but the history is empty", hint)


def _clock(situation: Situation) -> Iterator[Blocker]:
    history = situation.migration.history
    if history and seconds_between(history[-1].at, situation.at) < 0:
        last = history[-1]
        message = f"{situation.at} is before {last.at}, the time of {last.step}"
        yield Blocker(
            "time-before-history", message, "check the date and the offset of --at", ("migration", "history", len(history) - 1, "at")
        )


def _reason(situation: Situation) -> Iterator[Blocker]:
    if not situation.reason.strip():
        step = "a rollback" if situation.transition.kind == "rollback" else "a step back"
        yield Blocker("reason-missing", f"{step} needs a reason", "add --reason TEXT: the history records it")


def _window(situation: Situation) -> Iterator[Blocker]:
    window, at = situation.migration.window, situation.at
    if window is None:
        hint = "set migration.window, as in window: {start: 2026-03-01T22:00:00-03:00, duration: 1h}"
        yield Blocker("window-missing", "migration.window is not set", hint, ("migration",))
        return
    path = ("migration", "window", "start")
    end = later(window.start, float(window.duration.amount))
    budget = situation.migration.budgets.downtime
    if (early := seconds_between(at, window.start)) > 0:
        yield Blocker("window-not-started", f"the window starts at {window.start}, in {span(early)}", f"wait until {window.start}", path)
    elif (late := seconds_between(end, at)) >= 0:
        yield Blocker("window-over", f"the window ended at {end}, {span(late)} ago", "set another migration.window", path)
    elif (over := seconds_between(end, later(at, float(budget.amount)))) > 0:
        message = f"a downtime of {budget} from {at} exceeds the window by {span(over)}: it ends at {end}"
        yield Blocker("window-too-short", message, "set a longer or another migration.window", ("migration", "window", "duration"))


def _secret(situation: Situation) -> Iterator[Blocker]:
    client, auth = situation.client, situation.environment.redis.auth
    namespaces = f"{situation.environment.redis.namespace} and {client.namespace}"
    if situation.environment.secrets.mode == "manual":
        entry = situation.migration.secret
        if message := situation.outdated(entry) if entry else f"no evidence that Secret {auth.secret} has key {auth.key} in {namespaces}":
            hint = f"it is not in Git with secrets.mode manual: verify both Secrets, then run {situation.command('record --secret-seen')}"
            yield Blocker("secret-missing", message, hint, ("migration",))
    elif not situation.secret:
        message = f"the rendered manifests do not contain Secret {auth.secret} for {namespaces}"
        yield Blocker("secret-missing", message, "run rediskit secret new, then render and commit", ("namespace",))


def _replicas(situation: Situation) -> Iterator[Blocker]:
    """Yield a blocker for a base without `replicas`.

    Under server-side apply such a base gets 1 replica once the Component no longer sets the number, unless an autoscaler sets it
    (observed in tests with Argo CD and Flux).
    """
    for index, workload in enumerate(situation.client.workloads):
        manifest = workload.manifest
        if manifest is None or workload.autoscaler is not None or workload.replicas in (None, 1):
            continue
        if at(manifest.content, "spec", "replicas") is None:
            message = f"{manifest.path} has no spec.replicas: after a rollback {workload.reference} runs 1 replica"
            hint = f"set replicas: {workload.replicas} in the base of the application repository, apply it, and export the manifest again"
            yield Blocker("replicas-missing", f"{message}, not {workload.replicas}", hint, ("workloads", index, "manifest"))


def _installed(situation: Situation) -> Iterator[Blocker]:
    """Yield a blocker unless the live HelmRelease was read at this step, with no setting that undoes the next one."""
    migration, install = situation.migration, situation.client.owner.installs
    valid = recorded_at_step(migration, "installed")
    unread = f"{install.reference} was not read in the cluster at {migration.step}: a setting of it can undo the step"
    if message := situation.outdated(valid[-1]) if valid else unread:
        yield Blocker("release-unread", message, f"run {situation.command('record --installed')}", ("migration", "evidence"))


def _jobs(situation: Situation) -> Iterator[Blocker]:
    """Yield a blocker unless no Job of a CronJob ran after the application stopped: a suspended CronJob does not stop its Jobs."""
    client, since = situation.client, recorded_since_down(situation.migration, "jobs")
    record = situation.command("record --jobs")
    unread = f"no evidence that no Job of {', '.join(client.cron_jobs)} is running since the application stopped"
    if message := situation.outdated(since[-1]) if since else unread:
        yield Blocker("jobs-unread", message, f"run {record}", ("migration",))
    elif since[-1].value != "0":
        message = f"{since[-1].value} Jobs of {', '.join(client.cron_jobs)} were running at {since[-1].at}, and they use the old Redis"
        yield Blocker("jobs-running", message, f"wait until they have finished, and run {record} again", ("migration", "evidence"))


def _drained(situation: Situation) -> Iterator[Blocker]:
    """Yield a blocker unless the queues were empty, or their tasks discarded, after the application stopped: nothing is copied.

    A local Redis stops with the application, so its queues were empty before.
    """
    since, local = queue_evidence(situation.client), is_local(situation.client)
    record = situation.command("record --drained --observed TEXT" if local else "record --drained")
    when = "before it stops with the application" if local else "since the application stopped"
    unread = f"no evidence that the queues in the old Redis are empty {when}"
    if message := situation.outdated(since[-1]) if since else unread:
        yield Blocker("queue-unread", message, f"run {record}", ("migration",))
    elif (value := since[-1].value or "") != "0" and not value.endswith(DISCARDED):
        message = f"{value} tasks were left in the old Redis at {since[-1].at}, and no data is copied"
        first = "let the workers finish, and record it again" if local else "roll back, let the workers finish, and repeat the steps"
        hint = f"{first}; or add --discard REASON to {record}: these tasks are lost"
        yield Blocker("queue-not-empty", message, hint, ("migration", "evidence"))


def _budget(situation: Situation) -> Iterator[Blocker]:
    migration = situation.migration
    budget, down = migration.budgets.downtime, down_since(migration)
    hint = "run rediskit migrate rollback"
    path = ("migration", "budgets", "downtime")
    if down is None:
        yield Blocker("budget-unknown", "the history does not show when the application stopped", hint, path)
        return
    spent = seconds_between(down.at, situation.at)
    if spent > budget.amount:
        yield Blocker("budget-spent", f"the application stopped at {down.at}, {span(spent)} ago: the budget is {budget}", hint, path)


def _evidence(situation: Situation) -> Iterator[Blocker]:
    migration = situation.migration
    for problem in migration.missing_evidence(situation.transition.target):
        yield Blocker("evidence-missing", problem.message, problem.hint, ("migration", *problem.path))
    if migration.validation and moment(migration.validation.until) > moment(situation.at):
        message = f"the validation ends at {migration.validation.until}, after {situation.at}"
        yield Blocker("evidence-future", message, "record the validation after it has ended", ("migration", "validation", "until"))


def _old_redis(situation: Situation) -> Iterator[Blocker]:
    for message, hint in situation.still_used:
        yield Blocker("old-redis-in-use", message, hint, ("previous",))


def _scan(situation: Situation) -> Iterator[Blocker]:
    """Yield a blocker unless a scan is recorded: only a checkout shows the contents of the application repository."""
    client, scan = situation.client, situation.migration.scan
    host = client.previous.host if client.previous else ""
    config = situation.environment.config_argument
    command = f'rediskit check {config} --owner "$OWNER_DIR"'
    if client.owner.delivery == "stated":
        command += f", or without a checkout rediskit migrate scan {config} --client {client.name} --live --record"
    if scan is None:
        message = f"no scan of the application repository for {host} is recorded at {situation.migration.step}"
        yield Blocker("scan-missing", message, f"run {command}", ("migration",))
    elif reason := unfit(client, scan):
        yield Blocker("scan-missing", reason, f"run {command}", ("migration", "evidence"))
    elif scan.value != "0":
        message = f"the scan at {scan.at} found {scan.value} certain uses of {host} in {source_of(scan)}"
        yield Blocker("scan-in-use", message, f"change them, and deploy the change; then run {command}", ("migration", "evidence"))


def _old_redis_exists(situation: Situation) -> Iterator[Blocker]:
    now, after = effects(situation.migration), effects(situation.after)
    if after.switched or (after.stopped and not now.switched):
        return
    other = situation.removed_by
    if other and situation.client.previous is not None:
        message = f"{other} has removed the old Redis {situation.client.previous.host}"
        hint = f"continue with the shared Redis, or run rediskit migrate back for {other} first: it restores the old Redis without data"
        yield Blocker("old-redis-gone", message, hint, ("previous",))


def _old_redis_data(situation: Situation) -> Iterator[Blocker]:
    """Yield a blocker if the application goes back to an old Redis whose data `decommission` removed. A rollback stays possible."""
    now, after = effects(situation.migration), effects(situation.after)
    removed = data_removed(situation.client, situation.migration)
    if removed and now.switched and not after.switched:
        message = f"the old Redis is empty: decommission removed it with its data at {removed.at}"
        yield Blocker("old-data-gone", message, "stay with the shared Redis, or confirm that the application starts with an empty one")


def _old_data(situation: Situation) -> Iterator[Blocker]:
    previous = situation.client.previous
    if situation.transition.target == "scale-down":
        yield from _local_data(situation.client)
        return
    if previous is None or previous.data is not None:
        return
    hint = "check its volumes, then set previous.data to none, discard or keep (keep: the claim stays until you delete it)"
    kinds = {reference.partition("/")[0]: reference for reference in reversed(previous.remove)}
    message = ""
    if workload := kinds.get("PersistentVolumeClaim") or kinds.get("StatefulSet"):
        message = f"previous.data is not set, and {workload} contains data of the old Redis"
    elif workload := kinds.get("Deployment") or kinds.get("DaemonSet") or kinds.get("Pod"):
        message = f"previous.data is not set, and {workload} can have data on a volume"
    if message:
        yield Blocker("old-data-missing", message, hint, ("previous", "remove"))


def _local_data(client: Client) -> Iterator[Blocker]:
    """Yield a blocker unless the config keeps or discards the data of a local Redis: scale-down stops it with the pods."""
    previous = client.previous
    if previous is None or previous.data == "discard" or (previous.data == "none" and can_lose_data(client)):
        return
    if previous.data == "keep" and may_have_volume(client):
        return
    where = f"the old Redis {previous.host} is in the pods of {', '.join(client.references)}"
    hint = "set previous.data: discard if the application can lose its data, or keep if the Redis has a PersistentVolumeClaim"
    message = f"{where}: scale-down deletes its data, and previous.data is {previous.data or 'not set'}"
    yield Blocker("old-data-missing", message, hint, ("previous", "data") if previous.data else ("previous",))


def _irreversible(situation: Situation) -> Iterator[Blocker]:
    if not situation.confirm_irreversible:
        hint = "add --confirm-irreversible"
        yield Blocker("irreversible", f"this step is irreversible: {lost_for_good(situation.client)}", hint)


def _folded(situation: Situation) -> Iterator[Blocker]:
    client, entry = situation.client, situation.migration.folded
    missing = "no record shows that the base of the application repository contains the change"
    if message := situation.outdated(entry) if entry else missing:
        record = situation.command("record --folded")
        hint = (
            f"run {record} --owner DIR: it compares the base with and without the values of the step"
            if client.owner.shows_fold
            else f"verify the files, then run {record}"
        )
        yield Blocker("fold-missing", message, hint)


def _verified(situation: Situation) -> Iterator[Blocker]:
    """Yield a blocker unless the state of the application at this step was verified: no build validates it."""
    migration, client = situation.migration, situation.client
    missing = f"no verification of {', '.join(client.references)} at {migration.step} is recorded"
    if message := situation.outdated(migration.verified) if migration.verified else missing:
        command = situation.command("verify --live --record")
        yield Blocker("verification-missing", message, f"run {command}, or use --from FILE", ("migration",))


GATES: dict[str, Gate] = {
    "history": Gate("the history has the entry of the rollback", _history, ("history-missing",)),
    "clock": Gate("the time is not before the last step", _clock, ("time-before-history",)),
    "reason": Gate("a reason is given", _reason, ("reason-missing",)),
    "window": Gate(
        "the maintenance window has started, and the downtime budget fits into the rest of it",
        _window,
        ("window-missing", "window-not-started", "window-over", "window-too-short"),
        overridable=True,
    ),
    "secret": Gate("the namespaces of Redis and of the client have the Secret", _secret, ("secret-missing",), overridable=True),
    "verified": Gate("a verification of the application at this step is recorded", _verified, ("verification-missing",)),
    "replicas": Gate("the base sets the replicas of each workload: a rollback restores them", _replicas, ("replicas-missing",)),
    "installed": Gate("the live HelmRelease has no setting that undoes a step", _installed, ("release-unread",)),
    "jobs": Gate("no Job of a suspended CronJob is running", _jobs, ("jobs-unread", "jobs-running")),
    "drained": Gate("the queues in the old Redis are empty, or their tasks are discarded", _drained, ("queue-unread", "queue-not-empty")),
    "empty": Gate(
        "the databases of the client in the shared Redis are empty, or their keys are kept",
        keys_left,
        ("database-unread", "database-not-empty"),
    ),
    "budget": Gate("the downtime is within budget", _budget, ("budget-unknown", "budget-spent"), overridable=True),
    "evidence": Gate("24 hours of validation and the six criteria are recorded", _evidence, ("evidence-missing", "evidence-future")),
    "old-redis": Gate("nothing in the config uses the old Redis", _old_redis, ("old-redis-in-use",)),
    "scan": Gate(
        "a scan of the application repository at this step found no certain use of the old Redis", _scan, ("scan-missing", "scan-in-use")
    ),
    "old-redis-exists": Gate("the old Redis exists", _old_redis_exists, ("old-redis-gone",)),
    "old-redis-data": Gate(
        "the application does not go back to an old Redis that lost its data", _old_redis_data, ("old-data-gone",), overridable=True
    ),
    "old-data": Gate("previous.data is set", _old_data, ("old-data-missing",)),
    "irreversible": Gate("the irreversible step is confirmed", _irreversible, ("irreversible",)),
    "folded": Gate("a record shows that the base contains the change", _folded, ("fold-missing",)),
}
"""Every gate by its code. docs/migration.md lists the code of each blocker."""
