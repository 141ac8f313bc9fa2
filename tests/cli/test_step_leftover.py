"""Keys in the shared Redis before an application starts there: of an earlier attempt, of a removed client, of a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.source.loader import load
from tests.cli.cluster_double import Double
from tests.cli.migrations import SECRET, migration, to, write
from tests.cli.refused_steps import RAN
from tests.cli.test_step import CONFIG, Place, take
from tests.cli.test_step import cluster as cluster
from tests.cli.test_step import place as place
from tests.conftest import Run

AT = ("--at", "2026-03-01T22:06:00-03:00")
RECORD = ("migrate", "record", "chocolandia.yaml", "--empty", *AT)


def test_the_first_start_is_refused_while_the_database_has_keys_of_others(place: Place, cluster: Double, run: Run) -> None:
    """The number was that of a removed client, or a person wrote there. One of the keys is that of a verification."""
    take(run, "scale-down", "deploy")
    cluster.fill(db0=13, db1=5)
    before = place.state()
    code, output, errors = take(run, "reconfigure")
    assert (code, output) == (1, "")
    assert "error[database-not-empty]: beersystem: the shared Redis already has keys in database 0 (12 keys)\n" in errors
    assert place.state() == before
    cluster.fill(db0=1)
    code, output, errors = take(run, "reconfigure")
    assert code == 0, output + errors


def test_keys_that_a_person_accepts_do_not_refuse_the_start(place: Place, cluster: Double, run: Run) -> None:
    take(run, "scale-down", "deploy")
    cluster.fill(db0=13)
    code, output, errors = run("migrate", "record", CONFIG, "--empty", "--keep", "imported by hand", "--at", "2026-03-01T22:00:30-03:00")
    assert code == 0, output + errors
    code, output, errors = take(run, "reconfigure")
    assert (code, place.step()) == (0, "reconfigure"), output + errors


OBSERVED = ("migrate", "record", CONFIG, "--empty", "--observed", "INFO keyspace is empty", "--at")


def test_the_word_of_a_person_before_the_downtime_does_not_replace_the_reading(place: Place, cluster: Double, run: Run) -> None:
    """Between the two, others can write into the database. In the downtime, the word of a person counts."""
    code, output, errors = run(*OBSERVED, "2026-03-01T21:00:00-03:00")
    assert code == 0, output + errors
    take(run, "scale-down", "deploy")
    cluster.fill(db0=13)
    assert "error[database-not-empty]" in take(run, "reconfigure")[2]
    assert run(*OBSERVED, "2026-03-01T22:00:30-03:00")[0] == 0
    code, output, errors = take(run, "reconfigure")
    assert (code, place.step()) == (0, "reconfigure"), output + errors


def test_databases_that_kubectl_cannot_read_are_a_note(cluster: Double, run: Run) -> None:
    take(run, "scale-down", "deploy")
    (cluster.state / "keyspace").unlink()
    code, output, errors = take(run, "reconfigure")
    assert (code, "note: verify that database 0 of the shared Redis is empty: " in errors) == (0, True), output + errors


def test_the_next_attempt_starts_after_its_keys_are_deleted(
    tmp_path: Path, cluster: Double, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    file = write(folder, migration(*RAN))
    monkeypatch.chdir(folder)
    _, output, _ = run("migrate", "status", "chocolandia.yaml", *AT)
    assert "next command: rediskit migrate record chocolandia.yaml --client beersystem --empty   # after you deleted its keys" in output
    cluster.fill(db0=41)
    code, output, errors = run(*RECORD)
    assert (code, output, "beersystem: the shared Redis already has keys in database 0 (40 keys)" in errors) == (1, "", True), errors
    cluster.fill(db3=7)
    assert run(*RECORD)[0] == 0
    (entry,) = [entry for entry in load(file).clients[0].migration.evidence if entry.kind == "empty"]  # type: ignore[union-attr]
    assert (entry.by, entry.value, entry.about) == ("measured", "0", "database 0 of redis-shared in redis")
    for step in ("scale-down", "deploy", "reconfigure"):
        assert run("migrate", "advance", "chocolandia.yaml", "--to", step, *AT)[0] == 0


@pytest.mark.parametrize("observed", [(), ("--observed", "read with redis-cli")])
def test_the_keys_of_an_attempt_are_kept_by_the_word_of_a_person(
    observed: tuple[str, ...], tmp_path: Path, cluster: Double, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "again"
    folder.mkdir()
    file = write(folder, migration(*RAN, evidence=[SECRET]))
    monkeypatch.chdir(folder)
    cluster.fill(db0=41)
    assert run(*RECORD, "--keep", "the sessions of the first attempt", *observed)[0] == 0
    (entry,) = [entry for entry in load(file).clients[0].migration.evidence if entry.kind == "empty"]  # type: ignore[union-attr]
    assert (entry.value, "the sessions of the first attempt" in (entry.note or "")) == ("0:kept" if observed else "40:kept", True)
    assert run("migrate", "advance", "chocolandia.yaml", "--to", "scale-down", *AT)[0] == 0


def test_a_rollback_names_the_database_that_keeps_the_data(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, migration(*RAN[:-1]), {"client": {"use": ["queue"]}, "redis": {"memory": {"policy": "noeviction"}}})
    monkeypatch.chdir(tmp_path)
    _, _, errors = run("migrate", "rollback", "chocolandia.yaml", "--reason", "slow", "--dry-run", *AT)
    stays = "note: this data, tasks of queues included, stays in database 0 of the shared Redis: delete it before the next attempt"
    assert stays in errors


QUEUE = {"client": {"use": ["queue"]}, "redis": {"memory": {"policy": "noeviction"}}}
DRAINED = {"kind": "drained", "step": "deploy", "at": "2026-03-01T22:02:30-03:00", "about": "redis.beersystem.svc.cluster.local:6379"}


def test_a_client_with_a_queue_starts_only_on_databases_that_were_read(
    tmp_path: Path, cluster: Double, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`advance` reads no cluster, so without the gate the workers would run the tasks of a removed client."""
    folder = tmp_path / "queue"
    folder.mkdir()
    file = write(folder, to("deploy", evidence=[SECRET, {**DRAINED, "value": "0"}]), QUEUE)
    monkeypatch.chdir(folder)
    advance = ("migrate", "advance", "chocolandia.yaml", "--to", "reconfigure", *AT)
    code, _, errors = run(*advance)
    assert code == 1
    assert "error[database-unread]: clients[0].migration: beersystem: no evidence that its databases in the shared Redis" in errors
    cluster.fill(db0=41)
    assert "the shared Redis already has keys in database 0 (40 keys)" in run(*RECORD)[2]
    cluster.fill(db3=7)
    assert run(*RECORD)[0] == 0
    assert run(*advance)[0] == 0
    assert load(file).clients[0].migration.step == "reconfigure"  # type: ignore[union-attr]


def test_the_keys_of_a_client_that_shares_the_database_are_no_keys_of_others(
    tmp_path: Path, cluster: Double, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The producer starts first, and its workers follow in the same downtime."""
    folder = tmp_path / "shared"
    folder.mkdir()
    other, own = ({"use": ["queue"], "databases": {"default": {"number": 0, "shared": True}}} for _ in range(2))
    other = {"name": "shop", "namespace": "shop", **other}
    file = write(folder, to("deploy"), {**QUEUE, "client": own, "others": [other]})
    monkeypatch.chdir(folder)
    cluster.fill(db0=41)
    code, output, errors = run("migrate", "record", "chocolandia.yaml", "--client", "beersystem", "--empty", *AT)
    assert code == 0, output + errors
    (entry,) = [entry for entry in load(file).clients[0].migration.evidence if entry.kind == "empty"]  # type: ignore[union-attr]
    assert (entry.value, entry.note) == ("0", "database 0 has the keys of shop")


def test_a_step_that_reads_no_cluster_reports_databases_without_a_record(
    tmp_path: Path, cluster: Double, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    write(folder, to("deploy"))
    monkeypatch.chdir(folder)
    advance = ("migrate", "advance", "chocolandia.yaml", "--to", "reconfigure", *AT)
    record = "rediskit migrate record chocolandia.yaml --client beersystem --empty"
    expected = f"note: verify that database 0 of the shared Redis is empty: run {record}\n"
    assert expected in run(*advance, "--dry-run")[2]
    cluster.fill(db3=7)
    assert run(*RECORD)[0] == 0
    assert "of the shared Redis" not in run(*advance)[2]
