"""`rediskit upgrade` without a real chart: wrong charts and images, each with one line and its help."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.conftest import Run

CONFIG = Path(__file__).parents[1] / "valid/cloudpirates.yaml"
HINT = "  help: write the path of a chart: a folder, or the archive that helm pull writes\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helm: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HELM", str(helm))
    shutil.copy(CONFIG, "cloudpirates.yaml")


def packed(name: str, **files: str) -> str:
    """Write an archive with these files in the folder `redis`, and return its name."""
    with tarfile.open(name, "w:gz") as archive:
        for file, text in files.items():
            entry = tarfile.TarInfo(f"redis/{file.replace('_', '.')}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return name


def chart(folder: str, version: str, **objects: str) -> str:
    """Write a chart into a folder, and return its name."""
    place = Path(folder, "templates")
    place.mkdir(parents=True)
    Path(folder, "Chart.yaml").write_text(f"apiVersion: v2\nname: redis\nversion: {version}\n", encoding="utf-8")
    for name, text in objects.items():
        (place / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone.tgz", "gone.tgz is not a chart: "),
        ("text.tgz", "text.tgz is not a chart: "),
        ("empty.tgz", "empty.tgz is not a chart: it has no Chart.yaml"),
        ("list.tgz", "list.tgz is not a chart: its Chart.yaml has no name and version"),
        ("folder", "folder is not a chart: it has no Chart.yaml"),
    ],
)
def test_what_is_no_chart_is_refused(source: str, message: str, run: Run) -> None:
    Path("text.tgz").write_text("hello", encoding="utf-8")
    packed("empty.tgz", values_yaml="a: 1\n")
    packed("list.tgz", Chart_yaml="- a\n")
    Path("folder").mkdir()
    code, output, errors = run("upgrade", "cloudpirates.yaml", "--from-chart", source, "--chart", source)
    assert (code, output) == (2, "")
    assert errors.startswith(f"error[chart-file]: --from-chart: {message}")
    assert errors.count("\n") == 2
    if "the chart" not in message:
        assert errors.endswith(HINT)


def test_the_chart_of_another_profile_is_refused(run: Run) -> None:
    packed("valkey.tgz", Chart_yaml="name: valkey\nversion: 1.0.0\n")
    code, _, errors = run("upgrade", "cloudpirates.yaml", "--from-chart", "valkey.tgz", "--chart", "valkey.tgz")
    message = "--from-chart: valkey.tgz is the chart valkey, and the config has redis (Redis chart of CloudPirates)"
    assert (code, errors) == (2, f"error[chart-file]: {message}\n  help: choose a version of the chart in redis.chart\n")


@pytest.mark.parametrize("version", ["0.34.x", "^0.34", ">=0.34.0", "latest"])
def test_a_range_of_versions_is_no_chart(version: str, run: Run) -> None:
    here = chart("here", "0.34.18")
    code, _, errors = run("upgrade", "cloudpirates.yaml", "--from-chart", here, "--chart", version)
    assert (code, errors) == (2, f"error[chart-file]: --chart: {version} is not a chart: no such file or directory\n{HINT}")


@pytest.mark.parametrize("image", ["redis@sha256:12", "latest", "a b", "docker.io/library/redis", "UPPER/case:1"])
def test_what_is_no_image_is_refused(image: str, run: Run) -> None:
    code, _, errors = run("upgrade", "cloudpirates.yaml", "--from-chart", chart("here", "0.34.18"), "--image", image)
    assert code == 2
    assert errors == (
        f"error: --image: {image} is not an image with a tag or a digest\n"
        "  help: write a tag like 8.2.3, or an image like docker.io/library/redis:8.2.3\n"
    )


def test_without_a_chart_or_an_image_there_is_nothing_to_compare(run: Run) -> None:
    assert run("upgrade", "cloudpirates.yaml") == (2, "", "error: nothing to compare\n  help: set --chart, --image or both\n")


def test_a_chart_that_refuses_the_values_is_reported_in_one_line(run: Run) -> None:
    old, new = chart("old", "0.34.18"), chart("new", "0.34.19", refused='{{ fail "replicaCount is gone" }}\n')
    code, output, errors = run("upgrade", "cloudpirates.yaml", "--from-chart", old, "--chart", new)
    assert (code, output) == (1, "")
    assert errors.startswith("error: chart 0.34.19 refuses the values of the config\n  help: helm reports: ")
    assert "replicaCount is gone" in errors


def test_a_helm_that_is_missing_has_exit_code_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM", "/nowhere/helm")
    code, _, errors = run("upgrade", "cloudpirates.yaml", "--from-chart", chart("here", "0.34.18"), "--image", "8.12.0")
    assert (code, errors.splitlines()[0]) == (3, "error: $HELM is /nowhere/helm, which does not exist")


def test_a_removed_service_breaks_unless_the_config_accepts_it(run: Run) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: redis-shared-master}\nspec: {selector: {a: b}, ports: [{port: 6379}]}\n"
    charts = ["--from-chart", chart("old", "0.34.18", service=service), "--chart", chart("new", "0.34.19")]
    code, output, errors = run("upgrade", "cloudpirates.yaml", *charts)
    assert (code, output) == (1, "redis: chart 0.34.18 -> 0.34.19\nremoved:\n  Service/redis-shared-master\n")
    assert "error[upgrade-service]: redis.chart: Service/redis-shared-master is removed: clients and runbooks use the old name" in errors
    with Path("cloudpirates.yaml").open("a", encoding="utf-8") as config:
        config.write("accept:\n- {code: upgrade-service, on: redis.chart, reason: no client is left}\n")
    assert run("upgrade", "cloudpirates.yaml", *charts) == (0, output, "")
