"""Writes without a pause, and the memory that a server and its forks have meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from tests.live.lab import Lab
from tests.live.pods import Pod
from tests.live.repeating import repeated

_BATCH = 200
_PAUSE = 0.02
SIZE = 4096
"""Bytes of a value."""


def fill(lab: Lab, pod: Pod, keys: range) -> None:
    """Write these keys once, without waiting for each answer."""
    value = "x" * SIZE
    with lab.connect(pod) as connection:
        for start in range(keys.start, keys.stop, _BATCH):
            batch = range(start, min(start + _BATCH, keys.stop))
            for number in batch:
                connection.send("SET", f"load:{number}", value)
            for _ in batch:
                connection.read()


@contextmanager
def writes(lab: Lab, pod: Pod, keys: int) -> Iterator[None]:
    """Overwrite keys at random for as long as the block runs."""
    random = Random(1)

    def overwrite() -> None:
        start = random.randrange(0, keys, _BATCH)
        fill(lab, pod, range(start, start + _BATCH))

    with repeated(overwrite):
        yield


class Peak:
    """The largest amount of memory that a process and its children had at one moment, in bytes; shared pages count once."""

    def __init__(self, process: int) -> None:
        self.bytes = 0
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_PAUSE):
            self.bytes = max(self.bytes, sum(_pss(process) for process in (self._process, *_children(self._process))))


def _pss(process: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def _children(process: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []
