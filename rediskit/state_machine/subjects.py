"""The subject of each kind of evidence: `about` of an entry. An entry is valid only while the config has the same subject.

Without it, evidence of one workload, queue or Secret would pass the gate of another that was added or renamed later.
"""

from collections.abc import Sequence

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import Evidence, EvidenceKind


def subject(environment: Environment, client: Client, kind: EvidenceKind, required: str) -> str:
    """Return the subject of a kind of evidence; "" for kinds that are about the running client as a whole.

    Args:
        required: The digest of what the step requires of the application (`renderers.owner.required.digest`), for `verified` and `folded`.
    """
    previous, auth = client.previous, environment.redis.auth
    if kind == "secret":
        return f"Secret {auth.secret} key {auth.key} in {environment.redis.namespace} and {client.namespace}"
    if kind == "scan":
        return previous.described if previous else ""
    if kind == "drained":
        return f"{previous.host}:{previous.port}" if previous else ""
    if kind == "jobs":
        return f"{client.namespace}: {', '.join(client.cron_jobs)}"
    if kind == "empty":
        numbers = f"database{'s' if len(client.numbers) > 1 else ''} {', '.join(map(str, client.numbers))}"
        return f"{numbers} of {environment.redis.release} in {environment.redis.namespace}"
    if kind == "installed":
        return f"{client.owner.installs.reference} in {client.owner.installs.namespace or client.namespace}"
    return required if kind in ("verified", "folded") else ""


def last(entries: Sequence[Evidence]) -> Evidence | None:
    """Return the last of the entries; None without one."""
    return entries[-1] if entries else None


def difference(entry: Evidence, subject: str) -> str:
    """Return how the subject of an entry differs from the wanted one, as the end of a message; "" where it is the same."""
    if (entry.about or "") == subject:
        return ""
    if subject.startswith("sha256:"):
        return f"the evidence of {entry.at} is about other requirements: the config has changed since"
    if not entry.about:
        return f"the evidence of {entry.at} has no subject (about): {subject} is required"
    return f"the evidence of {entry.at} is about {entry.about}, not about {subject}"
