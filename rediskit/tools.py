"""Start other programs with a list of arguments, a time limit and expected exit codes. No other module starts programs."""

import base64
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from rediskit.errors import MissingToolError, Problem, visible

SHOWN_LINES = 10
"""The number of last lines of standard error in an error message."""
_KLOG = r"(?m)^[IWEF][0-9]{4} [0-9:.]+ +[0-9]+ [^ ]+\.go:[0-9]+\] .*$"
"""A line of the log library of Kubernetes. kubectl repeats a failed connection five times in this form before its own message."""


class Command(NamedTuple):
    """A program to start. Errors contain only the name of the program.

    Attributes:
        arguments: The arguments, without a shell. Other users can see them: pass a secret in `stdin`.
        cwd: The folder to run in; None for the current one.
        stdin: The standard input. The program never reads from the terminal.
        timeout: Seconds until the program and its process group are killed.
        exit_codes: The exit codes that are not an error.
        secrets: Texts that are masked in error messages, in plain text and in base64.
    """

    program: Path
    arguments: Sequence[str | Path] = ()
    cwd: Path | None = None
    stdin: bytes = b""
    timeout: float = 60.0
    exit_codes: frozenset[int] = frozenset({0})
    environment: Mapping[str, str] = MappingProxyType({})
    secrets: Sequence[str] = ()

    def __repr__(self) -> str:
        return f"Command({self.program.name})"


class Completed(NamedTuple):
    """The result of a program that ended with an expected exit code."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    def __repr__(self) -> str:
        return f"Completed({self.exit_code})"


def find(name: str, variable: str) -> Path:
    """Return the absolute path of a program: the file in an environment variable, unless empty, or the first match on PATH.

    Raises MissingToolError when the program does not exist or is not executable.
    """
    configured = os.environ.get(variable)
    program = shutil.which(Path(configured).absolute() if configured else name, path=os.environ.get("PATH", ""))
    if program:
        return Path(program).absolute()
    if configured:
        message = f"${variable} is {configured}, which {'is not executable' if Path(configured).exists() else 'does not exist'}"
        raise MissingToolError(Problem(message, f"set ${variable} to the path of {name}, or unset it to search PATH"))
    raise MissingToolError(Problem(f"{name} is not on PATH", f"install {name}, or set ${variable} to its path"))


def run(command: Command) -> Completed:
    """Run a program until it ends.

    Raises MissingToolError when it could not be started, exceeded its time limit, or ended with an unexpected exit code.
    """
    name = command.program.name
    _announce(command)
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
        raise MissingToolError(Problem(f"{name} could not be started: {error.strerror}", f"check whether {command.program} runs")) from None
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


def _announce(command: Command) -> None:
    """Log the command line, for --verbose and for the progress on a terminal."""
    import logging  # Only commands that start a program need both.
    import shlex

    logging.getLogger(__name__).info("%s", shlex.join((command.program.name, *map(str, command.arguments))))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group, which `start_new_session` created. It can have ended already."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    return f"ended with exit code {code}" if code >= 0 else f"was killed by signal {-code}"


def _last_lines(stderr: bytes, secrets: Sequence[str]) -> str:
    text = stderr.decode(errors="replace")
    for secret in secrets:
        for form in (secret, base64.b64encode(secret.encode()).decode()):
            text = text.replace(form, "***") if form else text
    lines = printable_lines(re.sub(_KLOG, "", text), last=SHOWN_LINES) or printable_lines(text, last=SHOWN_LINES)
    return f"its standard error: {lines}" if lines else "its standard error is empty"


def printable_lines(text: str, last: int = 0) -> str:
    """Return the lines of a program's output that are not empty, for a hint: unprintable characters escaped, later lines indented.

    `last` is the number of last lines to keep; 0 keeps all.
    """
    lines = [visible(line).rstrip() for line in text.splitlines()]
    return "\n  ".join([line for line in lines if line][-last:])
