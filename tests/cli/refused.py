"""A refusal of `rediskit migrate`."""

from __future__ import annotations

from typing import Any, NamedTuple


class Refused(NamedTuple):
    """What is asked of which migration, and the code and words of each refusal."""

    section: dict[str, Any]
    command: str
    messages: dict[str, str]
    over: dict[str, Any] | None = None
    manifest: dict[str, Any] | None = None
    code: int = 1
