"""The objects of an application in the base: `check --owner`, `migrate export` and `migrate verify` report what defeats a step."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.yamlio.writer import dump
from tests.checks.client_cases import DELETED, with_settings
from tests.cli.checkout import owner
from tests.cli.test_check_owner import remarks_with
from tests.cli.test_export import at, disk, exported
from tests.cli.test_export import run as run
from tests.cli.test_export_of_files import plain
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import ONE_CONTAINER

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
