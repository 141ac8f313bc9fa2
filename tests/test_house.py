"""The shape of the house: who may import whom, what start-up may import, what is public."""

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

PACKAGE = Path(rediskit.__file__).parent
LAYERS = (
    {"cli"},
    {"setup"},
    {"migrate", "secrets", "live", "checks", "output", "renderers"},
    {"git"},
    {"chart", "source", "usage"},
    {"model"},
    {"errors"},
)
"""From top to bottom (design §1); `tools` and `temporary` stand beside `errors`: they import nothing of the rest."""


def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path], *, lazy: bool = True) -> set[str]:
    """The modules of rediskit that a file imports; `lazy=False` leaves out imports inside functions and for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
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
                found.add(name)
    return found


def top_level(tree: ast.Module) -> list[ast.stmt]:
    return [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]


def layer(module: str) -> int | None:
    room = module.split(".")[1] if "." in module else ""
    for index, rooms in enumerate(LAYERS):
        if room in rooms:
            return index
    return None


def test_every_room_has_its_layer() -> None:
    known = {"tools", "temporary", "__main__"}
    rooms = {name.split(".")[1] for name in modules() if "." in name}
    assert rooms <= set().union(*LAYERS) | known, "a new room needs its place in the order of imports (design §1)"


def test_imports_go_down_only() -> None:
    known = modules()
    wrong = []
    for name, path in known.items():
        mine = layer(name)
        for other in imports(path, known):
            theirs = layer(other)
            if mine is not None and theirs is not None and theirs < mine:
                wrong.append(f"{name} imports {other}, which lies above it")
    assert not wrong, "\n".join(wrong)


def test_no_import_cycles() -> None:
    known = modules()
    # A package's __init__ is imported before its modules: what it imports itself may not lead back to it.
    graph = {name: imports(path, known, lazy=False) - {name} for name, path in known.items()}
    assert len(tuple(TopologicalSorter(graph).static_order())) == len(known)


def test_output_knows_no_renderer() -> None:
    known = modules()
    for name, path in known.items():
        if name.startswith("rediskit.output"):
            assert not [other for other in imports(path, known) if other.startswith("rediskit.renderers")], name


def test_only_tools_starts_programs() -> None:
    starters = {"subprocess", "pty", "multiprocessing"}
    for name, path in modules().items():
        if name == "rediskit.tools":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", "") or ""]
            assert not starters & {found.split(".")[0] for found in names}, name
            assert not (isinstance(node, ast.Attribute) and node.attr in ("system", "popen", "fork", "execv", "posix_spawn")), name


OPENS = {"open", "read_text", "read_bytes"}
MAY_OPEN = {
    "rediskit.source.files": "the one place that reads input",
    "rediskit.output.apply": "creates files",
    "rediskit.output.confined": "creates files by descriptors of their folders",
    "rediskit.output.lock": "locks a folder",
    "rediskit.temporary": "locks temporary folders",
    "rediskit.migrate.ownercopy": "copies a checkout by descriptors of its folders",
    "rediskit.cli": "opens the null device",
    "rediskit.cli.process": "opens the null device",
    "rediskit.checks.schema": "reads data of the package",
    "rediskit.chart.keys": "reads data of the package",
}


def test_no_other_module_opens_files_by_name() -> None:
    """A named pipe would block, a device would answer: every input goes through `source.files`."""
    opened = set()
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if (isinstance(called, ast.Name) and called.id == "open") or (isinstance(called, ast.Attribute) and called.attr in OPENS):
                opened.add(name)
    assert opened <= MAY_OPEN.keys(), f"use rediskit.source.files.read_regular: {sorted(opened - MAY_OPEN.keys())}"
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
    """Whoever makes an Environment in Python needs no private name for any part of it."""

    def sections(annotation: Any) -> set[type[BaseModel]]:
        found: set[type[BaseModel]] = set()
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found = {annotation}.union(*(sections(field.annotation) for field in annotation.model_fields.values()))
        return found.union(*(sections(part) for part in get_args(annotation) if not isinstance(part, str)))

    assert {section.__name__ for section in sections(rediskit.Environment)} <= set(rediskit.__all__)


def test_the_public_names_are_there_and_closed() -> None:
    assert sorted(rediskit.__all__) == rediskit.__all__
    assert set(rediskit._HOMES) == set(rediskit.__all__)
    for name in rediskit.__all__:
        assert getattr(rediskit, name) is not None
        assert not isinstance(getattr(rediskit, name), type(sys)), f"{name} is a module"
    with pytest.raises(AttributeError, match="nothing_like_it"):
        rediskit.nothing_like_it  # noqa: B018


@pytest.mark.parametrize("first", ["rediskit.renderers", "rediskit.checks", "rediskit.output.disk", "rediskit.source.loader"])
def test_public_functions_survive_an_import_of_their_rooms(first: str) -> None:
    code = f"import {first}; from rediskit import render, check, write, load; assert all(map(callable, (render, check, write, load)))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_modules_stay_readable() -> None:
    long = {name: lines for name, path in modules().items() if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400}
    assert not long, long
