"""The index of a tree, `.rediskit.json`: which files are ours, and the SHA-256 of what we wrote.

One sorted line a file and nothing else, so that Git merges two branches line by line. It is read line by line too: where a merge
left conflict markers, or a write was interrupted, a path may stand there with several digests, and each of them is ours.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

NAME = ".rediskit.json"
_LINE = re.compile(r'^(?P<path>"(?:[^"\\]|\\.)*"): "(?P<digest>[0-9a-f]{64})",?\r?$', re.MULTILINE)

Index = Mapping[str, frozenset[str]]
"""Path to the digests under which it is known as ours."""


def digest(content: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read(content: bytes) -> Index:
    """The index in a file's content; lines that are none (conflict markers) are passed over."""
    found: dict[str, frozenset[str]] = {}
    for match in _LINE.finditer(content.decode("utf-8", "replace")):
        path = json.loads(match["path"])
        found[path] = found.get(path, frozenset()) | {match["digest"]}
    return found


def of(files: Mapping[str, bytes]) -> bytes:
    """The index of a tree."""
    return _lines((path, digest(content)) for path, content in files.items())


def both(index: Index, files: Mapping[str, bytes]) -> bytes:
    """The index while a write is under way: what was ours before and what will be. Whatever a crash leaves behind is known."""
    old = ((path, known) for path, digests in index.items() for known in digests)
    return _lines({*old, *((path, digest(content)) for path, content in files.items())})


def _lines(entries: Iterable[tuple[str, str]]) -> bytes:
    lines = [f"{json.dumps(path, ensure_ascii=False)}: {json.dumps(known)}" for path, known in sorted(entries)]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()
