"""The egress policies in the build of an application repository, and whether the pods of a client reach the shared Redis."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from rediskit.errors import Problem
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import mapping_at, text_at
from rediskit.model.workload import Workload
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import effects
from rediskit.usage.egress import Pods, admits, isolating, shared_redis
from rediskit.usage.services import reference


class ObjectFinding(NamedTuple):
    """A finding about an object of the build. object: its `Kind/name`; for a missing policy that of the workload."""

    object: str
    severity: Literal["error", "warning"]
    problem: Problem


def restrictions(environment: Environment, client: Client, before: Sequence[Object], left: Sequence[Object]) -> Iterator[ObjectFinding]:
    """Yield each workload that does not reach the shared Redis, or that the policy of `egress` alone would isolate.

    `before` are the objects of the build, `left` those that remain after `decommission`.
    """
    target = shared_redis(environment)
    for workload in client.workloads:
        pods = _pods(client, workload, before)
        if pods is None:
            continue
        policies = isolating(before, pods, client.namespace)
        if client.egress is None and policies and not any(admits(policy, pods, target, client.namespace) for policy in policies):
            yield _blocked(client, workload, policies, target)
        if client.egress is not None and not isolating(left, pods, client.namespace):
            yield _alone(client, workload, removed=bool(policies))


def _pods(client: Client, workload: Workload, objects: Sequence[Object]) -> Pods | None:
    """Return the pods of a workload in the build; None where the workload has no pod template."""
    for content in objects:
        home = text_at(content, "metadata", "namespace") or client.namespace
        labels: Mapping[str, str] = mapping_at(content, *workload.pod_path[:-1], "metadata", "labels")
        if home == client.namespace and reference(content) == workload.reference and mapping_at(content, *workload.pod_path):
            return Pods(client.namespace, labels)
    return None


def _blocked(client: Client, workload: Workload, policies: Sequence[Mapping[str, Any]], target: Pods) -> ObjectFinding:
    names = " and ".join(sorted(reference(policy) for policy in policies))
    cilium = any(policy["kind"] != "NetworkPolicy" for policy in policies)
    message = (
        f"{names} {'restricts' if len(policies) == 1 else 'restrict'} the egress of {workload.reference}, "
        f"and no policy allows namespace {target.namespace}, port {target.ports[0]}"
    )
    hint = f"set egress: {'cilium' if cilium else 'networkpolicy'} of client {client.name}: it renders an additional policy"
    severity: Literal["error", "warning"] = "error" if effects(client.migration).switched else "warning"
    return ObjectFinding(reference(policies[0]), severity, Problem(message, hint, code="egress-blocked"))


def _alone(client: Client, workload: Workload, *, removed: bool) -> ObjectFinding:
    when = "after decommission " if removed else ""
    message = (
        f"{when}no egress policy of the build selects the pods of {workload.reference}, "
        f"so egress: {client.egress} would block all their other connections"
    )
    hint = f"remove egress from client {client.name}, or accept the finding if another repository applies such a policy"
    return ObjectFinding(workload.reference, "error", Problem(message, hint, code="egress-alone"))
