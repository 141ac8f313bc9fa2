"""A real OCI registry on loopback that serves a chart for each profile of `CHARTS`."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import yaml

from tests.charts.archives import stored
from tests.cluster.certificate import loopback_certificate
from tests.cluster.plane import program
from tests.cluster.processes import FailedError, Programs, free_port, until

_STAND_INS = Path(__file__).parent / "charts"
OURS = _STAND_INS / "bitnami"
CHARTS = ("bitnami", "cloudpirates")
"""The profiles whose charts are in the registry."""


class Chart:
    """A chart that the tests deploy: a folder or a .tgz, and its version.

    For `bitnami` it is the one in REDISKIT_CHART, else ours. For another profile it is the real one if there is an archive, else ours.
    """

    def __init__(self, profile: str = "bitnami") -> None:
        folder = os.environ.get("REDISKIT_CHART") if profile == "bitnami" else stored(profile)
        self.path = Path(folder or _STAND_INS / profile)
        if self.path.is_dir():
            text = (self.path / "Chart.yaml").read_bytes()
        else:
            with tarfile.open(self.path) as archive:
                member = next(name for name in archive.getnames() if name.count("/") == 1 and name.endswith("/Chart.yaml"))
                file = archive.extractfile(member)
                assert file is not None
                text = file.read()
        content = yaml.safe_load(text)
        self.name = str(content["name"])
        self.version = str(content["version"])


class Registry:
    """The registry with the charts in it, each under `<profile>/<name>`.

    Over HTTPS, so that the tools take the rendered trees as they are; their controllers trust `authority` by `SSL_CERT_FILE`.
    """

    def __init__(self, programs: Programs) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.charts = {profile: Chart(profile) for profile in CHARTS}
        folder = programs.folder / "registry"
        folder.mkdir()
        config = folder / "config.yml"
        self.certificate = loopback_certificate(folder)
        self.authority, key = self.certificate
        storage = {"filesystem": {"rootdirectory": str(folder / "data")}}
        http = {"addr": self.address, "tls": {"certificate": str(self.authority), "key": str(key)}}
        config.write_text(yaml.safe_dump({"version": 0.1, "log": {"level": "warn"}, "storage": storage, "http": http}))
        programs.start("registry", program("registry"), "serve", config, environment={"OTEL_TRACES_EXPORTER": "none"})
        self._folder = folder
        for profile, chart in self.charts.items():
            self.push(profile, chart.path)

    def source(self, profile: str) -> tuple[str, str]:
        """Return `repository` and `version` of `redis.chart` in a config."""
        chart = self.charts[profile]
        return f"oci://{self.address}/{profile}/{chart.name}", chart.version

    def push(self, profile: str, chart: Path) -> None:
        """Push a chart, a folder or a .tgz, below a profile."""
        if chart.is_dir():
            packed = self._folder / "packed" / profile
            self._helm("package", chart, "--destination", packed)
            chart = max(packed.iterdir(), key=lambda file: file.stat().st_mtime_ns)

        def pushed() -> bool:
            self._helm("push", "--ca-file", self.authority, chart, f"oci://{self.address}/{profile}")
            return True

        until("the chart in the registry", pushed)

    def _helm(self, *arguments: str | Path) -> None:
        command = [str(part) for part in (program("helm"), *arguments)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self._folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise FailedError(f"helm {' '.join(command[1:])}: {done.stderr.strip()}")
