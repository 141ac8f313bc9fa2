"""Pydantic's errors in rediskit's words: where in the file, what is wrong, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from rediskit.errors import Location, Path, Problem
from rediskit.model.docs import descriptions
from rediskit.model.environment import Environment
from rediskit.model.secrecy import secret_reason

_KINDS = {str: "text", bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a mapping", type(None): "nothing"}
_WANTED = {
    "string_type": ("text", "write a text here"),
    "bool_type": ("true or false", "write true or false, without quotes"),
    "int_type": ("a whole number", "write a number, without quotes"),
    "model_type": ("a mapping", "write keys and values below it"),
    "model_attributes_type": ("a mapping", "write keys and values below it"),
    "dict_type": ("a mapping", "write keys and values below it"),
    "tuple_type": ("a list", "begin each entry with '- '"),
}


def problems_of(error: ValidationError, data: Any, positions: dict[Path, Location], keys: dict[Path, Location]) -> list[Problem]:
    """One Problem for each line of a ValidationError of `Environment`.

    data: what was validated. positions, keys: where values and mapping keys stand, by path. A missing key is placed at the section
    that lacks it. No message holds a value that looks like a secret.
    """
    problems = []
    for line in error.errors(include_url=False):
        if line["type"] == "default_factory_not_called":
            continue
        path, at_key = _path(line["loc"], data)
        if line["type"] == "missing":
            location = _nearest(path[:-1], positions, keys)
        elif line["type"] == "extra_forbidden" or at_key:
            location = keys.get(path) or _nearest(path, positions, keys)
        else:
            location = positions.get(path) or _nearest(path, positions, keys)
        message, hint = _words(line, path, data)
        problems.append(Problem(message, hint, path, location))
    return problems


def _nearest(path: Path, positions: dict[Path, Location], keys: dict[Path, Location]) -> Location | None:
    for end in range(len(path), -1, -1):
        found = keys.get(path[:end]) or positions.get(path[:end])
        if found:
            return found
    return None


def _path(loc: Path, data: Any) -> tuple[Path, bool]:
    """Pydantic's location without what is not in the file: the tag of a union, and the mark of a mapping's key."""
    path: list[str | int] = []
    for part in loc:
        if part == "[key]":
            return tuple(path), True
        if isinstance(data, dict) and part not in data and part in [value for value in data.values() if isinstance(value, str)]:
            continue
        path.append(part)
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            data = None
    return tuple(path), False


def _words(line: Any, path: Path, data: Any) -> tuple[str, str]:
    kind, value, context = line["type"], line["input"], line.get("ctx", {})
    if kind == "rediskit":
        return context["message"], context["hint"]
    if kind == "missing":
        text = _description(path)
        return "is missing", f"add it: {text}" if text else "add it"
    if kind == "extra_forbidden":
        return "unknown key", _known(path)
    if kind in _WANTED:
        wanted, hint = _WANTED[kind]
        return f"expected {wanted}, found {_found(value)}", hint
    if kind in ("literal_error", "union_tag_invalid", "union_tag_not_found"):
        return _choice(kind, value, context)
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return (
            f"{value} is {'less' if 'ge' in context else 'more'} than {bound}",
            f"the {'smallest' if 'ge' in context else 'largest'} is {bound}",
        )
    return str(line["msg"]), ""


def _choice(kind: str, value: Any, context: Any) -> tuple[str, str]:
    if kind == "union_tag_not_found":
        return f"{context['discriminator'].strip(chr(39))} is missing", "say which one it is"
    known = [part.strip().strip("'") for part in context.get("expected", context.get("expected_tags", "")).replace(" or ", ", ").split(",")]
    given = context.get("tag", value)
    if not isinstance(given, str) or secret_reason(given) or len(given) > 60:
        return f"expected one of {', '.join(known)}, found {_found(given)}", "choose one of them"
    near = get_close_matches(given, known, 1)
    return f"{given} is not one of {', '.join(known)}", f"did you mean {near[0]}?" if near else "choose one of them"


def _found(value: Any) -> str:
    for kind, name in _KINDS.items():
        if isinstance(value, kind):
            return name
    return type(value).__name__


def _known(path: Path) -> str:
    known = sorted(_keys_at(path[:-1]))
    near = get_close_matches(str(path[-1]), known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _keys_at(path: Path) -> set[str]:
    """The keys that a section of the config knows."""
    return {key for section in _sections_at(path) for key in _by_key(section)}


def _sections_at(path: Path) -> list[type[BaseModel]]:
    """The models that a section of the config is described by: one, or the members of a union."""
    sections: list[type[BaseModel]] = [Environment]
    for part in path:
        inner = [field for section in sections if (field := _by_key(section).get(str(part)))]
        if inner:
            sections = [model for field in inner for model in _models(field.annotation)]
    return sections


def _description(path: Path) -> str:
    """The first sentence of what the model says of a key."""
    for section in _sections_at(path[:-1]):
        for name, text in descriptions(section).items():
            if (section.model_fields[name].alias or name) == path[-1]:
                return text.split(". ")[0].split("\n")[0].rstrip(".")
    return ""


def _by_key(section: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models inside an annotation such as `tuple[Client, ...]` or `Network | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
