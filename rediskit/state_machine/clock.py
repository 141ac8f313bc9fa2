"""Durations and points in time as text. Nothing here reads the clock."""

from datetime import UTC, datetime, timedelta

from rediskit.model.migration import Migration, moment

TOLERANCE = timedelta(minutes=2)
"""The tolerated difference between two clocks."""


def span(seconds: float) -> str:
    """Return a duration in its two largest units: `2h 5m`, `45s`, `3d`."""
    left = round(abs(seconds))
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def seconds_between(start: str, end: str) -> float:
    """Return the seconds from one Timestamp to another; negative if `end` is earlier."""
    return (moment(end) - moment(start)).total_seconds()


def later(start: str, seconds: float) -> str:
    """Return the Timestamp a number of seconds later, with the same offset from UTC."""
    return written(moment(start) + timedelta(seconds=seconds))


def written(time: datetime) -> str:
    """Return a Timestamp without fractions of a second; the offset stays, and UTC is `Z`."""
    text = time.replace(microsecond=0).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


def both(time: str, offset_of: str = "") -> str:
    """Return a time in local time and UTC: `2026-03-01T22:00:00-03:00 (01:00 UTC)`, with the UTC date if it is another one.

    The Timestamp `offset_of` gives the local offset, by default the time itself.
    """
    local = moment(time).astimezone(moment(offset_of or time).tzinfo)
    utc = local.astimezone(UTC)
    if local.utcoffset() == timedelta(0):
        return written(utc)
    day = "" if local.date() == utc.date() else f"{utc:%Y-%m-%d} "
    seconds = ":%S" if utc.second else ""
    return f"{written(local)} ({day}{utc.strftime(f'%H:%M{seconds}')} UTC)"


def short(time: str) -> str:
    """Return the time of day in local time and UTC: `22:00 (01:00 UTC)`."""
    local = moment(time)
    utc = local.astimezone(UTC)
    return f"{local:%H:%M} UTC" if local.utcoffset() == timedelta(0) else f"{local:%H:%M} ({utc:%H:%M} UTC)"


def offset_source(migration: Migration) -> str:
    """Return a Timestamp with the local offset: the start of the window, or the last step; "" if there is none."""
    if migration.window:
        return migration.window.start
    return migration.history[-1].at if migration.history else ""
