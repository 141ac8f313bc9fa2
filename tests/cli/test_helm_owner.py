"""`migrate export`, `check --owner` and `record --installed` for an application that Helm installs, with the real Helm and kustomize."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.helm import chart_at
from rediskit.migrate.owner.chart import template
from rediskit.model.helm_install import helm_install
from rediskit.yamlio.writer import dump
from tests.cli.cluster_double import SHOWS_THE_CLUSTER
from tests.cli.test_export import disk
from tests.conftest import Run
from tests.renderers.owner_build import Object
from tests.samples import VARIABLES, config, loaded, merged

CHART = Path(__file__).parent.parent / "app_chart"
VALUES: dict[str, Any] = {
    "controllers": {
        "web": {
            "replicas": 2,
            "containers": {"web": {"image": "web:1", "env": {"MODE": "production", "REDIS_HOST": "redis", "REDIS_PORT": 6379}}},
        }
    }
}
ENV = "/spec/template/spec/containers/web/env"


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kustomize: Path, helm: Path) -> Run:
    """Return the command in this process, in a folder with a config beside the checkout `owner`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    monkeypatch.setenv("HELM", str(helm))
    return run


def release(over: Object | None = None, values: Object | None = None) -> Object:
    """Return the HelmRelease of the application."""
    chart = {"spec": {"chart": "app", "version": "1.2.3", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}}
    content = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "shop", "namespace": "shop"},
        "spec": {"interval": "10m", "chart": chart, "values": merged(VALUES, values or {})},
    }
    return merged(content, over or {})


def owner(folder: Path, *objects: Object) -> Path:
    """Return a checkout with the HelmRelease, and the Component in its list."""
    top = folder / "owner"
    for name in (".git", "prod"):
        (top / name).mkdir(parents=True, exist_ok=True)
    for index, content in enumerate(objects):
        (top / f"prod/object{index}.yaml").write_text(dump(content), encoding="utf-8")
    overlay = {"resources": [f"object{index}.yaml" for index, _ in enumerate(objects)], "components": ["rediskit/shop"]}
    (top / "prod/kustomization.yaml").write_text(dump(overlay), encoding="utf-8")
    return top


def at(folder: Path, step: str, over: Object | None = None, content: Object | None = None, client: Object | None = None) -> str:
    """Return a config at a step. over: changes of the HelmRelease in the config; content: another object; client: sections."""
    (folder / "chocolandia").mkdir(exist_ok=True)
    objects = template(chart_at(str(CHART)), helm_install(release()), VALUES, "shop")
    (workload,) = (obj for obj in objects if obj["metadata"]["name"] == "shop-web")
    (folder / "chocolandia/web.yaml").write_text(dump(workload), encoding="utf-8")
    sections = {
        "name": "shop",
        "namespace": "shop",
        "workloads": [{"manifest": "chocolandia/web.yaml", "containers": {"web": {"env": VARIABLES}}}],
        "previous": {"host": "redis", "remove": ["Deployment/redis", "Service/redis"], "data": "none"},
        "owner": {"kind": "flux-helmrelease", "baseNamespace": False, "release": "chocolandia/release.yaml"},
        "migration": config(step)["clients"][0]["migration"],
    }
    loaded(folder, step, over={"gitops": {"tool": "flux"}, "clients": [{**sections, **(client or {})}]}, release=content or release(over))
    return "chocolandia.yaml"


def exported(run: Run, folder: Path, step: str, *more: str) -> tuple[int, str, str]:
    return run("migrate", "export", at(folder, step), "--to", "owner/prod", *more)


@pytest.mark.parametrize("chart", [(), ("--chart", str(CHART))], ids=["manifests", "chart"])
def test_each_step_changes_the_release_and_the_rendered_workload(tmp_path: Path, run: Run, chart: tuple[str, ...]) -> None:
    top = owner(tmp_path, release())
    switched = f"Deployment/shop-web: {ENV}/REDIS_HOST/value, {ENV}/REDIS_PASSWORD"
    both = f"Deployment/shop-web: /spec/replicas, {ENV}/REDIS_HOST/value, {ENV}/REDIS_PASSWORD"
    lines = {"scale-down": "Deployment/shop-web: /spec/replicas", "reconfigure": both, "scale-up": switched, "decommission": switched}
    for step, line in lines.items():
        code, output, errors = exported(run, tmp_path, step, *chart)
        assert (code, [line for line in errors.splitlines() if "error" in line]) == (0, []), step
        assert f"  {line}\n" in output
        assert "  HelmRelease/shop in shop: /spec/postRenderers\n" in output
        assert ("  Deployment/redis: gone\n" in output) == (step == "decommission" and bool(chart))
    code, output, _ = exported(run, tmp_path, "rolled-back", *chart)
    assert (code, "the build is that of the base" in output) == (0, True)
    written = yaml.safe_load((top / "prod/rediskit/shop/kustomization.yaml").read_bytes())
    assert written["patches"] == []


WRONG: dict[str, tuple[Object | None, Object | None, tuple[str, ...], int, str]] = {
    "it is not in the build": ({"metadata": {"name": "other"}}, None, (), 1, "[owner-workload]: HelmRelease/shop is not in the build"),
    "suspended": ({"spec": {"suspend": True}}, None, (), 1, "[release-settings]: HelmRelease/shop is suspended: no step has an effect"),
    "rolled back by itself": (
        {"spec": {"upgrade": {"remediation": {"retries": 3}}}},
        None,
        (),
        1,
        "[release-settings]: HelmRelease/shop has upgrade.remediation with strategy rollback: after a failed upgrade, helm-controller",
    ),
    "drift of replicas": (
        {"spec": {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/spec/replicas"]}]}}},
        None,
        (),
        1,
        "[release-settings]: HelmRelease/shop ignores drift of /spec/replicas",
    ),
    "another cluster": ({"spec": {"kubeConfig": {"secretRef": {"name": "x"}}}}, None, (), 1, "installs into another cluster (kubeConfig)"),
    "another namespace": ({"spec": {"targetNamespace": "web"}}, None, (), 1, "installs into namespace web, and the client is in shop"),
    "a range": ({"spec": {"chart": {"spec": {"version": "1.x"}}}}, None, (), 1, "has the chart version 1.x, a range"),
    "another version": (
        {"spec": {"chart": {"spec": {"version": "1.3.0"}}}},
        None,
        (),
        1,
        "[release-chart]: HelmRelease/shop installs app 1.3.0, and chocolandia/release.yaml has 1.2.3",
    ),
    "a post-renderer since": (
        {"spec": {"postRenderers": [{"kustomize": {"images": [{"name": "web", "newTag": "2"}]}}]}},
        None,
        (),
        1,
        "[owner-release]: HelmRelease/shop has postRenderers in the build of owner/prod, unlike chocolandia/release.yaml",
    ),
    "a container before": (
        None,
        {"controllers": {"web": {"containers": {"a": {"image": "a:1"}}}}},
        ("--chart", str(CHART)),
        1,
        "[chart-template]: the post-renderers of the HelmRelease fail",
    ),
    "other replicas": (
        None,
        {"controllers": {"web": {"containers": {"web": {"env": {"REDIS_HOST": {"bad": {"a": 1}}}}}}}},
        ("--chart", str(CHART / "templates")),
        2,
        "is not a chart: ",
    ),
    "values of a Secret": (
        {"spec": {"valuesFrom": [{"kind": "Secret", "name": "shop"}]}},
        None,
        ("--chart", str(CHART)),
        1,
        "[values-hidden]: the values of HelmRelease/shop in Secret/shop are not visible: a Secret is not readable",
    ),
    "a chart that fails": (
        None,
        {"controllers": {"web": "text"}},
        ("--chart", str(CHART)),
        1,
        "[chart-template]: chart app 1.2.3 of HelmRelease/shop is not rendered",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_release_that_does_not_fit_is_refused_and_nothing_is_written(tmp_path: Path, run: Run, case: str) -> None:
    over, values, options, expected, message = WRONG[case]
    top = owner(tmp_path, release(over, values))
    before = disk(top)
    code, output, errors = exported(run, tmp_path, "scale-down", *options)
    assert (code, output) == (expected, ""), errors
    assert message in errors
    assert "help: " in errors
    assert disk(top) == before


def test_check_builds_each_step_and_reports_a_hook_that_uses_the_old_redis(tmp_path: Path, run: Run) -> None:
    owner(tmp_path, release())
    check = ("check", at(tmp_path, "prepare"), "--owner", "owner/prod", "--chart", str(CHART), "--output", "out")
    run("render", "chocolandia.yaml", "--output", "out")
    code, _, errors = run(*check)
    assert (code, "old-redis-in-use" in errors) == (0, False), errors
    owner(tmp_path, release(values={"migrate": {"enabled": True, "redis": "redis"}}))
    _, _, errors = run(*check)
    assert "[old-redis-in-use]: Job/shop-migrate" in errors
    owner(tmp_path, release({"spec": {"suspend": True}}))
    code, _, errors = run("check", at(tmp_path, "scale-down"), *check[2:])
    assert code == 1
    assert "owner/prod/object0.yaml:1:1: error[release-settings]: HelmRelease/shop is suspended" in errors


def test_values_come_in_the_order_of_flux(tmp_path: Path, run: Run) -> None:
    """`values` wins over `valuesFrom`, and a later entry of `valuesFrom` over an earlier one."""
    texts = {
        "one": dump({"controllers": {"web": {"replicas": 5}}}),
        "two": dump({"controllers": {"web": {"containers": {"web": {"image": "web:9"}}}}}),
    }
    maps = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"values.yaml": text}} for name, text in texts.items()
    ]
    sources = [{"kind": "ConfigMap", "name": name} for name in texts] + [{"kind": "ConfigMap", "name": "absent", "optional": True}]
    owner(tmp_path, release({"spec": {"valuesFrom": sources}}), *maps)
    code, output, errors = exported(run, tmp_path, "scale-down", "--chart", str(CHART), "--json")
    assert code == 0, errors
    assert {"kind": "Deployment", "namespace": None, "name": "shop-web", "pointers": ["/spec/replicas"]} in json.loads(output)["objects"]


def kubectl(folder: Path, content: Object | None) -> str:
    """Write a program in the place of kubectl that prints an object."""
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{SHOWS_THE_CLUSTER}\ncat <<'EOF'\n{json.dumps(content) if content else ''}\nEOF\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_scale_down_needs_the_live_release(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file, time = at(tmp_path, "prepare"), ("--at", "2026-03-01T22:00:00-03:00")
    code, _, errors = run("migrate", "advance", file, "--override", "a test", *time)
    assert code == 1
    assert "[release-unread]: clients[0].migration.evidence: shop: HelmRelease/shop was not read in the cluster at prepare" in errors
    live = {**release(), "status": {"history": [{"chartVersion": "1.2.3"}, {"chartVersion": "1.2.2"}]}}
    wrong: tuple[tuple[Object | None, str], ...] = (
        (None, "HelmRelease/shop does not exist in namespace shop"),
        (release(), "HelmRelease/shop has installed no chart yet"),
        (merged(live, {"spec": {"suspend": True}}), "HelmRelease/shop is suspended"),
        ({**live, "status": {"history": [{"chartVersion": "1.2.2"}]}}, "has installed chart version 1.2.2, and owner.release has 1.2.3"),
        (merged(live, {"spec": {"postRenderers": []}}), "the live HelmRelease/shop has postRenderers, unlike owner.release"),
    )
    text = (tmp_path / file).read_text()
    for content, message in wrong:
        monkeypatch.setenv("KUBECTL", kubectl(tmp_path, content))
        code, output, errors = run("migrate", "record", file, "--installed", *time)
        assert (code, output, message in errors) == (1, "", True), errors
        assert (tmp_path / file).read_text() == text
    monkeypatch.setenv("KUBECTL", kubectl(tmp_path, live))
    assert run("migrate", "record", file, "--installed", *time)[0] == 0
    assert "kind: installed, step: prepare" in (tmp_path / file).read_text()
    assert run("migrate", "advance", file, "--override", "a test", *time)[0] == 0
    (tmp_path / "chocolandia/release.yaml").write_text(dump(release({"spec": {"chart": {"spec": {"version": "1.3.0"}}}})), encoding="utf-8")
    code, _, errors = run("check", file, "--output", "out")
    assert "[release-chart]: clients[0].owner.release: HelmRelease/shop installs chart version 1.3.0, and 1.2.3 was installed" in errors
