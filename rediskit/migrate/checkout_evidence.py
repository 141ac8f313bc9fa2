"""Evidence that a step reads in the checkout of the application repository."""

from rediskit.errors import Problem, RefusedError
from rediskit.helm import Chart
from rediskit.migrate.edit import Edited
from rediskit.migrate.evidence import Observed, record
from rediskit.migrate.owner.check import unfolded
from rediskit.migrate.owner.files import Checkout
from rediskit.migrate.scan import commit_of, recorded, scan, uncommitted
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step


def checkout_evidence(
    environment: Environment, client: Client, target: Step, place: Checkout, at: str, chart: Chart | None = None
) -> tuple[Edited, ...]:
    """Return the files that record the scan before `decommission`, or before `complete` that the base contains the change.

    Nothing is written.

    Raises:
        RefusedError: The base does not contain the change, or the checkout has changes that no commit contains.
    """
    if problem := uncommitted(environment, place):
        raise RefusedError(problem)
    if target == "decommission":
        result = scan(environment, client, place, chart)
        return recorded(environment, client, result, at) if result is not None else ()
    if remarks := list(unfolded(environment, client, str(place.to))):
        raise RefusedError([Problem(remark.message, remark.hint, location=remark.location, code=remark.code) for remark in remarks])
    observed = Observed(at, folded=True, source=commit_of(place.top) or "a build without a commit")
    return record(environment, client, observed)[0]
