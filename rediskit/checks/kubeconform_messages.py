"""What kubeconform says of an object, in our words and with the place that it means.

Its own field `validationErrors` stops at the first level (`/spec: validation failed`), so the sentence is taken apart: the tree of
complaints that its JSON schema library prints, one in a line, with kubeconform's blanks in place of the line breaks.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from rediskit.errors import Path

Complaint = tuple[Path, str]
"""Where in the object, and what."""

_SHOWN = 200
"""Characters of kubeconform's own words, or of a value or pattern, that a message repeats."""
_QUOTED = r"'(?:[^'\\]|\\.)*'"
_HEAD = re.compile(rf" (?P<depth>(?:  )*)- at (?P<pointer>{_QUOTED}): |{_QUOTED}")
"""Where one complaint of a message begins. Quoted text is passed over as a whole: what stands in it begins nothing."""
_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U000[0-9a-f]{5}|U0010[0-9a-f]{4}|[abfnrtv\\'])")
"""How Go escapes a character; Python reads each of them alike."""
_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "bool": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
    "struct": "a mapping",
}
_COUNTED = {"Items": "the number of entries ", "Length": "the number of characters ", "Properties": "the number of fields ", "imum": ""}


def violations(message: str, text: bytes) -> Iterator[Complaint]:
    """The complaints of a message without those that only head others, each with its place in the object."""
    heads = [head for head in _HEAD.finditer(message) if head["pointer"]]
    ends = [head.start() for head in heads[1:]] + [len(message)]
    depths = [len(head["depth"]) for head in heads] + [0]
    choice = None
    for index, head in enumerate(heads):
        if choice is not None and depths[index] > choice:
            continue
        complaint = message[head.end() : ends[index]]
        choice = depths[index] if complaint.startswith(("oneOf", "anyOf")) else None
        if choice is None and depths[index + 1] > depths[index]:
            continue
        place = _place(_unquoted(head["pointer"]), text)
        yield from ((place + more, worded) for more, worded in _worded(complaint))
    if not heads:
        yield (), f"kubeconform says: {own_words(message)}"


def _place(pointer: str, text: bytes) -> Path:
    """A JSON pointer as a path: only the document knows whether `0` is an index or a key."""
    tokens = [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]
    document = _document(text) if any(token.isdecimal() for token in tokens) else None
    path: list[str | int] = []
    for token in tokens:
        if isinstance(document, list) and token.isdecimal() and int(token) < len(document):
            path.append(int(token))
            document = document[int(token)]
        else:
            path.append(token)
            document = document.get(token) if isinstance(document, dict) else None
    return tuple(path)


@lru_cache(maxsize=1)
def _document(text: bytes) -> Any:
    """The text's lists and mappings; every scalar in them is a str."""
    import yaml

    try:
        return yaml.load(text, yaml.BaseLoader)
    except yaml.YAMLError:
        return None


def _worded(complaint: str) -> Iterator[Complaint]:
    """A complaint of the library that kubeconform uses (santhosh-tekuri/jsonschema, kind/kind.go), in our words."""
    for pattern, words in _WORDS:
        if found := pattern.fullmatch(complaint):
            yield from words(found)
            return
    yield (), f"kubeconform says: {own_words(complaint)}"


def unread(message: str) -> Iterator[Complaint]:
    """What kept kubeconform from judging a text: it is no YAML, or no object."""
    twice = re.findall(r"line ([0-9]+): key (.+) already set in map", message)
    if twice:
        yield from (((), f"line {line}: the key {key} stands twice") for line, key in twice)
        return
    if found := re.search(r"cannot unmarshal (\w+) into Go struct field \.([\w.]+) of type (\w+)", message):
        fields = ("apiVersion" if name == "APIVersion" else name[0].lower() + name[1:] for name in found[2].split("."))
        yield tuple(fields), f"must be {_kind(found[3])}, is {_kind(found[1])}"
    elif found := re.search(r"cannot unmarshal (\w+) into Go value", message):
        yield (), f"must be a mapping, is {_kind(found[1])}"
    elif found := re.search(r"missing '(\w+)' key", message):
        yield (found[1],), f"missing field {found[1]}"
    else:
        said = re.sub(r"^error (?:unmarshalling resource|while parsing): |error converting YAML to JSON: |yaml: ", "", message)
        # What stands in backquotes is a value of the document.
        yield (), f"Kubernetes could not read it: {own_words(re.sub('`[^`]*`', '`...`', said))}"


def _fields(word: str) -> Callable[[re.Match[str]], Iterator[Complaint]]:
    return lambda found: (((name,), f"{word} field {name}") for name in _names(found[1]))


def _wrong_kind(found: re.Match[str]) -> Iterator[Complaint]:
    wanted = " or ".join(_kind(name) for name in found[2].split(" or ") if name != "null")
    yield (), f"must be {wanted}, is {_kind(found[1])}"


def _wrong_value(found: re.Match[str]) -> Iterator[Complaint]:
    options = _names(found[1])
    yield (), f"must be one of {', '.join(options)}" if len(options) > 1 else f"must be {''.join(options) or found[1]}"


def _wrong_form(found: re.Match[str]) -> Iterator[Complaint]:
    given, wanted = (_unquoted(text) for text in found.groups())
    yield (), f"{own_words(json.dumps(given, ensure_ascii=False))} does not have the form {own_words(wanted)}"


def _beyond_limit(found: re.Match[str]) -> Iterator[Complaint]:
    """Numbers come with a comma at each thousand."""
    yield (), f"{_COUNTED[found[2]]}must be at {'least' if found[1] == 'min' else 'most'} {found[3].replace(',', '')}"


def _no_one_form(found: re.Match[str]) -> Iterator[Complaint]:
    yield (), "has none of the forms that are allowed here" if found[1] else "has more than one of the forms of which one is allowed here"


_WORDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Iterator[Complaint]]], ...] = (
    (re.compile(r"additional properties (.+) not allowed"), _fields("unknown")),
    (re.compile(r"missing propert(?:y|ies) (.+)"), _fields("missing")),
    (re.compile(r"got (\w+), want (\w+(?: or \w+)*)"), _wrong_kind),
    (re.compile(r"value must be (?:one of )?(.+)"), _wrong_value),
    (re.compile(rf"({_QUOTED}) does not match pattern ({_QUOTED})"), _wrong_form),
    (re.compile(r"(min|max)(Items|Length|Properties|imum): got .+, want (.+)"), _beyond_limit),
    (re.compile(r"(?:one|any)Of failed(, none matched)?.*"), _no_one_form),
)


def _kind(name: str) -> str:
    return _KINDS.get(name, name)


def _names(quoted: str) -> list[str]:
    return [_unquoted(name) for name in re.findall(_QUOTED, quoted)]


def _unquoted(quoted: str) -> str:
    return _ESCAPE.sub(lambda escape: str(ast.literal_eval(f"'{escape[0]}'")), quoted[1:-1])


def own_words(text: str) -> str:
    """As kubeconform says it: one line, cut where it gets long."""
    line = "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
