"""The scan for the old Redis that passes the gate of `decommission`: what it read, and why it does not count. Pure."""

from rediskit.model.client import Client
from rediskit.model.evidence import Evidence
from rediskit.state_machine.subjects import difference

CLUSTER = "cluster "
"""The start of `source` of evidence from a cluster; the uid of its namespace kube-system follows, and after a comma what was read."""
FILE = "file "
"""The start of `source` of a scan of the output of a program; the name of the file follows. Any other source is a commit."""


def cluster_in(entry: Evidence) -> str:
    """Return the cluster that evidence was read in, as `cluster UID`; "" for other sources."""
    source = entry.source or ""
    return source.partition(",")[0] if entry.by == "measured" and source.startswith(CLUSTER) else ""


def is_of_checkout(scan: Evidence) -> bool:
    """Return whether a scan read a checkout of the application repository. A checkout without a commit has no source."""
    return scan.by == "measured" and not (scan.source or "").startswith((CLUSTER, FILE))


def source_of(scan: Evidence) -> str:
    """Return in words what a scan read."""
    if scan.by == "person":
        return "the word of a person"
    if is_of_checkout(scan):
        return f"the application repository{f' at {scan.source[:12]}' if scan.source else ''}"
    source = scan.source or ""
    return f"the live objects of {source}" if source.startswith(CLUSTER) else f"the objects of {source}"


def described(scan: Evidence) -> str:
    """Return in one line what a scan read, when, and what it found."""
    note = f" ({scan.note})" if scan.note else ""
    return f"{source_of(scan)} at {scan.at}: {scan.value} certain uses{note}"


def unfit(client: Client, scan: Evidence) -> str:
    """Return why a scan is no evidence about the application as it is deployed; "" if it is.

    Only an application that a person changes can be deployed without a checkout.
    """
    if client.previous and (message := difference(scan, client.previous.described)):
        return message
    if client.owner.delivery != "stated" and not is_of_checkout(scan):
        return f"the scan at {scan.at} read {source_of(scan)}, and owner.kind {client.owner.kind} needs one of the application repository"
    return ""
