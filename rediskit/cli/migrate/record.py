"""`rediskit migrate record`: evidence, written into the config."""

import argparse

from rediskit.cli.clock import refuse_later, time_of
from rediskit.cli.configs import config_file
from rediskit.cli.environments import clear_leftovers
from rediskit.cli.migrate.move import diff_lines, dirty_notes, files_json
from rediskit.cli.migrate.rendering import put_and_render, rendered_json, rendered_lines
from rediskit.cli.report import Report
from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.migrate.evidence import Drained, Installed, Jobs, Observed, record, validation_period
from rediskit.migrate.status import one_client
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import DISCARDED
from rediskit.source.loader import load
from rediskit.state_machine.effects import effects
from rediskit.state_machine.transitions import migration_of


def run(arguments: argparse.Namespace) -> Report:
    """Report the recorded evidence. An invalid config is refused, and then nothing is written."""
    environment = load(config_file(arguments))
    client = one_client(environment, arguments.client)
    if not arguments.dry_run:
        clear_leftovers(environment)
    if arguments.owner is not None:
        _verify_folded(environment, client, arguments)
    at = time_of(arguments.at, "--at", client.migration)
    texts = {name: getattr(arguments, name) for name in ("start", "until", "down_from", "down_until")}
    times = {name: time_of(text, f"--{_OPTIONS.get(name, name)}") if text else "" for name, text in texts.items()}
    if not arguments.dry_run:
        for option, time in (("--at", at), *((f"--{_OPTIONS.get(name, name)}", time) for name, time in times.items() if time)):
            refuse_later(time, option)
    validating = arguments.measure or arguments.criterion or arguments.failed or arguments.notes or times["start"]
    observed = Observed(
        at=at,
        start=times["start"],
        until=times["until"] or (at if validating else ""),
        met=tuple(arguments.criterion),
        failed=tuple(arguments.failed),
        notes=arguments.notes,
        secret=arguments.secret_seen,
        down_from=times["down_from"],
        down_until=times["down_until"],
        folded=arguments.folded,
        source=_source(arguments.owner),
        drained=_drained(client, arguments),
        measured=_measured(environment, client, arguments, times["start"], times["until"] or at) if arguments.measure else (),
        dispute=arguments.dispute.strip(),
        installed=_installed(client, arguments),
        jobs=_jobs(client, arguments),
    )
    files, _ = record(environment, client, observed)
    changes = None if arguments.dry_run else put_and_render(environment, files, arguments.output)
    document = {
        "client": client.name,
        "at": at,
        "written": not arguments.dry_run,
        **files_json(files),
        **rendered_json(environment, changes),
    }
    following = () if arguments.dry_run else rendered_lines(environment, client, files, arguments.output, changes)
    return Report(document, (*diff_lines(files), *following), dirty_notes(environment, files))


def _measured(
    environment: Environment, client: Client, arguments: argparse.Namespace, start: str, until: str
) -> tuple[dict[str, str], ...]:
    """Return an entry for each criterion that can be measured."""
    from rediskit.live.criteria import Period, measure
    from rediskit.live.prometheus import prometheus_of
    from rediskit.model.criteria import FAILED, UNKNOWN

    period = Period(*validation_period(client.name, migration_of(client), start, until))
    prometheus = prometheus_of(environment, arguments.prometheus, arguments.context)
    suffixes = {"passed": "", "failed": FAILED, "unknown": UNKNOWN}
    return tuple(
        {
            "value": f"{measured.criterion}{suffixes[measured.status]}",
            "measured": measured.measured,
            "limit": measured.limit,
            "coverage": measured.coverage,
            "source": measured.source,
            "note": measured.note,
        }
        for measured in measure(environment, client, period, prometheus, arguments.context)
    )


def _verify_folded(environment: Environment, client: Client, arguments: argparse.Namespace) -> None:
    """Raise RefusedError unless the base of the application repository contains the change, ConfigError without a build to verify."""
    from rediskit.migrate.owner.check import unfolded
    from rediskit.migrate.owner.files import checkout
    from rediskit.migrate.scan import uncommitted

    if not arguments.folded:
        raise ConfigError(Problem("--owner is there for --folded", "add --folded, or leave --owner out"))
    if not client.owner.is_built:
        hint = "compare the files with the rendered ones, and omit --owner"
        raise ConfigError(Problem("the application repository has plain files, so there is no build to check", hint))
    if remarks := list(unfolded(environment, client, arguments.owner)):
        raise RefusedError([Problem(remark.message, remark.hint, location=remark.location, code=remark.code) for remark in remarks])
    if problem := uncommitted(environment, checkout(arguments.owner, None)):
        raise RefusedError(problem)


def _drained(client: Client, arguments: argparse.Namespace) -> Drained | None:
    """Return the queues of the old Redis, read through kubectl or as a person observed them; None without `--drained`.

    Refusals: [not-stopped], [queue-unread], [queue-not-empty].
    """
    from rediskit.live.kubectl import redis_cli
    from rediskit.migrate.queues import left_in, refuse_tasks, service_of

    observed, discard = arguments.observed.strip(), arguments.discard.strip()
    if not arguments.drained:
        if discard or (observed and not arguments.jobs):
            raise ConfigError(Problem("--observed and --discard need --drained", "add --drained; --observed also works with --jobs"))
        return None
    _refuse_running(client, "can add tasks", "queues")
    if observed:
        return Drained(f"0{DISCARDED}" if discard else "0", "", "; ".join(filter(None, (observed, discard))))
    service, namespace = service_of(client)
    tasks = left_in(client, lambda command: redis_cli(namespace, f"service/{service}", command, arguments.context))
    if tasks.total and not discard:
        raise refuse_tasks(client, tasks)
    lost = f"; discarded: {tasks.described}: {discard}" if tasks.total else ""
    return Drained(f"{tasks.total}{DISCARDED if tasks.total else ''}", f"Service {namespace}/{service}", f"{tasks.keys} keys in all{lost}")


def _installed(client: Client, arguments: argparse.Namespace) -> Installed | None:
    """Return the live HelmRelease of the application, read through kubectl; None without `--installed`.

    Raises:
        RefusedError: [release-settings] A setting of it undoes a step. [release-chart] It has another chart version than the config.
        MissingToolError: kubectl fails.
    """
    from rediskit.live.kubectl import read_object
    from rediskit.migrate.installed import live_problems, version_of

    if not arguments.installed:
        return None
    if not client.owner.is_helm_release:
        raise ConfigError(Problem(f"{client.name} has no HelmRelease", "omit --installed: it is for owner.release with a HelmRelease"))
    install = client.owner.installs
    namespace = install.namespace or client.namespace
    content = read_object("helmreleases.helm.toolkit.fluxcd.io", namespace, install.name, arguments.context)
    if problems := live_problems(client, content, namespace):
        raise RefusedError(problems)
    return Installed(version_of(content), f"{install.reference} in {namespace}")


def _jobs(client: Client, arguments: argparse.Namespace) -> Jobs | None:
    """Return the Jobs of the CronJobs, read through kubectl or as a person observed them; None without `--jobs`.

    Refusals: [not-stopped], [jobs-running].
    """
    from rediskit.live.kubectl import list_objects
    from rediskit.migrate.jobs import running

    if not arguments.jobs:
        return None
    if not client.cron_jobs:
        raise ConfigError(Problem(f"--jobs: {client.name} has no CronJob", "omit --jobs"))
    _refuse_running(client, "its CronJobs start Jobs", "Jobs")
    if observed := arguments.observed.strip():
        return Jobs("", observed)
    if names := running(list_objects("jobs", client.namespace, "", arguments.context), client.cron_jobs):
        message = f"{client.name}: {', '.join(names)} in namespace {client.namespace} {'is' if len(names) == 1 else 'are'} running"
        hint = f"wait until they have finished, or run kubectl delete job {' '.join(names)} --namespace {client.namespace}"
        raise RefusedError(Problem(message, hint, code="jobs-running"))
    return Jobs(f"Jobs of namespace {client.namespace}", "")


def _refuse_running(client: Client, reason: str, subject: str) -> None:
    """Refuse an observation while the application runs: it is out of date at once."""
    if not effects(client.migration).stopped:
        message = f"{client.name} is at {client.migration.step if client.migration else 'no step'}: it is not stopped and {reason}"
        raise RefusedError(Problem(message, f"record the {subject} after scale-down and before reconfigure", code="not-stopped"))


def _source(owner: str | None) -> str:
    """Return what was built to observe that the base carries the change itself; "" where a person looked."""
    from rediskit.migrate.owner.files import checkout
    from rediskit.migrate.scan import commit_of

    return "" if owner is None else commit_of(checkout(owner, None).top) or "a build without a commit"


_OPTIONS = {"start": "from", "down_from": "down-from", "down_until": "down-until"}
