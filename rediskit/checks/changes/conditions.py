"""When a rule is about a change: conditions on the old and the new value of a setting."""

from __future__ import annotations

from collections.abc import Callable

from rediskit.checks.changes import facts
from rediskit.checks.changes.facts import version_of
from rediskit.model.measures import RedisMemory

When = Callable[[str | None, str | None], bool]
"""Whether a rule is about a change from one value to another; None: not set."""


def always(old: str | None, new: str | None) -> bool:
    """Any change."""
    return old != new


def to(*values: str) -> When:
    """A change to one of these values."""
    return lambda old, new: old != new and new in values


def added_to_a_file(old: str | None, new: str | None) -> bool:
    """A command that was not disabled is, and there is an append-only file."""
    return added(old, new) and not (new or "").endswith(facts.NO_FILE)


def set_to_another(old: str | None, new: str | None) -> bool:
    """Set before and after."""
    return old is not None and new is not None


def removed(old: str | None, new: str | None) -> bool:
    """Not set any more."""
    return old is not None and new is None


def added(old: str | None, new: str | None) -> bool:
    """Not set before."""
    return old is None and new is not None


def fewer(old: str | None, new: str | None) -> bool:
    """A smaller number that is not 0."""
    return bool(old and new and old.isdecimal() and new.isdecimal() and 0 < int(new) < int(old))


def smaller(old: str | None, new: str | None) -> bool:
    """A smaller limit; 0 is none."""
    try:
        was, now = (RedisMemory(text or "0").amount for text in (old, new))
    except ValueError:
        return False
    return now > 0 and (was == 0 or now < was)


_EVICTS = {"noeviction": 0, "volatile": 1, "allkeys": 2}


def evicts_more(old: str | None, new: str | None) -> bool:
    """A policy that may evict a key that the old one keeps."""
    was, now = (_EVICTS.get((text or "noeviction").partition("-")[0], 2) for text in (old, new))
    return now > was


def older(old: str | None, new: str | None) -> bool:
    """An image of an older minor version of Redis."""
    was, now = _version(old), _version(new)
    return bool(was and now and now < was)


def newer(old: str | None, new: str | None) -> bool:
    """An image of a newer minor version of Redis."""
    was, now = _version(old), _version(new)
    return bool(was and now and now > was)


def order_unknown(old: str | None, new: str | None) -> bool:
    """Images that can't be ordered: another name, or a digest without a tag."""
    if (old or "").partition("@")[0] == (new or "").partition("@")[0] and _version(new):
        return False
    return _version(old) is None or _version(new) is None or _name(old) != _name(new)


def _name(image: str | None) -> str:
    """The last part of the repository: a mirror keeps it."""
    return (image or "").partition("@")[0].rpartition(":")[0].rpartition("/")[2]


def _version(image: str | None) -> tuple[int, ...] | None:
    return version_of((image or "").partition("@")[0].rpartition(":")[2])
