"""The verification Jobs in the output of `migrate status --live`."""

from collections.abc import Iterator, Sequence
from typing import Any

from rediskit.live.job_results import JobResult
from rediskit.model.environment import Environment


def job_lines(environment: Environment, results: Sequence[JobResult]) -> Iterator[str]:
    """Yield a line per Job, and one per check that is not passed."""
    yield f"verification Jobs of {environment.name}:"
    if not results:
        reason = "verification.jobs is false" if not environment.verification.jobs else "the shared Redis is not deployed"
        yield f"  none: {reason}"
    for job in results:
        passed = sum(result.status == "passed" for result in job.results)
        counts = f", {passed} of {len(job.results)} checks passed" if job.results else ""
        since = f" since {job.at}" if job.status == "running" else f" at {job.at}" if job.at else ""
        yield f"  {job.status:<7} {job.namespace}/{job.name}{since}{counts}{f': {job.detail}' if job.detail else ''}"
        for result in job.results:
            if result.status in ("failed", "unknown"):
                yield f"    {result.status:<7} {result.id} {result.target}: {result.measured} {result.detail}".rstrip()


def job_code(results: Sequence[JobResult]) -> int:
    """Return 1 if a Job failed, 3 if a result is unknown, else 0."""
    statuses = {job.status for job in results}
    return 1 if "failed" in statuses else 3 if "unknown" in statuses else 0


def job_json(job: JobResult) -> dict[str, Any]:
    """Return a Job as JSON."""
    return {**job._asdict(), "results": [result._asdict() for result in job.results]}
