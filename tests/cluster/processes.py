"""The programs of the control plane: started with a log each, stopped by process id even when a test dies."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 10.0
_SHOWN_LINES = 25
GARBAGE = "400"
"""GOGC, in percent: with Go's default of 100 a fifth of two busy cores collects garbage, and memory is not what is scarce."""


T = TypeVar("T")


class FailedError(AssertionError):
    """What was waited for did not come, or a program ended; the text has the last state."""


def free_port() -> int:
    """Return a port of 127.0.0.1 without a listener."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def until(what: str, look: Callable[[], T | None], seconds: float = 60, pause: float = 0.2) -> T:
    """Return the first result of `look` that is not None. Raises FailedError after `seconds`.

    `look` may raise FailedError with what is still missing: it is shown when time is up.
    """
    end = time.monotonic() + seconds
    seen = ""
    while True:
        try:
            value = look()
        except FailedError as missing:
            value, seen = None, f": {missing}"
        if value is not None:
            return value
        if time.monotonic() > end:
            raise FailedError(f"{what} was not seen within {seconds:.0f} s{seen}")
        time.sleep(pause)


@dataclass
class Program:
    """A program and how it is started."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it; its log goes on where it ended."""
        assert self.process is None, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in self.command],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Stop it and all programs that it started."""
        process, self.process = self.process, None
        if process is None:
            return
        for attempt in (how, signal.SIGKILL):
            _signal_group(process.pid, attempt)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            break
        _signal_group(process.pid, signal.SIGKILL)

    def last_lines(self) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(f"    {line[:300]}" for line in text.splitlines()[-_SHOWN_LINES:])


class Programs:
    """All programs of one run, stopped in the opposite order of their start."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs: dict[str, Program] = {}

    def start(self, name: str, *command: str | Path, environment: Mapping[str, str] | None = None) -> Program:
        """Start a program with an environment of PATH, HOME and what is given. HOME is a folder of its own."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        basic = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TMPDIR": str(folder), "GOGC": GARBAGE}
        program = Program(name, command, {**basic, **(environment or {})}, folder, self.folder / f"{name}.log")
        self._programs[name] = program
        program.start()
        return program

    def __getitem__(self, name: str) -> Program:
        return self._programs[name]

    def check(self) -> None:
        """Fail if a program has ended unexpectedly. Raises FailedError."""
        for program in self._programs.values():
            if program.process is not None and not program.alive():
                raise FailedError(f"{program.name} ended with {program.process.returncode}; its log ends:\n{program.last_lines()}")

    def stop(self) -> None:
        """Stop all of them."""
        for program in reversed(self._programs.values()):
            program.stop()


def _signal_group(group: int, what: signal.Signals) -> None:
    try:
        os.killpg(group, what)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """Linux ends the program when the test run ends, however that comes about (prctl(2)); elsewhere only `stop` does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
