"""`--from outside`: a connection that fails is a proof only while Redis runs."""

from __future__ import annotations

import errno
import socket

import pytest

from rediskit.errors import MissingToolError, Problem
from rediskit.live import direct
from rediskit.live.checks import Result, result
from rediskit.renderers.verification.checks import Status
from tests.samples import environment_of

REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def outside(monkeypatch: pytest.MonkeyPatch, error: OSError, ping: Status | None = "passed", address: str = "192.168.4.203") -> Result:
    """Return the result. ping: what a pod reports; None where kubectl fails."""

    def connect(*_: object) -> socket.socket:
        raise error

    def run_job(*_: object) -> list[Result]:
        if ping is None:
            raise MissingToolError(Problem("kubectl is not installed", "install it"))
        return [result("resolves", "redis", "cluster:redis", "passed"), result("ping", "redis", "cluster:redis", ping, "", "no answer")]

    monkeypatch.setattr(direct, "_allowed", lambda *_: "")
    monkeypatch.setattr(direct, "run_job", run_job)
    monkeypatch.setattr(direct, "external_addresses", lambda *_: [address])
    monkeypatch.setattr("socket.create_connection", connect)
    return direct.refused_outside(environment_of(), "")


@pytest.mark.parametrize("error", [REFUSED, TimeoutError("timed out"), TimeoutError(errno.ETIMEDOUT, "Connection timed out")])
def test_a_refused_connection_passes_while_a_pod_reaches_redis(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    assert outside(monkeypatch, error).status == "passed"


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EMFILE])
def test_an_error_of_this_machine_is_unknown(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    assert outside(monkeypatch, OSError(number, "this machine")).status == "unknown"


def test_a_redis_that_is_down_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [outside(monkeypatch, REFUSED, ping) for ping in ("failed", "unknown", None)]
    assert [each.status for each in listed] == ["unknown"] * 3
    assert "kubectl is not installed" in listed[-1].detail
    without = outside(monkeypatch, REFUSED, address="192.168.4.204")
    assert (without.status, "192.168.4.204" in without.detail) == ("unknown", True)
