"""Runs `rediskit verify` in a lab, and reads its JSON document."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.live.gitops import COMMAND
from tests.live.lab import Lab


class Run(NamedTuple):
    """A finished command. results: each check, as a mapping of its fields."""

    code: int
    output: str
    results: Sequence[Mapping[str, str]]

    def status(self, name: str, target: str = "", vantage: str = "") -> set[str]:
        """Return the statuses of a check, for targets and vantage points that contain a text."""
        named = [result for result in self.results if result["id"] == name]
        return {result["status"] for result in named if target in result["target"] and vantage in result["vantage"]}

    @property
    def wrong(self) -> list[str]:
        """The checks that are not passed, a line each; the output of a run without results."""
        listed = [f"{result['status']} {result['id']} {result['target']}: {result['detail']}" for result in self.results]
        return [line for line in listed if not line.startswith("passed")] if listed else [self.output]

    def detail(self, name: str) -> str:
        """Return the details of a check that is not passed."""
        return "; ".join(result["detail"] for result in self.results if result["id"] == name and result["status"] != "passed")

    def ids(self, *statuses: str) -> set[str]:
        """Return the names of the checks with one of these statuses."""
        return {result["id"] for result in self.results if result["status"] in statuses}


def verify(lab: Lab, *arguments: str, config: str = "config/lab.yaml", environment: Mapping[str, str] = {}) -> Run:
    """Run the real command. No output and no call of kubectl contains the password."""
    as_json = [] if "--markdown" in arguments else ["--json"]
    done = subprocess.run(
        [COMMAND, "verify", config, *arguments, *as_json],
        cwd=lab.repository.folder,
        env={**os.environ, "KUBECTL": str(lab.bin / "kubectl"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    output = done.stdout + done.stderr
    assert lab.password not in output
    assert not [call for call in lab.kubectl.calls if lab.password in " ".join(map(str, call))]
    listed: list[Any] = json.loads(done.stdout).get("environments", []) if as_json and done.stdout else []
    return Run(done.returncode, output, [result for run in listed for result in run["results"]])
