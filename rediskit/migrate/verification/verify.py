"""`migrate verify`: whether an application is as a step requires it, from the output of a program or from the cluster."""

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import NamedTuple

from rediskit.errors import Problem, RefusedError
from rediskit.live.kubectl import get_object, list_objects
from rediskit.migrate.owner.base import refuse, refuse_scalers, setting_findings
from rediskit.migrate.owner.build import select
from rediskit.migrate.owner.released import Key
from rediskit.migrate.pods import live_pods
from rediskit.migrate.verification.artefact import Artefact, collected
from rediskit.migrate.verification.cluster import cluster_of
from rediskit.migrate.verification.compare import Difference, differences
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.model.nested import list_at, text_at
from rediskit.model.podspec import containers_of
from rediskit.renderers.owner.required import Hidden, hidden, requirements
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import at_step, effects, steps
from rediskit.state_machine.transitions import migration_of

_RESOURCES = {"Rollout": "rollouts.argoproj.io", "ScaledObject": "scaledobjects.keda.sh"}


class Verification(NamedTuple):
    """The result of a verification.

    Attributes:
        differences: The fields that are not as required.
        shown: The other steps that the objects show, if they differ from the current one.
        hidden: The config files that only connections or a person show; none where the step does not change them.
        unproven: The removed objects whose absence a list from a cluster does not prove.
    """

    differences: tuple[Difference, ...]
    shown: tuple[Step, ...]
    hidden: tuple[Hidden, ...]
    unproven: tuple[str, ...]


def verify(environment: Environment, client: Client, artefact: Artefact) -> Verification:
    """Return the result of a verification.

    Refusals: [verify-namespace], [verify-duplicate], [pods-not-updated], [volume-deleted], [owner-autoscaler].
    """
    migration = migration_of(client)
    _refuse_ambiguous(environment, client, artefact)
    refuse_scalers(environment, client, artefact.objects)
    refuse(environment, client, setting_findings(client, artefact.objects))
    mismatches = tuple(differences(environment, client, artefact))
    others: tuple[Step, ...] = (*steps(migration.order), "rolled-back")
    shown = tuple(step for step in others if step != migration.step and not differences(environment, at_step(client, step), artefact))
    switched = effects(migration).switched or migration.step in ("rolled-back", "complete")
    removed = client.old_objects if effects(migration).removed else ()
    unproven = removed if artefact.from_cluster and not artefact.whole else ()
    return Verification(mismatches, shown if mismatches else (), tuple(hidden(client)) if switched else (), unproven)


def _refuse_ambiguous(environment: Environment, client: Client, artefact: Artefact) -> None:
    """Raise RefusedError for objects in another namespace, and for objects that occur twice."""
    for reference in dict.fromkeys(requirement.object for requirement in requirements(environment, client)):
        kind, _, name = reference.partition("/")
        keys = select(artefact.objects, client, kind, name)
        if len(keys) > 1 or artefact.repeated.intersection(keys):
            hint = "pass the output of one build: rediskit can't know which one is deployed"
            raise RefusedError(Problem(f"{artefact.name} contains {reference} more than once", hint, code="verify-duplicate"))
        elsewhere = sorted(key[1] for key in artefact.objects if (key[0], key[2]) == (kind, name) and key not in keys)
        if elsewhere and not keys and reference in client.references:
            message = f"{artefact.name} contains {reference} in namespace {elsewhere[0]}, not in {client.namespace}"
            raise RefusedError(Problem(message, "pass the objects of the namespace of the client", code="verify-namespace"))


def rendered_elsewhere(client: Client, artefact: Artefact) -> str:
    """Return a hint where a workload is missing and another object in the artefact renders it; else ""."""
    if not artefact.renders or not missing_workloads(client, artefact.objects):
        return ""
    return f"{', '.join(artefact.renders[:3])} can contain it: pass the output of helm template or helm get manifest, or use --live"


def missing_workloads(client: Client, keys: Collection[Key]) -> list[str]:
    """Return the workloads of a client that are not among objects in its namespace."""
    here = {f"{kind}/{name}" for kind, namespace, name in keys if namespace in ("", client.namespace)}
    return [reference for reference in client.references if reference not in here]


def live_artefact(environment: Environment, client: Client, context: str) -> Artefact:
    """Return the objects of a client in the cluster: each by its name, and no Secret. While it is stopped, its pods and ScaledObjects, too.

    Raises:
        RefusedError: [verify-cluster].
        MissingToolError: kubectl is missing or fails.
    """
    source = cluster_of(environment, context)
    references = dict.fromkeys(requirement.object for requirement in requirements(environment, client))
    objects = [content for reference in references if (content := _get(client, reference, context))]
    sources = dict.fromkeys(name for content in objects for name in _config_maps(content) if f"ConfigMap/{name}" not in references)
    objects += [content for name in sources if (content := _get(client, f"ConfigMap/{name}", context))]
    if effects(client.migration).stopped:
        objects += live_pods(client, context)
        objects += [
            content for name in _scaled_objects(client, context) if name not in references and (content := _get(client, name, context))
        ]
    return collected(objects, source)._replace(whole=True)


def _get(client: Client, reference: str, context: str) -> Object | None:
    kind, _, name = reference.partition("/")
    return get_object(_RESOURCES.get(kind, kind.lower()), name, client.namespace, context)


def _scaled_objects(client: Client, context: str) -> Iterator[str]:
    """Yield the ScaledObjects that scale stopped workloads: KEDA creates an autoscaler for each. An autoscaler starts no first pod."""
    for scaler in list_objects("horizontalpodautoscalers.autoscaling", client.namespace, "", context):
        target = f"{text_at(scaler, 'spec', 'scaleTargetRef', 'kind')}/{text_at(scaler, 'spec', 'scaleTargetRef', 'name')}"
        for owner in list_at(scaler, "metadata", "ownerReferences") if target in client.references else ():
            if text_at(owner, "kind") == "ScaledObject":
                yield f"ScaledObject/{text_at(owner, 'name')}"


def _config_maps(content: Object) -> Iterator[str]:
    """Yield the names of the ConfigMaps from which containers of a workload take variables."""
    for container in containers_of(content):
        sources = [text_at(source, "configMapRef", "name") for source in list_at(container.content, "envFrom")]
        sources += [text_at(variable, "valueFrom", "configMapKeyRef", "name") for variable in list_at(container.content, "env")]
        yield from filter(None, sources)


def digest_of(artefact: Artefact) -> str:
    """Return the digest of objects from a cluster, without what changes by itself."""
    contents = [
        {key: value for key, value in content.items() if key not in ("status", "metadata")} for content in artefact.objects.values()
    ]
    return f"sha256:{hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()}"


def refuse_unproven(result: Verification, artefact: Artefact) -> None:
    """Raise RefusedError for removed objects whose absence is not proven."""
    if result.unproven:
        message = f"{artefact.name} is a list from a cluster, which does not prove that {', '.join(result.unproven)} are deleted"
        raise RefusedError(Problem(message, "use --live, or pass the output of the build", code="verify-removal"))


def refuse_hidden(client: Client, result: Verification, observed: str) -> None:
    """Raise RefusedError for config files that nothing shows, unless a person has verified them."""
    if result.hidden and not observed:
        hint = "verify the connections of its pods on the shared Redis (CLIENT LIST), then add --observed TEXT"
        messages = (f"{client.name}: {part.file} of {part.object}, container {part.container}: not visible" for part in result.hidden)
        raise RefusedError([Problem(message, hint, code="verify-hidden") for message in messages])
