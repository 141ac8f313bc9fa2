"""`rediskit doctor` with real, missing, failing and hanging programs, and with libraries."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import socket
import stat
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rediskit.cli.parser import parser
from rediskit.doctor import programs as programs_module
from rediskit.doctor.programs import KNOWN_PROGRAMS
from tests.cli.test_doctor import bin_ as bin_
from tests.cli.test_doctor import following, line_of, script
from tests.cli.test_doctor import run as run
from tests.conftest import Run
from tests.samples import ROOT
from tests.tools import install


def test_real_programs_are_found_with_their_versions(
    run: Run, tmp_path: Path, kustomize: Path, kubeconform: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    brought = [tool for tool in install.table().values() if tool.name in ("sealed-secrets", "sops")]
    folders = [kustomize.parent, *(tool.folder for tool in brought)]
    monkeypatch.setenv("PATH", f"{':'.join(map(str, folders))}:{os.environ['PATH']}")
    monkeypatch.setenv("KUBECONFORM", str(kubeconform))
    code, output, _ = run("--json")
    document = json.loads(output)
    listed = {program["name"]: program for program in document["programs"]}
    assert code == 0
    assert (listed["kustomize"]["state"], listed["kustomize"]["path"]) == ("found", str(kustomize))
    assert listed["kustomize"]["version"] == install.table()["kustomize"].version.removeprefix("v")
    assert (listed["kubeconform"]["state"], listed["kubeconform"]["path"]) == ("found", str(kubeconform))
    assert listed["kubeconform"]["version"]
    assert listed["git"]["version"][0].isdigit()
    for tool, name in zip(brought, ("kubeseal", "sops"), strict=True):
        assert (listed[name]["path"], listed[name]["version"]) == (str(tool.folder / name), tool.version.removeprefix("v"))


@pytest.mark.parametrize(
    ("name", "says", "version"),
    [
        ("kubeseal", "echo 'kubeseal version: 0.36.6'", "0.36.6"),
        ("kubeseal", "echo 'kubeseal version: v0.36.6+dirty'", "0.36.6+dirty"),
        ("sops", "echo 'sops 3.13.2'", "3.13.2"),
        ("kubectl", "echo 'Client Version: v1.34.2'; echo 'Kustomize Version: v5.7.1'", "1.34.2"),
        ("kubectl", "echo 'Client Version: v0.0.0-master+$Format'", "0.0.0-master"),
        ("helm", "echo 'v3.21.4+g1234567'", "3.21.4+g1234567"),
        ("kustomize", "echo '(devel)'", "devel"),
        ("kubeconform", "echo development", "development"),
        ("helm", "echo v3.21.4 >&2", "3.21.4"),
        ("helm", "true", ""),
        ("helm", "printf '\\033[31mred\\n'", "[31mred"),
    ],
)
def test_versions_are_parsed_from_the_output_of_programs(
    bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str, version: str
) -> None:
    monkeypatch.chdir(tmp_path)
    script(bin_, name, says)
    code, output, _ = run("--json")
    (row,) = [row for row in json.loads(output)["programs"] if row["name"] == name]
    assert (code, row["state"], row["version"]) == (0, "found", version)


def test_missing_programs_are_no_problem(bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (bin_ / "git").unlink()
    code, output, errors = run()
    assert (code, errors) == (0, "")
    for known in KNOWN_PROGRAMS:
        assert line_of(output, known.name) == f"- {known.name} - not found {known.purpose}"
    assert following(output) == ["rediskit init"]


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("echo no >&2; exit 3", "kubeconform ended with exit code 3"),
        ("kill -9 $$", "kubeconform was killed by signal 9"),
        ("sleep 60", "kubeconform did not end within 0.5 s and was killed"),
    ],
    ids=["fails", "dies", "hangs"],
)
def test_a_program_that_fails_is_a_problem(
    bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(programs_module, "TIME_LIMIT", 0.5)
    script(bin_, "kubeconform", says)
    code, output, _ = run()
    assert code == 3
    assert line_of(output, "kubeconform") == f"! kubeconform - {why} check --kubeconform"
    assert following(output)[0] == f"fix kubeconform or remove it from PATH: {why}"


def test_a_program_that_is_not_executable_is_a_problem(bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = script(bin_, "helm", "exit 0")
    file.write_bytes(b"\x7fELF no program")
    code, output, _ = run()
    assert code == 3
    assert line_of(output, "helm").startswith("! helm - helm could not be started: ")
    file.chmod(stat.S_IRUSR)
    monkeypatch.setenv("SOPS", str(tmp_path / "nowhere"))
    code, output, _ = run()
    assert code == 3
    assert line_of(output, "helm").startswith("- helm - not found")
    assert f"$SOPS is {tmp_path}/nowhere, which does not exist" in line_of(output, "sops")


def test_programs_that_hang_are_stopped_at_the_same_time(bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(programs_module, "TIME_LIMIT", 2.0)
    for known in KNOWN_PROGRAMS:
        script(bin_, known.name, "sleep 60")
    start = time.monotonic()
    assert run()[0] == 3
    assert time.monotonic() - start < 2.0 * len(KNOWN_PROGRAMS) / 2


def test_no_program_uses_the_network(bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("doctor asked for the network")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(socket, "socket", refuse)
    for name in ("kubectl", "sops"):
        script(bin_, name, f'echo "$@" "$SOPS_DISABLE_VERSION_CHECK" > {tmp_path}/{name}; echo 1.2.3')
    assert run()[0] == 0
    assert (tmp_path / "kubectl").read_text() == "version --client \n"
    assert (tmp_path / "sops").read_text() == "--version --disable-version-check true\n"


def test_every_program_that_rediskit_starts_is_listed() -> None:
    """Return program and environment variable of each call of `tools.find` with literal arguments."""
    started: set[tuple[str, str]] = set()
    for path in (ROOT / "rediskit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "find" and len(node.args) == 2:
                words = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
                started |= {(words[0], words[1])} if len(words) == 2 else set()
    assert started >= {("git", "GIT"), ("kubeconform", "KUBECONFORM")}
    assert started <= {(known.name, known.variable) for known in KNOWN_PROGRAMS}, "add it to rediskit/doctor/programs.py"


def test_the_commands_in_the_purposes_exist() -> None:
    verbs = next(action.choices for action in parser()._actions if action.dest == "verb")
    assert verbs is not None
    for known in KNOWN_PROGRAMS:
        for part in known.purpose.split(", "):
            verb, _, more = part.partition(" ")
            if verb in verbs:
                assert more in verbs[verb].format_help(), f"{known.name}: {part}"  # type: ignore[index]
    assert {"init", "diff", "check", "secret"} <= {part.split()[0] for known in KNOWN_PROGRAMS for part in known.purpose.split(", ")}


def test_libraries_are_listed_and_a_missing_one_is_a_problem(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    document = json.loads(run("--json")[1])
    assert document["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"jinja2", "pydantic", "pyyaml"} <= {name.lower() for name, version in document["libraries"].items() if version}
    assert "pytest" not in document["libraries"]
    real = importlib.metadata.version

    def without_jinja(name: str) -> str:
        if name == "jinja2":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", without_jinja)
    code, output, _ = run()
    assert (code, line_of(output, "jinja2")) == (3, "! jinja2 missing")
    assert "pip install jinja2" in following(output)
