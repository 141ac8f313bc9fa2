"""What a command does before its work: the modules that it imports, and the collections of garbage."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIBRARIES = {
    *("annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"),
    *("jinja2", "markupsafe"),
    "jsonschema_rs",
    "yaml",
}
"""The packages of a render: Pydantic, Jinja2 and PyYAML with what they need, and the validator of the schemas."""
OWN_AT_MOST = 169
"""The modules of rediskit that a render of `config/chocolandia.yaml` imports. Each costs about 0.3 million instructions before its content.

Raise it only for a module whose code a render of this config executes. A module for another kind of application repository, another
chart, Flux, an error or another command is imported in the function that needs it.
"""
NOT_NEEDED = {
    *("rediskit.chart.cloudpirates", "rediskit.chart.groundhog2k", "rediskit.chart.official", "rediskit.chart.valkey"),
    *("rediskit.renderers.flux", "rediskit.renderers.owner.helm_release", "rediskit.renderers.owner.helm_values"),
    *("rediskit.renderers.owner.tfvars", "rediskit.model.literals", "rediskit.source.complaints", "rediskit.checks.changes"),
    *("rediskit.cli.migrate.parser", "rediskit.cli.secret.parser", "rediskit.usage.hidden", "rediskit.usage.servers"),
    *("difflib", "graphlib", "logging", "subprocess", "ruamel", "cryptography", "packaging"),
}
OF_HELP = {
    *("rediskit", "rediskit.cli", "rediskit.cli.options", "rediskit.cli.parser", "rediskit.cli.terminal"),
    # The groups of commands: their summaries, and the names of the criteria that `migrate record` lists.
    *("rediskit.cli.migrate", "rediskit.cli.migrate.parser", "rediskit.model", "rediskit.model.criteria"),
    *("rediskit.cli.secret", "rediskit.cli.secret.parser"),
}
"""The modules of rediskit that `--help` imports."""


def imported(folder: Path, *words: str) -> set[str]:
    """Return the modules that a command imports in a process of its own."""
    code = f"import json, sys\nbefore = {{*sys.modules}}\nfrom rediskit.cli import main\ntry:\n    assert main({list(words)!r}) == 0\n"
    code += "except SystemExit as end:\n    assert not end.code\njson.dump(sorted({*sys.modules} - before), open('modules.json', 'w'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads((folder / "modules.json").read_text(encoding="utf-8")))


COLLECTIONS = """import gc, json, os, sys
from rediskit.cli import program

collections = []
gc.callbacks.append(lambda phase, about: collections.append(phase))
end = os._exit


def report(code):
    json.dump(collections.count("start"), open("collections.json", "w"))
    end(code)


os._exit = report
sys.argv = ["rediskit", "render"]
program()
"""


def libraries(modules: set[str]) -> set[str]:
    """Return the packages that are neither of rediskit nor of Python. A name with an underscore is of an extension module."""
    tops = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    return {name for name in tops if not name.startswith("_")} - {"rediskit", "cython_runtime"}


def own(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] == "rediskit"}


def test_a_render_imports_only_what_its_config_needs(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config/chocolandia", tmp_path / "config/chocolandia")
    shutil.copy(ROOT / "config/chocolandia.yaml", tmp_path / "config")
    modules = imported(tmp_path, "render")
    assert (tmp_path / "rendered/chocolandia/README.md").is_file()
    assert modules & NOT_NEEDED == set()
    assert libraries(modules) == LIBRARIES
    assert len(own(modules)) <= OWN_AT_MOST, sorted(own(modules))


def test_a_render_collects_garbage_less_often_than_python_does(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "config/chocolandia", tmp_path / "config/chocolandia")
    shutil.copy(ROOT / "config/chocolandia.yaml", tmp_path / "config")
    subprocess.run([sys.executable, "-c", COLLECTIONS], cwd=tmp_path, capture_output=True, check=True)
    # It allocates some 100,000 containers that stay. With Python's own threshold, there are more than 100 collections.
    assert json.loads((tmp_path / "collections.json").read_text(encoding="utf-8")) <= 5


def test_the_help_page_imports_argparse_alone(tmp_path: Path) -> None:
    modules = imported(tmp_path, "--help")
    assert own(modules) == OF_HELP
    assert libraries(modules) == set()
    # `typing` takes a tenth of the page, and `shutil` imports every compression library.
    assert modules & {"typing", "shutil", "dataclasses", "inspect", "logging", "importlib.metadata"} == set()
