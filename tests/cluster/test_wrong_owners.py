"""Why the Deployment of an application is changed only in its owner's build: what the API server and the tools make of every other way.

docs/gitops.md quotes the answers. Only line breaks differ, and the name of a scenario's namespace, which stands there as `<namespace>`.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cluster import owner
from tests.cluster.kube import Object, RefusedError, path_of
from tests.cluster.plane import Plane
from tests.samples import ROOT

MANAGERS = ("argocd-controller", "kustomize-controller")
"""The field manager that each tool uses for all its Applications or Kustomizations."""
QUOTES = 3
"""How many answers docs/gitops.md quotes; each of them is given by a test of this module."""
REFERENCE = {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}
SHARED = {"name": "REDIS_HOST", "value": "redis-shared-master.redis.svc.cluster.local"}


def partial(namespace: str, *variables: Object, **spec: Any) -> Object:
    """A Deployment with nothing in it but its name and what is to be changed."""
    template = {"spec": {"containers": [{"name": "backend", "env": list(variables)}]}}
    content = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": owner.WORKLOAD, "namespace": namespace}}
    changes = {**spec, **({"template": template} if variables else {})}
    return {**content, **({"spec": changes} if changes else {})}


def variable(deployment: Object, name: str) -> Object:
    """A variable of the container as it stands."""
    return next(dict(found) for found in deployment["spec"]["template"]["spec"]["containers"][0]["env"] if found["name"] == name)


def quotes() -> list[str]:
    """The answers in docs/gitops.md, each on one line."""
    page = (ROOT / "docs/gitops.md").read_text(encoding="utf-8")
    section = page.partition("\n## Why the Deployment is changed only through its owner\n")[2].partition("\n## ")[0]
    return [" ".join(text.split()) for text in re.findall(r"^ *```text\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)]


def is_quoted(answer: str, namespace: str) -> None:
    assert " ".join(answer.replace(namespace, "<namespace>").split()) in quotes()


def test_the_page_quotes_nothing_else() -> None:
    assert len(set(quotes())) == len(quotes()) == QUOTES


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_partial_deployment_by_the_owners_field_manager_is_no_deployment(plane: Plane, namespace: str, manager: str) -> None:
    """Server-side apply takes what a manager leaves out for withdrawn: selector, labels and image, which the same manager had set."""
    before = plane.kube.apply(owner.workload(namespace), manager=manager)
    with pytest.raises(RefusedError) as refused:
        plane.kube.apply(partial(namespace, SHARED, replicas=0), manager=manager)
    assert refused.value.code == 422
    is_quoted(refused.value.message, namespace)
    after = plane.kube.get("apps/v1", "Deployment", owner.WORKLOAD, namespace)
    assert after
    assert after["spec"] == before["spec"]


def test_a_patch_by_another_manager_has_to_be_forced_and_its_withdrawal_brings_nothing_back(plane: Plane, namespace: str) -> None:
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
