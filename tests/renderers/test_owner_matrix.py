"""Each kind of application repository with three clients, through the program that reads its files: every step, and the rollback.

The objects that the program prints are compared with the shape of the client alone, and pass `migrate verify`. Kind and shape are a whole
product, and the order alternates, so that each pair of the three occurs. `pytest --full` runs the product of all.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import yaml

from rediskit import Environment, Manifest, render
from rediskit.migrate.owner.plain_text import patched
from rediskit.migrate.verification.artefact import collected
from rediskit.migrate.verification.compare import differences
from rediskit.model.migration import Order
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.state_machine.effects import effects
from rediskit.yamlio.writer import dump
from tests.renderers.client_shapes import SHAPES
from tests.renderers.owner_build import OLD_REDIS, Object, write
from tests.renderers.test_client_shapes import HOST, assert_step, pod
from tests.samples import STEPS, config, environment_of, helm_application, helm_release, merged

Key = tuple[str, str, str]
NAMES = ("a suspended CronJob beside a Deployment", "one URL with a query", "variables that are removed and literals")
ORDERS: tuple[Order, ...] = ("scale-down-first", "deploy-first")
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
    return [one for one in yaml.safe_load_all(text) if one]


class Journey:
    """A client with an application repository of one kind."""

    def __init__(self, name: str, kind: Kind, order: Order, programs: Programs) -> None:
        self.shape, self.kind, self.order, self.programs = SHAPES[name], kind, order, programs
        self.objects = {one.content["metadata"]["name"]: one.content for one in self.shape.parts}
        self.values: Object = {"objects": self.objects, "redis": list(OLD_REDIS), "old": True}

    def environment(self, step: str) -> Environment:
        sections = [
            {"manifest": Manifest(f"{index}.yaml", copy.deepcopy(one.content)), **one.config} for index, one in enumerate(self.shape.parts)
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
        stopped = {name: {"suspend": True} if one["kind"] == "CronJob" else {"replicas": 0} for name, one in self.objects.items()}
        return stopped, {
            name: {key: templated(one["spec"][key]) for key in ("template", "jobTemplate") if key in one["spec"]}
            for name, one in switched_by_hand(self).items()
        }

    def chart(self) -> None:
        """Write a chart that renders the objects in its values."""
        (self.programs.folder / "chart/templates").mkdir(parents=True, exist_ok=True)
        (self.programs.folder / "chart/Chart.yaml").write_text(dump({"apiVersion": "v2", "name": "chart", "version": "1.2.3"}))
        (self.programs.folder / "chart/templates/objects.yaml").write_text(TEMPLATE)
        (self.programs.folder / "chart/values.yaml").write_text("objects: {}\n")


def switched_by_hand(journey: Journey) -> dict[str, Object]:
    """Return the workloads after the switch, as a person writes them; the journey compares them with the shape."""
    sections = [{"manifest": Manifest("0.yaml", copy.deepcopy(one.content)), **one.config} for one in journey.shape.parts]
    client = merged(config("validate")["clients"][0], {"owner": {"kind": "external"}, **journey.shape.keys})
    environment = environment_of("validate", "scale-down-first", {"clients": [{**client, "workloads": sections}]})
    by_name = {change.reference.partition("/")[2]: change for change in changes(environment, environment.clients[0])}
    return {name: edited(content, by_name[name]) for name, content in journey.objects.items()}


def templated(value: Any) -> Any:
    """Return a value with placeholders in place of the addresses and of the Secret."""
    if isinstance(value, dict):
        return {key: templated(one) for key, one in value.items()}
    if isinstance(value, list):
        return [templated(one) for one in value]
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


def by_kind(kind: str, **more: Any) -> Callable[[Journey], Object]:
    return lambda _: {"kind": kind, **more}


def component(journey: Journey, environment: Environment) -> list[Object]:
    journey.put(environment)
    return journey.programs.build(resources=journey.programs.save(*journey.objects.values(), *OLD_REDIS), components=["rediskit"])


def in_place(journey: Journey, environment: Environment) -> list[Object]:
    """Return the build of an overlay that lists the rendered folder."""
    journey.put(environment, "rendered")
    return journey.programs.build(resources=journey.programs.save(*journey.objects.values(), *OLD_REDIS), components=["rendered"])


def with_chart(journey: Journey, environment: Environment) -> list[Object]:
    journey.put(environment)
    journey.chart()
    charts = [{"name": "chart", "releaseName": "shop", "version": "1.2.3", "valuesInline": journey.values}]
    options = ("--enable-helm", "--helm-command", journey.programs.helm)
    return journey.programs.build(*options, helmGlobals={"chartHome": "."}, helmCharts=charts, components=["rediskit"])


def snippet(journey: Journey, environment: Environment) -> list[Object]:
    """Argo CD 3.6.1 and kustomize-controller 1.9.4 append the patches of their object to those of the kustomization."""
    (text,) = journey.files(environment).values()
    spec = yaml.safe_load(text)["spec"]
    patches = spec["patches"] if "patches" in spec else spec["source"]["kustomize"]["patches"]
    return journey.programs.build(resources=journey.programs.save(*journey.objects.values(), *OLD_REDIS), patches=patches)


def plain_files(journey: Journey, environment: Environment) -> list[Object]:
    by_name = {change.reference.partition("/")[2]: change for change in changes(environment, environment.clients[0])}
    texts = {name: f"# by hand\n{dump(one)}".encode() for name, one in journey.objects.items()}
    objects = [yaml.safe_load(patched(text, "x", by_name[name]) if name in by_name else text) for name, text in texts.items()]
    removed = journey.files(environment).get("remove.txt", b"").decode().split()
    return [*objects, *(one for one in OLD_REDIS if f"{one['kind']}/{one['metadata']['name']}" not in removed)]


def installed(journey: Journey, environment: Environment) -> Object:
    """Return the HelmRelease that kustomize builds."""
    journey.put(environment)
    names = journey.programs.save(helm_release({"spec": {"values": journey.values}}))
    (release,) = journey.programs.build(resources=names, components=["rediskit"])
    journey.chart()
    spec: Object = release["spec"]
    return spec


def post_rendered(journey: Journey, environment: Environment) -> list[Object]:
    """helm-controller 1.6.4 builds the rendered chart with each post-renderer."""
    spec = installed(journey, environment)
    objects = journey.programs.template(spec["values"])
    for renderer in spec.get("postRenderers", ()):
        names = journey.programs.save(*objects)
        objects = journey.programs.build(resources=names, patches=renderer["kustomize"]["patches"])
    return objects


def release_values(journey: Journey, environment: Environment) -> list[Object]:
    spec = installed(journey, environment)
    return journey.programs.template(spec["values"])


def file_values(journey: Journey, environment: Environment) -> list[Object]:
    """Argo CD passes `valueFiles` and then `valuesObject` to Helm, in this order."""
    files = journey.files(environment)
    journey.chart()
    if "application-snippet.yaml" not in files:
        return journey.programs.template(journey.values, yaml.safe_load(files["values.yaml"]))
    spec = yaml.safe_load(files["application-snippet.yaml"])["spec"]
    return journey.programs.template(journey.values, yaml.safe_load(files["values.yaml"]), spec["source"]["helm"]["valuesObject"])


def variables(journey: Journey, environment: Environment) -> list[Object]:
    (journey.programs.folder / "main.tf").write_text(MODULE)
    (journey.programs.folder / "base.json").write_text(json.dumps({"objects": journey.objects, "redis": OLD_REDIS}))
    (journey.programs.folder / "shop.auto.tfvars.json").write_bytes(journey.files(environment)["beersystem.auto.tfvars.json"])
    shown = journey.programs.run(journey.programs.tofu, "console", stdin="jsonencode(local.objects)\n")
    objects: list[Object] = json.loads(json.loads(shown))
    return objects


def by_hand(journey: Journey, environment: Environment) -> list[Object]:
    """Set each field of required.json in the objects as they were before the migration, as a person does."""
    objects = {f"{one['kind']}/{one['metadata']['name']}": copy.deepcopy(one) for one in (*journey.objects.values(), *OLD_REDIS)}
    required = json.loads(journey.files(environment)["required.json"])
    for entry in reversed(required["required"]):
        if entry["wanted"] is None:  # An old value that can be a secret is not shown: it stays as it is.
            continue
        path = entry["pointer"].split("/")[1:]
        if not path:
            if not entry["wanted"]:
                del objects[entry["object"]]
        elif "env" not in path:
            objects[entry["object"]]["spec"][path[-1]] = entry["wanted"]["value"]
        else:
            containers = {one["name"]: one for one in pod(objects[entry["object"]])[path[-4]]}
            env = containers[path[-3]].setdefault("env", [])
            if entry["wanted"] != next(({key: one[key] for key in one if key != "name"} for one in env if one["name"] == path[-1]), {}):
                env[:] = [one for one in env if one["name"] != path[-1]]
                env[:0] = [{"name": path[-1], **entry["wanted"]}] if entry["wanted"] else []
            if not env:
                del containers[path[-3]]["env"]
    return list(objects.values())


def values_of(install: Callable[[Journey], Object]) -> Callable[[Journey], Object]:
    def owner(journey: Journey) -> Object:
        stopped, switched = journey.changed()
        parts = [{name: {"spec": spec} for name, spec in part.items()} for part in (stopped, switched)]
        values = {"stopped": {"objects": parts[0]}, "switched": {"objects": parts[1]}, "removed": {"old": False}}
        return {"kind": "helm-values", "release": Manifest("release.yaml", install(journey)), "values": values}

    return owner


def release_of(journey: Journey) -> Object:
    return helm_release({"spec": {"values": journey.values}})


def application_with_values(journey: Journey) -> Object:
    return helm_application(valuesObject=journey.values)


def module_of(journey: Journey) -> Object:
    stopped, switched = journey.changed()
    values = {"stopped": {"stopped": stopped}, "switched": {"switched": switched}, "removed": {"old": False}}
    return {"kind": "tfvars", "variables": values}


KINDS: dict[str, Kind] = {
    "kustomize": Kind(by_kind("kustomize"), component),
    "kustomize in place": Kind(by_kind("kustomize", inPlace=True, path="apps/shop"), in_place),
    "kustomize with a chart": Kind(by_kind("kustomize", enableHelm=True), with_chart),
    "manifests": Kind(by_kind("manifests"), plain_files),
    "argocd-app": Kind(by_kind("argocd-app"), snippet),
    "flux-kustomization": Kind(by_kind("flux-kustomization"), snippet),
    "flux-helmrelease": Kind(
        lambda journey: {"kind": "flux-helmrelease", "release": Manifest("r.yaml", release_of(journey))}, post_rendered
    ),
    "helm-values of a HelmRelease": Kind(values_of(release_of), release_values),
    "helm-values in a file": Kind(values_of(lambda _: helm_application()), file_values),
    "helm-values in valuesObject": Kind(values_of(application_with_values), file_values),
    "tfvars": Kind(module_of, variables),
    "external": Kind(by_kind("external"), by_hand),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    whole = itertools.product(KINDS, NAMES, ORDERS)
    pairs = ((kind, name, ORDERS[(row + column) % 2]) for row, kind in enumerate(KINDS) for column, name in enumerate(NAMES))
    if "way" in metafunc.fixturenames:
        metafunc.parametrize("way", list(whole if metafunc.config.getoption("full") else pairs), ids=", ".join)


def by_key(objects: list[Object]) -> dict[Key, Object]:
    result = {(one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]): one for one in objects}
    assert len(result) == len(objects)
    return result


def test_each_step_and_the_rollback(way: tuple[str, str, Order], tmp_path: Path, kustomize: Path, helm: Path, tofu: Path) -> None:
    kind, name, order = way
    journey = Journey(name, KINDS[kind], order, Programs(kustomize, helm, tofu, tmp_path))
    base = by_key([*journey.objects.values(), *OLD_REDIS])
    seen: dict[str, dict[Key, Object]] = {}
    for step in (*(one for one in STEPS if one not in ("rolled-back", "complete")), "rolled-back"):
        environment = journey.environment(step)
        client = environment.clients[0]
        effect = effects(client.migration)
        rendered = repr(sorted(journey.files(environment).items()))
        if rendered not in seen:
            seen[rendered] = by_key(journey.kind.read(journey, environment))
        objects = seen[rendered]
        if effect.owner_is_untouched:
            assert objects == base, step
        else:
            assert_step(journey.shape, effect, SimpleNamespace(objects=base), SimpleNamespace(objects=objects))  # type: ignore[arg-type]
        assert differences(environment, client, collected(objects.values(), "the build")) == [], step
        if not effect.owner_is_untouched:
            assert differences(environment, client, collected(base.values(), "the base")), step
    assert len(seen) >= 4
