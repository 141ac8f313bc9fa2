"""The archives of the real charts: `$REDISKIT_CHARTS` (default: ../shared/charts), else what `helm pull` downloads."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

from rediskit.chart.profiles import PROFILES
from tests.tools.install import locate

ROOT = Path(__file__).parents[2]
PULLED = ROOT / "build/charts"
PUBLISHERS = {"valkey": "valkey-io"}
"""The folder of the archives of a profile, where it has another name."""


def folder() -> Path:
    """Return the folder with a folder of archives for each publisher."""
    return Path(os.environ.get("REDISKIT_CHARTS") or ROOT.parent / "shared/charts")


def stored(name: str, version: str = "") -> Path | None:
    """Return the archive in `folder()` of the chart of a profile in one version (empty: that of its list of values); None without it."""
    profile = PROFILES[name]
    file = folder() / PUBLISHERS.get(name, name) / f"{profile.chart}-{version or profile.listed}.tgz"
    return file if file.is_file() else None


def helm(*arguments: str | Path, **options: str) -> subprocess.CompletedProcess[str]:
    """Run Helm without the settings of the user."""
    program = locate("helm")
    assert program is not None, "helm is neither in the tool cache nor on PATH; run: make tools"
    home = {f"HELM_{kind}_HOME": str(PULLED / "helm" / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    command = [str(program), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **home, **options}, timeout=120, check=False)


@cache
def archive(name: str, version: str = "") -> Path:
    """Return the archive of the chart of a profile in one version (empty: that of its list of values)."""
    if kept := stored(name, version):
        return kept
    profile = PROFILES[name]
    version = version or profile.listed
    file = f"{profile.chart}-{version}.tgz"
    if (PULLED / file).is_file():
        return PULLED / file
    PULLED.mkdir(parents=True, exist_ok=True)
    source = [profile.chart, "--repo", profile.repository] if profile.over_http else [profile.repository]
    pulled = helm("pull", *source, "--version", version, "--destination", PULLED)
    command = f"helm pull {' '.join(source)} --version {version}"
    assert pulled.returncode == 0, f"{folder()} has no {file}, and this command fails: {command}\n{pulled.stderr}"
    return PULLED / file
