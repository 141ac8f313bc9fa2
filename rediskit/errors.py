"""Errors as data: location, message and hint.

All exceptions of rediskit are `RediskitError`; only `rediskit.cli` converts them to text and an exit code.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

Path = tuple[str | int, ...]
"""The path of a value in a config: mapping keys and list indexes from the root."""


_SHOWN = 20
"""The largest number of parts in the text of a path."""


def dotted(path: Path) -> str:
    """Return a path as text: `clients[0].name` for `("clients", 0, "name")`.

    A key that contains a dot or an unprintable character is in brackets and quotes, with escapes. `…` replaces the middle of a path of more
    than 20 parts.
    """
    if len(path) > _SHOWN:
        return f"{dotted(path[: _SHOWN // 2])}…{dotted(path[-_SHOWN // 2 :])}"
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif "." in part or not part.isprintable():
            text += f'["{visible(part)}"]'
        else:
            text += f".{part}" if text else part
    return text


def visible(text: str, keep: str = "\t") -> str:
    """Return a line with an escape in place of each character that is not printable, except those in `keep`.

    Control characters in a file name or in a value could otherwise control the terminal or start a line that looks like a message.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in keep else letter.encode("unicode_escape").decode() for letter in text)


def nearest(text: str, names: Iterable[str], count: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the known names that are most similar to a text, the best first, for `did you mean`."""
    from difflib import get_close_matches  # Only an error needs this module.

    return get_close_matches(text, list(names), count, cutoff)


def _indented(text: str) -> str:
    """Return text with indented lines after the first, so that none looks like another problem."""
    return "\n".join(visible(line if not number or line.startswith("  ") else f"  {line}") for number, line in enumerate(text.split("\n")))


class Location(NamedTuple):
    """A place in a file. Line and column, in characters, count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{visible(self.file)}:{self.line}:{self.column}"


BUG = "this is a bug in rediskit: please report it"
"""The hint of a problem that no config can cause."""

Positions = Mapping[Path, Location]
"""The location of each value of a config; empty for an Environment constructed in Python."""


class Problem(NamedTuple):
    """One error: what is wrong, where, and the fix.

    Attributes:
        message: What is wrong, in lower case and without a full stop.
        hint: The fix; "" where the message is enough.
        code: The stable name of the rule; "" for an error without a name.
    """

    message: str
    hint: str = ""
    path: Path = ()
    location: Location | None = None
    code: str = ""

    def __str__(self) -> str:
        return self.text()

    def text(self, severity: str = "error") -> str:
        """Return `file:line:column: severity[code]: path: message`, and the hint on a second line; what is absent is left out."""
        label = f"{severity}[{self.code}]" if self.code else severity
        head = ": ".join(part for part in (str(self.location or ""), label, dotted(self.path), self.message) if part)
        return _indented(f"{head}\n  help: {self.hint}" if self.hint else head)


class RediskitError(Exception):
    """The base of all errors of rediskit: all problems, and the exit code of the command."""

    exit_code: ClassVar[int] = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.problems,)


class ConfigError(RediskitError, ValueError):
    """The config or a referenced file is invalid (exit code 2)."""


class RefusedError(RediskitError):
    """A valid request is refused, such as an overwrite or a step (exit code 1)."""

    exit_code = 1


class MissingToolError(RediskitError):
    """A needed program or service is missing or failed (exit code 3)."""

    exit_code = 3
