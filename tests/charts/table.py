"""The table of effects in docs/charts.md: written from the real charts by `make docs-charts`."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rediskit.chart.profiles import PROFILES
from tests.charts.effects import EFFECTS
from tests.charts.templates import Rendered

BEGIN, END = "<!-- effects: make report-charts -->\n", "<!-- end of effects -->"


def page(observed: Mapping[str, Mapping[str, str]]) -> str:
    """Return the table of what was observed by profile."""
    head = f"| effect | {' | '.join(observed)} |\n| --- |{' --- |' * len(observed)}\n"
    return head + "".join(f"| {name} | {' | '.join(row[name] for row in observed.values())} |\n" for name in EFFECTS)


def recorded(docs: Path) -> dict[str, dict[str, str]]:
    """Return the table of the page, by profile and effect."""
    rows = re.findall(r"^\| (.*) \|$", docs.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0], re.MULTILINE)
    head, _, *body = (row.split(" | ") for row in rows)
    return {profile: {row[0]: row[column] for row in body} for column, profile in enumerate(head[1:], 1)}


def main(docs: Path) -> None:
    """Write the table of all profiles into the page."""
    with tempfile.TemporaryDirectory() as folder:
        rendered = {name: Rendered(name, {}, Path(folder)) for name in PROFILES}
        table = page({name: {effect: of(effects) for effect, of in EFFECTS.items()} for name, effects in rendered.items()})
    before, _, rest = docs.read_text(encoding="utf-8").partition(BEGIN)
    docs.write_text(f"{before}{BEGIN}{table}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
