"""Read values in data that is not validated: a missing key or a value of another kind is not an error.

Each function has the loop of `at`: a render calls them hundreds of times, and a further call would cost as much as the loop.
"""

from collections.abc import Iterator, Mapping
from typing import Any


def at(content: Any, *path: str) -> Any:
    """Return the value at a path of keys; None where a key is missing."""
    for part in path:
        content = content.get(part) if isinstance(content, dict) else None
    return content


def mapping_at(content: Any, *path: str) -> dict[str, Any]:
    """Return the mapping at a path; an empty one where there is none."""
    for part in path:
        content = content.get(part) if isinstance(content, dict) else None
    return content if isinstance(content, dict) else {}


def list_at(content: Any, *path: str) -> list[Any]:
    """Return the list at a path; an empty one where there is none."""
    for part in path:
        content = content.get(part) if isinstance(content, dict) else None
    return content if isinstance(content, list) else []


def text_at(content: Any, *path: str) -> str:
    """Return the text at a path; "" where there is none."""
    for part in path:
        content = content.get(part) if isinstance(content, dict) else None
    return content if isinstance(content, str) else ""


def leaves(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield path and value of each value that is not a mapping; an empty mapping is a value."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*path, str(key)))
        else:
            yield (*path, str(key)), value


def below(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return nested mappings with a value at a path, which is not empty."""
    first, *rest = path
    return {first: below(tuple(rest), value) if rest else value}


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
