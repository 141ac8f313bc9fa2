"""Write the known Helm values of a profile from its real chart: `python -m scripts.chart_keys PROFILE CHART.tgz`.

The result is a list of paths and types, not a part of the chart. A comment
`@schema type:[integer, string]` of the values.yaml is respected.
"""

from __future__ import annotations

import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from rediskit.chart.profiles import PROFILES

DATA = Path(__file__).parent.parent / "rediskit/data"


def leaves(values: dict[str, Any], at: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and type of each leaf. Keys with a dot in them are free."""
    for key, value in values.items():
        path = f"{at}.{key}" if at else key
        if isinstance(value, dict) and value and not any("." in inner or "/" in inner for inner in value):
            yield from leaves(value, path)
        else:
            yield path, {dict: "map", type(None): "null", float: "int"}.get(type(value), type(value).__name__)


def chart_values(archive: Path) -> tuple[dict[str, Any], str]:
    """Return the default values of a chart archive, and their text."""
    with tarfile.open(archive) as chart:
        member = next(name for name in chart.getnames() if re.fullmatch(r"[^/]+/values\.yaml", name))
        content = chart.extractfile(member)
        assert content is not None
        text = content.read().decode()
    values: dict[str, Any] = yaml.safe_load(text)
    return values, text


def main(name: str, archive: Path) -> None:
    """Write the list of a profile."""
    values, text = chart_values(archive)
    several = set(re.findall(r"type:\[integer, string\]\s*\n(?:\s*#.*\n)*\s*(\w+):", text))
    rows = ((path, "int|str" if path.rpartition(".")[2] in several else kind) for path, kind in leaves(values))
    (DATA / PROFILES[name].keys_file).write_text("".join(f"{path}\t{kind}\n" for path, kind in rows), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
