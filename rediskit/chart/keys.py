"""The known Helm values of the chart. Helm ignores unknown values silently (https://github.com/helm/helm/issues/6422).

The list contains the 574 leaf keys of chart 23.1.1, the newest version in public Git, with the type of their default. Keys below a leaf
whose default is a map or a list are free, as are those in sections that the templates print as a whole (`_PRINTED_WHOLE`).
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
_EXPECTED = {"bool": "true or false", "int": "a whole number", "list": "a list", "map": "a mapping", "str": "text"}

_PRINTED_WHOLE = re.compile(
    r"metrics\.podAnnotations"
    r"|(?:master|replica|metrics|sentinel|kubectl|volumePermissions)\.(?:podS|containerS)ecurityContext(?:\..+)?"
    r"|(?:master|replica|sentinel)\.(?:updateStrategy|startupProbe)"
    r"|metrics\.(?:startup|liveness|readiness)Probe"
)
"""Sections with defaults that the chart prints with all other keys in them (chart 23.1.1 templates/master/application.yaml,
charts/common/templates/_compatibility.tpl)."""
_FALSE_OR_NUMBER = frozenset({"sampleLimit", "targetLimit"})


class KeyProblem(NamedTuple):
    """A Helm value that the chart ignores or can't use: its path in the values, the problem and the fix."""

    path: Path
    message: str
    hint: str


@cache
def known_keys() -> Mapping[str, str]:
    """Return the type (str, int, bool, list or map) of each leaf in the values.yaml of the chart by dotted path."""
    text = (LocalPath(__file__).parent.parent / "data" / f"chart_keys_{LISTED_VERSION}.tsv").read_text(encoding="utf-8")
    return {path: kind for path, _line, kind in (line.split("\t") for line in text.splitlines())}


@cache
def _children() -> Mapping[str, frozenset[str]]:
    """Return the keys of each section of the values by dotted path, "" for the root."""
    children: dict[str, set[str]] = {}
    for path in known_keys():
        parts = path.split(".")
        for end in range(len(parts)):
            children.setdefault(".".join(parts[:end]), set()).add(parts[end])
    return {section: frozenset(keys) for section, keys in children.items()}


def check_values(values: Mapping[str, Any], extra: Iterable[str] = ()) -> list[KeyProblem]:
    """Return a problem for each unknown path in Helm values and each value with another type than its default.

    `extra` are further known paths (`redis.chart.extraKeys`). Keys below them are free.
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
                yield KeyProblem(path, f"expected {_EXPECTED[kind]}", f"the default of the chart for {name} is {_EXPECTED[kind]}")
        elif name in children or any(longer.startswith(f"{name}.") for longer in extra):
            if isinstance(value, Mapping):
                yield from _walk(value, path, extra)
            else:
                yield KeyProblem(path, "expected a mapping", f"known below {name}: {', '.join(sorted(children.get(name, ())))}")
        elif not _PRINTED_WHOLE.fullmatch(".".join(str(part) for part in at)):
            message = f"chart {LISTED_VERSION} has no value {name}: Helm ignores it silently"
            yield KeyProblem(path, message, _hint(at, str(key)))


def _fits(value: Any, kind: str, key: str) -> bool:
    if kind == "str":
        return not isinstance(value, (Mapping, list, tuple, bool))
    if key in _FALSE_OR_NUMBER and isinstance(value, int):
        return True
    return isinstance(value, _KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))


def _hint(at: Path, key: str) -> str:
    name = ".".join([*(str(part) for part in at), key])
    newer = "add a key of a newer chart to redis.chart.extraKeys"
    if name in ADVICE:
        return ADVICE[name]
    near = _nearest(name.rpartition(".")[0], key)
    return f"did you mean {' or '.join(near)}? {newer}" if near else newer


def _nearest(section: str, key: str) -> list[str]:
    """Return similar known paths: a misspelt neighbour, else the same key elsewhere, else a similar key in the section or anywhere."""
    beside = {name.lower(): name for name in _children().get(section, ())}
    misspelt, similar = (get_close_matches(key.lower(), beside, 1, cutoff) for cutoff in (0.8, 0.6))
    if misspelt:
        return [f"{section}.{beside[misspelt[0]]}".lstrip(".")]
    elsewhere = [f"{parent}.{key}" for parent, keys in _children().items() if parent.partition(".")[0] in _PARTS and key in keys]
    if elsewhere:
        return sorted(elsewhere, key=lambda path: (path.count("."), path))[:3]
    if similar:
        return [f"{section}.{beside[similar[0]]}".lstrip(".")]
    return get_close_matches(f"{section}.{key}".lstrip("."), known_keys(), 1, 0.7)


_PARTS = ("auth", "global", "master", "metrics", "replica")
"""The sections that rediskit uses, where a key of the same name is a likely match."""


def plain_values(values: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Return values for Helm: a number becomes text, as written, where the default of the chart is text."""
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
