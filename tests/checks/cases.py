"""Cases that a check reports: a value in the config, another live object, or a tree of a faulty renderer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rediskit import check, render
from rediskit.renderers.tree import File, Tree
from tests.samples import loaded

Change = Callable[[Tree], Tree]
GONE: Any = object()


class Case(NamedTuple):
    """One input and the finding that it causes.

    Attributes:
        code: The code of the check.
        message: A part of the message.
        at: The start of the config text at the position of the finding, "" for none.
        over: Sections of the config.
        change: The change of the rendered tree.
        step: The step of the migration.
        severity: The severity of the finding.
        manifest: The manifest of the workload.
        ciphertexts: The encrypted Secrets by namespace.
    """

    code: str
    message: str
    at: str = ""
    over: Mapping[str, Any] | None = None
    change: Change | None = None
    step: str = "validate"
    severity: str = "error"
    manifest: Mapping[str, Any] | None = None
    ciphertexts: Mapping[str, Any] | None = None


def faulty(code: str, message: str, change: Change, at: str = "", step: str = "validate", over: Mapping[str, Any] | None = None) -> Case:
    """Return a case with a tree that no renderer produces."""
    return Case(code, message, at, over, change, step)


def edited(content: Any, place: str, value: Any) -> Any:
    """Return a copy with another value at a place such as `spec.ports.0.port`; a dot in a key is written `~`, GONE removes the value."""
    copied = copy.deepcopy(content)
    *keys, last = [int(part) if part.isdigit() else part.replace("~", ".") for part in place.split(".")]
    parent: Any = copied
    for key in keys:
        parent = parent[key]
    if value is GONE:
        del parent[last]
    elif isinstance(last, int) and last == len(parent):
        parent.append(value)
    else:
        parent[last] = value
    return copied


def put(path: str, place: str, content: Any) -> Change:
    """Return a change of one value in a file, as in `edited`."""

    def change(tree: Tree) -> Tree:
        files = (file._replace(content=edited(file.content, place, content)) if file.path == path else file for file in tree.contents)
        return Tree(tree.name, tree.header, tuple(files))

    return change


def without(*paths: str) -> Change:
    """Return a change that drops files."""
    return lambda tree: Tree(tree.name, tree.header, tuple(file for file in tree.contents if file.path not in paths))


def also(path: str, content: Any) -> Change:
    """Return a change that adds a file."""
    return lambda tree: Tree.of(tree.name, tree.header, (*tree.contents, File(path, content)))


def copied(path: str, to: str) -> Change:
    """Return a change that adds a file with the content of another file."""
    return lambda tree: also(to, next(file.content for file in tree.contents if file.path == path))(tree)


def assert_reported(case: Case, folder: Path) -> None:
    """Load, render, change and check: the finding has the severity and the position of the case, and a hint."""
    environment = loaded(folder, case.step, over=case.over or {}, manifest=case.manifest, ciphertexts=case.ciphertexts)
    rendered = render(environment)
    findings = check(environment, case.change(rendered) if case.change else rendered)
    matching = [finding for finding in findings if finding.code == case.code and case.message in finding.message]
    assert matching, [f"{finding.code}: {finding.message}" for finding in findings]
    assert {finding.severity for finding in matching} == {case.severity}
    assert all(finding.hint for finding in matching)
    if case.at:
        place = matching[0].location
        assert place is not None
        line = (folder / "chocolandia.yaml").read_text().splitlines()[place.line - 1]
        assert line[place.column - 1 :].startswith(case.at), (line, place)


def name_of(case: Case) -> str:
    """Return the id of a case among the tests."""
    return f"{case.code}: {case.message[:60]}"
