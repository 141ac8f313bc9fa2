"""Our YAML writer beside PyYAML's fastest, on the objects that a render makes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from rediskit import load, render
from rediskit.output import yaml as ours

ROOT = Path(__file__).parent.parent.parent
SECONDS = 0.2


def rows() -> list[tuple[str, float, float, float]]:
    """Name, our objects a second, CSafeDumper's, and the ratio: with our cache of scalars warm, and emptied before every object."""
    tree = render(load(ROOT / "config/chocolandia.yaml"))
    documents = [file.content for file in tree.contents if isinstance(file.content, dict)]
    return [
        _row("warm", documents, ours.dump),
        _row("cold cache", documents, _cold),
    ]


def _cold(document: Any) -> str:
    ours._line.cache_clear()
    ours._key.cache_clear()
    return ours.dump(document)


def _theirs(document: Any) -> str:
    text: str = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)
    return text


def _row(name: str, documents: list[Any], dump: Callable[[Any], str]) -> tuple[str, float, float, float]:
    pairs = [(_speed(dump, documents), _speed(_theirs, documents)) for _ in range(7)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    return name, statistics.median(mine for mine, _ in pairs), statistics.median(other for _, other in pairs), ratio


def _speed(dump: Callable[[Any], str], documents: list[Any]) -> float:
    """Documents a second, over at least `SECONDS`."""
    done, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < SECONDS:
        for document in documents:
            dump(document)
        done += len(documents)
    return done / passed
