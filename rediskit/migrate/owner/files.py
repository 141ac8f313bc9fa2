"""The files of an owner's checkout: where they are, and what is in them. Everything in it was written by other people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Location, Problem
from rediskit.files import read_regular, reason
from rediskit.git.discovery import work_tree
from rediskit.model.client import Client
from rediskit.output.nofollow import not_a_folder
from rediskit.yamlio.foreign import MAX_BYTES, Document, read_foreign

FOLDER = "rediskit"
"""The folder in an owner's checkout that holds one folder of ours a client."""
NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Checkout(NamedTuple):
    """A checkout of an owner. top: its Git work tree; to: where our folder lies; overlay: the folder that is built. All real paths.

    offline: whether a build that fetches something is refused.
    """

    top: Path
    to: Path
    overlay: Path
    offline: bool = False


def checkout(to: str, overlay: str | None, *, offline: bool = False) -> Checkout:
    """Where an owner's files lie. Raises ConfigError when there is no such folder, no Git work tree around it, or no kustomization."""
    folder, built = (Path(os.path.realpath(name)) for name in (to, overlay or to))
    if not os.path.isdir(folder):  # noqa: PTH112 - unlike Path.is_dir, False for what may not be looked at
        raise ConfigError(Problem(f"there is no folder {to}", "name a folder in a checkout of the owner's repository"))
    top = work_tree(folder)
    if top is None or not built.is_relative_to(top):
        what = f"{to} lies in no Git work tree" if top is None else f"{overlay} lies outside of the checkout that holds {to}"
        raise ConfigError(Problem(what, "name folders in one checkout of the owner's repository"))
    return Checkout(top, folder, built, offline)


def is_built(place: Checkout) -> bool:
    """Return whether the overlay of a checkout has a kustomization."""
    return any(os.path.isfile(place.overlay / name) for name in NAMES)  # noqa: PTH113 - as in `kustomization`


def kustomization(folder: Path) -> Path:
    """The kustomization file of a folder. Raises ConfigError when there is none."""
    for name in NAMES:
        file = folder / name
        if os.path.isfile(file):  # noqa: PTH113 - unlike Path.is_file, False for what may not be looked at
            if file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(folder):
                hint = "put the file itself there: kustomize reads no file outside of the folder that it builds"
                raise ConfigError(Problem(f"{shown(file)} is a symbolic link to {file.readlink()}, outside of its folder", hint))
            return file
    hint = "name the folder of the owner's outermost overlay: with --overlay, where our files are to lie elsewhere"
    raise ConfigError(Problem(f"there is no kustomization.yaml in {shown(folder)}", hint))


def shown(path: Path) -> str:
    """A path as people see it: relative to the current folder where it lies below."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


class Listing(NamedTuple):
    """Who lists a client's Component. files: the kustomizations; unread: the problems of those that can't be read."""

    files: list[Path]
    unread: list[Problem]


def listing(place: Checkout, client: Client) -> Listing:
    """Return the kustomizations of the checkout that list the client's Component, and those that can't be read."""
    mine = place.to / FOLDER / client.name
    found = Listing([], [])
    for file in sorted(_below(place.top, NAMES)):
        try:
            if any(resolved(file.parent, entry) == mine for entry in entries_of(file, content_of(file), "components")):
                found.files.append(file)
        except ConfigError as error:
            found.unread.extend(error.problems)
    return found


def resolved(folder: Path, entry: Any) -> Path | None:
    """Return the real path that an entry of a kustomization leads to; None for what is no path."""
    if not isinstance(entry, str) or "\0" in entry:
        return None
    return Path(os.path.realpath(folder / entry))


def _below(top: Path, names: tuple[str, ...]) -> Iterator[Path]:
    """Give the regular files of these names in a folder and below it; links and `.git` are left out."""
    for parent, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (path for name in files if name in names and not (path := Path(parent, name)).is_symlink())


def manifests_below(folder: Path) -> list[Path]:
    """Return the YAML files in a folder and below it, in order; links and `.git` are left out."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        found += [path for name in files if name.endswith((".yaml", ".yml")) and not (path := Path(parent, name)).is_symlink()]
    return sorted(found)


def content_of(file: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; an empty one where it holds something else. Raises ConfigError where it can't be read."""
    return mapping_in(documents_of(file))


def mapping_in(documents: list[Document]) -> dict[str, Any]:
    """Return the mapping in the first document; an empty one where it holds something else."""
    content = documents[0].data if documents else None
    return content if isinstance(content, dict) else {}


def documents_of(file: Path) -> list[Document]:
    """Return the documents of a YAML file. Raises ConfigError, with a place, where it can't be read."""
    name = shown(file)
    try:
        return read_foreign(read_regular(file, MAX_BYTES), name)
    except OSError as error:
        problem = Problem(f"can't be read: {reason(error)}", "check the file and its permissions", (), Location(name, 1, 1))
        raise ConfigError(problem) from error


def entries_of(file: Path, content: dict[str, Any], key: str) -> list[Any]:
    """Return the list at a key of a kustomization; an empty one where there is none. Raises ConfigError for anything else."""
    entries = content.get(key)
    if entries is not None and not isinstance(entries, list):
        hint = "write a list: kustomize can't read it either"
        raise ConfigError(Problem(f"{key} is not a list", hint, (), Location(shown(file), 1, 1)))
    return list(entries or ())


def link_in_the_way(place: Checkout, client: Client) -> Problem | None:
    """Return the problem of a link or a file where the folder of a client's files belongs; None where a folder or nothing is there."""
    for folder in (place.to / FOLDER, place.to / FOLDER / client.name):
        if os.path.lexists(folder) and (folder.is_symlink() or not folder.is_dir()):
            return replace(not_a_folder(Path(shown(folder)), folder.lstat().st_mode), code="owner-link")
    return None
