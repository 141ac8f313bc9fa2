"""Applications, ApplicationSets and Kustomizations in the repository of the config that build an application of another repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rediskit.yamlio.writer import dump
from tests.cli.test_after_build import NAME, SCALE, problems_of
from tests.cli.test_in_place import OVERLAY, REPOSITORY
from tests.cli.test_in_place import run as run
from tests.conftest import Run
from tests.samples import config, loaded, merged

SHOP = "https://git.example.org/a/shop.git"
SCALED = {"patches": [{"patch": SCALE}]}
NOT_APPLIED = [{"kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]


def application(path: str = "prod", url: str = SHOP, namespace: str = "beersystem", **spec: Any) -> dict[str, Any]:
    source = {"repoURL": url, "path": path, "kustomize": spec.pop("kustomize", SCALED)}
    return {"source": source, "destination": {"namespace": namespace}, **spec}


def argo(**spec: Any) -> str:
    return dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "shop"}, "spec": application(**spec)})


def application_set(template: dict[str, Any], *generators: dict[str, Any], **spec: Any) -> str:
    content = {"generators": list(generators), "template": {"metadata": {"name": "{{name}}"}, "spec": template}, **spec}
    return dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "shops"}, "spec": content})


def flux(path: str = "./prod", url: str = SHOP, **spec: Any) -> str:
    unit = {"path": path, "sourceRef": {"kind": "GitRepository", "name": "shop"}, **SCALED, **spec}
    objects = (
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "shop"}, "spec": unit},
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "shop"}, "spec": {"url": url}},
    )
    return "---\n".join(map(dump, objects))


KNOWN = {"kind": "kustomize", "repository": SHOP, "path": "prod"}
UNKNOWN: dict[str, Any] = {"kind": "kustomize"}
PARAMETER = [{"patch": SCALE.replace(NAME, "'{{name}}-backend'")}]


BEATEN_OR_ADDED = ("owner-beaten", "owner-added")


def beside(
    run: Run,
    folder: Path,
    content: str,
    owner: dict[str, Any],
    step: str = "prepare",
    file: str = "apps/shop.yaml",
    codes: tuple[str, ...] = BEATEN_OR_ADDED,
) -> list[tuple[str, str, str]]:
    """Return code, severity and message of the findings about an object beside the config of a client with an application repository."""
    (folder / "config").mkdir()
    loaded(folder / "config", step, over={"clients": [merged(config(step)["clients"][0], {"owner": owner})]})
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    assert run("render", "config/chocolandia.yaml")[0] == 0
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(content)
    reported = json.loads(run("check", "config/chocolandia.yaml", "--json")[1])["findings"]
    return [(finding["code"], finding["severity"], finding["message"]) for finding in reported if finding["code"] in codes]


BEATEN: dict[str, tuple[str, dict[str, Any]]] = {
    "an Application": (argo(), KNOWN),
    "a leading slash": (argo(path="/prod/"), KNOWN),
    "ssh instead of https": (argo(url="git@git.example.org:a/shop.git"), KNOWN),
    "an Application of an unknown path": (argo(path="deploy/overlays/prod"), UNKNOWN),
    "ignored differences": (argo(kustomize={}, ignoreDifferences=NOT_APPLIED), KNOWN),
    "ignored differences of plain files": (argo(kustomize={}, ignoreDifferences=NOT_APPLIED), {**KNOWN, "kind": "manifests"}),
    "replicas": (argo(kustomize={"replicas": [{"name": NAME, "count": 2}]}), KNOWN),
    "an ApplicationSet": (application_set(application()), KNOWN),
    "a path of a generator": (application_set(application(path="{{path}}")), KNOWN),
    "a path in part": (application_set(application(path="{{ .values.folder }}od")), KNOWN),
    "a repository of a generator": (application_set(application(url="https://git.example.org/{{org}}/{{name}}")), KNOWN),
    "a namespace of a generator": (application_set(application(namespace="{{namespace}}")), KNOWN),
    "a name of a generator": (application_set(application(kustomize={"patches": PARAMETER})), KNOWN),
    "replicas of a generator": (application_set(application(kustomize={"replicas": [{"name": "{{name}}-backend"}]})), KNOWN),
    "the template of a generator": (
        application_set(application(kustomize={}), {"list": {"elements": [], "template": {"spec": {"source": {"kustomize": SCALED}}}}}),
        KNOWN,
    ),
    "a generator in a matrix": (
        application_set(
            application(kustomize={}),
            {"matrix": {"generators": [{"git": {"template": {"spec": {"ignoreDifferences": NOT_APPLIED}}}}]}},
        ),
        KNOWN,
    ),
    "a Kustomization": (flux(), KNOWN),
    "a Kustomization of an unknown path": (flux(path="./deploy"), {**UNKNOWN, "repository": SHOP}),
    "the object of the owner": (argo(path="other", namespace="other"), {**UNKNOWN, "object": "Application/argocd/shop"}),
    "a set that creates the object of the owner": (
        application_set(application(path="{{path}}")),
        {**UNKNOWN, "object": "Application/argocd/shop"},
    ),
    "ignored differences beside pasted patches": (argo(ignoreDifferences=NOT_APPLIED), {**KNOWN, "kind": "argocd-app"}),
    "replicas beside pasted patches": (argo(kustomize={"replicas": [{"name": NAME}]}), {**KNOWN, "kind": "argocd-app"}),
    "a Kustomization of a source elsewhere": (flux().partition("---")[0], KNOWN),
}
ADDED: dict[str, tuple[str, dict[str, Any]]] = {
    "a template patch": (application_set(application(kustomize={}), templatePatch="spec: {source: {kustomize: {}}}"), KNOWN),
    "components": (argo(kustomize={"components": ["../debug"]}), KNOWN),
}
OTHERS: dict[str, tuple[str, dict[str, Any]]] = {
    "another path": (argo(path="test"), KNOWN),
    "another repository": (argo(url="https://git.example.org/a/blog.git"), KNOWN),
    "another namespace": (argo(namespace="other"), UNKNOWN),
    "another path in part": (application_set(application(path="test/{{name}}")), KNOWN),
    "another name in part": (application_set(application(kustomize={"replicas": [{"name": "{{name}}-worker"}]})), KNOWN),
    "components of an unknown path": (argo(kustomize={"components": ["../debug"]}), UNKNOWN),
    "a Kustomization of another path": (flux(path="./test"), KNOWN),
    "a Kustomization of another repository": (flux(url="https://git.example.org/a/blog.git"), KNOWN),
    "a Kustomization of another namespace": (flux(targetNamespace="other"), UNKNOWN),
    "an object of another group": (argo().replace("argoproj.io/v1alpha1", "app.k8s.io/argoproj.io"), KNOWN),
    "patches that a person pastes": (argo(), {**KNOWN, "kind": "argocd-app"}),
    "another object": (argo(path="other"), {**UNKNOWN, "object": "Application/argocd/blog"}),
    "another kind of object": (argo(), {**KNOWN, "object": "Kustomization/flux-system/shop"}),
}


@pytest.mark.parametrize("name", BEATEN)
def test_an_object_that_undoes_a_step_is_an_error(name: str, tmp_path: Path, run: Run) -> None:
    content, owner = BEATEN[name]
    reported = beside(run, tmp_path, content, owner)
    assert {(code, severity) for code, severity, _ in reported} == {("owner-beaten", "error")}, reported
    applied = "Component" if owner["kind"] == "kustomize" else "files"
    assert all(f"after the {applied} of beersystem: no step changes it" in message for _, _, message in reported), reported


@pytest.mark.parametrize("name", ADDED)
def test_an_object_that_can_undo_a_step_is_a_warning(name: str, tmp_path: Path, run: Run) -> None:
    reported = beside(run, tmp_path, *ADDED[name])
    assert {(code, severity) for code, severity, _ in reported} == {("owner-added", "warning")}, reported


@pytest.mark.parametrize("name", OTHERS)
def test_an_object_of_another_application_has_no_finding(name: str, tmp_path: Path, run: Run) -> None:
    assert beside(run, tmp_path, *OTHERS[name]) == []


def test_rendered_objects_are_not_read(tmp_path: Path, run: Run) -> None:
    assert beside(run, tmp_path, argo(), KNOWN, file="rendered/chocolandia/docs/app.yaml") == []


def test_an_object_may_change_the_build_after_the_migration(tmp_path: Path, run: Run) -> None:
    assert beside(run, tmp_path, argo(), KNOWN, "decommission") == []


def test_an_application_set_in_the_repository_of_the_overlay_is_read(tmp_path: Path, run: Run) -> None:
    template = application(path="{{path}}", url=REPOSITORY)
    ((code, severity, message),) = problems_of(run, tmp_path, application_set(template))
    assert (code, severity) == ("owner-beaten", "error")
    assert "patches[0] of ApplicationSet/shops changes /spec/replicas of Deployment/beersystem-backend" in message
    assert OVERLAY not in message
