"""How each step of a client's migration is taken: exact names, commands for the tool in use, what to look at. For runbooks and plans.

The steps, their words and gates come from `migrate.transitions`; this module knows the names and the commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rediskit.chart.names import Release
from rediskit.model.client import Client
from rediskit.model.criteria import CRITERIA
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.model.workload import Workload
from rediskit.renderers.argocd import prefix
from rediskit.renderers.flux import RELEASE_TIMEOUT
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.snippets import mark_of
from rediskit.renderers.pages.templates import text
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import decommissions, effects, moved
from rediskit.state_machine.transitions import STAGES, Repository, Transition

OWNER_DIR = '"$OWNER_DIR"'
"""The folder of the outermost overlay, in a checkout of the owner's repository: nobody here knows where it lies."""
OWNER_APP = '"$OWNER_APP"'
"""The owner's Application or Kustomization."""


class Page(NamedTuple):
    """One step as a person takes it.

    repository: whose repository applies something else. advance, publish, owner, look: commands, in their order: the edit of the config,
    the commit of this repository, that of the owner's, what to look at. wait: the longest that polling alone may take, in words.
    """

    step: Step
    meaning: str
    before: str
    gates: tuple[str, ...]
    repository: Repository
    advance: tuple[str, ...]
    publish: tuple[str, ...]
    owner: tuple[str, ...]
    look: tuple[str, ...]
    seen: str
    way_back: str


def pages(environment: Environment, client: Client) -> Iterator[Page]:
    """Every step forward from `prepare`, in the order of the migration."""
    assert client.migration is not None
    migration = Migration(step="prepare", order=client.migration.order)
    while (target := transitions.following(migration)) is not None:
        after = moved(migration, target, "")
        yield page(environment, client, Transition("forward", migration.step, target), migration)
        migration = after


def page(environment: Environment, client: Client, transition: Transition, migration: Migration, config: str = "") -> Page:
    """One step out of where a migration stands. config: the file that the commands name, where it is not at its usual place."""
    named, folder = _as_arguments(config) if config else (config_of(environment), "config")
    after = moved(migration, transition.target, "")
    repository = transitions.repository(migration, after, removes=decommissions(client))
    stage = STAGES[transition.target]
    return Page(
        step=transition.target,
        meaning=stage.meaning,
        before=transitions.before(transition, migration),
        gates=transitions.gates(transition, migration),
        repository=repository,
        advance=tuple(_edit(named, client, transition)),
        publish=tuple(_publish(environment, client, transition, repository, (named, folder))),
        owner=tuple(_owner(environment, client, transition, named)) if repository == "owner" else (),
        look=tuple(look(environment, client, transition.target)),
        seen=stage.look,
        way_back=way_back(client, after),
    )


def config_of(environment: Environment) -> str:
    """The config as people name it from the root of the repository: no path of a machine."""
    return f"config/{environment.name}.yaml"


def _as_arguments(config: str) -> tuple[str, str]:
    """A config and its folder as a shell takes them."""
    import shlex  # Not on the path of a render: the usual places need no quotes.

    return shlex.quote(config), shlex.quote(config.rpartition("/")[0] or config)


def _edit(config: str, client: Client, transition: Transition) -> Iterator[str]:
    command = f"{config} --client {client.name}"
    if transition.kind == "rollback":
        yield f'rediskit migrate rollback {command} --reason "what was seen"'
        return
    if transition.kind == "back":
        yield f'rediskit migrate back {command} --to {transition.target} --reason "what was seen"'
        return
    if transition.target == "decommission":
        seen = " ".join(f"--criterion {name}" for name in CRITERIA)
        yield f"rediskit migrate record {command} {seen}"
        yield f"rediskit check {config} --owner {OWNER_DIR}"
    if transition.target == "complete":
        seen = "" if client.owner.kind == "manifests" else f" --owner {OWNER_DIR}"
        yield f"rediskit migrate record {command} --folded{seen}"
    accept = " --confirm-irreversible" if transition.target == "decommission" else ""
    yield f"rediskit migrate advance {command} --to {transition.target}{accept}"


def _publish(
    environment: Environment, client: Client, transition: Transition, repository: Repository, named: tuple[str, str]
) -> Iterator[str]:
    config, folder = named
    yield f"rediskit render {config}"
    yield f"git add {folder} {environment.path} && git commit -m '{client.name}: {transition.target}' && git push"
    if repository == "ours":
        yield from refresh(environment)


def _owner(environment: Environment, client: Client, transition: Transition, config: str) -> Iterator[str]:
    yield f"rediskit migrate export {config} --client {client.name} --to {OWNER_DIR}"
    yield f"git -C {OWNER_DIR} add . && git -C {OWNER_DIR} commit -m '{client.name}: {transition.target}' && git -C {OWNER_DIR} push"
    yield owner_refresh(environment)


def refresh(environment: Environment) -> tuple[str, ...]:
    """The tool is told to look at our repository now."""
    gitops = environment.gitops
    if gitops.tool == "flux":
        return (f"flux -n {gitops.tool_namespace} reconcile kustomization {environment.redis.release}-root --with-source",)
    return (f"{_annotate(gitops.tool_namespace, f'{prefix(environment)}-root')}",)


def owner_refresh(environment: Environment) -> str:
    """The tool is told to look at the owner's repository now."""
    gitops = environment.gitops
    if gitops.tool == "flux":
        return f"flux -n {gitops.tool_namespace} reconcile kustomization {OWNER_APP} --with-source"
    return _annotate(gitops.tool_namespace, OWNER_APP)


def _annotate(namespace: str, application: str) -> str:
    """As `argocd app get --refresh`, with nothing but kubectl."""
    return f"kubectl -n {namespace} annotate application {application} argocd.argoproj.io/refresh=normal --overwrite"


def polling(environment: Environment) -> str:
    """How long the tool takes to see a commit by itself: Argo CD 3 polls every 120 to 180 s; a Flux source by its interval."""
    return "up to 3 minutes" if environment.gitops.tool == "argocd" else "up to its source's interval"


def look(environment: Environment, client: Client, step: Step) -> Iterator[str]:
    """Commands that show whether a step has taken effect; none of them changes anything, and none shows a password."""
    release, workload = release_of(environment), client.workload
    if workload is None:
        return
    in_client = f"kubectl -n {client.namespace}"
    name = f"{str(workload.kind).lower()}/{workload.name}"
    if step == "prepare":
        yield from _same_secret(environment, client)
    elif step == "scale-down":
        yield f"{in_client} get {name} -o jsonpath='{{.spec.replicas}} wanted, {{.status.replicas}} there{{\"\\n\"}}'"
    elif step == "deploy":
        yield from _redis(environment, release)
    elif step == "reconfigure":
        yield from (_variables(in_client, name, workload, container) for container in workload.containers)
    elif step in ("scale-up", "rolled-back", "complete"):
        yield f"{in_client} rollout status {name} --timeout=5m"
        yield from (f"{in_client} logs {name} -c {container} --since=5m | grep -iE 'redis|error'" for container in workload.containers)
        if step == "scale-up":
            yield f"{_cli(release, release.primary_statefulset, release.container_port)} CLIENT LIST' | grep -c ."
        if step == "rolled-back":
            yield from (_variables(in_client, name, workload, container) for container in workload.containers)
    elif step == "decommission" and client.previous and client.previous.remove:
        yield f"{in_client} get {' '.join(client.previous.remove)} --ignore-not-found"
        yield f"{in_client} rollout status {name} --timeout=5m"


def _same_secret(environment: Environment, client: Client) -> Iterator[str]:
    auth = environment.redis.auth
    key = auth.key.replace(".", "\\.")
    one, other = (
        f"<(kubectl -n {namespace} get secret {auth.secret} -o jsonpath='{{.data.{key}}}')"
        for namespace in (environment.redis.namespace, client.namespace)
    )
    yield f"cmp {one} {other} && echo the same in both"


def _redis(environment: Environment, release: Release) -> Iterator[str]:
    in_redis = f"kubectl -n {release.namespace}"
    yield f"{in_redis} rollout status statefulset/{release.primary_statefulset} --timeout=5m"
    yield f"{in_redis} rollout status statefulset/{release.replicas_statefulset} --timeout=5m"
    yield f"{_cli(release, release.replicas_statefulset, release.replicas_container_port)} INFO replication' | grep master_link_status"
    if environment.network:
        yield f"{in_redis} get service {release.external_service} -o jsonpath='{{.status.loadBalancer.ingress[0].ip}}{{\"\\n\"}}'"


def _cli(release: Release, statefulset: str, port: int) -> str:
    """redis-cli in the first pod, up to its words and the closing quote: the password stands on no command line."""
    password = f'REDISCLI_AUTH="$(cat {release.password_file})"'
    return f"kubectl -n {release.namespace} exec {statefulset}-0 -c redis -- bash -c '{password} redis-cli -p {port}"


def _variables(in_client: str, name: str, workload: Workload, container: str) -> str:
    """Names and plain values; of a value from a Secret kubectl shows where it comes from."""
    names = workload.containers[container].names
    return f"{in_client} set env {name} -c {container} --list | grep -E -A1 '{'|'.join(names)}'"


def way_back(client: Client, migration: Migration) -> str:
    """The way back from a step, and what it loses."""
    effect, previous = effects(migration), transitions.previous(migration)
    remove = client.previous.remove if client.previous else ()
    kept = client.previous is not None and client.previous.data == "keep"
    if migration.step == "complete":
        return "none: the owner's repository is changed like any other"
    if effect.removed:
        back = f"; {', '.join(remove)} come back {'on the volume that was kept' if kept else 'empty'}" if remove else ""
        return f"one step back to {previous}{back}, and there is no rollback any more"
    if transitions.way_out(migration) is None:
        return f"one step back to {previous}; nothing is lost"
    if effect.restored:
        return "rolled-back in one commit; lost is what the application wrote to the shared Redis since scale-up"
    return "rolled-back in one commit; nothing is lost: the old Redis was never touched"


def runbook(environment: Environment, client: Client) -> str:
    """`docs/migration-<client>.md`: the same at every step, so that it can be read before and while."""
    assert client.migration is not None
    rollback = page(environment, client, Transition("rollback", "validate", "rolled-back"), _at_validate(client.migration))
    return text(
        "migration.md.j2",
        env=environment,
        client=client,
        order=client.migration.order,
        release=release_of(environment),
        tool=environment.gitops.tool_name,
        carrier={"argocd": "Application", "flux": "Kustomization"}[environment.gitops.tool],
        pages=list(pages(environment, client)),
        prepared=list(look(environment, client, "prepare")),
        rollback=rollback,
        forward=[f"rediskit migrate advance {config_of(environment)} --client {client.name} --to scale-down"],
        polling=polling(environment),
        release_timeout=RELEASE_TIMEOUT,
        config=config_of(environment),
        owner_side=owner_side(environment, client),
        describe=f"kubectl -n {client.namespace} describe pods | grep -A12 -E 'Events:|Reason:'",
        variables=[value for one in (client.workload.containers.values() if client.workload else ()) for value in _names(one.model_dump())],
    )


def owner_side(environment: Environment, client: Client) -> str:
    """What the owner does once, so that what is rendered for a step takes effect: one sentence, by the kind of owner."""
    folder = f"`{environment.path}/{client.owner_folder}/`"
    ours = f"contains the patches of {folder} behind its own, in place of those that begin with `{mark_of(client)}`"
    return {
        "kustomize": f"the outermost overlay names the Component once (`components: [rediskit/{client.name}]`)",
        "manifests": f"at each step `migrate export` sets the values of {folder} in its own files; what `remove.txt` lists is deleted",
        "argocd-app": f"at each step `spec.source.kustomize.patches` of the Application {ours}",
        "flux-kustomization": f"at each step `spec.patches` of the Kustomization {ours}",
    }[client.owner.kind]


def _names(values: dict[str, object]) -> list[str]:
    return [value for value in values.values() if isinstance(value, str)]


def _at_validate(migration: Migration) -> Migration:
    return Migration(step="validate", order=migration.order)
