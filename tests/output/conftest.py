"""Fixtures for the tests of the writer."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.output.writer import write
from tests.output.changing import OLD, whole
from tests.output.trees import put, snapshot


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """Write the old tree and a foreign file."""
    root = tmp_path / "start"
    write(OLD, root)
    put(root / "env/platform/redis", "notes.txt", "not ours")
    assert snapshot(root) == whole(OLD)
    return root
