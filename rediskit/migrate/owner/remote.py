"""The remote entries of kustomizations: kustomize runs `git fetch` and HTTP requests for them."""

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
"""Variables that stop git and kustomize from network access: no transport has that name, and nothing listens at that port."""

_FOLDERS = ("resources", "components", "bases")
"""Entries that are folders or files; an address of a repository has priority over a folder of the same name."""
_FILES = ("crds", "configurations", "transformers", "generators", "validators", "patchesStrategicMerge")
_PATHS = ("patches", "patchesJson6902", "replacements")
_GENERATORS = ("configMapGenerator", "secretGenerator")
_REMOTE = re.compile(r"(?:git::|gh:|[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+[:/]|github\.com[:/])", re.IGNORECASE)
"""The start of the address of a repository or a file: kustomize api/internal/git/repospec.go and api/internal/loader."""
_CREDENTIALS = re.compile(r"(?<=://)[^/@]*@")


def remote_entries(checkout: Checkout) -> list[Problem]:
    """Return a problem for each entry that kustomize fetches to build the overlay. Its target is not read."""
    problems, visited, waiting = [], set(), [checkout.overlay]
    while waiting:
        folder = waiting.pop()
        if folder in visited or not folder.is_relative_to(checkout.top):
            continue
        visited.add(folder)
        for file in (folder / name for name in NAMES):
            if not file.is_file():
                continue
            for entry, where in _entries(file):
                if _REMOTE.match(entry):
                    message = f"kustomize fetches {_CREDENTIALS.sub('', entry)}"
                    problems.append(Problem(message, "add a copy to the checkout, or omit --offline", (), where, "owner-remote"))
                elif (below := resolved(folder, entry)) and below.is_dir():
                    waiting.append(below)
    return problems


def _entries(file: Path) -> Iterator[tuple[str, Location]]:
    """Yield each path or address in a kustomization, with its location."""
    try:
        documents = documents_of(file)
    except ConfigError:
        return  # The build reports it.
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
            for file in (*list_at(entry, "files"), *list_at(entry, "envs"), at(entry, "env")):
                yield (key, index), file.partition("=")[2] if isinstance(file, str) and _has_name(file) else file


def _has_name(text: str) -> bool:
    """Return whether a file of a generator has the form `name=file`."""
    return bool(re.match(r"[^/:=]+=", text))
