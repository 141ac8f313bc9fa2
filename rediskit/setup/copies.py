"""The copy of a live workload that is kept beside the config: cleaned, and without a password in it."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rediskit.errors import Problem, RefusedError, dotted
from rediskit.model.nested import at, text_at
from rediskit.model.secrecy import is_secret_key, secret_reason, secrets_in
from rediskit.output.yaml import dump
from rediskit.setup.objects import Content, Objects, listed, literal, name_of, reference
from rediskit.source.manifest import clean

_STRONG = re.compile(r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL", re.IGNORECASE)
_WEAK = re.compile(r"(?:^|[_-])(?i:pass|pwd|key|auth|salt|pin|cookie)$|(?<=[a-z])(?:Pass|Pwd|Key|Auth|Salt|Pin|Cookie)$")
_NO_VALUE = re.compile(r"(?i:file|path|dir|name|ttl|length|expiry|expires|expiration|enabled|header)$")
"""TOKEN_TTL and PASSWORD_FILE say something about a secret, and hold none."""
_SAID_IN_WORDS = re.compile(
    r"(?:--?[\w.-]*(?:password|passwd|passphrase|requirepass|masterauth|secret|token|api-?key)(?:=|\s+)|redis-cli\b[^|;&]*\s-a\s+"
    r"|\b\w*(?:PASSWORD|PASSWD|SECRET|TOKEN)=)[\"']?(?![\s$\"'-])",
    re.IGNORECASE,
)
_FLAG = re.compile(r"--?[\w.-]*(?:password|passwd|passphrase|requirepass|masterauth|secret|token|api-?key)", re.IGNORECASE)
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_NOTHING = frozenset({"", "true", "false", "True", "False", "null"})
_SHORTEST = 8
"""Characters of the shortest secret that is looked for elsewhere: shorter ones are words that stand anywhere."""
_OUT = "take it out of the input, or put it into a Secret and name that; then try again"


@dataclass(frozen=True, slots=True)
class Copy:
    """content: the object as it is kept. removed: container and variable whose literal value was taken out. secret: the values."""

    content: Content
    removed: tuple[tuple[str, str], ...]
    secret: frozenset[str] = field(repr=False)

    def text(self) -> str:
        """The file."""
        head = f"# {reference(self.content)} as it runs, without what the server wrote into it. rediskit only reads it.\n"
        if self.removed:
            names = ", ".join(dict.fromkeys(variable for _, variable in self.removed))
            head += f"# Taken out, because a password may have stood there: the values of {names}.\n"
            head += f"# The Secret {_stand_in(self.content)} that they name instead does not exist: do not apply this file.\n"
        return head + dump(self.content)


def copy(workload: Content) -> Copy:
    """The copy of a workload.

    The value of a variable that is a secret by its name or its shape becomes a reference to a Secret that does not exist: applied by
    mistake, the copy starts no Pod. Raises RefusedError, naming the places and no value, where a secret stands anywhere else.
    """
    content = clean(workload)
    removed, secret = [], set()
    for container, entry in _entries(content):
        name, value = text_at(entry, "name"), literal(entry)
        if value is not None and _is_secret(name, value):
            removed.append((container, name))
            secret.add(value)
            del entry["value"]
            entry["valueFrom"] = {"secretKeyRef": {"name": _stand_in(content), "key": name}}
    judged = (place for place in secrets_in(content) if "env" not in place[0] or place[0][-1] != "value")
    places = dict([*judged, *_in_words(content), *_by_name(content)])
    if places:
        raise RefusedError([Problem(f"{reference(content)}: {dotted(path)} looks like {reason}", _OUT) for path, reason in places.items()])
    return Copy(content, tuple(removed), frozenset(secret))


def refuse_leaks(copies: list[Copy], said: list[str], objects: Objects) -> None:
    """Raises RefusedError when a secret that the input holds anywhere stands in what is about to be written. Names no value."""
    secret = {value for one in copies for value in one.secret} | set(_of_input(objects))
    forms = [form for value in secret if len(value) >= _SHORTEST for form in (value, b64encode(value.encode()).decode())]
    problems = []
    for one in copies:
        for path, text in _texts(one.content):
            if path[-1:] != ("name",) and any(form in text for form in forms):
                problems.append(Problem(f"{reference(one.content)}: {dotted(path)} repeats a secret of the input", _OUT))
    if any(form in text for text in said for form in forms):
        problems.append(Problem("a secret of the input would stand in the config", _OUT))
    if problems:
        raise RefusedError(problems)


def _stand_in(content: Content) -> str:
    return f"{name_of(content)}-taken-out"


def _is_secret(name: str, value: str) -> bool:
    if value in _NOTHING or re.fullmatch(r"(?:\$\([^)]+\))+", value):
        return False
    if secret_reason(value):
        return True
    named = bool(_STRONG.search(name) or _WEAK.search(name)) and not _NO_VALUE.search(name)
    return named or is_secret_key(name)


def _entries(content: Content) -> Iterator[tuple[str, dict[str, Any]]]:
    """Container and entry of every variable."""
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in listed(content, "spec", "template", "spec", kind):
            for entry in listed(container, "env"):
                yield text_at(container, "name"), entry


def _in_words(content: Content) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Texts that hand a password to a program: `--requirepass word` in one argument or in two, `PASSWORD=word`."""
    for path, text in _texts(content):
        if "env" not in path and _SAID_IN_WORDS.search(text):
            yield path, "a password on a command line"
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(listed(content, "spec", "template", "spec", kind)):
            for key in ("command", "args"):
                words = at(container, key)
                for number in range(1, len(words) if isinstance(words, list) else 0):
                    flag, word = str(words[number - 1]), str(words[number])
                    if _FLAG.fullmatch(flag) and not word.startswith(("-", "$(")):
                        yield ("spec", "template", "spec", kind, index, key, number), "a password on a command line"


def _by_name(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Texts that the name beside them calls a secret (a header of a probe), or the last part of their key (an annotation)."""
    if isinstance(value, dict):
        name, inner = value.get("name"), value.get("value")
        if isinstance(name, str) and isinstance(inner, str) and "env" not in path and _is_secret(name, inner):
            yield (*path, "value"), "a password"
        for key, inner in value.items():
            if isinstance(inner, str) and inner not in _NOTHING and is_secret_key(key.rpartition("/")[2].replace("-", "_")):
                yield (*path, key), "a password"
            yield from _by_name(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _by_name(inner, (*path, index))


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in nested data, with its path."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, (*path, index))
    elif isinstance(value, str):
        yield path, value


def _of_input(objects: Objects) -> Iterator[str]:
    """Every value of the input that is a secret: of its Secrets, of its variables, of what kubectl noted as last applied."""
    for obj in objects.all:
        if obj.get("kind") == "Secret":
            yield from _of_secret(obj)
        for _, entry in (*_entries(obj), *_entries(_applied(obj))):
            value = literal(entry)
            if value is not None and _is_secret(text_at(entry, "name"), value):
                yield value


def _of_secret(obj: Content) -> Iterator[str]:
    for where in ("data", "stringData"):
        values = at(obj, where)
        for key, value in values.items() if isinstance(values, dict) else ():
            text = _decoded(value) if where == "data" else str(value)
            if _is_secret(str(key), text):
                yield text


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
