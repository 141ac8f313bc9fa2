"""`rediskit migrate step` with the other kinds of application repository: what it exports, commits and leaves to a person."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.helm import chart_at
from rediskit.migrate.edit import put_in_place
from rediskit.migrate.evidence import appended, entry
from rediskit.migrate.owner.chart import template
from rediskit.model.helm_install import helm_install
from rediskit.source.loader import load
from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.cli.migrations import READY, write
from tests.cli.test_helm_owner import CHART, VALUES
from tests.cli.test_step import AT, CONFIG, TO, Place
from tests.conftest import Run
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import EVIDENCE, OBSERVED, backend, helm_application, helm_release, merged

HOST = "redis-shared-master.redis.svc.cluster.local"
REFERENCE = {"valueFrom": {"secretKeyRef": {"name": "${secret.name}", "key": "${secret.key}"}}}
ENV = {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": REFERENCE}
BY_VALUES = {
    "stopped": {"controllers": {"web": {"replicas": 0}}},
    "switched": {"controllers": {"web": {"containers": {"web": {"env": ENV}}}}},
    "removed": {"redis": {"enabled": False}},
}
LISTED = {"helm": {"valueFiles": ["$values/prod/values.yaml", "$values/prod/rediskit/beersystem/values.yaml"]}}


def chart_release() -> Object:
    """Return the HelmRelease of the test chart, in the namespace of the client."""
    return helm_release({"spec": {"values": VALUES}})


def rendered() -> Object:
    """Return the workload that the test chart renders."""
    objects = template(chart_at(str(CHART)), helm_install(chart_release()), VALUES, "beersystem")
    (workload,) = (content for content in objects if content["metadata"]["name"] == "shop-web")
    return workload


class Kind:
    """An application repository of one kind, with its section of the config."""

    def __init__(self, section: Object, *objects: Object, listed: bool = True, release: Object | None = None, **client: Any) -> None:
        self.section, self.objects, self.listed, self.release, self.client = section, objects, listed, release, client


KINDS: dict[str, Kind] = {
    "flux-helmrelease": Kind(
        {"kind": "flux-helmrelease", "baseNamespace": False, "release": "chocolandia/release.yaml"},
        chart_release(),
        release=chart_release(),
    ),
    "helm-values of a HelmRelease": Kind(
        {"kind": "helm-values", "release": "chocolandia/release.yaml", "values": BY_VALUES}, chart_release(), release=chart_release()
    ),
    "helm-values of an Application": Kind(
        {"kind": "helm-values", "release": "chocolandia/release.yaml", "values": BY_VALUES},
        listed=False,
        release=merged(helm_application(), {"spec": {"source": LISTED}}),
    ),
    "tfvars": Kind(
        {"kind": "tfvars", "variables": {"stopped": {"replicas": 0}, "switched": {"host": "${host}"}, "removed": {"old": False}}},
        listed=False,
    ),
    "external": Kind({"kind": "external"}, listed=False),
}


class Application(Place):
    """The two clones of `Place`, with an application repository of another kind."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
        super().__init__(folder, monkeypatch)
        self.kind = kind
        self.configure("prepare", **READY)
        for file in (self.owner.folder / "base").glob("*.yaml"):
            file.unlink()
        owner(folder, *(kind.objects or (backend(), *OLD_REDIS)), listed=kind.listed)
        (self.owner.folder / "prod/values.yaml").write_text(dump(VALUES), encoding="utf-8")
        (self.owner.folder / "prod/variables.tf").write_text("".join(f'variable "{name}" {{}}\n' for name in ("replicas", "host", "old")))

    def configure(self, step: str, **migration: Any) -> None:
        """Write the config of the client."""
        folder = self.here.folder / "config"
        (folder / "chocolandia").mkdir(exist_ok=True)
        (folder / "chocolandia/web.yaml").write_text(dump(rendered()), encoding="utf-8")
        client: dict[str, Any] = {"owner": self.kind.section}
        if self.kind.release:
            container = {"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}
            client["workloads"] = [{"manifest": "chocolandia/web.yaml", "containers": {"web": container}}]
        write(folder, {"step": step, **migration})
        data = yaml.safe_load((self.here.folder / CONFIG).read_text())
        data["clients"][0] |= client
        data["gitops"] |= {"tool": "flux"} if self.kind.release and self.kind.release["kind"] == "HelmRelease" else {}
        (folder / "chocolandia/release.yaml").write_text(dump(self.kind.release or helm_release()), encoding="utf-8")
        (self.here.folder / CONFIG).write_text(yaml.safe_dump(data, sort_keys=False, width=1000), encoding="utf-8")

    def start(self, run: Run) -> None:
        """Render, export what changes nothing, commit and push."""
        assert run("render", CONFIG)[0] == 0
        if self.kind.section["kind"] != "external":
            code, _, errors = run("migrate", "export", CONFIG, "--to", "../owner/prod")
            assert code == 0, errors
        (self.here.folder / ".gitignore").write_text(".rediskit.local.yaml\n")
        (self.here.folder / ".rediskit.local.yaml").write_text("checkouts: {beersystem: ../owner/prod}\n")
        for repository in (self.here, self.owner):
            repository.commit({})
            repository.git("push", "--quiet", "--set-upstream", "origin", "main")

    def content(self) -> Any:
        """Return what the application repository has of the step, as a person or a program reads it."""
        folder = self.owner.folder / "prod/rediskit/beersystem"
        for name in ("values.yaml", "kustomization.yaml", "beersystem.auto.tfvars.json"):
            if (folder / name).exists():
                return yaml.safe_load((folder / name).read_text())
        return None


@pytest.fixture(params=KINDS)
def application(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, helm: Path, run: Run
) -> Application:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    monkeypatch.setenv("HELM", str(helm))
    owner = Application(tmp_path, monkeypatch, KINDS[request.param])
    owner.start(run)
    return owner


def evidence(place: Application, kind: str, step: str, **more: str) -> None:
    """Append evidence to the config, as the commands that read the cluster write it, and commit."""
    environment = load(CONFIG)
    client = environment.clients[0]
    migration = client.migration
    assert migration is not None
    assert migration.step == step
    put_in_place(appended(environment, client, [entry(kind, migration, AT, by="measured", **more)])[0])
    place.here.commit({})
    place.here.git("push", "--quiet")


def ready(place: Application, step: str) -> None:
    """Record what a person records before a step."""
    kind = place.kind.section["kind"]
    if step == "scale-down" and place.kind.release and place.kind.release["kind"] == "HelmRelease":
        evidence(place, "installed", "prepare", value="1.2.3", source="HelmRelease/shop")
    if step in ("deploy", "scale-up", "validate") and kind in ("helm-values", "tfvars", "external"):
        evidence(place, "verified", place.step(), source="cluster 1", digest=f"sha256:{'0' * 64}")


def test_each_step_and_the_rollback(application: Application, run: Run) -> None:
    """One command per step. What a person still has to do is in its output, and the same command then completes the step."""
    kind = application.kind.section["kind"]
    start = application.content()
    by_hand = kind in ("tfvars", "external")
    for step in ("scale-down", "deploy", "reconfigure", "scale-up", "validate"):
        ready(application, step)
        before = application.owner.git("rev-parse", "HEAD")
        code, output, errors = run(*TO, step, "--push", "--json")
        assert code == 0, (step, output, errors)
        document = json.loads(output)
        changes = step in ("scale-down", "reconfigure", "scale-up")
        assert (application.step(), application.remote("here")) == (step, f"beersystem: {step}")
        exported = changes and kind != "external"
        assert (application.owner.git("rev-parse", "HEAD") != before) == exported, step
        assert application.remote("owner") == (f"beersystem: {step}" if exported else application.owner.git("log", "-1", "--format=%s"))
        assert bool(document["todo"]) == (by_hand and changes), (step, document)
        assert application.owner.git("status", "--porcelain") == ""
        if changes and kind != "external":
            assert application.content() != start
        assert json.loads(run(*TO, step, "--push", "--json")[1])["continued"], "the same command takes no second step"
    code, _, errors = run("migrate", "rollback", CONFIG, "--at", AT, "--reason", "logins fail")
    assert code == 0, errors
    code, _, errors = run(*TO, "rolled-back", "--push")
    assert code == 0, errors
    assert application.content() == start
    assert application.owner.git("status", "--porcelain") == ""


def test_the_next_step_waits_for_a_verification_where_nothing_builds_the_application(application: Application, run: Run) -> None:
    ready(application, "scale-down")
    assert run(*TO, "scale-down", "--push")[0] == 0
    before = application.state()
    code, _, errors = run(*TO, "deploy", "--push")
    if application.kind.section["kind"] == "flux-helmrelease":
        assert code == 0, errors
        return
    assert (code, "error[verification-missing]" in errors, application.state()) == (1, True, before), errors


def test_the_chart_of_the_application_is_rendered_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, helm: Path, run: Run
) -> None:
    """A key that the chart does not read stops nothing: with `--chart`, the step is refused."""
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    monkeypatch.setenv("HELM", str(helm))
    values = {**BY_VALUES, "stopped": {"controllers": {"web": {"replicaCount": 0}}}}
    for name in ("helm-values of a HelmRelease", "helm-values of an Application"):
        kind = KINDS[name]
        changed = Kind({**kind.section, "values": values}, *kind.objects, listed=kind.listed, release=kind.release)
        place = Application(tmp_path / name.replace(" ", "-"), monkeypatch, changed)
        place.start(run)
        ready(place, "scale-down")
        before = place.state()
        code, _, errors = run(*TO, "scale-down", "--push", "--chart", str(CHART))
        assert (code, "error[values-unused]" in errors, place.state()) == (1, True, before), errors
        code, output, errors = run(*TO, "scale-down", "--chart", str(CHART.parent))
        assert (code, output, "is not a chart" in errors, place.state()) == (2, "", True, before), errors
        code, output, _ = run(*TO, "scale-down", "--push")
        assert code == 0, "without the chart nothing shows it: the verification does"
        assert "--chart" not in output


def test_the_values_file_has_to_be_listed_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    kind = KINDS["helm-values of an Application"]
    later = merged(helm_application(), {"spec": {"source": {"helm": {"valueFiles": [*LISTED["helm"]["valueFiles"], "late.yaml"]}}}})
    place = Application(tmp_path, monkeypatch, Kind(kind.section, listed=False, release=later))
    place.start(run)
    code, output, errors = run(*TO, "scale-down", "--push")
    assert code == 0, errors
    assert "to do: list prod/rediskit/beersystem/values.yaml of this repository once, as the last entry of helm.valueFiles" in output


def test_the_link_of_a_module_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    place = Application(tmp_path, monkeypatch, KINDS["tfvars"])
    place.start(run)
    _, output, _ = run(*TO, "scale-down", "--push")
    module = place.owner.folder / "prod"
    assert f"to do: link the file into the module, once:  ln -s rediskit/beersystem/beersystem.auto.tfvars.json {module}/" in output
    assert f"to do: run tofu plan and tofu apply in {module}" in output
    (place.owner.folder / "prod/beersystem.auto.tfvars.json").symlink_to("rediskit/beersystem/beersystem.auto.tfvars.json")
    place.owner.commit({})
    place.owner.git("push", "--quiet")
    for step in ("deploy", "reconfigure"):
        evidence(place, "verified", place.step(), source="cluster 1", digest=f"sha256:{'0' * 64}")
        code, output, errors = run(*TO, step, "--push")
        assert code == 0, errors
    assert "to do: run tofu plan" in output
    assert "link the file" not in output


LATER = "2026-03-03T09:00:00-03:00"
DECOMMISSION = ("migrate", "step", CONFIG, "--at", LATER, "--to", "decommission", "--confirm-irreversible", "--push")


def validating(folder: Path, monkeypatch: pytest.MonkeyPatch, run: Run, kind: Kind, *scans: Object) -> Application:
    """Return an application after its validation, with the evidence of scans."""
    place = Application(folder, monkeypatch, kind)
    observed = [entry for entry in OBSERVED if entry["kind"] != "scan"]
    history = [{"step": step, "at": f"2026-03-01T22:0{minute}:00-03:00"} for minute, step in enumerate(("scale-up", "validate"))]
    place.configure("validate", history=history, validation=EVIDENCE, evidence=[*observed, *scans])
    place.start(run)
    return place


def test_decommission_takes_the_recorded_scan_where_there_is_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    place = validating(tmp_path, monkeypatch, run, KINDS["external"])
    (place.here.folder / ".rediskit.local.yaml").unlink()
    before = place.state()
    code, _, errors = run(*DECOMMISSION)
    assert (code, "error[scan-missing]" in errors, place.state()) == (1, True, before), errors
    words = ("migrate", "scan", CONFIG, "--at", LATER, "--observed", "asked every team", "--record")
    assert run(*words)[0] == 0
    code, _, errors = run(*DECOMMISSION)
    assert (code, place.remote("here")) == (0, "beersystem: decommission"), errors
    assert "the word of a person at 2026-03-03T09:00:00-03:00: 0 certain uses (asked every team)" in errors


def test_decommission_scans_a_checkout_that_is_known_in_spite_of_the_word_of_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    word = {"kind": "scan", "step": "validate", "at": LATER, "value": "0", "note": "asked every team"}
    place = validating(tmp_path, monkeypatch, run, KINDS["external"], word)
    place.owner.commit({"prod/job.sh": "redis-cli -h redis.beersystem.svc.cluster.local ping\n"})
    place.owner.git("push", "--quiet")
    before = place.state()
    code, _, errors = run(*DECOMMISSION)
    assert (code, "error[scan-in-use]" in errors, place.state()) == (1, True, before), errors


def test_a_scan_of_changes_that_no_commit_contains_is_no_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path, run: Run
) -> None:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    place = validating(tmp_path, monkeypatch, run, KINDS["flux-helmrelease"])
    (place.owner.folder / "prod/more.sh").write_text("echo\n")
    before = place.state()
    code, _, errors = run(*(part for part in DECOMMISSION if part != "--push"))
    assert (code, "error[checkout-uncommitted]" in errors, place.state()) == (1, True, before), errors
