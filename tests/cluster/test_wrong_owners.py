"""Why the Deployment of an application is changed only in the build of its repository.

The API server and the tools react differently to every other change.

docs/gitops.md quotes the answers. Only line breaks differ, and the name of a scenario's namespace, which is `<namespace>` there.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.cluster import owner
from tests.cluster.argocd import VERSION, ArgoCD
from tests.cluster.conftest import MakeScene
from tests.cluster.flux import KUSTOMIZE, Flux
from tests.cluster.kube import Object, RefusedError, condition_of, path_of
from tests.cluster.plane import Plane
from tests.cluster.processes import until
from tests.cluster.scene import Scene
from tests.cluster.states import equal_start
from tests.cluster.tool import Tool
from tests.samples import ROOT

MANAGERS = ("argocd-controller", "kustomize-controller")
"""The field manager that each tool uses for all its Applications or Kustomizations."""
QUOTES = 3
"""How many answers docs/gitops.md quotes; each of them is given by a test of this module."""
REFERENCE = {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}
BESIDE = "beside"
SHARED = {"name": "REDIS_HOST", "value": "redis-shared-master.redis.svc.cluster.local"}


def partial(namespace: str, *variables: Object, **spec: Any) -> Object:
    """Return a Deployment with nothing in it but its name and what is to be changed."""
    template = {"spec": {"containers": [{"name": "backend", "env": list(variables)}]}}
    content = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": owner.WORKLOAD, "namespace": namespace}}
    changes = {**spec, **({"template": template} if variables else {})}
    return {**content, **({"spec": changes} if changes else {})}


def variable(deployment: Object, name: str) -> Object:
    """Return the current variable of the container."""
    return next(dict(variable) for variable in deployment["spec"]["template"]["spec"]["containers"][0]["env"] if variable["name"] == name)


def quotes() -> list[str]:
    """Return the answers in docs/gitops.md, each on one line."""
    page = (ROOT / "docs/gitops.md").read_text(encoding="utf-8")
    section = page.partition("\n## Why only the application repository changes the Deployment\n")[2].partition("\n## ")[0]
    return [" ".join(text.split()) for text in re.findall(r"^ *```text\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)]


def is_quoted(answer: str, namespace: str) -> None:
    assert " ".join(answer.replace(namespace, "<namespace>").split()) in quotes()


def test_the_page_quotes_nothing_else() -> None:
    assert len(set(quotes())) == len(quotes()) == QUOTES


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_partial_deployment_by_the_field_manager_of_the_application_is_no_deployment(plane: Plane, namespace: str, manager: str) -> None:
    """Server-side apply takes what a manager leaves out for withdrawn: selector, labels and image, which the same manager had set."""
    before = plane.kube.apply(owner.workload(namespace), manager=manager)
    with pytest.raises(RefusedError) as refused:
        plane.kube.apply(partial(namespace, SHARED, replicas=0), manager=manager)
    assert refused.value.code == 422
    is_quoted(refused.value.message, namespace)
    after = plane.kube.get("apps/v1", "Deployment", owner.WORKLOAD, namespace)
    assert after
    assert after["spec"] == before["spec"]


def test_a_patch_by_another_manager_has_to_be_forced_and_its_withdrawal_restores_nothing(plane: Plane, namespace: str) -> None:
    before = plane.kube.apply(owner.workload(namespace, 3), manager=MANAGERS[0])
    patch = partial(namespace, SHARED, replicas=0)
    with pytest.raises(RefusedError) as refused:
        plane.kube.apply(patch, manager="another", force=False)
    assert refused.value.code == 409
    is_quoted(refused.value.message, namespace)
    forced = plane.kube.apply(patch, manager="another")
    assert (forced["spec"]["replicas"], variable(forced, "REDIS_HOST")) == (0, SHARED)
    withdrawn = plane.kube.apply(partial(namespace), manager="another")
    assert (before["spec"]["replicas"], withdrawn["spec"]["replicas"]) == (3, 1)
    assert variable(before, "REDIS_HOST")["value"]
    assert variable(withdrawn, "REDIS_HOST") == {"name": "REDIS_HOST"}
    assert plane.kube.apply(owner.workload(namespace, 3), manager=MANAGERS[0])["spec"] == before["spec"]


@pytest.mark.parametrize("how", ["apply", "strategic-merge-patch"])
def test_a_value_and_a_reference_exclude_each_other(plane: Plane, namespace: str, how: str) -> None:
    """An application that has its password as a value."""
    whole = owner.workload(namespace)
    whole["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": "REDIS_PASSWORD", "value": "a"})
    plane.kube.apply(whole, manager=MANAGERS[0])

    def changed(change: Object) -> Object:
        content = partial(namespace, {"name": "REDIS_PASSWORD", **change})
        if how == "apply":
            return plane.kube.apply(content, manager="another")
        path = path_of("apps/v1", "Deployment", owner.WORKLOAD, namespace)
        return plane.kube.request("PATCH", path, content, "application/strategic-merge-patch+json")

    with pytest.raises(RefusedError) as refused:
        changed({"valueFrom": REFERENCE})
    assert refused.value.code == 422
    is_quoted(refused.value.message, namespace)
    cured = changed({"value": None, "valueFrom": REFERENCE})
    assert variable(cured, "REDIS_PASSWORD") == {"name": "REDIS_PASSWORD", "valueFrom": REFERENCE}


def carried(scene: Scene, *contents: Object) -> list[Object]:
    """Return a second Application or Kustomization, over these objects and one that stays."""
    lists(scene, *contents)
    carriers = scene.tool.owner(f"{BESIDE}-{scene.name}", scene.ours.url, BESIDE, scene.client_namespace)
    scene.owner_objects += carriers
    return carriers


def lists(scene: Scene, *contents: Object) -> None:
    """Commit the folder of the second Application or Kustomization."""
    meta = {"name": BESIDE, "namespace": scene.client_namespace}
    stays: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {}}
    files = {f"{content['kind']}.yaml".lower(): yaml.safe_dump(content).encode() for content in (stays, *contents)}
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": sorted(files)}
    scene.ours.replace(BESIDE, {**files, "kustomization.yaml": yaml.safe_dump(kustomization).encode()})
    scene.ours.commit(f"{len(contents)} beside the owner")


@pytest.mark.parametrize("tool", [ArgoCD], indirect=True, ids=["argocd"])
def test_a_second_application_is_refused_or_takes_over_and_then_deletes(make_scene: MakeScene, tool: Tool) -> None:
    scene = make_scene(BESIDE, replicas=3)
    scene.own()
    tool.settled(scene.expected())
    start = scene.workload()
    (owners,) = scene.owner_objects
    (second,) = carried(scene, partial(scene.client_namespace, SHARED, replicas=2))
    second["spec"]["syncPolicy"] = {"automated": {"prune": True}}

    def operation(phrase: str) -> str:
        name = second["metadata"]["name"]

        def look() -> str | None:
            state = scene.kube.get(VERSION, "Application", name, tool.namespace) or {}
            operation = str(state.get("status", {}).get("operationState", {}))
            return operation if phrase in operation else None

        return until(f"{phrase} of {name}", look)

    # Both client-side, as Argo CD does by default: one annotation says what was applied last, whoever applied it.
    scene.kube.apply(second)
    assert quotes()[0] in operation("spec.selector")
    equal_start(scene, start)
    scene.kube.delete(VERSION, "Application", second["metadata"]["name"], tool.namespace)
    # The owner server-side and the second client-side: no such annotation, so nothing is withdrawn, and nothing refused.
    owners["spec"]["syncPolicy"] = {"automated": {"prune": True}, "syncOptions": ["ServerSideApply=true"]}
    scene.kube.apply(owners)
    scene.kube.delete("apps/v1", "Deployment", owner.WORKLOAD, scene.client_namespace)
    scene.theirs.write({f"{owner.FOLDER}/note": "a commit"})
    scene.theirs.commit("server-side from now on")
    tool.refresh(scene.expected())
    until("the owner's Deployment", lambda: scene.kube.get("apps/v1", "Deployment", owner.WORKLOAD, scene.client_namespace))
    scene.kube.apply(second)
    changed = until("the change", lambda: live if (live := scene.workload())["spec"]["replicas"] == 2 else None)
    assert variable(changed, "REDIS_HOST") == SHARED
    operation("'phase': 'Succeeded'")
    lists(scene)
    tool.refresh(scene.expected())
    until("the loss", lambda: scene.kube.get("apps/v1", "Deployment", owner.WORKLOAD, scene.client_namespace) is None or None)


@pytest.mark.parametrize("tool", [Flux], indirect=True, ids=["flux"])
def test_a_second_kustomization_is_refused(make_scene: MakeScene, tool: Tool) -> None:
    """With `ssa: Merge` too, which the documentation of Flux names for objects that others own: it keeps what other managers own."""
    scene = make_scene(BESIDE, replicas=3)
    scene.own()
    tool.settled(scene.expected())
    start = scene.workload()
    patch = partial(scene.client_namespace, SHARED, replicas=2)
    carriers = carried(scene, patch)
    for content in carriers:
        scene.kube.apply(content)

    def refused(commit: str) -> str | None:
        carrier = scene.kube.get(KUSTOMIZE, "Kustomization", carriers[1]["metadata"]["name"], tool.namespace) or {}
        message = str(condition_of(carrier, "Ready").get("message"))
        return (
            message if carrier.get("status", {}).get("lastAttemptedRevision", "").endswith(commit) and "dry-run failed" in message else None
        )

    assert quotes()[0] in until("a refusal", lambda: refused(scene.ours.head()))
    patch["metadata"]["annotations"] = {"kustomize.toolkit.fluxcd.io/ssa": "Merge"}
    lists(scene, patch)
    tool.refresh(scene.expected())
    assert quotes()[0] in until("a refusal of the merge", lambda: refused(scene.ours.head()))
    equal_start(scene, start)
