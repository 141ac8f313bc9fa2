"""The chart of an application that Helm installs: its source and its version stay during the migration."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.yamlio.writer import dump
from tests.cli.test_export import disk
from tests.cli.test_helm_owner import at, exported, owner, release
from tests.cli.test_helm_owner import run as run
from tests.conftest import Run
from tests.renderers.owner_build import Object
from tests.samples import config


def from_oci(ref: Object | None, **reference: str) -> tuple[Object, ...]:
    """Return a HelmRelease with a chart in an OCI registry, and its OCIRepository."""
    content = release({"spec": {"chartRef": {"kind": "OCIRepository", "name": "shop-chart", **reference}}})
    del content["spec"]["chart"]
    metadata = {"name": "shop-chart", "namespace": "shop"}
    source = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository", "metadata": metadata}
    return (content, {**source, "spec": {"interval": "10m", "url": "oci://registry.example.org/shop", "ref": ref}}) if ref else (content,)


DIGEST = "4f2c8e0d11aa" + "0" * 52


SOURCES: dict[str, tuple[tuple[Object, ...], str]] = {
    "the same tag": (from_oci({"tag": "1.2.3"}), ""),
    "the same tag with v": (from_oci({"tag": "v1.2.3"}), ""),
    "the same digest": (from_oci({"digest": f"sha256:{DIGEST}", "tag": "9.9.9"}), ""),
    "not in the build": (from_oci(None), ""),
    "another tag": (
        from_oci({"tag": "1.3.0"}),
        "[release-chart]: OCIRepository/shop-chart takes 1.3.0, and HelmRelease/shop had chart version 1.2.3+4f2c8e0d11aa before",
    ),
    "another digest": (from_oci({"digest": f"sha256:{'9' * 64}"}), "[release-chart]: OCIRepository/shop-chart takes sha256:999"),
    "semver wins over the tag": (from_oci({"tag": "1.2.3", "semver": "1.x"}), "[release-settings]: OCIRepository/shop-chart takes 1.x"),
    "a moving tag": (from_oci({"tag": "latest"}), "[release-settings]: OCIRepository/shop-chart takes latest"),
    "no ref": (from_oci({"insecure": False}), "[release-settings]: OCIRepository/shop-chart takes latest"),
    "another repository": (
        from_oci({"tag": "1.2.3"}, name="other"),
        "[release-chart]: HelmRelease/shop takes its chart from OCIRepository/other, and owner.release from OCIRepository/shop-chart",
    ),
    "a chart of its own": (
        (release(),),
        "[release-chart]: HelmRelease/shop takes its chart from spec.chart, and owner.release from OCIRepository/shop-chart",
    ),
}


@pytest.mark.parametrize("case", SOURCES)
def test_the_chart_of_a_chart_ref_stays_during_the_migration(tmp_path: Path, run: Run, case: str) -> None:
    objects, message = SOURCES[case]
    top = owner(tmp_path, *objects)
    before = disk(top)
    installed = {"kind": "installed", "step": "prepare", "at": "2026-03-01T12:00:00Z", "by": "measured", "value": "1.2.3+4f2c8e0d11aa"}
    for step in ("scale-down", "reconfigure", "validate"):
        migration = {**config(step)["clients"][0]["migration"], "evidence": [installed]}
        file = at(tmp_path, step, content=from_oci(None)[0], client={"migration": migration})
        code, _, errors = run("migrate", "export", file, "--to", "owner/prod", "--dry-run")
        assert (code, message in errors) == (1 if message else 0, True), (step, errors)
        assert disk(top) == before


def test_another_chart_than_that_of_the_release_is_refused(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, release())
    for name, version, message in (
        ("app", "2.0.0", "is version 2.0.0, and HelmRelease/shop installs 1.2.3"),
        ("web", "1.2.3", "is the chart web"),
    ):
        chart = tmp_path / "charts" / name
        chart.mkdir(parents=True, exist_ok=True)
        (chart / "Chart.yaml").write_text(dump({"apiVersion": "v2", "name": name, "version": version}), encoding="utf-8")
        code, _, errors = exported(run, tmp_path, "scale-down", "--chart", str(chart))
        assert (code, message in errors, "[chart-file]" in errors) == (1, True, True), errors
