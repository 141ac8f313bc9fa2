"""The Jobs of CronJobs that run although the CronJobs are suspended: they still use the old Redis."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from rediskit.model.nested import list_at, text_at


def running(jobs: Iterable[Any], cron_jobs: Collection[str]) -> list[str]:
    """Return the names of the Jobs of these CronJobs that have not finished. cron_jobs: as `CronJob/report`.

    A Job that a person created from a CronJob has the same ownerReference (kubectl create job --from).
    """
    return sorted(text_at(job, "metadata", "name") for job in jobs if _is_of(job, cron_jobs) and not has_finished(job))


def _is_of(job: Any, cron_jobs: Collection[str]) -> bool:
    return any(f"{text_at(owner, 'kind')}/{text_at(owner, 'name')}" in cron_jobs for owner in list_at(job, "metadata", "ownerReferences"))


def has_finished(job: Any) -> bool:
    """Return whether a Job is complete or has failed."""
    conditions = list_at(job, "status", "conditions")
    return any(text_at(entry, "type") in ("Complete", "Failed") and text_at(entry, "status") == "True" for entry in conditions)
