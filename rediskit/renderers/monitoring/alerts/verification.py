"""Alert about the verification Jobs. kube-state-metrics reports them, with the namespace and the name of each Job."""

from collections.abc import Iterator, Sequence

from rediskit.chart.names import Release
from rediskit.renderers.monitoring.alerts.rule import JOB, NAMESPACE, rule
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.tree import Object


def verification(release: Release, series: Series, jobs: str, namespaces: Sequence[str]) -> Iterator[Object]:
    """Yield the rule about a failed Job. It also fails for an unknown result, and where its pod does not start in time.

    Args:
        release: The release.
        series: The parameters of the queries.
        jobs: The start of the names of the Jobs.
        namespaces: The namespaces of the Jobs.
    """
    where = f'namespace=~"{"|".join(namespaces)}"'
    yield rule(
        "VerificationFailed",
        "warning",
        series.hold(1),
        f'max by (namespace, job_name) (kube_job_status_failed{{{where},job_name=~"{jobs}.+"}}) > 0',
        f"A verification of {release.fullname} failed",
        f"A check of the Job {JOB} failed or has no result. Read it: kubectl -n {NAMESPACE} logs job/{JOB}. docs/verification.md "
        "of the rendered manifests explains the checks and how to repeat them. The alert ends with the Job, which the next step or another "
        "verification.run in the config replaces.",
    )
