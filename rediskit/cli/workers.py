"""Run a function for many items in forked processes, with the results in order."""

from __future__ import annotations

import gc
import os
import pickle
import selectors
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from traceback import format_exception
from typing import Any, NamedTuple, NoReturn, TypeVar

from rediskit.errors import MissingToolError, Problem

Item = TypeVar("Item")
Result = TypeVar("Result")

_LENGTH = 8
"""Bytes of the length before each message."""
_CHUNK = 1 << 20
_PATIENCE = 5.0
"""Seconds until a worker that does not end is killed."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Worker(NamedTuple):
    """A process, the pipe with its results, and the bytes of the next ones."""

    process: int
    pipe: int
    buffer: bytearray


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_processes(function: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Iterator[Result]:
    """Yield the result of a function for each item, in the order of the items. The workers end with the iterator.

    The workers are copies of this process, so the function can be a closure; its results are pickled. Raises what the function raises for
    the first such item, and MissingToolError if a worker was killed.
    """
    workers: list[_Worker] = []
    try:
        for number in range(jobs):
            workers.append(_started(function, items[number::jobs], workers))
        yield from _in_order(workers, len(items))
    finally:
        _end(workers)


def _started(function: Callable[[Item], Result], items: Sequence[Item], others: Sequence[_Worker]) -> _Worker:
    with _signals_wait():  # A signal between the fork and the first line of the worker would run the handlers of the command in both.
        reader, writer = os.pipe()
        process = os.fork()
        if process:
            os.close(writer)
            return _Worker(process, reader, bytearray())
        for pipe in (reader, *(other.pipe for other in others)):
            os.close(pipe)
        _work(function, items, writer)


@contextmanager
def _signals_wait() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(function: Callable[[Item], Result], items: Sequence[Item], writer: int) -> NoReturn:
    """Write the results into the pipe and end the process, without the output and the cleanup of the command that it is a copy of."""
    code = 1
    try:
        gc.freeze()  # A collection does not read, and so copy, the memory that the processes share.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        with os.fdopen(writer, "wb", buffering=0) as stream:
            for item in items:
                message = _message(function, item)
                _write(stream.fileno(), len(message).to_bytes(_LENGTH, "big") + message)
        code = 0
    finally:
        os._exit(code)


def _write(pipe: int, message: bytes) -> None:
    view = memoryview(message)
    while view:
        view = view[os.write(pipe, view) :]


def _message(function: Callable[[Item], Result], item: Item) -> bytes:
    """Return the pickled result of an item, or the error with its traceback as a note."""
    try:
        return pickle.dumps((function(item), None), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - the command raises it
        error.add_note("".join(format_exception(error)))
        try:
            return pickle.dumps((None, error), pickle.HIGHEST_PROTOCOL)
        except Exception:  # noqa: BLE001 - an error that can't be pickled
            return pickle.dumps((None, RuntimeError("\n".join(error.__notes__))))


def _in_order(workers: Sequence[_Worker], count: int) -> Iterator[Any]:
    """Yield the results of the items in turn: that of item `n` comes from worker `n % len(workers)`."""
    with selectors.DefaultSelector() as selector:
        for worker in workers:
            selector.register(worker.pipe, selectors.EVENT_READ, worker.buffer)
        for number in range(count):
            worker = workers[number % len(workers)]
            while (message := _first_message(worker.buffer)) is None:
                if worker.pipe not in selector.get_map():
                    raise MissingToolError(Problem("a worker process was killed before it was done", "free memory, or use --jobs 1"))
                _receive(selector)
            result, error = pickle.loads(message)
            if error is not None:
                raise error
            yield result


def _receive(selector: selectors.BaseSelector) -> None:
    """Read what the workers have written, so that none of them waits. A worker at its end leaves the selector."""
    for key, _ in selector.select():
        if chunk := os.read(key.fd, _CHUNK):
            key.data.extend(chunk)
        else:
            selector.unregister(key.fd)


def _first_message(buffer: bytearray) -> bytes | None:
    """Return the first message of a buffer and remove it; None while it is incomplete."""
    end = _LENGTH + int.from_bytes(buffer[:_LENGTH], "big")
    if len(buffer) < end or len(buffer) < _LENGTH:
        return None
    message = bytes(buffer[_LENGTH:end])
    del buffer[:end]
    return message


def _end(workers: Sequence[_Worker]) -> None:
    """End all workers and wait for them. One that is done ends by itself."""
    for worker in workers:
        os.close(worker.pipe)
        with suppress(ProcessLookupError):
            os.kill(worker.process, signal.SIGTERM)
    limit = time.monotonic() + _PATIENCE
    for worker in workers:
        while os.waitpid(worker.process, os.WNOHANG) == (0, 0):
            if time.monotonic() > limit:
                os.kill(worker.process, signal.SIGKILL)
            time.sleep(0.001)
