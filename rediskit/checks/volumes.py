"""Checks of the volumes of Redis: each pod needs its own, with the name that docs/failover.md restores."""

from collections.abc import Iterator, Mapping

from rediskit.checks.finding import Issue, Subject
from rediskit.checks.redis_conf import VALUES
from rediskit.model.nested import text_at
from rediskit.model.once import once

_OTHER = "remove it, and copy existing data as in docs/charts.md, 'Existing data'"


def shared(subject: Subject) -> Iterator[Issue]:
    """Refuse an existing claim that several pods of Redis mount: each overwrites the files of the other."""
    for keys, claim in _existing_claims(subject).items():
        pods = [pod for pod, mounted in _mounted(subject).items() if mounted == claim]
        if len(pods) > 1:
            message = f"{claim} is the volume of {len(pods)} pods: they overwrite each other's files, and a restart loses all keys"
            yield Issue(message, _OTHER, (*VALUES, *keys))


def existing(subject: Subject) -> Iterator[Issue]:
    """Refuse an existing claim of a single pod: docs/failover.md restores the claim of the StatefulSet, which then does not exist."""
    mounted = _mounted(subject)
    for keys, claim in _existing_claims(subject).items():
        pods = [pod for pod, other in mounted.items() if other == claim]
        if len(pods) == 1:
            restored = subject.release.volume_claim(pods[0])
            message = f"{claim} is the volume of {pods[0]}: docs/failover.md restores {restored}, which does not exist"
            yield Issue(message, _OTHER, (*VALUES, *keys))


def _existing_claims(subject: Subject) -> Mapping[tuple[str, ...], str]:
    """Return the values with an existing claim that are set."""
    name = subject.profile.existing_claim
    places = [(*part.persistence, name) for part in subject.profile.parts.values()] if name else []
    return {keys: claim for keys in places if (claim := text_at(subject.values, *keys))}


@once
def _mounted(subject: Subject) -> Mapping[str, str]:
    """Return the claim of each pod of Redis."""
    release, parts = subject.release, tuple(subject.profile.parts.values())
    of_pods = {release.primary_pod: parts[0], **dict.fromkeys(release.replica_pods, parts[-1])}
    name = subject.profile.existing_claim
    return {pod: text_at(subject.values, *part.persistence, name) or release.volume_claim(pod) for pod, part in of_pods.items()}
