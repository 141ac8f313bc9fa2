"""The architecture: which package may import which, what start-up may import, what is public."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import rediskit
from tests.architecture import MAY_IMPORT

PACKAGE = Path(rediskit.__file__).parent
WRONG = (
    ("errors", "import rediskit.tools"),
    ("yamlio.reader", "from rediskit.model.environment import Environment"),
    ("chart.names", "from rediskit.model import redis"),
    ("model.client", "import rediskit.state_machine.effects"),
    ("git.program", "from rediskit.source import loader"),
    ("state_machine.gates", "from rediskit.usage.clients import users"),
    ("output.writer", "from rediskit.migrate import moves"),
    ("renderers.platform", "from rediskit.secrets.sealing import seal"),
    ("checks.release", "def late():\n    from rediskit.output import writer"),
    ("migrate.moves", "if TYPE_CHECKING:\n    from rediskit.cli import report"),
)
"""Module and an import that it may not have; a copy of the package with each one is refused."""


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Return the path of each module of a copy of rediskit."""
    paths = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return paths


def imports(path: Path, known: dict[str, Path], *, lazy: bool = True) -> set[str]:
    """Return the modules of rediskit that a file imports; `lazy=False` leaves out imports inside functions and for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree) if lazy else top_level(tree):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            while name and name not in known:
                name = name.rpartition(".")[0]
            if name and name != "rediskit":
                imported.add(name)
    return imported


def top_level(tree: ast.Module) -> list[ast.stmt]:
    return [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]


def package_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def violations(known: dict[str, Path]) -> list[str]:
    """Return a sentence for each import that the table does not list."""
    return [
        f"{name} imports {other}: {package_of(name)} may not import {package_of(other)}"
        for name, path in known.items()
        for other in sorted(imports(path, known))
        if package_of(name) not in ("", "__main__", package_of(other)) and package_of(other) not in MAY_IMPORT[package_of(name)].imports
    ]


def test_every_package_has_a_row() -> None:
    assert {package_of(name) for name in modules()} - {"", "__main__"} == set(MAY_IMPORT)


def test_a_row_lists_only_packages_above_it() -> None:
    rows = list(MAY_IMPORT)
    for index, name in enumerate(rows):
        assert set(MAY_IMPORT[name].imports) <= set(rows[:index]), name


def test_packages_import_only_what_their_row_lists() -> None:
    assert not violations(modules())


def test_every_import_that_a_row_lists_is_used() -> None:
    known = modules()
    used = {(package_of(name), package_of(other)) for name, path in known.items() for other in imports(path, known)}
    assert not [(name, other) for name, row in MAY_IMPORT.items() for other in row.imports if (name, other) not in used]


@pytest.mark.parametrize(("module", "line"), WRONG)
def test_a_wrong_import_is_found(module: str, line: str, tmp_path: Path) -> None:
    known = {name: tmp_path / f"{name}.py" for name in modules()}
    for name, path in modules().items():
        known[name].write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    wrong = known[f"rediskit.{module}"]
    wrong.write_text(f"{wrong.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    assert len(violations(known)) == 1


def test_no_import_cycles() -> None:
    known = modules()
    # A package's __init__ is imported before its modules: what it imports itself may not lead back to it.
    graph = {name: imports(path, known, lazy=False) - {name} for name, path in known.items()}
    assert len(tuple(TopologicalSorter(graph).static_order())) == len(known)


def test_only_tools_starts_programs() -> None:
    starters = {"subprocess", "pty", "multiprocessing"}
    for name, path in modules().items():
        if name == "rediskit.tools":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
            assert not starters & {imported.split(".")[0] for imported in names}, name
            assert not (isinstance(node, ast.Attribute) and node.attr in ("system", "popen", "execv", "posix_spawn")), name
            # A copy of the process runs no other program.
            assert name == "rediskit.cli.workers" or not (isinstance(node, ast.Attribute) and node.attr == "fork"), name


OPENS = {"open", "read_text", "read_bytes"}
MAY_OPEN = {
    "rediskit.files": "the one place that reads input",
    "rediskit.output.atomic": "creates files",
    "rediskit.output.nofollow": "creates files by descriptors of their folders",
    "rediskit.output.lock": "locks a folder",
    "rediskit.temporary": "locks temporary folders",
    "rediskit.migrate.owner.copy": "copies a checkout by descriptors of its folders",
    "rediskit.cli": "opens the null device",
    "rediskit.cli.process": "opens the null device",
    "rediskit.checks.schema": "reads data of the package",
    "rediskit.chart.keys": "reads data of the package",
}


def test_no_other_module_opens_files_by_name() -> None:
    """A named pipe would block, a device would answer: every input goes through `files`."""
    opened = set()
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if (isinstance(called, ast.Name) and called.id == "open") or (isinstance(called, ast.Attribute) and called.attr in OPENS):
                opened.add(name)
    assert opened <= MAY_OPEN.keys(), f"use rediskit.files.read_regular: {sorted(opened - MAY_OPEN.keys())}"
    assert opened == MAY_OPEN.keys(), f"no longer needed in MAY_OPEN: {sorted(MAY_OPEN.keys() - opened)}"


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"], ["init", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "-X", "importtime", "-m", "rediskit", *arguments], capture_output=True, text=True, check=True)
    imported = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}
    assert not imported & {"pydantic", "pydantic_core", "yaml", "jinja2", "ruamel", "jsonschema_rs", "subprocess", "importlib.metadata"}
    assert "usage: rediskit" in done.stdout or "rediskit 0" in done.stdout


def test_importing_the_library_loads_nothing() -> None:
    code = "import sys, rediskit; print(sorted(m for m in sys.modules if m.split('.')[0] in ('pydantic', 'yaml', 'jinja2')))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_every_section_of_the_config_is_public() -> None:
    """An Environment in Python needs no private name for any part of it."""

    def sections(annotation: Any) -> set[type[BaseModel]]:
        models: set[type[BaseModel]] = set()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            models = {annotation}.union(*(sections(field.annotation) for field in annotation.model_fields.values()))
        return models.union(*(sections(part) for part in get_args(annotation) if not isinstance(part, str)))

    assert {section.__name__ for section in sections(rediskit.Environment)} <= set(rediskit.__all__)


def test_the_public_names_are_there_and_closed() -> None:
    assert sorted(rediskit.__all__) == rediskit.__all__
    assert set(rediskit._MODULES) == set(rediskit.__all__)
    for name in rediskit.__all__:
        assert getattr(rediskit, name) is not None
        assert not isinstance(getattr(rediskit, name), type(sys)), f"{name} is a module"
    with pytest.raises(AttributeError, match="nothing_like_it"):
        rediskit.nothing_like_it  # noqa: B018


@pytest.mark.parametrize("first", ["rediskit.renderers", "rediskit.checks", "rediskit.output.writer", "rediskit.source.loader"])
def test_public_functions_survive_an_import_of_their_packages(first: str) -> None:
    code = f"import {first}; from rediskit import render, check, write, load; assert all(map(callable, (render, check, write, load)))"
    subprocess.run([sys.executable, "-c", code], check=True)


MAX_MODULE, MAX_FUNCTION = 300, 40
"""The largest numbers of lines of a module and of a function, from `def` to its last line."""


def too_long(folder: Path) -> dict[str, int]:
    """Return the lines of each module and function of a folder that has too many."""
    long = {}
    for path in sorted(folder.rglob("*.py")):
        text, name = path.read_text(encoding="utf-8"), path.relative_to(folder).as_posix()
        if (lines := len(text.splitlines())) > MAX_MODULE:
            long[name] = lines
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION:
                long[f"{name}:{node.name}"] = lines
    return long


def test_modules_and_functions_stay_readable() -> None:
    assert too_long(PACKAGE) == {}, "split each by subject"


SCRIPT = "tools/install.py"
"""Runs by its path with the standard library alone, also in a copy of its folder: it can import no other module of the tests."""


def test_modules_of_the_tests_stay_readable() -> None:
    long = {name for name in too_long(Path(__file__).parent) if ":" not in name}
    assert long == {SCRIPT}, "split each by subject"


def test_a_module_and_a_function_that_are_too_long_are_found(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("\n" * MAX_MODULE + "x = 1\n", encoding="utf-8")
    (tmp_path / "short.py").write_text("def short() -> None:\n" + "    pass\n" * (MAX_FUNCTION - 1), encoding="utf-8")
    (tmp_path / "deep.py").write_text("class C:\n    def deep(self) -> None:\n" + "        pass\n" * MAX_FUNCTION, encoding="utf-8")
    assert too_long(tmp_path) == {"long.py": MAX_MODULE + 1, "deep.py:deep": MAX_FUNCTION + 1}
