"""The objects of an application in the base: `check --owner`, `migrate export` and `migrate verify` report what defeats a step."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.yamlio.writer import dump
from tests.checks.client_cases import with_env
from tests.checks.workload_cases import DELETED, REFERENCE, SHARED_HOST, with_host, with_settings
from tests.cli.checkout import owner
from tests.cli.test_check_owner import KEDA, remarks, remarks_with
from tests.cli.test_export import at, disk, exported
from tests.cli.test_export import run as run
from tests.cli.test_export_of_files import plain
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import ONE_CONTAINER, SEALED, backend, merged, sealed

ON_DELETE = with_settings("StatefulSet", updateStrategy={"type": "OnDelete"})
VOLUMES = with_settings("StatefulSet", **DELETED)
DESCRIBED = {0: {"manifest": None, "kind": "StatefulSet", "name": "beersystem-backend", "replicas": 1, "containers": ONE_CONTAINER}}
STATEFUL_SET = "owner/base/statefulset-beersystem-backend.yaml"


@pytest.mark.parametrize(("code", "workload"), [("pods-not-updated", ON_DELETE), ("volume-deleted", VOLUMES)])
def test_a_setting_of_the_base_that_defeats_a_step_is_found_before_the_downtime(
    tmp_path: Path, run: Run, code: str, workload: Object
) -> None:
    """The config has no manifest of the workload: only the build shows the setting."""
    top = owner(tmp_path, workload, *OLD_REDIS)
    config = at(tmp_path, "prepare", workloads=DESCRIBED)
    assert exported(run, config)[0] == 0
    assert remarks_with(run, config, code) == [(code, "error", STATEFUL_SET, 2)]
    before = disk(top)
    exit_code, _, errors = exported(run, at(tmp_path, "scale-down", workloads=DESCRIBED))
    assert (exit_code, disk(top)) == (1, before)
    assert f"error[{code}]: StatefulSet/beersystem-backend has" in errors


@pytest.mark.parametrize(("code", "workload"), [("pods-not-updated", ON_DELETE), ("volume-deleted", VOLUMES)])
def test_a_setting_of_the_base_blocks_no_rollback(tmp_path: Path, run: Run, code: str, workload: Object) -> None:
    owner(tmp_path, workload, *OLD_REDIS)
    config = at(tmp_path, "rolled-back", workloads=DESCRIBED)
    assert exported(run, config, "--force")[0] == 0
    assert remarks_with(run, config, code) == [(code, "warning", STATEFUL_SET, 2)]


def test_an_accepted_setting_of_the_base_is_exported(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, ON_DELETE, *OLD_REDIS)
    config = at(tmp_path, "scale-down", workloads=DESCRIBED)
    accepted = '[{"code": "pods-not-updated", "on": "beersystem", "reason": "a person deletes the pods"}]'
    (tmp_path / config).write_text((tmp_path / config).read_text(encoding="utf-8") + f"accept: {accepted}\n", encoding="utf-8")
    assert exported(run, config)[0] == 0
    assert remarks_with(run, config, "pods-not-updated") == []


def test_a_setting_in_a_plain_file_is_refused(tmp_path: Path, run: Run) -> None:
    """The copy in the config does not have it."""
    top = plain(tmp_path, text=dump(with_settings("Deployment", paused=True)))
    before = disk(top / "prod")
    code, _, errors = exported(run, at(tmp_path, "scale-down", "manifests"))
    assert (code, disk(top / "prod")) == (1, before)
    assert "error[pods-not-updated]: Deployment/beersystem-backend is paused" in errors


def test_an_autoscaler_in_plain_files_is_refused_and_can_be_accepted(tmp_path: Path, run: Run) -> None:
    """KEDA scales a workload with 0 replicas up again, and the application uses the old Redis in the downtime."""
    file, text = "deployment-beersystem-backend.yaml", f"{dump(backend())}---\n{dump(KEDA)}"
    top, line = plain(tmp_path, text=text), text[: text.index("---")].count("\n") + 2
    before = disk(top / "prod")
    config = at(tmp_path, "prepare", "manifests")
    assert remarks(run, config) == [("owner-autoscaler", "error", f"owner/prod/{file}", line)]
    config = at(tmp_path, "scale-down", "manifests")
    code, _, errors = exported(run, config)
    assert (code, disk(top / "prod")) == (1, before)
    assert "error[owner-autoscaler]: ScaledObject/backend scales Deployment/beersystem-backend" in errors
    accepted = '[{"code": "owner-autoscaler", "on": "beersystem", "reason": "paused by hand"}]'
    (tmp_path / config).write_text((tmp_path / config).read_text(encoding="utf-8") + f"accept: {accepted}\n", encoding="utf-8")
    assert exported(run, config)[0] == 0


DEPLOYMENT = "owner/base/deployment-beersystem-backend.yaml"


def from_settings(host: str) -> tuple[Object, Object]:
    """Return the real Deployment with REDIS_HOST from a ConfigMap, and the ConfigMap."""
    workload = backend()
    env = workload["spec"]["template"]["spec"]["containers"][0]["env"]
    entry = next(entry for entry in env if entry["name"] == "REDIS_HOST")
    del entry["value"]
    entry["valueFrom"] = {"configMapKeyRef": {"name": "settings", "key": "redis"}}
    metadata = {"name": "settings", "namespace": "beersystem"}
    return workload, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"redis": host}}


def without_host() -> Object:
    workload = backend()
    container = workload["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [entry for entry in container["env"] if entry["name"] != "REDIS_HOST"]
    return workload


@pytest.mark.parametrize("step", ["scale-down", "validate", "rolled-back"])
@pytest.mark.parametrize(
    ("message", "objects"),
    [
        ("has the shared Redis in REDIS_HOST of backend already: a rollback would not restore", (with_host(SHARED_HOST),)),
        ("has the shared Redis in REDIS_HOST of backend already", from_settings(f"{SHARED_HOST}:6379")),
        ("has no REDIS_HOST of backend, unlike its manifest in the config", (without_host(),)),
    ],
)
def test_a_base_that_contains_the_switch_early_is_refused(
    tmp_path: Path, run: Run, step: str, message: str, objects: tuple[Object, ...]
) -> None:
    """A rollback restored it: the application stayed on the shared Redis, and every check was green."""
    top = owner(tmp_path, *objects, *OLD_REDIS)
    before = disk(top)
    config = at(tmp_path, step)
    code, _, errors = exported(run, config, "--force")
    assert (code, disk(top)) == (1, before)
    assert f"error[base-switched]: Deployment/beersystem-backend {message}" in errors
    assert remarks_with(run, config, "base-switched") == [("base-switched", "error", DEPLOYMENT, 2)]


def test_a_base_with_another_text_than_the_manifest_is_a_warning(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, with_host("redis.beersystem"), *OLD_REDIS)
    config = at(tmp_path, "scale-down")
    assert exported(run, config)[0] == 0
    assert remarks_with(run, config, "base-switched") == [("base-switched", "warning", DEPLOYMENT, 2)]


def test_a_base_may_contain_the_switch_from_decommission_on(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, with_host(SHARED_HOST), *OLD_REDIS)
    config = at(tmp_path, "decommission")
    assert exported(run, config, "--force")[0] == 0
    assert remarks_with(run, config, "base-switched") == []


OLD_REDIS_WITH_SECRET = merged(
    OLD_REDIS[0],
    {
        "spec": {
            "template": {
                "spec": {"containers": [{"name": "redis", "image": "redis:7", "envFrom": [{"secretRef": {"name": "redis-credentials"}}]}]}
            }
        }
    },
)
SETTINGS = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "redis-credentials", "namespace": "beersystem"}}


@pytest.mark.parametrize(
    ("file", "objects"),
    [
        (DEPLOYMENT, (with_env({"name": "OLD_PASSWORD", "valueFrom": REFERENCE}), *OLD_REDIS)),
        ("owner/base/deployment-redis.yaml", (backend(), OLD_REDIS_WITH_SECRET, *OLD_REDIS[1:])),
    ],
)
def test_a_secret_with_the_name_of_the_shared_one_is_refused(tmp_path: Path, run: Run, file: str, objects: tuple[Object, ...]) -> None:
    """The password of the shared Redis replaced that of the old one at `prepare`, and a rollback kept it."""
    top = owner(tmp_path, *objects)
    before = disk(top)
    config = at(tmp_path, "scale-down")
    code, _, errors = exported(run, config)
    assert (code, disk(top)) == (1, before)
    assert "error[secret-taken]: Deployment/" in errors
    assert "set redis.auth.secret to another name, such as redis-credentials-shared" in errors
    assert remarks_with(run, config, "secret-taken") == [("secret-taken", "error", file, 2)]


@pytest.mark.parametrize("created", [SETTINGS, sealed("beersystem")], ids=lambda content: content["kind"])
def test_a_secret_that_the_application_creates_too_is_an_error_unless_the_mode_is_manual(tmp_path: Path, run: Run, created: Object) -> None:
    owner(tmp_path, backend(), *OLD_REDIS, created)
    config = at(tmp_path, "scale-down")
    assert remarks_with(run, config, "secret-taken") == []
    text = (tmp_path / config).read_text(encoding="utf-8")
    (tmp_path / config).write_text(
        text.replace("mode: manual", f"mode: {SEALED['mode']}\n  certificate: {SEALED['certificate']}"), encoding="utf-8"
    )
    file = f"owner/base/{created['kind'].lower()}-redis-credentials.yaml"
    assert remarks_with(run, config, "secret-taken") == [("secret-taken", "error", file, 2)]
