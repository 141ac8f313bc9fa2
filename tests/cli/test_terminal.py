"""Names and texts of other people on the terminal: shown as escapes, also inside JSON, whatever the encoding."""

from __future__ import annotations

import io
import json
import sys

import pytest

from rediskit.cli.terminal import visible_output

HOSTILE = ("\x1b[31m", "\x07", "\r", "\x7f", "\x9b", "\u202e", "\u2028", "\udcff", "\U000e0001")


@pytest.mark.parametrize("letters", HOSTILE)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_cannot_be_printed_is_shown(letters: str, stream: str, capsys: pytest.CaptureFixture[str]) -> None:
    with visible_output():
        print(f"a{letters}b\tc", file=getattr(sys, stream))
    shown = getattr(capsys.readouterr(), "out" if stream == "stdout" else "err")
    assert all(letter.isprintable() or letter in "\n\t" for letter in shown)
    assert json.loads(f'"{shown.strip()}"'.replace("\t", "\\t")) == f"a{letters}b\tc", "the escapes are those of JSON"


def test_letters_and_lines_stay_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with visible_output():
        print("Größe 漢字 😀\n\tnext")
    assert capsys.readouterr().out == "Größe 漢字 😀\n\tnext\n"


def test_an_encoding_that_lacks_a_letter_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(file, encoding="ascii"))
    with visible_output():
        print("Größe", flush=True)
    assert file.getvalue() == b"Gr\\xf6\\xdfe\n"


def test_a_closed_output_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with visible_output():
        assert sys.stdout is None
