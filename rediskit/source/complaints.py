"""Convert Pydantic errors to problems: location in the file, code, message and hint."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from rediskit.errors import Location, Path, Positions, Problem, nearest
from rediskit.model.base import kind_of, shown
from rediskit.model.docs import descriptions
from rediskit.model.environment import Environment
from rediskit.secrecy import secret_reason

_TAG = "mode"
"""The discriminator of the only tagged union in the config, `secrets`."""
_EXPECTED = {
    "bool_type": ("true or false", "write true or false, without quotes"),
    "int_type": ("a whole number", "write a number, without quotes"),
    "model_type": ("a mapping", ""),
    "model_attributes_type": ("a mapping", ""),
    "dict_type": ("a mapping", "write keys and values below it, one per line, indented"),
    "tuple_type": ("a list", "write each entry in its own line, starting with '- '"),
}


def problems_of(error: ValidationError, data: Any, positions: Positions, keys: Positions) -> list[Problem]:
    """Return one Problem for each line of a ValidationError of `Environment`; `keys` are the locations of mapping keys.

    The location of a missing key is its section, that of an unknown key the key. Values and keys that look like a secret are left out.
    """
    problems = []
    for line in error.errors(include_url=False):
        if line["type"] == "default_factory_not_called":
            continue
        path, at_key = _path(line["loc"], data)
        if line["type"] == "union_tag_invalid":
            path = (*path, _TAG)
        code, message, hint = _code_and_text(line, path, data)
        if line["type"] == "union_tag_not_found":
            path = (*path, _TAG)
        at_key = at_key or line["type"] == "extra_forbidden"
        shown = tuple("***" if isinstance(part, str) and secret_reason(part) else part for part in path)
        problems.append(Problem(message, hint, shown, _location(path, at_key, positions, keys), code))
    return problems


def _location(path: Path, at_key: bool, positions: Positions, keys: Positions) -> Location | None:
    """Return the location of a value, or of its key if `at_key` is set or the value starts in a later line."""
    key, value = keys.get(path), positions.get(path)
    if key and (at_key or (value and value.line > key.line)):
        return key
    return value or _nearest(path, positions, keys)


def _nearest(path: Path, positions: Positions, keys: Positions) -> Location | None:
    """Return the start of the innermost section around a path: its key, or its value for a list entry."""
    for end in range(len(path), -1, -1):
        if location := keys.get(path[:end]) or positions.get(path[:end]):
            return location
    return None


def _path(loc: Path, data: Any) -> tuple[Path, bool]:
    """Return the path of a Pydantic location without the tag of a union, and whether it ends with the mark of a mapping key."""
    path: list[str | int] = []
    for part in loc:
        if part == "[key]":
            return tuple(path), True
        if isinstance(data, dict) and part not in data and part == data.get(_TAG):
            continue
        path.append(part)
        data = _value_at(data, (part,))
    return tuple(path), False


def _value_at(data: Any, path: Path) -> Any:
    """Return the value at a path; None where there is none."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _code_and_text(line: Any, path: Path, data: Any) -> tuple[str, str, str]:
    """Return code, message and hint of one Pydantic error."""
    kind, value, context = line["type"], line["input"], line.get("ctx", {})
    if kind == "rediskit":
        return context["code"], context["message"], context["hint"]
    if kind in ("missing", "union_tag_not_found"):
        text = _description(path if kind == "missing" else (*path, _TAG))
        return "missing-key", "is missing", f"add it: {text}" if text else "add it"
    if kind == "extra_forbidden":
        return "unknown-key", "unknown key", _similar_key(path, data)
    if kind in _EXPECTED:
        expected, hint = _EXPECTED[kind]
        if keys := sorted({key for section in _sections_at(path) for key in _by_key(section)}) if expected == "a mapping" else []:
            hint = f"write keys below it: {', '.join(keys)}"
        message = f"expected {expected}, found {kind_of(value)}"
        return "wrong-type", message, f"remove the key, or {hint}" if value is None else hint
    if kind in ("literal_error", "union_tag_invalid"):
        choice = _value_at(data, path) if kind == "union_tag_invalid" else value
        return _choice(choice, context.get("expected") or context["expected_tags"])
    if kind in ("greater_than_equal", "less_than_equal"):
        below = kind == "greater_than_equal"
        bound = context["ge" if below else "le"]
        message = f"{value} is {'less' if below else 'more'} than {bound}"
        return "out-of-range", message, f"the {'smallest' if below else 'largest'} value is {bound}"
    return "invalid-value", str(line["msg"]), ""


def _choice(value: Any, expected: str) -> tuple[str, str, str]:
    """Return code, message and hint for a value that is not one of the choices, which Pydantic lists as `'a', 'b' or 'c'`."""
    choices = [part.strip().strip("'") for part in expected.replace(" or ", ", ").split(",")]
    hint = f"choose one of {', '.join(choices)}" if len(choices) > 1 else f"write {choices[0]}, or remove the key"
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return "wrong-type", f"expected {'a choice' if len(choices) > 1 else choices[0]}, found {kind_of(value)}", hint
    text = str(getattr(value, "text", value))
    if reason := secret_reason(text):
        return "secret-in-config", f"looks like {reason}", hint
    if len(choices) == 1:
        return "invalid-choice", f"{shown(text)} is not {choices[0]}", hint
    near = nearest(text, choices, 1) or [word for word in choices if text and text in word]
    hint = f"did you mean {' or '.join(near)}?" if near else "choose one of them"
    return "invalid-choice", f"{shown(text)} is not one of {', '.join(choices)}", hint


def _similar_key(path: Path, data: Any) -> str:
    """Return the hint for an unknown key: the most similar known key, or all known keys."""
    siblings = _value_at(data, path[:-1])
    sections = _sections_at(path[:-1])
    chosen = [section for section in sections if _TAG in section.model_fields and siblings.get(_TAG) in _choices(section)]
    keys = sorted({key for section in chosen or sections for key in _by_key(section)})
    near = nearest(str(path[-1]), keys, 1, 0.6)
    return f"did you mean {near[0]}?" if near else f"known keys: {', '.join(keys)}"


def _choices(section: type[BaseModel]) -> tuple[Any, ...]:
    return get_args(section.model_fields[_TAG].annotation)


def _sections_at(path: Path) -> list[type[BaseModel]]:
    """Return the models of a section: one, or the members of a union."""
    sections: list[type[BaseModel]] = [Environment]
    for part in path:
        inner = [field for section in sections if (field := _by_key(section).get(str(part)))]
        if inner:
            sections = [model for field in inner for model in _models(field.annotation)]
    return sections


def _description(path: Path) -> str:
    """Return the first sentence of the description of a key."""
    for section in _sections_at(path[:-1]):
        for name, text in descriptions(section).items():
            if (section.model_fields[name].alias or name) == path[-1]:
                return text.split(". ")[0].split("\n")[0].rstrip(".")
    return ""


def _by_key(section: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in an annotation such as `tuple[Client, ...]` or `Network | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
