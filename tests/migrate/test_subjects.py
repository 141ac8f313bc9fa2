"""Evidence is about a subject: a config that changes afterwards needs it again."""

from pathlib import Path
from typing import Any, get_args

import pytest

from rediskit.migrate.status import situation_of
from rediskit.model.environment import Environment
from rediskit.model.evidence import EvidenceKind
from rediskit.state_machine.gates import evaluate
from rediskit.state_machine.transitions import available
from tests.samples import EVIDENCE, OBSERVED, ONE_CONTAINER, history, loaded

AT = "2026-03-03T09:00:00-03:00"
RELEASE = {"owner": {"kind": "flux-helmrelease", "release": "chocolandia/release.yaml"}}


def workload(kind: str, name: str) -> dict[str, Any]:
    replicas = {} if kind == "CronJob" else {"replicas": 1}
    return {"kind": kind, "name": name, **replicas, "containers": {"app": {"env": {"REDIS_HOST": "${host}"}}}}


def backends(*more: dict[str, Any]) -> dict[str, Any]:
    first = {"manifest": "chocolandia/beersystem-backend.yaml", "containers": ONE_CONTAINER}
    return {"workloads": [first, *more]}


CASES: dict[EvidenceKind, tuple[str, str, dict[str, Any], list[dict[str, Any]]]] = {
    "secret": (
        "prepare",
        "secret-missing",
        {},
        [{"redis": {"auth": {"secret": "other"}}}, {"redis": {"auth": {"key": "other"}}}, {"redis": {"namespace": "cache"}}],
    ),
    "scan": (
        "validate",
        "scan-missing",
        {},
        [{"client": {"previous": {"host": "cache.beersystem"}}}, {"client": {"previous": {"remove": ["Service/redis"]}}}],
    ),
    "verified": (
        "scale-down",
        "verification-missing",
        {"client": {"owner": {"kind": "external"}}},
        [{"client": {"owner": {"kind": "external"}, **backends(workload("Deployment", "other"))}}],
    ),
    "drained": (
        "deploy",
        "queue-unread",
        {"client": {"use": ["queue"]}, "redis": {"memory": {"policy": "volatile-lru"}}},
        [{"client": {"use": ["queue"], "previous": {"host": "queue.beersystem"}}, "redis": {"memory": {"policy": "volatile-lru"}}}],
    ),
    "jobs": (
        "deploy",
        "jobs-unread",
        {"client": backends(workload("CronJob", "report"))},
        [{"client": backends(workload("CronJob", "report"), workload("CronJob", "night"))}],
    ),
    "empty": (
        "rolled-back",
        "database-unread",
        {},
        [{"client": {"databases": {"default": 1}}}, {"redis": {"release": "redis-other"}}, {"redis": {"namespace": "cache"}}],
    ),
    "folded": (
        "decommission",
        "fold-missing",
        {},
        [{"client": backends(workload("Deployment", "other"))}, {"client": {"previous": {"remove": ["Service/redis"]}}}],
    ),
}
"""Per kind of evidence: the step, the code of its gate, the config, and the configs in which its subject is another one."""
WITHOUT_SUBJECT = {"downtime", "criterion"}
"""The kinds that are about the running application as a whole."""
NONE = {"value": "0"}
VALUES: dict[str, dict[str, str]] = {"scan": {"by": "measured", **NONE}, "drained": NONE, "jobs": NONE, "empty": NONE}


def environment_at(folder: Path, kind: str, step: str, over: dict[str, Any], about: str = "") -> Environment:
    """Return an environment with one evidence of the kind at the step. about: its subject; by default that of the config."""
    entry = {"kind": kind, "step": step, "at": "2026-03-03T08:30:00-03:00", **VALUES.get(kind, {})}
    others = [entry for entry in OBSERVED if entry["kind"] != kind]
    ran = ("scale-down", "deploy", "reconfigure", "scale-up", "rolled-back")
    steps = {"prepare": (), "scale-down": ran[:1], "deploy": ran[:2], "rolled-back": ran}.get(step, (step,))
    migration: dict[str, Any] = {
        "step": step,
        "history": history(*steps),
        "evidence": [*others, {**entry, **({"about": about} if about else {})}],
    }
    if step in ("validate", "decommission"):
        migration["validation"] = EVIDENCE
    changes = {key: value for key, value in over.items() if key != "client"}
    folder.mkdir(exist_ok=True)
    return loaded(folder, step, over={**changes, "clients": {0: {**over.get("client", {}), "migration": migration}}})


def blocked(environment: Environment) -> set[str]:
    """Return the codes that block the next step forward."""
    client = environment.clients[0]
    assert client.migration is not None
    (forward,) = (transition for transition in available(client.migration) if transition.kind == "forward")
    return {blocker.code for gate in evaluate(situation_of(environment, client, forward, AT)) for blocker in gate.blockers}


@pytest.mark.parametrize("kind", CASES)
def test_evidence_does_not_pass_a_gate_after_its_subject_changed(tmp_path: Path, kind: EvidenceKind) -> None:
    step, code, over, changes = CASES[kind]
    environment = environment_at(tmp_path / "before", kind, step, over)
    assert code not in blocked(environment)
    migration = environment.clients[0].migration
    assert migration is not None
    (about,) = (entry.about for entry in migration.evidence if entry.kind == kind)
    assert about
    for index, change in enumerate(changes):
        assert code in blocked(environment_at(tmp_path / f"after-{index}", kind, step, change, about)), change


def test_a_read_helmrelease_does_not_pass_the_gate_of_another(tmp_path: Path) -> None:
    entry = {"kind": "installed", "step": "prepare", "at": "2026-03-03T08:30:00-03:00", "value": "1.2.3"}
    section = {**RELEASE, "migration": {"step": "prepare", "evidence": [entry]}}
    read = loaded(tmp_path, "prepare", over={"clients": {0: section}})
    assert "release-unread" not in blocked(read)
    other = {**section, "migration": {"step": "prepare", "evidence": [{**entry, "about": "HelmRelease/wiki in beersystem"}]}}
    assert "release-unread" in blocked(loaded(tmp_path, "prepare", over={"clients": {0: other}}))


def test_each_kind_of_evidence_has_a_subject_or_none_on_purpose() -> None:
    assert {*CASES, "installed", *WITHOUT_SUBJECT} == set(get_args(EvidenceKind))
