"""`rediskit migrate status` and `plan`: gates, steps and texts."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from rediskit.cli.parser import parser
from rediskit.source.loader import load
from tests.cli.migrations import (
    CONFIG,
    IN_WINDOW,
    migration,
    to,
    write,
)
from tests.cli.refused_evidence import QUEUE
from tests.cli.test_migrate import run as run
from tests.conftest import Run


def test_status_and_plan_explain_how_to_drain(tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration(), QUEUE)
    note = "let the workers empty the queues before this step; delayed and retry jobs do not drain"
    assert note in run("status", CONFIG, "--at", IN_WINDOW)[1]
    text, page = run("plan", CONFIG)[1], run("plan", CONFIG, "--markdown")[1]
    assert "  gate: the queues in the old Redis are empty, or their tasks are discarded [drained]\n" in text
    assert "  $ rediskit migrate record chocolandia.yaml --client beersystem --drained --empty\n" in text
    assert "  note: queue: let the workers empty the queues before `scale-down`. Delayed and retry jobs do not drain" in text
    assert [name for name in ("| Celery |", "| RQ |", "| Sidekiq |", "| BullMQ |") if name not in page] == []
    write(tmp_path, migration())
    assert "drain" not in run("plan", CONFIG)[1] + run("plan", CONFIG, "--markdown")[1] + run("status", CONFIG, "--at", IN_WINDOW)[1]


@pytest.mark.parametrize("more", ["", "clients:\n- {name: shop, namespace: shop}\n"])
def test_status_without_a_migration_is_exit_code_0(more: str, tmp_path: Path, run: Run) -> None:
    """Ended with exit code 2 before: a scheduled job over every config failed."""
    text = f"name: quiet\ngitops: {{tool: argocd, repository: https://git.example.org/a.git}}\n{more}"
    (tmp_path / "quiet.yaml").write_text(text, encoding="utf-8")
    assert run("status", str(tmp_path / "quiet.yaml")) == (0, "quiet: no migration in progress\n", "")
    code, output, _ = run("status", str(tmp_path / "quiet.yaml"), "--json")
    assert (code, json.loads(output)) == (0, {"version": 1, "environment": "quiet", "clients": [], "verification": None, "exitCode": 0})
    assert run("status", str(tmp_path / "quiet.yaml"), "--client", "shop")[0] == 2


def test_commands_name_a_path_with_spaces_as_a_shell_takes_it(tmp_path: Path, run: Run) -> None:
    (tmp_path / "plat form").mkdir()
    file = write(tmp_path / "plat form", migration())
    named = str(file.relative_to(tmp_path))
    code, output, _ = run("advance", named, "--at", IN_WINDOW)
    assert code == 0
    assert "  $ rediskit migrate step 'plat form/chocolandia.yaml' --client beersystem --to scale-down --commit --push --wait\n" in output
    _, output, _ = run("record", named, "--at", IN_WINDOW, "--secret-seen")
    assert "to commit: 'plat form/chocolandia.yaml'; the next migrate step commits it, too\n" in output
    assert "next: rediskit migrate step 'plat form/chocolandia.yaml' --client beersystem --to deploy " in output
    _, output, _ = run("plan", named)
    assert "$ rediskit migrate step 'plat form/chocolandia.yaml' --client beersystem --to deploy " in output


def test_status_of_a_step_that_was_recorded_for_later(tmp_path: Path, run: Run) -> None:
    write(tmp_path, to("reconfigure"))
    _, output, _ = run("status", CONFIG, "--at", "2026-03-01T21:04:00-03:00")
    assert output.splitlines()[0] == "beersystem: reconfigure, from 2026-03-01T22:02:00-03:00 (2026-03-02 01:02 UTC) on, which is in 58m"


def test_status_tells_each_gate_and_the_ways(tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration())
    code, output, _ = run("status", CONFIG, "--at", "2026-03-01T19:55:00-03:00")
    assert code == 0
    assert output == (
        "beersystem: prepare, time not recorded\n"
        "  the namespace and the Secrets are created; the application uses its old Redis\n"
        "  next: scale-down (the application repository)\n"
        "    blocked[window-not-started]: the window starts at 2026-03-01T22:00:00-03:00, in 2h 5m\n"
        "      help: wait until 2026-03-01T22:00:00-03:00; or use --override REASON\n"
        "    passed: the namespaces of Redis and of the client have the Secret\n"
        "    passed: the base sets the replicas of each workload: a rollback restores them\n"
        "    note: the application is down from this step on; the budget is 10m\n"
        f"  next command: rediskit migrate step {CONFIG} --client beersystem --to scale-down --commit --push --wait\n"
    )
    write(tmp_path, to("reconfigure"))
    _, output, _ = run("status", CONFIG, "--at", "2026-03-02T01:08:00Z")
    assert output.splitlines()[0] == "beersystem: reconfigure, since 2026-03-01T22:02:00-03:00 (2026-03-02 01:02 UTC), 6m"
    assert output.splitlines()[2] == "  down since 2026-03-01T22:00:00-03:00 (2026-03-02 01:00 UTC), 8m: the budget is 10m, 2m left"
    assert "  rollback: rolled-back (the application repository)" in output.splitlines()
    status = json.loads(run("status", CONFIG, "--at", "2026-03-02T01:08:00Z", "--json")[1])
    assert [way["to"] for way in status["clients"][0]["transitions"]] == ["scale-up", "deploy", "rolled-back"]
    assert status["clients"][0]["downSeconds"] == 480


def test_every_action_and_option_has_a_help_text() -> None:
    (verbs,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    (actions,) = (action for action in verbs.choices["migrate"]._actions if isinstance(action, argparse._SubParsersAction))
    assert {choice.dest for choice in actions._choices_actions if choice.help} == set(actions.choices)
    for name, verb in actions.choices.items():
        assert verb.description, name
        assert all(action.help for action in verb._actions), name
        options = {option for action in verb._actions for option in action.option_strings}
        assert {"--client", "--json", "--debug"} <= options, name


def test_the_plan_as_text_markdown_and_json(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    text = file.read_bytes()
    forms = {form: run("plan", CONFIG, *form.split()) for form in ("", "--markdown", "--json")}
    assert {code for code, _, _ in forms.values()} == {0}
    plan = json.loads(forms["--json"][1])["plans"][0]
    names = ["scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete"]
    assert [step["step"] for step in plan["steps"]] == names
    assert [step["repository"] for step in plan["steps"]] == ["owner", "ours", "owner", "owner", "none", "owner", "owner"]
    assert (plan["expectedDowntimeSeconds"], plan["budgetSeconds"], plan["expectedDown"]) == (
        360,
        600,
        "22:00 (01:00 UTC) to 22:06 (01:06 UTC)",
    )
    assert plan["steps"][0]["values"] == [{"object": "Deployment/beersystem-backend", "pointer": "/spec/replicas", "old": "1", "new": "0"}]
    for number, name in enumerate(names, 1):
        assert f"{number}. {name}: " in forms[""][1]
        assert f"## {number}. {name}: " in forms["--markdown"][1]
    assert file.read_bytes() == text


def test_without_a_time_the_clock_is_read_in_the_offset_of_the_window(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    assert run("advance", CONFIG, "--override", "whenever")[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.history[-1].at.endswith("-03:00")
