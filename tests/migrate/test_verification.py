"""`migrate verify`: what a real build shows at each step, and input that is not what it should be."""

from __future__ import annotations

import itertools
import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from rediskit import Manifest
from rediskit.migrate.verification.artefact import artefact_of, collected
from rediskit.migrate.verification.compare import differences
from rediskit.model.migration import Order
from rediskit.state_machine.effects import effects
from rediskit.yamlio.writer import dump
from tests.renderers.client_shapes import SHAPES
from tests.renderers.owner_build import Object
from tests.renderers.owner_repository import Repository
from tests.renderers.test_client_shapes import base, environment
from tests.renderers.test_owner_kinds import HOST
from tests.samples import STEPS, config, environment_of

ORDERS: tuple[Order, ...] = ("scale-down-first", "deploy-first")
EVERY = list(itertools.product(SHAPES, ORDERS))
ROTATED = [(name, ORDERS[index % 2]) for index, name in enumerate(SHAPES)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "journey" in metafunc.fixturenames:
        metafunc.parametrize("journey", EVERY if metafunc.config.getoption("full") else ROTATED, ids=", ".join)


def test_a_build_shows_its_step_and_no_other(journey: tuple[str, str], tmp_path: Path, kustomize: Path) -> None:
    """Kustomize builds the Component of each step; a client with owner.kind external verifies it at every step."""
    name, order = journey
    repository = Repository(tmp_path, kustomize, base(SHAPES[name]))
    built = {step: repository.at(environment(name, "kustomize", order, done(step))) for step in STEPS}
    for step, wanted in itertools.product(STEPS, STEPS):
        stated = environment(name, "external", order, wanted)
        config = by_hand(switched=effects(environment(name, "external", order, done(step)).clients[0].migration).switched)
        text = "---\n".join((built[step].text, *([config] if name == "a container that a person changes" else [])))
        reported = differences(stated, stated.clients[0], artefact_of(text.encode(), "build")._replace(whole=True))
        assert bool(reported) == (built[step].text != built[done(wanted)].text), (step, wanted, reported)


def done(step: str) -> str:
    """Return the step whose state the application has: at `complete` that of `decommission`."""
    return "decommission" if step == "complete" else step


def by_hand(*, switched: bool) -> str:
    """Return the config file that a person changes."""
    host = HOST if switched else "redis.beersystem.svc.cluster.local"
    content = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "shop"},
        "data": {"config.yaml": f"cache:\n  url: redis://{host}:6379/1\n"},
    }
    return dump(content)


HOST_ENTRY = {"name": "REDIS_HOST", "value": HOST}
PASSWORD_ENTRY: Object = {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}}
PORT_ENTRY = {"name": "REDIS_PORT", "value": "6379"}


def shown(*contents: Object) -> list[str]:
    """Return the pointers that differ at scale-up, for a Deployment whose manifest is not in the config."""
    containers = {"backend": {"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}}
    workload = {"kind": "Deployment", "name": "beersystem-backend", "replicas": 2, "containers": containers}
    clients = [{**config("scale-up")["clients"][0], "workloads": [workload], "owner": {"kind": "external"}}]
    stated = environment_of("scale-up", over={"clients": clients})
    text = "---\n".join(map(dump, contents))
    return [
        difference.pointer.rpartition("/")[2] for difference in differences(stated, stated.clients[0], artefact_of(text.encode(), "build"))
    ]


def deployment(*env: Object, replicas: int | None = 2, **container: Any) -> Object:
    body = {"name": "backend", "image": "shop:1", "env": list(env), **container}
    spec: Object = {"template": {"spec": {"containers": [body]}}, **({} if replicas is None else {"replicas": replicas})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "beersystem-backend"}, "spec": spec}


def config_map(**data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shop"}, "data": data}


def test_a_variable_has_the_value_that_the_process_gets() -> None:
    """`env` before `envFrom`, the last source of `envFrom`, the last entry of a name, ConfigMaps with a hash of kustomize."""
    base = (PORT_ENTRY, PASSWORD_ENTRY)
    source = [{"configMapRef": {"name": "shop"}}]
    assert shown(deployment(HOST_ENTRY, *base)) == []
    assert shown(deployment(*base, envFrom=source), config_map(REDIS_HOST=HOST)) == []
    assert shown(deployment(*base, envFrom=source), config_map(REDIS_HOST="redis")) == ["REDIS_HOST"]
    assert shown(deployment(*base, envFrom=source)) == ["REDIS_HOST"]
    hashed = {**config_map(REDIS_HOST=HOST), "metadata": {"name": "shop-4f7g2h9k6t"}}
    assert shown(deployment(*base, envFrom=source), hashed) == []
    assert shown(deployment({"name": "REDIS_HOST", "value": "redis"}, *base, envFrom=source), config_map(REDIS_HOST=HOST)) == ["REDIS_HOST"]
    assert shown(deployment({"name": "REDIS_HOST", "value": "redis"}, HOST_ENTRY, *base)) == []
    referenced = {"name": "REDIS_HOST", "valueFrom": {"configMapKeyRef": {"name": "shop", "key": "host"}}}
    assert shown(deployment(referenced, *base), config_map(host=HOST)) == []
    prefixed = [{"prefix": "REDIS_", "configMapRef": {"name": "shop"}}]
    assert shown(deployment(*base, envFrom=prefixed), config_map(HOST=HOST)) == []
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "shop"}, "data": {"REDIS_HOST": b64encode(HOST.encode()).decode()}}
    assert shown(deployment(*base, envFrom=[{"secretRef": {"name": "shop"}}]), secret) == []


def test_a_variable_that_stays_a_reference_is_no_difference_beside_its_configmap() -> None:
    """Before the switch, the old value is required: the reference itself, whose text the same input contains."""
    referenced = {"name": "REDIS_HOST", "valueFrom": {"configMapKeyRef": {"name": "shop", "key": "host"}}}
    manifest = Manifest("web.yaml", deployment(referenced))
    workload = {"manifest": manifest, "containers": {"backend": {"env": {"REDIS_HOST": "${host}"}}}}
    section = {**config("scale-down")["clients"][0], "workloads": [workload], "owner": {"kind": "external"}}
    stated = environment_of("scale-down", over={"clients": [section]})

    def differing(entry: Object) -> list[str]:
        objects = [deployment(entry, replicas=0), config_map(host="redis")]
        return [difference.pointer for difference in differences(stated, stated.clients[0], collected(objects, "a build"))]

    assert differing(referenced) == []
    assert differing({"name": "REDIS_HOST", "value": "redis"}) != []


def test_what_kubernetes_refuses_or_takes_otherwise_is_a_difference() -> None:
    assert shown(deployment(HOST_ENTRY, {"name": "REDIS_PORT", "value": 6379}, PASSWORD_ENTRY)) == ["REDIS_PORT"]
    assert shown(deployment(HOST_ENTRY, PORT_ENTRY, PASSWORD_ENTRY, replicas=True)) == ["replicas"]
    assert shown(deployment(HOST_ENTRY, PORT_ENTRY, PASSWORD_ENTRY, replicas=None)) == ["replicas"]
    assert shown(deployment(HOST_ENTRY, PORT_ENTRY, {**PASSWORD_ENTRY, "value": "x"})) == []
    other = {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "redis", "key": "redis-password"}}}
    assert shown(deployment(HOST_ENTRY, PORT_ENTRY, other)) == ["REDIS_PASSWORD"]
    optional = {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {**PASSWORD_ENTRY["valueFrom"]["secretKeyRef"], "optional": True}}}
    assert shown(deployment(HOST_ENTRY, PORT_ENTRY, optional)) == ["REDIS_PASSWORD"]


def test_a_reference_before_its_definition_is_a_difference() -> None:
    url = {"REDIS_URL": "redis://:${password}@${address}/1", "REDIS_PASSWORD": "${password}"}
    workload = {"kind": "Deployment", "name": "beersystem-backend", "replicas": 2, "containers": {"backend": {"env": url}}}
    clients = [{**config("scale-up")["clients"][0], "workloads": [workload], "owner": {"kind": "external"}}]
    stated = environment_of("scale-up", over={"clients": clients})
    entry = {"name": "REDIS_URL", "value": f"redis://:$(REDIS_PASSWORD)@{HOST}:6379/1"}
    for env, count in (((PASSWORD_ENTRY, entry), 0), ((entry, PASSWORD_ENTRY), 1)):
        reported = differences(stated, stated.clients[0], artefact_of(dump(deployment(*env)).encode(), "build"))
        assert len(reported) == count, reported


def test_helm_template_shows_each_step_by_its_values(tmp_path: Path, helm: Path) -> None:
    """The real helm renders a chart whose values are those of the step."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    (tmp_path / "templates/deployment.yaml").write_text(CHART)
    switched = {"host": HOST, "password": {"secretKeyRef": {"name": "redis-credentials", "key": "redis-password"}}}
    values = {
        "prepare": {"replicas": 1, "host": "redis.beersystem.svc.cluster.local", "password": None},
        "scale-down": {"replicas": 0, "host": "redis.beersystem.svc.cluster.local", "password": None},
        "reconfigure": {"replicas": 0, **switched},
        "scale-up": {"replicas": 1, **switched},
        "rolled-back": {"replicas": 1, "host": "redis.beersystem.svc.cluster.local", "password": None},
    }
    for (step, content), wanted in itertools.product(values.items(), values):
        (tmp_path / "values.yaml").write_text(dump(content))
        done = subprocess.run([helm, "template", "shop", tmp_path], capture_output=True, check=True, timeout=60)
        stated = environment_of(wanted, over={"clients": {0: {"owner": {"kind": "external"}}}})
        reported = differences(stated, stated.clients[0], artefact_of(done.stdout, "helm template"))
        assert bool(reported) == (content != values[wanted]), (step, wanted, reported)


CHART = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: beersystem-backend
spec:
  replicas: {{ .Values.replicas }}
  template:
    spec:
      containers:
      - name: backend
        image: shop:1
        env:
        - {name: REDIS_HOST, value: {{ .Values.host | quote }}}
        - {name: REDIS_PORT, value: "6379"}
        {{- with .Values.password }}
        - {name: REDIS_PASSWORD, valueFrom: {{ toJson . }}}
        {{- end }}
---
"""


def state(*resources: Object) -> bytes:
    """Return a state as `tofu show -json` prints it, with the resources in a module."""
    module = {"address": "module.shop", "resources": list(resources)}
    return json.dumps({"format_version": "1.0", "values": {"root_module": {"child_modules": [module]}}}).encode()


def resource(kind: str, **values: Any) -> Object:
    return {"address": f"{kind}.shop", "mode": "managed", "type": kind, "values": values, "sensitive_values": {}}


def typed(host: str, replicas: str) -> Object:
    """Return a kubernetes_deployment_v1 in the form of the provider: lists of one block, numbers as text."""
    password = {
        "config_map_key_ref": [],
        "field_ref": [],
        "resource_field_ref": [],
        "secret_key_ref": [{"key": "redis-password", "name": "redis-credentials", "optional": False}],
    }
    env = [
        {"name": "REDIS_HOST", "value": host, "value_from": []},
        {"name": "REDIS_PORT", "value": "6379", "value_from": []},
        {"name": "REDIS_PASSWORD", "value": "", "value_from": [password]},
    ]
    container = {"name": "backend", "image": "shop:1", "args": [], "command": [], "env": env, "env_from": []}
    template = [{"metadata": [{"labels": {}}], "spec": [{"container": [container], "init_container": []}]}]
    metadata = [{"name": "beersystem-backend", "namespace": "beersystem", "annotations": {}, "uid": "1"}]
    return resource("kubernetes_deployment_v1", metadata=metadata, spec=[{"replicas": replicas, "template": template}])


def test_a_state_of_opentofu_shows_the_step() -> None:
    stated = environment_of("scale-up", over={"clients": {0: {"owner": {"kind": "external"}}}})
    manifest = deployment(HOST_ENTRY, PORT_ENTRY, PASSWORD_ENTRY, replicas=1)
    manifest["metadata"]["namespace"] = "beersystem"
    forms = {
        "kubernetes_deployment_v1": typed(HOST, "1"),
        "kubernetes_manifest": resource("kubernetes_manifest", manifest=manifest, object=None),
        "kubectl_manifest": resource("kubectl_manifest", yaml_body=dump(manifest)),
        "helm_release with manifests": resource("helm_release", manifest=json.dumps({"deployment.apps/apps/v1/x": manifest})),
    }
    for name, content in forms.items():
        reported = differences(stated, stated.clients[0], artefact_of(state(content), "state"))
        assert reported == [], name
    for wrong in (typed("redis", "1"), typed(HOST, "0")):
        assert differences(stated, stated.clients[0], artefact_of(state(wrong), "state"))
    release = artefact_of(state(resource("helm_release", namespace="shop", manifest=None)), "state")
    assert release.renders == ("helm_release.shop (namespace shop)",)
    assert differences(stated, stated.clients[0], release)
