"""Unusual checkouts: valid ones of each kind of application repository, with one file changed as data, text and bytes."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import yaml

from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.source.loader import load
from rediskit.yamlio.writer import dump
from tests.cli.checkout import owner
from tests.fuzz.cases import CONFIG, changed
from tests.renderers.owner_build import OLD_REDIS, Object
from tests.samples import STEPS, backend, config, helm_application, helm_release, loaded, merged

BUILT = "bin/built"
"""What the program in the place of kustomize prints."""
SHOWN = "owner/shown.yaml"
"""The output of a program that `migrate verify` reads."""
STATE = "owner/state.json"
"""What `tofu show -json` prints."""
TEMPLATED = "bin/templated"
"""What the program in the place of Helm prints."""
LIVE = "bin/live"
"""What the program in the place of kubectl prints."""
PROGRAM = "bin/kustomize"
VALUES_OF_FLUX, VALUES_OF_ARGO_CD = "helm-values of a HelmRelease", "helm-values of an Application"
RELEASE = helm_release({"spec": {"valuesFrom": [{"kind": "ConfigMap", "name": "shop"}], "postRenderers": []}})
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"}, "data": {"values.yaml": "a: {b: [1]}\n"}}
VALUES = {"stopped": {"replicas": 0}, "switched": {"redis": {"host": "${host}"}}, "removed": {"old": False}}
SECTIONS: dict[str, Object] = {
    "tfvars": {"variables": VALUES},
    "flux-helmrelease": {"release": "chocolandia/release.yaml"},
    VALUES_OF_FLUX: {"release": "chocolandia/release.yaml", "values": VALUES},
    VALUES_OF_ARGO_CD: {"release": "chocolandia/release.yaml", "values": VALUES},
}
"""The keys of `owner` by kind."""
COMMANDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "kustomize": (
        ("check", CONFIG, "--owner", "owner/prod", "--output", "out"),
        ("migrate", "export", CONFIG, "--to", "owner/prod", "--dry-run"),
        ("migrate", "export", CONFIG, "--to", "owner/prod"),
        ("migrate", "export", CONFIG, "--to", "owner/prod", "--force"),
    ),
    "manifests": (
        ("migrate", "export", CONFIG, "--to", "owner/base", "--dry-run"),
        ("migrate", "export", CONFIG, "--to", "owner/base"),
        ("migrate", "export", CONFIG, "--to", "owner/base", "--force"),
    ),
}
COMMANDS["external"] = (
    ("migrate", "scan", CONFIG, "--from", SHOWN),
    ("migrate", "scan", CONFIG, "--live"),
    ("migrate", "verify", CONFIG, "--live"),
    ("migrate", "verify", CONFIG, "--from", SHOWN),
    ("check", CONFIG, "--owner", "owner/prod", "--output", "out"),
    ("migrate", "verify", CONFIG, "--from", SHOWN, "--record"),
)
COMMANDS["tfvars"] = (
    ("migrate", "scan", CONFIG, "--from", STATE),
    ("migrate", "verify", CONFIG, "--from", STATE),
    *COMMANDS["kustomize"],
)
COMMANDS |= dict.fromkeys(("argocd-app", "flux-kustomization"), COMMANDS["kustomize"])
WITH_CHART = tuple((*command, "--chart", "owner/chart") for command in COMMANDS["kustomize"])
COMMANDS["flux-helmrelease"] = (("migrate", "record", CONFIG, "--installed"), *WITH_CHART, *COMMANDS["kustomize"])
COMMANDS |= dict.fromkeys((VALUES_OF_FLUX, VALUES_OF_ARGO_CD), (*WITH_CHART, *COMMANDS["kustomize"]))
INPUTS = ("owner/", "chocolandia/release.yaml", BUILT, TEMPLATED, LIVE)
"""What is changed: the checkout, the object that installs the chart, and what programs print."""


class Case(NamedTuple):
    """Files by name, and the command that meets them."""

    files: dict[str, bytes]
    command: tuple[str, ...]


def case(random: Random) -> Case:
    """Return a sound checkout with one file changed, or with one file more that is one of the others, changed."""
    kind, step = random.choice(list(COMMANDS)), random.choice(STEPS[:6])
    files = dict(sound(kind, step))
    name = random.choice([name for name in files if name.startswith(INPUTS)])
    content = changed(files[name], random)
    if random.random() < 0.2:
        name = random.choice(
            ("owner/other/kustomization.yaml", "owner/base/more.yaml", "owner/prod/rediskit/beersystem/kustomization.yaml")
        )
    files[name] = content
    return Case(files, random.choice(COMMANDS[kind]))


@cache
def sound(kind: str, step: str) -> dict[str, bytes]:
    """Return a config at a step, a checkout of its application, and what kustomize prints of that."""
    with TemporaryDirectory() as name:
        place = Path(name)
        first = config(step)["clients"][0]
        section = {"kind": kind.partition(" ")[0], **SECTIONS.get(kind, {})}
        application = helm_application(valueFiles=["values.yaml"], values="a: 1\n", parameters=[{"name": "a.b", "value": "1"}])
        install = application if kind == VALUES_OF_ARGO_CD else RELEASE
        loaded(place, step, over={"clients": [merged(first, {"owner": section})]}, release=install)
        installed = (RELEASE, CONFIG_MAP) if kind in ("flux-helmrelease", VALUES_OF_FLUX) else (backend(), *OLD_REDIS)
        top = owner(place, *installed, listed=kind in ("kustomize", "flux-helmrelease", VALUES_OF_FLUX))
        for file, text in MORE.items():
            (top / file).parent.mkdir(exist_ok=True)
            (top / file).write_text(text)
        objects = sorted((top / "base").glob("*-*.yaml"))
        files = {str(file.relative_to(place)): file.read_bytes() for file in place.rglob("*") if file.is_file()}
        built = b"---\n".join(file.read_bytes() for file in objects)
        rendered = b"---\n".join(dump(content).encode() for content in (backend(), *OLD_REDIS))
        live = json.dumps(
            {
                **merged(RELEASE, {"metadata": {"uid": "1"}}),
                "items": [backend(), *OLD_REDIS],
                "status": {"history": [{"chartVersion": "1.2.3"}]},
            }
        )
        printed = {BUILT: built, TEMPLATED: rendered, LIVE: live.encode(), SHOWN: shown(place), STATE: state(place)}
        return {**files, **printed}


MORE = {
    "chart/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.2.3\n",
    "prod/values.yaml": "a: {b: 2}\n",
    "values.yaml": "a: {b: 2}\n",
    "prod/main.tf": "".join(f'variable "{name}" {{}}\n' for name in ("replicas", "redis", "old")),
    "prod/more.tf.json": '{"variable": {"more": {"default": [1]}}}',
}
"""Files of a chart, an Application and a module in every checkout."""


def state(place: Path) -> bytes:
    """Return a state of OpenTofu with an object, a release and a resource that runs commands."""
    (content, *_) = yaml.safe_load_all(shown(place))
    blocks = {"metadata": [content["metadata"]], "spec": [{"replicas": "1", "template": [{"spec": [{"container": []}]}]}]}
    values = {
        "kubernetes_manifest": {"manifest": content},
        "kubernetes_deployment_v1": blocks,
        "helm_release": {"namespace": "shop", "manifest": json.dumps({"a": content})},
        "terraform_data": {"input": "a"},
    }
    resources = [{"address": f"{kind}.a", "mode": "managed", "type": kind, "values": content} for kind, content in values.items()]
    return json.dumps({"format_version": "1.0", "values": {"root_module": {"child_modules": [{"resources": resources}]}}}).encode()


def shown(place: Path) -> bytes:
    """Return the objects of an application as its step requires them."""
    environment = load(place / CONFIG)
    listed = [edited(backend(), change) for change in changes(environment, environment.clients[0])] or [backend()]
    return "---\n".join(map(dump, (*listed, *OLD_REDIS))).encode()
