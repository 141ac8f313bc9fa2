"""The files of a checkout that each outermost kustomization reads, with the namespace and the names that it gives to their objects."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError
from rediskit.migrate.owner.files import NAMES, Checkout, content_of, files_below, resolved
from rediskit.model.nested import at, list_at, text_at
from rediskit.output.index import NAME as INDEX

_FOLDERS = ("resources", "bases", "components", "generators", "transformers", "validators")
_LISTED = ("crds", "configurations", "patchesStrategicMerge")
_WITH_PATH = ("patches", "patchesJson6902", "replacements")
_GENERATORS = ("configMapGenerator", "secretGenerator")


class Reader(NamedTuple):
    """How an outermost kustomization changes the objects of a file.

    Attributes:
        namespace: The namespace that it sets; "" if it sets none.
        prefix, suffix: What it adds to names.
        migrates: Whether it reads files that rediskit wrote, so that its own migration changes its objects.
    """

    namespace: str = ""
    prefix: str = ""
    suffix: str = ""
    migrates: bool = False


class Reading(NamedTuple):
    """The files that the overlay of a checkout reads, and for each file its readers apart from this overlay."""

    own: frozenset[Path]
    others: Mapping[Path, frozenset[Reader]]


def reading(checkout: Checkout) -> Reading:
    """Return which kustomizations read the files of a checkout. A file that cannot be read is not followed."""
    folders = {file.parent for file in files_below(checkout.top, NAMES) if file.name in NAMES}
    inner = {folder for parent in folders for folder in _inner(parent)} | {checkout.overlay}
    others: dict[Path, set[Reader]] = {}
    for folder in folders - inner:
        files = list(_read(folder, Reader(), frozenset({checkout.overlay})))
        migrates = any((file.parent / INDEX).is_file() for file, _ in files)
        for file, reader in files:
            others.setdefault(file, set()).add(reader._replace(migrates=migrates))
    own = frozenset(file for file, _ in _read(checkout.overlay, Reader(), frozenset()))
    return Reading(own, {file: frozenset(readers) for file, readers in others.items()})


def _inner(folder: Path) -> Iterator[Path]:
    """Yield the folders that a kustomization lists."""
    _, content = _content(folder)
    for key in _FOLDERS:
        for entry in list_at(content, key):
            path = resolved(folder, entry)
            if path is not None and path != folder:
                yield path


def _content(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    """Return the kustomization of a folder and its content; None without one, and an empty content if it cannot be read."""
    file = next((folder / name for name in NAMES if os.path.isfile(folder / name)), None)  # noqa: PTH113 - False for a long name
    try:
        return file, content_of(file) if file else {}
    except ConfigError:
        return file, {}


def _read(folder: Path, outer: Reader, passed: frozenset[Path]) -> Iterator[tuple[Path, Reader]]:
    """Yield the files that a kustomization reads. passed: the folders that are left out, among them those above in a cycle."""
    file, content = _content(folder)
    if file is None or folder in passed:
        return
    prefix, suffix = f"{outer.prefix}{text_at(content, 'namePrefix')}", f"{text_at(content, 'nameSuffix')}{outer.suffix}"
    reader = Reader(outer.namespace or text_at(content, "namespace"), prefix, suffix)
    yield Path(os.path.realpath(file)), reader
    for entry in _entries(content):
        path = resolved(folder, entry)
        if path is None:
            continue
        if os.path.isfile(path):  # noqa: PTH113 - False for an inline patch, which is too long for a name
            yield path, reader
        else:
            yield from _read(path, reader, passed | {folder})
    yield from ((path, reader) for path in _charts(folder, content))


def _entries(content: dict[str, Any]) -> Iterator[Any]:
    """Yield the paths in a kustomization, and texts that are none."""
    for key in (*_FOLDERS, *_LISTED):
        yield from list_at(content, key)
    for key in _WITH_PATH:
        yield from (at(entry, "path") for entry in list_at(content, key))
    for generator in (entry for key in _GENERATORS for entry in list_at(content, key)):
        yield from (str(entry).rpartition("=")[2] for entry in list_at(generator, "files"))
        yield from list_at(generator, "envs")
        yield at(generator, "env")
    for chart in list_at(content, "helmCharts"):
        yield from (at(chart, "valuesFile"), *list_at(chart, "additionalValuesFiles"))


def _charts(folder: Path, content: dict[str, Any]) -> Iterator[Path]:
    """Yield the files of the charts that a kustomization renders."""
    home = text_at(content, "helmGlobals", "chartHome") or "charts"
    for chart in list_at(content, "helmCharts"):
        path = resolved(folder, os.path.join(home, text_at(chart, "name")))  # noqa: PTH118 - texts of a foreign file
        yield from files_below(path, ("",)) if path is not None else ()
