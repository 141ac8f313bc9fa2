"""Validate output paths: each must lead to one place inside its folder on every file system."""

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from rediskit.errors import Problem, RefusedError, visible
from rediskit.git.discovery import work_tree
from rediskit.output.index import NAME

STAGE = ".rediskit.tmp"
"""The folder with the files of an unfinished write: inside the output directory, or beside a new one as `.<name>.rediskit.tmp`."""
IGNORE = ".gitignore"
"""The first file in the stage: it ignores the stage in Git, so leftovers of a killed run are not committed."""
_PLAIN = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
"""Nearly every path matches this and needs no further validation."""


def folders(paths: Iterable[str]) -> set[str]:
    """Return every parent folder of these paths, except the root."""
    parents: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in parents:
            parents.add(parent)
            parent = parent.rpartition("/")[0]
    return parents


def check(name: str, files: Mapping[str, bytes]) -> None:
    """Raise RefusedError with every path that leaves the folder, is reserved, or equals another one when case is ignored."""
    problems = []
    if not _is_valid(name) or "/" in name:
        problems.append(Problem(f"{name!r} is not a valid folder name", "use one part of a path, without / and \\"))
    for path in files:
        if _PLAIN.fullmatch(path):
            continue
        if not all(map(_is_valid, path.split("/"))):
            hint = "use a relative path with forward slashes, without empty parts, . and .."
            problems.append(Problem(f"{path!r} is not a valid output path", hint))
        elif path.partition("/")[0].casefold() in (NAME, STAGE):
            problems.append(Problem(f"{path!r} is not a valid output path", "choose another name: rediskit reserves this one"))
    parents = folders(files)
    problems += [Problem(f"{path} is both a file and a folder", "rename one of them") for path in sorted(parents & files.keys())]
    problems += _collisions(parents.union(files))
    if problems:
        raise RefusedError(problems)


def check_names(names: Iterable[str]) -> None:
    """Raise RefusedError when two environments of one run would use the same folder."""
    counts = Counter(names)
    hint = "give each environment its own name"
    problems = [Problem(f"two environments have the name {name}", hint) for name, count in sorted(counts.items()) if count > 1]
    problems += _collisions(counts)
    if problems:
        raise RefusedError(problems)


def same_place(path: str) -> str:
    """Return the form of a path that is equal for two paths on a file system that ignores case or normalizes Unicode."""
    if path.isascii():
        return path.lower()
    from unicodedata import normalize  # not at start-up: nearly every path is ASCII

    return normalize("NFC", normalize("NFC", path).casefold())


def leaves_the_work_tree(path: str) -> Problem | None:
    """Return a problem when a symbolic link inside a Git work tree leads out of it: a commit would decide where rediskit writes.

    Links outside of work trees are the choice of the caller.
    """
    place = Path(os.path.abspath(path))
    for link in (*reversed(place.parents), place):
        if not os.path.islink(link):
            continue
        top = work_tree(os.path.realpath(link.parent))
        target = os.path.realpath(link)
        if top and not Path(target).is_relative_to(top):
            hint = f"replace the link with a folder, or set the real path: --output {visible(os.path.realpath(path))}"
            message = f"{visible(os.path.relpath(link))} is a symbolic link to {visible(target)}, outside the Git work tree"
            return Problem(message, hint, code="link")
    return None


def _is_valid(part: str) -> bool:
    """Return whether a text is a valid name of a file: no separator, no NUL, encodable as UTF-8."""
    if part in ("", ".", "..") or "\\" in part or "\0" in part:
        return False
    try:
        part.encode()
    except UnicodeEncodeError:
        return False
    return True


def _collisions(paths: Iterable[str]) -> list[Problem]:
    """Return the paths that are one path on a file system that ignores case."""
    first: dict[str, str] = {}
    pairs = [(first.setdefault(same_place(path), path), path) for path in sorted(paths)]
    return [
        Problem(f"{other} and {path} are the same path on a case-insensitive file system", "rename one of them")
        for other, path in pairs
        if other != path
    ]
