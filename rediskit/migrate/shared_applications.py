"""Applications that the configs of a project have in common: the steps of two migrations would change one object or one file in turn."""

from collections.abc import Iterator

from rediskit.checks.acceptance import unaccepted
from rediskit.checks.finding import Finding
from rediskit.errors import Problem, RefusedError
from rediskit.git.work_tree import same_repository
from rediskit.migrate.other_configs import Read, Texts, other_clients, read_config, texts_beside
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.owner import Owner
from rediskit.state_machine.effects import effects


def shared_applications(environment: Environment, read: Read = read_config, texts: Texts = texts_beside) -> Iterator[Finding]:
    """Yield each client whose workloads another config changes at this time, or whose files that of another cluster changes.

    One after the other, two releases can move one workload: at `prepare`, `complete` and `rolled-back`, a client changes nothing.
    """
    others = list(other_clients(environment, read, texts))
    for index, client in enumerate(environment.clients):
        path = ("clients", index)
        for config, other_environment, other in others:
            same_cluster = other_environment.cluster == environment.cluster
            if same_cluster and is_in_effect(client) and is_in_effect(other):
                for name in _common(client, other):
                    where = environment.locate((*path, "migration", "step"))
                    yield Finding("workload-shared", "error", *_moving(client, config, other, name), (*path, "migration", "step"), where)
            if what := _common_files(client, other, same_cluster=same_cluster):
                message = f"{other.name} of {config} changes {what} of the same repository: its steps also change {client.name}"
                hint = f"set owner.path in each to a folder of its own; accept the finding on {client.name} where each has its own branch"
                yield Finding("owner-shared", "error", message, hint, (*path, "owner"), environment.locate((*path, "owner")))


def refuse_shared(environment: Environment, client: Client) -> None:
    """Raise RefusedError for what prevents the current step of a client, or the export of its files. environment: at this step."""
    index = next(index for index, own in enumerate(environment.clients) if own.name == client.name)
    if is_in_effect(environment.clients[index]):
        errors = unaccepted(environment, [finding for finding in shared_applications(environment) if finding.path[1] == index], None)
    else:
        errors = list(_ended_downtimes(environment, client))
    if errors:
        raise RefusedError([Problem(error.message, error.hint, error.path, error.location, error.code) for error in errors])


def _ended_downtimes(environment: Environment, client: Client) -> Iterator[Finding]:
    """Yield the workloads that a client of another config has stopped, and whose own files would get the replicas of the base."""
    if client.owner.delivery != "files":
        return  # The Component of the other client keeps the workload stopped.
    for config, other_environment, other in other_clients(environment, read_config, texts_beside):
        if other_environment.cluster == environment.cluster and other.migration is not None and effects(other.migration).stopped:
            for name in _common(client, other):
                message = f"{name} is stopped by {other.name} of {config}: this starts it in that downtime"
                yield Finding("workload-shared", "error", message, f"continue {other.name} to scale-up, or roll it back first")


def _moving(client: Client, config: str, other: Client, name: str) -> tuple[str, str]:
    steps = [own.migration.step if own.migration else "" for own in (client, other)]
    message = f"{name} is at {steps[0]} here and at {steps[1]} in {other.name} of {config}: each step or rollback of one undoes the other"
    return message, f"move one after the other: {other.name} to complete, or back to prepare, before {client.name}"


def is_in_effect(client: Client) -> bool:
    """Return whether a migration changes the application at its step."""
    return client.migration is not None and not effects(client.migration).owner_is_untouched


def _common(client: Client, other: Client) -> list[str]:
    """Return the workloads that two clients have in common, as Kind/name."""
    return [name for name in client.references if client.namespace == other.namespace and name in other.references]


def _common_files(client: Client, other: Client, *, same_cluster: bool) -> str:
    """Return which files of an application repository the steps of two clients change; "" if they change none in common.

    In one cluster, two clients can change one workload one after the other, by files of their own.
    """
    if not (client.is_migrating or other.is_migrating) or not _is_same_place(client.owner, other.owner):
        return ""
    folders = {own.owner.is_exported and own.owner.delivery != "files" for own in (client, other)}
    if folders == {True} and client.name == other.name:
        return f"the folder rediskit/{client.name} in the same folder"
    common = [] if same_cluster else _common(client, other)
    return f"{', '.join(common)} in the same folder" if common else ""


def _is_same_place(owner: Owner, other: Owner) -> bool:
    """Return whether two clients have one folder of one application repository."""
    if owner.repository is None or other.repository is None:
        return False
    return same_repository(owner.repository, other.repository) and (owner.path or ".") == (other.path or ".")
