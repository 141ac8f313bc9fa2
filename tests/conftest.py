"""Fixtures of all tests: the command, the real programs, and the option that updates the golden files."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import settings

from rediskit.cli import main
from rediskit.cli.schema import document_schema
from tests.tools.install import locate

pytest.register_assert_rewrite("tests.cluster.states")

settings.register_profile("repeatable", derandomize=True, database=None)
settings.register_profile("random")
settings.load_profile("repeatable")
"""The same commit has the same result everywhere. `--hypothesis-profile=random` draws other cases: `make fuzz` does."""

Run = Callable[..., tuple[int, str, str]]
"""Runs the command with arguments, and returns exit code, standard output and standard error."""


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Return the command, to run in this process."""

    def command(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(list(arguments))
        captured = capfd.readouterr()
        if "--json" in arguments:
            validate_output(arguments, captured.out)
        return code, captured.out, captured.err

    return command


def validate_output(arguments: tuple[str, ...], output: str) -> None:
    """Validate the JSON document of a command. A program that fails, or a killed command, prints none."""
    if arguments[0] != "schema" and output:
        words = arguments[:2] if arguments[0] in ("migrate", "secret") else arguments[:1]
        validator_of(" ".join(words)).validate(json.loads(output))


@cache
def validator_of(command: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(json.loads(document_schema(command)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`, which tests read with `request.config.getoption("update_golden")`."""
    parser.addoption("--update-golden", action="store_true", help="update the golden files from the current renderers; review the diff")
    parser.addoption("--full", action="store_true", help="run all shapes with all owner kinds and orders")


def _program(name: str) -> Path:
    program = locate(name)
    if program is None:
        pytest.fail(f"{name} is neither in the tool cache nor on PATH; run: make tools", pytrace=False)
    return program


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """Return the kustomize of tests/tools/tools.toml, else that on PATH."""
    return _program("kustomize")


@pytest.fixture(scope="session")
def helm() -> Path:
    """Return the helm of tests/tools/tools.toml, else that on PATH."""
    return _program("helm")


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    """Return the kubeconform of tests/tools/tools.toml, else that on PATH."""
    return _program("kubeconform")


@pytest.fixture(scope="session")
def kubeseal() -> Path:
    """Return the kubeseal of tests/tools/tools.toml, else that on PATH."""
    return _program("kubeseal")


@pytest.fixture(scope="session")
def sops() -> Path:
    """Return the sops of tests/tools/tools.toml, else that on PATH."""
    return _program("sops")


@pytest.fixture(scope="session")
def age_keygen() -> Path:
    """Return the age-keygen of tests/tools/tools.toml, else that on PATH."""
    return _program("age-keygen")


@pytest.fixture(scope="session")
def yaml_language_server() -> Path:
    """Return the editor server of tests/tools/tools.toml, else that on PATH."""
    return _program("yaml-language-server")


@pytest.fixture(scope="session")
def tofu() -> Path:
    """Return the OpenTofu of tests/tools/tools.toml, else that on PATH."""
    return _program("tofu")
