"""The last results of the verification Jobs that the rendered manifests contain. Nothing is written."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from rediskit.errors import MissingToolError
from rediskit.live import kubectl
from rediskit.live.checks import Result
from rediskit.live.jobs import parsed
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, text_at
from rediskit.renderers.platform import verification

JobStatus = Literal["passed", "failed", "unknown", "running"]


class JobResult(NamedTuple):
    """The result of a Job.

    Attributes:
        name: The name of the Job, with phase and digest.
        at: When it ended, or else started; "" without a time.
        results: The results of its checks, as far as its pod still has them.
        detail: Why it is not passed; "" where the results contain the reason.
    """

    name: str
    namespace: str
    status: JobStatus
    at: str
    results: tuple[Result, ...]
    detail: str


def job_results(environment: Environment, context: str) -> Iterator[JobResult]:
    """Yield the result of each Job of the rendered manifests. Where kubectl fails, the result is unknown."""
    for unit in verification(environment):
        for content in unit.objects:
            if content["kind"] == "Job":
                name, namespace = content["metadata"]["name"], content["metadata"]["namespace"]
                try:
                    yield _result(environment, name, namespace, context)
                except MissingToolError as error:
                    problem = error.problems[0]
                    yield JobResult(name, namespace, "unknown", "", (), f"{problem.message}: {problem.hint}")


def _result(environment: Environment, name: str, namespace: str, context: str) -> JobResult:
    live = kubectl.get_object("job", name, namespace, context)
    if live is None:
        detail = f"it does not exist: {environment.gitops.tool_name} has not applied the Jobs of this config, or a person deleted it"
        return JobResult(name, namespace, "unknown", "", (), detail)
    conditions = {
        text_at(condition, "type"): condition
        for condition in list_at(live, "status", "conditions")
        if text_at(condition, "status") == "True"
    }
    pods = kubectl.list_objects("pods", namespace, f"job-name={name}", context)
    results = tuple(parsed(environment, _message(pods), f"cluster:{namespace}"))
    if condition := conditions.get("Complete"):
        return JobResult(name, namespace, "passed", text_at(condition, "lastTransitionTime"), results, "")
    if condition := conditions.get("Failed"):
        failed = any(result.status == "failed" for result in results)
        status: JobStatus = "failed" if failed else "unknown"
        reason = f"{text_at(condition, 'reason')}: {text_at(condition, 'message')}".strip(": ")
        detail = "" if any(result.status in ("failed", "unknown") for result in results) else reason or "its pod has no result"
        return JobResult(name, namespace, status, text_at(condition, "lastTransitionTime"), results, detail)
    return JobResult(name, namespace, "running", text_at(live, "status", "startTime"), results, "")


def _message(pods: list[Any]) -> str:
    """Return the termination message of the last pod."""
    for pod in reversed(pods):
        for container in list_at(pod, "status", "containerStatuses"):
            if message := text_at(at(container, "state"), "terminated", "message"):
                return message
    return ""
