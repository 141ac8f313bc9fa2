"""Commands in processes of their own: forked from this one, so that nothing is imported again, and bounded in time and memory."""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import NamedTuple

MEMORY = 3 * 1024**3
"""Bytes of address space for one command: a guard against input that grows in memory."""


class Ended(NamedTuple):
    """How a command ended. code: negative for a signal; None where the time limit ended it."""

    code: int | None
    stdout: str
    stderr: str
    seconds: float

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


def warm_up() -> None:
    """Import what commands import, so that each fork begins with it."""
    import pkgutil

    import rediskit

    for module in pkgutil.walk_packages(rediskit.__path__, "rediskit."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def command(
    arguments: Sequence[str],
    folder: Path,
    *,
    environment: Mapping[str, str | None] | None = None,
    stdin: bytes = b"",
    limit: float = 30.0,
    before: Callable[[], None] | None = None,
) -> Ended:
    """Run `rediskit` with arguments in a folder.

    Args:
        arguments: what comes after `rediskit`.
        folder: where the command runs. Its parent gets the files with the output.
        environment: variables on top of ours; None removes one.
        stdin: what the command reads.
        limit: seconds; then the command and what it started is killed.
        before: a call in the new process, before the command.
    """
    files = [os.memfd_create(name) for name in ("stdin", "stdout", "stderr")]
    os.pwrite(files[0], stdin, 0)
    begin = monotonic()
    child = os.fork()
    if child == 0:
        try:
            _become(arguments, folder, environment or {}, files, before)
        finally:
            os._exit(70)
    code = _wait(child, limit)
    seconds = monotonic() - begin
    texts = [os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace") for file in files[1:]]
    for file in files:
        os.close(file)
    return Ended(code, texts[0], texts[1], seconds)


def _become(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str | None], files: list[int], before: Callable[[], None] | None
) -> None:
    import gc
    import tempfile

    import rediskit.cli

    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it lives as long as the process
    sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for name, value in environment.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    tempfile.tempdir = None
    try:
        os.chdir(folder)
        if before:
            before()
        gc.collect()
        code = rediskit.cli.main(list(arguments))
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001 - what escapes the command is what the tests look for
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _wait(child: int, limit: float) -> int | None:
    """Wait for a process; what it started and left is killed in any case."""
    handle = os.pidfd_open(child)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        late = not poll.poll(limit * 1000)
        try:
            os.killpg(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            os.kill(child, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return None if late else code
    finally:
        os.close(handle)
