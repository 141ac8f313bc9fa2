"""`rediskit migrate record`: evidence, written into the config."""

import argparse
from collections.abc import Callable, Iterator
from functools import cache, partial

from rediskit.cli.clock import refuse_later, time_of
from rediskit.cli.environments import clear_leftovers
from rediskit.cli.migrate.move import dirty_notes
from rediskit.cli.migrate.rendering import recorded
from rediskit.cli.migrate.selection import selected
from rediskit.cli.report import Report
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.migrate.evidence import Observation, Observed, record, validation_period
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import DISCARDED, KEPT
from rediskit.model.local_redis import is_local
from rediskit.renderers.helm import release_of
from rediskit.state_machine.effects import effects, left_shared, sharing
from rediskit.state_machine.transitions import migration_of


def run(arguments: argparse.Namespace) -> Report:
    """Report the recorded evidence. An invalid config is refused, and then nothing is written."""
    environment, client = selected(arguments)
    if not arguments.dry_run:
        clear_leftovers(environment)
    at = time_of(arguments.at, "--at", client.migration)
    times = {name: time_of(text, option) if (text := getattr(arguments, name)) else "" for name, option in _TIMES.items()}
    if not arguments.dry_run:
        for option, time in (("--at", at), *((_TIMES[name], time) for name, time in times.items() if time)):
            refuse_later(time, option)
    cluster = cache(partial(_cluster, environment, arguments.context))
    validating = arguments.measure or arguments.criterion or arguments.failed or arguments.notes or times["start"]
    observed = Observed(
        at=at,
        **{**times, "until": times["until"] or (at if validating else "")},
        met=tuple(arguments.criterion),
        failed=tuple(arguments.failed),
        notes=arguments.notes,
        secret=arguments.secret_seen,
        measured=_measured(environment, client, arguments, times["start"], times["until"] or at, cluster) if arguments.measure else (),
        dispute=arguments.dispute.strip(),
        others=(
            *_drained(client, arguments, cluster),
            *_installed(client, arguments, cluster),
            *_jobs(client, arguments, cluster),
            *_empty(environment, client, arguments, cluster),
            *_folded(environment, client, arguments),
        ),
    )
    files, _ = record(environment, client, observed)
    document, lines = recorded(environment, client, files, arguments.output, written=not arguments.dry_run)
    return Report({"client": client.name, "at": at, **document}, lines, dirty_notes(environment, files))


def _cluster(environment: Environment, context: str, otherwise: str) -> str:
    """Return the source of what kubectl reads. Raises as `cluster_of`."""
    from rediskit.migrate.verification.cluster import cluster_of

    return cluster_of(environment, context, otherwise)


def _measured(
    environment: Environment, client: Client, arguments: argparse.Namespace, start: str, until: str, cluster: Callable[[str], str]
) -> tuple[dict[str, str], ...]:
    """Return an entry for each criterion that can be measured. Where nothing shows in which cluster, a criterion that passes is unknown.

    Raises RefusedError [verify-cluster].
    """
    from rediskit.live.criteria import Period, measure
    from rediskit.live.prometheus import prometheus_of
    from rediskit.model.criteria import FAILED, UNKNOWN

    period = Period(*validation_period(client.name, migration_of(client), start, until))
    prometheus = prometheus_of(environment, arguments.prometheus, arguments.context)
    suffixes = {"passed": "", "failed": FAILED, "unknown": UNKNOWN}
    try:
        source = f"{cluster('')}, "
    except MissingToolError as error:
        source, note = "", f"{error.problems[0].message}: {error.problems[0].hint}"[:300]
        suffixes["passed"] = UNKNOWN
    else:
        note = ""
    return tuple(
        {
            "value": f"{measured.criterion}{suffixes[measured.status]}",
            "measured": measured.measured,
            "limit": measured.limit,
            "coverage": measured.coverage,
            "source": f"{source}{measured.source}",
            "note": measured.note or note,
        }
        for measured in measure(environment, client, period, prometheus, arguments.context)
    )


def _folded(environment: Environment, client: Client, arguments: argparse.Namespace) -> Iterator[Observation]:
    """Yield that the base of the application repository contains the change, as a build shows it or a person states.

    Raises RefusedError if the build does not contain it, and ConfigError without a build to verify.
    """
    from rediskit.helm import chart_at
    from rediskit.migrate.checkout_evidence import folded
    from rediskit.migrate.merged import unmerged_commits
    from rediskit.migrate.owner.files import checkout_at
    from rediskit.migrate.scan import uncommitted

    if (arguments.owner or arguments.chart) is not None and not arguments.folded:
        raise ConfigError(Problem("--owner and --chart are there for --folded", "add --folded, or leave them out"))
    if arguments.owner is None:
        yield from [Observation("folded")] if arguments.folded else ()
        return
    if not client.owner.shows_fold:
        hint = "compare the files with the rendered ones, and omit --owner"
        raise ConfigError(Problem("the application repository has plain files, so there is no build to check", hint))
    checkout = checkout_at(arguments.owner, None)
    observation = folded(environment, client, checkout, chart_at(arguments.chart) if arguments.chart else None)
    if problem := uncommitted(environment, checkout) or unmerged_commits(environment, client, checkout.top):
        raise RefusedError(problem)
    yield observation


def _drained(client: Client, arguments: argparse.Namespace, cluster: Callable[[str], str]) -> Iterator[Observation]:
    """Yield the queues of the old Redis, read through kubectl or as a person observed them; nothing without `--drained`.

    Refusals: [not-stopped], [pods-running], [queue-unread], [queue-not-empty], [verify-cluster].
    """
    from rediskit.live.kubectl import redis_cli
    from rediskit.migrate.queues import left_in, refuse_tasks, service_of

    observed, discard = arguments.observed.strip(), arguments.discard.strip()
    if not arguments.drained:
        if discard or (observed and not arguments.jobs and not arguments.empty):
            hint = "add --drained; --observed also works with --jobs and --empty"
            raise ConfigError(Problem("--observed and --discard need --drained", hint))
        return
    if is_local(client):
        _refuse_stopped(client)
    else:
        _refuse_running(client, "can add tasks", "queues")
    if observed:
        yield Observation("drained", f"0{DISCARDED}" if discard else "0", "", "; ".join(filter(None, (observed, discard))))
        return
    service, namespace = service_of(client)
    otherwise = "verify the queues, then record it with --drained --observed TEXT"
    source = f"{cluster(otherwise)}, Service {namespace}/{service}"
    _refuse_pods(client, arguments.context, otherwise)
    tasks = left_in(client, lambda command: redis_cli(namespace, f"service/{service}", command, arguments.context))
    if tasks.total and not discard:
        raise refuse_tasks(client, tasks)
    lost = f"; discarded: {tasks.described}: {discard}" if tasks.total else ""
    value, note = f"{tasks.total}{DISCARDED if tasks.total else ''}", f"{tasks.keys} keys in all{lost}"
    yield Observation("drained", value, source, note)


def _installed(client: Client, arguments: argparse.Namespace, cluster: Callable[[str], str]) -> Iterator[Observation]:
    """Yield the live HelmRelease of the application, read through kubectl; nothing without `--installed`.

    Raises:
        RefusedError: [release-settings] A setting of it undoes a step. [release-chart] It has another chart version than the config.
            [verify-cluster].
        MissingToolError: kubectl fails.
    """
    from rediskit.live.kubectl import get_object
    from rediskit.migrate.installed import live_problems, version_of

    if not arguments.installed:
        return
    if not client.owner.is_helm_release:
        raise ConfigError(Problem(f"{client.name} has no HelmRelease", "omit --installed: it is for owner.release with a HelmRelease"))
    install = client.owner.installs
    namespace = install.namespace or client.namespace
    source = f"{cluster('')}, {install.reference} in {namespace}"
    content = get_object("helmreleases.helm.toolkit.fluxcd.io", install.name, namespace, arguments.context)
    if problems := live_problems(client, content, namespace):
        raise RefusedError(problems)
    yield Observation("installed", version_of(content), source)


def _jobs(client: Client, arguments: argparse.Namespace, cluster: Callable[[str], str]) -> Iterator[Observation]:
    """Yield the Jobs of the CronJobs, read through kubectl or as a person observed them; nothing without `--jobs`.

    Refusals: [not-stopped], [jobs-running], [pods-running], [verify-cluster].
    """
    from rediskit.live.kubectl import list_objects
    from rediskit.migrate.jobs import running

    if not arguments.jobs:
        return
    if not client.cron_jobs:
        raise ConfigError(Problem(f"--jobs: {client.name} has no CronJob", "omit --jobs"))
    _refuse_running(client, "its CronJobs start Jobs", "Jobs")
    if observed := arguments.observed.strip():
        yield Observation("jobs", "0", note=observed)
        return
    otherwise = "verify the pods, then record it with --jobs --observed TEXT"
    source = f"{cluster(otherwise)}, Jobs of namespace {client.namespace}"
    if names := running(list_objects("jobs", client.namespace, "", arguments.context), client.cron_jobs):
        message = f"{client.name}: {', '.join(names)} in namespace {client.namespace} {'is' if len(names) == 1 else 'are'} running"
        hint = f"wait until they have finished, or run kubectl delete job {' '.join(names)} --namespace {client.namespace}"
        raise RefusedError(Problem(message, hint, code="jobs-running"))
    _refuse_pods(client, arguments.context, otherwise)
    yield Observation("jobs", "0", source)


def _empty(environment: Environment, client: Client, arguments: argparse.Namespace, cluster: Callable[[str], str]) -> Iterator[Observation]:
    """Yield the keys in the databases of the client in the shared Redis, read through kubectl or as a person observed them.

    Nothing without `--empty`. Before the first attempt, no key of this client is in a database in which another one runs.

    Refusals: [database-not-empty], [verify-cluster].
    """
    from rediskit.migrate.leftover import described, own_keys, refuse_keys

    observed, keep = arguments.observed.strip(), arguments.keep.strip()
    if not arguments.empty:
        if keep:
            raise ConfigError(Problem("--keep needs --empty", "add --empty"))
        return
    if observed:
        yield Observation("empty", f"0{KEPT}" if keep else "0", "", "; ".join(filter(None, (observed, keep))))
        return
    others = {} if left_shared(migration_of(client)) else sharing(environment, client)
    release = release_of(environment)
    otherwise = "verify the databases, then record it with --empty --observed TEXT"
    source = f"{cluster(otherwise)}, Service {release.namespace}/{release.primary_service}"
    keys = own_keys(environment, client, others, arguments.context)
    if keys and not keep:
        raise refuse_keys(environment, client, keys)
    shared = [f"database {number} has the keys of {name}" for number, name in others.items()]
    note = "; ".join([*([f"{described(keys)}: {keep}"] if keys else []), *shared])
    yield Observation("empty", f"{sum(keys.values())}{KEPT if keys else ''}", source, note)


def _refuse_stopped(client: Client) -> None:
    """Refuse an observation of a local Redis after scale-down: its pods are stopped, or other pods run."""
    effect = effects(client.migration)
    if effect.stopped or effect.switched:
        host = client.previous.host if client.previous else ""
        message = f"{client.name}: {host} stopped with the application at scale-down, so nothing can read its queues"
        raise RefusedError(
            Problem(message, "roll back, let the workers finish, and record the queues before scale-down", code="queue-unread")
        )


def _refuse_running(client: Client, reason: str, subject: str) -> None:
    """Refuse an observation while the application runs: it is out of date at once."""
    if not effects(client.migration).stopped:
        message = f"{client.name} is at {client.migration.step if client.migration else 'no step'}: it is not stopped and {reason}"
        raise RefusedError(Problem(message, f"record the {subject} after scale-down and before reconfigure", code="not-stopped"))


def _refuse_pods(client: Client, context: str, otherwise: str) -> None:
    """Refuse an observation while pods of the application have not ended: they can still add tasks, or give them back.

    otherwise: what a person does where kubectl can't list pods.
    """
    from rediskit.migrate.pods import live_pods, names

    try:
        left = live_pods(client, context)
    except MissingToolError as error:
        problem = error.problems[0]
        raise MissingToolError(problem._replace(hint=f"{problem.hint}; or {otherwise}")) from None
    if left:
        message = f"{client.name}: {names(left)} in namespace {client.namespace}: not ended, and can still write to the old Redis"
        hint = "wait until no pod of the application is listed; where its node is lost, make sure that its processes have ended"
        raise RefusedError(Problem(message, f"{hint}, then kubectl delete pod --force", code="pods-running"))


_TIMES = {"start": "--from", "until": "--until", "down_from": "--down-from", "down_until": "--down-until"}
"""The options with a time beside `--at`."""
