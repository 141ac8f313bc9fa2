"""kubeconform for the tests of this folder: the real one, or a shell script in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.verdicts import Script


@pytest.fixture
def real(kubeconform: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real kubeconform, named by $KUBECONFORM."""
    monkeypatch.setenv("KUBECONFORM", str(kubeconform))
    return kubeconform


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary files come to lie."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Puts a shell script in the place of kubeconform; in it `$folder` is the folder that it is given."""

    def script(body: str) -> None:
        file = tmp_path / "kubeconform"
        file.write_text(f'#!/bin/sh\nfor folder in "$@"; do :; done\n{body}\n', encoding="utf-8")
        file.chmod(0o755)
        monkeypatch.setenv("KUBECONFORM", str(file))

    return script
