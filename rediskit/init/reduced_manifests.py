"""The copy of a live workload that is kept beside the config: what a migration reads of it, and nothing else.

A password can be anywhere in a workload: in a connection string, a command line, a probe, an annotation. No list of suspicious places is
complete, so the copy is built from a list of what it keeps. It is never applied: what is applied comes from the application repository.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.errors import Problem, RefusedError, dotted
from rediskit.init.clients import DetectedClient
from rediskit.init.objects import Content, InputObjects, is_name, listed, literal, name_of, namespace_of, reference
from rediskit.model.nested import at, mapping_at, text_at, texts_in
from rediskit.secrecy import names_secret, secret_reason
from rediskit.usage import Use, parse, uses
from rediskit.yamlio.writer import dump

REDUCED = "rediskit/reduced"
"""The annotation of a copy: the file is not the whole object, and nothing applies it."""
_KINDS = ("initContainers", "containers")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PREFIX = re.compile(r"[A-Za-z0-9_]{0,63}")
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_HOST = r"[A-Za-z0-9](?:[-A-Za-z0-9.]{0,251}[A-Za-z0-9])?\.?"
_ADDRESS = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?")
_PORT = re.compile(r"[0-9]{1,5}")
_URL = re.compile(
    rf"(?P<scheme>(?:rediss?|valkeys?)(?:\+[a-z]+)?)://(?P<user>[^/@]*@)?(?P<address>{_HOST}(?::[0-9]{{1,5}})?)"
    r"(?P<database>/[0-9]{0,2})?(?P<rest>[/?#].*)?"
)
MASK = "$(MASKED)"
"""What stands in a URL in place of user and password. No container defines this variable."""
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_NOTHING = frozenset({"", "true", "false", "True", "False", "null"})
_SHORTEST = 8
"""Characters of the shortest secret that is looked for elsewhere: shorter ones are words that stand anywhere."""
_OUT = "remove it from the input, or put it into a Secret and reference that; then try again"


class ReducedManifest(NamedTuple):
    """The object as it is kept."""

    content: Content

    def text(self) -> str:
        """Return the file."""
        head = (
            f"# {reference(self.content)}, reduced to what rediskit reads: names, replicas, and where it takes Redis from.\n"
            "# Every other value is left out, because it could be a password. Do not apply this file: it is not the whole object.\n"
        )
        return head + dump(self.content)


def reduce_manifest(found: DetectedClient, objects: InputObjects) -> ReducedManifest:
    """Return the copy of a client's workload. The variables that the config switches keep their address, without a password in it."""
    workload = found.workload
    switched = {one.container: one.named for one in (found.containers or found.choices)}
    used = _uses(found, objects, [name for names in switched.values() for name in names.values() if isinstance(name, str)])
    pod = {
        kind: [
            _container(entry, switched.get(text_at(entry, "name"), {}) if kind == "containers" else {}, used, f"/{kind}/{index}")
            for index, entry in enumerate(listed(workload, "spec", "template", "spec", kind))
        ]
        for kind in _KINDS
    }
    replicas, service = at(workload, "spec", "replicas"), text_at(workload, "spec", "serviceName")
    spec: Content = {"replicas": replicas} if isinstance(replicas, int) and not isinstance(replicas, bool) else {}
    if is_name(service):
        spec["serviceName"] = service
    metadata = {"name": name_of(workload), "namespace": namespace_of(workload), "annotations": {REDUCED: "true"}}
    template = {"spec": {kind: entries for kind, entries in pod.items() if entries}}
    return ReducedManifest(
        {
            "apiVersion": "apps/v1",
            "kind": workload["kind"],
            "metadata": {key: value for key, value in metadata.items() if value},
            "spec": {**spec, "selector": {}, "template": template},
        }
    )


def _uses(found: DetectedClient, objects: InputObjects, switched: list[str]) -> Mapping[str, Use]:
    """Return where the workload names its old Redis, by the JSON pointer inside of its pod."""
    if not found.host:
        return {}
    home = found.namespace or "default"
    shown = uses([found.workload, *objects.of("Service")], parse(found.host, home), namespace=home, switched=switched)
    prefix = "/spec/template/spec"
    return {use.pointer.removeprefix(prefix): use for use in shown if use.object == reference(found.workload) and use.shown}


def _container(entry: Content, switched: Mapping[str, str | int], used: Mapping[str, Use], pointer: str) -> Content:
    made: Content = {"name": text_at(entry, "name")}
    for key in ("command", "args"):
        words = at(entry, key)
        named = [_shown(used.get(f"{pointer}/{key}/{index}")) for index in range(len(words))] if isinstance(words, list) else []
        if any(named):
            made[key] = named
    env = [
        _variable(one, switched, used.get(f"{pointer}/env/{index}/value"))
        for index, one in enumerate(at(entry, "env") or ())
        if isinstance(one, dict) and _is_name(_VARIABLE, text_at(one, "name"))
    ]
    sources = [_source(one) for one in listed(entry, "envFrom")]
    return {**made, **({"env": env} if env else {}), **({"envFrom": sources} if sources else {})}


def _is_name(form: re.Pattern[str], text: str) -> bool:
    """Return whether a text has the form of a name, and not that of a generated password."""
    return bool(form.fullmatch(text)) and not secret_reason(text)


def _shown(use: Use | None) -> str:
    """Return the address of the old Redis alone, in a form that is as certain as the text was that it stands in."""
    if use is None:
        return ""
    bare = use.strength == "certain" and not re.search(r"[.:]", use.shown)
    return f"//{use.shown}" if bare else use.shown


def _variable(entry: Content, switched: Mapping[str, str | int], use: Use | None) -> Content:
    name, value = text_at(entry, "name"), literal(entry)
    if name not in switched.values() or name == switched.get("password"):
        address = _shown(use)
    else:
        address = address_in(value or "", port=name == switched.get("port"))
    source = _reference(at(entry, "valueFrom")) if name in switched.values() else {}
    return {"name": name, **({"value": address} if address else {}), **({"valueFrom": source} if source else {})}


def address_in(value: str, *, port: bool = False) -> str:
    """Return what a value says of an address: a host, a host and its port, a URL without user and password; "" for anything else.

    port: the value is a port.
    """
    if port:
        return value if _PORT.fullmatch(value) else ""
    if _ADDRESS.fullmatch(value):
        return value
    url = _URL.fullmatch(value)
    if url is None:
        return ""
    return f"{url['scheme']}://{f':{MASK}@' if url['user'] else ''}{url['address']}{url['database'] or ''}"


def _reference(source: Any) -> Content:
    """Return the ConfigMap or Secret, and its key, that a variable comes from."""
    for kind in ("configMapKeyRef", "secretKeyRef"):
        name, key = text_at(source, kind, "name"), text_at(source, kind, "key")
        if is_name(name) and _is_name(_KEY, key):
            return {kind: {"name": name, "key": key}}
    return {}


def _source(entry: Content) -> Content:
    """Return an entry of `envFrom`: that there is one tells that the object does not show all variables."""
    made: Content = {}
    for kind in ("configMapRef", "secretRef"):
        if isinstance(at(entry, kind), dict):
            name = text_at(entry, kind, "name")
            made[kind] = {"name": name} if is_name(name) else {}
    prefix = text_at(entry, "prefix")
    return {**({"prefix": prefix} if prefix and _is_name(_PREFIX, prefix) else {}), **made}


def refuse_leaks(copies: list[ReducedManifest], said: list[str], objects: InputObjects) -> None:
    """Raise RefusedError when a secret that the input holds anywhere is also in what is about to be written. Shows no value."""
    forms = [form for value in _of_input(objects) if len(value) >= _SHORTEST for form in (value, b64encode(value.encode()).decode())]
    problems = []
    for one in copies:
        for path, text in texts_in(one.content):
            if path[-1:] != ("name",) and any(form in text for form in forms):
                problems.append(Problem(f"{reference(one.content)}: {dotted(path)} repeats a secret of the input", _OUT))
    if any(form in text for text in said for form in forms):
        problems.append(Problem("a secret of the input would be in the config", _OUT))
    if problems:
        raise RefusedError(problems)


def _of_input(objects: InputObjects) -> set[str]:
    """Return every value of the input that is a secret: of its Secrets, of its variables, of what kubectl noted as last applied."""
    found: set[str] = set()
    for obj in objects.all:
        if obj.get("kind") == "Secret":
            found |= {text for key, text in _of_secret(obj) if _is_secret(key, text)}
        for entry in (*_entries(obj), *_entries(_applied(obj))):
            value = literal(entry)
            if value is not None and _is_secret(text_at(entry, "name"), value):
                found.add(value)
    return found


def _is_secret(name: str, value: str) -> bool:
    if value in _NOTHING or re.fullmatch(r"(?:\$\([^)]+\))+", value):
        return False
    return bool(secret_reason(value)) or names_secret(name)


def _entries(content: Content) -> Iterator[Content]:
    """Every entry of `env` in a workload."""
    for kind in (*_KINDS, "ephemeralContainers"):
        for container in listed(content, "spec", "template", "spec", kind):
            yield from listed(container, "env")


def _of_secret(obj: Content) -> Iterator[tuple[str, str]]:
    for key, value in mapping_at(obj, "data").items():
        yield str(key), _decoded(value)
    for key, value in mapping_at(obj, "stringData").items():
        yield str(key), str(value)


def _decoded(value: Any) -> str:
    try:
        return b64decode(str(value)).decode("utf-8", "replace").strip()
    except Error:
        return ""


def _applied(obj: Content) -> Content:
    try:
        found = json.loads(str(at(obj, "metadata", "annotations", _APPLIED) or "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
