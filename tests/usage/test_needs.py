"""The removal of an old Redis keeps the objects that the pods of other workloads in the config need."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from rediskit import check, render
from rediskit.yamlio.writer import dump
from tests.init.live import container, secret_key, workload
from tests.samples import config, loaded

SECRET = "Secret/redis-old"
SALT = {"SALT": secret_key("redis-old", "salt")}


def reported(
    folder: Path, step: str, *, remove: str = SECRET, namespace: str = "beersystem", env: dict[str, Any] | None = None, **pod: Any
) -> list[tuple[str, str]]:
    """Return severity and message of each finding about a second client, which removes nothing."""
    content = workload(container(MAIL_HOST="redis.mail", **(SALT if env is None else env)), name="mail", namespace=namespace)
    content["spec"]["template"]["spec"] |= pod
    (folder / "chocolandia").mkdir(exist_ok=True)
    (folder / "chocolandia/mail.yaml").write_text(dump(content), encoding="utf-8")
    moved = {"manifest": "chocolandia/mail.yaml", "containers": {"app": {"env": {"MAIL_HOST": "${host}", "PASSWORD": "${password}"}}}}
    mail = {"name": "mail", "namespace": namespace, "use": ["cache"], "databases": {"default": 1}, "workloads": [moved]}
    first = copy.deepcopy(config(step)["clients"][0]) | {"databases": {"default": 0}}
    first["previous"]["remove"] = [*first["previous"]["remove"], remove]
    environment = loaded(folder, step, over={"clients": [first, mail]})
    findings = check(environment, render(environment))
    return [
        (finding.severity, finding.message) for finding in findings if finding.code == "old-redis-in-use" and remove[-5:] in finding.message
    ]


@pytest.mark.parametrize(("step", "severity"), [("prepare", "warning"), ("validate", "warning"), ("decommission", "error")])
def test_a_secret_that_another_client_reads_is_not_removed(step: str, severity: str, tmp_path: Path) -> None:
    """Its pods run until they restart: then they wait for the Secret."""
    ((actual, message),) = reported(tmp_path, step)
    assert actual == severity
    assert message == (
        "Deployment/mail needs Secret/redis-old at /spec/template/spec/containers/0/env/1/valueFrom/secretKeyRef/name "
        "of chocolandia/mail.yaml, which beersystem removes: its pods would not start"
    )


@pytest.mark.parametrize(
    ("remove", "env", "pod", "count"),
    [
        (SECRET, None, {}, 1),
        ("SealedSecret/redis-old", None, {}, 1),
        ("ExternalSecret/redis-old", None, {}, 1),
        ("PersistentVolumeClaim/redis-old", {}, {"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "redis-old"}}]}, 1),
        ("ConfigMap/redis-old", {}, {"volumes": [{"name": "a", "configMap": {"name": "redis-old"}}]}, 1),
        ("ServiceAccount/redis-old", {}, {"serviceAccountName": "redis-old"}, 1),
        ("ConfigMap/redis-old", {}, {"volumes": [{"name": "a", "configMap": {"name": "redis-old", "optional": True}}]}, 0),
        ("ConfigMap/redis-old", None, {}, 0),
        (SECRET, {}, {}, 0),
        (SECRET, {"PASSWORD": secret_key("redis-old", "password")}, {}, 1),
    ],
)
def test_each_object_that_pods_need_counts(
    remove: str, env: dict[str, Any] | None, pod: dict[str, Any], count: int, tmp_path: Path
) -> None:
    """A variable of a client without a migration has its old value."""
    assert len(reported(tmp_path, "validate", remove=remove, env=env, **pod)) == count


def test_an_object_of_another_namespace_is_another_one(tmp_path: Path) -> None:
    assert reported(tmp_path, "validate", namespace="mail") == []


def test_the_client_itself_no_longer_needs_the_secret_of_its_old_redis(tmp_path: Path) -> None:
    """The switch replaces the variable, and only another one needs the Secret."""
    for name, count in (("REDIS_PASSWORD", 0), ("SALT", 1)):
        values: dict[str, Any] = {"REDIS_HOST": "redis", name: secret_key("redis-old", "password")}
        app = workload(container(**values), name="shop", namespace="shop")
        (tmp_path / "chocolandia").mkdir(exist_ok=True)
        (tmp_path / "chocolandia/shop.yaml").write_text(dump(app), encoding="utf-8")
        env = {"REDIS_HOST": "${host}", "REDIS_PASSWORD": "${password}"}
        first = copy.deepcopy(config("validate")["clients"][0]) | {"name": "shop", "namespace": "shop"}
        first["workloads"] = [{"manifest": "chocolandia/shop.yaml", "containers": {"app": {"env": env}}}]
        first["previous"] = {"host": "redis", "remove": ["StatefulSet/redis", SECRET], "data": "discard"}
        environment = loaded(tmp_path, "validate", over={"clients": [first]})
        findings = [finding for finding in check(environment, render(environment)) if finding.code == "old-redis-in-use"]
        assert len(findings) == count
