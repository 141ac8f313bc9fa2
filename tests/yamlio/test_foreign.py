"""YAML of other programs is read as Go reads it, within limits, and only ConfigError is raised."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit.errors import ConfigError, Problem
from rediskit.yamlio.foreign import MAX_ALIASED, MAX_LEVELS, read_foreign
from rediskit.yamlio.go_scalars import resolve
from rediskit.yamlio.writer import dump

SCALARS = """\
y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF ~ null Null NULL nULL yEs tRUE
0 -0 +0 1 -1 +1 00 07 08 09 017 -017 +017 0o17 0O17 -0o17 0x1F 0X1f -0x1f 0b101 0B101 -0b101 0b102 0xg 0o8 1_000 1__0 _1 1_ 0x_1 0x1_F
9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 -9223372036854775808 -9223372036854775809
1.0 1. .5 -.5 +.5 1e3 1E3 1e+3 1e-3 1.5e3 .5e1 . - + -- 1e 1e400 -1e400 1.2.3 1e1.5 1_0.5 ._5 .5_ .0_91 .1__2 .1e1_0 1_e3 + 12:30 190:20:30
1:2 2024-01-01 2024-1-1 0000-00-00 2024-13-45 2024-01-01T00:00:00Z 2024-01-01t00:00:00+02:00 20240101 2024- 1.30 v1.2 1.2.3.4
= << text a=b 192.168.4.203 10.0.0.0/8 6379 100m 1Gi 1k 0x 0b 0o -. .inf2 infinity nan inf NaN .in
""".split()


def read_by_go(helm: Path, folder: Path, text: str) -> Any:
    """Return a values file as Helm reads it, with sigs.k8s.io/yaml as in kubectl, Argo CD and Flux."""
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: x\nversion: 1.0.0\n", encoding="utf-8")
    (folder / "templates/x.yaml").write_text("data: {{ .Values | toJson | quote }}\n", encoding="utf-8")
    (folder / "values.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run([helm, "template", folder], capture_output=True, encoding="utf-8", check=True)
    return json.loads(read_foreign(done.stdout.encode(), "x")[0].data["data"])


def lines(texts: list[str]) -> str:
    return "".join(f"k{index}: [{text}]\n" for index, text in enumerate(texts))


def test_scalars_are_read_as_go_reads_them(helm: Path, tmp_path: Path) -> None:
    random = Random(13)
    texts = [*SCALARS, *("".join(random.choices("0123456789+-._exobXTZ", k=random.randint(1, 6))) for _ in range(2000))]
    texts = [text for text in texts if text not in ("-", "...", "---")]
    theirs = read_by_go(helm, tmp_path, lines(texts))
    ours = read_foreign(lines(texts).encode(), "x")[0].data
    pairs = [(text, ours[f"k{index}"][0], theirs[f"k{index}"][0]) for index, text in enumerate(texts)]
    assert not [pair for pair in pairs if kind(pair[1]) != kind(pair[2])]


def kind(value: Any) -> Any:
    """Return a value as Helm prints it: every number is a float."""
    return (type(value), value) if isinstance(value, (bool, str)) or value is None else (float, float(value))


def test_keys_anchors_and_merges_are_read_as_go_reads_them(helm: Path, tmp_path: Path) -> None:
    text = """\
base: &base {a: 1, b: {c: 2}}
1: number
true: word
1.5: fraction
other: {<<: *base, a: 3}
several: {<<: [{a: 1}, {a: 2, d: 4}]}
quoted: {'<<': 5}
again: *base
text: !!str 017
number: !!int '17'
"""
    assert read_foreign(text.encode(), "x")[0].data == read_by_go(helm, tmp_path, text)


def test_every_document_has_its_location() -> None:
    documents = read_foreign(b"# a comment\na: 1\n---\nlist:\n- x\n- z: 1\n", "file.yaml")
    assert [document.data for document in documents] == [{"a": 1}, {"list": ["x", {"z": 1}]}]
    assert [str(document.location) for document in documents] == ["file.yaml:2:1", "file.yaml:4:1"]
    assert str(documents[1].places["list", 1]) == "file.yaml:6:3"


BOMB = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 8)}]\n" for n in range(7))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, f"aliases expand to more than {MAX_ALIASED} values"),
        ("[" * 3000, f"more than {MAX_LEVELS} levels"),
        ("a: &a [" * 60 + "x" + "]" * 60 + "\nb: " + "[" * 60 + "*a" + "]" * 60, f"more than {MAX_LEVELS} levels"),
        ("a: &a [*a]", "is inside its own anchor"),
        ("a: *b", r"the alias \*b has no anchor"),
        ("? [a]\n: b", "a key that is a mapping or a list"),
        ("a: {<<: 5}", "a merge key"),
        ("%TAG ! x\n" * 30, "%TAG"),
        ("a: [", "can't be read as YAML"),
        ("a: \x00", "a character that YAML does not allow"),
        ("a: b\n" * 1_000_000, "larger than 4 MiB"),
    ],
)
def test_input_above_a_limit_is_one_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(
        ConfigError,
        match=rf"x.yaml:\d+:\d+: error\[yaml-syntax\]: .*{message}",
    ):
        read_foreign(text.encode(), "x.yaml")


@settings(max_examples=500, deadline=None)
@given(text=st.one_of(st.binary(), st.text(alphabet="ab1:-?&*<>!|'\"{}[], \n#%\t=~.").map(str.encode)))
def test_no_input_ends_in_another_exception(text: bytes) -> None:
    try:
        documents = read_foreign(text, "x")
    except ConfigError as error:
        located = [problem for problem in error.problems if problem.location is not None]
    else:
        located = [Problem("")]
        for document in documents:
            dump({"data": document.data})
    assert len(located) == 1


@given(text=st.text(max_size=20))
def test_a_scalar_is_never_anything_but_json(text: str) -> None:
    json.dumps(resolve(text), allow_nan=False)
