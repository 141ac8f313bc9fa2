"""Wait until a step is live: its commit is applied, everything is healthy, and the workloads have the state of the step."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from rediskit.errors import MissingToolError, Problem
from rediskit.git.publish import Checkout
from rediskit.live import gitops
from rediskit.migrate import pods
from rediskit.migrate.verification.cluster import refuse_another_cluster
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import text_at
from rediskit.renderers.tree import Tree
from rediskit.renderers.verification.jobs import UNIT
from rediskit.state_machine.effects import effects

POLL = 2.0
"""Seconds between two reads of the cluster."""
_DELIVERERS = ("Application", "Kustomization", "HelmRelease")


class Wait(NamedTuple):
    """How to wait: the context of kubectl, the longest time in seconds, and where to report progress."""

    context: str
    timeout: float
    report: Callable[[str], None]


def wait_in(environment: Environment, context: str, timeout: float, report: Callable[[str], None]) -> Wait:
    """Return how to wait in a cluster. Raises RefusedError [verify-cluster] for another one than that of earlier evidence."""
    refuse_another_cluster(environment, context)
    return Wait(context, timeout, report)


def wait_for_platform(environment: Environment, tree: Tree, repository: Checkout, wait: Wait) -> None:
    """Refresh the root of this repository, and wait for its last commit and for each object that the root deploys."""
    namespace = environment.gitops.tool_namespace
    root = gitops.Target(environment.gitops.object_kind, namespace, f"{environment.object_prefix}-root")
    _refresh(root, wait)
    checks = f"{environment.object_prefix}-{UNIT}"  # A failed verification blocks no step.
    listed = [pair for pair in _deliverers(tree, _commit(repository)) if pair[0].name != checks]
    # What applies an object is read before it. Otherwise its status could be that of the commit before.
    targets = [(root, _commit(repository)), *sorted(listed, key=lambda pair: _DELIVERERS.index(pair[0].kind))]
    _until_nothing(lambda: _states(targets, wait), wait)


def wait_for_application(client: Client, repository: Checkout, wait: Wait) -> None:
    """Refresh what deploys the application, and wait for the last commit of its repository and for the workloads.

    Raises MissingToolError [not-live] also for a HelmRelease that no Kustomization applies: nothing shows its commit.
    """
    targets = list(_application_targets(client, _commit(repository), wait))
    for target, _ in targets:
        _refresh(target, wait)
    stopped = effects(client.migration).stopped

    def missing() -> Iterator[gitops.Missing]:
        yield from _states(targets, wait)
        for workload in client.workloads:
            target = gitops.Target(str(workload.kind), client.namespace, str(workload.name))
            yield gitops.Missing(gitops.workload_missing(target, stopped=stopped, idle=workload.is_idle, context=wait.context))
        if stopped and (left := pods.live_pods(client, wait.context)):
            yield gitops.Missing(f"{pods.names(left)}: not ended")

    _until_nothing(missing, wait)


def _application_targets(client: Client, commit: gitops.Commit, wait: Wait) -> Iterator[tuple[gitops.Target, gitops.Commit | None]]:
    """Yield the objects that deploy the application, what applies another one first, each with its commit; None for any."""
    target = gitops.target_of(client.owner.object) if client.owner.object else None
    if target is None:
        return
    if target.kind != "HelmRelease":
        yield target, commit
        return
    kustomization = gitops.applied_by(target, wait.context)
    if kustomization is None:
        message = f"{target} has no label kustomize.toolkit.fluxcd.io/name, so nothing shows which commit it has"
        hint = "leave --wait out, and run rediskit migrate verify when the commit is live"
        raise MissingToolError(Problem(message, hint, code="not-live"))
    yield kustomization, commit
    yield target, None


def _commit(repository: Checkout) -> gitops.Commit:
    """Return the last commit of a checkout. Another person can push more commits meanwhile: a later one contains it."""
    head = repository.head()
    known: dict[str, bool | None] = {}

    def is_in(other: str) -> bool | None:
        if other not in known:
            known[other] = repository.contains(other, head)
        return known[other]

    return gitops.Commit(head, is_in)


def _refresh(target: gitops.Target, wait: Wait) -> None:
    wait.report(f"refreshing {target}")
    gitops.refresh(target, str(time.time_ns()), wait.context)


def _deliverers(tree: Tree, commit: gitops.Commit) -> Iterator[tuple[gitops.Target, gitops.Commit | None]]:
    """Yield each Application, Kustomization and HelmRelease of the rendered manifests, with its commit; None for one of the chart."""
    for path, content in tree.objects.items():
        namespace = text_at(content, "metadata", "namespace")
        if path.startswith(("argocd/", "flux/")) and content["kind"] in _DELIVERERS and namespace:
            follows = content["kind"] == "Kustomization" or text_at(content, "spec", "source", "path")
            yield gitops.Target(content["kind"], namespace, content["metadata"]["name"]), commit if follows else None


def _states(targets: Iterable[tuple[gitops.Target, gitops.Commit | None]], wait: Wait) -> Iterator[gitops.Missing]:
    return (gitops.missing(target, commit, wait.context) for target, commit in targets)


def _until_nothing(states: Callable[[], Iterator[gitops.Missing]], wait: Wait) -> None:
    """Repeat until nothing is missing, and report what can't be verified. Raises MissingToolError [not-live] after the longest time."""
    deadline = time.monotonic() + wait.timeout
    while True:
        notes = []
        for state in states():
            if state.reason:
                break
            notes.append(state.note)
        else:
            for note in filter(None, notes):
                wait.report(f"note: {note}")
            return
        if time.monotonic() > deadline:
            hint = "read the state of this object and fix the cause, then repeat the command: it continues the step"
            raise MissingToolError(Problem(f"not live after {wait.timeout:g} s: {state.reason}", hint, code="not-live"))
        wait.report(f"waiting: {state.reason}")
        time.sleep(POLL)
