"""The objects that Helm makes of the rendered values: from the real chart where it is there, else from the one of tests/cluster."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.charts.archives import ROOT, stored
from tests.tools.install import locate

PROFILES = ("bitnami", "cloudpirates")
"""The charts that the lab runs."""
STAND_INS = ROOT / "tests/cluster/charts"
"""A folder with a small chart for each profile, for machines without the real ones."""


def program(name: str) -> Path:
    """Return the program of the set `live`. Fails the test where it is missing."""
    program = locate(name)
    if program is None:
        pytest.fail(f'{name} is neither in the tool cache nor on PATH; run: make tools TOOLS="--set live"', pytrace=False)
    return program


def chart(profile: str) -> Path:
    """Return the chart of a profile: its archive, else the stand-in."""
    return stored(profile) or STAND_INS / profile


def release_objects(release: str, namespace: str, values: Path, profile: str) -> list[dict[str, Any]]:
    """Return all objects of the release."""
    command = [program("helm"), "template", release, chart(profile), "--namespace", namespace, "--values", values]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    # Helm reads a tab after a value, which one of the charts has, and PyYAML does not.
    return [content for content in yaml.safe_load_all(done.stdout.replace("\t\n", "\n")) if content]
