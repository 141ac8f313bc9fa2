"""A warning of several configs: once in the text, with the names of the others, and once for each in JSON."""

from __future__ import annotations

import json
from pathlib import Path

from rediskit.checks.finding import Finding
from rediskit.cli.report import finding_lines
from rediskit.errors import Location
from tests.cli.test_commands import config
from tests.cli.test_commands import folder as folder
from tests.conftest import Run


def warning(file: str, message: str = "m", severity: str = "warning") -> Finding:
    return Finding("code", severity, message, "h", ("redis",), Location(file, 2, 1))  # type: ignore[arg-type]


def test_a_warning_names_the_other_configs_that_have_it() -> None:
    findings = [warning("a.yaml"), warning("b.yaml"), warning("a.yaml"), warning("b.yaml", "other")]
    assert list(finding_lines(findings)) == [
        "a.yaml:2:1: warning[code]: redis: m\n  help: h",
        "  also in b.yaml",
        "b.yaml:2:1: warning[code]: redis: other\n  help: h",
    ]
    many = [warning(f"{number}.yaml") for number in range(9)]
    assert list(finding_lines(many))[1:] == ["  also in 1.yaml, 2.yaml, 3.yaml and 5 others"]


def test_each_error_has_its_own_lines() -> None:
    assert len(list(finding_lines([warning(name, severity="error") for name in ("a.yaml", "b.yaml")]))) == 2


def test_json_has_each_finding_of_each_config(folder: Path, run: Run) -> None:
    config(folder, "two")
    document = json.loads(run("render", "--json")[1])
    files = [finding["file"] for finding in document["findings"] if finding["code"] == "memory-headroom"]
    assert files == ["config/one.yaml", "config/two.yaml"]
    assert "  also in config/two.yaml" in run("render")[2]
