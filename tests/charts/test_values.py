"""No value without effect: the real chart renders something else without it, or with another one."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rediskit.chart.profiles import PROFILES
from tests.charts.templates import RefusedError, Rendered

OVER = {
    "redis": {
        "disabledCommands": ["FLUSHALL", "CONFIG"],
        "image": {"repository": "example/redis", "tag": "8.2.3"},
        "exporterImage": {"repository": "example/exporter", "tag": "1.80.0"},
    }
}
"""A config whose values have the optional keys. The variant `overrides` of the effects has a mirror, which hides other registries."""


def leaves(values: dict[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*at, key))
        else:
            yield (*at, key)


def changed(values: dict[str, Any], path: tuple[str, ...], *, remove: bool) -> dict[str, Any]:
    """Return values without one of them, or with another value of the same type."""
    result = copy.deepcopy(values)
    section = result
    for key in path[:-1]:
        section = section[key]
    old = section[path[-1]]
    if remove:
        del section[path[-1]]
    elif isinstance(old, bool):
        section[path[-1]] = not old
    elif isinstance(old, int):
        section[path[-1]] = old + 1
    elif isinstance(old, str):
        section[path[-1]] = f"{old}x" if old else "x"
    return result


@pytest.mark.parametrize("profile", PROFILES)
def test_each_value_has_an_effect(profile: str, tmp_path: Path) -> None:
    rendered = Rendered(profile, OVER, tmp_path)
    whole = rendered.template()

    def same(values: dict[str, Any]) -> bool:
        try:
            return rendered.template(values, "changed") == whole
        except RefusedError:
            return False

    without = {
        ".".join(path)
        for path in leaves(rendered.values)
        if same(changed(rendered.values, path, remove=True)) and same(changed(rendered.values, path, remove=False))
    }
    assert not without


def test_a_value_without_effect_is_found(tmp_path: Path) -> None:
    """A key that the chart does not know changes nothing."""
    rendered = Rendered("cloudpirates", {}, tmp_path)
    assert rendered.template({**rendered.values, "master": {"count": 1}}, "changed") == rendered.text
