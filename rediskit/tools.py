"""The one place that starts other programs: arguments as a list, a time limit, the exit codes that are taken, a clear error."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rediskit.errors import MissingToolError, Problem, visible

SHOWN_LINES = 10
"""How many of the last lines of a program's standard error an error repeats."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start, and what is taken from it. Nothing of it but the program's name ever stands in an error."""

    program: Path
    """As `find` gives it."""

    arguments: Sequence[str | Path] = ()
    """Handed over as they are; no shell reads them. Others on the machine can see them: a secret belongs into `stdin`."""

    cwd: Path | None = None
    """The folder that it runs in; ours when None."""

    stdin: bytes = field(default=b"", repr=False)
    """What it reads; it never reads from our terminal."""

    timeout: float = 60.0
    """Seconds. After that it is killed, with everything that it started in its process group."""

    exit_codes: frozenset[int] = frozenset({0})
    """Those that are an answer and not a failure, such as 1 of a program that compares."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables on top of ours."""

    secrets: Sequence[str] = field(default=(), repr=False)
    """Texts that no error may repeat, plain or in base64, should the program say them."""


@dataclass(frozen=True, slots=True)
class Completed:
    """How a program ended: with one of the command's exit codes."""

    exit_code: int
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)


def find(name: str, variable: str) -> Path:
    """Where a program is: the file that the environment variable names, when it is set; else the first on PATH. Nowhere else.

    Args:
        name: the program, such as `kubeconform`.
        variable: the environment variable without `$`, such as `KUBECONFORM`. An empty value counts as not set.

    Returns:
        An absolute path of a file that may be executed.

    Raises:
        MissingToolError: there is none.
    """
    named = os.environ.get(variable)
    found = shutil.which(Path(named).absolute() if named else name, path=os.environ.get("PATH", ""))
    if found:
        return Path(found).absolute()
    if named:
        message = f"${variable} is {named}, " + ("which may not be executed" if Path(named).exists() else "where there is no file")
        raise MissingToolError(Problem(message, f"name the program {name} with it, or unset it to have {name} looked for on PATH"))
    raise MissingToolError(Problem(f"{name} is not on PATH", f"install {name}, or name the file with ${variable}"))


def run(command: Command) -> Completed:
    """Starts a program and waits for its end.

    Raises:
        MissingToolError: it could not be started, took longer than its time limit, or ended with another exit code.
    """
    name = command.program.name
    try:
        process = subprocess.Popen(
            [command.program, *command.arguments],
            cwd=command.cwd,
            env={**os.environ, **command.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise MissingToolError(Problem(f"{name} could not be started: {error.strerror}", f"see whether {command.program} runs")) from None
    with process:
        try:
            stdout, stderr = process.communicate(command.stdin, command.timeout)
        except subprocess.TimeoutExpired as expired:
            _kill(process)
            message = f"{name} did not end within {command.timeout:g} s and was killed"
            raise MissingToolError(Problem(message, _last_lines(expired.stderr or b"", command.secrets))) from None
        except BaseException:
            _kill(process)
            raise
    if process.returncode not in command.exit_codes:
        raise MissingToolError(Problem(f"{name} {_ending(process.returncode)}", _last_lines(stderr, command.secrets)))
    return Completed(process.returncode, stdout, stderr)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Its whole group, which start_new_session made; an interrupted wait may have seen its end already."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    return f"ended with exit code {code}" if code >= 0 else f"was killed by signal {-code}"


def _last_lines(stderr: bytes, secrets: Sequence[str]) -> str:
    text = stderr.decode(errors="replace")
    for secret in secrets:
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            text = text.replace(form, "***") if form else text
    lines = printable_lines(text, last=SHOWN_LINES)
    return f"its standard error: {lines}" if lines else "its standard error is empty"


def printable_lines(text: str, last: int = 0) -> str:
    """Return the lines of a text that are not empty, for the hint of a problem: unprintable characters escaped, later lines indented.

    Args:
        text: what a program printed.
        last: how many of the last lines to keep; 0 keeps all.
    """
    lines = [visible(line).rstrip() for line in text.splitlines()]
    return "\n  ".join([line for line in lines if line][-last:])
