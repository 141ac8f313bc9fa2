"""A network between two pods that carries less than they send."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import closing, suppress
from types import TracebackType

_PIECE = 16384


class SlowLink:
    """An address that leads to another one. bytes_per_second: what it carries towards the side that connects."""

    def __init__(self, target: tuple[str, int], bytes_per_second: int) -> None:
        self._target, self._pause = target, _PIECE / bytes_per_second
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()

    def __enter__(self) -> SlowLink:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target, 5)
            for end in (client, server):
                end.settimeout(None)
                # Small buffers, so that what is not carried yet stays where it was sent.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _PIECE)
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PIECE)
            threading.Thread(target=self._copy, args=(client, server, 0.0), daemon=True).start()
            threading.Thread(target=self._copy, args=(server, client, self._pause), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, pause: float) -> None:
        with suppress(OSError), closing(source), closing(target):
            while data := source.recv(_PIECE):
                target.sendall(data)
                time.sleep(pause * len(data) / _PIECE)
