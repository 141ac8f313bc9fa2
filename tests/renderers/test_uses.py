"""What clients store: the table of databases, and the effects of `use` in plan, README, runbook and the page for clients."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit import Environment, render
from rediskit.renderers.pages.uses import databases, free_databases, notes
from tests.samples import client, config, environment_of


def shop(**more: Any) -> Environment:
    """Return an environment with beersystem, which names no database, and a client with three."""
    used = {"default": 1, "broker": {"number": 2, "shared": True}, "results": 4}
    other = client("shop", None, databases=used, **more)
    return environment_of("prepare", over={"clients": [*config("prepare")["clients"], other]})


def use(*uses: str, step: str = "prepare", policy: str = "volatile-lru", disabled: tuple[str, ...] = ("FLUSHDB",)) -> Environment:
    over = {"redis": {"memory": {"policy": policy}, "disabledCommands": list(disabled)}, "clients": {0: {"use": list(uses)}}}
    return environment_of(step, over=over)


def test_the_table_of_databases_lists_each_number_with_client_name_and_sharing() -> None:
    environment = shop()
    assert [tuple(row) for row in databases(environment)] == [
        (0, "beersystem", "", False),
        (1, "shop", "default", False),
        (2, "shop", "broker", True),
        (4, "shop", "results", False),
    ]
    assert free_databases(environment) == "3, 5-15"
    page = render(environment).files["docs/connection.md"].decode()
    for row in ("| 0 | beersystem | not named | no |", "| 1 | shop | `default` | no |", "| 2 | shop | `broker` | yes |"):
        assert row in page
    assert "16 numbered databases, 0 to 15" in page
    assert "Free numbers: 3, 5-15." in page


def test_without_a_free_database_the_page_shows_none() -> None:
    assert free_databases(environment_of("prepare", over={"redis": {"databases": 1}})) == "none"


@pytest.mark.parametrize(("policy", "evicted"), [("allkeys-lru", True), ("volatile-ttl", True), ("noeviction", False)])
def test_sessions_end_at_the_switch_and_by_eviction(policy: str, evicted: bool) -> None:
    environment = use("sessions", policy=policy)
    listed = list(notes(environment, environment.clients[0]))
    assert listed[0] == "sessions: all users are logged out at the switch, because no data is copied"
    assert [f"with `{policy}`, Redis evicts sessions" in note for note in listed[1:]] == ([True] if evicted else [])
    files = render(environment).files
    for page in ("README.md", "docs/connection.md", "docs/migration-beersystem.md"):
        assert all(note in files[page].decode() for note in listed), page


def test_after_the_migration_only_the_lasting_effects_are_left() -> None:
    environment = use("sessions", "queue", step="complete", policy="noeviction")
    assert list(notes(environment, environment.clients[0])) == []


@pytest.mark.parametrize(
    ("uses", "disabled", "effects"),
    [
        (("cache",), ("FLUSHDB",), ["Django", "Laravel", "Rails", "WordPress"]),
        (("cache",), ("FLUSHALL",), []),
        (("queue",), ("FLUSHDB",), []),
        (("sessions",), ("CONFIG",), ["Spring Session"]),
    ],
)
def test_a_disabled_command_is_noted_for_uses_that_need_it(uses: tuple[str, ...], disabled: tuple[str, ...], effects: list[str]) -> None:
    environment = use(*uses, policy="noeviction", disabled=disabled)
    listed = [note for note in notes(environment, environment.clients[0]) if "is disabled" in note]
    assert len(listed) == bool(effects)
    assert all(effect in listed[0] for effect in effects)
    assert all(note in render(environment).files["README.md"].decode() for note in listed)


def test_the_runbook_of_a_queue_drains_it_before_reconfigure() -> None:
    runbook = render(use("queue")).files["docs/migration-beersystem.md"].decode()
    record = "rediskit migrate record config/chocolandia.yaml --client beersystem --drained"
    before, _, after = runbook.partition("### 3. reconfigure")
    assert "## Drain the queues" in before
    assert record in after.partition("### 4.")[0]
    assert [name for name in ("Celery", "RQ", "Sidekiq", "BullMQ") if f"| {name} |" not in before] == []
    assert "Drain" not in render(use("cache")).files["docs/migration-beersystem.md"].decode()
