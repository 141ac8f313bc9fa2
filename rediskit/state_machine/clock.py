"""Times as people read them: lengths, and one moment in two clocks. Nothing here asks what time it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rediskit.model.migration import Migration, moment


def span(seconds: float) -> str:
    """A length of time, in its two largest units: `2h 5m`, `45s`, `3d`."""
    left = round(abs(seconds))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def seconds_between(start: str, end: str) -> float:
    """Seconds from one Timestamp to another; negative where the second is earlier."""
    return (moment(end) - moment(start)).total_seconds()


def later(start: str, seconds: float) -> str:
    """The Timestamp so much later, with the same offset from UTC."""
    return written(moment(start) + timedelta(seconds=seconds))


def written(time: datetime) -> str:
    """A moment as a Timestamp, without fractions of a second; its offset stays, and UTC is written `Z`."""
    text = time.replace(microsecond=0).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def both(time: str, offset_of: str = "") -> str:
    """A moment in both clocks: `2026-03-01T22:00:00-03:00 (01:00 UTC)`, the day in front where it is another one.

    offset_of: a Timestamp with whose offset it is written; its own by default.
    """
    here = moment(time).astimezone(moment(offset_of or time).tzinfo)
    there = here.astimezone(UTC)
    if here.utcoffset() == timedelta(0):
        return written(there)
    day = "" if here.date() == there.date() else f"{there:%Y-%m-%d} "
    seconds = ":%S" if there.second else ""
    return f"{written(here)} ({day}{there.strftime(f'%H:%M{seconds}')} UTC)"


def short(time: str) -> str:
    """The time of day in both clocks: `22:00 (01:00 UTC)`."""
    here = moment(time)
    there = here.astimezone(UTC)
    return f"{here:%H:%M} UTC" if here.utcoffset() == timedelta(0) else f"{here:%H:%M} ({there:%H:%M} UTC)"


def offset_source(migration: Migration) -> str:
    """A Timestamp that shows in which offset people write here: the window's, or the last step's; "" where there is none."""
    if migration.window:
        return migration.window.start
    return migration.history[-1].at if migration.history else ""
