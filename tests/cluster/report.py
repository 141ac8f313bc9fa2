"""What a run measured, as a table of docs/gitops.md."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

from tests.cluster.registry import OURS, Chart
from tests.tools.install import table

BUILD = Path(__file__).parents[2] / "build"
ROWS = (
    "bootstrap",
    "scale-down",
    "deploy",
    "reconfigure",
    "scale-up",
    "validate",
    "decommission",
    "complete",
    "downtime, scale-down to ready",
    "rolled-back from validate",
)


class Report:
    """Seconds by row and tool."""

    def __init__(self, chart: Chart) -> None:
        self._chart = "the chart of the tests" if chart.path == OURS else f"{chart.name} {chart.version}"
        self._versions: dict[str, str] = {}
        self._seconds: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, tool: str, versions: str, row: str, seconds: float) -> None:
        """One measurement."""
        self._versions[tool] = versions
        self._seconds[row][tool].append(seconds)

    def text(self) -> str:
        """The table, and what it was measured with."""
        tools = sorted(self._versions)
        lines = [f"| from the commit to healthy, seconds | {' | '.join(tools)} |", f"| --- |{' --- |' * len(tools)}"]
        for row in [*ROWS, *(row for row in self._seconds if row not in ROWS)]:
            if row in self._seconds:
                cells = [_cell(self._seconds[row].get(tool, [])) for tool in tools]
                lines.append(f"| {row} | {' | '.join(cells)} |")
        versions = "; ".join(self._versions[tool] for tool in tools)
        lines += ["", f"Kubernetes {table()['kubernetes'].version}; {versions}; {self._chart}; {os.cpu_count()} cores."]
        return "\n".join(lines) + "\n"

    def write(self) -> None:
        """Writes `build/cluster.md`."""
        if self._seconds:
            BUILD.mkdir(exist_ok=True)
            (BUILD / "cluster.md").write_text(self.text())


def _cell(seconds: list[float]) -> str:
    if not seconds:
        return ""
    least, most = f"{min(seconds):.1f}", f"{max(seconds):.1f}"
    return least if least == most else f"{least}-{most}"
