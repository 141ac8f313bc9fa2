"""A client with an application repository of one kind, and the programs that read its files."""

from __future__ import annotations

import copy
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rediskit import Environment, Manifest, render
from rediskit.model.migration import Order
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.yamlio.writer import dump
from tests.renderers.client_shapes import SHAPES
from tests.renderers.owner_build import OLD_REDIS, Object, write
from tests.renderers.test_client_shapes import HOST
from tests.samples import config, environment_of, merged

TEMPLATE = """\
{{- range $name, $object := .Values.objects }}
---
{{ toYaml $object }}
{{- end }}
{{- if .Values.old }}
{{- range .Values.redis }}
---
{{ toYaml . }}
{{- end }}
{{- end }}
"""


MODULE = """\
variable "stopped" {
  type    = any
  default = {}
}
variable "switched" {
  type    = any
  default = {}
}
variable "old" {
  default = true
}
locals {
  base = jsondecode(file("base.json"))
  shop = {
    for name, one in local.base.objects :
    name => merge(one, { spec = merge(one.spec, try(var.stopped[name], {}), try(var.switched[name], {})) })
  }
  objects = concat(values(local.shop), [for one in local.base.redis : one if var.old])
}
"""


class Programs(NamedTuple):
    """The real programs, and a folder of one journey."""

    kustomize: Path
    helm: Path
    tofu: Path
    folder: Path

    def run(self, program: Path, *arguments: str | Path, stdin: str = "") -> str:
        own = {"HELM_CACHE_HOME": str(self.folder), "HELM_CONFIG_HOME": str(self.folder), "HELM_DATA_HOME": str(self.folder)}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TF_CLI_CONFIG_FILE": os.devnull, **own}
        done = subprocess.run(
            [program, *arguments], cwd=self.folder, env=environment, input=stdin, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def build(self, *options: str | Path, **settings: Any) -> list[Object]:
        """Return the build of a kustomization in the folder."""
        write(self.folder, {key: value for key, value in settings.items() if value})
        return listed(self.run(self.kustomize, "build", ".", *options))

    def template(self, *values: Object) -> list[Object]:
        """Return the chart of the folder with values in their order."""
        files = [self.folder / f"values{index}.json" for index, _ in enumerate(values)]
        for file, content in zip(files, values, strict=True):
            file.write_text(json.dumps(content))
        return listed(self.run(self.helm, "template", "shop", "chart", *(part for file in files for part in ("--values", file))))

    def save(self, *objects: Object) -> list[str]:
        """Write objects into files, and return their names."""
        names = [f"object{index}.yaml" for index, _ in enumerate(objects)]
        for name, content in zip(names, objects, strict=True):
            (self.folder / name).write_text(dump(content))
        return names


def listed(text: str) -> list[Object]:
    return [content for content in yaml.safe_load_all(text) if content]


class Journey:
    """A client with an application repository of one kind."""

    def __init__(self, name: str, kind: Kind, order: Order, programs: Programs) -> None:
        self.shape, self.kind, self.order, self.programs = SHAPES[name], kind, order, programs
        self.objects = {part.content["metadata"]["name"]: part.content for part in self.shape.parts}
        self.values: Object = {"objects": self.objects, "redis": list(OLD_REDIS), "old": True}

    def environment(self, step: str) -> Environment:
        sections = [
            {"manifest": Manifest(f"{index}.yaml", copy.deepcopy(part.content)), **part.config}
            for index, part in enumerate(self.shape.parts)
        ]
        client = merged(config(step, self.order)["clients"][0], {"owner": self.kind.owner(self), **self.shape.keys})
        return environment_of(step, self.order, {"clients": [{**client, "workloads": sections}]})

    def files(self, environment: Environment) -> dict[str, bytes]:
        prefix = "owners/beersystem/"
        tree = render(environment)
        return {path.removeprefix(prefix): text for path, text in tree.files.items() if path.startswith(prefix)}

    def put(self, environment: Environment, folder: str = "rediskit") -> dict[str, bytes]:
        """Write the files of a step, and return them."""
        files = self.files(environment)
        target = self.programs.folder / folder
        target.mkdir(exist_ok=True)
        for old in target.iterdir():
            old.unlink()
        for path, text in files.items():
            (target / path).write_bytes(text)
        return files

    def changed(self) -> tuple[Object, Object]:
        """Return what a person writes to stop and to switch each workload: parts of its spec, with templates."""
        stopped = {name: {"suspend": True} if content["kind"] == "CronJob" else {"replicas": 0} for name, content in self.objects.items()}
        return stopped, {
            name: {key: templated(content["spec"][key]) for key in ("template", "jobTemplate") if key in content["spec"]}
            for name, content in switched_by_hand(self).items()
        }

    def chart(self) -> None:
        """Write a chart that renders the objects in its values."""
        (self.programs.folder / "chart/templates").mkdir(parents=True, exist_ok=True)
        (self.programs.folder / "chart/Chart.yaml").write_text(dump({"apiVersion": "v2", "name": "chart", "version": "1.2.3"}))
        (self.programs.folder / "chart/templates/objects.yaml").write_text(TEMPLATE)
        (self.programs.folder / "chart/values.yaml").write_text("objects: {}\n")


def switched_by_hand(journey: Journey) -> dict[str, Object]:
    """Return the workloads after the switch, as a person writes them; the journey compares them with the shape."""
    sections = [{"manifest": Manifest("0.yaml", copy.deepcopy(part.content)), **part.config} for part in journey.shape.parts]
    client = merged(config("validate")["clients"][0], {"owner": {"kind": "external"}, **journey.shape.keys})
    environment = environment_of("validate", "scale-down-first", {"clients": [{**client, "workloads": sections}]})
    by_name = {change.reference.partition("/")[2]: change for change in changes(environment, environment.clients[0])}
    return {name: edited(content, by_name[name]) for name, content in journey.objects.items()}


def templated(value: Any) -> Any:
    """Return a value with placeholders in place of the addresses and of the Secret."""
    if isinstance(value, dict):
        return {key: templated(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [templated(entry) for entry in value]
    known = {f"{HOST}:6379": "${address}", HOST: "${host}", "redis-credentials": "${secret.name}"}
    if value == "redis-password":
        return "${secret.key}"
    for text, placeholder in known.items() if isinstance(value, str) else ():
        value = value.replace(text, placeholder)
    return value


class Kind(NamedTuple):
    """A kind of application repository: its section of the config, and the objects that its program prints at a step."""

    owner: Callable[[Journey], Object]
    read: Callable[[Journey, Environment], list[Object]]
