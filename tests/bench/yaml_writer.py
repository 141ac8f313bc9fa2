"""Compare our YAML writer with PyYAML's fastest, on the objects of a render.

The writer caches strings, so three states are measured: a full cache; an empty cache at the start, as in a run of a user; and an empty
cache for each object, which is the worst case.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from rediskit import load, render
from rediskit.renderers.access import external_service
from rediskit.yamlio import writer
from tests.bench import ROOT, Row, paired

SECONDS = 0.1
KINDS = ("Service", "NetworkPolicy", "Application", "Kustomization", "Helm values")
Documents = list[dict[str, Any]]


def rows() -> Iterator[Row]:
    """Yield objects per second of our writer and of CSafeDumper."""
    environment = load(ROOT / "config/chocolandia.yaml")
    documents = {file.path: file.content for file in render(environment).contents if isinstance(file.content, dict)}
    documents["service"] = next(external_service(environment))  # At its present step, the environment renders none.
    every = list(documents.values())
    yield _row("all objects, warm", every, _warm)
    yield _row("all objects, cold start", every, _cold_start)
    yield _row("all objects, cold", every, _cold)
    first: dict[str, Documents] = {}
    for path, content in documents.items():
        first.setdefault(str(content.get("kind", "Helm values" if path.startswith("helm/") else path)), [content])
    for kind in KINDS:
        yield _row(f"{kind}, warm", first[kind], _warm)
        yield _row(f"{kind}, cold", first[kind], _cold)


def _warm(documents: Documents) -> None:
    for document in documents:
        writer.dump(document)


def _cold_start(documents: Documents) -> None:
    writer._line.cache_clear()
    writer._key.cache_clear()
    _warm(documents)


def _cold(documents: Documents) -> None:
    for document in documents:
        _cold_start([document])


def _theirs(documents: Documents) -> None:
    for document in documents:
        yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)


def _row(name: str, documents: Documents, dump: Callable[[Documents], None]) -> Row:
    return paired(name, lambda: _speed(dump, documents), lambda: _speed(_theirs, documents))


def _speed(dump: Callable[[Documents], None], documents: Documents) -> float:
    """Return the objects per second, measured over at least `SECONDS`."""
    done, start = 0, time.perf_counter()
    while (passed := time.perf_counter() - start) < SECONDS:
        dump(documents)
        done += len(documents)
    return done / passed
