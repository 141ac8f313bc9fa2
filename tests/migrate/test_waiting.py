"""The wait of `migrate step --wait`: which commit an object must have, and when a workload runs as it normally does."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rediskit.errors import MissingToolError
from rediskit.git.publish import Checkout
from rediskit.live import gitops
from rediskit.migrate import waiting
from rediskit.migrate.waiting import Wait, wait_for_application, wait_for_platform
from rediskit.model.client import Client
from rediskit.renderers import render
from tests.samples import environment_of

LABELS = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
Read = Callable[[str, str], dict[str, Any] | None]


class Cluster:
    """Objects by kind and name. Each annotation and each read is an event; `change` runs after an event."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *objects: dict[str, Any]) -> None:
        self.objects = {(content["kind"], content["metadata"]["name"]): content for content in objects}
        self.events: list[str] = []
        self.lines: list[str] = []
        self.change: Callable[[str], None] = lambda _: None
        self.kinds = {group: kind for kind, group in gitops._GROUPS.items()}
        monkeypatch.setattr("rediskit.live.kubectl.get_object", self.get_object)
        monkeypatch.setattr("rediskit.live.kubectl.annotate", self.annotate)
        monkeypatch.setattr("rediskit.live.kubectl.list_objects", lambda *_: [])
        monkeypatch.setattr(waiting, "POLL", 0.0)

    def get_object(self, kind: str, name: str, *_: str) -> dict[str, Any] | None:
        self._event(f"get {self.kinds[kind]}/{name}")
        return self.objects.get((self.kinds[kind], name))

    def annotate(self, kind: str, name: str, namespace: str, *_: str) -> None:
        self._event(f"annotate {self.kinds[kind]}/{namespace}/{name}")

    def _event(self, text: str) -> None:
        self.events.append(text)
        self.change(text)

    def wait(self, seconds: float = 0.0) -> Wait:
        return Wait("", seconds, self.lines.append)


def kustomization(revision: str, origin: str = "", source: str = "GitRepository", name: str = "apps") -> dict[str, Any]:
    status = {"observedGeneration": 1, "lastAppliedRevision": revision, **({"lastAppliedOriginRevision": origin} if origin else {})}
    ready = {"conditions": [{"type": "Ready", "status": "True", "message": f"Applied revision: {revision}"}]}
    meta = {"name": name, "namespace": "flux-system", "generation": 1}
    return {
        "kind": "Kustomization",
        "metadata": meta,
        "spec": {"sourceRef": {"kind": source, "name": "fleet"}},
        "status": {**status, **ready},
    }


def helm_release(labels: dict[str, str], generation: int = 1, observed: int = 1) -> dict[str, Any]:
    meta = {"name": "shop", "namespace": "beersystem", "generation": generation, "labels": labels}
    chart = {"spec": {"chart": "shop", "sourceRef": {"kind": "GitRepository", "name": "charts", "namespace": "sources"}}}
    status = {"observedGeneration": observed, "conditions": [{"type": "Ready", "status": "True"}]}
    return {"kind": "HelmRelease", "metadata": meta, "spec": {"chart": chart}, "status": status}


def workload(replicas: int, kind: str = "Deployment", name: str = "beersystem-backend") -> dict[str, Any]:
    status = {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas}
    return {"kind": kind, "metadata": {"name": name, "generation": 1}, "spec": {"replicas": replicas}, "status": status}


def client_of(deployed_by: str = "", step: str = "validate", workloads: list[dict[str, Any]] | None = None) -> Client:
    owner = {"owner": {"object": deployed_by}} if deployed_by else {}
    changed = {"workloads": workloads} if workloads else {}
    return environment_of(step, over={"clients": {0: {**owner, **changed}}}).clients[0]


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ana", "-c", "user.email=ana@example.org")
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, text: str) -> str:
    git(folder, "commit", "--quiet", "--allow-empty", "--message", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a checkout with one commit, which is pushed."""
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", "remote.git")
    git(tmp_path, "clone", "--quiet", "remote.git", "ours")
    commit(tmp_path / "ours", "the step")
    git(tmp_path / "ours", "push", "--quiet", "--set-upstream", "origin", "HEAD:main")
    return Checkout(tmp_path / "ours")


def foreign_push(tmp_path: Path) -> str:
    """Return the ID of a commit that another person pushes after ours."""
    git(tmp_path, "clone", "--quiet", "--branch", "main", "remote.git", "theirs")
    later = commit(tmp_path / "theirs", "another change")
    git(tmp_path / "theirs", "push", "--quiet", "origin", "HEAD:main")
    return later


def test_a_helm_release_is_awaited_after_the_kustomization_that_applies_it(monkeypatch: pytest.MonkeyPatch, checkout: Checkout) -> None:
    cluster = Cluster(monkeypatch, kustomization("main@sha1:" + "0" * 40), helm_release(LABELS), workload(1))
    client = client_of("HelmRelease/beersystem/shop")
    with pytest.raises(MissingToolError, match="Kustomization flux-system/apps: is at 000000000000, and git can't tell"):
        wait_for_application(client, checkout, cluster.wait())
    assert [event for event in cluster.events if event.startswith("annotate")] == [
        "annotate GitRepository/flux-system/fleet",
        "annotate Kustomization/flux-system/apps",
        "annotate GitRepository/sources/charts",
        "annotate HelmRelease/beersystem/shop",
    ]
    cluster.objects["Kustomization", "apps"] = kustomization(f"main@sha1:{checkout.head()}")
    cluster.objects["HelmRelease", "shop"] = helm_release(LABELS, generation=2)
    with pytest.raises(MissingToolError, match="HelmRelease beersystem/shop: Ready is True"):
        wait_for_application(client, checkout, cluster.wait())
    cluster.objects["HelmRelease", "shop"] = helm_release(LABELS, 2, 2)
    wait_for_application(client, checkout, cluster.wait())


def test_a_helm_release_without_a_kustomization_is_an_error(monkeypatch: pytest.MonkeyPatch, checkout: Checkout) -> None:
    cluster = Cluster(monkeypatch, helm_release({}), workload(1))
    with pytest.raises(MissingToolError, match="nothing shows which commit it has"):
        wait_for_application(client_of("HelmRelease/beersystem/shop"), checkout, cluster.wait())


def test_the_refresh_of_flux_must_be_handled(monkeypatch: pytest.MonkeyPatch, checkout: Checkout) -> None:
    content = kustomization(f"main@sha1:{checkout.head()}")
    content["metadata"]["annotations"] = {"reconcile.fluxcd.io/requestedAt": "2"}
    content["status"]["lastHandledReconcileAt"] = "1"
    cluster = Cluster(monkeypatch, content, workload(1))
    with pytest.raises(MissingToolError, match="waits for its refresh"):
        wait_for_application(client_of("Kustomization/flux-system/apps"), checkout, cluster.wait())
    content["status"]["lastHandledReconcileAt"] = "2"
    wait_for_application(client_of("Kustomization/flux-system/apps"), checkout, cluster.wait())
    content["spec"]["suspend"] = True
    with pytest.raises(MissingToolError, match="is suspended"):
        wait_for_application(client_of("Kustomization/flux-system/apps"), checkout, cluster.wait())


@pytest.mark.parametrize("source", ["OCIRepository", "Bucket"])
def test_the_commit_of_an_artifact_is_its_origin_revision(monkeypatch: pytest.MonkeyPatch, checkout: Checkout, source: str) -> None:
    digest, client = f"latest@sha256:{'a' * 64}", client_of("Kustomization/flux-system/apps")
    cluster = Cluster(monkeypatch, kustomization(digest, f"main@sha1:{checkout.head()}", source), workload(1))
    wait_for_application(client, checkout, cluster.wait())
    assert not [line for line in cluster.lines if line.startswith("note")]
    cluster.objects["Kustomization", "apps"] = kustomization(digest, f"main@sha1:{'0' * 40}", source)
    with pytest.raises(MissingToolError, match="is at 000000000000"):
        wait_for_application(client, checkout, cluster.wait())
    for origin in ("", "v1.2.3"):
        cluster.objects["Kustomization", "apps"] = kustomization(digest, origin, source)
        wait_for_application(client, checkout, cluster.wait())
        (note,) = (line for line in cluster.lines if line.startswith("note"))
        assert f"is at {digest}, which contains no commit: whether it is {checkout.head()[:12]} is not verified" in note
        cluster.lines.clear()


def test_a_later_commit_of_another_person_contains_the_step(monkeypatch: pytest.MonkeyPatch, checkout: Checkout, tmp_path: Path) -> None:
    later = foreign_push(tmp_path)
    client = client_of("Application/argocd/shop")
    synced = {"sync": {"status": "Synced", "revision": later}, "health": {"status": "Healthy"}}
    application = {"kind": "Application", "metadata": {"name": "shop"}, "status": synced}
    wait_for_application(client, checkout, Cluster(monkeypatch, application, workload(1)).wait())
    cluster = Cluster(monkeypatch, kustomization(f"main@sha1:{later}"), workload(1))
    wait_for_application(client_of("Kustomization/flux-system/apps"), checkout, cluster.wait())


def test_an_older_commit_and_an_unknown_one_do_not_contain_the_step(monkeypatch: pytest.MonkeyPatch, checkout: Checkout) -> None:
    older = checkout.head()
    latest = commit(checkout.top, "the next step")
    cluster, client = Cluster(monkeypatch, kustomization(f"main@sha1:{older}"), workload(1)), client_of("Kustomization/flux-system/apps")
    with pytest.raises(MissingToolError, match=f"is at {older[:12]}, not at {latest[:12]}"):
        wait_for_application(client, checkout, cluster.wait())
    cluster.objects["Kustomization", "apps"] = kustomization(f"main@sha1:{'b' * 40}")
    with pytest.raises(MissingToolError, match="git can't tell whether that contains"):
        wait_for_application(client, checkout, cluster.wait())


def test_a_detached_head_follows_no_branch(checkout: Checkout) -> None:
    """Where nothing is checked out but a commit, the upstream of any other branch would be taken for its own."""
    upstream = checkout.upstream()
    assert upstream is not None
    git(checkout.top, "checkout", "--quiet", "--detach")
    assert (checkout.branch(), checkout.upstream()) == ("", None)


def test_a_commit_of_no_remote_is_unknown(checkout: Checkout) -> None:
    git(checkout.top, "remote", "remove", "origin")
    assert checkout.contains("b" * 40, checkout.head()) is None


IDLE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"kind": "Deployment", "name": "web", "replicas": 0, "containers": {"web": {}}}, workload(0, name="web")),
    ({"kind": "Deployment", "name": "web", "replicas": 0, "containers": {"web": {}}}, workload(2, name="web")),
    (
        {"kind": "CronJob", "name": "web", "suspend": True, "containers": {"web": {}}},
        {"kind": "CronJob", "metadata": {"name": "web"}, "spec": {"suspend": True}},
    ),
    (
        {
            "kind": "Deployment", "name": "web", "replicas": 1, "containers": {"web": {}},
            "autoscaler": {"kind": "ScaledObject", "name": "web", "min": 0, "max": 3},
        },
        workload(0, name="web"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("section", "live"), IDLE)
def test_a_workload_that_normally_does_not_run_is_live(
    monkeypatch: pytest.MonkeyPatch, checkout: Checkout, section: dict[str, Any], live: dict[str, Any]
) -> None:
    section["containers"] = {"web": {"env": {"REDIS_HOST": "${host}", "REDIS_PASSWORD": "${password}"}}}
    cluster = Cluster(monkeypatch, live)
    wait_for_application(client_of(workloads=[section]), checkout, cluster.wait())


def test_a_workload_that_normally_runs_must_run(monkeypatch: pytest.MonkeyPatch, checkout: Checkout) -> None:
    cluster = Cluster(monkeypatch, workload(0))
    with pytest.raises(MissingToolError, match="0 of 0 replicas ready"):
        wait_for_application(client_of(), checkout, cluster.wait())
    cluster.objects["Deployment", "beersystem-backend"] = workload(1)
    with pytest.raises(MissingToolError, match="1 replicas desired"):
        wait_for_application(client_of(step="scale-down"), checkout, cluster.wait())


def test_what_applies_an_object_is_read_before_it(monkeypatch: pytest.MonkeyPatch, checkout: Checkout) -> None:
    """Otherwise a HelmRelease that the new commit changes could be ready for the commit before."""
    environment = environment_of("deploy", over={"gitops": {"tool": "flux"}})
    revision = f"main@sha1:{checkout.head()}"
    tree = render(environment)
    flux = [content for path, content in tree.objects.items() if path.startswith("flux/") and content["kind"] == "Kustomization"]
    names = [content["metadata"]["name"] for content in flux if "metadata" in content]
    release = {**helm_release({}), "metadata": {"name": "redis-shared", "generation": 1}}
    objects = [kustomization(revision, name=name) for name in (*names, f"{environment.object_prefix}-root")]
    cluster = Cluster(monkeypatch, *objects, release)
    wait_for_platform(environment, tree, checkout, cluster.wait())
    read = [event for event in cluster.events if event.startswith("get")]
    assert read[-1] == "get HelmRelease/redis-shared"
    assert read.count("get HelmRelease/redis-shared") == 1
