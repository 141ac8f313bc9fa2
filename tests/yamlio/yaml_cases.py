"""Strings that are difficult in YAML, and Python readers, for the tests of the writer."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from typing import Any

import yaml as pyyaml
from ruamel.yaml import YAML

KNOWN = [
    *"y n Y N yes No on OFF true False null Null ~ = << - ? : . .. ... --- ---x + _ +_ -__ ._ +._ _1 __ 0 00 09 08 0o17 0O7".split(),
    *"0o-3 0x1F 0X1f 0_x0 0b1 0B1 0b-1 -0b1 1_000 1_0e5 1e_5 1,000 -0 +.0 1e3 0e1 7e10 1234e56 1E+3 1e-05 1e800 .5 1. -.5".split(),
    *"+.5 .5_0 .inf -.INF +.Inf .nan 1.30 22.04 12:30 1:2:3 190:20:30.15 0:60 2024-01-01 2001-1-1 18446744073709551616 1.2.3".split(),
    *"192.168.4.203 10.0.0.0/8 23.2.12 8.2.1-debian-12-r0 v1 500m 1Gi -ec $(VAR) ${VAR} a:b http://x:1/ #a a#b @a `a %a &a".split(),
    *"*a !a |a >a {a [a ]a }a ,a :a -a ?a 'a a: a'b ' 2024-01-01T00:00:00Z 2024-01-01t00:00:00Z 1e_-5 8E_+1 +_0x49 -_0b1".split(),
    *('"a', "", " ", "  ", " a", "a ", "a b", "a  b", "a: b", "a :b", "a #b", "- a", "? a", ": a", "a\t", "\ta", "a\tb", "a\t#b"),
    *("--- a", "... a", 'a"b', "a\\b", "\\", '"', "2001-01-01 10:00:00", "2001-1-1  1:2:3.5 -5", "2024-01-01 and more", "\x00"),
    *("\x07", "\x1b", "\x7f", "\x80", "\x85", "a\x85b", "\xa0", "é", "日本", "😀", "\u2028", "a\u2029b", "\ufeff", "\ufeffa"),
    *("a\ufeff", "\u200b", "\u202e", "\ud7ff", "\ue000", "\ufffd", "\ufffe", "\uffff", "\U0001ffff", "\U0010ffff", "\r", "a\rb"),
    *("a\r\nb", "\r\n", "\n", "\n\n", " \n", "\n ", "a\n", "a\n\n", "\na", "\n\na\n", "a\nb", "a\n b\n", " a\nb", "\n  a"),
    *("  a\n b\n", "\ta\nb", "a\n\tb\n", "a\tb\nc", "a \nb", "a\n \nb", "a\nb ", "a\n\nb", "a\n#b", "#a\nb", "a\n---\nb", "---\na"),
    *("- a\n- b\n", "a: b\nc: d\n", "😀\na", "a\x85\nb"),
    *("k" * 129, "k" * 2000),
]
"""What PyYAML, ruamel.yaml (either version) or Go takes for something else than text, and what only looks like it."""

NUMBER_LIKE = ["".join(some) for size in (1, 2, 3) for some in itertools.product("01789_-+.:eExXoObB", repeat=size)]
"""All short texts of the characters that numbers, dates and base 60 are made of."""

CHARACTERS = "ynYN~=<_-+.0123456789eExXoObB:#'\"%@`&*!|>{}[],? \t\n\r\\/aTZ$()\u2028\x85\x7f\xa0é😀\ufeff\x00"
"""Where the trouble comes from: indicators, line breaks, what needs an escape."""


def random_strings(count: int) -> list[str]:
    """Return strings of one to eight CHARACTERS, the same in every run."""
    chance = random.Random(20)
    return ["".join(chance.choices(CHARACTERS, k=chance.randint(1, 8))) for _ in range(count)]


def ruamel(version: tuple[int, int]) -> Callable[[str], Any]:
    def load(text: str) -> Any:
        reader = YAML(typ="safe", pure=True)
        reader.version = version
        return reader.load(text)

    return load


READERS: dict[str, Callable[[str], Any]] = {
    "PyYAML": pyyaml.safe_load,
    "PyYAML with libyaml": lambda text: pyyaml.load(text, pyyaml.CSafeLoader),
    "ruamel.yaml 1.2": ruamel((1, 2)),
    "ruamel.yaml 1.1": ruamel((1, 1)),
}
"""Name to a function that reads one document."""
