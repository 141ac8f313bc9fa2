"""A small Redis client: one connection, one command at a time."""

from __future__ import annotations

import socket
from typing import Any


class RedisError(Exception):
    """An error that Redis answered; the text begins with its code, such as READONLY."""


class Connection:
    """A connection to a Redis. Raises OSError when it breaks, RedisError for an error answer."""

    def __init__(self, host: str, port: int, password: str = "", seconds: float = 2) -> None:
        self._socket = socket.create_connection((host, port), seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        if password:
            try:
                self.call("AUTH", password)
            except BaseException:
                self.close()
                raise

    def call(self, *arguments: str | int) -> Any:
        self.send(*arguments)
        return self.read()

    def send(self, *arguments: str | int) -> None:
        parts = [str(argument).encode() for argument in arguments]
        self._socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))

    def read(self) -> Any:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionResetError("the connection ended")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._file.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        raise ConnectionResetError(f"no Redis answers like {line!r}")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def fields(info: str) -> dict[str, str]:
    """Return the fields of an INFO answer."""
    return dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
