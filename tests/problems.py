"""Problems as text, for tests of messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rediskit.errors import Problem


def lines_of(problems: Iterable[Problem]) -> list[str]:
    """Return `location: path: message` of each problem, without severity, code and hint."""
    return [re.sub(r"(^|: )error(?:\[[a-z-]+\])?: ", r"\1", str(problem).splitlines()[0], count=1) for problem in problems]
