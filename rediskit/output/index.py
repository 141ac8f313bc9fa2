"""The index of an output directory, `.rediskit.json`: the files that rediskit wrote, with their SHA-256.

The index is a JSON object with one sorted line per file. Each line is complete in itself (its comma comes first), so that Git merges two
branches line by line and the result of `merge=union` is still JSON. The index is read line by line too. After a merge, and during a
write, a path may occur with several digests: rediskit owns the file with any of them.
"""

import json
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple

NAME = ".rediskit.json"

_LINE = r'[ ,]?("(?:[^"\\]|\\.)*"): "([0-9a-f]{64})",?\r?'
_FRAME = r"[{}]?\r?|(<{7}|={7}|>{7}|\|{7})( .*)?\r?"
"""Brackets, and Git conflict markers."""
_MARKER = rb"(<{7}|={7}|>{7}|\|{7})(?: .*)?\r?$"
_OURS, _THEIRS = b"<<<<<<<", b">>>>>>>"
_SIDES = {b"": (_OURS, _THEIRS), _OURS: (_OURS,), b"=======": (_THEIRS,), _THEIRS: (_OURS, _THEIRS)}
"""The last marker before a line, to the sides that contain the line. Lines after `|||||||` are the common base."""

Owned = Mapping[str, frozenset[str]]
"""Path to the digests with which rediskit owns the file."""


class Index(NamedTuple):
    """The digests of each file that rediskit wrote, and the number of the first invalid line from 1; 0 if all are valid."""

    owned: Owned
    broken: int = 0


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    return sha256(content).hexdigest()


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the digest of each file, in the order of the paths."""
    return {path: sha256(files[path]).hexdigest() for path in sorted(files)}


def sides(content: bytes) -> tuple[bytes, ...]:
    """Return the two versions in a file with Git conflict markers; none where the file has no markers."""
    versions: dict[bytes, list[bytes]] = {_OURS: [], _THEIRS: []}
    last = b""
    for line in content.split(b"\n"):
        if marker := re.match(_MARKER, line):
            last = marker[1]
        else:
            for side in _SIDES.get(last, ()):
                versions[side].append(line)
    return tuple(b"\n".join(lines) for lines in versions.values()) if last else ()


def of(digests: Mapping[str, str]) -> bytes:
    """Return the index of files with these digests, which are in the order of the paths."""
    return _text(digests.items())


def both(owned: Owned, digests: Mapping[str, str]) -> bytes:
    """Return the index during a write: the old and the new digests, so that it covers all files that a killed run leaves."""
    old = {(path, value) for path, values in owned.items() for value in values}
    return _text(sorted(old.union(digests.items())))


def read(content: bytes) -> Index:
    """Return the index in a file's content. The valid lines of a damaged index are part of it."""
    owned: dict[str, frozenset[str]] = {}
    lines = content.decode("utf-8", "replace").split("\n")
    broken = [] if {"{", "}"} <= {line.rstrip("\r") for line in lines} else [len(lines)]
    for number, line in enumerate(lines, 1):
        match = re.fullmatch(_LINE, line)
        path = _string(match[1]) if match else None
        if match and path is not None:
            owned[path] = owned.get(path, frozenset()) | {match[2]}
        elif not re.fullmatch(_FRAME, line):
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
    lines = [f'{quoted(path)}: "{value}"' for path, value in entries]
    return ("{\n" + (" " + "\n,".join(lines) + "\n" if lines else "") + "}\n").encode()
