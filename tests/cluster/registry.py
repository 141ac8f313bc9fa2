"""A real OCI registry on loopback that serves the chart: ours, or the one that REDISKIT_CHART names."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import yaml

from tests.cluster.certificate import loopback_certificate
from tests.cluster.plane import program
from tests.cluster.processes import FailedError, Programs, free_port, until

OURS = Path(__file__).parent / "charts/bitnami"


class Chart:
    """The chart that the tests deploy: a folder or a .tgz, and its version."""

    def __init__(self) -> None:
        self.path = Path(os.environ.get("REDISKIT_CHART") or OURS)
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
    """The registry with the chart in it, under `charts/<name>`.

    Over HTTPS, so that the tools take the rendered trees as they are; their controllers trust `authority` by `SSL_CERT_FILE`.
    """

    def __init__(self, programs: Programs) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.chart = Chart()
        folder = programs.folder / "registry"
        folder.mkdir()
        config = folder / "config.yml"
        self.certificate = loopback_certificate(folder)
        self.authority, key = self.certificate
        storage = {"filesystem": {"rootdirectory": str(folder / "data")}}
        http = {"addr": self.address, "tls": {"certificate": str(self.authority), "key": str(key)}}
        config.write_text(yaml.safe_dump({"version": 0.1, "log": {"level": "warn"}, "storage": storage, "http": http}))
        programs.start("registry", program("registry"), "serve", config, environment={"OTEL_TRACES_EXPORTER": "none"})
        self._push(folder)

    @property
    def repository(self) -> str:
        """The value of `redis.chart.repository` in a config."""
        return f"oci://{self.address}/charts/{self.chart.name}"

    def _push(self, folder: Path) -> None:
        archive = self.chart.path
        if archive.is_dir():
            self._helm(folder, "package", archive, "--destination", folder)
            archive = folder / f"{self.chart.name}-{self.chart.version}.tgz"

        def pushed() -> bool:
            self._helm(folder, "push", "--ca-file", self.authority, archive, f"oci://{self.address}/charts")
            return True

        until("the chart in the registry", pushed)

    def _helm(self, folder: Path, *arguments: str | Path) -> None:
        command = [str(part) for part in (program("helm"), *arguments)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise FailedError(f"helm {' '.join(command[1:])}: {done.stderr.strip()}")
