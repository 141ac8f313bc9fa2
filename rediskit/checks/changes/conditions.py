"""The conditions of the rules about changes: functions of the old and the new value of a setting."""

from collections.abc import Callable

from rediskit.checks.changes import settings
from rediskit.checks.changes.settings import version_of
from rediskit.model.measures import RedisMemory

When = Callable[[str | None, str | None], bool]
"""Whether a rule applies to a change from one value to another; None is a setting that is not set."""

_EVICTION = {"noeviction": 0, "volatile": 1, "allkeys": 2}


def always(old: str | None, new: str | None) -> bool:
    """Match any change."""
    return old != new


def to(*values: str) -> When:
    """Return a condition that matches a change to one of these values."""
    return lambda old, new: old != new and new in values


def added_to_a_file(old: str | None, new: str | None) -> bool:
    """Match a newly disabled command where an append-only file exists."""
    return added(old, new) and not (new or "").endswith(settings.NO_FILE)


def set_to_another(old: str | None, new: str | None) -> bool:
    """Match a setting that is set before and after the change."""
    return old is not None and new is not None


def removed(old: str | None, new: str | None) -> bool:
    """Match a setting that is no longer set."""
    return old is not None and new is None


def added(old: str | None, new: str | None) -> bool:
    """Match a setting that was not set."""
    return old is None and new is not None


def fewer(old: str | None, new: str | None) -> bool:
    """Match a smaller number other than 0."""
    return bool(old and new and old.isdecimal() and new.isdecimal() and 0 < int(new) < int(old))


def smaller(old: str | None, new: str | None) -> bool:
    """Match a smaller limit. A limit of 0 means no limit."""
    try:
        before, after = (RedisMemory(text or "0").amount for text in (old, new))
    except ValueError:
        return False
    return after > 0 and (before == 0 or after < before)


def evicts_more(old: str | None, new: str | None) -> bool:
    """Match a policy that can evict keys that the old policy keeps."""
    before, after = (_EVICTION.get((text or "noeviction").partition("-")[0], 2) for text in (old, new))
    return after > before


def older(old: str | None, new: str | None) -> bool:
    """Match an image with an older minor version of the same server. Versions of Redis and Valkey have no common order."""
    before, after = _version(old), _version(new)
    return bool(before and after and after < before) and _is_valkey(old) == _is_valkey(new)


def newer(old: str | None, new: str | None) -> bool:
    """Match an image with a newer minor version of Redis."""
    return older(new, old)


def unreadable(old: str | None, new: str | None) -> bool:
    """Match Valkey after Redis, and Redis after Valkey, if the new server can't read the RDB files of the old one.

    Redis 7.4 writes RDB version 12, and Valkey 9 version 80 (rdb.h). Valkey 8 reads up to version 11, and Redis no version of Valkey 9.
    """
    before = _version(old)
    if before is None or new is None or _is_valkey(old) == _is_valkey(new):
        return False
    return before >= ((9, 0) if _is_valkey(old) else (7, 4))


def _is_valkey(image: str | None) -> bool:
    return "valkey" in _name(image)


def order_unknown(old: str | None, new: str | None) -> bool:
    """Match images without an order: they have different names, or a digest without a tag."""
    if (old or "").partition("@")[0] == (new or "").partition("@")[0] and _version(new):
        return False
    return not unreadable(old, new) and (_version(old) is None or _version(new) is None or _name(old) != _name(new))


def _name(image: str | None) -> str:
    """Return the last part of the repository, which is the same in a mirror."""
    return (image or "").partition("@")[0].rpartition(":")[0].rpartition("/")[2]


def _version(image: str | None) -> tuple[int, ...] | None:
    return version_of((image or "").partition("@")[0].rpartition(":")[2])
