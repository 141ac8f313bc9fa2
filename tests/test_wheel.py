"""The installed wheel, used from another folder."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.wheel import ROOT, unpacked

USE = """
from rediskit import Environment, check, load, render, write

env = load(CONFIG)
tree = render(env)
assert [finding.code for finding in check(env, tree) if finding.severity == "error"] == []
changes = write(tree, "out")
assert len(changes.created) == len(tree.files) > 10
assert write(tree, "out").unchanged == changes.created
made = Environment(name="made", gitops={"tool": "argocd", "repository": "https://github.com/owner/name.git"})
assert render(made).objects["platform/redis/namespace-redis.yaml"]["metadata"]["name"] == "redis"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the content of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    site = unpacked(folder)
    (wheel,) = folder.glob("*.whl")
    assert wheel.stat().st_size < 1_500_000
    return site


def test_the_wheel_contains_the_data_of_the_package(installed: Path) -> None:
    assert (installed / "rediskit/py.typed").is_file()
    for name in subprocess.run(["git", "ls-files", "rediskit"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split():
        assert (installed / name).is_file(), name
    assert not list(installed.glob("tests")), "tests stay out of the wheel"
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "rediskit = rediskit.cli:program" in entry_points.read_text(encoding="utf-8")


def _build_environment() -> set[str]:
    """Return the distributions that pip installs to build the wheel: `build-system.requires`, with their dependencies."""
    names: set[str] = set()
    missing = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    while missing:
        requirement = Requirement(missing.pop())
        name = canonicalize_name(requirement.name)
        needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if needed and name not in names:
            names.add(name)
            missing += requires(name) or []
    return names


def test_the_build_imports_only_its_own_requirements(tmp_path: Path) -> None:
    """`pip install .` builds in an environment without the dependencies of rediskit."""
    allowed = _build_environment()
    assert {"hatchling", "jinja2", "shtab"} < allowed
    others = [module for module, owners in packages_distributions().items() if not allowed & set(map(canonicalize_name, owners))]
    assert {"pydantic", "yaml", "ruamel"} < set(others)
    code = f"import sys; sys.modules.update(dict.fromkeys({others!r}))\n"
    code += f"from hatchling.build import build_wheel\nbuild_wheel({str(tmp_path)!r})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.whl"))


def test_the_wheel_uses_its_compiled_templates(installed: Path, tmp_path: Path) -> None:
    """Every template is compiled, and a render opens no template source."""
    sources = {path.name for path in (installed / "rediskit/data/templates").iterdir()}
    (folder,) = (installed / "rediskit/data").glob("templates-jinja2-*")
    assert len(list(folder.glob("tmpl_*.py"))) == len(sources) > 5
    code = f"import sys; sys.path.insert(0, {str(installed)!r})\nopened = []\n"
    code += "sys.addaudithook(lambda event, details: opened.append(str(details[0])) if event == 'open' else None)\n"
    code += f"from rediskit import load, render\nrender(load({str(ROOT / 'config/chocolandia.yaml')!r}))\n"
    code += "assert any('tmpl_' in name for name in opened)\nassert not [name for name in opened if name.endswith('.j2')]"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_wheel_prints_its_completion_scripts_without_shtab(installed: Path, tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); sys.modules['shtab'] = None\n"
    code += "from rediskit.cli import main\nsys.exit(main(['completion', sys.argv[1]]))"
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run([sys.executable, "-c", code, shell], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "confirm-irreversible" in done.stdout


def test_the_library_works_from_another_folder(installed: Path, tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); CONFIG = {str(ROOT / 'config/chocolandia.yaml')!r}\n{USE}"
    code += f"\nimport rediskit; assert rediskit.__file__.startswith({str(installed)!r}), rediskit.__file__"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "", "the library prints nothing"
    assert (tmp_path / "out/chocolandia/README.md").is_file()
