"""Where Redis has its data in the objects of a chart: the folder on the volume, the names of the files, and the user that reads them."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rediskit.checks.redis_conf import DATA_FILES, DATA_FOLDER
from rediskit.model.nested import at, list_at, mapping_at, text_at
from rediskit.upgrade.rendering import Object, Rendering

_OUTSIDE = "no volume"
_SETTING = re.compile(r"^[ \t]*(?:--)?(dir|dbfilename|appendfilename|appenddirname|appendonly)[ \t]+[\"']?([^\s\"']+)", re.MULTILINE)
_USER = ("runAsUser", "runAsGroup", "fsGroup")
"""The fields of a security context that decide which files Redis can read."""


class DataPlace(NamedTuple):
    """Where a StatefulSet has its data.

    Attributes:
        folders: The folder on each volume of the directory of Redis; `no volume` where it is on none.
        files: The values of the settings of Redis about its files, by name, in the order of the objects.
        user: The user and the groups of the server.
    """

    folders: tuple[str, ...]
    files: Mapping[str, tuple[str, ...]]
    user: Mapping[str, Any]


def data_places(rendering: Rendering) -> dict[str, DataPlace]:
    """Return where each StatefulSet with the container of Redis has its data, by its name."""
    places = {}
    texts = [str(text) for content in rendering.of("ConfigMap").values() for text in mapping_at(content, "data").values()]
    for name, content in rendering.of("StatefulSet").items():
        pod = mapping_at(content, "spec", "template", "spec")
        for container in list_at(pod, "containers"):
            if text_at(container, "name") == rendering.release.container:
                places[name] = _place(content, pod, container, texts)
    return places


def _place(workload: Object, pod: Mapping[str, Any], container: Object, texts: Sequence[str]) -> DataPlace:
    words = [str(word) for key in ("command", "args") for word in list_at(container, key)]
    settings: dict[str, list[str]] = {}
    for text in (*texts, *words, " ".join(words).replace(" --", "\n--")):
        for setting, value in _SETTING.findall(text):
            settings.setdefault(setting, []).append(value)
    files = {key: tuple(dict.fromkeys(values)) for key, values in settings.items()}
    claims = {text_at(claim, "metadata", "name") for claim in list_at(workload, "spec", "volumeClaimTemplates")}
    claims |= {text_at(volume, "name") for volume in list_at(pod, "volumes") if at(volume, "persistentVolumeClaim")}
    mounts = [mount for mount in list_at(container, "volumeMounts") if text_at(mount, "name") in claims]
    folders = tuple(dict.fromkeys(_folder(directory, mounts) for directory in files.pop("dir", (DATA_FOLDER,))))
    own, shared = mapping_at(container, "securityContext"), mapping_at(pod, "securityContext")
    return DataPlace(folders, files, {key: own.get(key, shared.get(key)) for key in _USER})


def _folder(directory: str, mounts: Sequence[Object]) -> str:
    """Return the folder of a directory on its volume, as `NAME:FOLDER`."""
    directory = posixpath.normpath(directory)
    fitting = [mount for mount in mounts if f"{directory}/".startswith(f"{text_at(mount, 'mountPath').rstrip('/')}/")]
    if not fitting:
        return _OUTSIDE
    mount = max(fitting, key=lambda mount: len(text_at(mount, "mountPath")))
    below = text_at(mount, "subPath") or text_at(mount, "subPathExpr")
    inner = posixpath.relpath(directory, text_at(mount, "mountPath"))
    return f"{text_at(mount, 'name')}:{posixpath.normpath(posixpath.join('/', below, inner))}"


def moved_data(old: Rendering, new: Rendering) -> Iterator[tuple[str, bool]]:
    """Yield how each StatefulSet no longer finds its data, in words, and whether that is certain."""
    after = data_places(new)
    for name, before in data_places(old).items():
        if name not in after:
            continue  # Another rule reports it.
        now = after[name]
        if before.folders != now.folders:
            change = f"{', '.join(before.folders)} to {', '.join(now.folders)}"
            yield f"StatefulSet/{name}: the data moves from {change}: Redis starts empty, and the replicas copy that", True
        for setting in dict.fromkeys((*before.files, *now.files)):
            pair = [side.files.get(setting, (DATA_FILES.get(setting, "no"),)) for side in (before, now)]
            if pair[0] != pair[1]:
                change = f"{', '.join(pair[0])} to {', '.join(pair[1])}"
                yield f"StatefulSet/{name}: {setting} changes from {change}: Redis does not read its existing files", True
        for key in _USER:
            if before.user[key] != now.user[key]:
                change = f"{_shown(before.user[key])} to {_shown(now.user[key])}"
                yield f"StatefulSet/{name}: {key} changes from {change}: Redis may not read its existing files", False


def _shown(value: Any) -> str:
    return "unset" if value is None else str(value)
