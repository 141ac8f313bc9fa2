"""Standard input, for the options that take `-` instead of a file."""

import sys

from rediskit.errors import ConfigError, Problem


def standard_input(limit: int, example: str) -> tuple[bytes, str]:
    """Return the start of standard input, and its name in messages.

    Args:
        limit: The number of bytes; one more is read, so that the caller can refuse a longer input.
        example: A command line that pipes into rediskit.

    Raises:
        ConfigError: Standard input is a terminal.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise ConfigError(Problem("standard input is a terminal", f"pipe the objects into it: {example}"))
    return sys.stdin.buffer.read(limit + 1), "standard input"
