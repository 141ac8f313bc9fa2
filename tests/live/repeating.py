"""What happens again and again beside a test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.live.resp import RedisError


@contextmanager
def repeated(action: Callable[[], None], pause: float = 0) -> Iterator[None]:
    """Call `action` after each pause, in seconds, while the block runs. An answer that refuses it is part of the fault."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(pause):
            with suppress(OSError, RedisError, KeyError):
                action()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
