"""Find the egress policies of the input that let the pods of a client reach only their old Redis."""

from rediskit.init.detected import DetectedClient
from rediskit.init.objects import Content, InputObjects, safe_reference
from rediskit.init.reduced_manifests import pod_labels
from rediskit.model.nested import mapping_at
from rediskit.model.podspec import pods_of
from rediskit.usage.egress import Pods, admits, isolating
from rediskit.usage.services import reference


def set_egress(client: DetectedClient, target: Pods, objects: InputObjects) -> None:
    """Set the additional egress policy of a client, if policies isolate all its pods and none of them allows the shared Redis.

    Alone, such a policy would isolate a pod. It is therefore a remark where only some workloads have a policy, or where the labels that
    select the pods are not in the copy of the manifest.
    """
    home = client.namespace
    isolated = {workload.reference: isolating(objects.all, _pods(workload.content, home), home) for workload in client.workloads}
    blocked = [
        workload.reference
        for workload in client.workloads
        if (policies := isolated[workload.reference])
        and not any(admits(policy, _pods(workload.content, home), target, home) for policy in policies)
    ]
    if not blocked:
        return
    restricting = [policy for name in blocked for policy in isolated[name]]
    form = "cilium" if any(policy.get("kind") != "NetworkPolicy" for policy in restricting) else "networkpolicy"
    names = list(dict.fromkeys(safe_reference(reference(policy)) for policy in restricting))
    text = f"{', '.join(names)} {'restricts' if len(names) == 1 else 'restrict'} the egress of {', '.join(blocked)}"
    free = [name for name, policies in isolated.items() if not policies]
    unlabelled = [workload.reference for workload in client.workloads if not pod_labels(workload.content)]
    if free:
        client.remark("workload", f"{text}, not of {', '.join(free)}: allow namespace {target.namespace}, port 6379, in your own policies")
    elif unlabelled:
        hint = f"write the labels of the pods into it, and egress: {form}"
        client.remark("workload", f"{text}, and the copy of {', '.join(unlabelled)} does not contain all labels: {hint}")
    else:
        client.egress = form
        client.remark("workload", f"{text}: egress adds a policy that allows the shared Redis")


def _pods(workload: Content, namespace: str) -> Pods:
    path = next((path for path, _ in pods_of(workload)), ("spec", "template", "spec"))
    return Pods(namespace, mapping_at(workload, *map(str, path[:-1]), "metadata", "labels"))
