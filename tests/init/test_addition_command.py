"""`rediskit init --add` as a command: its output, its questions, and a run that is killed."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from rediskit.cli import main
from tests.init.test_addition import HEAD, QUEUE, SHOP, WEB, files, written
from tests.samples import ROOT


def rediskit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rediskit", *arguments], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/home.yaml").write_text(f"{HEAD}clients:\n{SHOP}")
    (tmp_path / "live.yaml").write_text(WEB)
    (tmp_path / "queue.yaml").write_text(QUEUE)
    return tmp_path


def test_the_command_writes_and_names_what_follows(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(project)
    assert main(["init", "--add", "config/home.yaml", "--from", "live.yaml", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("home: would add shop to config/home.yaml\n  + home/web.yaml\n  ~ home.yaml\n")
    assert "\n+- name: shop\n+  namespace: shop\n" in shown
    assert files(project) == before
    assert main(["init", "--add", "config/home.yaml", "--from", "live.yaml", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["created"], document["policy"], document["dryRun"]) == (["home/web.yaml"], None, False)
    assert [client["name"] for client in document["clients"]] == ["shop"]
    assert document["next"] == [
        "answer the open questions in config/home.yaml",
        "rediskit render",
        "rediskit check",
        "git add --all && git commit",
    ]
    assert main(["render"]) == 0
    assert main(["check"]) == 0
    assert main(["init", "--add", "config/home.yaml", "--from", "live.yaml"]) == 1
    assert "is a workload of client shop" in capsys.readouterr().err


def test_an_encrypted_password_is_sealed_next(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipient = "age1" + "q" * 58
    config = HEAD.replace("{mode: manual}", f"{{mode: sops, recipients: [{recipient}]}}").replace("argocd", "flux")
    (project / "config/home.yaml").write_text(config)
    assert main(["init", "--add", "config/home.yaml", "--from", "live.yaml"]) == 0
    assert "  rediskit secret seal config/home.yaml\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--add", "config/home.yaml"), "--add needs the application"),
        (("--add", "config/home.yaml", "--from", "live.yaml", "--name", "x", "--tool", "flux"), "--add does not accept --name, --tool"),
        (("dir", "--add", "config/home.yaml", "--from", "live.yaml"), "--add does not accept DIR"),
        (("--client", "shop", "--from", "live.yaml"), "--client and --set-policy need --add"),
        (("--add", "config/home.yaml", "--from", "live.yaml", "--client", "A_b"), "--client: "),
        (("--add", "config/other.yaml", "--from", "live.yaml"), "config/other.yaml"),
    ],
)
def test_a_wrong_command_line_exits_with_2(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    before = files(project)
    assert main(["init", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert files(project) == before


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_the_policy_is_asked_for_on_a_terminal(project: Path, answer: str, code: int) -> None:
    leader, follower = pty.openpty()
    os.write(leader, f"{answer}\n".encode())
    command = [sys.executable, "-m", "rediskit", "init", "--add", "config/home.yaml", "--from", "queue.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdin=follower, capture_output=True, text=True, env=environment, timeout=60)
    os.close(leader)
    os.close(follower)
    assert done.returncode == code, done.stderr
    assert "Set redis.memory.policy to volatile-lru, for all clients? [y/N]" in done.stderr
    assert (b"policy: volatile-lru" in (project / "config/home.yaml").read_bytes()) == (code == 0)
    silent = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, timeout=60)
    assert (silent.returncode, "[y/N]" in silent.stderr) == (1, False)


KILLS = """
import os, shutil, signal, sys
from itertools import count
from rediskit.init.addition import Request, addition
from rediskit.output.input_files import write_inputs
from rediskit.source.loader import load
from tests.output.faults import watching

def make(folder, kill):
    made = addition(Request(f"{folder}/home.yaml", (open(sys.argv[1], "rb").read(), "live")))
    with watching(lambda number, what: os.kill(os.getpid(), signal.SIGKILL) if number == kill else None):
        write_inputs(made.folder, made.files, made.old)

for number in count(1):
    folder = f"{sys.argv[2]}/{number}"
    os.mkdir(folder)
    shutil.copy(sys.argv[3], f"{folder}/home.yaml")
    child = os.fork()
    if child == 0:
        make(folder, number)
        os._exit(0)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        break
    state = "old" if open(f"{folder}/home.yaml", "rb").read() == open(sys.argv[3], "rb").read() else "new"
    if state == "old":
        make(folder, 0)
    print(state, *(client.name for client in load(f"{folder}/home.yaml").clients))
"""


def test_a_killed_addition_leaves_the_old_config_or_the_new_one(tmp_path: Path) -> None:
    """A run is killed before each operation. After the next run, or with the new config, all clients load."""
    (tmp_path / "live.yaml").write_text(WEB, encoding="utf-8")
    start = written(tmp_path, f"{HEAD}clients:\n{SHOP}")
    (tmp_path / "runs").mkdir()
    command = [sys.executable, "-c", KILLS, str(tmp_path / "live.yaml"), str(tmp_path / "runs"), str(start)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = done.stdout.splitlines()
    assert len(seen) > 8
    assert set(seen) == {"old blog till shop", "new blog till shop"}
