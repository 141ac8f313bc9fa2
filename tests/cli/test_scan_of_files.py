"""The scan of plain files, and of the patches of other clients."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.cli.test_scan import at, cron_job, findings, scans
from tests.cli.test_scan import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend


def test_the_patches_of_another_client_count_where_they_are_in_its_application(tmp_path: Path, run: Run) -> None:
    other = backend()
    other["metadata"]["name"] = "worker"
    owner(tmp_path, backend(), *OLD_REDIS, other, listed=False)
    file = at(tmp_path, kind="argocd-app")
    data = yaml.safe_load((tmp_path / file).read_text(encoding="utf-8"))
    first = data["clients"][0]
    (tmp_path / "chocolandia/worker.yaml").write_text(dump(other), encoding="utf-8")
    workload = {"manifest": "chocolandia/worker.yaml", "containers": first["workloads"][0]["containers"]}
    for step, expected in (("validate", []), ("prepare", ["error"])):
        second = {**first, "name": "worker", "workloads": [workload], "migration": {"step": step}}
        if step == "prepare":
            second = second | {"previous": {"host": "redis.elsewhere"}}
        text = yaml.safe_dump({**data, "clients": [first, json.loads(json.dumps(second))]})
        (tmp_path / file).write_text(text, encoding="utf-8")
        _, reported = findings(run, file)
        assert [
            finding[1] for finding in reported if finding[0] == "old-redis-in-use" and "Deployment/worker in beersystem" in finding[2]
        ] == expected


def plain(folder: Path, *objects: Object, **files: str) -> None:
    """Return a checkout with plain files: one object each, and other texts."""
    for name in ("owner/.git", "owner/prod", "owner/elsewhere"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for content in objects:
        name = f"{content['kind']}-{content['metadata']['name']}.yaml".lower()
        (folder / "owner/prod" / name).write_text(dump(content), encoding="utf-8")
    for path, text in files.items():
        (folder / "owner/elsewhere" / path.replace("_", ".")).write_text(text, encoding="utf-8")


def test_plain_files_are_scanned_as_they_are(tmp_path: Path, run: Run) -> None:
    plain(tmp_path, backend(), *OLD_REDIS, cron_job("redis://redis:6379/0"))
    file = at(tmp_path, kind="manifests")
    _, reported = findings(run, file)
    (sure,) = [finding for finding in reported if finding[0] == "old-redis-in-use"]
    assert sure[1] == "error"
    assert "CronJob/nightly in beersystem uses the old Redis" in sure[2]
    assert scans(tmp_path) == [("validate", "1")]


def test_other_texts_of_a_plain_checkout_are_scanned_too(tmp_path: Path, run: Run) -> None:
    texts = {"app_env": "REDIS_HOST=redis.beersystem.svc\n", "values_yaml": "host: redis\n"}
    plain(tmp_path, backend(), *OLD_REDIS, **texts)
    _, hits = findings(run, at(tmp_path, kind="manifests"))
    hits = [finding for finding in hits if finding[0] != "scan-not-visible"]
    assert [(finding[0], finding[2].split(" ")[0]) for finding in hits] == [
        ("scan-possible", "File/owner/elsewhere/values.yaml"),
        ("old-redis-in-use", "File/owner/elsewhere/app.env"),
    ]


def test_the_checkout_of_another_application_is_no_scan(tmp_path: Path, run: Run) -> None:
    plain(tmp_path, *OLD_REDIS)
    file = at(tmp_path, kind="manifests")
    findings(run, file)
    assert scans(tmp_path) == []
