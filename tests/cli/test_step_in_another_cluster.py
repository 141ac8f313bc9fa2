"""`rediskit migrate step --wait` with the context of another cluster than that of earlier evidence."""

from __future__ import annotations

import pytest

from tests.cli.cluster_double import Double
from tests.cli.test_evidence_of_clusters import EARLIER
from tests.cli.test_step import Place, take
from tests.cli.test_step import cluster as cluster
from tests.cli.test_step import place as place
from tests.conftest import Run


def in_production(place: Place) -> None:
    """Let the config have evidence of another cluster, and commit it."""
    file = place.here.folder / "config/chocolandia.yaml"
    text = file.read_text()
    assert text.count("evidence:\n") == 1
    keys = ", ".join(f"{key}: {value}" for key, value in {**EARLIER, "at": "2026-03-01T21:00:00-03:00"}.items())
    file.write_text(text.replace("evidence:\n", f"evidence:\n    - {{{keys}}}\n", 1))
    place.here.git("commit", "--quiet", "--all", "--message", "evidence")
    place.here.git("push", "--quiet")


@pytest.mark.parametrize("before", [(), ("scale-down",)], ids=["of the application", "of the platform"])
def test_a_step_refreshes_nothing_in_another_cluster(cluster: Double, place: Place, run: Run, before: tuple[str, ...]) -> None:
    take(run, *before) if before else None
    in_production(place)
    refreshed = len(cluster.calls("annotate"))
    code, _, errors = take(run, "deploy" if before else "scale-down")
    assert (code, "error[verify-cluster]: this is cluster 0c8a7f1e, and earlier evidence is from cluster of-production" in errors) == (
        1,
        True,
    ), errors
    assert len(cluster.calls("annotate")) == refreshed
