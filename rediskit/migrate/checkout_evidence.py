"""Evidence that a step reads in the checkout of the application repository."""

from rediskit.errors import Problem, RefusedError
from rediskit.helm import Chart
from rediskit.migrate.edit import Edited
from rediskit.migrate.evidence import Observation, Observed, record
from rediskit.migrate.merged import unmerged_commits
from rediskit.migrate.owner.files import Checkout
from rediskit.migrate.owner.fold import unfolded
from rediskit.migrate.scan import commit_of, recorded, scan, uncommitted
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step


def checkout_evidence(
    environment: Environment, client: Client, target: Step, checkout: Checkout, at: str, chart: Chart | None = None
) -> tuple[Edited, ...]:
    """Return the files that record the scan before `decommission`, or before `complete` that the base contains the change.

    Nothing is written.

    Raises:
        RefusedError: The base does not contain the change, or the checkout has changes that no commit contains, or that are not merged.
    """
    if problem := uncommitted(environment, checkout) or unmerged_commits(environment, client, checkout.top):
        raise RefusedError(problem)
    if target == "decommission":
        result = scan(environment, client, checkout, chart)
        return recorded(environment, client, result, at) if result is not None else ()
    try:
        observation = folded(environment, client, checkout, chart)
    except RefusedError as error:
        if client.owner.is_built or any(problem.code != "values-hidden" for problem in error.problems):
            raise
        return ()  # The gate then requires that a person has recorded it.
    return record(environment, client, Observed(at, others=(observation,)))[0]


def folded(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None = None) -> Observation:
    """Return the observation that the base contains the change, from a build or from the values of an Application.

    Raises RefusedError if it does not, or a source of values is not visible.
    """
    if findings := list(unfolded(environment, client, checkout, chart)):
        raise RefusedError([Problem(finding.message, finding.hint, location=finding.location, code=finding.code) for finding in findings])
    return Observation("folded", source=commit_of(checkout.top) or "a build without a commit")
