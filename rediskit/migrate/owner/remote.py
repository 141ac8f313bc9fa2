"""Find what the kustomizations of a checkout fetch from elsewhere: kustomize runs `git fetch` and HTTP requests for it by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rediskit.errors import ConfigError, Location, Problem
from rediskit.migrate.owner.files import NAMES, Checkout, documents_of, mapping_in, resolved, shown
from rediskit.model.nested import at, list_at

OFFLINE: Mapping[str, str] = {
    "GIT_ALLOW_PROTOCOL": "none",
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), "http://127.0.0.1:9"),
    "NO_PROXY": "",
    "no_proxy": "",
}
"""Variables under which neither git nor kustomize reaches another machine: no transport has that name, nothing answers at that port."""

_FOLDERS = ("resources", "components", "bases")
"""Entries that are folders or files; an address of a repository counts before a folder of the same name."""
_FILES = ("crds", "configurations", "transformers", "generators", "validators", "patchesStrategicMerge")
_PATHS = ("patches", "patchesJson6902", "replacements")
_GENERATORS = ("configMapGenerator", "secretGenerator")
_REMOTE = re.compile(r"(?:git::|gh:|[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+[:/]|github\.com[:/])", re.IGNORECASE)
"""How the address of a repository or a file begins: kustomize api/internal/git/repospec.go and api/internal/loader."""
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")


def remote_entries(place: Checkout) -> list[Problem]:
    """Return a problem for each entry that kustomize would fetch to build the overlay; what it leads to is not looked at."""
    problems, seen, waiting = [], set(), [place.overlay]
    while waiting:
        folder = waiting.pop()
        if folder in seen or not folder.is_relative_to(place.top):
            continue
        seen.add(folder)
        for file in (folder / name for name in NAMES):
            if not file.is_file():
                continue
            for entry, where in _entries(file):
                if _REMOTE.match(entry):
                    what = f"{_CREDENTIALS.sub('', entry)} is fetched by kustomize"
                    problems.append(Problem(what, "keep a copy of it in the checkout, or leave out --offline", (), where, "owner-remote"))
                elif (below := resolved(folder, entry)) and below.is_dir():
                    waiting.append(below)
    return problems


def _entries(file: Path) -> Iterator[tuple[str, Location]]:
    """Yield each text of a kustomization that is a path or an address, with its place."""
    try:
        documents = documents_of(file)
    except ConfigError:
        return  # The build says so.
    content = mapping_in(documents)
    for path, value in _values(content):
        if isinstance(value, str):
            yield value, documents[0].places.get(path, Location(shown(file), 1, 1))


def _values(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for key in (*_FOLDERS, *_FILES):
        yield from (((key, index), entry) for index, entry in enumerate(list_at(content, key)))
    for key in _PATHS:
        yield from (((key, index), at(entry, "path")) for index, entry in enumerate(list_at(content, key)))
    yield ("openapi",), at(content, "openapi", "path")
    for key in _GENERATORS:
        for index, entry in enumerate(list_at(content, key)):
            for one in (*list_at(entry, "files"), *list_at(entry, "envs"), at(entry, "env")):
                yield (key, index), one.partition("=")[2] if isinstance(one, str) and _named(one) else one


def _named(text: str) -> bool:
    """Whether a file of a generator is given as `name=file`."""
    return bool(re.match(r"[^/:=]+=", text))
