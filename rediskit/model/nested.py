"""Values at a path of keys in data that nobody has checked yet: nothing there, or something else, is no error here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def at(content: Any, *path: str) -> Any:
    """The value at a path of keys; None where the path ends, whatever stands there."""
    for part in path:
        content = content.get(part) if isinstance(content, dict) else None
    return content


def mapping_at(content: Any, *path: str) -> dict[str, Any]:
    """The mapping at a path; an empty one where there is none, or something else."""
    found = at(content, *path)
    return found if isinstance(found, dict) else {}


def list_at(content: Any, *path: str) -> list[Any]:
    """The list at a path; an empty one where there is none, or something else."""
    found = at(content, *path)
    return found if isinstance(found, list) else []


def text_at(content: Any, *path: str) -> str:
    """The text at a path; "" where there is none, or something else."""
    found = at(content, *path)
    return found if isinstance(found, str) else ""


def texts_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield path and text of each string in nested data."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts_in(inner, (*path, index))
    elif isinstance(value, str):
        yield path, value
