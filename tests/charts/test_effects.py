"""Each effect of each profile, in the output of the real chart. The results are the table in docs/charts.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rediskit.chart.names import chart_kinds
from rediskit.chart.profiles import PROFILES
from rediskit.renderers.objects import group_kind
from tests.charts.effects import EFFECTS
from tests.charts.table import page, recorded
from tests.charts.templates import Rendered
from tests.charts.variants import variants

DOCS = Path(__file__).parents[2] / "docs/charts.md"


@pytest.mark.parametrize(("profile", "variant", "over"), variants(), ids=lambda value: value if isinstance(value, str) else "")
def test_the_real_chart_has_each_effect(profile: str, variant: str, over: Mapping[str, Any], tmp_path: Path) -> None:
    rendered = Rendered(profile, over, tmp_path)
    observed = {name: effect(rendered) for name, effect in EFFECTS.items()}
    kinds = {group_kind(content) for content in rendered.chart_objects}
    assert kinds == chart_kinds(PROFILES[profile], rendered.values), "the AppProject allows other kinds than the chart renders"
    if variant == "default":
        assert recorded(DOCS)[profile] == observed, f"write it into docs/charts.md:\n{page({profile: observed})}"


def test_an_effect_that_is_missing_is_found(tmp_path: Path) -> None:
    """Each function fails on a chart that gets none of the values."""
    wrong = Rendered("cloudpirates", {}, tmp_path)
    wrong.values = {"fullnameOverride": "redis-shared"}
    missed = []
    for name, effect in EFFECTS.items():
        try:
            effect(wrong)
        except (AssertionError, KeyError, ValueError):
            continue
        missed.append(name)
    assert missed == ["external Service, NetworkPolicy"], "these objects are of rediskit alone"
