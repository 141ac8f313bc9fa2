"""`migrate status` of many clients: its work grows with their number, and the repository that changes is that of the definition."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from rediskit.migrate import status as status_module
from rediskit.migrate.status import clients_of, replaced, repository_of, situation_of, status_of_all
from rediskit.state_machine import effects as machine
from rediskit.state_machine import transitions
from rediskit.state_machine.effects import decommissions, release_is_deployed
from tests.samples import STEPS, client, environment_of, merged

AT = "2026-03-02T10:00:00Z"


def test_the_work_grows_with_the_number_of_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """All at prepare: no client needs the release, so that each search of the others reads all of them."""
    calls: Counter[str] = Counter()
    real = machine.effects

    def counted(migration):  # type: ignore[no-untyped-def]
        calls["effects"] += 1
        return real(migration)

    for module in (machine, status_module, transitions):
        if hasattr(module, "effects"):
            monkeypatch.setattr(module, "effects", counted)
    reports = []
    for count in (20, 40):
        environment = environment_of("prepare", over={"clients": [client(f"c{number}", "prepare") for number in range(count)]})
        calls.clear()
        clients = clients_of(environment, None)
        assert len(status_of_all(environment, clients, [AT] * count)) == count
        reports.append(calls["effects"])
    assert reports[0] > 20
    assert reports[1] <= 2 * reports[0]


@pytest.mark.parametrize(("own", "other"), list(product(STEPS, ["prepare", "validate", "rolled-back", None])))
def test_whose_repository_changes_is_the_difference_of_two_environments(own: str, other: str | None) -> None:
    shop = client("shop", own)
    environment = environment_of("prepare", over={"clients": [shop, merged(client("web", other), {"name": "web"})]})
    migrating = environment.clients[0]
    assert migrating.migration is not None
    for transition in transitions.available(migrating.migration):
        situation = situation_of(environment, migrating, transition, AT)
        after = situation.after
        later = replaced(environment, migrating, after)
        changes = release_is_deployed(environment) != release_is_deployed(later)
        expected = transitions.repository(migrating.migration, after, release_changes=changes, removes=decommissions(migrating))
        assert repository_of(situation) == expected
