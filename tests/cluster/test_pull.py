"""Charts that only a version names: Helm pulls them from a registry."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rediskit.chart.profiles import PROFILES
from tests.charts import archives
from tests.cluster.plane import program
from tests.cluster.registry import Chart, Registry

PROFILE = "cloudpirates"
NEXT = "0.34.99"


@pytest.fixture
def config(tmp_path: Path, registry: Registry) -> Path:
    """Return a config with the chart in the registry."""
    repository, version = registry.source(PROFILE)
    content = {
        "name": "pulled",
        "gitops": {"tool": "argocd", "repository": "https://git.example.org/platform/cluster.git"},
        "redis": {"chart": {"profile": PROFILE, "repository": repository, "version": version}},
        "secrets": {"mode": "manual"},
    }
    file = tmp_path / "config/pulled.yaml"
    file.parent.mkdir()
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def upgrade(config: Path, registry: Registry, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "HELM": str(program("helm")), "SSL_CERT_FILE": str(registry.authority)}
    command = [sys.executable, "-m", "rediskit", "upgrade", str(config), *arguments]
    return subprocess.run(command, cwd=config.parents[1], env=variables, capture_output=True, text=True, check=False, timeout=120)


def test_upgrade_pulls_both_versions_and_compares_them(config: Path, registry: Registry, tmp_path: Path) -> None:
    registry.push(PROFILE, _next(tmp_path))
    done = upgrade(config, registry, "--chart", NEXT, "--json")
    document: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert [(finding["code"], "redis-shared-master" in finding["message"]) for finding in document["findings"]] == [
        ("upgrade-service", True)
    ]
    assert registry.source(PROFILE)[1] in done.stdout
    assert NEXT in done.stdout


def test_a_version_that_the_registry_does_not_have_is_an_error_of_helm(config: Path, registry: Registry) -> None:
    done = upgrade(config, registry, "--chart", "0.34.98")
    assert (done.returncode, done.stdout) == (3, "")
    assert "0.34.98" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def without_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: Registry) -> Iterator[None]:
    """Leave only the registry as a source of the charts of tests/charts."""
    repository, version = registry.source(PROFILE)
    monkeypatch.setenv("REDISKIT_CHARTS", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_FILE", str(registry.authority))
    monkeypatch.setattr(archives, "PULLED", tmp_path / "pulled")
    monkeypatch.setitem(PROFILES.loaded, PROFILE, PROFILES[PROFILE]._replace(repository=repository, listed=version))
    archives.archive.cache_clear()
    yield
    archives.archive.cache_clear()


@pytest.mark.usefixtures("without_archives")
def test_without_archives_the_tests_of_charts_pull_them(tmp_path: Path) -> None:
    assert archives.archive(PROFILE) == tmp_path / f"pulled/redis-{Chart(PROFILE).version}.tgz"


@pytest.mark.usefixtures("without_archives")
def test_without_archives_and_a_registry_the_tests_of_charts_fail_with_the_command() -> None:
    with pytest.raises(AssertionError, match=r"has no redis-0.34.97.tgz, and this command fails: helm pull oci://.* --version 0.34.97"):
        archives.archive(PROFILE, "0.34.97")


def _next(folder: Path) -> Path:
    """Return a copy of our chart as the next version, whose Service for writes has another name."""
    copy = Path(shutil.copytree(Path(__file__).parent / "charts" / PROFILE, folder / "next"))
    about, services = copy / "Chart.yaml", copy / "templates/services.yaml"
    about.write_text(about.read_text().replace(f"version: {PROFILES[PROFILE].version}", f"version: {NEXT}"))
    services.write_text(services.read_text().replace('list "" "-master"', 'list "" "-primary"'))
    return copy
