"""Benchmarks as ratios of pairs, which hold on a machine with other load."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent


class Row(NamedTuple):
    """A row of the table: two medians, and the median of the ratios.

    Attributes:
        name: What is measured.
        ours: The median of rediskit.
        theirs: The median of the other program.
        ratio: The median of `ours / theirs` in each pair.
    """

    name: str
    ours: float
    theirs: float
    ratio: float


def paired(name: str, ours: Callable[[], float], theirs: Callable[[], float], runs: int = 7) -> Row:
    """Run two measurements in turn, after one pair that does not count."""
    pairs = [(ours(), theirs()) for _ in range(runs + 1)][1:]
    median = statistics.median
    return Row(name, median(own for own, _ in pairs), median(other for _, other in pairs), median(own / other for own, other in pairs))


def milliseconds(run: Callable[[], object]) -> float:
    """Return the wall time of a call."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000
