"""The cluster that kubectl shows: evidence of one environment is from one cluster, or from the one that replaces it."""

from rediskit.checks import Finding
from rediskit.checks.acceptance import unaccepted
from rediskit.errors import MissingToolError, Problem, RefusedError
from rediskit.live.kubectl import get_object
from rediskit.model.environment import Environment
from rediskit.model.nested import text_at
from rediskit.state_machine.scans import CLUSTER, cluster_in

_CODE = "verify-cluster"


def cluster_of(environment: Environment, context: str, otherwise: str = "") -> str:
    """Return the source of evidence from a cluster: the uid of its namespace kube-system.

    Args:
        otherwise: What a person does where kubectl cannot show the uid.

    Raises:
        RefusedError: [verify-cluster] Earlier evidence is from another cluster, and the config does not accept this one.
        MissingToolError: kubectl is missing or fails.
    """
    try:
        uid = text_at(get_object("namespace", "kube-system", "", context), "metadata", "uid")
    except MissingToolError as error:
        problem = error.problems[0]
        hint = f"{problem.hint}; or {otherwise}" if otherwise else problem.hint
        raise MissingToolError(problem._replace(hint=hint)) from None
    if not uid:
        hint = "check the context and its permissions"
        raise MissingToolError(Problem("kubectl shows no uid of namespace kube-system", f"{hint}; or {otherwise}" if otherwise else hint))
    source = f"{CLUSTER}{uid}"
    _refuse_another(environment, source)
    return source


def refuse_another_cluster(environment: Environment, context: str) -> None:
    """Raise the same as `cluster_of` if earlier evidence is from a cluster: without any, every cluster can be the right one."""
    if _recorded(environment):
        cluster_of(environment, context)


def _refuse_another(environment: Environment, source: str) -> None:
    """Raise RefusedError [verify-cluster] for another cluster than that of the first evidence. An accepted cluster replaces that one."""
    recorded = _recorded(environment)
    accepted = [entry.on for entry in environment.accept if entry.code == _CODE]
    if not recorded or (recorded == source and not accepted):
        return
    wanted = accepted[-1] if accepted else recorded
    message = f"this is {source}, and earlier evidence is from {wanted}"
    hint = (
        "choose the context of that cluster with --context; if this one replaces it, as after a rebuild, "
        f"add to accept: {{code: {_CODE}, on: {source}, reason: …}}, and record the evidence of this step again"
    )
    for finding in unaccepted(environment, [Finding(_CODE, "error", message, hint, on=(source,))], None):
        raise RefusedError(Problem(finding.message, finding.hint, code=_CODE))


def _recorded(environment: Environment) -> str:
    """Return the source of the first evidence from a cluster, of any client; "" before one."""
    evidence = (entry for client in environment.clients for entry in (client.migration.evidence if client.migration else ()))
    return next(filter(None, (cluster_in(entry) for entry in evidence)), "")
