"""The commands of each migration step, with exact names, for runbooks and plans.

`state_machine.transitions` defines the steps, their texts and gates. This module adds the names and the commands.
"""

from collections.abc import Iterator
from typing import NamedTuple

from rediskit.chart.names import Release
from rediskit.model.client import Client
from rediskit.model.criteria import CRITERIA, MEASURED
from rediskit.model.environment import Environment
from rediskit.model.local_redis import is_local, keeps_data
from rediskit.model.migration import Migration, Step
from rediskit.renderers.helm import RELEASE_TIMEOUT, release_of
from rediskit.renderers.owner.kinds import described
from rediskit.renderers.pages.following import attest_command, repository_name, step_command, verify_command
from rediskit.renderers.pages.templates import text
from rediskit.renderers.pages.uses import FRAMEWORKS, delete_commands, notes, shared_numbers
from rediskit.renderers.pages.verify_commands import verify_commands
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import decommissions, effects, planned, without_history
from rediskit.state_machine.transitions import Repository, Transition


class Procedure(NamedTuple):
    """One migration step for a person who runs it.

    Attributes:
        step: the target of the step.
        meaning: the state after the step.
        before: the prerequisite.
        gates: the codes of the gates of the step.
        evidence: the commands that record what a person has verified, before the step.
        by_hand: what a person changes in the application repository, as comments.
        expected: the expected result of these commands.
        rollback: how to undo the step, and the data that this loses.
    """

    step: Step
    meaning: str
    before: str
    gates: tuple[str, ...]
    repository: Repository
    evidence: tuple[str, ...]
    commands: tuple[str, ...]
    by_hand: tuple[str, ...]
    verify: tuple[str, ...]
    expected: str
    rollback: str


def procedures(environment: Environment, client: Client) -> Iterator[Procedure]:
    """Yield every step forward from `prepare`, in the order of the migration."""
    assert client.migration is not None
    migration = without_history("prepare", client.migration.order)
    while (target := transitions.next_step(migration)) is not None:
        yield procedure(environment, client, Transition("forward", migration.step, target), migration)
        migration = planned(migration, target)


def procedure(
    environment: Environment, client: Client, transition: Transition, migration: Migration, *, as_loaded: bool = False
) -> Procedure:
    """Return one step of a migration. `migration` is the state before it.

    as_loaded: whether commands name the config as it was loaded, and not as `config/<name>.yaml` of the repository.
    """
    named = environment.config_argument if as_loaded else config_of(environment)
    after = planned(migration, transition.target)
    repository = transitions.repository(migration, after, removes=decommissions(client))
    stage = transitions.stage(client, transition.target)
    return Procedure(
        step=transition.target,
        meaning=stage.meaning,
        before=transitions.precondition(transition, client, migration),
        gates=transitions.gates(transition, client, migration),
        repository=repository,
        evidence=tuple(_evidence(named, client, transition, migration)),
        commands=tuple(_commands(named, client, transition)),
        by_hand=tuple(_changes_by_hand(environment, client, transition, migration, after)) if repository == "owner" else (),
        verify=tuple(verify_commands(environment, client, transition.target)),
        expected=stage.verify,
        rollback=how_to_undo(client, after),
    )


def rollback_procedure(environment: Environment, client: Client, *, as_loaded: bool = False) -> Procedure:
    """Return the rollback from `validate`, which is the same as from each earlier step. as_loaded: as in `procedure`."""
    at_validate = without_history("validate", transitions.migration_of(client).order)
    return procedure(environment, client, Transition("rollback", "validate", "rolled-back"), at_validate, as_loaded=as_loaded)


def config_of(environment: Environment) -> str:
    """Return the path of the config relative to the root of the repository."""
    return f"config/{environment.name}.yaml"


def _evidence(config: str, client: Client, transition: Transition, before: Migration) -> Iterator[str]:
    named = f"{config} --client {client.name}"
    if transition.kind != "forward":
        return
    if transition.target == "scale-down" and client.owner.is_helm_release:
        yield f"rediskit migrate record {named} --installed"
    queue, local = "queue" in client.use, is_local(client)
    if transition.target == "scale-down" and queue and local:
        yield f'rediskit migrate record {named} --drained --observed "how you read the queues"'
    recorded = ["--empty"] * ("empty" in transitions.gates(transition, client, before))
    if transition.target == "reconfigure":
        recorded = ["--drained"] * (queue and not local) + ["--jobs"] * bool(client.cron_jobs) + recorded
    if recorded:
        yield f"rediskit migrate record {named} {' '.join(recorded)}"
    if transition.target == "decommission":
        yield attest_command(named, list(CRITERIA))
    if transitions.needs_verification(client, before):
        yield verify_command(named)
    if transition.target == "complete" and client.owner.is_folded and not client.owner.shows_fold:
        yield f"rediskit migrate record {named} --folded"


def _commands(config: str, client: Client, transition: Transition) -> Iterator[str]:
    """Yield the commands of a step. A rollback and a step back need a reason, so they edit the config first."""
    named = f"{config} --client {client.name}"
    if transition.kind == "rollback":
        yield f'rediskit migrate rollback {named} --reason "describe the problem"'
    elif transition.kind == "back":
        yield f'rediskit migrate back {named} --to {transition.target} --reason "describe the problem"'
    yield step_command(config, client, transition.target)


def _changes_by_hand(
    environment: Environment, client: Client, transition: Transition, before: Migration, after: Migration
) -> Iterator[str]:
    if client.owner.variables is not None and transition.target != "complete":
        yield "# migrate step stops after its commit: run tofu plan and tofu apply in the module, then run migrate step again"
    elif client.owner.delivery == "stated" and transition.target != "complete":
        page = f"{environment.path}/{client.owner_folder}/REQUIRED.md"
        yield f"# migrate step stops after its commit: change {', '.join(client.references)} to the values in {page},"
        yield "# deploy the change, and run migrate step again"
    old, new = effects(before).switched, effects(after).switched
    if old != new and transition.target != "complete":
        yield from by_hand(environment, client, switched=new)


def by_hand(environment: Environment, client: Client, *, switched: bool) -> Iterator[str]:
    """Yield a comment for each `external` container: what a person changes in the application repository before the commit."""
    auth, release = environment.redis.auth, release_of(environment)
    new = f"{release.primary_host}:{release.port}, and the password of Secret {auth.secret}, key {auth.key}"
    old = f"{client.previous.host}:{client.previous.port}" if client.previous else "the old Redis"
    for workload in client.workloads:
        for _, name, container in workload.redis_containers:
            if container.external is not None:
                yield f"# {workload.reference}, container {name}: set {container.external} to {new if switched else old}"


def polling(environment: Environment) -> str:
    """Return how long the tool needs to find a commit without a refresh. Argo CD 3 polls every 120 to 180 s."""
    return "up to 3 minutes" if environment.gitops.tool == "argocd" else "at most the interval of its GitRepository"


def how_to_undo(client: Client, migration: Migration) -> str:
    """Return how to undo a step, and the data that this loses."""
    effect, previous = effects(migration), transitions.previous_step(migration)
    remove = client.old_objects
    has_data = client.previous is not None and client.previous.data == "keep"
    if migration.step == "complete":
        return "not possible. From now on, change the application repository as usual"
    if effect.removed:
        restored = f": this creates {', '.join(remove)} again, {'with the kept volume' if has_data else 'without data'}"
        return f"not possible. You can go one step back to {previous}{restored if remove else ''}"
    if transitions.rollback_step(migration) is None:
        return f"not necessary: go one step back to {previous}. No data is lost"
    loss = "No data is lost"
    if effect.restored:
        stays = stays_in_shared(client)
        loss = f"The data that the application wrote to the shared Redis since scale-up is not copied back. {stays[0].upper()}{stays[1:]}"
    if is_local(client):
        loss = f"{loss}. {stopped_with_pods(client)}" if effect.restored or keeps_data(client) else stopped_with_pods(client)
    return f"possible (see Roll back). {loss}"


def stays_in_shared(client: Client) -> str:
    """Return what a rollback leaves in the shared Redis."""
    which = ", ".join(map(str, client.numbers))
    tasks = ", tasks of queues included," if "queue" in client.use else ""
    return f"this data{tasks} stays in database {which} of the shared Redis: delete it before the next attempt"


def stopped_with_pods(client: Client) -> str:
    """Return what is left of the data of a local Redis after scale-down."""
    if keeps_data(client):
        return "The old Redis is in the pods: after a rollback it starts with the data on its volume"
    return "The old Redis is in the pods: its data is lost at scale-down, and after a rollback it starts empty"


def runbook(environment: Environment, client: Client) -> str:
    """Return `docs/migration-<client>.md`. It does not depend on the current step, so it stays valid during the migration."""
    assert client.migration is not None
    return text(
        "migration.md.j2",
        env=environment,
        client=client,
        order=client.migration.order,
        release=release_of(environment),
        tool=environment.gitops.tool_name,
        carrier=environment.gitops.object_kind,
        procedures=list(procedures(environment, client)),
        repositories=transitions.REPOSITORIES,
        prepared=list(verify_commands(environment, client, "prepare")),
        rollback=rollback_procedure(environment, client),
        connect=list(_export(environment, client)),
        polling=polling(environment),
        release_timeout=RELEASE_TIMEOUT,
        empty=[*delete_commands(environment, client), f"rediskit migrate record {config_of(environment)} --client {client.name} --empty"],
        shared=shared_numbers(environment, client),
        scale_again=list(_scale_again(release_of(environment))),
        config=config_of(environment),
        owner_side=described(environment, client),
        describe=f"kubectl -n {client.namespace} describe pods | grep -A12 -E 'Events:|Reason:'",
        notes=notes(environment, client),
        frameworks=FRAMEWORKS,
        checkout=repository_name(client),
        criteria=CRITERIA,
        measured=[f"`{name}`" for name in MEASURED],
        variables=list(dict.fromkeys(_variable_names(client))),
    )


def _export(environment: Environment, client: Client) -> Iterator[str]:
    """Yield the command that writes the files of `prepare`, unless nothing is exported: `migrate export` refuses that."""
    by_hand_only = client.owner.delivery == "stated" and client.owner.variables is None
    if not by_hand_only and not client.owner.in_place:
        yield f"rediskit migrate export {config_of(environment)} --client {client.name} --to ../{repository_name(client)}"


def _scale_again(release: Release) -> Iterator[str]:
    """Yield the commands that create the pods of each StatefulSet from its current template."""
    instances = {release.primary_statefulset: 1, release.replicas_statefulset: release.replicas + int(release.one_statefulset)}
    for name, number in instances.items():
        if number:
            yield f"kubectl -n {release.namespace} scale statefulset {name} --replicas=0"
            yield f"kubectl -n {release.namespace} wait --for=delete pod/{name}-0 --timeout=2m"
            yield f"kubectl -n {release.namespace} scale statefulset {name} --replicas={number}"


def _variable_names(client: Client) -> Iterator[str]:
    """Yield the names of the environment variables that a migration changes."""
    for workload in client.workloads:
        for _, _, container in workload.redis_containers:
            yield from container.variables
