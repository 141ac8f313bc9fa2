"""A sync window makes a commit have no effect on a real Argo CD, and `owner-window` reports it for the same objects."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rediskit.migrate.owner.followed import not_followed
from rediskit.migrate.owner.gitops_objects import builds_of, gitops_objects
from tests.cluster.argocd import VERSION, ArgoCD
from tests.cluster.git import GitServer, Repository
from tests.cluster.kube import Object
from tests.cluster.processes import until
from tests.cluster.tool import Tool

WINDOW = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "namespaces": ["*"]}


def config_map(name: str, namespace: str, text: str = "") -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {"commit": text}}


def commit(repository: Repository, namespace: str, text: str, *names: str) -> str:
    """Commit one ConfigMap with this text to the folder of each name, and return the commit."""
    for name in names:
        content = {"one.yaml": config_map(name, namespace, text)}
        content["kustomization.yaml"] = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["one.yaml"]
        }  # fmt: skip
        repository.replace(name, {file: yaml.safe_dump(objects).encode() for file, objects in content.items()})
    return repository.commit(text)


def text_of(tool: Tool, name: str, namespace: str) -> str:
    """Return the text that the cluster has of the ConfigMap of a folder, "" without it."""
    return str((tool.kube.get("v1", "ConfigMap", name, namespace) or {}).get("data", {}).get("commit", ""))


@pytest.mark.parametrize("tool", [ArgoCD], indirect=True, ids=["argocd"])
def test_argo_cd_applies_no_commit_in_a_window_that_denies_syncs(tool: ArgoCD, git: GitServer, namespace: str, tmp_path: Path) -> None:
    repository = git.repository(f"windows-{namespace}")
    closed, free = f"closed-{namespace}", f"free-{namespace}"
    head = commit(repository, namespace, "first", closed, free)
    default = tool.kube.get(VERSION, "AppProject", "default", tool.namespace)
    assert default
    spec = {**default["spec"], "syncWindows": [WINDOW]}
    project = {"apiVersion": VERSION, "kind": "AppProject", "metadata": {"name": closed, "namespace": tool.namespace}, "spec": spec}
    applications = [application for name in (closed, free) for application in tool.owner(name, repository.url, name, namespace)]
    applications[0]["spec"]["project"] = closed
    for content in (project, *applications):
        tool.kube.apply(content)

    def seen(name: str) -> Object | None:
        """Return the status of an Application that has been compared with the last commit."""
        status: Object = (tool.kube.get(VERSION, "Application", name, tool.namespace) or {}).get("status", {})
        return status if status.get("sync", {}).get("revision") == head else None

    def applied(name: str) -> bool | None:
        return text_of(tool, name, namespace) == "first" or None

    until("the commit in both", lambda: (seen(closed) and seen(free)) or None)
    until("the Application without a window", lambda: applied(free))
    tool.compare_again(closed)
    status = seen(closed)
    assert status
    assert (status["sync"]["status"], status.get("operationState"), applied(closed)) == ("OutOfSync", None, None)
    assert codes(tmp_path, repository, closed, project, *applications) == {"owner-window"}

    tool.kube.patch(VERSION, "AppProject", closed, tool.namespace, {"spec": {"syncWindows": None}})

    def compared_and_applied() -> bool | None:
        """Compare again each time: the controller may still have the project of before in its cache."""
        tool.compare_again(closed)
        return applied(closed)

    until("the Application after its window", compared_and_applied)


def codes(folder: Path, repository: Repository, overlay: str, *objects: Object) -> set[str]:
    """Return the codes of what rediskit reports about these objects in an application repository."""
    (folder / "objects.yaml").write_text(yaml.safe_dump_all(objects))
    entries = list(gitops_objects(folder))
    (build,) = builds_of(entries, overlay, repository.url)
    return {problem.code for problem in not_followed(build, entries, "main")}
