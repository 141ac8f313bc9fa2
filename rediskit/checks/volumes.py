"""Checks of the volumes: each pod needs one of its own, and Redis must write to it. They run at the first render, not only at a change."""

import posixpath
import re
from collections.abc import Iterator, Mapping

from rediskit.chart.profile import Part
from rediskit.checks.finding import Issue, Subject
from rediskit.checks.redis_conf import DATA_FILES, DATA_FOLDER, VALUES, last_directive
from rediskit.errors import Path
from rediskit.model.nested import at, list_at, mapping_at, text_at, texts_in
from rediskit.model.once import once

_DELETES = r"\b(?:rm|find|truncate|shred|unlink|mkfs\S*)\b"
"""Programs that can delete files in the directory of the data."""
_DISCARDS = r"\b(?:nosave|flushall|flushdb|config\s+set\s+(?:dir|appendonly|save))\b"
"""Commands of Redis by which it discards data, or does not write it."""
_LOST = "a restart of its pod loses all keys"
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


def written(subject: Subject) -> Iterator[Issue]:
    """Require that a Redis with data on disk writes it to its volume, and always to the same folder there."""
    redis = subject.environment.redis
    if not redis.append_only and not redis.save_points:
        return
    for role, part in subject.profile.parts.items():
        yield from _outside(subject, role, part)
        expression = (*part.persistence, "subPathExpr")
        if at(subject.values, *expression) and not at(subject.values, *part.persistence, "subPath"):
            message = "the folder on the volume depends on variables of the pod: with another value, Redis starts empty"
            yield Issue(message, "remove it, or set subPath", (*VALUES, *expression))
        directory = _directory(subject, role, part)
        for path, mount in _mounts(subject, part):
            places = (posixpath.join(directory, name) for name in _file_names(subject, role))
            if mount == directory or any(f"{mount}/".startswith(f"{place}/") for place in places):
                yield Issue(f"the mount {mount} hides data on the volume of {role}: {_LOST}", "choose another mountPath", path)


def start_replaced(subject: Subject) -> Iterator[Issue]:
    """Refuse values that replace the start script of the chart or its configuration: they set directory, password and redis.conf."""
    effect = "Redis may start without its directory, password and redis.conf"
    for role, part in subject.profile.parts.items():
        for keys in part.replaced:
            if at(subject.values, *keys):
                message = f"{'.'.join(keys)} replaces the start script of the chart: {effect}"
                yield Issue(message, "remove it, or test a restart and accept it", (*VALUES, *keys))
        for path, mount in _mounts(subject, part):
            if mount in subject.profile.start_files:
                message = f"the mount {mount} replaces a file with which {role} starts: {effect}"
                yield Issue(message, "choose another mountPath", path)


def deleting_commands(subject: Subject) -> Iterator[Issue]:
    """Warn about commands in the values, such as hooks and init containers, that can delete data each time a pod starts or stops."""
    for role, part in subject.profile.parts.items():
        for keys in part.start:
            value = at(subject.values, *keys)
            if isinstance(value, (dict, list)) and value:
                command = " ".join(text for _, text in texts_in(value))
                deletes = re.search(_DELETES, command) if _directory(subject, role, part) in command else None
                if harmful := deletes or re.search(_DISCARDS, command, re.IGNORECASE):
                    message = f"{'.'.join(keys)} contains {harmful[0]}: it can delete the data of {role} each time a pod starts or stops"
                    yield Issue(message, "remove it, or accept it where it keeps the data", (*VALUES, *keys))


def _outside(subject: Subject, role: str, part: Part) -> Iterator[Issue]:
    """Yield the setting by which the directory of Redis is not on the volume: the mount, or the line `dir` of redis.conf."""
    volume, directory = _volume(subject, part), _directory(subject, role, part)
    if f"{directory}/".startswith(f"{volume}/"):
        return
    line = last_directive(subject, role, "dir")
    path: Path = line.path if line else (*VALUES, *part.persistence, subject.profile.mount_path[0])
    message = f"{role} has its volume at {volume}, but writes to {directory}: {_LOST}"
    yield Issue(message, f"remove it: volume and directory are {DATA_FOLDER} by default", path)


def _volume(subject: Subject, part: Part) -> str:
    """Return the mount of the volume."""
    name, _ = subject.profile.mount_path
    return posixpath.normpath((text_at(subject.values, *part.persistence, name) if name else "") or DATA_FOLDER)


@once
def _directory(subject: Subject, role: str, part: Part) -> str:
    """Return the directory in which Redis writes its files."""
    line = last_directive(subject, role, "dir")
    default = _volume(subject, part) if subject.profile.mount_path[1] else DATA_FOLDER
    return posixpath.normpath(posixpath.join(default, line.value.strip("\"'") if line else default))


def _file_names(subject: Subject, role: str) -> Iterator[str]:
    for name, default in DATA_FILES.items():
        line = last_directive(subject, role, name)
        yield line.value.strip("\"'") if line else default


def _mounts(subject: Subject, part: Part) -> Iterator[tuple[Path, str]]:
    """Yield each further mount of the server, with its path in the config."""
    for keys in part.mounts:
        # A chart that reads a list reads a mapping, too.
        entries = mapping_at(subject.values, *keys).items() or enumerate(list_at(subject.values, *keys))
        for name, entry in entries:
            if path := text_at(entry, "mountPath"):
                yield (*VALUES, *keys, name), posixpath.normpath(path)
