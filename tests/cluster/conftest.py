"""One control plane for the whole run; its logs stay when a test fails."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cluster.plane import Plane


@pytest.fixture(scope="session")
def plane(request: pytest.FixtureRequest) -> Iterator[Plane]:
    """The control plane, without any CRD yet."""
    folder = Path(tempfile.mkdtemp(prefix="rediskit-plane-"))
    running = Plane(folder)
    try:
        running.start()
        yield running
    finally:
        running.stop()
        if request.session.testsfailed:
            print(f"\nthe logs of the control plane are in {folder}")
        else:
            shutil.rmtree(folder)


@pytest.fixture
def namespace(plane: Plane) -> str:
    """A namespace of the test's own."""
    name = f"test-{uuid4().hex[:8]}"
    plane.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name
