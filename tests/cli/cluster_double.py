"""A cluster for `migrate step`: a `kubectl` over what is pushed to two bare repositories.

It builds the overlay of the application with kustomize and takes our objects from the rendered manifests, both at the pushed commit, so a
commit that is not pushed is not live. Pods of a verification Job end with a message that the test writes. What it does not know is an
error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rediskit.live import jobs
from rediskit.renderers.verification.checks import Phase
from tests.samples import ROOT

_PROGRAM = """\
#!{python}
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.cli.cluster_double_kubectl import main
sys.exit(main(Path({folder!r}), sys.argv[1:]))
"""


CLUSTER = "cluster 0c8a7f1e"
"""The source of evidence from the cluster."""
SHOWS_THE_CLUSTER = f"""case "$*" in *kube-system*) echo '{{"metadata": {{"uid": "{CLUSTER.split()[1]}"}}}}'; exit;; esac"""
"""The lines by which a shell script in the place of kubectl shows it."""


class Double(NamedTuple):
    """The cluster. folder: its state, above the bare repositories `here.git` and `owner.git`."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "cluster"

    def calls(self, *words: str) -> list[list[str]]:
        """Return the calls of kubectl that contain all of these words."""
        file = self.state / "calls"
        listed = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return [call for call in listed if set(words) <= set(call)]

    def message(self, phase: Phase, failed: str = "", silent: Iterable[str] = ()) -> None:
        """Let the pods of a phase report each check as passed. failed: the one that fails; silent: those without a result."""
        names = [name for name in jobs._OF_PHASE[phase] if name not in silent]
        lines = [f"{name}\thost:6379\t{'failed' if name == failed else 'passed'}\t\t{'why' * (name == failed)}" for name in names]
        (self.state / f"message-{phase}").write_text("\n".join(lines))

    def connect(self, *, connected: bool = True) -> None:
        """Let Redis list a connection of the application, or none."""
        (self.state / "connected").write_text("yes" if connected else "")

    def terminate(self, *pods: Mapping[str, Any]) -> None:
        """Let these pods terminate, besides those that run."""
        (self.state / "terminating").write_text(json.dumps(pods))

    def scale(self, *scalers: Mapping[str, Any]) -> None:
        """Let these autoscalers exist besides the objects of the manifests."""
        (self.state / "scalers").write_text(json.dumps(scalers))

    def fill(self, **keys: int) -> None:
        """Let databases have so many keys: `db1=12`. One of them is a key of a verification."""
        lines = (f"{name}:keys={count},expires=0,avg_ttl=0\n" for name, count in keys.items())
        (self.state / "keyspace").write_text("".join(lines))


def start(folder: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path) -> Double:
    """Return a cluster whose verifications pass, with its kubectl in $KUBECTL."""
    double = Double(folder)
    double.state.mkdir()
    program = double.state / "kubectl"
    program.write_text(_PROGRAM.format(python=sys.executable, root=str(ROOT), folder=str(folder)))
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    monkeypatch.setenv("PATH", f"{kustomize.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("rediskit.live.connections.OBSERVATION", 0.0)
    monkeypatch.setattr("rediskit.migrate.verification.after_step.PAUSE", 0.0)
    for phase in ("connectivity", "replication", "performance"):
        double.message(phase)
    double.connect()
    double.terminate()
    double.scale()
    double.fill()
    return double
