"""Our YAML: what Python and Go read is what was written, and it looks as kustomize prints it."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rediskit.checks.schema import SCHEMAS
from rediskit.output.yaml import dump
from rediskit.source.scalars import Float, Int

# What one reader or another takes for something else than text (PyYAML, ruamel.yaml in both versions, Go's YAML).
GOTCHAS = [
    *"y n Y N yes No on OFF true False null Null ~ = << - ? : . .. ... --- + _ +_ __ 0 00 09 0o17 0x1F 0X1f 0b1 0B1 1_000 1,000 -0 +.0".split(),
    *"1e3 0e1 7e10 1234e56 1E+3 1e-05 .5 1. -.5 +.5 .inf -.INF .nan 1.30 22.04 12:30 1:2:3 190:20:30.15 2024-01-01 2001-1-1".split(),
    *"192.168.4.203 1.2.3 23.2.12 8.2.1-debian-12-r0 v1 500m 1Gi -ec $(VAR) ${VAR} a:b http://x:1/ #a a#b @a `a %a &a *a !a |a >a {a [a ]a }a ,a 'a \"a".split(),
    *("", " ", "  ", " a", "a ", "a b", "a: b", "a :b", "a #b", "- a", "? a", ": a", "a:", "a\t", "\ta", "a\tb", "--- a", "... a", "a'b", 'a"b', "a\\b", "\\"),
    *("2001-01-01 10:00:00", "2024-01-01T00:00:00Z", "\x00", "\x07", "\x1b", "\x7f", "é", "日本", "😀", "\u2028", "a\u2029b", "\ufeff", "\ufeffa", "\xa0"),
    *("\n", "\n\n", "a\n", "a\n\n", "\na", "a\nb", "a\n b\n", " a\nb", "\ta\nb", "a\tb\nc", "a \nb", "a\n\nb", "a\n#b", "a\n---\nb", "a\r\nb", "a\rb", "- a\n- b\n"),
]  # fmt: skip
CHARACTERS = "ynYN~=<_-+.0123456789eExXoO:#'\"%@`&*!|>{}[],? \t\n\r\\/aZ$()\u2028\x7f\xa0é😀\ufeff"
nasty = st.one_of(st.text(CHARACTERS, max_size=8), st.text(max_size=20), st.sampled_from(GOTCHAS))
trees = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), nasty),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(nasty, inner, max_size=4),
    max_leaves=20,
)


def ruamel(version: tuple[int, int] | None) -> Any:
    def load(text: str) -> Any:
        reader = YAML(typ="safe", pure=True)
        reader.version = version
        return reader.load(text)

    return load


READERS = {
    "PyYAML": pyyaml.safe_load,
    "PyYAML with libyaml": lambda text: pyyaml.load(text, pyyaml.CSafeLoader),
    "ruamel.yaml 1.2": ruamel(None),
    "ruamel.yaml 1.1": ruamel((1, 1)),
}


@pytest.mark.parametrize("reader", READERS)
def test_known_gotchas_come_back(reader: str) -> None:
    document = {
        "values": GOTCHAS,
        "keys": {text: 1 for text in GOTCHAS if text},
        "deep": [[text] for text in GOTCHAS],
        "map": [{"a": t} for t in GOTCHAS],
    }
    assert READERS[reader](dump(document)) == document


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=400, deadline=None)
@given(texts=st.lists(nasty, min_size=1, max_size=12, unique=True))
def test_any_text_comes_back(reader: str, texts: list[str]) -> None:
    document = {"list": texts, "keys": {text: text for text in texts}}
    assert READERS[reader](dump(document)) == document


@settings(max_examples=600, deadline=None)
@given(document=st.dictionaries(nasty, trees, max_size=4))
def test_any_document_comes_back_and_writes_the_same_again(document: dict[str, Any]) -> None:
    text = dump(document)
    back = pyyaml.load(text, pyyaml.CSafeLoader)
    assert back == document
    assert dump(back) == text
    assert text.endswith("\n")
    assert not text.startswith("---")


class Go:
    """kustomize as the Go reader: it refuses a ConfigMap whose values are not texts, and says what it read."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.folder = program, folder

    def build(self, document: Any) -> str:
        self.folder.mkdir(exist_ok=True)
        (self.folder / "object.yaml").write_text(dump(document), encoding="utf-8")
        (self.folder / "kustomization.yaml").write_text("resources:\n- object.yaml\n", encoding="utf-8")
        done = subprocess.run([self.program, "build", self.folder], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def texts(self, texts: list[str]) -> list[str]:
        data = {f"k{index}": text for index, text in enumerate(texts)}
        # kustomize prints "=" and others plain, which PyYAML would give a type: its base loader takes every scalar as text.
        printed = self.build({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data})
        read = pyyaml.load(printed, pyyaml.CBaseLoader)
        return [read["data"][key] for key in data]


@pytest.fixture
def go(kustomize: Path, tmp_path: Path) -> Go:
    return Go(kustomize, tmp_path / "build")


def go_can_print(text: str) -> bool:
    """kustomize 5.8.1 refuses control characters, prints U+0085 raw, and breaks on its own block scalars with a tab in front."""
    return not any(ord(character) < 32 and character not in "\t\n\r" or 127 <= ord(character) < 160 for character in text) and not (
        "\t" in text and "\n" in text
    )


def random_texts(count: int) -> list[str]:
    chance = random.Random(20)
    return ["".join(chance.choices(CHARACTERS, k=chance.randint(0, 7))) for _ in range(count)]


def test_go_reads_every_text_as_that_text(go: Go) -> None:
    texts = [text for text in [*GOTCHAS, *random_texts(6000)] if go_can_print(text)]
    assert len(texts) > 4000
    wrong = [(wanted, found) for wanted, found in zip(texts, go.texts(texts), strict=True) if wanted != found]
    assert not wrong


def judged(kubeconform: Path, folder: Path, texts: list[Any]) -> subprocess.CompletedProcess[str]:
    """kubeconform's verdict, read by Go, on a ConfigMap whose schema wants texts only."""
    data = {f"k{index}": text for index, text in enumerate(texts)}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "annotations": dict(data)}, "data": data}
    (folder / "object.yaml").write_text(dump(document), encoding="utf-8")
    command = [
        kubeconform,
        "-strict",
        "-kubernetes-version",
        "1.34.0",
        "-schema-location",
        str(SCHEMAS / "kubernetes"),
        folder / "object.yaml",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_go_takes_no_text_for_another_type(kubeconform: Path, tmp_path: Path) -> None:
    done = judged(kubeconform, tmp_path, [*GOTCHAS, *random_texts(6000)])
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("value", [1, 1.5, True])
def test_go_would_have_refused_another_type(kubeconform: Path, tmp_path: Path, value: Any) -> None:
    done = judged(kubeconform, tmp_path, ["text", value])
    assert done.returncode == 1
    assert "/data/k1" in done.stdout


def test_it_looks_as_kustomize_prints_it(go: Go) -> None:
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "annotations": {"a": "yes", "b": "1.30", "c": "", "d": "x: y", "e": "@at"},
            "labels": {"app": "x"},
            "name": "x",
            "namespace": "y",
        },
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "x"}},
            "strategy": {},
            "template": {
                "metadata": {"labels": {"app": "x"}},
                "spec": {
                    "containers": [
                        {
                            "args": [],
                            "command": ["/bin/bash", "-ec", "one\ntwo\n"],
                            "env": [{"name": "PORT", "value": "6379"}, {"name": "ON", "value": "on"}],
                            "image": "docker.io/bitnamilegacy/redis:8.2.1-debian-12-r0",
                            "name": "redis",
                            "ports": [{"containerPort": 6379}],
                            "tty": False,
                        }
                    ]
                },
            },
        },
    }
    assert dump(document) == go.build(document)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (22, "22"),
        (1e-05, "1.0e-05"),
        (1e16, "1.0e+16"),
        (1.5, "1.5"),
        (True, "true"),
        (None, "null"),
        ({}, "{}"),
        ([], "[]"),
        ((), "[]"),
        ("", '""'),
        ("yes", '"yes"'),
        ("1234e56", '"1234e56"'),
        ("@a", "'@a'"),
        ("it's", "it's"),
        ("'a", "'''a'"),
        ("a\tb", '"a\\tb"'),
        ("a\nb", "|-\n  a\n  b"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a\n\n", "|+\n  a\n"),
        ("a \nb", '"a \\nb"'),
    ],
)
def test_how_a_value_is_written(value: Any, text: str) -> None:
    assert dump({"k": value}) == f"k: {text}\n"


def test_numbers_of_the_reader_are_written_as_numbers() -> None:
    assert dump({"a": Int("6379"), "b": Float("1.50")}) == "a: 6379\nb: 1.5\n"


def test_lists_stand_at_their_key() -> None:
    assert dump({"a": [{"b": [1, [2, 3], {"c": 4, "d": 5}]}, "x"]}) == "a:\n- b:\n  - 1\n  - - 2\n    - 3\n  - c: 4\n    d: 5\n- x\n"


def test_shared_parts_are_written_out() -> None:
    shared = {"cpu": "1"}
    assert dump({"a": shared, "b": shared}) == 'a:\n  cpu: "1"\nb:\n  cpu: "1"\n'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", "a\n\udfff"])
def test_what_yaml_cannot_hold_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^a\.b\[1\]\.c: "):
        dump({"a": {"b": [1, {"c": value}]}})


@pytest.mark.parametrize("value", [b"x", object(), {1}, {"x": b""}])
def test_what_is_not_plain_data_is_refused_with_its_place(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^a\.b\[0\]"):
        dump({"a": {"b": [value]}})


def test_a_key_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="key 1 is not a text"):
        dump({"a": {1: 2}})  # type: ignore[dict-item]


def test_a_cycle_is_refused() -> None:
    cycle: dict[str, Any] = {}
    cycle["a"] = [cycle]
    with pytest.raises(ValueError, match="too deep, or a cycle"):
        dump(cycle)


def test_a_very_long_key_is_refused() -> None:
    assert pyyaml.safe_load(dump({"k" * 1000: 1})) == {"k" * 1000: 1}
    with pytest.raises(ValueError, match="too long for YAML"):
        dump({"k" * 1001: 1})
