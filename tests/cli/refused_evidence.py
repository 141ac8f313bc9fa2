"""Steps that `rediskit migrate` refuses because evidence is missing, old or against them."""

from __future__ import annotations

from typing import Any

from tests.cli.migrations import (
    IN_WINDOW,
    MEASURED_LATENCY,
    SECRET,
    SEEN,
    evidence,
    folded,
    migration,
    to,
)
from tests.cli.refused import Refused
from tests.samples import OBSERVED, backend, client, merged


def with_arguments(*arguments: str) -> dict[str, Any]:
    deployment = backend()
    deployment["spec"]["template"]["spec"]["containers"][0]["args"] = list(arguments)
    return deployment


REMOVED = client("worker", "decommission", namespace="beersystem", previous={"host": "redis.beersystem", "remove": ["Deployment/redis"]})
UNSAID: dict[str, Any] = {"client": {"previous": {"data": None}}}
DATA = merged(UNSAID, {"client": {"previous": {"remove": ["StatefulSet/redis", "Service/redis"]}}})
NO_KEYS = {
    "kind": "empty", "step": "deploy", "at": "2026-03-01T22:02:00-03:00", "value": "0", "about": "database 0 of redis-shared in redis"
}  # fmt: skip
QUEUE: dict[str, Any] = {"client": {"use": ["queue"]}, "redis": {"memory": {"policy": "volatile-lru"}}}


EVIDENCE_REFUSED: dict[str, Refused] = {
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
    "a rollback to a Redis whose data decommission removed": Refused(
        migration("scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "validate", **evidence()),
        "rollback --client beersystem --at 2026-03-03T09:00:00-03:00 --reason slow",
        {"old-data-gone": "beersystem: the old Redis is empty: decommission removed it with its data at 2026-03-01T22:05:00-03:00"},
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
        to("deploy", evidence=[SECRET, NO_KEYS]),
        "advance --at 2026-03-01T22:03:00-03:00 --override urgent",
        {"queue-unread": "beersystem: no evidence that the queues in the old Redis are empty since the application stopped"},
        QUEUE,
    ),
    "the queues were empty before the application stopped": Refused(
        to("deploy", evidence=[SECRET, {"kind": "drained", "step": "scale-down", "at": SEEN, "value": "0"}, NO_KEYS]),
        "advance --at 2026-03-01T22:03:00-03:00",
        {"queue-unread": "beersystem: no evidence that the queues in the old Redis are empty since the application stopped"},
        QUEUE,
    ),
    "tasks are left": Refused(
        to("deploy", evidence=[SECRET, {"kind": "drained", "step": "deploy", "at": "2026-03-01T22:02:00-03:00", "value": "40"}, NO_KEYS]),
        "advance --at 2026-03-01T22:03:00-03:00",
        {"queue-not-empty": "beersystem: 40 tasks were left in the old Redis at 2026-03-01T22:02:00-03:00, and no data is copied"},
        QUEUE,
    ),
    "the databases in the shared Redis are not read before the first start of a queue": Refused(
        to("deploy", evidence=[SECRET, {"kind": "drained", "step": "deploy", "at": "2026-03-01T22:02:00-03:00", "value": "0"}]),
        "advance --at 2026-03-01T22:03:00-03:00 --override urgent",
        {
            "database-unread": "beersystem: no evidence that its databases in the shared Redis are empty: "
            "its workers run the tasks that are there"
        },
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
