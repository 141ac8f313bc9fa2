"""Complete rendered manifests, for review as a diff. `make golden` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from rediskit import Environment, Tree, load, render, write
from rediskit.model.migration import Step
from rediskit.output.writer import compare

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
VALID = sorted((HERE / "valid").glob("*.yaml"))
STEPS = get_args(Step)


def at_step(step: Step) -> Environment:
    """Return the project's own config, at a step; the evidence is there where a step wants it."""
    environment = load(HERE.parent / "config/chocolandia.yaml")
    client = environment.clients[0]
    assert client.migration is not None
    migration = client.migration.model_copy(update={"step": step})
    return environment.model_copy(update={"clients": (client.model_copy(update={"migration": migration}),)})


def hold(tree: Tree, case: str, update: bool) -> None:
    """Compare a tree with `tests/golden/<case>`, or writes it there."""
    named = Tree(case, tree.header, tree.contents)
    if update:
        write(named, GOLDEN, force=True)
    differences = compare(named, GOLDEN)
    assert not differences.drifted, f"tests/golden/{case} is not what is rendered: {differences}; review the diff of: make golden"


@pytest.mark.parametrize("step", STEPS)
def test_the_tree_at_each_step(step: Step, request: pytest.FixtureRequest) -> None:
    hold(render(at_step(step)), f"step-{step}", request.config.getoption("update_golden"))


@pytest.mark.parametrize("config", VALID, ids=lambda path: path.stem)
def test_the_tree_of_each_valid_config(config: Path, request: pytest.FixtureRequest) -> None:
    hold(render(load(config)), config.stem, request.config.getoption("update_golden"))


def test_every_golden_tree_has_its_case() -> None:
    cases = {f"step-{step}" for step in STEPS} | {config.stem for config in VALID}
    assert {path.name for path in GOLDEN.iterdir()} == cases
    assert len(VALID) >= 8
