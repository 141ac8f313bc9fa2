"""The arguments of the stand-in for kubectl, its patches and its paths. What it does not know is an error."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster.processes import FailedError

Object = dict[str, Any]

_SHORT = {"-n": "namespace", "-c": "container", "-p": "patch", "-o": "output", "-f": "filename", "-l": "selector"}

_SWITCHES = {"-i": "stdin", "--overwrite": "overwrite", "--server-side": "server-side", "--force-conflicts": "force-conflicts",
             "--ignore-not-found": "ignore-not-found", "--stdin": "stdin", "--timestamps": "timestamps"}  # fmt: skip


def options_of(arguments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Options and words as kubectl reads them; what follows `--` is the command."""
    options: dict[str, Any] = {}
    words: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            options["command"] = rest
            break
        if word in _SWITCHES:
            options[_SWITCHES[word]] = True
        elif word in _SHORT:
            options[_SHORT[word]] = rest.pop(0)
        elif word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            options[name] = value if equals else rest.pop(0)
        elif word.startswith("-") and word != "-":
            raise FailedError(f"the lab's kubectl has no option {word}")
        else:
            words.append(word)
    if "type" in options and options["type"] not in ("merge", "strategic"):
        raise FailedError(f"the lab's kubectl has no patch of type {options['type']}")
    return options, words


def named(words: Sequence[str]) -> list[tuple[str, str]]:
    if "/" in words[0]:
        return [(kind, name) for kind, _, name in (word.partition("/") for word in words)]
    kind, *names = words
    return [(kind, name) for name in names]


def merge_patch(target: Object, patch: Mapping[str, Any]) -> None:
    """Apply a JSON merge patch. For the objects here, it equals a strategic one."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, Mapping):
            merge_patch(target.setdefault(key, {}), value)
        else:
            target[key] = copy.deepcopy(value)


def jsonpath(content: Object, template: str) -> str:
    r"""Return the value at a path such as `{.a.b\.c.d}`, the one form that the pages use."""
    match = re.fullmatch(r"\{((?:\.(?:[^.{}\\]|\\\.)+)+)\}", template)
    if match is None:
        raise FailedError(f"the lab's kubectl cannot read the jsonpath {template}")
    value: Any = content
    for part in re.findall(r"\.((?:[^.{}\\]|\\\.)+)", match[1]):
        value = value.get(part.replace("\\.", ".")) if isinstance(value, Mapping) else None
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value) if not isinstance(value, (dict, list)) else json.dumps(value)


def seconds_of(text: str) -> float:
    match = re.fullmatch(r"(\d+)(s|m)", text)
    assert match, text
    return int(match[1]) * (60 if match[2] == "m" else 1)
