"""An HTTP chart repository on loopback: archives and the index that `helm repo index` writes, over HTTPS as in a config."""

from __future__ import annotations

import re
import ssl
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copy

from rediskit.chart.profiles import PROFILES
from tests.charts.archives import archive, helm
from tests.cluster.certificate import loopback_certificate


class _Handler(SimpleHTTPRequestHandler):
    """Serves the folder, and remembers what was asked for."""

    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))


class ChartRepository:
    """A repository with the archives that were added to it. Clients trust `authority`, by SSL_CERT_FILE."""

    def __init__(self, folder: Path, certificate: tuple[Path, Path] | None = None) -> None:
        self._folder = folder / "repository"
        (self._folder / "charts").mkdir(parents=True)
        self.authority, key = certificate or loopback_certificate(folder)
        self._server = _Server(self._folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """What `redis.chart.repository` of a config has."""
        return f"https://127.0.0.1:{self._server.server_address[1]}/charts"

    @property
    def asked(self) -> list[str]:
        """The paths that clients have asked for, in order."""
        return self._server.asked

    def add(self, chart: Path) -> None:
        """Add an archive or the folder of a chart, and write the index again."""
        charts = self._folder / "charts"
        if chart.is_dir():
            packed = helm("package", chart, "--destination", charts)
            assert packed.returncode == 0, packed.stderr
        else:
            copy(chart, charts)
        indexed = helm("repo", "index", charts, "--url", self.url)
        assert indexed.returncode == 0, indexed.stderr

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def next_version(folder: Path, profile: str) -> tuple[str, Path]:
    """Return the next version of the chart of a profile, and the folder of a copy that has it."""
    with tarfile.open(archive(profile)) as packed:
        packed.extractall(folder / "next", filter="data")
    first, _, last = PROFILES[profile].listed.rpartition(".")
    version, chart = f"{first}.{int(last) + 1}", folder / "next" / PROFILES[profile].chart
    about = chart / "Chart.yaml"
    about.write_text(
        re.sub(r"^version: .*", f"version: {version}", about.read_text(encoding="utf-8"), flags=re.MULTILINE), encoding="utf-8"
    )
    return version, chart
