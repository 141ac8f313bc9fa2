"""The next command of a migration: one function, for every page and command that prints it."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit import TextFile, render
from rediskit.model.criteria import CRITERIA
from rediskit.renderers.pages.following import following
from tests.samples import ROOT, environment_of

HEAD = "config/chocolandia.yaml --client beersystem"
MET = [{"kind": "criterion", "step": "validate", "at": "2026-03-03T08:00:00-03:00", "value": name} for name in CRITERIA]
SECRET = [{"kind": "secret", "step": "prepare", "at": "2026-03-01T21:00:00-03:00"}]
WINDOW = {"window": {"start": "2026-03-01T22:00:00-03:00", "duration": "1h"}}


def attested(*names: str) -> str:
    options = " ".join(f"--criterion {name}" for name in names)
    return f"rediskit migrate record {HEAD} {options}   # after 24 hours, with each criterion that you verified"


def of(step: str, **more: Any) -> str:
    over = {"clients": {0: {"migration": more}}}
    environment = environment_of(step, over=over)
    return following(environment, environment.clients[0]).text


def taking(step: str) -> str:
    confirm = " --confirm-irreversible" if step == "decommission" else ""
    return f"rediskit migrate step {HEAD} --to {step}{confirm} --commit --push --wait"


@pytest.mark.parametrize(
    ("step", "more", "expected"),
    [
        (
            "prepare",
            WINDOW,
            f"rediskit migrate record {HEAD} --secret-seen   # after you compared the Secrets in the namespaces of Redis and of the client",
        ),
        ("prepare", {"evidence": SECRET}, f"{taking('scale-down')}   # after you set migration.window"),
        ("prepare", {"evidence": SECRET, **WINDOW}, taking("scale-down")),
        ("scale-down", {"evidence": SECRET}, taking("deploy")),
        ("deploy", {}, taking("reconfigure")),
        ("reconfigure", {}, taking("scale-up")),
        ("scale-up", {}, taking("validate")),
        ("validate", {}, attested(*CRITERIA)),
        ("validate", {"evidence": MET[1:]}, attested("no-restarts")),
        ("validate", {"evidence": MET}, f"{taking('decommission')}   # after you set previous.data"),
        ("decommission", {}, f"{taking('complete')}   # after you commit the change to the base of the application repository"),
        ("complete", {}, "none: the migration is complete"),
    ],
)
def test_the_next_command_follows_from_step_and_evidence(step: str, more: dict[str, Any], expected: str) -> None:
    assert of(step, **more) == expected


def test_a_missing_encrypted_secret_comes_first() -> None:
    certificate = TextFile("chocolandia/sealing.crt", "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n")
    environment = environment_of("prepare", over={"secrets": {"mode": "sealed-secrets", "certificate": certificate}})
    assert following(environment, environment.clients[0]).command == "rediskit secret new config/chocolandia.yaml"


def test_a_queue_is_drained_before_reconfigure() -> None:
    environment = environment_of("deploy", over={"clients": {0: {"use": ["queue"]}}, "redis": {"memory": {"policy": "noeviction"}}})
    assert following(environment, environment.clients[0]).command == f"rediskit migrate record {HEAD} --drained --empty"


def test_the_readme_and_the_runbook_contain_the_next_command() -> None:
    environment = environment_of("scale-up")
    files = render(environment).files
    command = following(environment, environment.clients[0]).command
    assert f"* Next command: `{command}`." in files["README.md"].decode()
    assert command in files["docs/migration-beersystem.md"].decode()


def test_only_one_module_contains_the_command_of_a_step() -> None:
    modules = [path.name for path in (ROOT / "rediskit").rglob("*.py") if "rediskit migrate step {" in path.read_text(encoding="utf-8")]
    assert modules == ["following.py"]


def test_the_jobs_of_a_cronjob_are_recorded_before_reconfigure() -> None:
    cron_job = {"kind": "CronJob", "name": "night", "containers": {"app": {"env": {"REDIS_HOST": "${host}"}}}}
    evidence = [{"kind": "jobs", "step": "deploy", "at": "2026-03-01T23:00:00-03:00", "value": "0"}]
    for recorded, expected in (([], f"rediskit migrate record {HEAD} --jobs"), (evidence, taking("reconfigure"))):
        over = {"clients": {0: {"workloads": [cron_job], "migration": {"evidence": recorded}}}}
        environment = environment_of("deploy", over=over)
        assert following(environment, environment.clients[0]).command == expected
