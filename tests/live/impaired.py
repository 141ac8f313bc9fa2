"""Programs that are paused or slow, and a config that differs from what runs."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.live.lab import Lab
from tests.live.repeating import repeated

OTHER = "config/other.yaml"


def other(lab: Lab, changes: Mapping[str, Any]) -> str:
    """Write a config that differs from what runs, and return its path."""
    content = json.loads((lab.repository.folder / "config/lab.yaml").read_text())
    for section, values in changes.items():
        content[section] = {**content.get(section, {}), **values} if isinstance(values, dict) else values
    (lab.repository.folder / OTHER).write_text(json.dumps({**content, "name": "other"}))
    return OTHER


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """Stop a process meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def slow(pid: int) -> Iterator[None]:
    """Let a process run for a tenth of the time only."""

    def stop() -> None:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.09)
        os.kill(pid, signal.SIGCONT)

    with repeated(stop, 0.01):
        yield
