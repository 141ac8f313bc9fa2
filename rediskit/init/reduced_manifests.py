"""Reduce a live workload to the fields that a migration reads, for a copy beside the config.

A password can be anywhere in a workload: in a connection string, a command line, a probe or an annotation. No list of such fields is
complete, so the copy contains only the fields on a list. No tool applies the copy: the application repository contains the real manifest.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rediskit.errors import Problem, RefusedError, dotted
from rediskit.init.detected import DetectedClient, DetectedWorkload
from rediskit.init.objects import Content, InputObjects, is_name, literal, mappings_at, name_of, namespace_of, replicas_of
from rediskit.init.switches import ContainerSwitch
from rediskit.model.gitops_tools import unversioned
from rediskit.model.nested import at, list_at, mapping_at, text_at, texts_in
from rediskit.model.podspec import containers_of, pods_of
from rediskit.model.pointers import pointer
from rediskit.model.workload import CHANGING, IMAGES
from rediskit.secrecy import names_secret, secret_reason
from rediskit.usage.address import parse
from rediskit.usage.finder import Use, uses
from rediskit.usage.services import reference
from rediskit.yamlio.writer import dump

REDUCED = "rediskit/reduced"
"""The annotation of a copy: the object is incomplete and must not be applied."""
_POD = ("spec", "template", "spec")
_VERSIONS = {"CronJob": "batch/v1", "Rollout": "argoproj.io/v1alpha1"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PREFIX = re.compile(r"[A-Za-z0-9_]{0,63}")
_LABEL = re.compile(r"(?![0-9a-f]{16})(?=[^a-z]*[a-z])[a-z0-9](?:[-a-z0-9._]{0,61}[a-z0-9])?")
_LABEL_KEY = re.compile(r"[a-z0-9](?:[-a-z0-9./_]{0,251}[a-zA-Z0-9])?")
_IMAGE = re.compile(r"[a-z0-9](?:[-a-z0-9._/]|:[0-9]{1,5}/){0,254}")
"""An image without its version: a newer version of the application is no change of the copy."""
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_SCHEDULE = re.compile(r"@[a-z]{5,10}|(?:[0-9A-Z*/,?#-]{1,40} +){4}[0-9A-Z*/,?#-]{1,40}")
_NEVER = "0 0 31 2 *"
"""Replaces a schedule in another form, which could be a password: the copy is never applied."""
_HOST = r"[A-Za-z0-9](?:[-A-Za-z0-9.]{0,251}[A-Za-z0-9])?\.?"
_ADDRESS = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?")
_PORT = re.compile(r"[0-9]{1,5}")
_URL = re.compile(
    rf"(?P<scheme>(?:rediss?|valkeys?)(?:\+[a-z]+)?)://(?P<user>[^/@]*@)?(?P<address>{_HOST}(?::[0-9]{{1,5}})?)"
    r"(?P<database>/[0-9]{0,2})?(?P<rest>[/?#].*)?"
)
MASK = "$(MASKED)"
"""Replaces user and password in a URL. No container defines this variable."""
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_NOT_SECRET = frozenset({"", "true", "false", "True", "False", "null"})
_SHORTEST = 8
"""Characters of the shortest secret that is searched for in the copy: shorter ones are common words."""
_HINT = "remove it from the input, or move it into a Secret and reference that, then run the command again"


def text_of(content: Content) -> str:
    """Return the file with a reduced manifest."""
    head = (
        f"# {reference(content)}, reduced to the fields that rediskit reads: names, images, replicas and the address of Redis.\n"
        "# All other values are removed because they could be passwords. Do not apply this file: the object is incomplete.\n"
    )
    return head + dump(content)


def reduced_manifests(clients: Iterable[DetectedClient], objects: InputObjects) -> dict[tuple[str, str], Content]:
    """Return the reduced manifest of each workload, by client and `Kind/name`."""
    return {
        (client.name, workload.reference): reduce_manifest(workload, client, objects) for client in clients for workload in client.workloads
    }


def reduce_manifest(workload: DetectedWorkload, client: DetectedClient, objects: InputObjects) -> Content:
    """Return a workload with the fields on the list. Switched variables keep their address, without a password."""
    content = workload.content
    switches = {(switch.listed, switch.name): switch for switch in workload.containers}
    used = _uses(workload, client, objects)
    pods = list(pods_of(content))
    path, live = pods[0] if pods else (_POD, {})
    pod: Content = {}
    for kind in ("initContainers", "containers"):
        pod[kind] = [
            _container(entry, switches.get((kind, text_at(entry, "name"))), used, pointer(*path, kind, index))
            for index, entry in enumerate(mappings_at(live, kind))
        ]
    kind = str(content["kind"])
    spec = _of_kind(kind, content)
    labels = pod_labels(content)
    head = {"metadata": {"labels": labels["template"]}} if "template" in labels else {}
    template = {"template": {**head, "spec": {kind: entries for kind, entries in pod.items() if entries}}}
    name = text_at(content, "spec", "workloadRef", "name")
    if kind == "CronJob":
        spec["jobTemplate"] = {"spec": template}
    elif kind == "Rollout" and is_name(name) and not pods:
        spec["workloadRef"] = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    else:
        spec |= {"selector": {"matchLabels": labels["selector"]} if "selector" in labels else {}, **template}
    metadata = {"name": name_of(content), "namespace": namespace_of(content), "annotations": {REDUCED: "true", **_images(content)}}
    return {
        "apiVersion": _VERSIONS.get(kind, "apps/v1"),
        "kind": kind,
        "metadata": {key: value for key, value in metadata.items() if value},
        "spec": spec,
    }


def _images(content: Content) -> dict[str, str]:
    """Return the annotation with the images of the containers: as a field, they would start the incomplete pod if a person applies it."""
    images = {container.name: unversioned(text_at(container.content, "image")) for container in containers_of(content)}
    shown = [f"{name}={image}" for name, image in images.items() if is_name(name) and _is_name(_IMAGE, image)]
    return {IMAGES: " ".join(shown)} if shown else {}


def _of_kind(kind: str, content: Content) -> Content:
    """Return the fields of a kind: those that stop the workload, and those that the API server requires beside the pod."""
    if kind == "CronJob":
        schedule = text_at(content, "spec", "schedule")
        suspended: Content = {"suspend": True} if at(content, "spec", "suspend") is True else {}
        return {"schedule": schedule if _SCHEDULE.fullmatch(schedule) else _NEVER, **suspended}
    replicas, service = replicas_of(content), text_at(content, "spec", "serviceName")
    spec: Content = {} if replicas is None else {"replicas": replicas}
    if kind == "StatefulSet" or is_name(service):
        spec["serviceName"] = service if is_name(service) else ""
    return spec


def pod_labels(content: Content) -> dict[str, dict[str, str]]:
    """Return the labels of the selector and of the pod template for the copy, each only if all of them are names."""
    path = next((path for path, _ in pods_of(content)), _POD)
    places = {
        "selector": mapping_at(content, "spec", "selector", "matchLabels"),
        "template": mapping_at(content, *map(str, path[:-1]), "metadata", "labels"),
    }
    stable = {kind: {key: value for key, value in labels.items() if key not in CHANGING} for kind, labels in places.items()}
    return {kind: labels for kind, labels in stable.items() if labels and all(_is_label(key, value) for key, value in labels.items())}


def _is_label(key: object, value: object) -> bool:
    """Return whether a label is a name in lower case, and not a word that could be a password."""
    text = f"{key}={value}"
    name = value == "Helm" or bool(_LABEL.fullmatch(str(value)))
    return name and bool(_LABEL_KEY.fullmatch(str(key))) and not names_secret(str(key)) and not secret_reason(text)


def _uses(workload: DetectedWorkload, client: DetectedClient, objects: InputObjects) -> Mapping[str, Use]:
    """Return the uses of the old Redis in the workload, by their JSON pointer."""
    if not client.host:
        return {}
    home = client.namespace or "default"
    names = [name for switch in workload.containers for name in switch.names]
    all_uses = uses([workload.content, *objects.of("Service")], parse(client.host, home), namespace=home, switched=names)
    return {use.pointer: use for use in all_uses if use.object == workload.reference and use.shown}


def _container(entry: Content, switch: ContainerSwitch | None, used: Mapping[str, Use], place: str) -> Content:
    reduced: Content = {"name": text_at(entry, "name")}
    for key in ("command", "args"):
        words = [
            str(word) if switch and any(old in str(word) for old, _ in switch.args) else _shown(used.get(f"{place}/{key}/{index}"))
            for index, word in enumerate(list_at(entry, key))
        ]
        if any(words):
            reduced[key] = words
    switched = {name: value or "" for name, value in switch.env.items()} if switch else {}
    env = [
        _variable(variable, switched, used.get(f"{place}/env/{index}/value"))
        for index, variable in enumerate(list_at(entry, "env"))
        if isinstance(variable, dict) and _is_name(_VARIABLE, text_at(variable, "name"))
    ]
    sources = [_env_source(source) for source in mappings_at(entry, "envFrom")]
    return {**reduced, **({"env": env} if env else {}), **({"envFrom": sources} if sources else {})}


def _is_name(form: re.Pattern[str], text: str) -> bool:
    """Return whether a text has the form of a name, and not the form of a generated password."""
    return bool(form.fullmatch(text)) and not secret_reason(text)


def _shown(use: Use | None) -> str:
    """Return the address of the old Redis in a text, in a form that is as certain as the whole text."""
    if use is None:
        return ""
    bare = use.strength == "certain" and not re.search(r"[.:]", use.shown)
    return f"//{use.shown}" if bare else use.shown


def _variable(entry: Content, switched: Mapping[str, str], use: Use | None) -> Content:
    name, value = text_at(entry, "name"), literal(entry)
    template = switched.get(name, "")
    if template == "${port}":
        address = address_in(value or "", port=True)
    elif template.startswith("${database"):
        address = value if value and re.fullmatch(r"[0-9]{1,3}", value) else ""
    elif "${host}" in template or "${address}" in template:
        address = address_in(value or "") or _shown(use)
    else:
        address = _shown(use) if template != "${username}" else ""
    source = _value_source(at(entry, "valueFrom")) if name in switched else {}
    return {"name": name, **({"value": address} if address else {}), **({"valueFrom": source} if source else {})}


def address_in(value: str, *, port: bool = False) -> str:
    """Return the host, the host and port, or the URL without user and password in a value, or a port; "" for anything else."""
    if port:
        return value if _PORT.fullmatch(value) else ""
    if _ADDRESS.fullmatch(value):
        return value
    url = _URL.fullmatch(value)
    if url is None:
        return ""
    return f"{url['scheme']}://{f':{MASK}@' if url['user'] else ''}{url['address']}{url['database'] or ''}"


def _value_source(source: Any) -> Content:
    """Return the reference of a variable to a key in a ConfigMap or a Secret."""
    for kind in ("configMapKeyRef", "secretKeyRef"):
        name, key = text_at(source, kind, "name"), text_at(source, kind, "key")
        if is_name(name) and _is_name(_KEY, key):
            return {kind: {"name": name, "key": key}}
    return {}


def _env_source(entry: Content) -> Content:
    """Return an entry of `envFrom`, even without a valid name: it shows that the object does not contain all variables."""
    sources = {kind: text_at(entry, kind, "name") for kind in ("configMapRef", "secretRef") if isinstance(at(entry, kind), dict)}
    prefix = text_at(entry, "prefix")
    reduced: Content = {"prefix": prefix} if prefix and _is_name(_PREFIX, prefix) else {}
    return {**reduced, **{kind: {"name": name} if is_name(name) else {} for kind, name in sources.items()}}


def refuse_leaks(manifests: list[Content], config: str, objects: InputObjects) -> None:
    """Raise RefusedError when a secret of the input is in a manifest or in the config. No message contains a value.

    A password that is the name of an object, a namespace or a container, such as `postgres`, is no secret.
    """
    names = {
        name for obj in objects.all for name in (name_of(obj), namespace_of(obj), *(container.name for container in containers_of(obj)))
    }
    secrets = [value for value in _secrets_in(objects) - names if len(value) >= _SHORTEST]
    forms = [form for value in secrets for form in (value, b64encode(value.encode()).decode())]
    problems = []
    for content in manifests:
        for path, text in texts_in(content):
            if path[-1:] != ("name",) and any(form in text for form in forms):
                problems.append(Problem(f"{reference(content)}: {dotted(path)} repeats a secret of the input", _HINT))
    if any(form in config for form in forms):
        problems.append(Problem("the config would contain a secret of the input", _HINT))
    if problems:
        raise RefusedError(problems)


def _secrets_in(objects: InputObjects) -> set[str]:
    """Return the secret values of the input: in Secrets, in variables, and in the last-applied annotation of kubectl."""
    values: set[tuple[str, str]] = set()
    for obj in objects.all:
        if obj.get("kind") == "Secret":
            values.update(_secret_texts(obj))
        for container in (*containers_of(obj), *containers_of(_last_applied(obj))):
            for entry in mappings_at(container.content, "env"):
                value = literal(entry)
                if value is not None:
                    values.add((text_at(entry, "name"), value))
    return {value for name, value in values if _is_secret(name, value)}


def _is_secret(name: str, value: str) -> bool:
    if value in _NOT_SECRET or re.fullmatch(r"(?:\$\([^)]+\))+", value):
        return False
    return bool(secret_reason(value)) or names_secret(name)


def _secret_texts(obj: Content) -> Iterator[tuple[str, str]]:
    for key, value in mapping_at(obj, "data").items():
        try:
            yield str(key), b64decode(str(value)).decode("utf-8", "replace").strip()
        except Error:
            continue
    for key, value in mapping_at(obj, "stringData").items():
        yield str(key), str(value)


def _last_applied(obj: Content) -> Any:
    try:
        return json.loads(text_at(obj, "metadata", "annotations", _APPLIED) or "{}")
    except (ValueError, RecursionError):
        return {}
