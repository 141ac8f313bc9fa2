"""The real command reports each rule of the config: tests/invalid/*.yaml contain the expected errors, tests/valid/*.yaml render and check.

An invalid config starts with `# expect: line:column: error[code]: path: message` and `# hint: …` for each problem in the order of the
output. A problem in a referenced file has `# expect: files/name.yaml:line:column: …`. `# exit: 1` marks a check; the default is 2.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import string
import subprocess
import sys
from pathlib import Path

import pytest

from rediskit.model.environment import Environment
from rediskit.source.loader import load
from tests.conftest import Run

HERE = Path(__file__).parent
INVALID = sorted((HERE / "invalid").glob("*.yaml"))
VALID = sorted((HERE / "valid").glob("*.yaml"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Git work tree with the invalid configs in config/, as a person would have them."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / ".git").mkdir()
    shutil.copytree(HERE / "invalid", folder / "config")
    return folder


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return the command, to run in the folder that is its first argument."""

    def command(folder: Path, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        return run(*arguments)

    return command


def expected(config: Path) -> tuple[int, list[tuple[str, str]]]:
    """Exit code, and (what, hint) of each problem, from the comments that a config begins with."""
    code, problems = 2, []
    for line in config.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            break
        if line.startswith("# exit: "):
            code = int(line.removeprefix("# exit: "))
        elif line.startswith("# expect: "):
            what = line.removeprefix("# expect: ")
            problems.append((f"config/{config.name}:{what}" if what[0].isdigit() else f"config/{what}", ""))
        elif line.startswith("# hint: "):
            problems[-1] = (problems[-1][0], line.removeprefix("# hint: "))
    return code, problems


def as_text(problems: list[tuple[str, str]]) -> str:
    return "".join(f"{what}\n  help: {hint}\n" for what, hint in problems)


def from_json(output: str) -> list[tuple[str, str]]:
    """Return the problems or findings of `--json` as the same command without it would print them."""
    problems = []
    for problem in json.loads(output).get("problems") or json.loads(output)["findings"]:
        place = f"{problem['file']}:{problem['line']}:{problem['column']}"
        label = f"{problem.get('severity', 'error')}[{problem['code']}]"
        problems.append((": ".join(filter(None, (place, label, problem["path"], problem["message"]))), problem["hint"]))
    return problems


def files(folder: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime for path in folder.rglob("*")}


@pytest.mark.parametrize("config", INVALID, ids=lambda path: path.stem)
def test_an_invalid_config_reports_its_errors_and_writes_nothing(config: Path, repository: Path, run: Run) -> None:
    code, problems = expected(config)
    before = files(repository)
    assert problems, "an invalid config contains its expected errors"
    assert all(hint for _, hint in problems), "every problem has a hint"
    assert run(repository, "render", f"config/{config.name}") == (code, "", as_text(problems))
    json_code, output, errors = run(repository, "render", "--json", f"config/{config.name}")
    assert (json_code, from_json(output), errors) == (code, problems, "")
    assert json.loads(output)["exitCode"] == code
    assert files(repository) == before


def test_messages_and_hints_are_short() -> None:
    assert len(INVALID) >= 45
    for config in INVALID:
        for what, hint in expected(config)[1]:
            # Lists of choices and of known keys can be longer.
            long = (
                "choose one of" in hint
                or "is not one of" in what
                or "known here" in hint
                or "keys below it" in hint
                or config.stem == "levels"
            )
            assert long or (len(what) <= 220 and len(hint) <= 120), (config.name, what, hint)


def test_all_mistakes_of_a_config_are_reported_at_once(repository: Path, run: Run) -> None:
    _, _, errors = run(repository, "check", "config/three-mistakes.yaml")
    assert [line for line in errors.splitlines() if not line.startswith("  ")] == [
        what for what, _ in expected(HERE / "invalid/three-mistakes.yaml")[1]
    ]
    assert errors.count("\n") == 6


def test_an_error_shows_place_code_path_and_message(repository: Path, run: Run) -> None:
    _, _, errors = run(repository, "check", "config/address-outside-pool.yaml")
    message = "14:12: error[network-pool]: network.address: 192.168.4.250 is outside pool eero-pool (192.168.4.200-192.168.4.210)"
    assert errors.splitlines()[0] == f"config/address-outside-pool.yaml:{message}"


@pytest.mark.parametrize("verb", ["render", "check"])
@pytest.mark.parametrize("name", ["three-mistakes", "client-file-wrong", "chart-value-unknown", "quote-not-closed"])
def test_the_installed_program_prints_the_same_errors(verb: str, name: str, repository: Path) -> None:
    code, problems = expected(HERE / f"invalid/{name}.yaml")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE.parent)}
    command = [sys.executable, "-m", "rediskit", verb, f"config/{name}.yaml"]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (code, as_text(problems))
    # `check` compares a config that loads with the output on disk, which is empty.
    assert done.stdout.startswith(f"{name}: ") if verb == "check" and code == 1 else done.stdout == ""


def generated(seed: int, letters: str) -> bytes:
    """Return a generated password, so that the repository contains none."""
    return "".join(random.Random(seed).choices(letters, k=32)).encode()


PASSWORD = generated(1, string.ascii_letters + string.digits)
BASE64 = generated(2, string.ascii_letters + string.digits + "+/")
BASE = b"name: made\ngitops:\n  tool: argocd\n  repository: https://git.example.org/platform/cluster.git\n"
POOL = b"network: {address: 10.0.0.5, allow: [10.0.0.0/8], pool: {name: a, addresses: 10.0.0.0/28, taken: {10.0.0.6: "
LAUGHS = b"a: &a [1]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c, c, c - 1, c - 1) for c in range(ord("b"), ord("z")))
PRIVATE_KEY = b"\n  values:\n    extraDeploy:\n    - |\n      -----BEGIN PRIVATE " + b"KEY-----\n"
# Configs that can't contain comments or must not be in a repository: content and first line; `{}` is "config/made.yaml:".
MADE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "{}1:1: error[yaml-syntax]: the file is empty"),
    "comments alone": (b"# nothing here\n\n# at all\n", "{}1:1: error[yaml-syntax]: the file is empty"),
    "a document marker alone": (b"---\n", "{}1:1: error[yaml-syntax]: the file is empty"),
    "UTF-16": (BASE.decode().encode("utf-16"), "{}1:1: error[file-encoding]: the file is in UTF-16 or UTF-32"),
    "UTF-16 without a mark": (BASE.decode().encode("utf-16-le"), "{}1:1: error[file-encoding]: the file is in UTF-16 or UTF-32"),
    "Latin-1": (BASE + "redis: {labels: {caf\xe9: a}}".encode("latin-1"), "{}5:21: error[file-encoding]: byte 0xe9 is not UTF-8"),
    "a NUL": (BASE + b"cluster: a\0b\n", "{}5:11: error[file-encoding]: unprintable character U+0000"),
    "more than 1 MiB": (BASE + b"# " + b"x" * 1024 * 1024, "error[file-size]: config/made.yaml is larger than 1 MiB"),
    "100,000 lists": (BASE + b"redis: " + b"[" * 100_000, ": more than 100 levels of mappings and lists"),
    "100,000 mappings": (BASE + b"redis: " + b"{a: " * 100_000, ": more than 100 levels of mappings and lists"),
    "a billion laughs": (LAUGHS, "{}1:4: error[yaml-feature]: a: an anchor (&) is not supported"),
    "a password in a text": (
        BASE + POOL + PASSWORD + b"}}}\n",
        '{}5:109: error[secret-in-config]: network.pool.taken["10.0.0.6"]: looks like a generated password',
    ),
    "a password with a slash": (
        BASE + b"redis:\n  auth:\n    secret: " + BASE64 + b"\n",
        "{}7:13: error[secret-in-config]: redis.auth.secret: looks like a generated password",
    ),
    "a password for a number": (
        BASE + b"redis: {memory: {max: " + PASSWORD + b"}}\n",
        "{}5:23: error[secret-in-config]: redis.memory.max: looks like a generated password",
    ),
    "a password for a choice": (
        BASE + b"redis: {memory: {policy: " + PASSWORD + b"}}\n",
        "{}5:26: error[secret-in-config]: redis.memory.policy: looks like a generated password",
    ),
    "a password for a file": (
        BASE + b"clients: [{file: " + PASSWORD + b"}]\n",
        "{}5:18: error[secret-in-config]: clients[0].file: looks like a generated password",
    ),
    "a password among values": (
        BASE + b"redis:\n  values:\n    master:\n      extraFlags: [--maxclients, " + PASSWORD + b"]\n",
        "{}8:34: error[secret-in-config]: redis.values.master.extraFlags[1]: looks like a generated password",
    ),
    "a private key": (
        BASE + b"redis:" + PRIVATE_KEY,
        "{}8:7: error[secret-in-config]: redis.values.extraDeploy[0]: looks like a private key",
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_a_generated_config_reports_its_error(name: str, tmp_path: Path, run: Run) -> None:
    content, line = MADE[name]
    (tmp_path / "config").mkdir()
    (tmp_path / "config/made.yaml").write_bytes(content)
    code, output, errors = run(tmp_path, "render", "config/made.yaml")
    assert (code, output) == (2, "")
    lines = [line for line in errors.splitlines() if not line.startswith("  ")]
    assert lines[0].endswith(line.replace("{}", "config/made.yaml:")), errors[:500]
    assert len(lines) == 1 or name == "a billion laughs"
    assert PASSWORD.decode() not in errors
    assert BASE64.decode() not in errors
    assert b"/" in BASE64
    assert [path.name for path in tmp_path.iterdir()] == ["config"]


def test_a_missing_config_and_a_folder_are_errors(tmp_path: Path, run: Run) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert run(tmp_path, "check", "nothing.yaml") == (
        2,
        "",
        "error[file-missing]: file nothing.yaml does not exist\n  help: check the path: it is relative to the current folder\n",
    )
    assert run(tmp_path, "check", "folder.yaml") == (
        2,
        "",
        "error[file-missing]: folder.yaml is a folder\n  help: check the path: it is relative to the current folder\n",
    )


@pytest.fixture(scope="module")
def valid_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("valid")
    (folder / ".git").mkdir()
    shutil.copytree(HERE / "valid", folder / "config")
    return folder


@pytest.mark.parametrize("config", VALID, ids=lambda path: path.stem)
def test_a_valid_config_renders_and_checks(config: Path, valid_repository: Path, run: Run) -> None:
    code, output, errors = run(valid_repository, "render", f"config/{config.name}")
    assert code == 0, errors
    assert output.startswith(f"{config.stem}: ")
    assert all(": warning[" in line for line in errors.splitlines() if not line.startswith("  ")), errors
    code, output, _ = run(valid_repository, "check", f"config/{config.name}")
    assert (code, output.count("\n")) == (0, 1)
    assert "0 missing, 0 different, 0 left over" in output


def test_all_valid_configs_check_in_one_run(valid_repository: Path, run: Run) -> None:
    """`cluster` defaults to the name, so the environments do not conflict."""
    code, _, errors = run(valid_repository, "check", *(f"config/{config.name}" for config in VALID))
    assert code in (0, 1), errors  # 1 while another test has not rendered its output yet.
    assert all(": warning[" in line for line in errors.splitlines() if not line.startswith("  ")), errors


def test_a_minimal_config_is_short() -> None:
    config = HERE / "valid/minimal.yaml"
    assert len(config.read_text(encoding="utf-8").splitlines()) < 20
    assert load(config) == load(config)
    assert isinstance(load(config), Environment)
