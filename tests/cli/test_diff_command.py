"""`rediskit diff` as a command: exit codes, options and what it reads."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from rediskit.cli import main
from tests.conftest import Run
from tests.output.repositories import Repository
from tests.output.trees import put
from tests.samples import config


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Change to a repository with the committed main config and its output, at a step with the release."""
    repository = Repository(tmp_path / "home", monkeypatch)
    monkeypatch.chdir(repository.folder)
    configure(repository, 1)
    assert main(["render"]) == 0
    repository.commit()
    return repository


def configure(repository: Repository, replicas: int, name: str = "chocolandia") -> None:
    over = {"name": name, "gitops": {"path": f"rendered/{name}"}, "redis": {"replicas": replicas}}
    data = config(None, over=over)
    data["clients"] = [{"name": "app", "namespace": "app"}]
    put(repository.folder, f"config/{name}.yaml", json.dumps(data))


@pytest.fixture
def run(run: Run) -> Run:
    return partial(run, "diff")


@pytest.mark.usefixtures("home")
def test_the_exit_code_is_0_without_differences(run: Run) -> None:
    assert run() == (0, "chocolandia: no difference\n", "")
    assert run("--against", "HEAD") == (0, "chocolandia: no difference\n", "")
    assert run("--text") == (0, "", "")
    assert run("--markdown") == (0, "### <code>chocolandia</code>: no difference\n\n", "")
    code, out, _ = run("--json", "--against", "main")
    environment = {"name": "chocolandia", "empty": True, "objects": [], "files": [], "warnings": []}
    assert (code, json.loads(out)) == (0, {"version": 1, "against": "main", "environments": [environment], "effects": [], "exitCode": 0})


def test_a_changed_config_before_and_after_rendering(home: Repository, run: Run) -> None:
    configure(home, 2)
    before = run()
    assert before[0] == 1
    assert "changed  helm/redis-shared/values.yaml\n  replica.replicaCount: 1 -> 2\n" in before[1]
    assert main(["render"]) == 0
    assert run()[0] == 0
    assert run("--against", "HEAD") == before
    code, out, _ = run("--json", "--against", "HEAD")
    files = {entry["path"]: entry for entry in json.loads(out)["environments"][0]["files"]}
    assert code == json.loads(out)["exitCode"] == 1
    change = {"kind": "changed", "path": "replica.replicaCount", "old": 1, "new": 2}
    assert files["helm/redis-shared/values.yaml"] == {
        "status": "changed",
        "path": "helm/redis-shared/values.yaml",
        "oldPath": None,
        "changes": [change],
    }


def test_a_new_environment_is_listed_as_added(home: Repository, run: Run) -> None:
    (home.folder / "config/chocolandia.yaml").unlink()
    configure(home, 1, "other")
    code, out, _ = run("--against", "HEAD", "config/other.yaml")
    assert code == 1
    assert re.match(r"other: \d+ added\n", out)
    assert "added    Namespace redis\n" in out


def test_a_link_at_a_rendered_path_is_a_warning(home: Repository, run: Run) -> None:
    file = home.folder / "rendered/chocolandia/README.md"
    file.unlink()
    file.symlink_to("/dev/null")
    code, out, err = run()
    assert (code, "changed  README.md" in out) == (1, True)
    assert err.startswith("warning: rendered/chocolandia/README.md is not a regular file")


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--against", "nope"), "'nope' is not a revision of the Git work tree"),
        (("--against=--output=x",), "'--output=x' is not a revision"),
        (("--against", "HEAD", "--output", "/"), "/ is not in a Git work tree"),
        (("config/nope.yaml",), "file config/nope.yaml does not exist"),
    ],
)
def test_a_wrong_command_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    code, out, err = run("--json", *arguments)
    assert (code, err) == (2, "")
    assert message in json.loads(out)["problems"][0]["message"]


@pytest.mark.parametrize("forms", [("--text", "--json"), ("--markdown", "--text"), ("--json", "--markdown")])
def test_one_form_at_a_time(capsys: pytest.CaptureFixture[str], forms: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["diff", *forms])
    assert caught.value.code == 2
    assert "not allowed with argument" in capsys.readouterr().err


def test_letters_outside_the_encoding_of_the_terminal_are_escaped(home: Repository) -> None:
    put(home.folder, "rendered/chocolandia/README.md", "ünï → ✓\n")
    command = [sys.executable, "-m", "rediskit", "diff", "--text"]
    done = subprocess.run(
        command,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 1, done.stderr
    assert b"-\\xfcn\\xef \\u2192 \\u2713" in done.stdout


@pytest.mark.usefixtures("home")
def test_render_and_check_start_no_program_and_import_no_diff() -> None:
    code = "import sys; from rediskit.cli import main; main(['render']); main(['check']); print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert "'rediskit.output.writer'" in done.stdout
    for module in ("rediskit.output.diff", "rediskit.tools", "subprocess"):
        assert f"'{module}'" not in done.stdout
