"""Pydantic's errors in rediskit's words: where in the file, what is wrong, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from rediskit.errors import Location, Path, Positions, Problem
from rediskit.model.base import found, shown
from rediskit.model.docs import descriptions
from rediskit.model.environment import Environment
from rediskit.secrecy import secret_reason

_TAG = "mode"
"""The key by which the one tagged union of the config (`secrets`) tells its forms apart."""
_WANTED = {
    "bool_type": ("true or false", "write true or false, without quotes"),
    "int_type": ("a whole number", "write a number, without quotes"),
    "model_type": ("a mapping", ""),
    "model_attributes_type": ("a mapping", ""),
    "dict_type": ("a mapping", "write keys and values below it, one a line, indented"),
    "tuple_type": ("a list", "write each entry in a line of its own, beginning with '- '"),
}


def problems_of(error: ValidationError, data: Any, positions: Positions, keys: Positions) -> list[Problem]:
    """One Problem for each line of a ValidationError of `Environment`.

    data: what was validated. positions, keys: where values and mapping keys stand, by path. A missing key is placed at the section
    that lacks it, an unknown one at the key itself. No message and no path holds a value or a key that looks like a secret.
    """
    problems = []
    for line in error.errors(include_url=False):
        if line["type"] == "default_factory_not_called":
            continue
        path, at_key = _path(line["loc"], data)
        if line["type"] == "union_tag_invalid":
            path = (*path, _TAG)
        message, hint = _words(line, path, data)
        if line["type"] == "union_tag_not_found":
            path = (*path, _TAG)
        at_key = at_key or line["type"] == "extra_forbidden"
        problems.append(Problem(message, hint, _printable(path), _place(path, at_key, positions, keys)))
    return problems


def _printable(path: Path) -> Path:
    """Return a path without the keys that look like a secret: an application's own names may be keys of the config."""
    return tuple("***" if isinstance(part, str) and secret_reason(part) else part for part in path)


def _place(path: Path, at_key: bool, positions: Positions, keys: Positions) -> Location | None:
    """Where a path stands: its value, or its key where that is asked for, or where the value begins in a line below it."""
    key, value = keys.get(path), positions.get(path)
    if key and (at_key or (value and value.line > key.line)):
        return key
    return value or _nearest(path, positions, keys)


def _nearest(path: Path, positions: Positions, keys: Positions) -> Location | None:
    """Where the innermost section around a path begins: at its key, where it has one."""
    for end in range(len(path), -1, -1):
        place = keys.get(path[:end]) or positions.get(path[:end])
        if place:
            return place
    return None


def _path(loc: Path, data: Any) -> tuple[Path, bool]:
    """Pydantic's location without what is not in the file: the tag of a union, and the mark of a mapping's key (then the flag is true)."""
    path: list[str | int] = []
    for part in loc:
        if part == "[key]":
            return tuple(path), True
        if isinstance(data, dict) and part not in data and part == data.get(_TAG):
            continue
        path.append(part)
        data = _inside(data, (part,))
    return tuple(path), False


def _inside(data: Any, path: Path) -> Any:
    """The value at a path; None where there is none."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _words(line: Any, path: Path, data: Any) -> tuple[str, str]:
    kind, value, context = line["type"], line["input"], line.get("ctx", {})
    if kind == "rediskit":
        return context["message"], context["hint"]
    if kind == "missing":
        text = _description(path)
        return "is missing", f"add it: {text}" if text else "add it"
    if kind == "extra_forbidden":
        return "unknown key", _known(path, data)
    if kind in _WANTED:
        wanted, hint = _WANTED[kind]
        if known := sorted({key for section in _sections_at(path) for key in _by_key(section)}) if wanted == "a mapping" else []:
            hint = f"write keys below it: {', '.join(known)}"
        return f"expected {wanted}, found {found(value)}", f"leave the key out, or {hint}" if value is None else hint
    if kind in ("literal_error", "union_tag_invalid"):
        given = _inside(data, path) if kind == "union_tag_invalid" else value
        return _choice(given, context.get("expected") or context["expected_tags"])
    if kind == "union_tag_not_found":
        return "is missing", f"add it: {_description((*path, _TAG))}"
    if kind in ("greater_than_equal", "less_than_equal"):
        less = kind == "greater_than_equal"
        bound = context["ge" if less else "le"]
        return f"{value} is {'less' if less else 'more'} than {bound}", f"the {'smallest' if less else 'largest'} is {bound}"
    return str(line["msg"]), ""


def _choice(value: Any, expected: str) -> tuple[str, str]:
    """The words for a value that is none of a few; expected: as Pydantic lists them, `'a', 'b' or 'c'`."""
    known = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
    hint = f"choose one of {', '.join(known)}" if len(known) > 1 else f"write {known[0]}, or leave the key out"
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return f"expected {'one of a few words' if len(known) > 1 else known[0]}, found {found(value)}", hint
    text = str(getattr(value, "text", value))
    if reason := secret_reason(text):
        return f"looks like {reason}", hint
    if len(known) == 1:
        return f"{shown(text)} is not {known[0]}", hint
    near = get_close_matches(text, known, 1) or [word for word in known if text and text in word]
    return f"{shown(text)} is not one of {', '.join(known)}", f"did you mean {' or '.join(near)}?" if near else "choose one of them"


def _known(path: Path, data: Any) -> str:
    """The hint for an unknown key: the nearest known one, else all of them."""
    siblings = _inside(data, path[:-1])
    sections = _sections_at(path[:-1])
    chosen = [section for section in sections if _TAG in section.model_fields and siblings.get(_TAG) in _choices(section)]
    known = sorted({key for section in chosen or sections for key in _by_key(section)})
    near = get_close_matches(str(path[-1]), known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _choices(section: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(section.model_fields[_TAG].annotation)


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
