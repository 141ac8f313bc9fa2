"""JSON pointers (RFC 6901) into nested data. Entries of a list are addressed by `name` if every entry has one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Pair = Callable[[Any, Any], bool]


def pointer(*path: str | int) -> str:
    """Return the JSON pointer of a path."""
    text = "/".join(map(str, ("", *path)))
    if "~" in text or text.count("/") != len(path):
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return text


def unescaped(token: str) -> str:
    """Return the key that a token of a JSON pointer stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def by_name(value: Any) -> dict[str, Any] | None:
    """Return the entries of a list by their names; None unless it is a list of mappings whose names are strings."""
    if isinstance(value, (str, dict)) or not isinstance(value, (list, Sequence)):
        return None
    if not all(isinstance(entry, (dict, Mapping)) and isinstance(entry.get("name"), str) for entry in value):
        return None
    return {entry["name"]: entry for entry in value}


def differences(
    before: Any, after: Any, path: str = "", *, is_leaf: Pair | None = None, expand: bool = False
) -> Iterator[tuple[str, Any, Any]]:
    """Yield pointer, old value and new value of each difference; the order of keys and of named entries does not count.

    Args:
        is_leaf: Returns whether two mappings are compared as one value each.
        expand: Whether a mapping without name, or a named list, that only one side has is a difference per value in it.
    """
    if before == after:
        return
    if expand:
        before, after = _filled(before, after), _filled(after, before)
    old, new = (value if isinstance(value, (dict, Mapping)) else by_name(value) for value in (before, after))
    same_shape = isinstance(before, (dict, Mapping)) == isinstance(after, (dict, Mapping))
    if old is None or new is None or not same_shape or (is_leaf and is_leaf(before, after)):
        if before != after:
            yield path, before, after
        return
    for key in dict.fromkeys((*old, *new)):
        yield from differences(old.get(key), new.get(key), path + pointer(str(key)), is_leaf=is_leaf, expand=expand)


def _filled(value: Any, other: Any) -> Any:
    """Return a value, or an empty one of the shape of the other value if it is None."""
    if value is not None or (isinstance(other, Mapping) and "name" in other):
        return value
    return {} if isinstance(other, Mapping) else [] if by_name(other) else None


def changed(before: Any, after: Any) -> set[str]:
    """Return the pointers at which two values differ."""
    return {path for path, _, _ in differences(before, after)}
