"""Loopback addresses and ports of one lab: a block 127.x.y.0/24 of its own, and ports that are free on all of it."""

from __future__ import annotations

import random
import socket
from itertools import count


class Addresses:
    """Addresses of Services and pods. A pod that is created again gets another address, as in Kubernetes."""

    def __init__(self) -> None:
        self._block = f"127.{random.randint(8, 250)}.{random.randint(1, 250)}"
        self._services = count(3)
        self.external = f"{self._block}.2"
        """What a LoadBalancer has."""
        self._pods = count(20)
        self.redis_port = self._free_port()
        self.metrics_port = self._free_port()

    def service(self) -> str:
        return f"{self._block}.{next(self._services)}"

    def pod(self) -> str:
        return f"{self._block}.{next(self._pods)}"

    def _free_port(self) -> int:
        """Return a port that is free on the first address, and with it on the others: nothing else uses this block."""
        with socket.socket() as listener:
            listener.bind((f"{self._block}.1", 0))
            return int(listener.getsockname()[1])
