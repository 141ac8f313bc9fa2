"""The codes of errors: each is raised, listed, and has a fixture."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from rediskit.checks import CHECKS
from rediskit.checks.codes import COMMANDS
from rediskit.source.codes import CODES
from scripts.reference import errors_page
from tests.test_fixtures import HERE, INVALID, expected


def test_every_code_is_raised_and_listed() -> None:
    """The packages that load a config raise exactly the codes of `CODES`, and docs/errors.md has an example of each."""
    raised: set[str] = set()
    for package in ("model", "source", "yamlio", "chart", "git"):
        for module in (HERE.parent / "rediskit" / package).glob("*.py"):
            if module.name != "codes.py":
                raised |= codes_in(module)
    for name in ("files.py", "live/direct.py", "secrets/cluster.py", "secrets/fetch.py", "secrets/files.py"):
        raised |= codes_in(HERE.parent / "rediskit" / name)
    listed = {line.split("`")[1] for line in errors_page().splitlines() if line.startswith("| `") and not line.endswith("|  |")}
    assert raised == set(CODES) == listed


def test_every_error_with_a_path_in_the_config_has_a_code() -> None:
    uncoded = []
    for module in (HERE.parent / "rediskit").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func) == "ConfigError":
                calls = [call for call in ast.walk(node.exc) if isinstance(call, ast.Call) and ast.unparse(call.func) == "Problem"]
                uncoded += [f"{module}:{call.lineno}" for call in calls if _has_path(call) and not _has_code(call)]
    assert uncoded == []


def _has_path(problem: ast.Call) -> bool:
    paths = [*problem.args[2:3], *(keyword.value for keyword in problem.keywords if keyword.arg == "path")]
    return any(ast.unparse(path) != "()" for path in paths)


def _has_code(problem: ast.Call) -> bool:
    return len(problem.args) > 4 or any(keyword.arg == "code" for keyword in problem.keywords)


def codes_in(module: Path) -> set[str]:
    """Return the codes of the problems in a module: texts in the calls that create problems, and the constants that these calls use."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    keywords = [
        keyword.value for node in ast.walk(tree) if isinstance(node, ast.Call) for keyword in node.keywords if keyword.arg == "code"
    ]
    refusals = [node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "refuse"]
    explicit = {value.value for value in (*keywords, *refusals) if isinstance(value, ast.Constant) and isinstance(value.value, str)}
    assert explicit - {"layout"} <= set(CODES), module
    return texts & set(CODES)


def test_every_fixture_has_the_code_of_a_rule_or_a_check() -> None:
    checks = {check.code for check in CHECKS} | {code.code for code in COMMANDS}
    for config in INVALID:
        for what, _ in expected(config)[1]:
            code = re.search(r": error\[([a-z0-9-]+)\]: ", what)
            assert code, (config.name, what)
            assert code[1] in (CODES if expected(config)[0] == 2 else checks), (config.name, what)
