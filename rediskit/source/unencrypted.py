"""Secrets in clear among the inputs of a config: what lies in its folder is committed with it, and Git keeps it for ever."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rediskit.errors import ConfigError, Location, Problem
from rediskit.errors import Path as DataPath
from rediskit.files import read_regular
from rediskit.model.ciphertext import plain_keys, template_keys
from rediskit.model.nested import at, list_at
from rediskit.yamlio.reader import read

SUFFIXES = (".yaml", ".yml", ".json")
_SECRET = re.compile(rb"\bkind\b[\"']?[ \t]*:[ \t]*[\"']?Secret\b")
"""What a file has to say to be looked at: nearly none does, and reading YAML costs a thousand times as much."""
_SEALED_SECRET = re.compile(rb"\bkind\b[\"']?[ \t]*:[ \t]*[\"']?SealedSecret\b")
_DOCUMENTS = re.compile(rb"^---(?=\s|$)", re.MULTILINE)
_LINES = (
    re.compile(r"^kind[ \t]*:[ \t]*[\"']?Secret[\"']?[ \t]*(?:#.*)?$", re.MULTILINE),
    re.compile(r"^(?:data|stringData)[ \t]*:", re.MULTILINE),
)
"""A Secret in YAML that our reader refuses: with anchors, or as a template."""
_SEALED_LINES = (
    re.compile(r"^kind[ \t]*:[ \t]*[\"']?SealedSecret[\"']?[ \t]*(?:#.*)?$", re.MULTILINE),
    re.compile(r"^[ \t]+data[ \t]*:(?![ \t]*(?:null|~|\{[ \t]*\})[ \t]*$)", re.MULTILINE),
)
_SOPS = re.compile(r"^sops[ \t]*:", re.MULTILINE)
_HINT = "take it out of Git, change the password, and encrypt the new one: rediskit secret new"


def in_folder(folder: Path, shown: str) -> Iterator[Problem]:
    """A problem for each v1 Secret with a value in clear in a manifest below a folder, hidden files and all; no value is shown.

    folder: may be missing. shown: how its name is shown. Links are not followed: what they lead to is committed elsewhere.
    """
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(name for name in names if name.endswith(SUFFIXES)):
            path = Path(parent, name)
            yield from in_file(path, os.path.normpath(Path(shown, path.relative_to(folder))))


def in_file(path: Path, shown: str) -> Iterator[Problem]:
    """The same for one file. What cannot be read, or is larger than 1 MiB, is no manifest."""
    try:
        text = read_regular(path, follow=False)
    except OSError:
        return
    if not _SECRET.search(text):
        return
    ends = [found.start() for found in _DOCUMENTS.finditer(text)]
    for start, end in zip([0, *ends], [*ends, len(text)], strict=True):
        if _in_clear(text[start:end]):
            line = text[:start].count(b"\n") + text[start:end].count(b"\n", 0, _first(text[start:end])) + 1
            yield Problem("a Secret in clear", _HINT, (), Location(shown, line, 1))


def in_data(value: Any, path: DataPath = ()) -> Iterator[DataPath]:
    """Yield the path of each Secret with a value in plain text in nested data, whatever it is nested in.

    An object is found in a list, in Helm values and in a text that holds YAML or JSON. The API version is not asked for, because a
    template may write it; the literals of a `secretGenerator` and the `template.data` of a SealedSecret become a Secret, too. Base64
    hides nothing.
    """
    if isinstance(value, str):
        if any(_in_clear(document) or _is_plain_sealed(document) for document in _documents(value.encode(errors="replace"))):
            yield path
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from in_data(inner, (*path, index))
    elif isinstance(value, Mapping):
        if _is_plain(value) or template_keys(value):
            yield path
            return
        for key, inner in value.items():
            if key == "secretGenerator" and any(at(one, "literals") for one in list_at(value, key)):
                yield (*path, key)
            else:
                yield from in_data(inner, (*path, str(key)))


def _is_plain(content: Mapping[str, Any]) -> bool:
    kind = content.get("kind")
    if kind == "SecretList":
        return any(isinstance(item, Mapping) and _is_plain({**item, "kind": "Secret"}) for item in list_at(content, "items"))
    return kind == "Secret" and bool(plain_keys({**content, "apiVersion": "v1"}))


def _documents(text: bytes) -> Iterator[bytes]:
    if _SECRET.search(text) or _SEALED_SECRET.search(text):
        ends = [found.start() for found in _DOCUMENTS.finditer(text)]
        yield from (text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True))


def _first(document: bytes) -> int:
    found = _SECRET.search(document)
    return found.start() if found else 0


def _in_clear(document: bytes) -> bool:
    return bool(_SECRET.search(document)) and _has_keys(document, plain_keys, _LINES)


def _is_plain_sealed(document: bytes) -> bool:
    return bool(_SEALED_SECRET.search(document)) and _has_keys(document, template_keys, _SEALED_LINES)


def _has_keys(document: bytes, keys: Callable[[Any], tuple[str, ...]], lines: tuple[re.Pattern[str], ...]) -> bool:
    """Return whether an object of a document has keys in plain text; `lines` stand for that in a document that cannot be read."""
    try:
        return any(keys(content) for content in _objects(read(document, "").data))
    except ConfigError:
        text = document.decode("utf-8", "replace")
        return all(line.search(text) for line in lines) and not _SOPS.search(text)


def _objects(content: Any) -> Iterator[Any]:
    yield content
    items = content.get("items") if isinstance(content, dict) and str(content.get("kind", "")).endswith("List") else None
    yield from items if isinstance(items, list) else ()
