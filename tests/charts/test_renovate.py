"""The preset in docs/renovate.json with the real Renovate: it lists the chart and the images of the configs, and nothing rendered."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.tools.install import locate

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:344e3945a0b431c8ff1eecd58c5573538126bd756f02fc7e218ddf1fc2546366"
FLOW = f"""
name: flow
redis:
  chart: {{profile: cloudpirates, version: 0.34.18}}
  image: {{repository: library/redis, tag: 8.10.0, digest: {DIGEST}}}
  exporterImage: {{registry: ghcr.io, repository: oliver006/redis_exporter, tag: v1.89.0-alpine}}
"""
BLOCK = """
name: block
redis:
  chart:
    profile: bitnami
    repository: oci://registry.example.org/mirror/bitnamicharts/redis
    version: 23.2.12
  image:
    repository: bitnamilegacy/redis
    tag: 8.2.1-debian-12-r0
"""
HTTP = """
name: http
redis:
  chart: {profile: groundhog2k, version: 2.4.4}
  image: {repository: valkey/valkey, tag: 9.1.1}
"""
MIRROR = """
name: mirror
redis:
  chart:
    profile: valkey
    repository: https://charts.example.org/mirror
    version: 0.11.0
"""
PUBLIC = """
name: public
redis:
  chart: {repository: https://valkey.io/valkey-helm, version: 0.11.0}
"""
CONFIGS = {"flow": FLOW, "block": BLOCK, "http": HTTP, "mirror": MIRROR, "public": PUBLIC}


def extracted(repository: Path) -> list[tuple[str, str, str, str]]:
    """Return file, name, version, and digest or URL of what Renovate finds in a work tree."""
    program = locate("renovate")
    assert program is not None, "renovate is not in the tool cache; run: make tools TOOLS='--set charts'"
    environment = {**os.environ, "LOG_FORMAT": "json", "LOG_LEVEL": "info", "RENOVATE_BASE_DIR": str(repository.parent / "base")}
    command = [str(program), "--platform=local", "--dry-run=extract"]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, timeout=300, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    (packages,) = [line["packageFiles"] for line in lines if line.get("msg") == "Extracted dependencies"]
    rows = [(part["packageFile"], dependency) for parts in packages.values() for part in parts for dependency in part["deps"]]
    return sorted((file, row["depName"], row["currentValue"], _digest_or_url(row)) for file, row in rows)


def _digest_or_url(dependency: dict[str, Any]) -> str:
    """Return the digest of an image, or the repository of a chart of the data source `helm`."""
    (text,) = dependency["registryUrls"] if dependency["datasource"] == "helm" else [dependency.get("currentDigest", "")]
    return str(text)


def test_renovate_lists_the_chart_and_the_images_of_the_configs_alone(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "config").mkdir(parents=True)
    for name, text in CONFIGS.items():
        (repository / f"config/{name}.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "tests/golden/cloudpirates", repository / "rendered/flow")
    shutil.copytree(ROOT / "tests/golden/cloudpirates-flux", repository / "rendered/block")
    shutil.copy(ROOT / "docs/renovate.json", repository)
    assert extracted(repository) == [
        ("config/block.yaml", "bitnamilegacy/redis", "8.2.1-debian-12-r0", ""),
        ("config/block.yaml", "registry.example.org/mirror/bitnamicharts/redis", "23.2.12", ""),
        ("config/flow.yaml", "ghcr.io/oliver006/redis_exporter", "v1.89.0-alpine", ""),
        ("config/flow.yaml", "library/redis", "8.10.0", DIGEST),
        ("config/flow.yaml", "registry-1.docker.io/cloudpirates/redis", "0.34.18", ""),
        ("config/http.yaml", "redis", "2.4.4", "https://groundhog2k.github.io/helm-charts"),
        ("config/http.yaml", "valkey/valkey", "9.1.1", ""),
        ("config/mirror.yaml", "valkey", "0.11.0", "https://charts.example.org/mirror"),
        ("config/public.yaml", "valkey", "0.11.0", "https://valkey.io/valkey-helm"),
    ]
