"""Evidence: entries that are appended to `migration.evidence` in the config."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rediskit.errors import Problem, RefusedError
from rediskit.migrate.edit import Append, Edited, Put, edited
from rediskit.migrate.moves import section
from rediskit.model.client import Client
from rediskit.model.criteria import FAILED
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration
from rediskit.renderers.owner.required import subject_of
from rediskit.state_machine.transitions import migration_of

Entry = Mapping[str, Any]


class Observation(NamedTuple):
    """What was read, or what a person observed, for the gates.

    Attributes:
        kind: The kind of evidence.
        value: The number of tasks, with `:discarded` where their loss is accepted, of Jobs, or of keys, with `:kept` where they are
            accepted; the version of a chart.
        source: What was read; "" for an observation of a person.
        note: The number of keys, the tasks that are lost, and the words of the person.
    """

    kind: str
    value: str = ""
    source: str = ""
    note: str = ""


class Observed(NamedTuple):
    """The observations of a person; an empty text, False and () are options that are not set.

    Attributes:
        start, until: Start and end of the validation.
        met, failed: The criteria that are met, and that failed.
        notes: A remark on the validation.
        secret: Whether the namespaces of Redis and of the client have the Secret.
        measured: The measured criteria: keys and values of an entry.
        dispute: Why a person contradicts a failed measurement.
        others: Further observations.
    """

    at: str
    start: str = ""
    until: str = ""
    met: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    notes: str = ""
    secret: bool = False
    down_from: str = ""
    down_until: str = ""
    measured: tuple[Mapping[str, str], ...] = ()
    dispute: str = ""
    others: tuple[Observation, ...] = ()


def record(environment: Environment, client: Client, observed: Observed) -> tuple[tuple[Edited, ...], Environment]:
    """Return the files that record an observation, and the environment after it. Nothing is written.

    A validation that started before the last scale-up belongs to an earlier attempt: it starts again. Refusals: [nothing-to-record],
    [not-validating], [not-down].
    """
    path, migration = section(environment, client), migration_of(client)
    validation = _validation(client.name, migration, observed)
    entries = list(_entries(client.name, migration, observed))
    if not validation and not entries:
        options = "--criterion, --measure, --from, --until, --notes, --secret-seen, --down-from, --down-until, --folded, --drained, --jobs"
        hint = f"add an option: {options}, --empty, --installed"
        raise RefusedError(Problem(f"{client.name}: no observation to record", hint, code="nothing-to-record"))
    edits = [Put((*path, "validation"), validation)] if validation else []
    return appended(environment, client, entries, edits)


def appended(
    environment: Environment, client: Client, entries: Sequence[Entry], before: Sequence[Put] = ()
) -> tuple[tuple[Edited, ...], Environment]:
    """Return the files that append entries to the evidence of a client, and the environment after it. Nothing is written."""
    path = (*section(environment, client), "evidence")
    complete = (_with_subject(environment, client, entry) for entry in entries)
    return edited(environment.file, (*before, *(Append(path, entry) for entry in complete)))


def _with_subject(environment: Environment, client: Client, entry: Entry) -> Entry:
    """Return an entry with its subject after the keys that every entry has, if its kind has one."""
    kind = entry["kind"]
    about = subject_of(environment, client, kind)
    first = {key: entry[key] for key in ("kind", "step", "at", "by", "source", "digest") if key in entry}
    return {**first, **({"about": about} if about else {}), **{key: value for key, value in entry.items() if key not in first}}


def entry(kind: str, migration: Migration, at: str, **fields: str) -> Entry:
    """Return an entry for the current step of a client. fields: further keys; empty values are left out."""
    by = fields.pop("by", "measured" if fields.get("source") else "person")
    return {"kind": kind, "step": migration.step, "at": at, "by": by, **{key: value for key, value in fields.items() if value}}


def _entries(name: str, migration: Migration, observed: Observed) -> Iterator[Entry]:
    if observed.secret:
        yield entry("secret", migration, observed.at)
    for measurement in observed.measured:
        yield entry("criterion", migration, observed.at, by="measured", **measurement)
    for criterion in observed.met:
        disputed = _disputed(name, criterion, migration, observed)
        yield entry("criterion", migration, observed.at, value=criterion, dispute=observed.dispute if disputed else "")
    for criterion in observed.failed:
        yield entry("criterion", migration, observed.at, value=f"{criterion}{FAILED}")
    if observed.down_from or observed.down_until:
        yield entry("downtime", migration, observed.at, value=_downtime(name, migration, observed))
    for kind, value, source, note in observed.others:
        yield entry(kind, migration, observed.at, value=value, source=source, note=note)


def _disputed(name: str, criterion: str, migration: Migration, observed: Observed) -> bool:
    """Return whether a measurement of a criterion failed. Refuses [criterion-measured] a person's word against it without a reason."""
    now = [measurement["value"] for measurement in observed.measured]
    before = migration.criteria.get(criterion)
    unmeasured = criterion not in [value.partition(":")[0] for value in now]
    failed = f"{criterion}{FAILED}" in now or (unmeasured and before is not None and before.refuted)
    if failed and not observed.dispute:
        hint = "fix the cause and measure again, or add --dispute REASON: status, plan and README show it"
        raise RefusedError(Problem(f"{name}: a measurement of {criterion} failed", hint, code="criterion-measured"))
    return failed


def _validation(name: str, migration: Migration, observed: Observed) -> dict[str, Any]:
    if not (observed.start or observed.until or observed.met or observed.failed or observed.measured or observed.notes):
        return {}
    start, until = validation_period(name, migration, observed.start, observed.until)
    return {"from": start, "until": until, **({"notes": observed.notes} if observed.notes else {})}


def validation_period(name: str, migration: Migration, start: str, until: str) -> tuple[str, str]:
    """Return start and end of the validation: the given times, else those of the config, else the start of the application.

    Refuses [not-validating] a step at which the application does not run on the shared Redis.
    """
    began = migration.running_since
    if began is None or migration.step not in ("scale-up", "validate"):
        message = f"{name} is at {migration.step}: the application does not run on the shared Redis"
        raise RefusedError(Problem(message, "record the validation at scale-up or validate", code="not-validating"))
    old = migration.validation if migration.validation and not _is_old(migration) else None
    start = start or (old.start if old else began.at)
    return start, until or (old.until if old else start)


def _is_old(migration: Migration) -> bool:
    """Return whether the validation belongs to an earlier attempt."""
    return any(problem.path == ("validation", "from") for problem in migration.missing_evidence("decommission"))


def _downtime(name: str, migration: Migration, observed: Observed) -> str:
    stops = [entry.at for entry in migration.history if entry.step == "scale-down"]
    running = migration.running_since
    start = observed.down_from or (stops[-1] if stops else "")
    until = observed.down_until or (running.at if running else "")
    if not start or not until:
        hint = "add --down-from and --down-until"
        raise RefusedError(Problem(f"{name}: the history does not show start and end of the downtime", hint, code="not-down"))
    return f"{start}/{until}"
