"""`rediskit check --kubeconform`: output, JSON, exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from rediskit import load, render
from rediskit.cli import main
from rediskit.yamlio import writer as yaml
from rediskit.yamlio.writer import dump
from tests.checks.reports import Script
from tests.conftest import Run
from tests.samples import CONFIG, ROOT, loaded


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Run:
    """Return `rediskit check` in a folder with the main config and its rendered manifests."""
    shutil.copytree(CONFIG.parent, tmp_path / "config")
    for other in (tmp_path / "config").glob("*.yaml"):
        if other.name != CONFIG.name:
            other.unlink()
    monkeypatch.chdir(tmp_path)
    assert run("render")[0] == 0
    return partial(run, "check")


@pytest.mark.usefixtures("real")
def test_check_prints_the_number_of_valid_objects(command: Run, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "rendered/chocolandia/platform")
    code, output, _ = command("--kubeconform")
    count = sum(path.suffix == ".yaml" for path in map(Path, render(load("config/chocolandia.yaml")).files)) - 1
    assert output.splitlines()[-1] == f"kubeconform: {count} objects valid, 0 skipped"
    assert code == 1, "the files on disk differ"


@pytest.mark.usefixtures("real")
def test_check_reports_the_counts_as_json(command: Run) -> None:
    code, output, _ = command("--kubeconform", "--json")
    counts = json.loads(output)["kubeconform"]
    assert counts.pop("emitted") == counts.pop("valid") > 5
    assert counts == {"invalid": 0, "errors": 0, "skipped": 0}
    assert code == 0
    assert "kubeconform" not in json.loads(command("--json")[1])


@pytest.mark.usefixtures("real")
def test_a_string_without_its_quotes_fails_the_check(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = loaded(Path(), over={"redis": {"labels": {"tier": "y"}}})
    assert b'tier: "y"' in b"".join(render(environment).files.values())
    config = Path("config/chocolandia.yaml")
    config.write_text(config.read_text(encoding="utf-8") + "redis: {labels: {tier: 'y'}}\n", encoding="utf-8")
    monkeypatch.setattr(yaml, "dump", lambda content: dump(content).replace('tier: "y"', "tier: y"))
    assert main(["render"]) == 0, "the in-process checks get the object, not the text"
    code, output, errors = command("--kubeconform")
    assert code == 1
    message = "platform/redis/namespace-redis.yaml: at '/metadata/labels/tier': got boolean, want null or string"
    line = next(line for line in errors.splitlines() if message in line)
    assert line.startswith("config/chocolandia.yaml:")
    assert "error[kubeconform]: " in line
    assert " objects valid, 0 skipped" in output.splitlines()[-1]
    assert " of " in output.splitlines()[-1]
    code, output, _ = command("--kubeconform", "--json")
    document = json.loads(output)
    assert (code, document["exitCode"], document["kubeconform"]["invalid"]) == (1, 1, 1)
    assert [finding["code"] for finding in document["findings"] if finding["severity"] == "error"] == ["kubeconform"]


def test_one_run_validates_several_environments(command: Run, fake: Script, kubeconform: Path, tmp_path: Path) -> None:
    text = CONFIG.read_text(encoding="utf-8").replace("name: chocolandia\n", "name: second\ncluster: other\n", 1)
    text = text.replace("  certificate:", "  directory: chocolandia/secrets\n  certificate:", 1)
    Path("config/second.yaml").write_text(text, encoding="utf-8")
    fake(f'echo once >> {tmp_path}/runs; exec {kubeconform} "$@"')
    _, output, errors = command("--kubeconform")
    assert "[kubeconform]" not in errors
    assert (tmp_path / "runs").read_text() == "once\n"
    both = int(output.splitlines()[-1].split()[1])
    Path("config/second.yaml").unlink()
    assert int(command("--kubeconform")[1].splitlines()[-1].split()[1]) * 2 == both


def test_without_kubeconform_the_command_ends_with_3(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFORM", "/nowhere/kubeconform")
    code, output, errors = command("--kubeconform")
    assert (code, output) == (3, "")
    assert errors.startswith("error: $KUBECONFORM is /nowhere/kubeconform, which does not exist\n  help: ")
    assert command()[0] == 0


@pytest.mark.usefixtures("command")
def test_the_kubeconform_module_is_imported_only_with_its_option() -> None:
    program = "import sys; from rediskit.cli import main; main(['check']); print('rediskit.checks.kubeconform' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[-1] == "False"
