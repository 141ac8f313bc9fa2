"""Run the verification script as a Job, and read its results from the termination message of its pod."""

import time
from collections.abc import Iterator
from typing import Any

from rediskit.errors import MissingToolError
from rediskit.live import kubectl
from rediskit.live.checks import Result, result
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, text_at
from rediskit.renderers.helm import release_of
from rediskit.renderers.verification.checks import CHECKS, STATUSES, Phase
from rediskit.renderers.verification.pod import DEADLINE, job_spec

_PAUSE = 1.0
_START = 120
"""Seconds until a pod that has not started, such as for a missing image, ends the wait."""
OF_CLIENT = ("resolves", "connect-time", "ping", "unauthenticated", "read-write")
"""The checks of a pod in the namespace of a client."""
_OF_PHASE: dict[Phase, tuple[str, ...]] = {
    "connectivity": (*OF_CLIENT, "disabled-commands", "settings"),
    "replication": ("roles", "replicas-online", "replica-lag", "replica-offset", "wait", "replica-reads", "replica-refuses-writes"),
    "performance": ("operations-set", "operations-get", "p95-set", "p95-get"),
}


def run_job(environment: Environment, phase: Phase, namespace: str, context: str, wait: int = 10) -> list[Result]:
    """Return the results of one phase, from a Job that is created, read and deleted in the namespace of Redis or of a client.

    `wait`: seconds to wait for the first answer of Redis.
    """
    labels = {"app.kubernetes.io/managed-by": "rediskit-verify"}
    release = release_of(environment)
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": f"{release.fullname}-verify-{phase}-", "namespace": namespace, "labels": labels},
        "spec": job_spec(environment, (phase,), namespace, wait=wait),
    }
    target, vantage = f"{release.primary_host}:{release.port}", f"cluster:{namespace}"
    expected = OF_CLIENT if namespace != release.namespace else _OF_PHASE[phase]
    if phase == "replication" and not environment.redis.replicas:
        expected = ("roles",)
    try:
        message, reason = _message(job, namespace, context)
    except MissingToolError as error:
        problem = error.problems[0]
        message, reason = "", f"{problem.message}: {problem.hint}"
    if any(line.startswith("truncated\t") for line in message.splitlines()):
        reason = "the termination message of the pod has no space for this result"
    return complete(parsed(environment, message, vantage), expected, target, vantage, reason or "the pod reported no result")


def parsed(environment: Environment, message: str, vantage: str) -> Iterator[Result]:
    """Yield the results in a termination message. A line in another form is a result of no check, and left out.

    In a message that is full, a check that passed for several targets has one line, without measured value.
    """
    settings = environment.verification
    limits = {"replicas-online": environment.redis.replicas, "wait": environment.redis.replicas}
    for line in message.splitlines():
        name, target, status, measured, detail = (*line.split("\t"), "", "", "", "")[:5]
        if name not in CHECKS or status not in STATUSES:
            continue
        if name.startswith("p95-"):
            measured = f"{int(measured) / 1000:g}" if measured.isdecimal() else ""
            detail = f"less than {settings.p95} is required" if status == "failed" else detail
        of_performance = {"p95": settings.p95.text.removesuffix("ms"), "operations": settings.operations}
        limit = limits.get(name, of_performance.get(name.partition("-")[0], ""))
        yield result(name, target, vantage, status, measured, detail, limit=limit)


def complete(results: Iterator[Result], expected: tuple[str, ...], target: str, vantage: str, reason: str) -> list[Result]:
    """Return the results, with an unknown one for each expected check that has none."""
    listed = list(results)
    reported = {result.id for result in listed}
    return listed + [result(name, target, vantage, "unknown", "", reason) for name in expected if name not in reported]


def _message(job: dict[str, Any], namespace: str, context: str) -> tuple[str, str]:
    """Return the termination message of the pod of a Job, or why there is none. Raise MissingToolError when kubectl fails."""
    name = text_at(kubectl.create(job, context), "metadata", "name")
    try:
        return _ended(name, namespace, context)
    finally:
        kubectl.delete("job", name, namespace, context)


def _ended(name: str, namespace: str, context: str) -> tuple[str, str]:
    start = time.monotonic()
    while True:
        pods = kubectl.list_objects("pods", namespace, f"job-name={name}", context)
        state = at(list_at(pods[0], "status", "containerStatuses")[0], "state") if pods and _has_status(pods[0]) else {}
        if "terminated" in state:
            ended = state["terminated"]
            return text_at(ended, "message"), f"the pod ended with exit code {at(ended, 'exitCode')}"
        passed = time.monotonic() - start
        if passed > DEADLINE + 30 or ("running" not in state and passed > _START):
            return "", f"the pod of the Job {namespace}/{name} does not end: {_waiting(pods, state)}"
        time.sleep(_PAUSE)


def _has_status(pod: Any) -> bool:
    return bool(list_at(pod, "status", "containerStatuses"))


def _waiting(pods: list[Any], state: Any) -> str:
    """Return why a pod does not run, as the API server reports it."""
    if not pods:
        return "it was not created"
    reasons = [text_at(condition, "message") for condition in list_at(pods[0], "status", "conditions")]
    return next(filter(None, (text_at(state, "waiting", "reason"), *reasons)), text_at(pods[0], "status", "phase") or "no status")
