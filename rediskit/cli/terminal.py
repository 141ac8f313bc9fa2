"""Escapes control characters in the output: names and values of other repositories must not control the terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any, TextIO, cast


class _Visible:
    """A text stream with an escape for each control character, bidirectional control and lone surrogate."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        plain = text.replace("\n", "").replace("\t", "")
        return self._stream.write(text if plain.isprintable() else _escaped(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def visible_output() -> Iterator[None]:
    """Escape characters that are not printable, on standard output and standard error, within the context."""
    for stream in (sys.stdout, sys.stderr):
        # A character that the encoding of the output lacks becomes an escape, too.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with redirect_stdout(_of(sys.stdout)), redirect_stderr(_of(sys.stderr)):
        yield


def _of(stream: TextIO | None) -> TextIO | None:
    return None if stream is None else cast(TextIO, _Visible(stream))


def _escaped(text: str) -> str:
    return "".join(letter if letter.isprintable() or letter in "\n\t" else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    """Return an escape in the form of JSON, so that a JSON document stays one."""
    code = ord(letter)
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
    return f"\\u{code:04x}"
