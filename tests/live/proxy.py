"""What kube-proxy is in a cluster: a Service address whose new connections go to a ready pod that the selector matches.

An open connection stays with its pod when the selector changes, as it does there.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

_BUFFER = 65536
_CONNECT_SECONDS = 1.0

Endpoint = tuple[str, int]


class Proxy:
    """One Service. endpoints: the addresses that a new connection may go to."""

    def __init__(self, address: str, port: int, endpoints: Callable[[], Sequence[Endpoint]]) -> None:
        self.address, self.port = address, port
        self._endpoints = endpoints
        self._turn = 0
        self._listener = socket.create_server((address, port), backlog=512)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client):
            endpoints = self._endpoints()
            if not endpoints:
                return
            self._turn += 1
            try:
                server = socket.create_connection(endpoints[self._turn % len(endpoints)], _CONNECT_SECONDS)
            except OSError:
                return
            server.settimeout(None)
            with closing(server):
                threading.Thread(target=_copy, args=(server, client), daemon=True).start()
                _copy(client, server)


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copy bytes until one side ends, then end both."""
    with suppress(OSError):
        while data := source.recv(_BUFFER):
            target.sendall(data)
    for side in (source, target):
        with suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)
