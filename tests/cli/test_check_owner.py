"""`check --owner` on a checkout of an application repository."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.checkout import committed, fold, owner
from tests.cli.test_export import PATCH, REPLICAS, at, disk, exported
from tests.cli.test_export import run as run
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import backend, merged


def remarks(run: Run, config: str) -> list[tuple[str, str, str | None, int | None]]:
    """Code, severity, file and line of what `check --owner` finds in the application repository."""
    return remarks_with(run, config, "owner-")


def remarks_with(run: Run, config: str, code: str) -> list[tuple[str, str, str | None, int | None]]:
    """Code, severity, file and line of the findings whose code begins with a text."""
    run("render", config)
    _, output, _ = run("check", config, "--owner", "owner/prod", "--json")
    findings = [remark for remark in json.loads(output)["findings"] if remark["code"].startswith(code)]
    return [(remark["code"], remark["severity"], remark["file"], remark["line"]) for remark in findings]


def test_a_checkout_at_its_step_is_clean(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    config = at(tmp_path, "scale-up")
    assert exported(run, config, "--force")[0] == 0
    assert remarks(run, config) == []
    assert run("check", config, "--owner", "owner/prod")[0] == 0


def without_replicas() -> Object:
    workload = backend()
    del workload["spec"]["replicas"]
    return workload


def scaled(count: int) -> Object:
    workload = backend()
    workload["spec"]["replicas"] = count
    return workload


PROD, WORKLOAD = "owner/prod/kustomization.yaml", "owner/base/deployment-beersystem-backend.yaml"


@pytest.mark.parametrize(
    ("expected", "settings", "objects"),
    [
        (("owner-beaten", "error", PROD, 6), REPLICAS, ()),
        (("owner-beaten", "error", PROD, 6), PATCH, ()),
        (("owner-replicas", "warning", WORKLOAD, 2), {}, (scaled(4), *OLD_REDIS)),
        (("owner-replicas", "warning", WORKLOAD, 2), {}, (without_replicas(), *OLD_REDIS)),
        (("owner-removal", "warning", PROD, 1), {}, (backend(), OLD_REDIS[0])),
        (("owner-workload", "error", PROD, 1), {}, OLD_REDIS),
        (("owner-build", "error", PROD, 1), {"resources": ["../nothing"]}, ()),
    ],
)
def test_what_check_finds_in_the_checkout(
    tmp_path: Path, run: Run, expected: tuple[str, str, str, int], settings: Mapping[str, Any], objects: tuple[Object, ...]
) -> None:
    owner(tmp_path, *objects, **settings)
    listed = remarks(run, at(tmp_path, "prepare"))
    assert expected in listed
    others = {"owner-workload": {"owner-build"}, "owner-beaten": {"owner-replicas"}}.get(expected[0], set())
    assert {remark[0] for remark in listed} <= {expected[0]} | others


def test_a_base_without_replicas_is_an_error_where_the_count_would_be_lost(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, without_replicas(), *OLD_REDIS)
    workload = {"manifest": None, "kind": "Deployment", "name": "beersystem-backend", "replicas": 3}
    assert ("owner-replicas", "error", WORKLOAD, 2) in remarks(run, at(tmp_path, "prepare", workloads={0: workload}))


HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "backend", "namespace": "beersystem"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "beersystem-backend"},
        "minReplicas": 1,
        "maxReplicas": 5,
    },
}


KEDA = {
    "apiVersion": "keda.sh/v1alpha1",
    "kind": "ScaledObject",
    "metadata": {"name": "backend", "namespace": "beersystem"},
    "spec": {"scaleTargetRef": {"name": "beersystem-backend"}, "triggers": []},
}


@pytest.mark.parametrize("key", ["scaleTargetRef", "targetRef"])
def test_an_unknown_kind_that_refers_to_the_workload_is_a_warning(key: str, tmp_path: Path, run: Run) -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "beersystem-backend"}
    canary = {"apiVersion": "flagger.app/v1beta1", "kind": "Canary", "metadata": KEDA["metadata"], "spec": {key: reference}}
    owner(tmp_path, backend(), *OLD_REDIS, canary, merged(canary, {"kind": "VerticalPodAutoscaler", "metadata": {"name": "sizes"}}))
    config = at(tmp_path, "prepare")
    assert exported(run, config)[0] == 0
    assert remarks(run, config) == [("owner-autoscaler", "warning", "owner/base/canary-backend.yaml", 2)]


@pytest.mark.parametrize("scaler", [HPA, KEDA], ids=["HPA", "KEDA"])
def test_an_autoscaler_that_the_config_does_not_name_is_found_before_the_downtime(tmp_path: Path, run: Run, scaler: Object) -> None:
    top, reference = owner(tmp_path, backend(), *OLD_REDIS, scaler), f"{scaler['kind']}/backend"
    config = at(tmp_path, "prepare")
    assert exported(run, config)[0] == 0
    file = f"owner/base/{scaler['kind'].lower()}-backend.yaml"
    assert remarks(run, config) == [("owner-autoscaler", "error", file, 2)]
    before = disk(top)
    code, _, errors = exported(run, at(tmp_path, "scale-down"))
    assert code == 1
    assert f"{reference} scales Deployment/beersystem-backend, and the config does not reference it" in errors
    assert f"set autoscaler: {{kind: {scaler['kind']}, name: backend" in errors
    assert disk(top) == before
    named = {"kind": scaler["kind"], "name": "backend", "min": 1, "max": 5}
    assert exported(run, at(tmp_path, "scale-down", workloads={0: {"autoscaler": named}}))[0] == 0
    assert remarks(run, "chocolandia.yaml") == []


def test_a_component_of_an_older_step(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    assert exported(run, at(tmp_path, "scale-down"), "--force")[0] == 0
    listed = remarks(run, at(tmp_path, "scale-up"))
    assert {remark[0] for remark in listed} == {"owner-drift"}
    assert run("check", "chocolandia.yaml", "--owner", "owner/prod")[0] == 1


def test_a_component_that_nothing_lists(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, listed=False)
    config = at(tmp_path, "scale-down")
    assert exported(run, config)[0] == 0
    assert remarks(run, config) == [("owner-component", "error", PROD, 1)]


def test_a_component_below_the_outermost_overlay(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, listed=False)
    (top / "base/kustomization.yaml").write_text(
        (top / "base/kustomization.yaml").read_text(encoding="utf-8") + "components:\n- ../prod/rediskit/beersystem\n", encoding="utf-8"
    )
    config = at(tmp_path, "scale-down")
    assert exported(run, config)[0] == 0
    assert remarks(run, config) == [("owner-component", "warning", "owner/base/kustomization.yaml", 6)]


def test_from_decommission_on_the_base_may_be_without_the_old_redis(tmp_path: Path, run: Run) -> None:
    """The base contains the removal before that is recorded, and the autoscaler is released."""
    owner(tmp_path, backend(), HPA)
    config = at(tmp_path, "decommission")
    assert exported(run, config, "--force")[0] == 0
    assert remarks(run, config) == []
    config = at(tmp_path, "complete")
    assert exported(run, config, "--force")[0] == 0
    assert {remark[0] for remark in remarks(run, config)} == {"owner-folded"}


def test_record_folded_builds_the_base(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    config = at(tmp_path, "decommission")
    assert exported(run, config, "--force")[0] == 0
    before = disk(tmp_path)
    arguments = ("migrate", "record", config, "--folded", "--at", "2026-03-09T09:30:00Z", "--owner", "owner/prod")
    code, out, err = run(*arguments)
    assert (code, out, disk(tmp_path)) == (1, "", before)
    assert (
        f"{PROD}:1:1: error[owner-folded]: the base does not contain the change itself: Deployment/beersystem-backend, Deployment/redis"
        in err
    )
    committed(tmp_path / "owner")
    fold(tmp_path)
    code, _, err = run(*arguments)
    assert (code, "error[checkout-uncommitted]: the checkout has changes that no commit contains: base/deployment-" in err) == (1, True)
    committed(tmp_path / "owner")
    assert run(*arguments)[0] == 0
    assert "kind: folded\n      step: decommission\n      at: 2026-03-09T09:30:00Z" in (tmp_path / config).read_text(encoding="utf-8")


def test_record_folded_reports_what_it_cannot_build(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path)
    config = at(tmp_path, "decommission")
    code, _, err = run("migrate", "record", config, "--secret-seen", "--owner", "owner/prod")
    assert (code, "--owner and --chart are there for --folded" in err) == (2, True)
    (top / "base/kustomization.yaml").write_text("resources: [gone.yaml]\n", encoding="utf-8")
    code, _, err = run("migrate", "record", config, "--folded", "--owner", "owner/prod")
    assert (code, "does not build" in err) == (1, True)
    config = at(tmp_path, "decommission", "manifests")
    code, _, err = run("migrate", "record", config, "--folded", "--owner", "owner/prod")
    assert (code, "the application repository has plain files" in err) == (2, True)


def test_at_complete_the_base_carries_the_change_itself(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    config = at(tmp_path, "complete")
    assert exported(run, config, "--force")[0] == 0
    assert [remark[:2] for remark in remarks(run, config)] == [("owner-folded", "error")]
    fold(tmp_path)
    assert remarks(run, config) == []
