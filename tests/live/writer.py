"""A client that writes one key after another and logs every acknowledged write; `python -m tests.live.writer` is its process.

It behaves as docs/connection.md asks: limits for time, a new connection after every error, a pause between attempts.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.cluster.processes import Program, until
from tests.live.resp import Connection, RedisError

PREFIX = "live:"
_PAUSE = 0.05
LIMIT = 1.0
"""Seconds that it waits for a connection or an answer, unless a test needs more."""
_BATCH = 1000


class Entry(NamedTuple):
    """A line of the log. number: of the write, acknowledged where error is empty."""

    at: float
    number: int
    error: str


class Writer:
    """The process, its log, and what the log shows. A restart goes on with the next number, as a Deployment would with its next pod."""

    def __init__(self, folder: Path, host: str, port: int, pause: float = 0.001, limit: float = LIMIT) -> None:
        folder.mkdir(parents=True)
        self._folder, self._host, self._port, self._pause, self._limit = folder, host, port, pause, limit
        self.log = folder / "writes"
        self.log.touch()
        self._program: Program | None = None

    def start(self, password: str) -> None:
        entries = self.entries()
        first = entries[-1].number + 1 if entries else 0
        command = [sys.executable, "-m", "tests.live.writer", self._host, self._port, first, self._pause, self._limit, self.log]
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "REDIS_PASSWORD": password}
        self._program = Program("writer", [str(part) for part in command], environment, Path.cwd(), self._folder / "writer.log")
        self._program.start()

    def stop(self) -> None:
        if self._program:
            self._program.stop()
            self._program = None

    def entries(self) -> list[Entry]:
        """All whole lines of the log."""
        gaps = []
        for line in self.log.read_text().split("\n")[:-1]:
            at, number, error = line.split(" ", 2)
            gaps.append(Entry(float(at), int(number), error))
        return gaps

    def acknowledged(self) -> list[int]:
        return [entry.number for entry in self.entries() if not entry.error]

    def wait_for_more(self, writes: int = 20, seconds: float = 30) -> None:
        """Wait until so many further writes are acknowledged."""
        before = len(self.acknowledged())
        until(f"{writes} acknowledged writes", lambda: len(self.acknowledged()) >= before + writes or None, seconds, 0.3)

    def refused_seconds(self) -> float:
        """Seconds from the first error to the next acknowledged write, over all such times."""
        total, since = 0.0, None
        for entry in self.entries():
            if entry.error and since is None:
                since = entry.at
            elif not entry.error and since is not None:
                total += entry.at - since
                since = None
        return total

    def errors(self) -> Mapping[str, int]:
        """Return the first word of each error, and how often it came."""
        counts: dict[str, int] = {}
        for entry in self.entries():
            if entry.error:
                word = entry.error.split()[0]
                counts[word] = counts.get(word, 0) + 1
        return counts


def lost(numbers: list[int], connection: Connection) -> list[int]:
    """Return the acknowledged writes that this Redis does not have."""
    return [number for number, value in _values(numbers, connection) if value != str(number)]


def _values(numbers: list[int], connection: Connection) -> Iterator[tuple[int, str | None]]:
    for start in range(0, len(numbers), _BATCH):
        batch = numbers[start : start + _BATCH]
        yield from zip(batch, connection.call("MGET", *(f"{PREFIX}{number}" for number in batch)), strict=True)


def write(host: str, port: int, first: int, pause: float, limit: float, log: Path, password: str) -> None:
    """Write until the process ends."""
    number = first
    with log.open("a", buffering=1) as file:
        while True:
            try:
                with Connection(host, port, password, limit) as connection:
                    while True:
                        connection.call("SET", f"{PREFIX}{number}", number)
                        file.write(f"{time.time():.3f} {number} \n")
                        number += 1
                        time.sleep(pause)
            except (OSError, RedisError) as error:
                # The write that failed may have happened: its number is not used again.
                what = str(error) if isinstance(error, RedisError) else type(error).__name__
                file.write(f"{time.time():.3f} {number} {what}\n")
                number += 1
                time.sleep(_PAUSE)


if __name__ == "__main__":
    host, port, first, pause, limit, log = sys.argv[1:]
    write(host, int(port), int(first), float(pause), float(limit), Path(log), os.environ["REDIS_PASSWORD"])
