"""What can go wrong, as data: where it is, what it is, how to mend it.

Everything rediskit raises is a `RediskitError`; only `rediskit.cli` turns one into text and an exit code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

Path = tuple[str | int, ...]
"""Where a value stands in a config: mapping keys and list indexes from the root."""


_SHOWN = 20
"""Parts of a path that are written out; a deeper one is shown by its two ends."""


def dotted(path: Path) -> str:
    """`("clients", 0, "name")` as people write it: `clients[0].name`. A key with a dot in it stands in brackets, quoted.

    So does one with a character that cannot be seen, which stands as its escape: a key must not speak to the terminal.
    Of a path of more than 20 parts the middle is left out: `…`.
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


def _indented(text: str) -> str:
    """Return a text of several lines whose further lines are indented: none of them passes for a problem of its own."""
    return "\n".join(visible(line if not number or line.startswith("  ") else f"  {line}") for number, line in enumerate(text.split("\n")))


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file: the file as it was named to us, line and column counted from 1 (columns in characters)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{visible(self.file)}:{self.line}:{self.column}"


BUG = "this is a bug in rediskit: please report it"
"""The hint of a problem that no config can cause."""

Positions = Mapping[Path, Location]
"""Where each value of a loaded config stands; empty for an Environment made in Python."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: what is wrong, where, and the fix.

    Attributes:
        message: What is wrong, in lower case and without a full stop.
        hint: The fix; "" where the message is enough.
        path: The value in the config.
        location: The place in a file.
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
    """The root of all errors of rediskit. `problems` holds every finding; `exit_code` is what the command ends with."""

    exit_code: ClassVar[int] = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigError(RediskitError, ValueError):
    """The config, or a file that it names, can't be taken (exit code 2)."""


class RefusedError(RediskitError):
    """The input is sound, but what was asked for is refused: an overwrite, a step (exit code 1)."""

    exit_code = 1


class MissingToolError(RediskitError):
    """A needed program or service is missing or failed (exit code 3)."""

    exit_code = 3
