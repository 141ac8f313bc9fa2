"""Checks for values that `init` can't determine: the placeholder of the repository, and comments with open questions."""

from collections.abc import Iterator
from pathlib import Path

from rediskit.checks.finding import Finding, Issue, Subject
from rediskit.files import read_file
from rediskit.model.environment import Environment
from rediskit.model.gitops import PLACEHOLDER_REPOSITORY


def placeholder_repository(subject: Subject) -> Iterator[Issue]:
    """Warn when `gitops.repository` is the placeholder of `init` instead of the address of a repository."""
    if subject.environment.gitops.repository == PLACEHOLDER_REPOSITORY:
        hint = "write the address of the repository that contains the rendered manifests"
        yield Issue(f"{PLACEHOLDER_REPOSITORY} is a placeholder: no GitOps tool can reach it", hint, ("gitops", "repository"))


def open_questions(environment: Environment) -> list[Finding]:
    """Return a warning for each open question in the config and in the files of its clients."""
    from rediskit.source.questions import questions

    findings = []
    for file in environment.files:
        text = read_file(Path(file), file).decode("utf-8-sig", "replace")
        for question in questions(text, file):
            hint = "write the answer into the keys below it, then delete the comment"
            findings.append(Finding("open-question", "warning", question.text, hint, (), question.location))
    return findings
