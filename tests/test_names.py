"""The names in the package and its tests: a variable, a parameter, a function and a class have the name of the value or the task."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = sorted((ROOT / "rediskit").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

VAGUE = {"found", "made", "one", "said", "given", "taken", "there", "mine", "theirs", "thing"}
"""Words that fit every value. Write the noun: users, manifests, problems, address, existing."""


def bound_names(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and each name that a source file binds, without fields: they are keys of the config and of JSON documents."""
    module = ast.parse(source)
    fields = {
        id(node.target)
        for definition in ast.walk(module)
        if isinstance(definition, ast.ClassDef)
        for node in definition.body
        if isinstance(node, ast.AnnAssign)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields:
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.lineno, node.name


def vague_names(name: str, source: str) -> list[str]:
    """Return file:line and message of each name that does not describe its value."""
    return [f"{name}:{line}: {bound}: write the noun for the value" for line, bound in bound_names(source) if bound.strip("_") in VAGUE]


@pytest.mark.parametrize("file", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_describe_their_values(file: Path) -> None:
    vague = vague_names(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))
    assert not vague, "\n".join(vague)


@pytest.mark.parametrize("file", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_in_tests_describe_their_values(file: Path) -> None:
    """Tests compare results of rediskit and of another program, as `ours` and `theirs`."""
    vague = vague_names(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))
    assert [name for name in vague if "theirs: " not in name] == []


@pytest.mark.parametrize(
    "source",
    [
        "found = 1",
        "first, made = 1, 2",
        "for one in (): ...",
        "names = [one for one in ()]",
        "if (said := 1): ...",
        "def users(given): ...",
        "names = lambda *, taken: taken",
        "def _there(): ...",
        "self._found = 1",
        "try: ...\nexcept ValueError as mine: ...",
        "match 1:\n    case theirs: ...",
        "with open('') as thing: ...",
    ],
)
def test_a_vague_name_is_reported(source: str) -> None:
    assert len(vague_names("made.py", source)) == 1


def test_a_field_and_a_name_that_is_only_read_are_not_reported() -> None:
    assert vague_names("made.py", "class Pool(Section):\n    taken: dict[str, str] = {}\n\n\nprint(one, pool.taken, Use(found=1))\n") == []
