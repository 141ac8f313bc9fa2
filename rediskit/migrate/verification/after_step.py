"""The verification of a step that is live: the objects of the application, and the shared Redis as the client needs it."""

import time
from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from rediskit.errors import MissingToolError
from rediskit.live.checks import Result, exit_code
from rediskit.live.engine import Options
from rediskit.live.engine import verify as verify_redis
from rediskit.migrate.verification.compare import Difference
from rediskit.migrate.verification.verify import live_artefact, verify
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.renderers.verification.checks import Phase
from rediskit.state_machine.transitions import Repository, migration_of

PHASES: Mapping[Step, tuple[Phase, ...]] = {
    "deploy": ("connectivity", "replication"),
    "reconfigure": ("connectivity",),
    "scale-up": ("connectivity",),
    "validate": ("connectivity", "monitoring"),
    "decommission": ("connectivity",),
    "complete": ("connectivity",),
}
"""What is verified at a step. Before `deploy` and after a rollback, the client does not need the shared Redis. No step runs a load test."""
PAUSE = 10.0
"""Seconds before a failed verification is repeated once: a client that has just started can connect late."""
Outcome = Literal["passed", "failed", "unknown"]


class Verified(NamedTuple):
    """The result of the verification of a step.

    Attributes:
        differences: The fields of the application that are not as the step requires.
        results: The results of the checks of the shared Redis.
        unknown: Why a part could not be verified.
        hidden: What no object shows, one sentence each.
    """

    differences: tuple[Difference, ...] = ()
    results: tuple[Result, ...] = ()
    unknown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The outcome of all parts. Without any result, it is unknown, never passed."""
        code = exit_code(self.results) if self.results else 0
        if self.differences or code == 1:
            return "failed"
        return "unknown" if self.unknown or code else "passed"


def verify_step(environment: Environment, client: Client, repository: Repository, context: str, report: Callable[[str], None]) -> Verified:
    """Verify a step that is live.

    Args:
        environment, client: The config at the step.
        repository: The repository that the step changes: the objects of the application are compared after its own steps.
        context: The context of kubectl.
        report: Where to report progress.

    Raises:
        RefusedError: [verify-cluster] kubectl shows another cluster than earlier verifications.
    """
    verified = _once(environment, client, repository, context, report)
    if verified.outcome != "failed":
        return verified
    report(f"verifying {client.name} again in {PAUSE:g} s: {_first(verified)}")
    time.sleep(PAUSE)
    return _once(environment, client, repository, context, report)


def _first(verified: Verified) -> str:
    """Return the first failure in one line."""
    failed = [f"{result.id} {result.target}: {result.detail}" for result in verified.results if result.status == "failed"]
    return [
        *(f"{difference.object}: wanted {difference.wanted}, actual {difference.actual}" for difference in verified.differences),
        *failed,
    ][0]


def _once(environment: Environment, client: Client, repository: Repository, context: str, report: Callable[[str], None]) -> Verified:
    verified = Verified()
    try:
        if repository == "owner":
            report(f"verifying the objects of {client.name}")
            compared = verify(environment, client, live_artefact(environment, client, context))
            hidden = tuple(f"{part.file} of {part.object} is not visible" for part in compared.hidden)
            verified = verified._replace(differences=compared.differences, hidden=hidden)
        phases = _phases(environment, client)
        options = Options(phases, client=client.name, context=context)
        return verified._replace(results=tuple(verify_redis(environment, options, report)) if phases else ())
    except MissingToolError as error:
        problem = error.problems[0]
        return verified._replace(unknown=(f"{problem.message}: {problem.hint}",))


def _phases(environment: Environment, client: Client) -> tuple[Phase, ...]:
    phases = PHASES.get(migration_of(client).step, ())
    absent = {"replication": not environment.redis.replicas, "monitoring": not environment.monitoring.enabled}
    return tuple(phase for phase in phases if not absent.get(phase))
