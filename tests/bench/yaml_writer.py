"""Our YAML writer beside PyYAML's fastest, on the objects that a render makes.

Strings are cached, so three states are measured: everything seen before; a render of the whole tree that begins with an empty cache,
which is what a user's run is; and the cache emptied before every object, the worst that can be.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from rediskit import load, render
from rediskit.renderers.access import external_service
from rediskit.yamlio import writer as ours

ROOT = Path(__file__).parent.parent.parent
SECONDS = 0.1
PAIRS = 7
Document = dict[str, Any]
Row = tuple[str, float, float, float]


def rows() -> list[Row]:
    """Name, our objects a second, those of CSafeDumper, and the ratio: medians of runs in pairs."""
    environment = load(ROOT / "config/chocolandia.yaml")
    documents = {file.path: file.content for file in render(environment).contents if isinstance(file.content, dict)}
    documents["service"] = next(external_service(environment))  # at its present step the migration has none
    every = list(documents.values())
    made = [
        _row("all objects, warm", every, _warm),
        _row("all objects, cold start", every, _cold_start),
        _row("all objects, cold", every, _cold),
    ]
    for name, some in _kinds(documents).items():
        made += [_row(f"{name}, warm", some, _warm), _row(f"{name}, cold", some, _cold)]
    return made


def _kinds(documents: dict[str, Document]) -> dict[str, list[Document]]:
    """One object of each kind that matters, by what people call it."""
    found: dict[str, list[Document]] = {}
    for path, content in documents.items():
        name = str(content.get("kind", "Helm values" if path.startswith("helm/") else path))
        if name in ("Service", "NetworkPolicy", "Application", "Kustomization", "Helm values"):
            found.setdefault(name, [content])
    return found


def _warm(documents: list[Document]) -> None:
    for document in documents:
        ours.dump(document)


def _cold_start(documents: list[Document]) -> None:
    _forget()
    _warm(documents)


def _cold(documents: list[Document]) -> None:
    for document in documents:
        _forget()
        ours.dump(document)


def _theirs(documents: list[Document]) -> None:
    for document in documents:
        yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)


def _forget() -> None:
    ours._line.cache_clear()
    ours._key.cache_clear()


def _row(name: str, documents: list[Document], dump: Callable[[list[Document]], None]) -> Row:
    pairs = [(_speed(dump, documents), _speed(_theirs, documents)) for _ in range(PAIRS)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    return name, statistics.median(mine for mine, _ in pairs), statistics.median(other for _, other in pairs), ratio


def _speed(dump: Callable[[list[Document]], None], documents: list[Document]) -> float:
    """Documents a second, over at least `SECONDS`."""
    done, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < SECONDS:
        dump(documents)
        done += len(documents)
    return done / passed


def main() -> None:
    """Prints the table on its own."""
    print(f"{'objects a second':<26} {'rediskit':>12} {'CSafeDumper':>12} {'ratio':>7}")
    for name, mine, other, ratio in rows():
        print(f"{name:<26} {mine:>12,.0f} {other:>12,.0f} {ratio:>6.1f}x")


if __name__ == "__main__":
    main()
