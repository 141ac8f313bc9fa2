"""`migrate export` and `check --owner` for an application whose chart is changed by values, with the real Helm and kustomize."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.yamlio.writer import dump
from tests.cli.test_export import disk
from tests.cli.test_helm_owner import CHART, ENV, VALUES, at, owner, release
from tests.cli.test_helm_owner import run as run
from tests.conftest import Run
from tests.renderers.owner_build import Object
from tests.samples import helm_application, merged

SECRET = {"valueFrom": {"secretKeyRef": {"name": "${secret.name}", "key": "${secret.key}"}}}
VARIABLES = {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": SECRET}
OURS: dict[str, Any] = {
    "stopped": {"controllers": {"web": {"replicas": 0}}},
    "switched": {"controllers": {"web": {"containers": {"web": {"env": VARIABLES}}}}},
    "removed": {"redis": {"enabled": False}},
}
WITH_CHART = ("--chart", str(CHART))


def application(**settings: Any) -> Object:
    """Return the Application of the chart."""
    return merged(helm_application(**settings), {"spec": {"destination": {"namespace": "shop"}}})


def by_values(folder: Path, step: str, values: Object | None = None, content: Object | None = None, **client: Any) -> str:
    """Return a config with the client at a step, whose chart is changed by values."""
    return at(
        folder,
        step,
        content=content,
        client={"owner": {"kind": "helm-values", "release": "chocolandia/release.yaml", "values": values or OURS}, **client},
    )


def export(run: Run, config: str, *more: str) -> tuple[int, str, str]:
    return run("migrate", "export", config, "--to", "owner/prod", *more)


LINES = {
    "scale-down": "Deployment/shop-web: /spec/replicas",
    "reconfigure": f"Deployment/shop-web: /spec/replicas, {ENV}/REDIS_HOST/value, {ENV}/REDIS_PASSWORD",
    "scale-up": f"Deployment/shop-web: {ENV}/REDIS_HOST/value, {ENV}/REDIS_PASSWORD",
    "decommission": f"Deployment/shop-web: {ENV}/REDIS_HOST/value, {ENV}/REDIS_PASSWORD",
}


def test_the_values_of_each_step_render_what_it_means(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, release())
    for step, line in LINES.items():
        code, output, errors = export(run, by_values(tmp_path, step), *WITH_CHART)
        assert (code, [line for line in errors.splitlines() if "error" in line]) == (0, []), errors
        assert f"  {line}\n" in output
        assert "  HelmRelease/shop in shop: /spec/values/" in output
        assert ("  Deployment/redis: gone\n" in output) == (step == "decommission")
    assert export(run, by_values(tmp_path, "validate"), *WITH_CHART)[0] == 0
    _, _, errors = run("check", "chocolandia.yaml", "--owner", "owner/prod", *WITH_CHART)
    assert [line for line in errors.splitlines() if "[owner-" in line or "[values-" in line or "[chart-" in line] == []
    code, output, _ = export(run, by_values(tmp_path, "rolled-back"), *WITH_CHART)
    assert (code, "the build is that of the base" in output) == (0, True)
    assert yaml.safe_load((top / "prod/rediskit/shop/values.yaml").read_bytes()) == {}


@pytest.mark.parametrize(
    ("settings", "snippet"), [({}, False), ({"valuesObject": {"redis": {"enabled": True}}}, True), ({"values": "a: 1\n"}, False)]
)
def test_an_application_takes_a_values_file_or_values_object(tmp_path: Path, run: Run, settings: Object, snippet: bool) -> None:
    """The values of an Application are in a file of the checkout; `values` and `valuesObject` win over it."""
    top = owner(tmp_path)
    (top / "values.yaml").write_text(dump(VALUES), encoding="utf-8")
    for step, line in LINES.items():
        code, output, errors = export(run, by_values(tmp_path, step, content=application(**settings)), *WITH_CHART)
        assert (code, [line for line in errors.splitlines() if "error" in line]) == (0, []), errors
        assert f"  {line}\n" in output, output
        todo = (
            "replace helm.valuesObject of"
            if snippet
            else "list prod/rediskit/shop/values.yaml of this repository once, as the last entry of helm.valueFiles"
        )
        assert f"to do: {todo}" in output
    assert (top / "prod/rediskit/shop/application-snippet.yaml").is_file() == snippet


def test_the_checkout_of_an_application_is_scanned(tmp_path: Path, run: Run) -> None:
    """The values of the base stay until the change is in it, so they are no certain use. Anything else in the checkout is."""
    top = owner(tmp_path)
    (top / "values.yaml").write_text(dump(VALUES), encoding="utf-8")
    content = application(values=dump({"controllers": {"web": {"containers": {"web": {"env": {"REDIS_HOST": "redis"}}}}}}))
    (top / "prod/application.yaml").write_text(dump(content), encoding="utf-8")
    config = by_values(tmp_path, "validate", content=content)
    for options, possible in ((WITH_CHART, 0), ((), 2)):
        code, output, errors = export(run, config, *options)
        assert (code, "error[" in errors) == (0, False), errors
        assert f"scan: 0 certain and {possible} possible uses of the old Redis" in output, (options, output, errors)
    evidence = yaml.safe_load((tmp_path / config).read_text())["clients"][0]["migration"]["evidence"]
    assert [(entry["kind"], entry["step"], entry["value"]) for entry in evidence][-1:] == [("scan", "validate", "0")]
    config = by_values(tmp_path, "validate", content=content)
    (top / "job.sh").write_text("redis-cli -h redis.shop.svc ping\n")
    code, _, errors = export(run, config)
    assert (code, "[old-redis-in-use]: File/owner/job.sh" in errors) == (1, True), errors
    (top / "job.sh").unlink()
    hook = {"migrate": {"enabled": True, "redis": "redis"}}
    (top / "values.yaml").write_text(dump(merged(VALUES, hook)), encoding="utf-8")
    code, _, errors = export(run, config, *WITH_CHART)
    assert (code, "[old-redis-in-use]: Job/shop-migrate" in errors) == (1, True), errors


def test_a_mapping_replaces_a_text_of_the_base(tmp_path: Path, run: Run) -> None:
    """A merge patch of kustomize fails there: `expected ScalarNode but got MappingNode`."""
    env = {"REDIS_PASSWORD": "none"}
    base = release(values={"controllers": {"web": {"containers": {"web": {"env": env}}}}})
    owner(tmp_path, base)
    code, output, errors = export(run, by_values(tmp_path, "reconfigure", content=base), *WITH_CHART)
    assert code == 0, errors
    assert f"{ENV}/REDIS_PASSWORD/value, {ENV}/REDIS_PASSWORD/valueFrom" in output


def test_a_base_that_gets_a_key_of_the_step_meanwhile_fails_the_build(tmp_path: Path, run: Run) -> None:
    own = {"controllers": {"web": {"containers": {"web": {"env": {"REDIS_PASSWORD": "none"}}}}}}
    top = owner(tmp_path, release(values=own))
    config, before = by_values(tmp_path, "reconfigure"), disk(top)
    code, _, errors = export(run, config)
    assert (
        code,
        "[owner-build]" in errors,
        "testing value /spec/values/controllers/web/containers/web/env/REDIS_PASSWORD failed" in errors,
    ) == (
        1,
        True,
        True,
    )
    assert disk(top) == before


WRONG: dict[str, tuple[Object, Object, str]] = {
    "a key that the chart does not read": (
        merged(OURS, {"stopped": {"controllers": {"web": {"replica": 0}}}}),
        {},
        "[values-unused]: the chart does not read controllers.web.replica of owner.values",
    ),
    "a list that drops an entry": (
        merged(OURS, {"switched": {"controllers": {"web": {"containers": {"web": {"args": ["--redis"]}}}}}}),
        {"controllers": {"web": {"containers": {"web": {"args": ["--port"]}}}}},
        "[values-list]: owner.values sets the list controllers.web.containers.web.args, which drops 1 entries of the base",
    ),
    "0 that becomes 1": (
        OURS,
        {"controllers": {"web": {"least": True}}},
        "[values-differ]: Deployment/shop-web, rendered with the values of scale-down, differs from the step at /spec/replicas",
    ),
    "another variable": (
        merged(OURS, {"stopped": {"controllers": {"web": {"containers": {"web": {"env": {"MODE": "maintenance"}}}}}}}),
        {},
        f"differs from the step at {ENV}/MODE/value",
    ),
    "another object": (
        merged(OURS, {"stopped": {"redis": {"enabled": False}}}),
        {},
        "[values-differ]: Deployment/redis, rendered with the values of scale-down, differs from the step at the whole object",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_values_with_another_effect_are_refused_and_nothing_is_written(tmp_path: Path, run: Run, case: str) -> None:
    values, base, message = WRONG[case]
    top = owner(tmp_path, release(values=base))
    config, before = by_values(tmp_path, "scale-down", values), disk(top)
    code, output, errors = export(run, config, *WITH_CHART)
    assert (code, output) == (1, ""), errors
    assert message in errors
    assert disk(top) == before
    code, _, errors = run("check", config, "--owner", "owner/prod", *WITH_CHART)
    assert (code, message in errors) == (1, True), errors


def test_a_reference_that_the_chart_sorts_behind_is_refused(tmp_path: Path, run: Run) -> None:
    """The chart sorts variables by name, and Kubernetes expands only what is above."""
    owner(tmp_path, release())
    urls = {"CACHE_URL": "redis://:$(REDIS_PASSWORD)@${address}", **VARIABLES}
    values = merged(OURS, {"switched": {"controllers": {"web": {"containers": {"web": {"env": urls}}}}}})
    env = {
        "CACHE_URL": "redis://:${password}@${address}",
        "REDIS_HOST": "${host}",
        "REDIS_PORT": "${port}",
        "REDIS_PASSWORD": "${password}",
    }
    workloads = [{"manifest": "chocolandia/web.yaml", "containers": {"web": {"env": env}}}]
    code, _, errors = export(run, by_values(tmp_path, "reconfigure", values, workloads=workloads), *WITH_CHART)
    assert code == 1
    assert "[values-order]: Deployment/shop-web: CACHE_URL of web uses $(REDIS_PASSWORD), which the chart renders after it" in errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"valueFiles": ["absent.yaml"]}, "the values of Application/shop in absent.yaml are not visible: it is not in the checkout"),
        ({"valueFiles": ["../outside.yaml"]}, "in ../outside.yaml are not visible: it is outside of the checkout"),
        ({"parameters": [{"name": "controllers.web.args[0]", "value": "a"}]}, "rediskit does not read an index into a list"),
    ],
)
def test_values_that_are_not_visible_are_an_error_with_the_chart(tmp_path: Path, run: Run, settings: Object, message: str) -> None:
    top = owner(tmp_path)
    (top / "values.yaml").write_text(dump(VALUES), encoding="utf-8")
    config = by_values(tmp_path, "scale-down", content=application(**settings))
    code, output, errors = export(run, config, *WITH_CHART)
    assert (code, output, message in errors) == (1, "", True), errors
    assert export(run, config)[0] == 0


def test_an_overlay_with_helm_charts_is_built_where_the_config_allows_it(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path)
    shutil.copytree(CHART, top / "prod/charts/app")
    chart = {"name": "app", "releaseName": "shop", "namespace": "shop", "valuesInline": VALUES}
    overlay = {"helmGlobals": {"chartHome": "charts"}, "helmCharts": [chart], "components": ["rediskit/shop"]}
    (top / "prod/kustomization.yaml").write_text(dump(overlay), encoding="utf-8")
    code, _, errors = export(run, at(tmp_path, "reconfigure", client={"owner": {"kind": "kustomize"}}))
    assert (code, "[owner-build]" in errors, "must specify --enable-helm" in errors) == (1, True, True), errors
    code, output, errors = export(run, at(tmp_path, "reconfigure", client={"owner": {"kind": "kustomize", "enableHelm": True}}))
    assert (code, LINES["reconfigure"] in output) == (0, True), errors


def test_the_variables_of_a_module_are_written_and_verified(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path)
    (top / "prod/variables.tf").write_text('variable "replicas" {}\nvariable "redis" {}\n')
    variables = {"stopped": {"replicas": 0}, "switched": {"redis": {"host": "${host}", "secret": "${secret.name}"}}}
    redis = {"redis": {"host": "redis-shared-master.redis.svc.cluster.local", "secret": "redis-credentials"}}
    wanted: dict[str, Object] = {
        "scale-down": {"replicas": 0},
        "reconfigure": {"replicas": 0, **redis},
        "validate": redis,
        "rolled-back": {},
    }
    for step, content in wanted.items():
        config = at(tmp_path, step, client={"owner": {"kind": "tfvars", "variables": variables}})
        code, output, errors = export(run, config)
        assert code == 0, errors
        assert "to do: link the file into the module, once:  ln -s rediskit/shop/shop.auto.tfvars.json owner/prod/" in output
        file = top / "prod/rediskit/shop/shop.auto.tfvars.json"
        assert json.loads(file.read_bytes()) == content
    assert (
        "[verification-missing]"
        in run("migrate", "advance", at(tmp_path, "scale-down", client={"owner": {"kind": "tfvars", "variables": variables}}))[2]
    )


def test_without_the_chart_the_values_are_written(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, release())
    code, output, _ = export(run, by_values(tmp_path, "scale-down"))
    assert (code, "HelmRelease/shop in shop: /spec/values/controllers/web/replicas" in output) == (0, True)
    assert yaml.safe_load((top / "prod/rediskit/shop/values.yaml").read_bytes()) == OURS["stopped"]


@pytest.mark.parametrize(("pointer", "codes"), [("/spec/replicas", ["owner-beaten"]), ("/metadata/labels", [])])
def test_an_application_that_ignores_the_replicas_is_an_error(pointer: str, codes: list[str], tmp_path: Path, run: Run) -> None:
    ignored = [{"group": "apps", "kind": "Deployment", "jsonPointers": [pointer]}]
    config = by_values(tmp_path, "prepare", content=merged(application(), {"spec": {"ignoreDifferences": ignored}}))
    findings = json.loads(run("check", config, "--json")[1])["findings"]
    beaten = [finding for finding in findings if finding["code"] == "owner-beaten"]
    assert [finding["code"] for finding in beaten] == codes
    assert all(finding["file"] == config and "ignoreDifferences[0] of Application/" in finding["message"] for finding in beaten)
