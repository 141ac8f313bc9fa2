"""Texts that the strict reader refuses, each with its place and its message."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from rediskit.yamlio import reader
from tests.yamlio.test_reader import PARSERS, complaints

REFUSED = [
    ("", "f:1:1: the file is empty"),
    ("# nothing\n\n", "f:1:1: the file is empty"),
    ("---\n...\n", "f:1:1: the file is empty"),
    ("- a\n", "f:1:1: expected a mapping, found a list"),
    ("# x\n a:b\n", "f:2:2: expected a mapping, found a single value"),
    ("null\n", "f:1:1: expected a mapping, found a single value"),
    ("a: 1\n---\nb: 2\n", "f:2:1: the file contains a second document"),
    ("a: 1\n---\n", "f:2:1: the file contains a second document"),
    ("a: 1\n...\nb: 2\n", "f:3:1: unexpected text after the end of the document"),
    ("{a: 1} b\n", "f:1:8: unexpected text after the end of the document"),
    ("a: 1\nb: 2\na: 3\n", "f:3:1: a: duplicate key, also in line 1"),
    ("a:\n- b: {c: 1,\n     c: 2}\n", "f:3:6: a[0].b.c: duplicate key, also in line 2"),
    ('x.y: 1\n"x.y": 2\n', 'f:2:1: ["x.y"]: duplicate key, also in line 1'),
    ("a:\n  <<: {b: c}\n", "f:2:3: a: a merge key (<<) is not supported"),
    ("a: &b c\n", "f:1:4: a: an anchor (&) is not supported"),
    ("a: [x, &b {c: d}]\n", "f:1:8: a[1]: an anchor (&) is not supported"),
    ("a: *b\n", "f:1:4: a: an alias (*) is not supported"),
    ("a: [x, *b]\n", "f:1:8: a[1]: an alias (*) is not supported"),
    ("*b : a\n", "f:1:1: an alias (*) is not supported"),
    ("*b\n", "f:1:1: an alias (*) is not supported"),
    ("a: *.example.com\n", "f:1:4: an alias (*) is not supported"),
    ("a: & b\n", "f:1:4: an anchor (&) is not supported"),
    ("a: !!python/object/apply:os.system [x]\n", "f:1:4: a: a tag (a word that starts with !) is not supported"),
    ("a: !!str 1\n", "f:1:4: a: a tag (a word that starts with !) is not supported"),
    ("a: !custom {b: c}\n", "f:1:4: a: a tag (a word that starts with !) is not supported"),
    ("a: ! b\n", "f:1:4: a: a tag (a word that starts with !) is not supported"),
    ("a: !b!c d\n", "f:1:4: a tag (a word that starts with !) is not supported"),
    ("a: !<b c\n", "f:1:4: a tag (a word that starts with !) is not supported"),
    ("# x\n%TAG ! tag:x,1:\n---\na: 1\n", "f:2:1: a tag (a word that starts with !) is not supported"),
    ("!!str a: b\n", "f:1:1: a tag (a word that starts with !) is not supported"),
    ("true: a\n", "f:1:1: a key must be text, found true"),
    ("a:\n  null: b\n", "f:2:3: a: a key must be text, found null"),
    ("~: a\n", "f:1:1: a key must be text, found ~"),
    ("{a: 1, : b}\n", "f:1:8: missing key before the colon"),
    ("?\n: b\n", "f:1:2: a key must be text, found nothing"),
    ("? [a]\n: b\n", "f:1:3: a key must be text, found a mapping or a list"),
    ("a: {{ .Values.b }}\n", "f:1:5: a: a key must be text, found a mapping or a list"),
    ("? |\n  a\n: b\n", "f:1:3: a key must be one line of printable text"),
    ('"a\\nb": c\n', "f:1:1: a key must be one line of printable text"),
    ("? 'a\n\n  b'\n: c\n", "f:1:3: a key must be one line of printable text"),
    ("a:\n\tb: 1\n", "f:2:1: a tab in the indentation"),
    ("a:\n  b: 1\n\tc: 2\n", "f:3:1: a tab in the indentation"),
    ("a: |\n\tb\n", "f:2:1: a tab in the indentation"),
    ("\ta: 1\n", "f:1:1: a tab in the indentation"),
    ("é: x\na: 'b\n\nc: d\n", "f:2:4: the quote is not closed"),
    ('a: "b\n---\nc"\n', "f:1:4: the quote is not closed"),
    ("a: 'it's'\n", "f:1:8: unexpected text after the value"),
    ("a: [b]c\n", "f:1:7: unexpected text after the value"),
    ("a: [b, {c: d]\n", "f:1:13: expected a comma or }"),
    ("a: [b\nc: d\n", "f:2:2: expected a comma or ]"),
    ("a: [b, c\n", "f:1:4: [ is not closed"),
    ("a: {b: c\n", "f:1:4: { is not closed"),
    ("a: [b, [\n", "f:1:8: [ is not closed"),
    ("a: ]\n", "f:1:4: expected a value, found ]"),
    ("a: [b, , c]\n", "f:1:8: expected a value, found ,"),
    ("a: b: c\n", "f:1:5: unexpected colon"),
    ("a: 1\n b: 2\n", "f:2:3: unexpected colon"),
    ("a:\n  b: 1\n c: 2\n", "f:3:2: expected the next key of the mapping from line 1"),
    ("a: b\n- c\n", "f:2:1: expected the next key of the mapping from line 1"),
    ("a:\n- b\n c\n- d\n e: f\n", "f:5:3: unexpected colon"),
    ("a:\n  - b\n - c\n", "f:3:2: expected the next key of the mapping from line 1"),
    ("a:\n  - - b\n   - c\n", "f:3:4: expected the next '- ' of the list from line 2"),
    ("a: 1\nb\nc: 2\n", "f:2:1: missing colon"),
    (": a\n", "f:1:1: missing key before the colon"),
    ("a: - b\n", "f:1:4: unexpected list"),
    ("a: ? b\n", "f:1:4: unexpected key"),
    ("a: @b\n", "f:1:4: text can't start with @"),
    ("a: `b`\n", "f:1:4: text can't start with `"),
    ("a: %b\n", "f:1:4: text can't start with %"),
    ("a: |b\n  c\n", "f:1:5: expected a new line after | or >"),
    ('a: "b\\q"\n', "f:1:6: unknown backslash sequence"),
    ('a: "\\xg0"\n', "f:1:5: incomplete backslash sequence"),
    ("%YAML 2.0\n---\na: 1\n", "f:1:1: unsupported YAML version"),
    ("é: x\na: b\x07\n", "f:2:5: unprintable character U+0007"),
    ("a: \x00\n", "f:1:4: unprintable character U+0000"),
    ("a: b\x7f\n", "f:1:5: unprintable character U+007F"),
    ("a: b\x85c: d\n", "f:1:5: unprintable character U+0085"),
    ("a: 'b\u2028c'\n", "f:1:6: unprintable character U+2028"),
    ("a: 1\n\ufeffb: 2\n", "f:2:1: unprintable character U+FEFF"),
]


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_refused(text: str, expected: str, parser: type) -> None:
    with patch.object(reader, "PARSER", parser):
        assert complaints(text)[-1] == expected
