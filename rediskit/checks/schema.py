"""Validate objects with the vendored strict JSON schemas, in process and offline.

The module reads only the schema files of the given kinds, each once, and imports jsonschema_rs for the first object.
"""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rediskit.errors import Path, nearest

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

SCHEMAS = pathlib.Path(__file__).parents[1] / "data" / "schemas"
"""The vendored schemas; `README.md` in this folder describes its layout and the options of kubeconform."""

_API_VERSION = re.compile(r"(?:(?P<group>[a-z0-9]+(?:[-.][a-z0-9]+)*)/)?(?P<version>v[0-9]+(?:(?:alpha|beta)[0-9]+)?)")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_SHOWN = 100
"""The largest number of characters of a value or pattern in a message."""
_LISTED = 12
"""The largest number of known names in a message."""
_EXPECTED = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}
_ACTUAL = {
    bool: "true or false",
    dict: "a mapping",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "text",
    type(None): "null",
}
_LIMITS = {
    "maxItems": "too many entries: at most {}",
    "maxLength": "too long: at most {} characters",
    "maxProperties": "too many fields: at most {}",
    "maximum": "too large: at most {}",
    "minItems": "too few entries: at least {}",
    "minLength": "too short: its length must be at least {}",
    "minProperties": "too few fields: at least {}",
    "minimum": "too small: at least {}",
}


class Violation(NamedTuple):
    """One violation of a schema. `path` is the invalid field, also where it is missing."""

    path: Path
    message: str


@cache
def kubernetes_versions() -> tuple[str, ...]:
    """Return the minor versions of Kubernetes with schemas, oldest first: `("1.31", …)`."""
    return tuple(json.loads((SCHEMAS / "versions.json").read_text(encoding="utf-8")))


def validate(obj: dict[str, Any], kubernetes: str) -> list[Violation]:
    """Return all violations of the schema of an object, ordered by path. Raises ValueError for an unknown version of Kubernetes.

    A kind without a schema is one violation. Values that JSON can't represent (a key that is not text, a date) are reported alone,
    because the validator needs JSON. A message repeats a value only where the schema lists or describes the allowed values, so that
    no message contains a Secret. `kubernetes`, such as `1.34`, selects the schema for kinds of Kubernetes itself.
    """
    if kubernetes not in kubernetes_versions():
        raise ValueError(f"no schemas for Kubernetes {kubernetes}; known: {', '.join(kubernetes_versions())}")
    if unnamed := [_unnamed(obj, field) for field in ("apiVersion", "kind") if not isinstance(obj.get(field), str)]:
        return unnamed
    file = _file(kubernetes, obj["apiVersion"], obj["kind"])
    if file is None:
        return [Violation((), f"no schema for {obj['apiVersion']} {obj['kind']}: rediskit can't validate it")]
    validator = _validator(file)
    try:
        if validator.is_valid(obj):
            return []
        errors = list(validator.iter_errors(obj))
    except ValueError:
        if foreign := list(_foreign(obj, ())):
            return foreign
        raise
    violations = {violation for error in errors for violation in _violations(error, file)}
    return sorted(violations, key=lambda violation: (violation.path, violation.message))


def _unnamed(obj: dict[str, Any], field: str) -> Violation:
    return Violation((field,), f"must be text, is {_type_name(obj[field])}" if field in obj else f"missing field {field}")


@cache
def _file(kubernetes: str, api_version: str, kind: str) -> pathlib.Path | None:
    """Return the schema of a kind. Folders with a full group have priority: the group of kustomize ends like those of Kubernetes.

    File names contain neither the case of a kind nor, for Kubernetes itself, the whole group. Each schema allows only its own
    apiVersion and kind.
    """
    parts = _API_VERSION.fullmatch(api_version)
    if not parts or not _KIND.fullmatch(kind):
        return None
    group, version, name = parts["group"] or "", parts["version"], kind.lower()
    files = [SCHEMAS / folder / group / f"{name}_{version}.json" for folder in ("crds", "own")] if group else []
    if "." not in group or group.endswith(".k8s.io"):
        suffix = f"-{group.partition('.')[0]}-{version}" if group else f"-{version}"
        files.append(SCHEMAS / "kubernetes" / f"v{kubernetes}.0-standalone-strict" / f"{name}{suffix}.json")
    return next((file for file in files if file.is_file()), None)


@cache
def _validator(file: pathlib.Path) -> Validator:
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(file.read_text(encoding="utf-8"))


def _violations(error: ValidationError, file: pathlib.Path) -> Iterator[Violation]:
    path, keyword, value = tuple(error.instance_path), error.kind.name, error.kind.value
    if keyword == "additionalProperties":
        fields = sorted(_part(file, error.schema_path[:-1])["properties"])
        for field in value:
            yield Violation((*path, field), f"unknown field {field}{_suggestion(field, fields)}")
    elif keyword == "required":
        yield Violation((*path, value), f"missing field {value}")
    else:
        yield Violation(path, _message(keyword, value, error, file))


def _message(keyword: str, value: Any, error: ValidationError, file: pathlib.Path) -> str:
    if keyword == "type":
        expected = " or ".join(_EXPECTED[name] for name in value if name != "null")
        return f"must be {expected}, is {_type_name(error.instance)}"
    if keyword == "enum":
        options = [str(option) for option in value if option is not None]
        return f"must be {options[0]}, is {_shown(error.instance)}" if len(options) == 1 else _not_one_of(error.instance, options)
    if keyword == "pattern":
        form = f"the form {value}" if len(value) <= _SHOWN else "the required form"
        return f"{_shown(error.instance)} does not have {form}"
    if keyword == "oneOf":
        fields = sorted(field for branch in _part(file, error.schema_path) for field in branch["required"])
        return f"needs exactly one of {', '.join(fields)}"
    return _LIMITS[keyword].format(value)


@cache
def _document(file: pathlib.Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _part(file: pathlib.Path, path: list[str | int]) -> Any:
    part = _document(file)
    for step in path:
        part = part[step]
    return part


def _suggestion(field: str, fields: list[str]) -> str:
    if near := nearest(field, fields, 1):
        return f" (did you mean {near[0]}?)"
    return f" (known here: {', '.join(fields)})" if 0 < len(fields) <= _LISTED else ""


def _not_one_of(value: Any, options: list[str]) -> str:
    near = nearest(value, options, 1) if isinstance(value, str) else []
    return f"{_shown(value)} is not one of {', '.join(options)}" + (f" (did you mean {near[0]}?)" if near else "")


def _type_name(value: Any) -> str:
    return _ACTUAL.get(type(value), type(value).__name__)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _foreign(value: Any, path: Path) -> Iterator[Violation]:
    """Yield the keys and values that JSON can't represent, at any depth."""
    if isinstance(value, dict):
        for key, child in value.items():
            if isinstance(key, str):
                yield from _foreign(child, (*path, key))
            else:
                yield Violation(path, f"the key {key!r} must be text, is {_type_name(key)}")
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _foreign(child, (*path, index))
    elif not isinstance(value, str | int | float | None):
        yield Violation(path, f"must be plain data, is a Python {type(value).__name__}")
