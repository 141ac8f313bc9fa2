"""Open questions of a config: the placeholder of the repository, and the comments of `init`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediskit import check, load, render
from rediskit.checks.open_questions import open_questions
from rediskit.model.gitops import PLACEHOLDER_REPOSITORY
from rediskit.source.questions import OPEN, questions

HEAD = "name: one\ngitops:\n  tool: argocd\n  repository: {repository}\n"


def placeholders(repository: str) -> list[tuple[str, str, str]]:
    Path("one.yaml").write_text(HEAD.format(repository=repository), encoding="utf-8")
    environment = load("one.yaml")
    findings = [finding for finding in check(environment, render(environment)) if finding.code == "repository-placeholder"]
    return [(finding.severity, finding.message, str(finding.location)) for finding in findings]


def test_the_placeholder_repository_of_init_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    message = f"{PLACEHOLDER_REPOSITORY} is a placeholder: no GitOps tool can reach it"
    assert placeholders(PLACEHOLDER_REPOSITORY) == [("warning", message, "one.yaml:4:15")]
    assert placeholders("https://git.example.org/platform/cluster.git") == []


def test_open_questions_are_found_in_the_config_and_in_the_files_of_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = HEAD.format(repository="https://git.example.org/a.git") + "  # open: which branch?\nclients:\n- file: shop.yaml\n"
    Path("one.yaml").write_text(text, encoding="utf-8")
    Path("shop.yaml").write_text("name: shop\n# open: which Redis?\nnamespace: shop\n", encoding="utf-8")
    findings = open_questions(load("one.yaml"))
    assert [(finding.severity, finding.message, str(finding.location)) for finding in findings] == [
        ("warning", "which branch?", "one.yaml:5:3"),
        ("warning", "which Redis?", "shop.yaml:2:1"),
    ]


@pytest.mark.parametrize("style", ["|", "|-", ">", '"'])
def test_text_in_a_scalar_is_no_open_question(style: str) -> None:
    block = f"{style}\n  first\n  # {OPEN}no\n" if style != '"' else f'"first\n  # {OPEN}no"\n'
    text = f"# {OPEN}before\na: {block}# {OPEN}after\nb: 1\n"
    assert [question.text for question in questions(text, "x")] == ["before", "after"]


@given(st.lists(st.sampled_from([f"# {OPEN}q", " # open: q", "a{}: 1", "a{}: |\n  x\n  # open: no", "#open: q", "", "# opened: q"])))
def test_every_open_question_is_reported_once(lines: list[str]) -> None:
    text = "".join(f"{line.format(number)}\n" for number, line in enumerate(lines))
    expected = sum(line.strip() in (f"# {OPEN}q",) for line in lines)
    assert len(questions(text, "x")) == expected
