"""The client of Prometheus: a server without HTTP, or a response that ends early, is no answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rediskit.errors import MissingToolError
from rediskit.live.prometheus import prometheus_of
from tests.samples import environment_of

CUT = b"HTTP/1.1 %s\r\nContent-Length: 100\r\n\r\n{"


@contextmanager
def server(answer: bytes) -> Iterator[str]:
    """Yield the URL of a server that sends this to each client."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            client, _ = listening.accept()
            with client:
                client.recv(65536)
                client.sendall(answer)

        thread = threading.Thread(target=run)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "BadStatusLine SSH-2.0-OpenSSH_9.2"),
        (b"x" * 70000, "LineTooLong"),
        (CUT % b"200 OK", "IncompleteRead"),
        (CUT % b"503 Service Unavailable", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\n\r\nnot JSON", "it returned no JSON"),
    ],
)
def test_a_server_that_is_no_prometheus_does_not_answer(answer: bytes, reason: str) -> None:
    with server(answer) as url, pytest.raises(MissingToolError, match=f"Prometheus does not answer: .*{reason}"):
        prometheus_of(environment_of(), url, "").query("up")


def test_a_success_without_data_has_no_series() -> None:
    with server(b'HTTP/1.1 200 OK\r\n\r\n{"status": "success"}') as url:
        assert prometheus_of(environment_of(), url, "").query("up") == []


def test_an_invalid_url_is_not_repeated_in_the_message() -> None:
    with pytest.raises(MissingToolError) as caught:
        prometheus_of(environment_of(), "http://ana:hunter2@host:x", "").query("up")
    assert "no valid host and port" in str(caught.value)
    assert "hunter2" not in str(caught.value)
