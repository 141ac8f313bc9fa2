"""Wait until a step is live: its commit is applied, everything is healthy, and the workloads have the state of the step."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from rediskit.errors import MissingToolError, Problem
from rediskit.live import gitops
from rediskit.migrate import pods
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


def wait_for_platform(environment: Environment, tree: Tree, commit: str, wait: Wait) -> None:
    """Refresh the root of this repository, and wait for its commit and for each object that the root deploys."""
    namespace = environment.gitops.tool_namespace
    root = gitops.Target(environment.gitops.object_kind, namespace, f"{environment.object_prefix}-root")
    _refresh(root, wait)
    checks = f"{environment.object_prefix}-{UNIT}"  # A failed verification blocks no step.
    targets = [(root, commit), *(pair for pair in _deliverers(tree, commit) if pair[0].name != checks)]
    _until_nothing(lambda: _first(gitops.missing(target, revision, wait.context) for target, revision in targets), wait)


def wait_for_application(client: Client, commit: str, wait: Wait) -> None:
    """Refresh the object that deploys the application, and wait for the commit and for the workloads."""
    target = gitops.target_of(client.owner.object) if client.owner.object else None
    if target is not None:
        _refresh(target, wait)
    stopped = effects(client.migration).stopped
    workloads = [gitops.Target(str(workload.kind), client.namespace, str(workload.name)) for workload in client.workloads]

    def missing() -> Iterator[str]:
        if target is not None:
            yield gitops.missing(target, "" if target.kind == "HelmRelease" else commit, wait.context)
        yield from (gitops.workload_missing(workload, stopped=stopped, context=wait.context) for workload in workloads)
        if stopped and (left := pods.live_pods(client, wait.context)):
            yield f"{pods.names(left)}: not ended"

    _until_nothing(lambda: _first(missing()), wait)


def _refresh(target: gitops.Target, wait: Wait) -> None:
    wait.report(f"refreshing {target}")
    gitops.refresh(target, str(time.time_ns()), wait.context)


def _deliverers(tree: Tree, commit: str) -> Iterator[tuple[gitops.Target, str]]:
    """Yield each Application, Kustomization and HelmRelease of the rendered manifests, with its commit; "" for one of the chart."""
    for path, content in tree.objects.items():
        namespace = text_at(content, "metadata", "namespace")
        if path.startswith(("argocd/", "flux/")) and content["kind"] in _DELIVERERS and namespace:
            follows = content["kind"] == "Kustomization" or text_at(content, "spec", "source", "path")
            yield gitops.Target(content["kind"], namespace, content["metadata"]["name"]), commit if follows else ""


def _first(texts: Iterator[str]) -> str:
    return next(filter(None, texts), "")


def _until_nothing(missing: Callable[[], str], wait: Wait) -> None:
    """Repeat until nothing is missing. Raises MissingToolError [not-live] after the longest time."""
    deadline = time.monotonic() + wait.timeout
    while reason := missing():
        if time.monotonic() > deadline:
            hint = "read the state of this object and fix the cause, then repeat the command: it continues the step"
            raise MissingToolError(Problem(f"not live after {wait.timeout:g} s: {reason}", hint, code="not-live"))
        wait.report(f"waiting: {reason}")
        time.sleep(POLL)
