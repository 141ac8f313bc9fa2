"""Labs for the scenarios, stopped when a test ends; the folder of a lab stays when its test failed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.live.lab import Lab
from tests.live.server import Make, Server


class Start(Protocol):
    """Starts a lab."""

    def __call__(
        self,
        name: str,
        *,
        version: str = "8.2",
        profile: str = "bitnami",
        config: Mapping[str, Any] = ...,
        scrape: int = 2,
        monitoring: bool = True,
        files: Mapping[str, str] = ...,
    ) -> Lab: ...


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start labs; see the package's documentation."""
    labs: list[Lab] = []
    folders: list[Path] = []

    def started(
        name: str,
        *,
        version: str = "8.2",
        profile: str = "bitnami",
        config: Mapping[str, Any] = {},
        scrape: int = 2,
        monitoring: bool = True,
        files: Mapping[str, str] = {},
    ) -> Lab:
        folders.append(Path(tempfile.mkdtemp(prefix="rediskit-lab-")))
        chosen = os.environ.get("LIVE_PROFILE") or profile
        lab = Lab(name, folders[-1], version, config, scrape, profile=chosen, monitoring=monitoring, files=files)
        labs.append(lab)
        lab.start()
        return lab

    before = request.session.testsfailed
    try:
        yield started
    finally:
        for lab in labs:
            lab.stop()
        if request.session.testsfailed == before and len(labs) == len(folders):
            for folder in folders:
                shutil.rmtree(folder)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Make]:
    servers: list[Server] = []

    def new_server(version: str = "8.2", primary: Server | None = None) -> Server:
        servers.append(Server(tmp_path / str(len(servers)), version, primary))
        return servers[-1]

    yield new_server
    for started in servers:
        started.stop()
