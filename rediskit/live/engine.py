"""Verify a running shared Redis: the checks of each phase, from one of three vantage points."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.live import kubectl
from rediskit.live.checks import Result, result
from rediskit.live.connections import client_results
from rediskit.live.direct import refused_outside, results_here
from rediskit.live.disruption import disrupt
from rediskit.live.jobs import run_job
from rediskit.live.monitoring import monitoring_results
from rediskit.live.objects import dashboard_label, external_service, secrets_equal
from rediskit.live.prometheus import prometheus_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.verification.checks import PHASES, Phase
from rediskit.state_machine.effects import release_is_deployed, runs_on_shared

Vantage = Literal["here", "cluster", "outside"]
Progress = Callable[[str], None]


class Options(NamedTuple):
    """The options of a verification.

    Attributes:
        client: The only client to verify; "" for all.
        confirmed: Whether a load test or a restart may run although clients use Redis.
        prometheus: The URL of Prometheus; "" for the Service of the config.
    """

    phases: tuple[Phase, ...] = PHASES
    vantage: Vantage = "cluster"
    client: str = ""
    disruptive: bool = False
    confirmed: bool = False
    prometheus: str = ""
    context: str = ""


def verify(environment: Environment, options: Options, progress: Progress) -> Iterator[Result]:
    """Yield the result of each check. `progress` gets a line of text before each part that takes time.

    Raises ConfigError when the options do not fit the config, MissingToolError when a needed program or package is missing.
    """
    clients = _clients(environment, options.client)
    if not release_is_deployed(environment):
        steps = ", ".join(f"{client.name} is at {client.migration.step}" for client in environment.clients if client.migration)
        yield result("ping", environment.redis.release, options.vantage, "skipped", "", f"the shared Redis is not deployed: {steps}")
        return
    if options.vantage == "outside":
        progress(f"{environment.name}: from outside, and from a pod that must reach Redis")
        yield refused_outside(environment, options.context)
        return
    for phase in options.phases:
        progress(f"{environment.name}: {phase}, from {options.vantage}")
        if phase == "monitoring":
            yield from _monitoring(environment, options)
        elif options.vantage == "here":
            yield from results_here(environment, phase, options.context)
        else:
            yield from _in_cluster(environment, phase, clients, options, progress)
    if options.disruptive:
        progress(f"{environment.name}: restart a replica, then the primary")
        yield from disrupt(environment, options.context)


def _clients(environment: Environment, name: str) -> tuple[Client, ...]:
    clients = tuple(client for client in environment.clients if name in ("", client.name))
    if name and not clients:
        names = ", ".join(client.name for client in environment.clients)
        raise ConfigError(Problem(f"--client: there is no client {name}", f"choose one of: {names}" if names else "omit it"))
    return clients


def _in_cluster(
    environment: Environment, phase: Phase, clients: tuple[Client, ...], options: Options, progress: Progress
) -> Iterator[Result]:
    context, namespace = options.context, environment.redis.namespace
    kubectl.context_name(context)
    if phase == "performance" and not options.confirmed and (using := _using(environment)):
        detail = f"{', '.join(using)} use this Redis: a load test slows them down; run it with --yes"
        for name in ("operations-set", "operations-get", "p95-set", "p95-get"):
            yield result(name, environment.redis.release, "cluster", "skipped", "", detail)
        return
    yield from run_job(environment, phase, namespace, context)
    if phase != "connectivity":
        return
    namespaces = tuple(dict.fromkeys(client.namespace for client in clients))
    for other in namespaces:
        progress(f"{environment.name}: {phase}, from namespace {other}")
        yield from run_job(environment, phase, other, context)
    yield from _guarded("secrets-equal", lambda: iter((secrets_equal(environment, (namespace, *namespaces), context),)))
    yield from _guarded("external-service", lambda: iter((external_service(environment, context),)))
    yield from _guarded("client-connection", lambda: client_results(environment, clients, context))


def _monitoring(environment: Environment, options: Options) -> Iterator[Result]:
    yield from monitoring_results(environment, prometheus_of(environment, options.prometheus, options.context))
    if environment.monitoring.enabled and options.vantage == "cluster":
        yield from _guarded("dashboard", lambda: iter((dashboard_label(environment, options.context),)))


def _guarded(name: str, check: Callable[[], Iterator[Result]]) -> Iterator[Result]:
    """Yield the results of a check; an unknown one where kubectl fails."""
    try:
        yield from check()
    except MissingToolError as error:
        problem = error.problems[0]
        yield result(name, "kubectl", "kubectl", "unknown", "", f"{problem.message}: {problem.hint}")


def _using(environment: Environment) -> list[str]:
    """Return the clients that use the shared Redis now."""
    return [client.name for client in environment.clients if runs_on_shared(client)]
