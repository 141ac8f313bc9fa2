"""A checkout of an application repository of each kind, and its build."""

from __future__ import annotations

import copy
import subprocess
from pathlib import Path
from typing import Any

import yaml

from rediskit import Environment, Manifest, render
from rediskit.model.owner import OwnerKind
from rediskit.yamlio.writer import dump
from tests.renderers.owner_build import Built, Object, copy_component, write
from tests.renderers.owner_shapes import Shape
from tests.samples import ONE_CONTAINER, config, environment_of, helm_release, merged


def environment(shape: Shape, kind: OwnerKind, step: str, order: str) -> Environment:
    section = {"manifest": Manifest("workload.yaml", copy.deepcopy(shape.workload)), "containers": ONE_CONTAINER, **shape.keys}
    if shape.scaler is not None:
        section["autoscaler"] = {"manifest": Manifest("autoscaler.yaml", shape.scaler)}
    client = merged(config(step, order)["clients"][0], {"owner": owner_of(kind)})
    client["workloads"] = [section]
    return environment_of(step, order, {"clients": [client]})


def build(folder: Path, kustomize: Path) -> Built:
    done = subprocess.run([kustomize, "build", str(folder)], capture_output=True, text=True, check=False, timeout=60)
    return Built(done.returncode, done.stdout, done.stderr)


RENDERERS: tuple[list[Object] | None, ...] = (None, [{"kustomize": {"images": [{"name": "proxy", "newTag": "2"}]}}], [])
"""The post-renderers of the base: none, one, and an empty list."""


def with_renderers(renderers: list[Object] | None) -> Object:
    """Return the HelmRelease of an application with post-renderers."""
    return helm_release({"spec": {"postRenderers": renderers}} if renderers is not None else None)


def owner_of(kind: OwnerKind, renderers: list[Object] | None = None) -> Object:
    """Return the section `owner` of a client."""
    more = {"release": Manifest("release.yaml", with_renderers(renderers))} if kind == "flux-helmrelease" else {}
    return {"kind": kind, **more}


class Repository:
    """An overlay of an application; `at` builds it with the files of an environment as the GitOps tool does, each content once."""

    def __init__(self, folder: Path, kustomize: Path, objects: tuple[Object, ...]) -> None:
        self.folder, self.kustomize, self.built = folder, kustomize, dict[str, Built]()
        (folder / "rediskit").mkdir(parents=True)
        names = [f"object{index}.yaml" for index in range(len(objects))]
        for name, content in zip(names, objects, strict=True):
            (folder / name).write_text(dump(content), encoding="utf-8")
        self.settings: dict[str, Any] = {"resources": names}

    def at(self, environment: Environment | None) -> Built:
        settings = dict(self.settings)
        files = {path: text for path, text in render(environment).files.items() if path.startswith("owners/")} if environment else {}
        content = repr(sorted(files.items()))
        if content in self.built:
            return self.built[content]
        if environment and environment.clients[0].owner.kind == "kustomize":
            copy_component(environment, self.folder / "rediskit")
            settings["components"] = ["./rediskit"]
        elif environment and environment.clients[0].owner.kind == "flux-helmrelease":
            added = self._post_renderers(environment)
            settings["patches"] = [*settings.get("patches", ()), *added]
        elif environment:
            # Argo CD 3.6.1 and Flux 1.9.4 append what stands in their object to the patches of the kustomization that they build.
            settings["patches"] = [*settings.get("patches", ()), *snippet(environment)]
        write(self.folder, {key: value for key, value in settings.items() if value})
        self.built[content] = build(self.folder, self.kustomize)
        return self.built[content]

    def _post_renderers(self, environment: Environment) -> list[Object]:
        """Return the patches that the real kustomize puts into the HelmRelease; helm-controller 1.6.4 builds the chart with them."""
        release = environment.clients[0].owner.release
        assert release is not None
        folder = self.folder / "release"
        (folder / "rediskit").mkdir(parents=True, exist_ok=True)
        (folder / "release.yaml").write_text(dump(release.content), encoding="utf-8")
        copy_component(environment, folder / "rediskit")
        write(folder, {"resources": ["release.yaml"], "components": ["./rediskit"]})
        built = build(folder, self.kustomize)
        assert built.code == 0, built.complaint
        base = release.content["spec"].get("postRenderers") or []
        now = built.workload("HelmRelease", "shop")["spec"].get("postRenderers") or []
        assert now[: len(base)] == base, "a post-renderer of the base is lost"
        assert len(now) in (len(base), len(base) + 1)
        return [patch for renderer in now[len(base) :] for patch in renderer["kustomize"]["patches"]]


def snippet(environment: Environment) -> list[Object]:
    kind = environment.clients[0].owner.kind
    name = {"argocd-app": "application-snippet.yaml", "flux-kustomization": "kustomization-snippet.yaml"}[kind]
    content = yaml.safe_load(render(environment).files[f"owners/beersystem/{name}"])
    spec = content["spec"]["source"]["kustomize"] if kind == "argocd-app" else content["spec"]
    patches: list[Object] = spec["patches"]
    return patches
