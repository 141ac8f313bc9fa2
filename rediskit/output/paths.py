"""Which names and paths a tree may have: those that lead to one place inside its folder on every file system."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from rediskit.errors import Problem, RefusedError, visible
from rediskit.git.discovery import work_tree
from rediskit.output.index import NAME

STAGE = ".rediskit.tmp"
"""What a write prepares lies in a folder of this name, inside the tree's folder or, for a new tree, beside it as `.<name>.rediskit.tmp`."""

IGNORE = ".gitignore"
"""The first file of such a folder: Git ignores the folder, so that nobody commits what a killed run left."""

_PLAIN = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
"""What nearly every path looks like, and what needs no closer look."""


def folders(paths: Iterable[str]) -> set[str]:
    """Every folder that these paths need, the tree's own left out."""
    found: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def check(name: str, files: Mapping[str, bytes]) -> None:
    """Raises RefusedError with every path that leaves the folder, is reserved, or is the same as another where case does not count."""
    problems = []
    if not _is_name(name) or "/" in name:
        problems.append(Problem(f"{name!r} is not a name that a folder may have", "one part of a path, without / and \\"))
    for path in files:
        if _PLAIN.fullmatch(path):
            continue
        if not all(_is_name(part) for part in path.split("/")):
            problems.append(Problem(f"{path!r} is not a path that a tree may have", "relative, forward slashes, no empty part, . or .."))
        elif path.partition("/")[0].casefold() in (NAME, STAGE):
            problems.append(Problem(f"{path!r} is not a path that a tree may have", "rediskit keeps that name for itself"))
    needed = folders(files)
    problems += [
        Problem(f"{path} is a file of the tree, and others lie below it", "a path is a file or a folder, not both")
        for path in sorted(needed & files.keys())
    ]
    if problems or _collide(needed.union(files)):
        raise RefusedError([*problems, *_collisions(needed.union(files))])


def check_names(names: Iterable[str]) -> None:
    """Raises RefusedError when two trees of one run would land in one folder."""
    listed = list(names)
    twice = sorted({name for name in listed if listed.count(name) > 1}) if len(set(listed)) < len(listed) else []
    problems = [Problem(f"two trees are called {name}", "each tree needs a folder of its own") for name in twice]
    if problems or _collide(set(listed)):
        raise RefusedError([*problems, *_collisions(set(listed))])


def same_place(path: str) -> str:
    """What a file system that knows no case, or composes letters, makes of a path: equal for two paths that it takes for one."""
    if path.isascii():
        return path.lower()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", path).casefold())


def leaves_the_work_tree(path: str) -> Problem | None:
    """Return the problem of a path that a symbolic link in a Git work tree leads out of it: a commit would decide where is written.

    A path whose links are all outside of work trees is the choice of whoever named it.
    """
    place = Path(os.path.abspath(path))
    for link in (*reversed(place.parents), place):
        if not os.path.islink(link):
            continue
        top = work_tree(Path(os.path.realpath(link.parent)))
        real = os.path.realpath(link)
        if top and not Path(real).is_relative_to(top):
            hint = f"replace the link by a folder, or name the real one: --output {shown(os.path.realpath(path))}"
            what = f"{shown(os.path.relpath(link))} is a symbolic link out of the Git work tree, to {shown(real)}"
            return Problem(what, hint, code="link")
    return None


def shown(path: str) -> str:
    """Return a path with escapes in place of control characters and of bytes that are not UTF-8."""
    return visible(path, keep="")


def _is_name(part: str) -> bool:
    if part in ("", ".", "..") or "\\" in part or "\0" in part:
        return False
    return part.isascii() or _encodes(part)


def _encodes(part: str) -> bool:
    try:
        part.encode()
    except UnicodeEncodeError:
        return False
    return True


def _collide(paths: set[str]) -> bool:
    return len(set(map(same_place, paths))) < len(paths)


def _collisions(paths: set[str]) -> list[Problem]:
    first: dict[str, str] = {}
    problems = []
    for path in sorted(paths):
        other = first.setdefault(same_place(path), path)
        if other != path:
            problems.append(Problem(f"{other} and {path} are one path where case does not count", "give one of them another name"))
    return problems
