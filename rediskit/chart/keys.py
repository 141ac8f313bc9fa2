"""The values the chart knows. Helm takes an unknown one without a word, so rediskit has to ask (helm issue 6422).

The list is that of chart 23.1.1, the newest that is public in Git: 574 leaf keys with the type of their default. A leaf whose
default is a map or a list is free-form below, and so is what the templates print as a whole (`_PRINTED_WHOLE`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path as LocalPath
from typing import Any, NamedTuple

from rediskit.chart.mistakes import ADVICE
from rediskit.errors import Path

LISTED_VERSION = "23.1.1"
_KINDS: dict[str, tuple[type, ...]] = {"bool": (bool,), "int": (int,), "list": (list, tuple), "map": (Mapping,)}
_WORDS = {"bool": "true or false", "int": "a whole number", "list": "a list", "map": "a mapping", "str": "a text"}

_PRINTED_WHOLE = re.compile(
    r"metrics\.podAnnotations"
    r"|(?:master|replica|metrics|sentinel|kubectl|volumePermissions)\.(?:podS|containerS)ecurityContext(?:\..+)?"
    r"|(?:master|replica|sentinel)\.(?:updateStrategy|startupProbe)"
    r"|metrics\.(?:startup|liveness|readiness)Probe"
)
"""Sections with defaults that the chart prints with whatever else stands in them (master/application.yaml, common/_compatibility.tpl)."""
_FALSE_OR_NUMBER = frozenset({"sampleLimit", "targetLimit"})


class KeyProblem(NamedTuple):
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
            if not _fits(value, kind, str(key)):
                yield KeyProblem(path, f"expected {_WORDS[kind]}", f"the chart's own default for {name} is {_WORDS[kind]}")
        elif name in children or any(longer.startswith(f"{name}.") for longer in extra):
            if isinstance(value, Mapping):
                yield from _walk(value, path, extra)
            else:
                yield KeyProblem(path, "expected a mapping", f"known below {name}: {', '.join(sorted(children.get(name, ())))}")
        elif not _PRINTED_WHOLE.fullmatch(".".join(str(part) for part in at)):
            message = f"the chart has no value {name} (as of {LISTED_VERSION}): Helm would ignore it silently"
            yield KeyProblem(path, message, _hint(at, str(key)))


def _fits(value: Any, kind: str, key: str) -> bool:
    if kind == "str":
        return not isinstance(value, (Mapping, list, tuple, bool))
    if key in _FALSE_OR_NUMBER and isinstance(value, int):
        return True
    return isinstance(value, _KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))


def _hint(at: Path, key: str) -> str:
    name = ".".join([*(str(part) for part in at), key])
    newer = "a key that only a newer chart knows goes into redis.chart.extraKeys"
    found = ADVICE.get(name)
    if found:
        return found
    near = _nearest(name.rpartition(".")[0], key)
    return f"did you mean {' or '.join(near)}? {newer}" if near else newer


def _nearest(section: str, key: str) -> list[str]:
    """Known paths like this one: a slip of the pen beside it, else the same key elsewhere, else something like it beside or anywhere."""
    beside = {name.lower(): name for name in _children().get(section, ())}
    slip, similar = (get_close_matches(key.lower(), beside, 1, cutoff) for cutoff in (0.8, 0.6))
    if slip:
        return [f"{section}.{beside[slip[0]]}".lstrip(".")]
    elsewhere = [f"{parent}.{key}" for parent, keys in _children().items() if parent.partition(".")[0] in _PARTS and key in keys]
    if elsewhere:
        return sorted(elsewhere, key=lambda path: (path.count("."), path))[:3]
    if similar:
        return [f"{section}.{beside[similar[0]]}".lstrip(".")]
    return get_close_matches(f"{section}.{key}".lstrip("."), known_keys(), 1, 0.7)


_PARTS = ("auth", "global", "master", "metrics", "replica")
"""Where a key of the same name is likely to be what was meant: the sections that this deployment uses."""


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
