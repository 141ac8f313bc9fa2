"""Steps that `rediskit migrate` refuses: windows, the Secret, Jobs, replicas, jumps and rollbacks."""

from __future__ import annotations

from typing import Any

from tests.cli.migrations import (
    IN_WINDOW,
    READY,
    SECRET,
    SEEN,
    WINDOW,
    entries,
    evidence,
    migration,
    to,
)
from tests.cli.refused import Refused
from tests.samples import backend


def without_replicas() -> dict[str, Any]:
    deployment = backend()
    del deployment["spec"]["replicas"]
    return deployment


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


def local(*use: str, **previous: Any) -> dict[str, Any]:
    """Return a config whose old Redis is in the pods of the application."""
    client = {"use": list(use), "previous": {"host": "localhost", "remove": [], "data": None, **previous}}
    return {"client": client, "redis": {"memory": {"policy": "volatile-lru"}}}


IN_THE_PODS = "beersystem: the old Redis localhost is in the pods of Deployment/beersystem-backend: scale-down deletes its data"
UNREAD = "beersystem: no evidence that the queues in the old Redis are empty before it stops with the application"
EMPTY = {"kind": "drained", "step": "prepare", "at": SEEN, "value": "0"}


RAN = ("scale-down", "deploy", "reconfigure", "scale-up", "rolled-back")
KEYS = {"kind": "empty", "step": "rolled-back", "at": "2026-03-01T22:05:00-03:00", "value": "12"}
RAN_UNTIL = (
    "beersystem: the application ran on the shared Redis until 2026-03-01T22:04:00-03:00, "
    "and no later evidence shows that its databases there are empty"
)


STEPS_REFUSED: dict[str, Refused] = {
    "the second attempt without a look at the keys of the first": Refused(
        migration(*RAN), "advance --at 2026-03-01T22:06:00-03:00 --override urgent", {"database-unread": RAN_UNTIL}
    ),
    "the databases were empty before the first attempt": Refused(
        migration(*RAN, evidence=[SECRET, {**KEYS, "step": "deploy", "at": IN_WINDOW, "value": "0"}]),
        "advance --at 2026-03-01T22:06:00-03:00",
        {"database-unread": RAN_UNTIL},
    ),
    "the databases have keys of the first attempt": Refused(
        migration(*RAN, evidence=[SECRET, KEYS]),
        "advance --at 2026-03-01T22:06:00-03:00",
        {"database-not-empty": "beersystem: 12 keys were in its databases of the shared Redis at 2026-03-01T22:05:00-03:00"},
    ),
    "the second attempt after the release was deployed again": Refused(
        migration(*RAN, "prepare", "scale-down", "deploy"), "advance --at 2026-03-01T22:08:00-03:00", {"database-unread": RAN_UNTIL}
    ),
    "a local Redis without a decision about its data": Refused(
        migration(), f"advance --at {IN_WINDOW}", {"old-data-missing": f"{IN_THE_PODS}, and previous.data is not set"}, local("sessions")
    ),
    "a local Redis in memory with sessions": Refused(
        migration(),
        f"advance --at {IN_WINDOW}",
        {"old-data-missing": f"{IN_THE_PODS}, and previous.data is none"},
        local("sessions", data="none"),
    ),
    "a local Redis without a volume to keep": Refused(
        migration(),
        f"advance --at {IN_WINDOW}",
        {"old-data-missing": f"{IN_THE_PODS}, and previous.data is keep"},
        local("cache", data="keep"),
    ),
    "a local Redis with queues without a record": Refused(
        migration(), f"advance --at {IN_WINDOW} --override urgent", {"queue-unread": UNREAD}, local("queue", data="discard")
    ),
    "queues of a local Redis that were read before a rollback": Refused(
        migration("scale-down", "rolled-back", evidence=[SECRET, EMPTY]),
        f"advance --at {IN_WINDOW}",
        {"queue-unread": UNREAD},
        local("queue", data="discard"),
    ),
    "the queues of a local Redis by kubectl": Refused(
        migration(),
        "record --drained",
        {"queue-unread": "beersystem: localhost is in the pods of Deployment/beersystem-backend, and each pod has its own queues"},
        local("queue"),
    ),
    "the queues of a local Redis after scale-down": Refused(
        to("deploy"),
        "record --drained --observed none",
        {"queue-unread": "beersystem: localhost stopped with the application at scale-down, so nothing can read its queues"},
        local("queue"),
    ),
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
}
