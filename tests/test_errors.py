"""Paths of a config as text."""

from __future__ import annotations

import pytest

from rediskit.errors import Path, Problem, dotted


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("clients", 0, "name"), "clients[0].name"),
        (("labels", "app.kubernetes.io/name"), 'labels["app.kubernetes.io/name"]'),
        (("redis", "größe"), "redis.größe"),
        (("labels", "\x1b[31m"), r'labels["\x1b[31m"]'),
        (("a\nb", "c"), r'["a\nb"].c'),
        (("\u202etxt",), r'["\u202etxt"]'),
        (("", "a\x00.b"), r'["a\x00.b"]'),
    ],
)
def test_a_path_is_printable_text(path: Path, text: str) -> None:
    assert dotted(path) == text
    assert str(Problem("is wrong", path=path)).isprintable()
