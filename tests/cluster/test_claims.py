"""A second environment that claims what a first one has, from another repository: an error, and nothing of the first one changes."""

from __future__ import annotations

import json

from tests.cluster.argocd import ArgoCD
from tests.cluster.conftest import MakeScene
from tests.cluster.git import GitServer
from tests.cluster.kube import Object
from tests.cluster.processes import until
from tests.cluster.scene import CLIENT, Scene
from tests.cluster.sealed_secrets import SealedSecrets
from tests.cluster.states import STATES, hold, standing, started
from tests.cluster.test_rollback import kept


def test_nothing_is_taken_over(make_scene: MakeScene, git: GitServer, sealed_secrets: SealedSecrets) -> None:
    scene = make_scene("claimed")
    scene.seal(sealed_secrets)
    tool, start = started(scene)
    scene.commit("scale-down")
    scene.take("deploy")
    before, at_first = kept(scene), standing(scene)

    # Other names for everything of its own, in the namespaces of the first, with a password of its own.
    neighbour = make_scene("neighbour")
    neighbour.namespace, neighbour.client_namespace = scene.namespace, scene.client_namespace
    neighbour.seal(sealed_secrets)
    neighbour.commit("prepare")
    neighbour.bootstrap()
    if tool.name == ArgoCD.name:
        refused(neighbour, "redis", f"Shared resource found: Namespace/{scene.namespace} is part of applications")
        refused(neighbour, CLIENT, "Shared resource found: SealedSecret/redis-credentials is part of applications")
    else:
        refused(neighbour, "redis", immutable("namespace-claim"))
        refused(neighbour, CLIENT, immutable("redis-credentials-claim"))
    assert (kept(scene), standing(scene)) == (before, at_first)

    # The same names: one Application or Kustomization to the tool, so the root now reads from the other repository.
    impostor = Scene(tool, git, f"impostor-{tool.name}", scene.chart, scene.address)
    impostor.release, impostor.namespace, impostor.client_namespace = scene.release, scene.namespace, scene.client_namespace
    impostor.over = {"redis": {"memory": {"max": "512mb"}}}
    impostor.remember("prepare")
    impostor.remember("scale-down")
    impostor.commit("deploy")
    impostor.bootstrap()
    refused(impostor, "root", immutable(f"{scene.release}-claim"))
    if tool.name == ArgoCD.name:
        # Between two attempts Argo CD takes the state of the operation away.
        until("another attempt", lambda: carrier(impostor, "root")["status"].get("operationState", {}).get("retryCount", 0) > 1 or None)
        refused(impostor, "root", immutable(f"{scene.release}-claim"))
    assert (kept(scene), standing(scene)) == (before, at_first)
    hold(scene, STATES["deploy"], start)

    # The way out, as the README of the tree has it.
    root = carrier(scene, "root")
    scene.kube.delete(root["apiVersion"], root["kind"], root["metadata"]["name"], tool.namespace)
    until("no root", lambda: None if carrier(scene, "root") else True)
    scene.bootstrap()
    tool.settled(scene.expected())
    assert (kept(scene), standing(scene)) == (before, at_first)


def immutable(name: str) -> str:
    """Return the API server's answer to another text of a claim."""
    return f'ConfigMap "{name}" is invalid: data: Forbidden: field is immutable when `immutable` is set'


def refused(scene: Scene, unit: str, phrase: str) -> None:
    """Wait until the Application or Kustomization of a component reports this."""
    quoted = json.dumps(phrase)[1:-1]
    until(f"{unit}: {phrase}", lambda: quoted in json.dumps(carrier(scene, unit).get("status", {})) or None)


def carrier(scene: Scene, unit: str) -> Object:
    """Return the Application or Kustomization of a unit, or nothing."""
    kind = "Application" if scene.tool.name == ArgoCD.name else "Kustomization"
    version = scene.tool.version_of(kind)
    carrier = scene.kube.get(version, kind, f"{scene.release}-{unit}", scene.tool.namespace)
    return {**carrier, "apiVersion": version, "kind": kind} if carrier else {}
