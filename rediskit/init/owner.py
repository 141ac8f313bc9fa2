"""Infer `owner` of a client from what deploys its workloads."""

from rediskit.init.detected import DetectedClient
from rediskit.init.objects import Content
from rediskit.model.deployed_by import DeployedBy, deployed_by
from rediskit.usage.services import reference

DEFAULT = "kustomize"


def infer_owner(client: DetectedClient) -> None:
    """Set the kind of owner of a client, and remark what deploys its workloads.

    The kinds for a chart with further keys need files that live objects do not contain, so `external` is proposed, which always fits.
    """
    deployers = [(workload.content, by) for workload in client.workloads if (by := deployed_by(workload.content))]
    kinds = {by.kinds[0] for _, by in deployers}
    client.owner = "external" if "external" in kinds else ""
    for content, by in deployers:
        client.remark("workload", _remark(content, by))


def _remark(content: Content, by: DeployedBy) -> str:
    if by.kinds[0] == DEFAULT:
        return f"deployed by {by.described}: its repository is the application repository"
    others = f"; {', '.join(by.kinds[1:])} fits too, with owner.release" if by.kinds[1:] else ""
    return f"{by.described} creates {reference(content)}: owner.kind {by.kinds[0]} fits{others}"
