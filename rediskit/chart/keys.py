"""The known Helm values of the charts. Helm ignores unknown values silently (https://github.com/helm/helm/issues/6422).

`rediskit/data` has a list for each profile: path and type of each leaf in the values.yaml of the chart. Keys below a leaf whose default is
a map or a list are free, as are those in sections that the templates print as a whole (`Profile.whole_sections`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path as LocalPath
from typing import Any

from rediskit.chart.profile import Profile
from rediskit.errors import Path, Problem, nearest

_KINDS: dict[str, tuple[type, ...]] = {"bool": (bool,), "int": (int,), "list": (list, tuple), "map": (dict, Mapping)}
_EXPECTED = {"bool": "true or false", "int": "a whole number", "list": "a list", "map": "a mapping", "str": "text"}
_ANY = frozenset({"null", "int|str"})
"""Types of a default that allow every other value: none, and a number in place of text."""
_FALSE_OR_NUMBER = frozenset({"sampleLimit", "targetLimit"})


@cache
def known_keys(file: str) -> Mapping[str, str]:
    """Return the type (str, int, bool, list, map, null or int|str) of each leaf in the values.yaml of a chart by dotted path.

    Args:
        file: The file with the list (`Profile.keys_file`).
    """
    text = (LocalPath(__file__).parent.parent / "data" / file).read_text(encoding="utf-8")
    return dict(line.split("\t") for line in text.splitlines())


@cache
def _children(file: str) -> Mapping[str, set[str]]:
    """Return the keys of each section of the values by dotted path, "" for the root."""
    children: dict[str, set[str]] = {}
    for section in known_keys(file):
        while section:
            section, _, key = section.rpartition(".")
            keys = children.setdefault(section, set())
            if key in keys:
                break  # So are the sections around it.
            keys.add(key)
    return children


def check_values(profile: Profile, values: Mapping[str, Any], extra: Iterable[str] = ()) -> list[Problem]:
    """Return a problem for each value that the chart ignores or can't use: an unknown path, or another type than its default.

    `extra` are further known paths (`redis.chart.extraKeys`). Keys below them are free.
    """
    return list(_walk(profile, values, (), "", frozenset(extra)))


def _walk(profile: Profile, values: Mapping[str, Any], at: Path, section: str, extra: frozenset[str]) -> Iterator[Problem]:
    kinds, children = known_keys(profile.keys_file), _children(profile.keys_file)
    for key, value in values.items():
        name = f"{section}.{key}" if at else str(key)
        kind = kinds.get(name)
        if name in extra or value is None:
            continue
        if kind:
            if not _fits(value, kind, str(key)):
                yield Problem(f"expected {_EXPECTED[kind]}", f"the default of the chart for {name} is {_EXPECTED[kind]}", (*at, key))
        elif name in children or any(longer.startswith(f"{name}.") for longer in extra):
            if isinstance(value, (dict, Mapping)):
                yield from _walk(profile, value, (*at, key), name, extra)
            else:
                yield Problem("expected a mapping", f"known below {name}: {', '.join(sorted(children.get(name, ())))}", (*at, key))
        elif not re.fullmatch(profile.whole_sections, section):
            message = f"chart {profile.listed} has no value {name}: Helm ignores it silently"
            yield Problem(message, _hint(profile, at, str(key)), (*at, key))


def _fits(value: Any, kind: str, key: str) -> bool:
    if kind in _ANY:
        return True
    if kind == "str":
        return isinstance(value, str) or not isinstance(value, (Mapping, list, tuple, bool))
    if key in _FALSE_OR_NUMBER and isinstance(value, int):
        return True
    return isinstance(value, _KINDS[kind]) and (kind == "bool" or not isinstance(value, bool))


def _hint(profile: Profile, at: Path, key: str) -> str:
    name = ".".join([*(str(part) for part in at), key])
    newer = "add a key of a newer chart to redis.chart.extraKeys"
    if name in profile.advice:
        return profile.advice[name]
    near = _nearest(profile.keys_file, name.rpartition(".")[0], key)
    return f"did you mean {' or '.join(near)}? {newer}" if near else newer


def _nearest(file: str, section: str, key: str) -> list[str]:
    """Return similar known paths: a misspelt neighbour, else the same key elsewhere, else a similar key in the section or anywhere."""
    beside = {name.lower(): name for name in _children(file).get(section, ())}
    misspelt, similar = (nearest(key.lower(), beside, 1, cutoff) for cutoff in (0.8, 0.6))
    if misspelt:
        return [f"{section}.{beside[misspelt[0]]}".lstrip(".")]
    elsewhere = [f"{parent}.{key}" for parent, keys in _children(file).items() if parent.partition(".")[0] in _PARTS and key in keys]
    if elsewhere:
        return sorted(elsewhere, key=lambda path: (path.count("."), path))[:3]
    if similar:
        return [f"{section}.{beside[similar[0]]}".lstrip(".")]
    return nearest(f"{section}.{key}".lstrip("."), known_keys(file), 1, 0.7)


_PARTS = ("auth", "global", "master", "metrics", "replica")
"""The sections that rediskit uses, where a key of the same name is a likely match."""


def plain_values(profile: Profile, values: Mapping[str, Any], at: str = "") -> dict[str, Any]:
    """Return values for Helm: a number becomes text, as written, where the default of the chart is text."""
    plain: dict[str, Any] = {}
    for key, value in values.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, (dict, Mapping)):
            plain[key] = plain_values(profile, value, path)
        elif known_keys(profile.keys_file).get(path) == "str" and isinstance(value, (int, float)) and not isinstance(value, bool):
            plain[key] = getattr(value, "text", str(value))
        else:
            plain[key] = value
    return plain
