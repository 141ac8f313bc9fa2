"""The objects that Helm makes of the rendered values: from the real chart where it is there, else from the one of tests/cluster."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools.install import locate

ROOT = Path(__file__).parents[2]
_STAND_IN = ROOT / "tests/cluster/chart"


def program(name: str) -> Path:
    """Return the program of the set `live`. Fails the test where it is missing."""
    program = locate(name)
    if program is None:
        pytest.fail(f'{name} is neither in the tool cache nor on PATH; run: make tools TOOLS="--set live"', pytrace=False)
    return program


def chart(profile: str = "bitnami") -> Path:
    """Return the newest chart of a profile in `$REDISKIT_CHARTS`; without the charts, the stand-in for that of Bitnami."""
    named = os.environ.get("REDISKIT_CHARTS")
    for folder in [Path(named)] if named else [parent / "shared/charts" for parent in ROOT.parents]:
        if archives := sorted((folder / profile).glob("redis-*.tgz")):
            return archives[-1]
    assert profile == "bitnami", f"set REDISKIT_CHARTS to the folder with the chart of {profile}"
    return _STAND_IN


def release_objects(release: str, namespace: str, values: Path, profile: str = "bitnami") -> list[dict[str, Any]]:
    """Return all objects of the release."""
    command = [program("helm"), "template", release, chart(profile), "--namespace", namespace, "--values", values]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return [content for content in yaml.safe_load_all(done.stdout) if content]
