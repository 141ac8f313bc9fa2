"""The strict reader: accepted and refused texts, and locations."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest
import yaml

from rediskit.errors import ConfigError, Location
from rediskit.yamlio import reader
from rediskit.yamlio.reader import read
from tests.problems import lines_of

REPOSITORY = Path(__file__).parents[2]
PARSERS = [yaml.CSafeLoader, yaml.SafeLoader]


def complaints(text: str | bytes, *, mapping: bool = True) -> list[str]:
    """Return the first line of each problem, which must have a hint."""
    with pytest.raises(ConfigError) as raised:
        read(text if isinstance(text, bytes) else text.encode(), "f", mapping=mapping)
    for problem in raised.value.problems:
        assert problem.hint
        assert "\n" not in problem.message + problem.hint
    return lines_of(raised.value.problems)


def test_keys_are_text() -> None:
    text = b"192.168.4.200: a\n6379: b\n1.30: c\n022: d\non: e\n'true': f\n\"<<\": g\n? x y\n: h\n"
    assert list(read(text, "f").data) == ["192.168.4.200", "6379", "1.30", "022", "on", "true", "<<", "x y"]


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfa: 1\n",
        b"a: 1",
        b"---\na: 1\n",
        b"%YAML 1.2\n---\na: 1\n",
        b"# x\n\n---\na: 1\n...\n",
        b"--- {a: 1}\n...\n# x\n",
        b"a: 1\r\n",
        b'{"a":1}',
    ],
)
def test_markers_and_comments_do_not_change_a_document(text: bytes) -> None:
    assert read(text, "f").data == {"a": 1}


def test_positions() -> None:
    text = "# x\na: 1\nb:\n  - c: é\N{GRINNING FACE}  # x\n    d: [x, {e: '😀', f: y}]\n  - |\n    z\ng:\nh:\n"
    document = read(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), "f")
    assert document.data["b"][0]["d"][1] == {"e": "😀", "f": "y"}
    assert {path: str(place) for path, place in document.positions.items()} == {
        (): "f:2:1",
        ("a",): "f:2:4",
        ("b",): "f:4:3",
        ("b", 0): "f:4:5",
        ("b", 0, "c"): "f:4:8",
        ("b", 0, "d"): "f:5:8",
        ("b", 0, "d", 0): "f:5:9",
        ("b", 0, "d", 1): "f:5:12",
        ("b", 0, "d", 1, "e"): "f:5:16",
        ("b", 0, "d", 1, "f"): "f:5:24",
        ("b", 1): "f:6:5",
        ("g",): "f:8:3",
        ("h",): "f:9:3",
    }
    assert {path: str(place) for path, place in document.keys.items()} == {
        ("a",): "f:2:1",
        ("b",): "f:3:1",
        ("b", 0, "c"): "f:4:5",
        ("b", 0, "d"): "f:5:5",
        ("b", 0, "d", 1, "e"): "f:5:13",
        ("b", 0, "d", 1, "f"): "f:5:21",
        ("g",): "f:8:1",
        ("h",): "f:9:1",
    }


def test_a_missing_path_has_no_location() -> None:
    document = read(b"a: [x]\n", "f")
    for path in [("b",), ("a", 1), ("a", -1), ("a", "0"), ("a", 0, 0), (0,)]:
        assert path not in document.positions
        assert document.positions.get(path) is None
    for path in [(), ("a", 0), ("b",), ("a", 0, "x")]:
        assert path not in document.keys
    assert document.positions["a", 0] == Location("f", 1, 5)
    assert (len(document.positions), len(document.keys)) == (3, 1)


@pytest.mark.parametrize(
    ("text", "expected", "python_parser"),
    [
        ("%FOO\n---\na: 1\n", "f:1:1: unknown directive", None),
        (
            'a: "\\ud83d\\ude00"\n',
            "f:1:5: the backslash sequence is not a character",
            "f:1:4: a: the backslash sequence is not a character",
        ),
        ('a: "\\U00110000"\n', "f:1:5: the backslash sequence is not a character", "f:1:7: the number is too large"),
        ('a: "\\UFFFFFFFF"\n', "f:1:5: the backslash sequence is not a character", "f:1:7: the number is too large"),
        (f"%YAML 1.{'1' * 5000}\n", "f:1:1: unknown directive", "f:1:9: the number is too large"),
        ("a: {\n\tb: 1}\n", None, "f:2:1: a tab in the indentation"),
        ("a:\tb\n", None, "f:1:3: a tab in the indentation"),
    ],
)
def test_where_the_parsers_differ(text: str, expected: str | None, python_parser: str | None) -> None:
    for parser, complaint in zip(PARSERS, (expected, python_parser), strict=True):
        with patch.object(reader, "PARSER", parser):
            assert read(text.encode(), "f").data if complaint is None else complaints(text)[-1] == complaint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a: b\nc: d\xff\n", "f:2:5: byte 0xff is not UTF-8"),
        (b"\xef\xbb\xbfa: \xc3\xa9\xe9\n", "f:1:5: byte 0xe9 is not UTF-8"),
        (b"ab\0", "f:1:3: unprintable character U+0000"),
        (b"a: \xed\xa0\x80\n", "f:1:4: byte 0xed is not UTF-8"),
        ("a: 1\n".encode("utf-16"), "f:1:1: the file is in UTF-16 or UTF-32"),
        ("a: 1\n".encode("utf-16-be"), "f:1:1: the file is in UTF-16 or UTF-32"),
        ("a: 1\n".encode("utf-16-le"), "f:1:1: the file is in UTF-16 or UTF-32"),
        ("a: 1\n".encode("utf-32"), "f:1:1: the file is in UTF-16 or UTF-32"),
    ],
)
def test_only_utf8(text: bytes, expected: str) -> None:
    assert complaints(text) == [expected]


def test_all_problems_at_once() -> None:
    text = "a: &x 1\na: *x\nb:\n- !y z\n- true: 1\n  d: {e: 1, e: 2}\n<<: {d: 1, d: 2}\nc: [\n"
    assert complaints(text) == [
        "f:1:4: a: an anchor (&) is not supported",
        "f:2:1: a: duplicate key, also in line 1",
        "f:2:4: an alias (*) is not supported",
        "f:4:3: b[0]: a tag (a word that starts with !) is not supported",
        "f:5:3: b[1]: a key must be text, found true",
        "f:6:13: b[1].d.e: duplicate key, also in line 6",
        "f:7:1: a merge key (<<) is not supported",
        "f:7:12: d: duplicate key, also in line 7",
        "f:8:4: [ is not closed",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\ntrue: 3\n", 'f:2:1: error[yaml-key]: a key must be text, found true\n  help: write "true" in quotes'),
        ("a: b\x07\n", 'f:1:5: error[file-encoding]: unprintable character U+0007\n  help: remove it, or write "\\u0007" in text'),
        (
            "a: [b, ]]\n",
            (
                "f:1:9: error[yaml-syntax]: unexpected text after the value\n"
                "  help: write the whole text in quotes; in single quotes, '' is a quote"
            ),
        ),
        ("a: ]\n", "f:1:4: error[yaml-syntax]: expected a value, found ]\n  help: write it in quotes if it is text"),
        ("a: [\n---\n", "f:2:1: error[yaml-syntax]: expected a value, found -\n  help: write a value"),
        ("x:\n- {a: 1\n   b: 2}\n", "f:3:5: error[yaml-syntax]: expected a comma or }\n  help: add it; { is in line 2"),
    ],
)
def test_the_hint_contains_the_fix(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read(text.encode(), "f")
    assert str(raised.value) == expected


def test_a_password_that_lacks_its_quotes_is_not_repeated() -> None:
    for text in (
        "!hunter2",
        "&hunter2",
        "*hunter2",
        "@hunter2",
        "%hunter2",
        "'hunter2",
        '"hunter2\\q"',
        "[hunter2",
        "!<hunter2",
        "hunter2: hunter2",
    ):
        with pytest.raises(ConfigError) as raised:
            read(f"password: {text}\n".encode(), "f")
        assert "hunter2" not in str(raised.value)


def test_the_values_after_a_refused_key_keep_their_positions() -> None:
    for key in ("*x", "true", "<<", "[y]"):
        assert complaints(f"? {key}\n: {{z: 1, z: 2}}\nb: 1\nb: 2\n")[1:] == [
            "f:2:10: z: duplicate key, also in line 2",
            "f:4:1: b: duplicate key, also in line 3",
        ]


def test_the_reading_stops_after_100_problems() -> None:
    messages = complaints("a: [" + "*b," * 1000 + "]")
    assert len(messages) == 101
    assert messages[-1] == "f:1:302: a[99]: 100 problems so far, the rest is not read"


def test_any_root_where_the_caller_wants_it() -> None:
    assert read(b"- a\n", "f", mapping=False).data == ["a"]
    assert read(b"null\n", "f", mapping=False).data is None
    assert complaints("# x\n", mapping=False) == ["f:1:1: the file is empty"]


def test_the_live_objects_read_as_pyyaml_reads_them() -> None:
    for path in (REPOSITORY / "config/chocolandia/beersystem-backend.yaml", REPOSITORY / "tests/source/data/beersystem-redis.yaml"):
        document = read(path.read_bytes(), path.name)
        assert document.data == yaml.safe_load(path.read_text())
        image = ("spec", "template", "spec", "containers", 0, "image")
        line = path.read_text().splitlines()[document.positions[image].line - 1]
        assert line[document.positions[image].column - 1 :] == document.data["spec"]["template"]["spec"]["containers"][0]["image"]
