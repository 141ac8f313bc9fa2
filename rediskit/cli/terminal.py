"""The terminal: escapes control characters, colors labels, and shows the progress of long work.

Names and values of other repositories must not control the terminal, so escapes come first and colors last.
"""

from __future__ import annotations

import io
import os
import re
import sys
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from rediskit import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TextIO

_RED, _GREEN, _YELLOW, _BLUE, _BOLD = "31", "32", "33", "34", "1"
_LABELS = {"error": f"{_BOLD};{_RED}", "blocked": f"{_BOLD};{_RED}", "warning": f"{_BOLD};{_YELLOW}", "passed": _GREEN}
_MARKS = {"+": _GREEN, "-": _RED, "~": _YELLOW, "added": _GREEN, "removed": _RED, "changed": _YELLOW, "moved": _BLUE}
_STYLED = (
    r"(?m)^(?P<before>(?:\S.*?:\d+:\d+: | *)?)(?P<label>error|warning|blocked|passed|info|note|help|next|verify)(?P<code>\[[a-z-]+\])?(?=:)"
    r"|^(?P<indent> {2,3})(?P<mark>[+~-])(?= )"
    r"|^(?P<word>added|removed|changed|moved)(?= )"
    r"|^(?P<line>[+-](?! \S).*)"
)
"""The label of a message, the mark of a change, or a line of a unified diff. A line of `doctor` has a mark and one space."""


class StatusLine:
    """One line on the terminal about what the command does now. The next output replaces it."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._shown = False

    def show(self, text: str) -> None:
        """Show a text, cut to the width of the terminal."""
        if self._stream is not None:
            width = os.get_terminal_size(self._stream.fileno()).columns - 1
            self._stream.write(f"\r\x1b[K{_escaped(text)[: max(width, 20)]}")
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        """Remove the line."""
        if self._shown and self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False


class _Visible:
    """A text stream with an escape for each control character, bidirectional control and lone surrogate."""

    def __init__(self, stream: TextIO, status: StatusLine) -> None:
        self._stream, self._status = stream, status
        self._colored = wants_color(stream)

    def write(self, text: str) -> int:
        self._status.clear()
        plain = text.replace("\n", "").replace("\t", "")
        shown = text if plain.isprintable() else _escaped(text)
        return self._stream.write(re.sub(_STYLED, _styled, shown) if self._colored else shown)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def visible_output() -> Iterator[StatusLine]:
    """Escape characters that are not printable, on standard output and standard error, within the context."""
    for stream in (sys.stdout, sys.stderr):
        # A character that the encoding of the output lacks becomes an escape, too.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status = StatusLine(sys.stderr if sys.stderr and sys.stderr.isatty() and os.environ.get("TERM") != "dumb" else None)
    with redirect_stdout(_of(sys.stdout, status)), redirect_stderr(_of(sys.stderr, status)):
        try:
            yield status
        finally:
            status.clear()
            if "logging" in sys.modules:
                sys.modules["logging"].getLogger("rediskit").handlers = []


def show_progress(status: StatusLine, *, verbose: bool, quiet: bool) -> None:
    """Report the programs that run and other long work on the status line, or with `verbose` each as a line of standard error."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    if quiet or not (verbose or terminal):
        return
    import logging  # Only a terminal and --verbose need it.

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if verbose:
                print(record.getMessage(), file=sys.stderr)
            else:
                status.show(record.getMessage())

    logger = logging.getLogger("rediskit")
    logger.handlers = [Handler()]
    logger.setLevel(logging.INFO)
    logger.propagate = False


def progress(text: str) -> None:
    """Report long work, for --verbose and for the line on a terminal."""
    import logging

    logging.getLogger(__name__).info("%s", text)


def wants_color(stream: TextIO) -> bool:
    """Return whether the output has colors: NO_COLOR turns them off and FORCE_COLOR on; by default a terminal has them."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _of(stream: TextIO | None, status: StatusLine) -> TextIO | None:
    return None if stream is None else _Visible(stream, status)  # type: ignore[return-value]  # It has the attributes of the stream.


def _styled(match: re.Match[str]) -> str:
    if label := match["label"]:
        return f"{match['before']}{_in(_LABELS.get(label, _BOLD), label + (match['code'] or ''))}"
    if mark := match["mark"]:
        return f"{match['indent']}{_in(_MARKS[mark], mark)}"
    return _in(_MARKS[match["word"] or match["line"][0]], match[0])


def _in(color: str, text: str) -> str:
    return f"\x1b[{color}m{text}\x1b[0m"


def _escaped(text: str) -> str:
    return "".join(letter if letter.isprintable() or letter in "\n\t" else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    """Return an escape in the form of JSON, so that a JSON document stays one."""
    code = ord(letter)
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
    return f"\\u{code:04x}"
