"""Find unencrypted Secrets in the folder of a config, which is committed to Git."""

import os
import re
from collections.abc import Callable, Container, Iterator, Mapping
from itertools import pairwise
from typing import Any

from rediskit.errors import ConfigError, Location, Path, Problem
from rediskit.files import read_regular
from rediskit.model.ciphertext import plain_keys, template_keys
from rediskit.model.nested import at, list_at
from rediskit.yamlio.reader import read

SUFFIXES = (".yaml", ".yml", ".json")
_SECRET = re.compile(rb"\bkind\b[\"']?[ \t]*:[ \t]*[\"']?Secret\b")
"""A file without this text is not parsed, which takes a thousand times as long."""
_SEALED_SECRET = rb"\bkind\b[\"']?[ \t]*:[ \t]*[\"']?SealedSecret\b"
_KIND_OF_SECRET = rb"kind[\\\"' \tt:]*(?:Sealed)?Secret"
"""The same in the YAML of a text, where quotation marks and tabs can have a backslash, and quotation marks can be doubled."""
_LINES = (r"(?m)^kind[ \t]*:[ \t]*[\"']?Secret[\"']?[ \t]*(?:#.*)?$", r"(?m)^(?:data|stringData)[ \t]*:")
"""An unencrypted Secret in YAML that the strict reader refuses: with anchors, or as a template."""
_SEALED_LINES = (
    r"(?m)^kind[ \t]*:[ \t]*[\"']?SealedSecret[\"']?[ \t]*(?:#.*)?$",
    r"(?m)^[ \t]+data[ \t]*:(?![ \t]*(?:null|~|\{[ \t]*\})[ \t]*$)",
)
_CODE = "unencrypted-secret"
_HINT = "remove it from Git, and run rediskit secret new to create and encrypt another password"


def in_folder(folder: str, shown: str, known: Container[str] = ()) -> Iterator[Problem]:
    """Yield a problem for each unencrypted v1 Secret in the manifests below a folder, hidden files included. No value is shown.

    Links are not followed, because Git does not commit their targets. `shown` is the name of the folder for messages, `known` the names of
    files that are not read.
    """
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(name for name in names if name.endswith(SUFFIXES)):
            file = os.path.normpath(f"{shown}{parent.removeprefix(folder)}/{name}")
            if file not in known:
                yield from in_file(f"{parent}/{name}", file)


def in_file(path: str, shown: str) -> Iterator[Problem]:
    """Yield the problems of one file, as `in_folder`. A file that can't be read or is larger than 1 MiB is not a manifest."""
    try:
        text = read_regular(path, follow=False)
    except OSError:
        return
    line = 1
    for document in _documents(text):
        if (kind := _SECRET.search(document)) and _is_unencrypted(document):
            yield Problem("an unencrypted Secret", _HINT, (), Location(shown, line + document.count(b"\n", 0, kind.start()), 1), _CODE)
        line += document.count(b"\n")


def can_have_secret(text: bytes) -> bool:
    """Return whether the YAML of an object can have a Secret that `in_data` finds. Most have none, and this is much faster."""
    return (b"Secret" in text and re.search(_KIND_OF_SECRET, text) is not None) or b"secretGenerator" in text


def in_data(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of each Secret with a value in plain text in nested data, whatever it is nested in.

    The search includes lists, Helm values, text that contains YAML or JSON, literals of a `secretGenerator` and the `template.data` of a
    SealedSecret. The API version is ignored, because a template can set it. Base64 is plain text.
    """
    paths: list[Path] = []
    _search(value, path, paths)
    yield from paths


def _search(value: Any, path: Path, paths: list[Path]) -> None:
    """Add the paths of `in_data`. A generator for each level takes twice as long."""
    if isinstance(value, str):
        if any(_is_unencrypted(document) or _is_plain_sealed(document) for document in _documents(value.encode(errors="replace"))):
            paths.append(path)
        return
    is_mapping = isinstance(value, (dict, Mapping))
    if is_mapping and value.get("kind") in _KINDS and (_is_plain(value) or template_keys(value)):
        paths.append(path)
        return
    for key, inner in value.items() if is_mapping else enumerate(value):
        if key == "secretGenerator" and any(at(entry, "literals") for entry in list_at(value, key)):
            paths.append((*path, key))
        elif "Secret" in inner if isinstance(inner, str) else isinstance(inner, (dict, list, tuple, Mapping)):
            _search(inner, (*path, str(key) if is_mapping else key), paths)


_KINDS = ("Secret", "SecretList", "SealedSecret")


def _is_plain(content: Mapping[str, Any]) -> bool:
    kind = content.get("kind")
    if kind == "SecretList":
        return any(isinstance(item, Mapping) and _is_plain({**item, "kind": "Secret"}) for item in list_at(content, "items"))
    return kind == "Secret" and bool(plain_keys({**content, "apiVersion": "v1"}))


def _documents(text: bytes) -> Iterator[bytes]:
    """Yield the documents of a text that can contain a Secret."""
    if _SECRET.search(text) or re.search(_SEALED_SECRET, text):
        starts = [0, *(separator.start() for separator in re.finditer(rb"(?m)^---(?=\s|$)", text)), len(text)]
        yield from (text[start:end] for start, end in pairwise(starts))


def _is_unencrypted(document: bytes) -> bool:
    return bool(_SECRET.search(document)) and _has_keys(document, plain_keys, _LINES)


def _is_plain_sealed(document: bytes) -> bool:
    return bool(re.search(_SEALED_SECRET, document)) and _has_keys(document, template_keys, _SEALED_LINES)


def _has_keys(document: bytes, keys: Callable[[Any], tuple[str, ...]], lines: tuple[str, ...]) -> bool:
    """Return whether an object has keys in plain text; in a document that can't be read, whether it has all these lines."""
    try:
        return any(keys(content) for content in _objects(read(document, "").data))
    except ConfigError:
        text = document.decode("utf-8", "replace")
        return all(re.search(line, text) for line in lines) and not re.search(r"(?m)^sops[ \t]*:", text)


def _objects(content: Any) -> Iterator[Any]:
    yield content
    items = content.get("items") if isinstance(content, dict) and str(content.get("kind", "")).endswith("List") else None
    yield from items if isinstance(items, list) else ()
