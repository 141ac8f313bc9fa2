"""`rediskit check --kubeconform`: what it prints, its JSON, its exit codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rediskit import load, render
from rediskit.cli import main
from rediskit.yamlio import writer as yaml
from rediskit.yamlio.writer import dump
from tests.checks.verdicts import Script
from tests.samples import CONFIG, ROOT, loaded

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`rediskit check` in a folder of its own that holds the main config and its tree."""
    shutil.copytree(CONFIG.parent, tmp_path / "config")
    for other in (tmp_path / "config").glob("*.yaml"):
        if other.name != CONFIG.name:
            other.unlink()
    monkeypatch.chdir(tmp_path)
    assert main(["render"]) == 0
    capfd.readouterr()

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["check", *arguments])
        captured = capfd.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.mark.usefixtures("real")
def test_check_says_how_many_objects_are_valid(command: Run, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "rendered/chocolandia/platform")
    code, output, _ = command("--kubeconform")
    count = sum(path.suffix == ".yaml" for path in map(Path, render(load("config/chocolandia.yaml")).files)) - 1
    assert output.splitlines()[-1] == f"kubeconform: {count} objects valid, 0 skipped"
    assert code == 1, "the tree on disk is another matter"


@pytest.mark.usefixtures("real")
def test_check_reports_the_counts_as_json(command: Run) -> None:
    code, output, _ = command("--kubeconform", "--json")
    counts = json.loads(output)["kubeconform"]
    assert counts.pop("emitted") == counts.pop("valid") > 5
    assert counts == {"invalid": 0, "errors": 0, "skipped": 0}
    assert code == 0
    assert "kubeconform" not in json.loads(command("--json")[1])


@pytest.mark.usefixtures("real")
def test_a_writer_that_forgets_quotes_fails_the_check(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = loaded(Path(), over={"redis": {"labels": {"tier": "y"}}})
    assert b'tier: "y"' in b"".join(render(environment).files.values())
    config = Path("config/chocolandia.yaml")
    config.write_text(config.read_text(encoding="utf-8") + "redis: {labels: {tier: 'y'}}\n", encoding="utf-8")
    monkeypatch.setattr(yaml, "dump", lambda content: dump(content).replace('tier: "y"', "tier: y"))
    assert main(["render"]) == 0, "the checks in process see the object, not the text"
    code, output, errors = command("--kubeconform")
    assert code == 1
    message = "error[kubeconform]: platform/redis/namespace-redis.yaml at metadata.labels.tier: must be text, is true or false"
    assert message in errors
    assert "config/chocolandia.yaml:" in next(line for line in errors.splitlines() if message in line)
    assert " objects valid, 0 skipped" in output.splitlines()[-1]
    assert " of " in output.splitlines()[-1]
    code, output, _ = command("--kubeconform", "--json")
    document = json.loads(output)
    assert (code, document["exitCode"], document["kubeconform"]["invalid"]) == (1, 1, 1)
    assert [found["code"] for found in document["findings"] if found["severity"] == "error"] == ["kubeconform"]


def test_several_environments_are_judged_in_one_run(command: Run, fake: Script, kubeconform: Path, tmp_path: Path) -> None:
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
    assert errors.startswith("error: $KUBECONFORM is /nowhere/kubeconform, where there is no file\n  help: ")
    assert command()[0] == 0


@pytest.mark.usefixtures("command")
def test_the_wrapper_is_loaded_only_when_asked_for() -> None:
    program = "import sys; from rediskit.cli import main; main(['check']); print('rediskit.checks.kubeconform' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.splitlines()[-1] == "False"
