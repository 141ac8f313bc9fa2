"""Walks through real files: every step edits a config in some layout and renders over the tree before it; the end is a fresh render."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit import Environment, load, render, write
from rediskit.migrate.edit import put_in_place
from rediskit.migrate.evidence import Observation, Observed, appended, entry, record
from rediskit.migrate.moves import Asked, move
from rediskit.model.criteria import CRITERIA
from rediskit.model.migration import Migration
from rediskit.state_machine import transitions
from rediskit.state_machine.clock import later
from tests.migrate.walks import ORDERS, START
from tests.samples import BACKEND, client, config, merged

HEAD = "# written by hand, 'quoted' and {braced}\n"


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a config of one or two clients, the first one at prepare."""
    order = draw(st.sampled_from(ORDERS))
    over: dict[str, Any] = {"gitops": {"tool": draw(st.sampled_from(["argocd", "flux"]))}}
    if draw(st.booleans()):
        over["network"] = None
    if draw(st.booleans()):
        over["redis"] = {"release": "cache", "namespace": "caches"}
    data = config("prepare", order, over)
    first = merged(data["clients"][0], {"previous": {"data": draw(st.sampled_from(["none", "keep"]))}})
    window = {"start": START, "duration": "500h"}
    first["migration"] = {"step": "prepare", "order": order, **({"window": window} if draw(st.booleans()) else {})}
    second = draw(st.sampled_from([None, "prepare", "deploy", "validate", "none"]))
    others = [client("other", None if second == "none" else second, order)] if second else []
    data["clients"] = [*others, first] if draw(st.booleans()) else [first, *others]
    return data


def put(folder: Path, data: dict[str, Any], draw: Any) -> Path:
    """Write the config to disk: block or flow, wide or narrow, this or that newline; the client in a file of its own, or not."""
    (folder / "chocolandia").mkdir()
    (folder / "chocolandia/beersystem-backend.yaml").write_bytes(BACKEND.read_bytes())
    style = {
        "default_flow_style": draw(st.sampled_from([False, None, True])),
        "indent": draw(st.integers(2, 6)),
        "width": draw(st.sampled_from([40, 140])),
        "sort_keys": False,
    }
    newline = draw(st.sampled_from(["\n", "\r\n"]))

    def save(name: str, content: dict[str, Any]) -> None:
        text = HEAD + yaml.safe_dump(content, **style) + "# end\n"
        (folder / name).write_bytes(text.replace("\n", newline).encode())

    if draw(st.booleans()):
        own = next(client for client in data["clients"] if client["name"] == "beersystem")
        save("chocolandia/own.yaml", merged(own, {"workloads": {0: {"manifest": "beersystem-backend.yaml"}}}))
        data = {**data, "clients": [{"file": "chocolandia/own.yaml"} if client is own else client for client in data["clients"]]}
    save("chocolandia.yaml", data)
    return folder / "chocolandia.yaml"


def client_and_migration(environment: Environment) -> tuple[Any, Migration]:
    migrating = next(client for client in environment.clients if client.name == "beersystem")
    assert migrating.migration is not None
    return migrating, migrating.migration


def take(environment: Environment, transition: transitions.Transition, at: str) -> Environment:
    """One step, by the same calls as the command's, with the evidence that its gates want."""
    migrating, migration = client_and_migration(environment)
    if transition.target in ("decommission", "complete") and transition.kind == "forward":
        began = migration.running_since.at if migration.running_since else START
        seen = Observed(at=at, start=began, until=later(began, 25 * 3600), met=tuple(CRITERIA))
        wanted = seen if transition.target == "decommission" else Observed(at=at, others=(Observation("folded"),))
        files, environment = record(environment, migrating, wanted)
        put_in_place(files)
        migrating, migration = client_and_migration(environment)
        if migration.step == "validate":
            files, environment = appended(environment, migrating, [entry("scan", migration, at, by="measured", value="0")])
            put_in_place(files)
        migrating, _ = client_and_migration(environment)
    asked = Asked(
        transition.kind,
        at,
        transition.target,
        "because: it # is" if transition.kind != "forward" else "",
        "it is only a test",
        confirm_irreversible=True,
    )
    moved = move(environment, migrating, asked)
    put_in_place(moved.files)
    assert len(moved.files) == 1, "one file changes"
    return load(environment.file)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@given(st.data(), configs())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_walk_over_files_ends_in_the_tree_of_a_fresh_render(data: st.DataObject, content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = load(put(folder, content, data.draw))
        before, at = contents(folder), START
        write(render(environment), folder / "walked")
        for _ in range(data.draw(st.integers(1, 10))):
            ways = transitions.available(client_and_migration(environment)[1])
            if not ways:
                break
            at = later(at, 26 * 3600)
            environment = take(environment, data.draw(st.sampled_from(ways)), at)
            assert render(environment).files == render(load(environment.file)).files
            write(render(environment), folder / "walked")
        write(render(load(environment.file)), folder / "fresh")
        assert contents(folder / "walked") == contents(folder / "fresh")
        other = {path: text for path, text in contents(folder).items() if not path.startswith(("walked/", "fresh/"))}
        assert other.keys() == before.keys(), "nothing is left behind"
        assert sum(other[path] != before[path] for path in before) <= 1


@given(st.data(), configs())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_forward_and_back_leave_the_config_as_it_was_apart_from_its_history(data: st.DataObject, content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment, at = load(put(folder, content, data.draw)), START
        kinds = data.draw(st.lists(st.sampled_from(["forward", "forward", "back", "rollback"]), max_size=6))
        for number, kind in enumerate(kinds):
            chosen = next(
                (transition for transition in transitions.available(client_and_migration(environment)[1]) if transition.kind == kind), None
            )
            environment = take(environment, chosen, at := later(START, 26 * 3600 * (number + 1))) if chosen else environment
        chosen = next(
            (transition for transition in transitions.available(client_and_migration(environment)[1]) if transition.kind == "forward"), None
        )
        if chosen is None or chosen.target == "complete":
            return
        start, old, tree = client_and_migration(environment)[1], environment.model_dump(), render(environment).files
        after = take(environment, chosen, later(at, 26 * 3600))
        back = next(transition for transition in transitions.available(client_and_migration(after)[1]) if transition.kind == "back")
        again = take(after, back, later(at, 27 * 3600))
        end = client_and_migration(again)[1]
        assert end.history[: len(start.history)] == start.history
        assert [entry.step for entry in end.history[len(start.history) :]] == [chosen.target, start.step]
        evidence = {"validation": start.validation, "evidence": start.evidence} if chosen.target == "decommission" else {}
        kept = [
            known.model_copy(update={"migration": end.model_copy(update={"history": start.history, **evidence})})
            if known.name == "beersystem"
            else known
            for known in again.clients
        ]
        assert again.model_copy(update={"clients": tuple(kept)}).model_dump() == old
        files = render(again).files
        assert files.keys() == tree.keys()
        # The README shows which evidence for decommission is recorded, and a step back keeps it.
        shown = {"README.md"} if chosen.target == "decommission" else set()
        assert {path for path in tree if files[path] != tree[path]} <= shown, "what is rendered is the same, byte for byte"
