"""The index of a tree, `.rediskit.json`: which files are ours, and the SHA-256 of what we wrote.

A JSON object of one sorted line a file and nothing else. Each line is whole in itself (the comma stands before it), so that Git merges
two branches line by line, and what `merge=union` makes of them is JSON still. It is read line by line too: after a merge, with conflict
markers or without, and while a write is under way, a path may stand there with several digests, and a file with any of them is ours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted

NAME = ".rediskit.json"

_LINE = re.compile(r'[ ,]?("(?:[^"\\]|\\.)*"): "([0-9a-f]{64})",?\r?')
_FRAME = re.compile(r"[{}]?\r?|(<{7}|={7}|>{7}|\|{7})( .*)?\r?")
"""Brackets, and the conflict markers that Git leaves."""

_MARKER = re.compile(rb"(<{7}|={7}|>{7}|\|{7})(?: .*)?\r?$")
_OURS, _THEIRS = b"<<<<<<<", b">>>>>>>"
_READ_IN = {b"": (_OURS, _THEIRS), _OURS: (_OURS,), b"=======": (_THEIRS,), _THEIRS: (_OURS, _THEIRS)}
"""After which marker a line belongs to which side; what stands after `|||||||` is the common base."""

Owned = Mapping[str, frozenset[str]]
"""Path to the digests under which its file is known as ours."""


@dataclass(frozen=True, slots=True)
class Index:
    """What an index file says. broken: the number, from 1, of the first line that belongs in no index; 0 when there is none."""

    owned: Owned
    broken: int = 0


def digest(content: bytes) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    return sha256(content).hexdigest()


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """The digest of each file of a tree, in the order of the paths."""
    return {path: sha256(files[path]).hexdigest() for path in sorted(files)}


def sides(content: bytes) -> tuple[bytes, ...]:
    """The two versions that Git put together in a file with conflict markers; none where it holds no markers."""
    versions: dict[bytes, list[bytes]] = {_OURS: [], _THEIRS: []}
    now = b""
    for line in content.split(b"\n"):
        marker = _MARKER.match(line)
        if marker:
            now = marker[1]
        else:
            for side in _READ_IN.get(now, ()):
                versions[side].append(line)
    return tuple(b"\n".join(lines) for lines in versions.values()) if now else ()


def of(known: Mapping[str, str]) -> bytes:
    """The index of a tree whose files have these digests, in the order of the paths."""
    return _text(known.items())


def both(owned: Owned, known: Mapping[str, str]) -> bytes:
    """The index while a write is under way: what was ours before and what will be. Whatever a kill leaves behind is in it."""
    old = {(path, found) for path, several in owned.items() for found in several}
    return _text(sorted(old.union(known.items())))


def read(content: bytes) -> Index:
    """The index in a file's content. What can be read of a broken one is in it."""
    owned: dict[str, frozenset[str]] = {}
    lines = content.decode("utf-8", "replace").split("\n")
    broken = [] if {"{", "}"} <= {line.rstrip("\r") for line in lines} else [len(lines)]
    for number, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        path = _string(match[1]) if match else None
        if match and path is not None:
            owned[path] = owned.get(path, frozenset()) | {match[2]}
        elif not _FRAME.fullmatch(line):
            broken.append(number)
    return Index(owned, min(broken, default=0))


def _string(text: str) -> str | None:
    if "\\" not in text:
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError:
        return None


def _text(entries: Iterable[tuple[str, str]]) -> bytes:
    lines = [f'{quoted(path)}: "{known}"' for path, known in entries]
    return ("{\n" + (" " + "\n,".join(lines) + "\n" if lines else "") + "}\n").encode()
