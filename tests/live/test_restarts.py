"""Restarts of the primary: nothing that was acknowledged is lost."""

from __future__ import annotations

import signal

import pytest

from tests.live.conftest import Start


@pytest.mark.parametrize("version", ["7.0", "8.2"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_a_restart_of_the_primary_loses_no_acknowledged_write(start: Start, version: str, how: signal.Signals) -> None:
    lab = start(f"restart-{how.name.lower()}-{version}", version=version)
    lab.wait_for_replicas()
    with lab.writing() as writer:
        lab.mark(how.name)
        lab.primary.kill("redis", how)
        writer.wait_for_more(200)
    outcome = lab.outcome(writer)
    lab.record(outcome)
    assert outcome.lost == 0
    assert lab.primary.containers["redis"].restarts == 1
