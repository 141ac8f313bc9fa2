"""Work per environment, as counts of calls, and the modules that a command imports: both do not depend on the load of the machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from rediskit import load, render
from rediskit.checks import run_checks
from rediskit.migrate.status import status_of_all
from rediskit.model.environment import Environment
from rediskit.model.step import Step

ROOT = Path(__file__).parent.parent
CONFIGS = ("config/chocolandia.yaml", "config/chocolandia-flux.yaml")
AT_MOST = {
    # The names of the release of the config, and those of the rendered values.
    "chart/names.py:of": 2,
    # Once with and once without the objects of a deployed release, for the AppProject.
    "renderers/platform.py:_units": 2,
    "renderers/platform.py:_verification": 1,
    "renderers/helm.py:values": 1,
    "renderers/helm.py:merged_values": 1,
    "renderers/monitoring/dashboard.py:dashboard": 1,
    "renderers/monitoring/alerts/__init__.py:alerts": 2,
    "renderers/owner/patches.py:changes": 2,
    "usage/clients.py:users": 1,
    "yamlio/reader.py:read": 10,
}
"""The calls of a function, by its file and name, that one environment with one client may need."""


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Count the calls of each function of rediskit."""
    counted: Counter[str] = Counter()
    top = f"{ROOT / 'rediskit'}/"

    def count(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(top):
            counted[f"{code.co_filename.removeprefix(top)}:{code.co_name}"] += 1

    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(None)


def calls_of(config: str) -> Counter[str]:
    """Return the calls while one environment is loaded, rendered and checked."""
    with counting() as counted:
        environment = load(ROOT / config)
        tree = render(environment)
        run_checks(environment, tree)
        assert tree.files
    return counted


@pytest.mark.parametrize("config", CONFIGS)
def test_work_is_done_once_per_environment(config: str) -> None:
    calls_of(config)  # What is kept for the whole run, such as validators, counts for the first environment only.
    counted = calls_of(config)
    assert {name: counted[name] for name, most in AT_MOST.items() if counted[name] > most} == {}
    assert counted["chart/names.py:of"] == 2, "the functions have other names: correct AT_MOST"


@pytest.mark.parametrize("config", CONFIGS)
def test_one_environment_needs_a_bounded_number_of_calls(config: str) -> None:
    """It needed 40,000 calls of rediskit's functions before the results were kept."""
    calls_of(config)
    assert calls_of(config).total() < 20_000


def test_checks_change_nothing_that_a_renderer_returned() -> None:
    """Renderers and checks share results, so a check that changes one changes the files."""
    for config in CONFIGS:
        environment = load(ROOT / config)
        fresh = render(load(ROOT / config)).files
        tree = render(environment)
        run_checks(environment, tree)
        assert tree.files == fresh
        assert render(environment).files == fresh


STEPS: tuple[Step, ...] = ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate")


def migrating(count: int) -> Environment:
    """Return an environment with many clients at all steps."""
    at = "2026-03-01T22:00:00-03:00"
    clients = [
        {
            "name": f"app{number}",
            "namespace": f"app{number}",
            "workloads": [{"kind": "Deployment", "name": "web", "replicas": 2, "containers": {"app": {"env": {"HOST": "${host}"}}}}],
            "previous": {"host": f"redis.app{number}", "remove": ["Deployment/redis", "Service/redis"]},
            "migration": {"step": STEPS[number % 6], "history": [{"step": step, "at": at} for step in STEPS[: number % 6 + 1]]},
        }
        for number in range(count)
    ]
    gitops = {"tool": "argocd", "repository": "https://github.com/example/platform.git"}
    return Environment.model_validate({"name": "home", "gitops": gitops, "clients": clients})


def test_the_status_of_twice_as_many_clients_takes_twice_the_calls() -> None:
    counts = []
    for count in (60, 120):
        environment = migrating(count)
        with counting() as counted:
            assert len(status_of_all(environment, environment.clients, ["2026-03-02T22:00:00-03:00"] * count)) == count
        counts.append(counted.total())
    assert 1.8 < counts[1] / counts[0] < 2.2


LIBRARIES = {
    *("annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"),
    *("jinja2", "markupsafe"),
    "jsonschema_rs",
    "yaml",
}
"""The packages of a render: Pydantic, Jinja2 and PyYAML with what they need, and the validator of the schemas."""
OWN_AT_MOST = 157
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


def test_the_help_page_imports_argparse_alone(tmp_path: Path) -> None:
    modules = imported(tmp_path, "--help")
    assert own(modules) == OF_HELP
    assert libraries(modules) == set()
    # `typing` takes a tenth of the page, and `shutil` imports every compression library.
    assert modules & {"typing", "shutil", "dataclasses", "inspect", "logging", "importlib.metadata"} == set()
