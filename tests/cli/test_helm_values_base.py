"""The own values of an application that Helm installs: they stay in the snippet, and the values of a step are no part of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rediskit.yamlio.writer import dump
from tests.cli.test_helm_owner import VALUES, owner, release
from tests.cli.test_helm_owner import run as run
from tests.cli.test_helm_values import LINES, OURS, WITH_CHART, application, by_values, export
from tests.conftest import Run
from tests.renderers.owner_build import Object
from tests.samples import merged

OWN = "prod/rediskit/shop/values.yaml"
SHARED = "redis-shared-master.redis.svc.cluster.local"
CHANGE: Object = {
    "controllers": {
        "web": {
            "containers": {
                "web": {
                    "env": {
                        "REDIS_HOST": SHARED,
                        "REDIS_PORT": "6379",
                        "REDIS_PASSWORD": {"valueFrom": {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}},
                    }
                }
            }
        }
    },
    "redis": {"enabled": False},
}
"""The values of `decommission`, as a person adds them to the base."""


@pytest.mark.parametrize("name", ["$values/prod/rediskit/shop/values.yaml", "prod/rediskit/shop/values.yaml"])
def test_the_listed_file_of_a_step_is_no_part_of_the_base(tmp_path: Path, run: Run, name: str) -> None:
    """Each step and the rollback replace the values of the one before, which have the shared Redis already."""
    top = owner(tmp_path)
    (top / "values.yaml").write_text(dump(VALUES), encoding="utf-8")
    content = application(valueFiles=["values.yaml", name])
    for step in (*LINES, "rolled-back"):
        code, output, errors = export(run, by_values(tmp_path, step, content=content), *WITH_CHART)
        assert (code, "error" in errors) == (0, False), (step, errors)
        assert "helm.valueFiles" not in output
    assert yaml.safe_load((top / OWN).read_bytes()) == {}


def test_a_file_that_is_listed_before_the_last_one_can_be_beaten(tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path)
    (top / "values.yaml").write_text(dump(VALUES), encoding="utf-8")
    content = application(valueFiles=["prod/rediskit/shop/values.yaml", "values.yaml"])
    code, _, errors = export(run, by_values(tmp_path, "scale-down", content=content), *WITH_CHART)
    assert (code, "/spec/replicas" in errors) == (1, True), errors


@pytest.mark.parametrize("beside", [{}, {"valuesObject": {"redis": {"enabled": True}}}])
def test_the_text_of_the_values_is_part_of_the_snippet_unless_argo_cd_ignores_it(tmp_path: Path, run: Run, beside: Object) -> None:
    top = owner(tmp_path)
    (top / "values.yaml").write_text(dump(VALUES), encoding="utf-8")
    text: Object = {"image": {"tag": "7"}, "redis": {"enabled": True}}
    code, output, errors = export(run, by_values(tmp_path, "scale-down", content=application(values=dump(text), **beside)), *WITH_CHART)
    assert code == 0, errors
    snippet = yaml.safe_load((top / "prod/rediskit/shop/application-snippet.yaml").read_bytes())
    own = beside.get("valuesObject", text)
    assert snippet["spec"]["source"]["helm"]["valuesObject"] == merged(own, OURS["stopped"])
    assert ("which contains helm.values" in output) == (not beside)


def test_a_text_that_is_no_mapping_is_an_error(tmp_path: Path, run: Run) -> None:
    owner(tmp_path)
    code, _, errors = run("check", by_values(tmp_path, "scale-down", content=application(values="- a\n")))
    assert (code, "helm.values of Application/shop contains no Helm values" in errors) == (2, True), errors


def folded(run: Run, config: str, *more: str) -> tuple[int, str, str]:
    return run("migrate", "record", config, "--client", "shop", "--folded", "--owner", "owner/prod", *more)


def test_the_base_of_a_helm_release_can_contain_the_change_already(tmp_path: Path, run: Run) -> None:
    """From decommission on, the Component still builds beside the changed base, and keeps what the base adds."""
    config, own = by_values(tmp_path, "decommission"), {"controllers": {"web": {"containers": {"web": {"env": {"LOG": "debug"}}}}}}
    top = owner(tmp_path, release())
    assert export(run, config)[0] == 0
    code, _, errors = folded(run, config)
    assert (code, "[owner-folded]" in errors) == (1, True), errors
    (top / "prod/object0.yaml").write_text(dump(release(values=merged(CHANGE, own))), encoding="utf-8")
    code, output, errors = folded(run, config)
    assert code == 0, (output, errors)
    code, output, errors = export(run, config)
    assert code == 0, errors
    assert "the build is that of the base" in output


@pytest.mark.parametrize("more", [(), WITH_CHART])
def test_the_values_of_an_application_show_whether_the_base_contains_the_change(tmp_path: Path, run: Run, more: tuple[str, ...]) -> None:
    top, config = owner(tmp_path), by_values(tmp_path, "decommission", content=application())
    (top / "values.yaml").write_text(dump(merged(VALUES, {**CHANGE, "redis": {"enabled": True}})), encoding="utf-8")
    code, _, errors = folded(run, config, *more)
    assert (code, "[owner-folded]" in errors, "redis" in errors) == (1, True, True), errors
    (top / "values.yaml").write_text(dump(merged(VALUES, CHANGE)), encoding="utf-8")
    assert folded(run, config, *more)[0] == 0
