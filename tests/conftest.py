"""What every test may ask for: the real programs, and the switch that writes the golden files anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.install import locate

pytest.register_assert_rewrite("tests.cluster.states")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden`: tests ask for it with `request.config.getoption("update_golden")`."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files from what is rendered now; review the diff")


def _program(name: str) -> Path:
    found = locate(name)
    if found is None:
        pytest.fail(f"{name} is neither in the tool cache nor on PATH; run: make tools", pytrace=False)
    return found


@pytest.fixture(scope="session")
def kustomize() -> Path:
    """The kustomize of tests/tools/tools.toml, else the one on PATH."""
    return _program("kustomize")


@pytest.fixture(scope="session")
def helm() -> Path:
    """The helm of tests/tools/tools.toml, else the one on PATH."""
    return _program("helm")


@pytest.fixture(scope="session")
def kubeconform() -> Path:
    """The kubeconform of tests/tools/tools.toml, else the one on PATH."""
    return _program("kubeconform")


@pytest.fixture(scope="session")
def kubeseal() -> Path:
    """The kubeseal of tests/tools/tools.toml, else the one on PATH."""
    return _program("kubeseal")


@pytest.fixture(scope="session")
def sops() -> Path:
    """The sops of tests/tools/tools.toml, else the one on PATH."""
    return _program("sops")


@pytest.fixture(scope="session")
def age_keygen() -> Path:
    """The age-keygen of tests/tools/tools.toml, else the one on PATH."""
    return _program("age-keygen")


@pytest.fixture(scope="session")
def yaml_language_server() -> Path:
    """The editor server of tests/tools/tools.toml, else the one on PATH."""
    return _program("yaml-language-server")
