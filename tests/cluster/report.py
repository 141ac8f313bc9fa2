"""What a run measured, as a table of docs/gitops.md."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from tests.cluster.registry import OURS, Chart
from tests.cluster.scene import FORWARD
from tests.tools.install import table

BUILD = Path(__file__).parents[2] / "build"
ROWS = (
    "bootstrap",
    *FORWARD[1:],
    "downtime, scale-down to ready",
    *(f"rolled-back from {step}" for step in FORWARD[1:-2]),
    "rolled-back: web, worker and CronJob",
    *(f"the fix of a broken {step} is live" for step in FORWARD[:-1]),
)


Measured = tuple[str, str, str, float]
"""Tool, versions of its controllers, row, seconds: what one worker of pytest-xdist can hand to the process that started it."""


class Report:
    """Seconds by row and tool."""

    def __init__(self) -> None:
        self.measured: list[Measured] = []

    def add(self, tool: str, versions: str, row: str, seconds: float) -> None:
        """One measurement."""
        self.measured.append((tool, versions, row, seconds))

    def text(self) -> str:
        """Return the table, and what it was measured with."""
        versions = {tool: version for tool, version, _, _ in self.measured}
        seconds: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for tool, _, row, duration in self.measured:
            seconds[row][tool].append(duration)
        tools = sorted(versions)
        lines = [f"| from the commit to healthy, seconds | {' | '.join(tools)} |", f"| --- |{' --- |' * len(tools)}"]
        for row in [*ROWS, *(row for row in seconds if row not in ROWS)]:
            if row in seconds:
                cells = [_cell(seconds[row].get(tool, [])) for tool in tools]
                lines.append(f"| {row} | {' | '.join(cells)} |")
        used = "; ".join(versions[tool] for tool in tools)
        chart = Chart()
        name = "the chart of the tests" if chart.path == OURS else f"{chart.name} {chart.version}"
        lines += ["", f"Kubernetes {table()['kubernetes'].version}; {used}; {name}; {os.cpu_count()} cores."]
        return "\n".join(lines) + "\n"

    def write(self) -> None:
        """Write `build/cluster.md`."""
        if self.measured:
            BUILD.mkdir(exist_ok=True)
            (BUILD / "cluster.md").write_text(self.text())


def _cell(seconds: list[float]) -> str:
    if not seconds:
        return ""
    least, most = f"{min(seconds):.1f}", f"{max(seconds):.1f}"
    return least if least == most else f"{least}-{most}"
