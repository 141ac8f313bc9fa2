"""`rediskit migrate` and its steps as a person meets them: words, codes, exit codes, and the lines that change."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from rediskit.cli.parser import parser
from rediskit.model.criteria import MEASURED
from rediskit.renderers import render
from rediskit.source.loader import load
from rediskit.state_machine.gates import GATES
from rediskit.yamlio.writer import dump
from tests.conftest import Run
from tests.samples import EVIDENCE, OBSERVED, backend, client, complete, loaded, merged

WINDOW = {"start": "2026-03-01T22:00:00-03:00", "duration": "1h"}
SEEN = "2026-03-01T18:00:00-03:00"
SECRET = {
    "kind": "secret",
    "step": "prepare",
    "at": SEEN,
    "about": "Secret redis-credentials key redis-password in redis and beersystem",
}
READY: dict[str, Any] = {"window": WINDOW, "evidence": [SECRET]}
IN_WINDOW = "2026-03-01T22:01:00-03:00"
CONFIG = "chocolandia.yaml"
STEPS = ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete")


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return the command in this process, in the folder of the config: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    return partial(run, "migrate")


def entries(*before: str) -> list[dict[str, str]]:
    """Return one minute per step, from the start of the window."""
    reason = {"rolled-back": {"reason": "errors in the logs"}}
    return [{"step": step, "at": f"2026-03-01T22:{minute:02}:00-03:00", **reason.get(step, {})} for minute, step in enumerate(before)]


def migration(*before: str, **more: Any) -> dict[str, Any]:
    """Return the section after these steps."""
    return {"step": before[-1], **READY, "history": entries(*before), **more} if before else {"step": "prepare", **READY, **more}


def to(step: str, **more: Any) -> dict[str, Any]:
    return migration(*STEPS[1 : STEPS.index(step) + 1], **more)


def write(
    folder: Path, section: Mapping[str, Any], over: Mapping[str, Any] | None = None, manifest: Mapping[str, Any] | None = None
) -> Path:
    """Return a config whose beersystem has this migration."""
    environment = loaded(folder, "prepare")
    if manifest is not None:
        (folder / "chocolandia/beersystem-backend.yaml").write_text(dump(manifest), encoding="utf-8")
    data = yaml.safe_load(Path(environment.file).read_text(encoding="utf-8"))
    data["clients"][0]["migration"] = dict(section)
    data["clients"][0]["previous"]["data"] = "none"
    data["clients"][0] = merged(data["clients"][0], (over or {}).get("client", {}))
    data["clients"] += (over or {}).get("others", [])
    data = merged(data, {key: value for key, value in (over or {}).items() if key not in ("client", "others")})
    file = folder / CONFIG
    file.write_text(yaml.safe_dump(data, sort_keys=False, width=1000), encoding="utf-8")
    file.write_text(yaml.safe_dump(complete(data, load(file)), sort_keys=False, width=1000), encoding="utf-8")
    load(file)
    return file


class Refused(NamedTuple):
    """What is asked of which migration, and the code and words of each refusal."""

    section: dict[str, Any]
    command: str
    messages: dict[str, str]
    over: dict[str, Any] | None = None
    manifest: dict[str, Any] | None = None
    code: int = 1


def without_replicas() -> dict[str, Any]:
    deployment = backend()
    del deployment["spec"]["replicas"]
    return deployment


def evidence(entries: Sequence[Any] = OBSERVED, **over: Any) -> dict[str, Any]:
    """Return the validation and its evidence."""
    times = {**EVIDENCE, "from": "2026-03-01T22:10:00-03:00", "until": "2026-03-02T23:00:00-03:00", **over}
    return {"validation": times, "evidence": list(entries)}


MEASURED_LATENCY = {
    "kind": "criterion", "step": "validate", "at": "2026-03-03T08:30:00-03:00", "by": "measured", "value": "latency:failed",
    "measured": "12.4 ms", "limit": "10 ms", "coverage": "100%", "source": "histogram_quantile(…)",
}  # fmt: skip


def folded(at: str) -> list[dict[str, Any]]:
    """All evidence up to `complete`."""
    return [*OBSERVED, {"kind": "folded", "step": "decommission", "at": at}]


def with_arguments(*arguments: str) -> dict[str, Any]:
    deployment = backend()
    deployment["spec"]["template"]["spec"]["containers"][0]["args"] = list(arguments)
    return deployment


REMOVED = client("worker", "decommission", namespace="beersystem", previous={"host": "redis.beersystem", "remove": ["Deployment/redis"]})
UNSAID: dict[str, Any] = {"client": {"previous": {"data": None}}}
DATA = merged(UNSAID, {"client": {"previous": {"remove": ["StatefulSet/redis", "Service/redis"]}}})
QUEUE: dict[str, Any] = {"client": {"use": ["queue"]}, "redis": {"memory": {"policy": "volatile-lru"}}}
CRON: dict[str, Any] = {
    "client": {
        "workloads": [
            {
                "kind": "Deployment",
                "name": "beersystem-backend",
                "replicas": 2,
                "containers": {"backend": {"env": {"REDIS_HOST": "${host}"}}},
            },
            {"kind": "CronJob", "name": "report", "containers": {"app": {"env": {"REDIS_HOST": "${host}"}}}},
        ]
    }
}
CASES: dict[str, Refused] = {
    "nothing shows that no Job is running": Refused(
        to("deploy"),
        "advance --at 2026-03-01T22:03:00-03:00 --override urgent",
        {"jobs-unread": "beersystem: no evidence that no Job of CronJob/report is running since the application stopped"},
        CRON,
    ),
    "no Job was running before the application stopped": Refused(
        to("deploy", evidence=[SECRET, {"kind": "jobs", "step": "scale-down", "at": SEEN, "value": "0"}]),
        "advance --at 2026-03-01T22:03:00-03:00",
        {"jobs-unread": "beersystem: no evidence that no Job of CronJob/report is running since the application stopped"},
        CRON,
    ),
    "a Job was running": Refused(
        to("deploy", evidence=[SECRET, {"kind": "jobs", "step": "deploy", "at": "2026-03-01T22:02:00-03:00", "value": "2"}]),
        "advance --at 2026-03-01T22:03:00-03:00",
        {"jobs-running": "beersystem: 2 Jobs of CronJob/report were running at 2026-03-01T22:02:00-03:00, and they use the old Redis"},
        CRON,
    ),
    "the Jobs while the application runs": Refused(
        migration(),
        "record --jobs",
        {"not-stopped": "beersystem is at prepare: it is not stopped and its CronJobs start Jobs"},
        CRON,
    ),
    "no window": Refused(
        {"step": "prepare", "evidence": [SECRET]},
        f"advance --at {IN_WINDOW}",
        {"window-missing": "beersystem: migration.window is not set"},
    ),
    "the window is not open yet": Refused(
        migration(),
        "advance --at 2026-03-01T19:55:00-03:00",
        {"window-not-started": "beersystem: the window starts at 2026-03-01T22:00:00-03:00, in 2h 5m"},
    ),
    "the window in another offset": Refused(
        migration(),
        "advance --at 2026-03-02T00:59:30Z",
        {"window-not-started": "beersystem: the window starts at 2026-03-01T22:00:00-03:00, in 30s"},
    ),
    "the window is over": Refused(
        migration(),
        "advance --at 2026-03-02T00:10:00-03:00",
        {"window-over": "beersystem: the window ended at 2026-03-01T23:00:00-03:00, 1h 10m ago"},
    ),
    "the downtime would end after the window": Refused(
        migration(),
        "advance --at 2026-03-01T22:54:00-03:00",
        {
            "window-too-short": "beersystem: a downtime of 10m from 2026-03-01T22:54:00-03:00 exceeds the window by 4m: "
            "it ends at 2026-03-01T23:00:00-03:00"
        },
    ),
    "nobody has seen the Secret": Refused(
        {"step": "prepare", "window": WINDOW},
        f"advance --at {IN_WINDOW}",
        {"secret-missing": "beersystem: no evidence that Secret redis-credentials has key redis-password in redis and beersystem"},
    ),
    "nobody has seen the Secret, and deploy comes first": Refused(
        {"step": "prepare", "order": "deploy-first"},
        f"advance --at {IN_WINDOW}",
        {"secret-missing": "beersystem: no evidence that Secret redis-credentials has key redis-password in redis and beersystem"},
    ),
    "neither window nor Secret": Refused(
        {"step": "prepare"},
        f"advance --at {IN_WINDOW}",
        {
            "window-missing": "beersystem: migration.window is not set",
            "secret-missing": "beersystem: no evidence that Secret redis-credentials has key redis-password in redis and beersystem",
        },
    ),
    "a base without replicas": Refused(
        migration(),
        f"advance --at {IN_WINDOW}",
        {
            "replicas-missing": "beersystem: chocolandia/beersystem-backend.yaml has no spec.replicas: after a rollback "
            "Deployment/beersystem-backend runs 1 replica, not 3"
        },
        {"client": {"workloads": {0: {"replicas": 3}}}},
        without_replicas(),
    ),
    "an override is not for replicas": Refused(
        {"step": "prepare"},
        f"advance --at {IN_WINDOW} --override now",
        {
            "replicas-missing": "beersystem: chocolandia/beersystem-backend.yaml has no spec.replicas: after a rollback "
            "Deployment/beersystem-backend runs 1 replica, not 3"
        },
        {"client": {"workloads": {0: {"replicas": 3}}}},
        without_replicas(),
    ),
    "a jump forward": Refused(migration(), "advance --to deploy", {"step-jump": "beersystem cannot go from prepare to deploy in one step"}),
    "the same step again": Refused(
        to("deploy"), "advance --to deploy", {"step-jump": "beersystem cannot go from deploy to deploy in one step"}
    ),
    "a jump forward by override": Refused(
        migration(), "advance --to scale-up --override now", {"step-jump": "beersystem cannot go from prepare to scale-up in one step"}
    ),
    "a jump back": Refused(
        to("scale-up"), "back --to scale-down --reason slow", {"step-jump": "beersystem cannot go from scale-up to scale-down in one step"}
    ),
    "a jump from rolled-back": Refused(
        migration("scale-down", "rolled-back"),
        "advance --to reconfigure",
        {"step-jump": "beersystem cannot go from rolled-back to reconfigure in one step"},
    ),
    "back from the first step": Refused(migration(), "back --reason x", {"step-first": "beersystem is at prepare, the first step"}),
    **{
        f"{command.partition(' ')[0]} from complete": Refused(
            to("complete", **evidence()),
            command,
            {"step-terminal": "beersystem is at complete: the old Redis is removed, and the application repository contains the change"},
        )
        for command in ("advance", "back --reason x", "rollback --reason x")
    },
    "a rollback from prepare": Refused(
        migration(), "rollback --reason x", {"rollback-nothing": "beersystem is at prepare: the application uses its old Redis"}
    ),
    "a rollback from rolled-back": Refused(
        migration("scale-down", "rolled-back"),
        "rollback --reason x",
        {"rollback-nothing": "beersystem is at rolled-back: the application uses its old Redis"},
    ),
    "a rollback from deploy before the application is down": Refused(
        {"step": "deploy", "order": "deploy-first", "history": entries("deploy")},
        "rollback --reason x",
        {"rollback-nothing": "beersystem is at deploy: the application uses its old Redis"},
    ),
    "a rollback from decommission": Refused(
        to("decommission", **evidence()),
        "rollback --reason x",
        {"rollback-too-late": "beersystem is at decommission: the old Redis is removed, so a rollback is not possible"},
    ),
    "a rollback without a reason": Refused(
        to("scale-up"), f"rollback --at {SEEN[:-14]}22:40:00-03:00", {"reason-missing": "beersystem: a rollback needs a reason"}
    ),
    "a step back without a reason": Refused(
        to("scale-up"), "back --at 2026-03-01T22:40:00-03:00 --reason=", {"reason-missing": "beersystem: a step back needs a reason"}
    ),
    "a rollback that no history tells of": Refused(
        {"step": "rolled-back", **READY},
        f"advance --at {IN_WINDOW}",
        {"history-missing": "beersystem: the step is rolled-back, but the history is empty"},
    ),
    "a time before the last step": Refused(
        to("deploy"),
        "advance --at 2026-03-01T21:00:00-03:00",
        {"time-before-history": "beersystem: 2026-03-01T21:00:00-03:00 is before 2026-03-01T22:01:00-03:00, the time of deploy"},
    ),
    "the budget is spent": Refused(
        to("reconfigure"),
        "advance --at 2026-03-01T22:10:30-03:00",
        {"budget-spent": "beersystem: the application stopped at 2026-03-01T22:00:00-03:00, 10m 30s ago: the budget is 10m"},
    ),
    "nobody knows since when it is down": Refused(
        {"step": "reconfigure", **READY},
        "advance --at 2026-03-01T22:10:30-03:00",
        {"budget-unknown": "beersystem: the history does not show when the application stopped"},
    ),
    "no evidence at all": Refused(
        to("validate"),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible",
        {
            "evidence-missing": "beersystem: decommission needs 24 hours of validation (validation is missing)",
            "scan-missing": "beersystem: no scan of the application repository for redis.beersystem.svc.cluster.local "
            "is recorded at validate",
        },
    ),
    "too little evidence": Refused(
        to("validate", **evidence(until="2026-03-02T10:10:00-03:00")),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible --override now",
        {"evidence-missing": "beersystem: validation lasted 12.0 hours, 24 are required"},
    ),
    "a criterion that nobody saw": Refused(
        to("validate", **evidence(entries=[criterion for criterion in OBSERVED if criterion.get("value") != "latency"])),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible",
        {"evidence-missing": "beersystem: criterion latency is not recorded: p95 below 10 ms"},
    ),
    "evidence of an earlier attempt": Refused(
        to("validate", **evidence(OBSERVED, **{"from": "2026-02-01T22:00:00-03:00"})),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible",
        {
            "evidence-missing": "beersystem: validation started at 2026-02-01T22:00:00-03:00, before the application started "
            "on the shared Redis at 2026-03-01T22:03:00-03:00"
        },
    ),
    "evidence of tomorrow": Refused(
        to("validate", **evidence()),
        "advance --at 2026-03-02T09:00:00-03:00 --confirm-irreversible",
        {"evidence-future": "beersystem: the validation ends at 2026-03-02T23:00:00-03:00, after 2026-03-02T09:00:00-03:00"},
    ),
    "nobody looked into the application repository": Refused(
        to("validate", **evidence([criterion for criterion in OBSERVED if criterion["kind"] != "scan"])),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible --override now",
        {
            "scan-missing": "beersystem: no scan of the application repository for redis.beersystem.svc.cluster.local "
            "is recorded at validate"
        },
    ),
    "the application repository still uses the old Redis": Refused(
        to("validate", **evidence([{**criterion, "value": "2"} if criterion["kind"] == "scan" else criterion for criterion in OBSERVED])),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible --override now",
        {
            "scan-in-use": "beersystem: the scan at 2026-03-03T08:00:00-03:00 found 2 certain uses of "
            "redis.beersystem.svc.cluster.local in the application repository"
        },
    ),
    "another client still uses the old Redis": Refused(
        to("validate", **evidence()),
        "advance --client beersystem --at 2026-03-03T09:00:00-03:00 --confirm-irreversible --override now",
        {
            "old-redis-in-use": "beersystem: worker still uses redis.beersystem.svc.cluster.local, which beersystem removes: "
            "it is at prepare"
        },
        {"others": [client("worker", "prepare", namespace="beersystem", previous={"host": "redis"})]},
    ),
    "another client is rolled back to the old Redis": Refused(
        to("validate", **evidence()),
        "advance --client beersystem --at 2026-03-03T09:00:00-03:00 --confirm-irreversible",
        {
            "old-redis-in-use": "beersystem: worker still uses redis.beersystem.svc.cluster.local, which beersystem removes: "
            "it is rolled back"
        },
        {"others": [client("worker", "rolled-back", namespace="beersystem", previous={"host": "redis.beersystem"})]},
    ),
    "the manifest names the old Redis elsewhere": Refused(
        to("validate", **evidence()),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible",
        {
            "old-redis-in-use": "beersystem: Deployment/beersystem-backend uses the old Redis redis.beersystem.svc.cluster.local "
            "at /spec/template/spec/containers/0/args/1 of chocolandia/beersystem-backend.yaml: redis"
        },
        manifest=with_arguments("--cache", "redis://redis:6379/1"),
    ),
    "a rollback to a Redis that another client has removed": Refused(
        to("validate"),
        "rollback --client beersystem --at 2026-03-02T09:00:00-03:00 --reason slow",
        {"old-redis-gone": "beersystem: worker has removed the old Redis redis.beersystem.svc.cluster.local"},
        {"others": [REMOVED]},
    ),
    "a step back to a Redis that another client has removed": Refused(
        to("reconfigure"),
        "back --client beersystem --at 2026-03-02T09:00:00-03:00 --reason slow",
        {"old-redis-gone": "beersystem: worker has removed the old Redis redis.beersystem.svc.cluster.local"},
        {"others": [REMOVED]},
    ),
    "old data on a volume, and no word of it": Refused(
        to("validate", **evidence()),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible",
        {"old-data-missing": "beersystem: previous.data is not set, and StatefulSet/redis contains data of the old Redis"},
        DATA,
    ),
    "nobody knows whether there is a volume": Refused(
        to("validate", **evidence()),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible --override now",
        {"old-data-missing": "beersystem: previous.data is not set, and Deployment/redis can have data on a volume"},
        UNSAID,
    ),
    "the irreversible step without confirmation": Refused(
        to("validate", **evidence()),
        "advance --at 2026-03-03T09:00:00-03:00",
        {
            "irreversible": "beersystem: this step is irreversible: decommission removes Deployment/redis, Service/redis from the "
            "application repository and migrate back creates them again without data; a rollback is no longer possible"
        },
    ),
    "nobody has seen the owner's base": Refused(
        to("decommission", **evidence()),
        "advance --at 2026-03-04T09:00:00-03:00",
        {"fold-missing": "beersystem: no record shows that the base of the application repository contains the change"},
    ),
    "the owner's base was seen before decommission": Refused(
        to("decommission", **evidence(entries=folded("2026-03-01T22:00:00-03:00"))),
        "advance --at 2026-03-04T09:00:00-03:00",
        {"fold-missing": "beersystem: no record shows that the base of the application repository contains the change"},
    ),
    "nothing to record": Refused(migration(), "record", {"nothing-to-record": "beersystem: no observation to record"}),
    "a person's word against a failed measurement": Refused(
        to("validate", **evidence([*OBSERVED, MEASURED_LATENCY])),
        "record --criterion latency --at 2026-03-03T09:00:00-03:00",
        {"criterion-measured": "beersystem: a measurement of latency failed"},
    ),
    "evidence before anything runs": Refused(
        to("deploy"),
        f"record --criterion latency --at {IN_WINDOW}",
        {"not-validating": "beersystem is at deploy: the application does not run on the shared Redis"},
    ),
    "nothing shows that the queues are empty": Refused(
        to("deploy"),
        "advance --at 2026-03-01T22:03:00-03:00 --override urgent",
        {"queue-unread": "beersystem: no evidence that the queues in the old Redis are empty since the application stopped"},
        QUEUE,
    ),
    "the queues were empty before the application stopped": Refused(
        to("deploy", evidence=[SECRET, {"kind": "drained", "step": "scale-down", "at": SEEN, "value": "0"}]),
        "advance --at 2026-03-01T22:03:00-03:00",
        {"queue-unread": "beersystem: no evidence that the queues in the old Redis are empty since the application stopped"},
        QUEUE,
    ),
    "tasks are left": Refused(
        to("deploy", evidence=[SECRET, {"kind": "drained", "step": "deploy", "at": "2026-03-01T22:02:00-03:00", "value": "40"}]),
        "advance --at 2026-03-01T22:03:00-03:00",
        {"queue-not-empty": "beersystem: 40 tasks were left in the old Redis at 2026-03-01T22:02:00-03:00, and no data is copied"},
        QUEUE,
    ),
    "nobody has read the HelmRelease": Refused(
        migration(),
        f"advance --at {IN_WINDOW}",
        {"release-unread": "beersystem: HelmRelease/shop was not read in the cluster at prepare: a setting of it can undo the step"},
        {"client": {"owner": {"kind": "flux-helmrelease", "release": "chocolandia/release.yaml"}}},
    ),
    "the queues while the application runs": Refused(
        migration(),
        "record --drained",
        {"not-stopped": "beersystem is at prepare: it is not stopped and can add tasks"},
        QUEUE,
    ),
    "no build validates the step, and nobody verified it": Refused(
        to("reconfigure"),
        "advance --at 2026-03-01T22:04:00-03:00 --override urgent",
        {"verification-missing": "beersystem: no verification of Deployment/beersystem-backend at reconfigure is recorded"},
        {"client": {"owner": {"kind": "manifests"}}},
    ),
    "the verification of another step": Refused(
        to("reconfigure", evidence=[SECRET, {"kind": "verified", "step": "scale-down", "at": SEEN}]),
        "advance --at 2026-03-01T22:04:00-03:00",
        {"verification-missing": "beersystem: no verification of Deployment/beersystem-backend at reconfigure is recorded"},
        {"client": {"owner": {"kind": "external"}}},
    ),
    "the queues of a Redis outside of the cluster": Refused(
        to("deploy"),
        "record --drained",
        {"queue-unread": "beersystem: redis.example.com is not a Service of the cluster, so kubectl can't read the old Redis"},
        merged(QUEUE, {"client": {"previous": {"host": "redis.example.com", "remove": []}}}),
    ),
    "a downtime that nobody knows": Refused(
        migration(),
        f"record --down-until {IN_WINDOW}",
        {"not-down": "beersystem: the history does not show start and end of the downtime"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_refusal_has_a_code_and_a_reason_and_writes_nothing(name: str, tmp_path: Path, run: Run) -> None:
    case = CASES[name]
    file = write(tmp_path, case.section, case.over, case.manifest)
    before = file.read_bytes()
    action, *options = case.command.split(" ")
    code, output, errors = run(action, CONFIG, *options)
    assert (code, output) == (case.code, ""), errors
    lines = errors.splitlines()
    messages = [line for line in lines if not line.startswith("  ")]
    assert [re.sub(rf"^(?:{CONFIG}:\d+:\d+: )?error\[(.*?)\]: (?:clients\S*: )?", r"\1: ", line) for line in messages] == [
        f"{code}: {message}" for code, message in case.messages.items()
    ]
    assert len(lines) == 2 * len(messages), "each says how to go on"
    assert file.read_bytes() == before
    code, output, errors = run(action, CONFIG, *options, "--json")
    problems = json.loads(output)["problems"]
    assert (code, errors) == (case.code, "")
    assert {problem["code"]: problem["message"] for problem in problems} == case.messages
    assert {path.name for path in tmp_path.iterdir()} == {"chocolandia", CONFIG}


def test_advance_warns_that_another_client_loses_its_rollback(tmp_path: Path, run: Run) -> None:
    other = client("worker", "validate", namespace="beersystem", previous={"host": "redis"})
    write(tmp_path, to("validate", **evidence()), {"others": [other]})
    code, _, errors = run(
        "advance", CONFIG, "--client", "beersystem", "--at", "2026-03-03T09:00:00-03:00", "--confirm-irreversible", "--dry-run"
    )
    assert (code, "note: worker cannot roll back after this step: it has the same old Redis" in errors) == (0, True), errors


def test_the_refusals_are_many() -> None:
    assert len(CASES) >= 25
    assert len({code for case in CASES.values() for code in case.messages}) >= 24


def test_the_codes_of_the_gates_are_listed_and_each_has_its_case() -> None:
    of_steps = {"step-jump", "step-first", "step-terminal", "rollback-nothing", "rollback-too-late"}
    of_record = {"criterion-measured", "nothing-to-record", "not-validating", "not-down", "not-stopped"}
    tried = {code for case in CASES.values() for code in case.messages}
    assert tried == {code for gate in GATES.values() for code in gate.codes} | of_steps | of_record


def test_a_refusal_has_its_place_in_the_config(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    _, _, errors = run("advance", CONFIG, "--at", "2026-03-01T19:55:00-03:00")
    number = next(number for number, line in enumerate(file.read_text().splitlines(), 1) if "start:" in line)
    assert errors.startswith(f"{CONFIG}:{number}:14: error[window-not-started]: clients[0].migration.window.start: ")


MOVES: dict[str, tuple[dict[str, Any], str, dict[str, Any], str]] = {
    "scale-down": (migration(), f"advance --at {IN_WINDOW}", {"step": "scale-down", "at": IN_WINDOW}, "the application repository"),
    "deploy": (to("scale-down"), f"advance --at {IN_WINDOW}", {"step": "deploy", "at": IN_WINDOW}, "this repository"),
    "validate": (
        to("scale-up"),
        "advance --at 2026-03-01T23:30:00-03:00 --to validate",
        {"step": "validate", "at": "2026-03-01T23:30:00-03:00"},
        "only the config",
    ),
    "decommission": (
        to("validate", **evidence()),
        "advance --at 2026-03-03T09:00:00-03:00 --confirm-irreversible",
        {"step": "decommission", "at": "2026-03-03T09:00:00-03:00"},
        "the application repository",
    ),
    "complete": (
        to("decommission", **evidence(entries=folded("2026-03-03T10:00:00-03:00"))),
        "advance --at 2026-03-04T09:00:00-03:00",
        {"step": "complete", "at": "2026-03-04T09:00:00-03:00"},
        "the application repository",
    ),
    "back": (
        to("validate"),
        "back --at 2026-03-02T09:00:00-03:00 --reason slow",
        {"step": "scale-up", "at": "2026-03-02T09:00:00-03:00", "reason": "slow"},
        "only the config",
    ),
    "rollback": (
        to("validate"),
        "rollback --at 2026-03-02T09:00:00-03:00 --reason slow",
        {"step": "rolled-back", "at": "2026-03-02T09:00:00-03:00", "reason": "slow"},
        "the application repository",
    ),
    "the window overridden": (
        {"step": "prepare", "evidence": [SECRET]},
        f"advance --at {IN_WINDOW} --override night",
        {"step": "scale-down", "at": IN_WINDOW, "reason": "override (window-missing): night"},
        "the application repository",
    ),
    "window and Secret overridden, with a remark": (
        {"step": "prepare"},
        f"advance --at {IN_WINDOW} --override night --reason first",
        {"step": "scale-down", "at": IN_WINDOW, "reason": "first; override (window-missing, secret-missing): night"},
        "the application repository",
    ),
    "the budget overridden": (
        to("reconfigure"),
        "advance --at 2026-03-01T22:30:00-03:00 --override near",
        {"step": "scale-up", "at": "2026-03-01T22:30:00-03:00", "reason": "override (budget-spent): near"},
        "the application repository",
    ),
    "an override that nothing needs is not recorded": (
        migration(),
        f"advance --at {IN_WINDOW} --override night",
        {"step": "scale-down", "at": IN_WINDOW},
        "the application repository",
    ),
    "one replica needs no word": (
        migration(),
        f"advance --at {IN_WINDOW}",
        {"step": "scale-down", "at": IN_WINDOW},
        "the application repository",
    ),
}


@pytest.mark.parametrize("name", MOVES)
def test_a_step_changes_step_and_history_alone(name: str, tmp_path: Path, run: Run) -> None:
    section, command, entry, repository = MOVES[name]
    single = "one replica" in name
    file = write(
        tmp_path, section, {"client": {"workloads": {0: {"replicas": 1}}}} if single else None, without_replicas() if single else None
    )
    before = yaml.safe_load(file.read_text())
    text = file.read_text()
    action, *options = command.split(" ")
    dry = run(action, CONFIG, *options, "--dry-run")
    assert file.read_text() == text
    code, output, errors = run(action, CONFIG, *options)
    assert code == dry[0] == 0, errors
    assert f"This changes {repository}\n" in output
    after = load(file).clients[0].migration
    assert after is not None
    assert after.history[-1].model_dump(exclude_none=True) == entry
    meant = before
    meant["clients"][0]["migration"] |= {"step": entry["step"], "history": [*section.get("history", []), entry]}
    assert yaml.load(file.read_text(), yaml.BaseLoader) == yaml.load(yaml.safe_dump(meant), yaml.BaseLoader)
    old, new = text.splitlines(), file.read_text().splitlines()
    assert [line for line in old if line not in new] == [f"    step: {section['step']}"]
    diff = [line for line in output.splitlines() if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))]
    assert [line[1:] for line in diff if line.startswith("-")] == [f"    step: {section['step']}"]
    assert dry[1].splitlines()[: len(diff)] == output.splitlines()[: len(diff)]
    assert {path.name for path in tmp_path.iterdir()} == {"chocolandia", CONFIG}


def test_advance_and_back_leave_the_config_as_it_was_apart_from_its_history(tmp_path: Path, run: Run) -> None:
    section = migration("scale-down", "deploy")
    text = write(tmp_path, section).read_text()
    assert run("advance", CONFIG, "--at", "2026-03-01T22:03:00-03:00")[0] == 0
    assert run("back", CONFIG, "--at", "2026-03-01T22:04:00-03:00", "--reason", "wrong host")[0] == 0
    after = (tmp_path / CONFIG).read_text()
    added = [line for line in after.splitlines() if line not in text.splitlines()]
    assert added == [
        "    - step: reconfigure",
        "      at: 2026-03-01T22:03:00-03:00",
        "      at: 2026-03-01T22:04:00-03:00",
        "      reason: wrong host",
    ]
    kept = after.splitlines()
    for line in (
        "    - step: reconfigure",
        "      at: 2026-03-01T22:03:00-03:00",
        "      at: 2026-03-01T22:04:00-03:00",
        "      reason: wrong host",
    ):
        kept.remove(line)
    last = len(kept) - 1 - kept[::-1].index("    - step: deploy")
    del kept[last]
    assert kept == text.splitlines()


def test_record_writes_the_observations(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("validate"))
    names = ("no-restarts", "no-redis-errors", "stable-connections", "functions-verified", "no-user-reports")
    seen = [word for name in names for word in ("--criterion", name)]
    assert run("record", CONFIG, *seen, "--at", "2026-03-02T23:00:00-03:00", "--notes", "p95: 12 ms")[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.validation is not None
    assert (saved.validation.start, saved.validation.until) == ("2026-03-01T22:03:00-03:00", "2026-03-02T23:00:00-03:00")
    assert "latency" not in saved.criteria
    assert saved.validation.notes == "p95: 12 ms"
    code, _, errors = run("advance", CONFIG, "--at", "2026-03-03T09:00:00-03:00", "--confirm-irreversible")
    assert (code, "criterion latency is not recorded: p95 below 10 ms" in errors) == (1, True)
    done = run("record", CONFIG, "--criterion", "latency", "--failed", "no-user-reports", "--at", "2026-03-03T23:00:00-03:00")
    assert done[0] == 0, (done, file.read_text())
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.validation is not None
    assert saved.criteria["latency"].holds
    assert not saved.criteria["no-user-reports"].holds
    assert saved.validation.start == "2026-03-01T22:03:00-03:00"


def test_a_failed_measurement_blocks_and_a_dispute_is_shown_everywhere(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("validate", **evidence([*OBSERVED, MEASURED_LATENCY])))
    at = ("--at", "2026-03-03T09:00:00-03:00")
    code, _, errors = run("advance", CONFIG, *at, "--confirm-irreversible")
    assert (code, "criterion latency failed: measured 12.4 ms, limit 10 ms" in errors) == (1, True)
    shown = f"criterion latency: failed, measured at {MEASURED_LATENCY['at']} (12.4 ms, limit 10 ms, coverage 100%)"
    assert shown in run("status", CONFIG, *at)[1]
    assert run("record", CONFIG, "--criterion", "latency", "--dispute", "a backup ran", *at)[0] == 0
    assert load(file).clients[0].migration.criteria["latency"].holds  # type: ignore[union-attr]
    for command in ("status", "plan"):
        assert "a backup ran" in run(command, CONFIG)[1], command
    assert b"the measurement failed, but the criterion was recorded as met" in render(load(file)).files["README.md"]
    code, _, errors = run("advance", CONFIG, *at, "--confirm-irreversible", "--dry-run")
    assert code == 0, errors


def test_an_unknown_measurement_needs_the_word_of_a_person(tmp_path: Path, run: Run) -> None:
    unknown = {**MEASURED_LATENCY, "value": "latency:unknown", "note": "no calls of GET and SET are counted"}
    others = [criterion for criterion in OBSERVED if criterion.get("value") != "latency"]
    file = write(tmp_path, to("validate", **evidence([*others, unknown])))
    at = ("--at", "2026-03-03T09:00:00-03:00")
    code, _, errors = run("advance", CONFIG, *at, "--confirm-irreversible")
    assert (code, "criterion latency could not be measured: no calls of GET and SET are counted" in errors) == (1, True)
    assert b"a person must verify it" in render(load(file)).files["README.md"]
    assert run("record", CONFIG, "--criterion", "latency", *at)[0] == 0
    assert run("advance", CONFIG, *at, "--confirm-irreversible", "--dry-run")[0] == 0


def test_a_measurement_without_kubectl_is_unknown(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECTL", "/nonexistent")
    file = write(tmp_path, to("validate"))
    assert run("record", CONFIG, "--measure", "--at", "2026-03-03T09:00:00-03:00")[0] == 0
    migration = load(file).clients[0].migration
    assert migration is not None
    assert {name: entry.unknown for name, entry in migration.criteria.items()} == dict.fromkeys(MEASURED, True)


def test_a_new_attempt_discards_the_evidence_of_an_earlier_one(tmp_path: Path, run: Run) -> None:
    old = {**EVIDENCE, "from": "2026-02-01T22:00:00-03:00", "until": "2026-02-03T22:00:00-03:00"}
    file = write(tmp_path, to("validate", validation=old, evidence=[{**criterion, "at": old["until"]} for criterion in OBSERVED]))
    assert run("record", CONFIG, "--criterion", "latency", "--at", "2026-03-02T23:00:00-03:00")[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.validation is not None
    assert saved.validation.start == "2026-03-01T22:03:00-03:00"
    assert list(saved.criteria) == ["latency"]


def test_record_the_downtime_the_secret_and_the_base(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, to("validate"))
    assert run("record", CONFIG, "--down-until", "2026-03-01T22:06:30-03:00")[0] == 0
    assert run("record", CONFIG, "--secret-seen", "--folded", "--at", "2026-03-03T23:00:00-03:00")[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.downtime is not None
    assert saved.downtime.seconds == 390
    recorded = [(entry.kind, entry.step, entry.at, entry.by) for entry in saved.evidence if entry.at == "2026-03-03T23:00:00-03:00"]
    assert recorded == [("secret", "validate", "2026-03-03T23:00:00-03:00", "person"), ("folded", *recorded[1][1:])]


@pytest.mark.parametrize(("more", "value", "note"), [((), "0", "LLEN is 0"), (("--discard", "tests"), "0:discarded", "LLEN is 0; tests")])
def test_a_person_may_record_empty_queues_and_the_gate_passes(
    more: tuple[str, ...], value: str, note: str, tmp_path: Path, run: Run
) -> None:
    file = write(tmp_path, to("deploy"), QUEUE)
    at = ("--at", "2026-03-01T22:03:00-03:00")
    assert run("record", CONFIG, "--drained", "--observed", "LLEN is 0", *more, *at)[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    recorded = saved.evidence[-1]
    assert (recorded.kind, recorded.step, recorded.by, recorded.value, recorded.note) == ("drained", "deploy", "person", value, note)
    assert run("advance", CONFIG, *at)[0] == 0


def test_without_kubectl_the_queues_can_be_recorded_by_a_person(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = write(tmp_path, to("deploy"), QUEUE).read_text()
    monkeypatch.setenv("KUBECTL", str(tmp_path / "absent"))
    code, output, errors = run("record", CONFIG, "--drained")
    assert (code, output, (tmp_path / CONFIG).read_text()) == (3, "", text)
    assert "; or verify the queues, then record it with --drained --observed TEXT" in errors


JOB = {"metadata": {"name": "report-1", "ownerReferences": [{"kind": "CronJob", "name": "report"}]}, "status": {"active": 1}}
FINISHED = {**JOB, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}


def kubectl_prints(folder: Path, monkeypatch: pytest.MonkeyPatch, *jobs: Mapping[str, Any]) -> Path:
    """Put a kubectl on the way that prints these Jobs, and return the file with its arguments."""
    program, log = folder / "kubectl", folder / "kubectl.log"
    (folder / "jobs.json").write_text(json.dumps({"kind": "List", "items": list(jobs)}))
    program.write_text(f'#!/bin/sh\necho "$*" > {log}\ncat {folder}/jobs.json\n')
    program.chmod(0o755)
    monkeypatch.setenv("KUBECTL", str(program))
    return log


def test_jobs_are_read_with_kubectl_and_the_gate_passes_without_a_running_one(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path, to("deploy"), CRON)
    at = ("--at", "2026-03-01T22:03:00-03:00")
    log = kubectl_prints(tmp_path, monkeypatch, JOB, FINISHED)
    code, output, errors = run("record", CONFIG, "--jobs", *at)
    assert (code, output) == (1, "")
    assert errors.splitlines() == [
        "error[jobs-running]: beersystem: report-1 in namespace beersystem is running",
        "  help: wait until they have finished, or run kubectl delete job report-1 --namespace beersystem",
    ]
    kubectl_prints(tmp_path, monkeypatch, FINISHED, merged(JOB, {"metadata": {"ownerReferences": [{"kind": "CronJob", "name": "other"}]}}))
    assert run("record", CONFIG, "--jobs", *at)[0] == 0
    assert log.read_text().split()[:4] == ["get", "jobs", "--namespace", "beersystem"]
    saved = load(file).clients[0].migration
    assert saved is not None
    recorded = saved.evidence[-1]
    assert (recorded.kind, recorded.by, recorded.value, recorded.source) == ("jobs", "measured", "0", "Jobs of namespace beersystem")
    assert run("advance", CONFIG, *at)[0] == 0


def test_a_person_may_record_that_no_job_is_running(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, to("deploy"), CRON)
    monkeypatch.setenv("KUBECTL", str(tmp_path / "absent"))
    at = ("--at", "2026-03-01T22:03:00-03:00")
    assert run("record", CONFIG, "--jobs", *at)[0] == 3
    assert run("record", CONFIG, "--jobs", "--observed", "looked at the list", *at)[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert (saved.evidence[-1].by, saved.evidence[-1].note) == ("person", "looked at the list")
    text = run("plan", CONFIG)[1]
    assert "  gate: no Job of a suspended CronJob is running [jobs]\n" in text
    assert "  $ rediskit migrate record chocolandia.yaml --client beersystem --jobs\n" in text


def test_status_and_plan_explain_how_to_drain(tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration(), QUEUE)
    note = "let the workers empty the queues before this step; delayed and retry jobs do not drain"
    assert note in run("status", CONFIG, "--at", IN_WINDOW)[1]
    text, page = run("plan", CONFIG)[1], run("plan", CONFIG, "--markdown")[1]
    assert "  gate: the queues in the old Redis are empty, or their tasks are discarded [drained]\n" in text
    assert "  $ rediskit migrate record chocolandia.yaml --client beersystem --drained\n" in text
    assert "  note: queue: let the workers empty the queues before `scale-down`. Delayed and retry jobs do not drain" in text
    assert [name for name in ("| Celery |", "| RQ |", "| Sidekiq |", "| BullMQ |") if name not in page] == []
    write(tmp_path, migration())
    assert "drain" not in run("plan", CONFIG)[1] + run("plan", CONFIG, "--markdown")[1] + run("status", CONFIG, "--at", IN_WINDOW)[1]


def test_what_the_config_does_not_take_is_exit_code_2_and_nothing_is_written(tmp_path: Path, run: Run) -> None:
    text = write(tmp_path, to("validate")).read_text()
    code, output, errors = run("record", CONFIG, "--from", "2026-03-05T00:00:00Z", "--until", "2026-03-04T00:00:00Z")
    assert (code, output) == (2, "")
    assert "2026-03-04T00:00:00Z is before the start 2026-03-05T00:00:00Z" in errors
    assert (tmp_path / CONFIG).read_text() == text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["advance", "--at", "tomorrow"], "--at: tomorrow is not a time with a UTC offset"),
        (["status", "--at", "2026-03-01T22:00:00"], "--at: 2026-03-01T22:00:00 is not a time with a UTC offset"),
        (["advance", "--to", "deployed"], "--to: deployed is no step"),
        (["status", "--client", "beer"], "client beer has no migration"),
        (["record", "--discard", "tests"], "--observed and --discard need --drained"),
        (["record", "--observed", "none"], "--observed and --discard need --drained"),
        (["record", "--jobs"], "--jobs: beersystem has no CronJob"),
        (["record", "--down-from", "now"], "--down-from: now is not a time with a UTC offset"),
    ],
)
def test_a_wrong_option_is_exit_code_2(options: list[str], message: str, tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration())
    code, output, errors = run(options[0], CONFIG, *options[1:])
    assert (code, output) == (2, "")
    assert errors.splitlines()[0] == f"error: {message}"


@pytest.mark.parametrize("more", ["", "clients:\n- {name: shop, namespace: shop}\n"])
def test_status_without_a_migration_is_exit_code_0(more: str, tmp_path: Path, run: Run) -> None:
    """Ended with exit code 2 before: a scheduled job over every config failed."""
    text = f"name: quiet\ngitops: {{tool: argocd, repository: https://git.example.org/a.git}}\n{more}"
    (tmp_path / "quiet.yaml").write_text(text, encoding="utf-8")
    assert run("status", str(tmp_path / "quiet.yaml")) == (0, "quiet: no migration in progress\n", "")
    code, output, _ = run("status", str(tmp_path / "quiet.yaml"), "--json")
    assert (code, json.loads(output)) == (0, {"version": 1, "environment": "quiet", "clients": [], "verification": None, "exitCode": 0})
    assert run("status", str(tmp_path / "quiet.yaml"), "--client", "shop")[0] == 2


def test_with_several_clients_one_is_named_and_the_other_stays(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    data = yaml.safe_load(file.read_text())
    data["clients"].append(client("other", "prepare"))
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    code, _, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert (code, errors) == (2, "error: 2 clients have a migration\n  help: choose one with --client: beersystem, other\n")
    assert run("advance", CONFIG, "--client", "beersystem", "--at", IN_WINDOW)[0] == 0
    clients = load(file).clients
    assert [client.migration.step for client in clients if client.migration] == ["scale-down", "prepare"]
    code, output, _ = run("status", CONFIG, "--at", IN_WINDOW)
    assert code == 0
    assert [line.partition(",")[0] for line in output.splitlines() if not line.startswith(" ") and line] == [
        "beersystem: scale-down",
        "other: prepare",
    ]


def test_the_file_of_a_client_is_what_is_edited(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    data = yaml.safe_load(file.read_text())
    own = data["clients"][0]
    own["workloads"][0]["manifest"] = "beersystem-backend.yaml"
    data["clients"] = [{"file": "chocolandia/beersystem.yaml"}]
    file.write_text(yaml.safe_dump(data, sort_keys=False))
    text = f"# the team's own file\n{yaml.safe_dump(own, sort_keys=False)}# end\n"
    (tmp_path / "chocolandia/beersystem.yaml").write_text(text)
    config = file.read_text()
    code, output, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert code == 0, errors
    assert "--- a/chocolandia/beersystem.yaml\n+++ b/chocolandia/beersystem.yaml" in output
    assert file.read_text() == config
    assert (tmp_path / "chocolandia/beersystem.yaml").read_text() == text.replace("\n  step: prepare", "\n  step: scale-down").replace(
        "# end\n", f"  history:\n  - {{step: scale-down, at: {IN_WINDOW}}}\n# end\n"
    )
    assert load(file).clients[0].migration is not None


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path, run: Run) -> None:
    file, real = write(tmp_path, migration()), tmp_path / "real/chocolandia.yaml"
    (tmp_path / "chocolandia").rename(tmp_path / "real")
    real.write_bytes(file.read_bytes().replace(b"chocolandia/beersystem-backend.yaml", b"beersystem-backend.yaml"))
    real.chmod(0o640)
    file.unlink()
    file.symlink_to("real/chocolandia.yaml")
    code, _, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert code == 0, errors
    assert file.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "step: scale-down" in real.read_text()


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_two_steps_in_one_commit_are_refused(tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration())
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "prepare")
    assert run("advance", CONFIG, "--at", IN_WINDOW)[0] == 0
    code, output, errors = run("advance", CONFIG, "--at", "2026-03-01T22:02:00-03:00")
    assert (code, output) == (1, "")
    message = "error[step-uncommitted]: beersystem: the step to scale-down is not committed yet; with deploy one commit would take two"
    assert errors.splitlines()[-2:] == [message, "  help: render and commit what is there first"]
    assert run("back", CONFIG, "--at", "2026-03-01T22:02:00-03:00", "--reason", "not yet")[0] == 0
    assert run("advance", CONFIG, "--at", "2026-03-01T22:03:00-03:00")[0] == 0
    git(tmp_path, "commit", "-qam", "scale-down")
    code, output, errors = run("advance", CONFIG, "--at", "2026-03-01T22:04:00-03:00")
    assert (code, "not committed" in errors) == (0, False)
    assert f"  $ rediskit migrate step {CONFIG} --client beersystem --to deploy --commit --push --wait" in output.splitlines()
    code, _, errors = run("rollback", CONFIG, "--at", "2026-03-01T22:05:00-03:00", "--reason", "no address")
    assert code == 0, "the way out is never refused for what is not committed"
    assert f"note: {CONFIG} has other changes that are not committed: they will be in the same commit" in errors.splitlines()


def test_a_step_without_git_is_taken_with_a_note(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, migration())
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("PATH", str(tmp_path))
    code, _, errors = run("advance", CONFIG, "--at", IN_WINDOW)
    assert (code, errors.splitlines()[0]) == (0, "note: not compared with the last commit: git is not on PATH")
    assert run("rollback", CONFIG, "--at", "2026-03-01T22:05:00-03:00", "--reason", "no address")[0] == 0
    assert "step: rolled-back" in file.read_text()


def test_commands_name_a_path_with_spaces_as_a_shell_takes_it(tmp_path: Path, run: Run) -> None:
    (tmp_path / "plat form").mkdir()
    file = write(tmp_path / "plat form", migration())
    named = str(file.relative_to(tmp_path))
    code, output, _ = run("advance", named, "--at", IN_WINDOW)
    assert code == 0
    assert "  $ rediskit migrate step 'plat form/chocolandia.yaml' --client beersystem --to scale-down --commit --push --wait\n" in output
    _, output, _ = run("record", named, "--at", IN_WINDOW, "--secret-seen")
    assert "to commit: 'plat form/chocolandia.yaml'; the next migrate step commits it, too\n" in output
    assert "next: rediskit migrate step 'plat form/chocolandia.yaml' --client beersystem --to deploy " in output
    _, output, _ = run("plan", named)
    assert "$ rediskit migrate step 'plat form/chocolandia.yaml' --client beersystem --to deploy " in output


def test_status_of_a_step_that_was_recorded_for_later(tmp_path: Path, run: Run) -> None:
    write(tmp_path, to("reconfigure"))
    _, output, _ = run("status", CONFIG, "--at", "2026-03-01T21:04:00-03:00")
    assert output.splitlines()[0] == "beersystem: reconfigure, from 2026-03-01T22:02:00-03:00 (2026-03-02 01:02 UTC) on, which is in 58m"


def test_status_tells_each_gate_and_the_ways(tmp_path: Path, run: Run) -> None:
    write(tmp_path, migration())
    code, output, _ = run("status", CONFIG, "--at", "2026-03-01T19:55:00-03:00")
    assert code == 0
    assert output == (
        "beersystem: prepare, time not recorded\n"
        "  the namespace and the Secrets are created; the application uses its old Redis\n"
        "  next: scale-down (the application repository)\n"
        "    blocked[window-not-started]: the window starts at 2026-03-01T22:00:00-03:00, in 2h 5m\n"
        "      help: wait until 2026-03-01T22:00:00-03:00; or use --override REASON\n"
        "    passed: the namespaces of Redis and of the client have the Secret\n"
        "    passed: the base sets the replicas of each workload: a rollback restores them\n"
        "    note: the application is down from this step on; the budget is 10m\n"
        f"  next command: rediskit migrate step {CONFIG} --client beersystem --to scale-down --commit --push --wait\n"
    )
    write(tmp_path, to("reconfigure"))
    _, output, _ = run("status", CONFIG, "--at", "2026-03-02T01:08:00Z")
    assert output.splitlines()[0] == "beersystem: reconfigure, since 2026-03-01T22:02:00-03:00 (2026-03-02 01:02 UTC), 6m"
    assert output.splitlines()[2] == "  down since 2026-03-01T22:00:00-03:00 (2026-03-02 01:00 UTC), 8m: the budget is 10m, 2m left"
    assert "  rollback: rolled-back (the application repository)" in output.splitlines()
    status = json.loads(run("status", CONFIG, "--at", "2026-03-02T01:08:00Z", "--json")[1])
    assert [way["to"] for way in status["clients"][0]["transitions"]] == ["scale-up", "deploy", "rolled-back"]
    assert status["clients"][0]["downSeconds"] == 480


def test_every_action_and_option_has_a_help_text() -> None:
    (verbs,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    (actions,) = (action for action in verbs.choices["migrate"]._actions if isinstance(action, argparse._SubParsersAction))
    assert {choice.dest for choice in actions._choices_actions if choice.help} == set(actions.choices)
    for name, verb in actions.choices.items():
        assert verb.description, name
        assert all(action.help for action in verb._actions), name
        options = {option for action in verb._actions for option in action.option_strings}
        assert {"--client", "--json", "--debug"} <= options, name


def test_the_plan_as_text_markdown_and_json(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    text = file.read_bytes()
    forms = {form: run("plan", CONFIG, *form.split()) for form in ("", "--markdown", "--json")}
    assert {code for code, _, _ in forms.values()} == {0}
    plan = json.loads(forms["--json"][1])["plans"][0]
    names = ["scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete"]
    assert [step["step"] for step in plan["steps"]] == names
    assert [step["repository"] for step in plan["steps"]] == ["owner", "ours", "owner", "owner", "none", "owner", "owner"]
    assert (plan["expectedDowntimeSeconds"], plan["budgetSeconds"], plan["expectedDown"]) == (
        360,
        600,
        "22:00 (01:00 UTC) to 22:06 (01:06 UTC)",
    )
    assert plan["steps"][0]["values"] == [{"object": "Deployment/beersystem-backend", "pointer": "/spec/replicas", "old": "1", "new": "0"}]
    for number, name in enumerate(names, 1):
        assert f"{number}. {name}: " in forms[""][1]
        assert f"## {number}. {name}: " in forms["--markdown"][1]
    assert file.read_bytes() == text


def test_a_dry_record_as_json_contains_the_entries(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    text = file.read_bytes()
    code, output, errors = run("record", CONFIG, "--secret-seen", "--at", IN_WINDOW, "--dry-run", "--json")
    document = json.loads(output)
    assert (code, errors, document["written"], file.read_bytes()) == (0, "", False, text)
    assert document["files"][0]["diff"][-5:] == [
        "+    - kind: secret",
        "+      step: prepare",
        f"+      at: {IN_WINDOW}",
        "+      by: person",
        "+      about: Secret redis-credentials key redis-password in redis and beersystem",
    ]


def test_without_a_time_the_clock_is_read_in_the_offset_of_the_window(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path, migration())
    assert run("advance", CONFIG, "--override", "whenever")[0] == 0
    saved = load(file).clients[0].migration
    assert saved is not None
    assert saved.history[-1].at.endswith("-03:00")
