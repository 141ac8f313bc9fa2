"""One redis-server with the rendered redis.conf, without the pods and Services of a lab."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rediskit.renderers.helm import merged_values
from tests.checks.test_changes import Sections, environment
from tests.cluster.processes import until
from tests.live.chart import program
from tests.live.resp import Connection, RedisError, fields

KEYS = 5201


class Server:
    """A redis-server with a folder, started with what a config renders to."""

    def __init__(self, folder: Path, version: str, primary: Server | None = None) -> None:
        self.folder, self.version, self.primary = folder, version, primary
        folder.mkdir()
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = int(listener.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "log"

    def start(self, sections: Sections, version: str = "") -> None:
        """Start it with a config, and wait until it answers or has ended."""
        described = environment(sections)
        lines = [str(merged_values(described)["commonConfiguration"])]
        lines += [f'rename-command {name} ""' for name in described.redis.disabled_commands]
        lines += [f"dir {self.folder}", f"port {self.port}", "bind 127.0.0.1", f"logfile {self.log}"]
        if self.primary is not None:
            lines += [f"replicaof 127.0.0.1 {self.primary.port}", "repl-diskless-sync-delay 0"]
        (self.folder / "redis.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        binary = program(f"redis-server-{version or self.version}")
        self.process = subprocess.Popen([binary, self.folder / "redis.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("an answer of Redis or its end", lambda: self.ended or self._answers() or None, 30, 0.05)

    @property
    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def _answers(self) -> bool:
        try:
            return bool(self("PING") == "PONG")
        except (OSError, RedisError):
            return False

    def __call__(self, *arguments: str | int) -> Any:
        with Connection("127.0.0.1", self.port, seconds=10) as connection:
            return connection.call(*arguments)

    def info(self, name: str) -> str:
        return fields(self("INFO"))[name]

    def fill(self, count: int = KEYS, size: int = 10) -> None:
        with Connection("127.0.0.1", self.port, seconds=10) as connection:
            for number in range(count):
                connection.send("SET", f"key:{number}", "x" * size)
            for _ in range(count):
                connection.read()

    def stop(self) -> None:
        """As the kubelet stops it."""
        if self.process is not None and not self.ended:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)  # It waits 10 s for its replicas, and for the disk of a busy machine.

    def follows(self) -> bool | None:
        """Whether it has its primary's data."""
        return self.info("master_link_status") == "up" or None

    def rewritten(self) -> None:
        """Wait until the append-only file holds what the memory holds."""
        done = {"aof_rewrite_in_progress": "0", "aof_rewrite_scheduled": "0", "aof_last_bgrewrite_status": "ok"}
        until("the rewrite", lambda: all(self.info(name) == value for name, value in done.items()) or None, 30, 0.05)


Make = Callable[..., Server]
