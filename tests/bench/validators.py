"""The two judges of rendered objects beside each other: the validator in process and kubeconform, started by our wrapper.

A tree is judged as `check` does it, from nothing: schemas read, validators compiled, the program started. A thousand objects are those
of many trees in one run, so that only the number counts. $TMPDIR decides where kubeconform's files lie.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from rediskit import load, render
from rediskit.checks import schema
from rediskit.checks.kubeconform import Document, documents, validate_documents
from rediskit.renderers.tree import Object
from tests.tools.install import locate

ROOT = Path(__file__).parent.parent.parent
COUNT = 1000
PAIRS = 7
Row = tuple[str, float, float, float]


def rows() -> list[Row]:
    """Name, milliseconds in process, milliseconds with kubeconform, and the ratio: medians of runs in pairs."""
    program = locate("kubeconform")
    if program is None:
        raise SystemExit("kubeconform is neither in the tool cache nor on PATH; run: make tools")
    os.environ["KUBECONFORM"] = str(program)
    environment = load(ROOT / "config/chocolandia-flux.yaml")
    texts = documents(environment, render(environment))
    objects = [yaml.safe_load(text.text) for text in texts]
    many = [objects[index % len(objects)] for index in range(COUNT)], [texts[index % len(texts)] for index in range(COUNT)]
    return [
        _row(f"one tree ({len(texts)} objects), from nothing", objects, texts, forget=True),
        _row(f"{COUNT:,} objects", *many, forget=False),
    ]


def _row(name: str, objects: list[Object], texts: list[Document], *, forget: bool) -> Row:
    def ours() -> None:
        if forget:
            schema._validator.cache_clear()
        assert not any(schema.validate(content, "1.34") for content in objects)

    def theirs() -> None:
        assert validate_documents(texts).findings == ()

    ours()
    pairs = [(_milliseconds(ours), _milliseconds(theirs)) for _ in range(PAIRS)]
    ratio = statistics.median(mine / other for mine, other in pairs)
    return name, statistics.median(mine for mine, _ in pairs), statistics.median(other for _, other in pairs), ratio


def _milliseconds(judged: Callable[[], None]) -> float:
    began = time.perf_counter()
    judged()
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Prints the table on its own."""
    print(f"{'milliseconds':<44} {'in process':>12} {'kubeconform':>12} {'ratio':>7}")
    for name, mine, other, ratio in rows():
        print(f"{name:<44} {mine:>12,.1f} {other:>12,.1f} {ratio:>6.3f}x")


if __name__ == "__main__":
    main()
