"""Objects that do not apply the commits of a step: another revision, a suspended source, or a sync by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rediskit.yamlio.writer import dump
from tests.cli.test_deployed_elsewhere import KNOWN, SHOP, beside
from tests.cli.test_in_place import CONFIG, OVERLAY, REPOSITORY, repository
from tests.cli.test_in_place import run as run
from tests.conftest import Run

CODES = ("owner-revision", "owner-suspended", "owner-manual", "owner-window")
AUTOMATED = {"automated": {"prune": True}}


def argo(path: str = OVERLAY, url: str = REPOSITORY, sync: Any = AUTOMATED, **source: Any) -> str:
    spec = {"source": {"repoURL": url, "path": path, **source}, "destination": {"namespace": "beersystem"}, "syncPolicy": sync}
    return dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "shop"}, "spec": spec})


def flux(path: str = OVERLAY, url: str = REPOSITORY, ref: Any = None, *, unit: bool = False, source: bool = False) -> str:
    group = "toolkit.fluxcd.io/v1"
    spec = {"path": f"./{path}", "sourceRef": {"kind": "GitRepository", "name": "shop"}, "suspend": unit}
    of_source = {"url": url, "suspend": source, **({"ref": ref} if ref else {})}
    objects = (
        {"apiVersion": f"kustomize.{group}", "kind": "Kustomization", "metadata": {"name": "shop"}, "spec": spec},
        {"apiVersion": f"source.{group}", "kind": "GitRepository", "metadata": {"name": "shop"}, "spec": of_source},
    )
    return "---\n".join(map(dump, objects))


def windows(*entries: dict[str, Any], name: str = "shop", project: str = "shop") -> str:
    """Return an Application and an AppProject with sync windows."""
    spec = {
        "project": project,
        "source": {"repoURL": REPOSITORY, "path": OVERLAY},
        "destination": {"namespace": "beersystem", "server": "https://kubernetes.default.svc"},
        "syncPolicy": AUTOMATED,
    }
    times = {"schedule": "0 22 * * *", "duration": "8h"}
    objects = (
        {"kind": "Application", "metadata": {"name": "beersystem-prod"}, "spec": spec},
        {
            "kind": "AppProject",
            "metadata": {"name": name},
            "spec": {"syncWindows": [{"kind": "deny", **times, **entry} for entry in entries]},
        },
    )
    return "---\n".join(dump({"apiVersion": "argoproj.io/v1alpha1", **content}) for content in objects)


WINDOW = "deny 0 22 * * * for 8h"

HERE: dict[str, tuple[str, str, str]] = {
    "another branch": (
        argo(targetRevision="stable"),
        "owner-revision",
        "Application/shop follows stable, and the steps are commits of main",
    ),
    "a tag": (argo(targetRevision="v1.0.0"), "owner-revision", "Application/shop has the fixed revision v1.0.0"),
    "a range": (argo(targetRevision="1.*"), "owner-revision", "the fixed revision 1.*"),
    "a commit": (argo(targetRevision="0" * 40), "owner-revision", f"the fixed revision {'0' * 40}"),
    "no automated sync": (argo(sync={}), "owner-manual", "Application/shop has no automated sync"),
    "automated sync that is off": (argo(sync={"automated": {"enabled": False}}), "owner-manual", "has no automated sync"),
    "a suspended Kustomization": (flux(ref={"branch": "main"}, unit=True), "owner-suspended", "Kustomization/shop is suspended"),
    "a suspended source": (flux(ref={"branch": "main"}, source=True), "owner-suspended", "GitRepository/shop is suspended"),
    "a source of another branch": (flux(ref={"branch": "stable"}), "owner-revision", "GitRepository/shop follows stable"),
    "a source without a branch": (flux(), "owner-revision", "GitRepository/shop follows master"),
    "a source of a tag": (flux(ref={"branch": "main", "tag": "stable"}), "owner-revision", "the fixed revision stable"),
    "a source of versions": (flux(ref={"semver": ">=1.0.0"}), "owner-revision", "the fixed revision >=1.0.0"),
    "a source of a reference": (flux(ref={"name": "refs/pull/420/head"}), "owner-revision", "the fixed revision refs/pull/420/head"),
    "the branch of the steps": (argo(targetRevision="main"), "", ""),
    "its full name": (argo(targetRevision="refs/heads/main"), "", ""),
    "HEAD": (argo(targetRevision="HEAD"), "", ""),
    "no revision": (argo(), "", ""),
    "a source of the branch": (flux(ref={"branch": "main"}), "", ""),
    "a source of the reference of the branch": (flux(ref={"name": "refs/heads/main"}), "", ""),
    "a sync window of the application": (windows({"applications": ["*-prod"]}), "owner-window", WINDOW),
    "a sync window of the namespace": (windows({"namespaces": ["beer*"]}), "owner-window", WINDOW),
    "a sync window of the cluster": (windows({"clusters": ["https://kubernetes.default.svc"]}), "owner-window", WINDOW),
    "a sync window of both": (
        windows({"applications": ["*"], "namespaces": ["beersystem"], "andOperator": True}),
        "owner-window",
        WINDOW,
    ),
    "a sync window that allows": (windows({"kind": "allow", "applications": ["*"]}), "owner-window", "allow 0 22 * * * for 8h"),
    "a sync window of the default project": (windows({"applications": ["*"]}, name="default", project=""), "owner-window", WINDOW),
    "a sync window of another application": (windows({"applications": ["shop"], "namespaces": ["shop"]}), "", ""),
    "a sync window of one of both": (windows({"applications": ["*"], "namespaces": ["shop"], "andOperator": True}), "", ""),
    "a sync window of another project": (windows({"applications": ["*"]}, name="other"), "", ""),
    "a project without sync windows": (windows(), "", ""),
    "another overlay": (argo(path="owner/test", targetRevision="stable", sync={}), "", ""),
}
ELSEWHERE: dict[str, tuple[str, dict[str, Any], str]] = {
    "a tag": (argo("prod", SHOP, targetRevision="v2"), KNOWN, "owner-revision"),
    "a branch": (argo("prod", SHOP, targetRevision="production"), KNOWN, ""),
    "a suspended Kustomization": (flux("prod", SHOP, {"branch": "production"}, unit=True), KNOWN, "owner-suspended"),
    "a Kustomization with patches of a step": (flux("prod", SHOP, unit=True), {**KNOWN, "kind": "flux-kustomization"}, "owner-suspended"),
    "no automated sync": (argo("prod", SHOP, {}), {**KNOWN, "kind": "manifests"}, "owner-manual"),
    "an object that may build something else": (argo("other", SHOP, {}, targetRevision="v1"), {"kind": "kustomize"}, ""),
}


@pytest.mark.parametrize("name", HERE)
def test_the_object_follows_the_branch_of_the_config(name: str, tmp_path: Path, run: Run) -> None:
    content, code, words = HERE[name]
    repository(tmp_path)
    assert run("render", CONFIG)[0] == 0
    (tmp_path / "apps.yaml").write_text(content)
    findings = [finding for finding in json.loads(run("check", CONFIG, "--json")[1])["findings"] if finding["code"] in CODES]
    assert [(finding["code"], finding["file"], words in finding["message"]) for finding in findings] == (
        [(code, "apps.yaml", True)] if code else []
    ), findings
    assert all(finding["severity"] == ("warning" if code in ("owner-manual", "owner-window") else "error") for finding in findings)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_object_beside_the_config_reaches_the_steps(name: str, tmp_path: Path, run: Run) -> None:
    content, owner, code = ELSEWHERE[name]
    assert [reported for reported, _, _ in beside(run, tmp_path, content, owner, codes=CODES)] == ([code] if code else [])
