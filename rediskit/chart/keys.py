"""The values the chart knows. Helm takes an unknown one without a word, so rediskit has to ask (helm issue 6422).

The list is that of chart 23.1.1, the newest that is public in Git: 574 leaf keys with the type of their default. A leaf whose
default is a map or a list is free-form below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path as LocalPath
from typing import Any

from rediskit.errors import Path

LISTED_VERSION = "23.1.1"
_KINDS: dict[str, tuple[type, ...]] = {"bool": (bool,), "int": (int,), "list": (list, tuple), "map": (Mapping,)}
_WORDS = {"bool": "true or false", "int": "a whole number", "list": "a list", "map": "a mapping", "str": "a text"}


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """A value path that the chart would ignore or choke on."""

    path: Path
    message: str
    hint: str


@cache
def known_keys() -> Mapping[str, str]:
    """Dotted path to type (str, int, bool, list or map), as the chart's values.yaml gives them."""
    text = (LocalPath(__file__).parent.parent / "data" / f"chart_keys_{LISTED_VERSION}.tsv").read_text(encoding="utf-8")
    return {path: kind for path, _line, kind in (line.split("\t") for line in text.splitlines())}


@cache
def _children() -> Mapping[str, frozenset[str]]:
    """Each section of the values, "" for the root, to the keys in it."""
    children: dict[str, set[str]] = {}
    for path in known_keys():
        parts = path.split(".")
        for end in range(len(parts)):
            children.setdefault(".".join(parts[:end]), set()).add(parts[end])
    return {section: frozenset(keys) for section, keys in children.items()}


def check_values(values: Mapping[str, Any], extra: Iterable[str] = ()) -> list[KeyProblem]:
    """Every path in Helm values that the chart does not know, or whose value is of another kind than its default.

    extra: further known paths (`redis.chart.extraKeys`); what lies below them is free.
    """
    return list(_walk(values, (), frozenset(extra)))


def _walk(values: Mapping[str, Any], at: Path, extra: frozenset[str]) -> Iterator[KeyProblem]:
    known, children = known_keys(), _children()
    for key, value in values.items():
        path = (*at, key)
        name = ".".join(str(part) for part in path)
        kind = known.get(name)
        if name in extra or value is None:
            continue
        if kind:
            if not _fits(value, kind):
                yield KeyProblem(path, f"expected {_WORDS[kind]}", f"the chart's own default for {name} is {_WORDS[kind]}")
        elif name in children or any(longer.startswith(f"{name}.") for longer in extra):
            if isinstance(value, Mapping):
                yield from _walk(value, path, extra)
            else:
                yield KeyProblem(path, "expected a mapping", f"known below {name}: {', '.join(sorted(children.get(name, ())))}")
        else:
            message = f"the chart has no value {name} (as of {LISTED_VERSION}): Helm would ignore it silently"
            yield KeyProblem(path, message, _nearest(at, str(key)))


def _fits(value: Any, kind: str) -> bool:
    if kind == "str":
        return not isinstance(value, (Mapping, list, tuple, bool))
    return isinstance(value, _KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))


def _nearest(at: Path, key: str) -> str:
    section = ".".join(str(part) for part in at)
    siblings = {name.lower(): name for name in _children().get(section, ())}
    near = get_close_matches(key.lower(), siblings, 1, 0.55)
    end = "; a key that only a newer chart knows goes into redis.chart.extraKeys"
    if near:
        return f"did you mean {'.'.join(filter(None, (section, siblings[near[0]])))}?{end}"
    elsewhere = sorted(f"{parent}.{key}" for parent, keys in _children().items() if parent and key in keys)
    if elsewhere:
        return f"did you mean {' or '.join(elsewhere[:3])}?{end}"
    close = get_close_matches(f"{section}.{key}".strip(".").lower(), known_keys(), 1, 0.6)
    return (f"did you mean {close[0]}?{end}") if close else end.removeprefix("; ")


def plain_values(values: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """A user's values as Helm should read them: where the chart wants text, a number keeps the text it was written as."""
    plain: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, Mapping):
            plain[key] = plain_values(value, path)
        elif known_keys().get(path) == "str" and isinstance(value, (int, float)) and not isinstance(value, bool):
            plain[key] = getattr(value, "text", str(value))
        else:
            plain[key] = value
    return plain
