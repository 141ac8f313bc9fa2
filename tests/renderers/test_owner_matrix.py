"""Each kind of application repository with three clients, through the program that reads its files: every step, and the rollback.

The objects that the program prints are compared with the shape of the client alone, and pass `migrate verify`. Kind and shape are a whole
product, and the order alternates, so that each pair of the three occurs. `pytest --full` runs the product of all.
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from rediskit import Environment, Manifest, check, render
from rediskit.migrate.owner.plain_text import patched
from rediskit.migrate.verification.artefact import collected
from rediskit.migrate.verification.compare import differences
from rediskit.model.migration import Order
from rediskit.renderers.owner.patches import changes
from rediskit.state_machine.effects import effects
from rediskit.yamlio.writer import dump
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.renderers.owner_journey import MODULE, Journey, Kind, Programs
from tests.renderers.test_client_shapes import assert_step, pod
from tests.samples import STEPS, helm_application, helm_release

Key = tuple[str, str, str]
NAMES = ("a suspended CronJob beside a Deployment", "one URL with a query", "variables that are removed and literals")
ORDERS: tuple[Order, ...] = ("scale-down-first", "deploy-first")


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
    texts = {name: f"# by hand\n{dump(content)}".encode() for name, content in journey.objects.items()}
    objects = [yaml.safe_load(patched(text, "x", by_name[name]) if name in by_name else text) for name, text in texts.items()]
    removed = journey.files(environment).get("remove.txt", b"").decode().split()
    return [*objects, *(content for content in OLD_REDIS if f"{content['kind']}/{content['metadata']['name']}" not in removed)]


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
    objects = {
        f"{content['kind']}/{content['metadata']['name']}": copy.deepcopy(content) for content in (*journey.objects.values(), *OLD_REDIS)
    }
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
            containers = {container["name"]: container for container in pod(objects[entry["object"]])[path[-4]]}
            env = containers[path[-3]].setdefault("env", [])
            if entry["wanted"] != next(
                ({key: variable[key] for key in variable if key != "name"} for variable in env if variable["name"] == path[-1]), {}
            ):
                env[:] = [variable for variable in env if variable["name"] != path[-1]]
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
    result = {(content["kind"], content["metadata"]["namespace"], content["metadata"]["name"]): content for content in objects}
    assert len(result) == len(objects)
    return result


def test_each_step_and_the_rollback(way: tuple[str, str, Order], tmp_path: Path, kustomize: Path, helm: Path, tofu: Path) -> None:
    kind, name, order = way
    journey = Journey(name, KINDS[kind], order, Programs(kustomize, helm, tofu, tmp_path))
    base = by_key([*journey.objects.values(), *OLD_REDIS])
    seen: dict[str, dict[Key, Object]] = {}
    for step in (*(name for name in STEPS if name not in ("rolled-back", "complete")), "rolled-back"):
        environment = journey.environment(step)
        client = environment.clients[0]
        effect = effects(client.migration)
        faults = [finding for finding in check(environment, render(environment)) if finding.code == "owner-component"]
        assert faults == [], step
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
