"""The script that writes docs/migration.md runs real commands: none of them may fail by accident."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import transcript


@pytest.mark.parametrize("code", [2, 3])
def test_a_command_with_an_internal_error_or_a_wrong_config_writes_no_page(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript, "rediskit", lambda _: code)
    with pytest.raises(RuntimeError, match=f"rediskit render: exit code {code}"):
        transcript.Session(tmp_path).run("rediskit render")


def test_a_refused_step_is_part_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript, "rediskit", lambda _: 1)
    session = transcript.Session(tmp_path)
    session.run("rediskit render")
    assert session.lines[-3:] == ["$ rediskit render", "(exit code 1)", "```\n"]
