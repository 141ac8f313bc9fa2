"""`rediskit check --base REV` and `rediskit diff --against REV`: what a change does to the Redis that is deployed at the revision."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rediskit.model.redis import Redis
from tests.cli.migrations import git
from tests.conftest import Run
from tests.samples import ROOT

HEAD = "name: lab\ngitops: {tool: argocd, repository: https://git.example.org/ops/lab.git}\n"
WAITS = """clients:
- name: shop
  namespace: shop
  workloads:
  - {kind: Deployment, name: shop, replicas: 1, containers: {app: {env: {REDIS_HOST: '${host}', REDIS_PASSWORD: '${password}'}}}}
  previous: {host: redis.shop.svc.cluster.local}
  migration: {step: prepare}
"""
LARGER = "redis: {storage: {size: 20Gi, class: longhorn}}\n"


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    (tmp_path / "config").mkdir()
    git(tmp_path, "init", "-q")
    monkeypatch.chdir(tmp_path)

    return run


def commit(folder: Path, text: str) -> None:
    write(folder, text)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "a config")


def write(folder: Path, text: str) -> None:
    (folder / "config/lab.yaml").write_text(HEAD + text, encoding="utf-8")


def codes(output: str, key: str = "findings") -> set[str]:
    return {finding["code"] for finding in json.loads(output)[key]} - {"frozen-image", "memory-headroom"}


def severities(output: str, code: str) -> set[str]:
    return {finding["severity"] for finding in json.loads(output)["findings"] if finding["code"] == code}


def test_a_change_that_loses_all_keys_is_an_error_at_its_line(run: Run, tmp_path: Path) -> None:
    commit(tmp_path, "redis: {appendOnly: false, savePoints: [900 1]}\n")
    write(tmp_path, "redis: {appendOnly: true}\n")
    code, _, errors = run("check", "--base", "HEAD")
    assert code == 1
    assert "config/lab.yaml:3:21: error[append-only-on]: redis.appendOnly: changes from false to true: Redis restarts empty" in errors
    assert run("render")[0] == 0, "render has no revision to compare with"
    assert run("check", "--base", "HEAD")[0] == 1


def test_an_immutable_field_is_an_error_until_its_new_value_is_accepted(run: Run, tmp_path: Path) -> None:
    commit(tmp_path, "")
    write(tmp_path, LARGER)
    run("render")
    code, output, _ = run("check", "--base", "HEAD", "--json")
    assert (code, codes(output)) == (1, {"volume-template"})
    on = [finding["on"] for finding in json.loads(output)["findings"] if finding["code"] == "volume-template"]
    assert on == [["redis.storage.class=longhorn"], ["redis.storage.size=20Gi"]]
    storage_class, size = ("- {code: volume-template, on: " + names[0] + ", reason: grown by hand}\n" for names in on)
    write(tmp_path, f"{LARGER}accept:\n{size}")
    assert run("check", "--base", "HEAD")[0] == 1
    write(tmp_path, f"{LARGER}accept:\n{size}{storage_class}")
    code, output, _ = run("check", "--base", "HEAD", "--json")
    assert (code, codes(output)) == (0, set())
    write(tmp_path, f"{LARGER.replace('20Gi', '30Gi')}accept:\n{size}{storage_class}")
    run("render")
    code, output, _ = run("check", "--base", "HEAD", "--json")
    assert (code, codes(output)) == (1, {"volume-template", "accept-unused"})


def test_an_entry_for_a_change_is_not_unused_where_no_revision_is_compared(run: Run, tmp_path: Path) -> None:
    commit(tmp_path, "accept:\n- {code: volume-template, on: redis.storage.size=20Gi, reason: grown by hand}\n")
    assert codes(run("check", "--json")[1]) == set()
    assert codes(run("check", "--base", "HEAD", "--json")[1]) == {"accept-unused"}


def test_a_release_that_is_not_deployed_may_change(run: Run, tmp_path: Path) -> None:
    commit(tmp_path, WAITS)
    write(tmp_path, LARGER + WAITS)
    run("render")
    assert codes(run("check", "--base", "HEAD", "--json")[1]) & {"volume-template"} == set()
    commit(tmp_path, WAITS.replace("{step: prepare}", "{step: deploy, order: deploy-first}"))
    write(tmp_path, LARGER + WAITS.replace("{step: prepare}", "{step: deploy, order: deploy-first}"))
    assert "volume-template" in codes(run("check", "--base", "HEAD", "--json")[1])


def test_a_release_that_leaves_the_tree_is_reported(run: Run, tmp_path: Path) -> None:
    commit(tmp_path, "clients: [{name: web, namespace: web}]\n")
    write(tmp_path, WAITS)
    run("render")
    code, output, _ = run("check", "--base", "HEAD", "--json")
    assert (code, severities(output, "release-leaves")) == (1, {"error"}), "web uses the deployed Redis"
    write(tmp_path, "clients:\n- {name: web, namespace: web}\n" + WAITS.removeprefix("clients:\n"))
    assert "release-leaves" not in codes(run("check", "--base", "HEAD", "--json")[1])


def test_a_release_without_a_client_that_uses_it_leaves_with_a_warning(run: Run, tmp_path: Path) -> None:
    at_deploy = WAITS.replace("{step: prepare}", "{step: deploy, order: deploy-first}")
    commit(tmp_path, at_deploy)
    write(tmp_path, WAITS)
    run("render")
    assert severities(run("check", "--base", "HEAD", "--json")[1], "release-leaves") == {"warning"}


def test_diff_describes_the_effect_of_each_change(run: Run, tmp_path: Path) -> None:
    commit(tmp_path, "")
    write(tmp_path, LARGER)
    code, output, errors = run("diff", "--against", "HEAD")
    assert code == 1
    assert "[volume-template]" in errors
    assert "volumeClaimTemplates" not in output
    assert codes(run("diff", "--against", "HEAD", "--json")[1], "effects") == {"volume-template"}
    assert "* **error** <code>redis.storage.size</code>" in run("diff", "--against", "HEAD", "--markdown")[1]
    assert "volume-template" not in run("diff")[2]


DEFAULT = Redis()
VERSION, TAG = DEFAULT.chart.version, DEFAULT.image.tag


@pytest.mark.parametrize("tool", ["argocd", "flux"])
def test_another_default_of_another_version_is_an_error(tool: str, run: Run, tmp_path: Path) -> None:
    """The config sets neither image nor chart: both revisions have the defaults of this version."""
    file = tmp_path / "config/lab.yaml"
    file.write_text(HEAD.replace("argocd", tool), encoding="utf-8")
    run("render")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "rendered")
    assert codes(run("check", "--base", "HEAD", "--json")[1]) == set()
    replaced = 0
    for path in (tmp_path / "rendered").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        older = text.replace(VERSION, "0.0.1").replace(TAG, "8.0.0-debian")
        replaced += older != text
        path.write_text(older, encoding="utf-8")
    assert replaced >= 2
    git(tmp_path, "commit", "-qam", "what another version rendered")
    run("render", "--force")
    code, _, errors = run("check", "--base", "HEAD")
    assert (code, "error[defaults-changed]: redis: this version of rediskit changes defaults" in errors) == (1, True), errors
    assert f"image.tag 8.0.0-debian to {TAG}" in errors
    assert f"chart 0.0.1 to {VERSION}" in errors
    accepted = "accept:\n- {code: defaults-changed, on: lab, reason: read the release notes}\n"
    file.write_text(HEAD.replace("argocd", tool) + accepted, encoding="utf-8")
    run("render")
    assert run("check", "--base", "HEAD")[0] == 0


def test_a_config_that_did_not_load_is_not_passed_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config/lab.yaml").write_text(HEAD + "redis: {nosuchkey: 1}\n", encoding="utf-8")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "broken")
    write(tmp_path, "")
    run("render")
    code, output, _ = run("check", "--base", "HEAD", "--json")
    assert (code, codes(output)) == (1, {"base-unreadable"})
    write(tmp_path, "accept:\n- {code: base-unreadable, on: lab, reason: the first config that loads}\n")
    assert run("check", "--base", "HEAD")[0] == 0


def test_the_certificate_of_the_revision_is_read_from_it(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "config/lab"
    folder.mkdir()
    shutil.copy(ROOT / "config/chocolandia/sealing.crt", folder)
    sealed = "secrets: {mode: sealed-secrets, certificate: lab/sealing.crt}\n"
    write(tmp_path, sealed)
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "sealed")
    (folder / "sealing.crt").unlink()
    write(tmp_path, "secrets: {mode: manual}\n" + LARGER)
    run("render")
    reported = codes(run("check", "--base", "HEAD", "--json")[1])
    assert {"secret-source", "volume-template"} <= reported


@pytest.mark.parametrize("name", ["lab", "home"])
def test_a_config_that_is_moved_is_reported_also_with_another_name(name: str, run: Run, tmp_path: Path) -> None:
    """A new config with a new release beside the old volumes: the old Redis stays without an owner, and its clients get an empty one."""
    commit(tmp_path, "")
    (tmp_path / "clusters").mkdir()
    git(tmp_path, "mv", "config/lab.yaml", f"clusters/{name}.yaml")
    moved = tmp_path / f"clusters/{name}.yaml"
    moved.write_text(f"{HEAD}redis: {{release: other, namespace: other}}\n".replace("name: lab", f"name: {name}"))
    assert run("render", str(moved), "--output", "rendered")[0] == 0
    code, output, _ = run("check", str(moved), "--output", "rendered", "--base", "HEAD", "--json")
    assert (code, codes(output)) == (1, {"config-gone"})
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "moved")
    assert run("check", str(moved), "--output", "rendered", "--base", "HEAD")[0] == 0


def test_a_config_that_is_gone_is_reported_once_while_its_redis_is_deployed(run: Run, tmp_path: Path) -> None:
    other = HEAD.replace("lab", "edge")
    for name in ("edge", "far"):
        (tmp_path / f"config/{name}.yaml").write_text(other.replace("edge", name), encoding="utf-8")
    commit(tmp_path, "")
    run("render")
    assert codes(run("check", "--base", "HEAD", "--json")[1]) & {"config-gone"} == set()
    git(tmp_path, "mv", "config/lab.yaml", "config/new.yaml")
    (tmp_path / "config/new.yaml").write_text(HEAD.replace("lab", "new"), encoding="utf-8")
    run("render")
    code, output, _ = run("check", "--base", "HEAD", "--json")
    gone = [finding for finding in json.loads(output)["findings"] if finding["code"] == "config-gone"]
    assert (code, [finding["on"] for finding in gone]) == (1, [["lab"]])
    assert "config/lab.yaml at HEAD is deleted" in gone[0]["message"]
    accepted = "accept:\n- {code: config-gone, on: lab, reason: its objects were followed by hand}\n"
    (tmp_path / "config/edge.yaml").write_text(other + accepted, encoding="utf-8")
    assert "config-gone" not in codes(run("check", "--base", "HEAD", "--json")[1])


def test_a_config_that_is_moved_is_not_compared_in_silence(run: Run, tmp_path: Path) -> None:
    commit(tmp_path, "redis: {appendOnly: false, savePoints: [900 1]}\n")
    (tmp_path / "envs").mkdir()
    git(tmp_path, "mv", "config/lab.yaml", "envs/lab.yaml")
    (tmp_path / "envs/lab.yaml").write_text(HEAD, encoding="utf-8")
    run("render", "envs/lab.yaml")
    code, _, errors = run("check", "envs/lab.yaml", "--base", "HEAD")
    assert code == 1
    assert "config/lab.yaml at HEAD is now envs/lab.yaml" in errors


def test_a_config_without_a_deployed_redis_may_go(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config/edge.yaml").write_text(HEAD.replace("lab", "edge"), encoding="utf-8")
    commit(tmp_path, WAITS)
    (tmp_path / "config/lab.yaml").unlink()
    run("render")
    assert "config-gone" not in codes(run("check", "--base", "HEAD", "--json")[1])
