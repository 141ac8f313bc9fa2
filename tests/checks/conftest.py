"""kubeconform for the tests of this folder: the real program, or a shell script."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.reports import Script


@pytest.fixture
def real(kubeconform: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the real kubeconform, and set $KUBECONFORM to it."""
    monkeypatch.setenv("KUBECONFORM", str(kubeconform))
    return kubeconform


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Return a function that installs a shell script as kubeconform; `$folder` is the input folder."""

    def script(body: str) -> None:
        file = tmp_path / "kubeconform"
        file.write_text(f'#!/bin/sh\nfor folder in "$@"; do :; done\n{body}\n', encoding="utf-8")
        file.chmod(0o755)
        monkeypatch.setenv("KUBECONFORM", str(file))

    return script
