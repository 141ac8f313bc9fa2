"""The next command of a migration, for `status`, `doctor`, `plan`, `advance`, `step`, the README and the runbook.

It follows from the config and its evidence. Gates that need a clock or a cluster can still block it.
"""

from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.criteria import CRITERIA
from rediskit.model.environment import Environment
from rediskit.model.evidence import Evidence
from rediskit.model.local_redis import is_local
from rediskit.model.migration import Step
from rediskit.renderers.owner.required import subject_of
from rediskit.renderers.secret_forms import has_secret
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import effects, empty_evidence, left_shared, queue_evidence, recorded_since_down
from rediskit.state_machine.subjects import difference, last


class Following(NamedTuple):
    """The next command, and what a person does or verifies before it. An empty text is nothing."""

    command: str
    before: str = ""

    @property
    def text(self) -> str:
        """Both in one line."""
        return f"{self.command}   # {self.before}" if self.command and self.before else self.command or self.before


def step_command(config: str, client: Client, step: Step) -> str:
    """Return the command that takes a whole step. config: as an argument of a shell command."""
    confirm = " --confirm-irreversible" if step == "decommission" else ""
    return f"rediskit migrate step {config} --client {client.name} --to {step}{confirm} --commit --push --wait"


def following(environment: Environment, client: Client, config: str = "") -> Following:
    """Return the next command of a client. config: its path as an argument of a shell command; by default that of the environment."""
    config = config or environment.config_argument
    migration, named = client.migration, f"{config} --client {client.name}"
    target = transitions.next_step(migration) if migration else None
    if migration is None or target is None:
        return Following("", "none: the migration is complete" if migration else "none: the client has no migration")
    if migration.history and not migration.history[-1].at:  # A step of a plan has no time, so its evidence cannot be compared with it.
        return Following(step_command(config, client, target))
    first = _secret(environment, client, config, target) or _evidence(environment, client, named, target)
    return first or Following(step_command(config, client, target), _before(client, target))


def _secret(environment: Environment, client: Client, config: str, target: Step) -> Following | None:
    """Return the command that the Secret needs before a step that uses it."""
    assert client.migration is not None
    if "secret" not in transitions.STAGES[target].gates and target != "deploy":
        return None
    if environment.secrets.mode == "manual":
        command = f"rediskit migrate record {config} --client {client.name} --secret-seen"
        is_valid = _is_valid(environment, client, client.migration.secret)
        return None if is_valid else Following(command, "after you compared the Secrets in the namespaces of Redis and of the client")
    exists = all(has_secret(environment, namespace) for namespace in (environment.redis.namespace, client.namespace))
    return None if exists else Following(f"rediskit secret new {config}", "creates the missing Secret")


def _is_valid(environment: Environment, client: Client, entry: Evidence | None) -> bool:
    """Return whether evidence exists and is about what the config contains now."""
    if entry is None:
        return False
    return not difference(entry, subject_of(environment, client, entry.kind))


def _evidence(environment: Environment, client: Client, named: str, target: Step) -> Following | None:
    """Return the command that records missing evidence of a person."""
    migration = client.migration
    assert migration is not None
    if transitions.needs_verification(client, migration) and not _is_valid(environment, client, migration.verified):
        return Following(verify_command(named), "after the change of the application is deployed")
    installed = [entry for entry in migration.evidence if (entry.kind, entry.step) == ("installed", migration.step)]
    if target == "scale-down" and client.owner.is_helm_release and not _is_valid(environment, client, last(installed)):
        return Following(f"rediskit migrate record {named} --installed", "reads the live HelmRelease")
    queue = "queue" in client.use and not _is_valid(environment, client, last(queue_evidence(client)))
    if target == "scale-down" and queue and is_local(client):
        return Following(f"rediskit migrate record {named} --drained --observed TEXT", "after you read the queues in each pod")
    gates = transitions.gates(transitions.Transition("forward", migration.step, target), client, migration)
    empty = "empty" in gates and not _is_valid(environment, client, last(empty_evidence(client)))
    if target == "reconfigure" and effects(migration).stopped:
        if client.cron_jobs and not _is_valid(environment, client, last(recorded_since_down(migration, "jobs"))):
            return Following(f"rediskit migrate record {named} --jobs", "after the Jobs of the CronJobs have finished")
        if queue and not is_local(client):
            return Following(f"rediskit migrate record {named} --drained{' --empty' * empty}", "after the queues are empty")
    if empty:
        before = "after you deleted its keys in the shared Redis" if left_shared(migration) else "reads its databases in the shared Redis"
        return Following(f"rediskit migrate record {named} --empty", before)
    met = [name for name, entry in migration.criteria.items() if entry.holds]
    if target == "decommission" and (missing := [name for name in CRITERIA if name not in met]):
        return Following(attest_command(named, missing), "after 24 hours, with each criterion that you verified")
    return None


def _before(client: Client, target: Step) -> str:
    """Return what a person does before a step."""
    migration, previous = client.migration, client.previous
    if target == "scale-down" and migration and migration.window is None:
        return "after you set migration.window"
    if target == "scale-down" and previous and previous.data is None and is_local(client):
        return "after you set previous.data"
    if target == "decommission" and previous and previous.data is None and previous.remove:
        return "after you set previous.data"
    return "after you commit the change to the base of the application repository" if target == "complete" else ""


def attest_command(named: str, criteria: list[str]) -> str:
    """Return the command that records criteria. named: the config and the client as arguments."""
    return f"rediskit migrate record {named} {' '.join(f'--criterion {name}' for name in criteria)}"


def verify_command(named: str) -> str:
    """Return the command that verifies the application at the current step. named: the config and the client as arguments."""
    return f"rediskit migrate verify {named} --live --record"


def repository_name(client: Client) -> str:
    """Return the name of the application repository; without its URL, the name of the client."""
    return (client.owner.repository or client.name).rstrip("/").rpartition("/")[2].removesuffix(".git")
