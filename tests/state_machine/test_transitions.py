"""Each transition, over each sequence of some length: one repository changes, back undoes forward, removals are declared."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit import Manifest, render
from rediskit.model.migration import Migration, Order, Step
from rediskit.model.workload import Workload
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import down_since, effects
from rediskit.state_machine.gates import GATES
from rediskit.state_machine.transitions import STAGES, Transition
from tests.migrate.walks import ORDERS, along, reachable, start, take, trees, with_migration
from tests.samples import client, config, environment_of, helm_release

WAYS = {
    "scale-down-first": ["prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete"],
    "deploy-first": ["prepare", "deploy", "scale-down", "reconfigure", "scale-up", "validate", "decommission", "complete"],
}


def transition(migration: Migration, kind: str) -> Transition | None:
    return next((possible for possible in transitions.available(migration) if possible.kind == kind), None)


@pytest.mark.parametrize("order", ORDERS)
def test_forward_leads_through_every_step_and_ends(order: Order) -> None:
    migration, seen = start(order), ["prepare"]
    while (forward := transition(migration, "forward")) is not None:
        migration = take(migration, forward)
        seen.append(migration.step)
    assert seen == WAYS[order]
    assert transitions.available(migration) == (), "complete is the end: nothing leads out of it"


@pytest.mark.parametrize("order", ORDERS)
def test_a_rollback_leads_out_of_scale_down_to_validate_only(order: Order) -> None:
    way = WAYS[order]
    down = way.index("scale-down")
    for number, step in enumerate(way):
        back = transition(along(order, "f" * number), "rollback")
        assert (back is not None) == (down <= number <= way.index("validate")), step
        assert back is None or back.target == "rolled-back"


@pytest.mark.parametrize("order", ORDERS)
def test_after_a_rollback_the_way_goes_on_or_back_to_prepare(order: Order) -> None:
    migration = along(order, "ffffr")
    assert [(possible.kind, possible.target) for possible in transitions.available(migration)] == [
        ("forward", "scale-down"),
        ("back", "prepare"),
    ]


@pytest.mark.parametrize("order", ORDERS)
def test_back_undoes_forward_on_every_walk(order: Order) -> None:
    environment = environment_of("prepare", order)
    for migration in reachable(order, 6):
        forward = transition(migration, "forward")
        if forward is None or forward.target == "complete":
            continue
        after = take(migration, forward)
        back = transition(after, "back")
        assert back is not None
        assert back.target == migration.step, [entry.step for entry in after.history]
        again = take(after, back)
        assert effects(again) == effects(migration), [entry.step for entry in again.history]
    after = take(along(order, "ff"), Transition("forward", "deploy", "reconfigure"))
    assert trees(environment, take(after, Transition("back", "reconfigure", along(order, "ff").step))) == trees(
        environment, along(order, "ff")
    )


@pytest.mark.parametrize("order", ORDERS)
def test_every_transition_changes_one_repository(order: Order) -> None:
    """Over the effects of every walk of seven steps, and over the rendered files for each different pair of effects among them."""
    environment = environment_of("prepare", order)
    seen: set[tuple[Any, Any]] = set()
    for migration in reachable(order, 7):
        for transition in transitions.available(migration):
            after = take(migration, transition)
            pair = (effects(migration), effects(after))
            if pair in seen:
                continue
            seen.add(pair)
            old, new = trees(environment, migration), trees(environment, after)
            changed = [whose for whose in ("ours", "owner") if old[whose] != new[whose]]
            assert changed == [whose for whose in ("ours", "owner") if transitions.repository(migration, after) == whose], (
                transition,
                changed,
            )
    assert len(seen) > 12


@pytest.mark.parametrize("order", ORDERS)
def test_with_a_client_that_keeps_the_release_no_step_touches_ours(order: Order) -> None:
    environment = environment_of("prepare", order, {"clients": [*config("prepare", order)["clients"], client("there", None)]})
    for number in range(len(WAYS[order]) - 1):
        old, new = (trees(environment, along(order, "f" * count)) for count in (number, number + 1))
        assert old["ours"] == new["ours"]


@pytest.mark.parametrize("order", ORDERS)
def test_what_vanishes_between_two_steps_is_declared(order: Order) -> None:
    """A step forward removes nothing of ours, and files of the application only at complete; a step back removes the release."""
    environment = environment_of("prepare", order)
    units = {
        "application-redis-shared-release.yaml",
        "application-redis-shared-redis-external.yaml",
        "application-redis-shared-monitoring.yaml",
    }
    for migration in reachable(order, 7):
        for transition in transitions.available(migration):
            after = take(migration, transition)
            old, new = (set(render(with_migration(environment, state)).objects) for state in (migration, after))
            gone = {path for path in old - new if not path.startswith(("owners/", "checks/"))}
            if effects(migration).release and not effects(after).release:
                assert units <= {path.rpartition("/")[2] for path in gone}
                assert all(path.startswith(("argocd/application-", "platform/monitoring/", "platform/redis-external/")) for path in gone)
            else:
                assert gone == set(), transition


@pytest.mark.parametrize("order", ORDERS)
def test_a_rollback_restores_the_application_repository_and_keeps_ours(order: Order) -> None:
    environment = environment_of("prepare", order)
    prepared = trees(environment, start(order))
    for number in range(WAYS[order].index("scale-down"), 6):
        before = along(order, "f" * number)
        rolled = take(before, Transition("rollback", before.step, "rolled-back"))
        rendered = trees(environment, rolled)
        assert rendered["owner"] == prepared["owner"]
        assert rendered["ours"] == trees(environment, before)["ours"]


@given(st.data(), st.sampled_from(ORDERS), st.sampled_from(["argocd", "flux"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_walk_ends_in_the_tree_of_its_last_step(data: st.DataObject, order: Order, tool: str, network: bool) -> None:
    """What is applied follows from where a walk ends, and from whether a rollback has kept the release: not from the way there."""
    over: dict[str, Any] = {"gitops": {"tool": tool}, **({} if network else {"network": None})}
    environment = environment_of("prepare", order, over)
    migration = start(order)
    for _ in range(data.draw(st.integers(0, 14))):
        possible = transitions.available(migration)
        if not possible:
            break
        migration = take(migration, data.draw(st.sampled_from(possible)))
    rendered = trees(environment, migration)
    fresh = Migration.model_construct(**{**dict(migration), "history": ()})
    if effects(fresh) == effects(migration):
        assert rendered == trees(environment, fresh)
    else:
        assert effects(migration) == effects(fresh)._replace(release=not effects(fresh).release)
        assert rendered["owner"] == trees(environment, fresh)["owner"]


@pytest.mark.parametrize("order", ORDERS)
def test_since_when_the_application_is_down(order: Order) -> None:
    for migration in reachable(order, 6):
        since = down_since(migration)
        assert (since is not None) == effects(migration).stopped
        if since is not None:
            later_steps = migration.history[migration.history.index(since) :]
            assert all(entry.step in ("scale-down", "deploy", "reconfigure") for entry in later_steps)


def test_every_step_has_its_texts_and_every_gate_belongs_to_a_step() -> None:
    assert set(STAGES) == set(get_args(Step))
    owner = {"kind": "flux-helmrelease", "release": Manifest("release.yaml", helm_release())}
    queue = environment_of("prepare", over={"clients": {0: {"use": ["queue"], "owner": owner}}}).clients[0]
    cron_job = Workload.model_validate({"kind": "CronJob", "name": "night", "containers": {"app": {"external": "app.ini"}}})
    queue = queue.model_copy(update={"workloads": (*queue.workloads, cron_job)})
    used = {
        code
        for order in ORDERS
        for migration in reachable(order, 7)
        for transition in transitions.available(migration)
        for code in transitions.gates(transition, queue, migration)
    }
    assert used == set(GATES)
    assert {code for code, gate in GATES.items() if gate.overridable} == {"window", "secret", "budget", "old-redis-data"}


def test_both_orders_meet_at_reconfigure() -> None:
    environment = environment_of("prepare")
    assert trees(environment, along("scale-down-first", "fff")) == trees(environment, along("deploy-first", "fff"))
