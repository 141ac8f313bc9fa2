"""The API server takes every rendered object, strictly, and applying all of them again would change nothing."""

from __future__ import annotations

import copy
import subprocess
from typing import Any

import yaml

from rediskit import Tree
from rediskit.renderers.objects import group_kind
from tests.cluster import owner
from tests.cluster.conftest import MakeScene
from tests.cluster.kube import Object
from tests.cluster.plane import program
from tests.cluster.registry import Chart
from tests.cluster.scene import CARRIERS, FORWARD, Scene
from tests.cluster.states import started

KUSTOMIZE = "kustomize.config.k8s.io"
LEFT_OUT = ("helm.sh/chart", "checksum/configmap")
"""Flux puts the digest of the chart into that label, which `helm template` does not know; the checksum is over objects that carry it."""
NOT_COMPARED = ("managedFields", "resourceVersion", "generation")


def everything(scene: Scene, tree: Tree) -> list[Object]:
    """Return the objects of the tree, of the release, and of the build of the application repository."""
    ours = [content for content in tree.objects.values() if group_kind(content)[0] != KUSTOMIZE]
    values = scene.ours.tree / f"rendered/{scene.name}/helm/{scene.release}/values.yaml"
    chart = _output("helm", "template", scene.release, Chart().path, "--namespace", scene.namespace, "--values", values)
    built = _output("kustomize", "build", scene.theirs.tree / owner.FOLDER)
    objects = [*ours, *(content for text in (chart, built) for content in yaml.safe_load_all(text) if content)]
    return [
        _without_digest(copy.deepcopy(content))
        for content in objects
        if "namespace" in content["metadata"] or content["kind"] == "Namespace"
    ]


def test_nothing_is_refused_and_nothing_would_change(make_scene: MakeScene) -> None:
    scene = make_scene("second")
    for step in FORWARD[: FORWARD.index("validate") + 1]:
        scene.remember(step)
    tree = scene.render()
    scene.theirs.write(owner.files(scene.client_namespace))
    scene.theirs.replace(f"{owner.FOLDER}/{owner.COMPONENT}", owner.sources_of(tree, "beersystem"))
    for name in (scene.namespace, scene.client_namespace):
        scene.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    live = everything(scene, tree)
    assert len(live) > 25
    for content in live:
        scene.kube.apply(content, manager="tests", dry_run=True)


def test_over_the_live_result_nothing_would_change(make_scene: MakeScene) -> None:
    scene = make_scene("again")
    started(scene)
    for step in FORWARD[1 : FORWARD.index("validate")]:
        scene.commit(step)
    scene.take("validate")
    assert scene.tree is not None
    differing = []
    for content in everything(scene, scene.tree):
        meta = content["metadata"]
        live = scene.kube.get(content["apiVersion"], content["kind"], meta["name"], meta.get("namespace", ""))
        answer = scene.kube.apply(content, manager="tests", dry_run=True)
        if live is None or _compared(answer) != _compared(live):
            differing.append((content["kind"], meta["name"]))
    assert differing == []


def _output(name: str, *arguments: Any) -> str:
    command = [str(part) for part in (program(name), *arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def _without_digest(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _without_digest(value) for key, value in content.items() if key not in LEFT_OUT}
    return [_without_digest(value) for value in content] if isinstance(content, list) else content


def _compared(content: Object) -> Object:
    """Without what every write changes; the status of a carrier moves by itself."""
    meta = {key: value for key, value in content["metadata"].items() if key not in NOT_COMPARED}
    if group_kind(content) in CARRIERS:
        meta.pop("annotations", None)
    return {**content, "metadata": meta, "status": None, "operation": None}
