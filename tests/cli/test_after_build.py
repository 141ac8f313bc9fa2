"""What an Application or a Kustomization of Flux adds to the build of an overlay, after the Component of a client."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.cli.test_check_owner import remarks
from tests.cli.test_export import at, exported
from tests.cli.test_in_place import CONFIG, OVERLAY, application, flux, repository
from tests.cli.test_in_place import run as run
from tests.conftest import Run
from tests.samples import backend, merged

NAME = "beersystem-backend"
TARGET = {"kind": "Deployment", "name": NAME}
SCALE = dump({"kind": "Deployment", "metadata": {"name": NAME}, "spec": {"replicas": 2}})
RESOURCES = {"spec": {"template": {"spec": {"containers": [{"name": "backend", "resources": {"limits": {"cpu": "1"}}}]}}}}


def env(name: str) -> str:
    container = {"name": "backend", "env": [{"name": name, "value": "x"}]}
    return dump({"kind": "Deployment", "metadata": {"name": NAME}, "spec": {"template": {"spec": {"containers": [container]}}}})


def operation(op: str, path: str, **more: Any) -> str:
    return json.dumps([{"op": op, "path": path, **more}])


PATCHES: dict[str, tuple[dict[str, Any], str]] = {
    "replicas": ({"patch": SCALE}, "changes /spec/replicas of Deployment/beersystem-backend"),
    "replicas with a target": ({"patch": operation("replace", "/spec/replicas", value=2), "target": TARGET}, "changes /spec/replicas"),
    "a pattern": ({"patch": operation("replace", "/spec/replicas", value=2), "target": {"name": "beersystem.*"}}, "changes /spec/replicas"),
    "no name": ({"patch": operation("replace", "/spec/replicas", value=2), "target": {"kind": "Deployment"}}, "changes /spec/replicas"),
    "the whole spec": ({"patch": operation("replace", "/spec", value={}), "target": TARGET}, "changes /spec of"),
    "a move": ({"patch": operation("move", "/metadata/x", **{"from": "/spec/replicas"}), "target": TARGET}, "changes /spec/replicas"),
    "a switched variable": ({"patch": env("REDIS_HOST")}, "env/REDIS_HOST/value of"),
    "a variable by its index": (
        {"patch": operation("replace", "/spec/template/spec/containers/0/env/3/value", value="x"), "target": TARGET},
        "containers/0/env/3/value of",
    ),
    "a removal": (
        {"patch": dump({"kind": "Deployment", "metadata": {"name": NAME}, "$patch": "delete"})},
        "of Deployment/beersystem-backend",
    ),
    "no YAML": ({"patch": "a: [", "target": TARGET}, "changes every value of"),
    "a file": ({"path": "patch.yaml", "target": TARGET}, "changes every value of"),
    "another variable": ({"patch": env("LOG_LEVEL")}, ""),
    "resources": ({"patch": dump({"kind": "Deployment", "metadata": {"name": NAME}, **RESOURCES})}, ""),
    "a test": ({"patch": operation("test", "/spec/replicas", value=2), "target": TARGET}, ""),
    "another workload": ({"patch": SCALE.replace(NAME, "other")}, ""),
    "another kind": ({"patch": operation("replace", "/spec/replicas", value=2), "target": {"kind": "StatefulSet"}}, ""),
}


def problems_of(run: Run, folder: Path, content: str) -> list[tuple[str, str, str]]:
    """Return code, severity and message of the findings about an object that builds the overlay of this repository."""
    repository(folder)
    assert run("render", CONFIG)[0] == 0
    (folder / "apps.yaml").write_text(content)
    findings = json.loads(run("check", CONFIG, "--json")[1])["findings"]
    return [
        (finding["code"], finding["severity"], finding["message"])
        for finding in findings
        if finding["code"] in ("owner-beaten", "owner-added")
    ]


def argo(**kustomize: Any) -> str:
    return dump(merged(application(), {"spec": {"source": {"kustomize": kustomize}}}))


def of_flux(**spec: Any) -> str:
    unit = {"path": f"./{OVERLAY}", "sourceRef": {"kind": "GitRepository", "name": "cluster"}, **spec}
    own = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "shop"}, "spec": unit}
    return f"{dump(own)}---\n{flux().split('---')[1].lstrip()}"


@pytest.mark.parametrize("name", PATCHES)
@pytest.mark.parametrize("tool", [argo, of_flux])
def test_a_patch_that_undoes_a_step_is_an_error(tool: Any, name: str, tmp_path: Path, run: Run) -> None:
    patch, words = PATCHES[name]
    reported = problems_of(run, tmp_path, tool(patches=[patch]))
    assert [(code, severity) for code, severity, _ in reported] == ([("owner-beaten", "error")] if words else []), reported
    assert all(words in message and "patches[0] of" in message for _, _, message in reported), reported


MERGED = {"kind": "Deployment", "metadata": {"name": NAME}, "spec": {"replicas": 2}}
SCALED = {"target": TARGET, "patch": [{"op": "add", "path": "/spec/replicas"}]}
JQ = ".spec.template.spec.containers[].env"


def ignoring(**entry: Any) -> str:
    return dump(merged(application(), {"spec": {"ignoreDifferences": [entry]}}))


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (of_flux(patchesStrategicMerge=[MERGED]), "owner-beaten", "/spec/replicas"),
        (of_flux(patchesJson6902=[SCALED]), "owner-beaten", "/spec/replicas"),
        (of_flux(ignore=[{"paths": ["/spec/replicas"], "target": TARGET}]), "owner-beaten", "ignore[0] of Kustomization/shop leaves out"),
        (of_flux(components=["../debug"]), "owner-added", "components of Kustomization/shop"),
        (of_flux(targetNamespace="other"), "owner-added", "sets namespace other instead of beersystem"),
        (argo(components=["../debug"]), "owner-added", "components of Application/shop"),
        (argo(namePrefix="prod-"), "owner-added", "namePrefix of Application/shop"),
        (ignoring(group="apps", kind="Deployment", jsonPointers=["/spec/replicas"]), "owner-beaten", "ignoreDifferences[0]"),
        (ignoring(kind="*", jqPathExpressions=[JQ]), "owner-beaten", "/spec/template/spec/containers"),
    ],
)
def test_other_keys_that_change_the_build_are_reported(content: str, code: str, words: str, tmp_path: Path, run: Run) -> None:
    ((reported, severity, message),) = problems_of(run, tmp_path, content)
    assert (reported, severity, words in message) == (code, "error" if code == "owner-beaten" else "warning", True), message


@pytest.mark.parametrize(
    "content",
    [
        argo(images=["nginx:1.27"], namespace="beersystem"),
        of_flux(images=[{"name": "nginx"}], targetNamespace="beersystem"),
        ignoring(kind="Deployment", jsonPointers=["/metadata/labels"]),
        ignoring(kind="Secret", jsonPointers=["/spec/replicas"]),
    ],
)
def test_keys_without_an_effect_on_a_step_have_no_finding(content: str, tmp_path: Path, run: Run) -> None:
    assert problems_of(run, tmp_path, content) == []


@pytest.mark.parametrize(
    ("path", "url", "ours"),
    [("prod", "a/shop", "a/shop"), ("prod", "a/shop", ""), ("other", "a/shop", "a/shop"), ("prod", "b/x", "a/shop")],
)
def test_check_owner_reads_the_objects_in_the_checkout(path: str, url: str, ours: str, tmp_path: Path, run: Run) -> None:
    top = owner(tmp_path, backend())
    repository = {"repository": f"https://git.example.org/{ours}.git"} if ours else {}
    config = at(tmp_path, "prepare", owner={"kind": "kustomize", **repository})
    source = {"repoURL": f"git@git.example.org:{url}.git", "path": path, "kustomize": {"patches": [{"patch": SCALE}]}}
    (top / "app.yaml").write_text(dump(merged(application(), {"spec": {"source": source}})))
    assert exported(run, config)[0] == 0
    beaten = [remark for remark in remarks(run, config) if remark[0] == "owner-beaten"]
    assert beaten == ([("owner-beaten", "error", "owner/app.yaml", 1)] if (path, url) == ("prod", "a/shop") else [])
