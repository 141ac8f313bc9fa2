"""Real Git repositories for tests, without the settings of the user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.output.trees import put


class Repository:
    """A work tree on the branch `main`."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable in [name for name in os.environ if name.startswith("GIT")]:
            monkeypatch.delenv(variable)
        for variable in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
            monkeypatch.setenv(variable, os.devnull)
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.name", "Someone")
        self.git("config", "user.email", "someone@example.org")

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git here and return its output."""
        return subprocess.run(["git", *arguments], cwd=cwd or self.folder, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, files: dict[str, str] | None = None) -> str:
        """Write files, commit everything and return the id of the commit."""
        for path, content in (files or {}).items():
            put(self.folder, path, content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a state")
        return self.git("rev-parse", "HEAD")
