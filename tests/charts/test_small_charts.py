"""The small charts of tests/cluster/charts render what the real ones render from the values of rediskit, except for scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.charts.archives import ROOT, archive
from tests.charts.templates import Rendered, objects, template

PROFILE = "cloudpirates"
SMALL = ROOT / "tests/cluster/charts" / PROFILE
VARIANTS: dict[str, dict[str, Any]] = {
    "default": {},
    "replicas": {"redis": {"replicas": 3, "disabledCommands": []}},
    "alone": {"redis": {"replicas": 0}, "monitoring": {"enabled": False}},
}
SCRIPTS = ("command", "checksum/config", "redis.conf")
"""Keys whose text differs: start scripts, probes, comments in redis.conf, and the digest of the comments."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_small_chart_renders_the_objects_of_the_real_chart(variant: str, tmp_path: Path) -> None:
    rendered = Rendered(PROFILE, VARIANTS[variant], tmp_path)
    values = tmp_path / "values.yaml"
    rendered.template()
    release = rendered.release
    real, ours = (objects(template(chart, release.name, release.namespace, values)) for chart in (archive(PROFILE), SMALL))
    assert _by_name(ours) == _by_name(real)


def _by_name(listed: list[dict[str, Any]]) -> dict[str, Any]:
    return {f"{content['kind']}/{content['metadata']['name']}": _without_scripts(content) for content in listed}


def _without_scripts(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_scripts(value) for key, value in content.items() if key not in SCRIPTS}
    return [_without_scripts(value) for value in content] if isinstance(content, list) else content
