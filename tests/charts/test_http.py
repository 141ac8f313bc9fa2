"""Charts from an HTTP repository, with the real Helm: a loopback server with the index of `helm repo index`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rediskit.chart.profiles import PROFILES
from tests.charts.archives import archive
from tests.charts.repository import ChartRepository, next_version
from tests.charts.test_upgrade import edit
from tests.conftest import Run

OVER_HTTP = [name for name, profile in PROFILES.items() if profile.over_http]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helm: Path) -> Iterator[ChartRepository]:
    charts = ChartRepository(tmp_path)
    monkeypatch.setenv("HELM", str(helm))
    monkeypatch.setenv("SSL_CERT_FILE", str(charts.authority))
    yield charts
    charts.stop()


def config(folder: Path, profile: str, repository: str) -> Path:
    """Write a config whose chart is in the repository, and return it."""
    file = folder / "shared.yaml"
    file.write_text(
        f"""
name: shared
gitops: {{tool: flux, repository: "https://git.example.org/platform/cluster.git"}}
redis:
  chart: {{profile: {profile}, repository: "{repository}"}}
"""
    )
    return file


@pytest.mark.parametrize("profile", OVER_HTTP)
def test_upgrade_pulls_both_versions_from_an_http_repository(profile: str, run: Run, tmp_path: Path, repository: ChartRepository) -> None:
    version, chart = next_version(tmp_path, profile)
    repository.add(archive(profile))
    repository.add(chart)
    code, output, errors = run("upgrade", str(config(tmp_path, profile, repository.url)), "--chart", version, "--json")
    assert (code, errors) == (0, "")
    document = json.loads(output)
    assert document["findings"] == []
    name = PROFILES[profile].chart
    pulled = [path for path in repository.asked if path.endswith(".tgz")]
    assert pulled == [f"/charts/{name}-{PROFILES[profile].listed}.tgz", f"/charts/{name}-{version}.tgz"]


@pytest.mark.parametrize(
    ("profile", "file", "pattern", "new", "code"),
    [
        ("groundhog2k", "templates/statefulset.yaml", r"-headless$", "-nodes", "upgrade-immutable"),
        ("groundhog2k", "templates/statefulset.yaml", r"\.Values\.extraInitContainers", ".Values.moreInitContainers", "upgrade-pod"),
        ("groundhog2k", "values.yaml", r"^useDeploymentWhenNonHA: true", "useDeployment: true", "upgrade-value"),
        ("valkey", "templates/statefulset.yaml", r"^      name: valkey-data", "      name: data", "upgrade-immutable"),
        ("valkey", "templates/statefulset.yaml", r"^            - name: tcp$", "            - name: valkey", "upgrade-pod"),
        ("valkey", "templates/configmap.yaml", r"\{\{- \.Values\.valkeyConfig \| nindent 4 \}\}", "# moved", "upgrade-value"),
    ],
)
def test_a_break_in_the_next_version_is_found(
    profile: str, file: str, pattern: str, new: str, code: str, run: Run, tmp_path: Path, repository: ChartRepository
) -> None:
    version, chart = next_version(tmp_path, profile)
    edit(chart / file, pattern, new)
    repository.add(archive(profile))
    repository.add(chart)
    exit_code, output, _ = run("upgrade", str(config(tmp_path, profile, repository.url)), "--chart", version, "--json")
    assert exit_code == 1
    assert code in {finding["code"] for finding in json.loads(output)["findings"]}


def test_a_version_that_the_index_does_not_have_is_one_line(run: Run, tmp_path: Path, repository: ChartRepository) -> None:
    repository.add(archive("groundhog2k"))
    code, output, errors = run("upgrade", str(config(tmp_path, "groundhog2k", repository.url)), "--chart", "2.4.9")
    assert (code, output) == (3, "")
    assert "helm ended with exit code 1" in errors
    assert "2.4.9" in errors
    assert "Traceback" not in errors


def test_a_repository_without_an_index_is_one_line(run: Run, tmp_path: Path, repository: ChartRepository) -> None:
    shutil.copy(archive("groundhog2k"), tmp_path / "repository/charts")
    code, _, errors = run("upgrade", str(config(tmp_path, "groundhog2k", repository.url)), "--chart", "2.4.4")
    assert code == 3
    assert "index.yaml" in errors
