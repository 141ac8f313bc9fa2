"""Compare the validator in process with kubeconform, which our wrapper starts.

One environment is validated as `check` does it: schemas are read and validators compiled in each run. The thousand objects are those of
many environments in one run, so that only their number counts. kubeconform's files are in $TMPDIR.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import yaml

from rediskit import load, render
from rediskit.checks import schema
from rediskit.checks.kubeconform import Document, documents, validate_documents
from rediskit.renderers.tree import Object
from tests.bench import ROOT, Row, milliseconds, paired
from tests.tools.install import locate

COUNT = 1000


def rows() -> Iterator[Row]:
    """Yield milliseconds in process and with kubeconform."""
    program = locate("kubeconform")
    if program is None:
        raise SystemExit("kubeconform is neither in the tool cache nor on PATH; run: make tools")
    os.environ["KUBECONFORM"] = str(program)
    environment = load(ROOT / "config/chocolandia-flux.yaml")
    texts = documents(environment, render(environment))
    objects = [yaml.safe_load(text.text) for text in texts]
    many = [objects[index % len(objects)] for index in range(COUNT)], [texts[index % len(texts)] for index in range(COUNT)]
    yield _row(f"one environment ({len(texts)} objects)", objects, texts, fresh=True)
    yield _row(f"{COUNT:,} objects", *many, fresh=False)


def _row(name: str, objects: list[Object], texts: list[Document], *, fresh: bool) -> Row:
    def ours() -> None:
        if fresh:
            schema._validator.cache_clear()
        assert not any(schema.validate(content, "1.34") for content in objects)

    def theirs() -> None:
        assert validate_documents(texts).findings == ()

    return paired(name, lambda: milliseconds(ours), lambda: milliseconds(theirs))
