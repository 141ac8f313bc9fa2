"""An application repository on disk, with our Component in its outermost overlay, built by the real kustomize."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rediskit import Environment, render
from rediskit.yamlio.writer import dump

Object = dict[str, Any]
OLD_REDIS: tuple[Object, ...] = (
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "redis", "namespace": "beersystem", "labels": {"app": "redis"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "redis"}},
            "template": {
                "metadata": {"labels": {"app": "redis"}},
                "spec": {"containers": [{"name": "redis", "image": "redis:7-alpine", "ports": [{"name": "redis", "containerPort": 6379}]}]},
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "redis", "namespace": "beersystem"},
        "spec": {"selector": {"app": "redis"}, "ports": [{"name": "redis", "port": 6379, "targetPort": "redis"}]},
    },
)
"""The Redis of beersystem before the migration: its Deployment as it runs, and the Service in front of it."""


@dataclass(frozen=True)
class Built:
    """The result of `kustomize build`: its exit code, output and complaint."""

    code: int
    text: str
    complaint: str
    objects: dict[tuple[str, str, str], Object] = field(init=False)

    def __post_init__(self) -> None:
        objects = [content for content in yaml.safe_load_all(self.text) if content]
        object.__setattr__(self, "objects", {identity(content): content for content in objects})
        assert len(self.objects) == len(objects)

    def workload(self, kind: str = "Deployment", name: str = "beersystem-backend") -> Object:
        return next(content for key, content in self.objects.items() if key[0] == kind and key[2] == name)


def identity(content: Mapping[str, Any]) -> tuple[str, str, str]:
    return content["kind"], content["metadata"].get("namespace", ""), content["metadata"]["name"]


@dataclass(frozen=True)
class Owner:
    """base: the objects (or YAML text) of the base. base_namespace, namespace: what base and overlay set. overlay: further keys."""

    folder: Path
    kustomize: Path
    base: Iterable[Object | str]
    base_namespace: str = ""
    namespace: str = ""
    overlay: Mapping[str, Any] = field(default_factory=dict)

    def build(self, environment: Environment | None = None, *, above: Mapping[str, Any] | None = None) -> Built:
        """Return the build, with the Component of the environment's first client if one is given; `above`: a further overlay over it."""
        base, overlay, top = (self.folder / name for name in ("base", "overlay", "top"))
        for folder in (base, overlay / "rediskit", top):
            folder.mkdir(parents=True, exist_ok=True)
        names = []
        for index, content in enumerate(self.base):
            names.append(f"object{index}.yaml")
            (base / names[-1]).write_text(content if isinstance(content, str) else dump(content))
        write(base, {"resources": names, **({"namespace": self.base_namespace} if self.base_namespace else {})})
        settings = {"resources": ["../base"], **({"namespace": self.namespace} if self.namespace else {}), **self.overlay}
        if environment is not None:
            settings["components"] = ["./rediskit"]
            copy_component(environment, overlay / "rediskit")
        write(overlay, settings)
        if above is not None:
            write(top, {"resources": ["../overlay"], **above})
        done = subprocess.run(
            [self.kustomize, "build", str(overlay if above is None else top)], capture_output=True, text=True, check=False, timeout=60
        )
        return Built(done.returncode, done.stdout, done.stderr)


def copy_component(environment: Environment, folder: Path) -> None:
    """As in the README of the tree: `owners/<client>/` becomes the folder `rediskit`."""
    for file in folder.iterdir():
        file.unlink()
    prefix = f"owners/{environment.clients[0].name}/"
    for path, content in render(environment).files.items():
        if path.startswith(prefix):
            (folder / path.removeprefix(prefix)).write_bytes(content)


def write(folder: Path, settings: Mapping[str, Any]) -> None:
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    (folder / "kustomization.yaml").write_text(dump({**head, **settings}))


def changed(before: Any, after: Any, path: str = "") -> set[str]:
    """Return the JSON pointers at which two values differ; entries of lists with names are addressed by name, whatever their order."""
    if isinstance(before, dict) and isinstance(after, dict):
        return set().union(*(changed(before.get(key), after.get(key), f"{path}/{key}") for key in before.keys() | after.keys()))
    if named(before) and named(after):
        return changed({entry["name"]: entry for entry in before}, {entry["name"]: entry for entry in after}, path)
    return set() if before == after else {path}


def named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(entry, dict) and "name" in entry for entry in value)
