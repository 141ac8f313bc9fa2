"""A reduced manifest contains the fields that a migration reads, and no password of the input."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rediskit.errors import RediskitError, RefusedError
from rediskit.init import project
from rediskit.init.clients import clients_of
from rediskit.init.objects import InputObjects
from rediskit.init.project import Options, new_project
from rediskit.init.reduced_manifests import address_in, reduce_manifest, refuse_leaks, text_of
from rediskit.usage.address import parse
from rediskit.usage.finder import uses
from tests.init.live import Object, container, redis, secret_key, service, text, workload
from tests.init.places import PASSWORDS, PLACES, forms, planted
from tests.samples import backend

WORD = "correct-horse-battery"


def copied(*objects: Object) -> Object:
    """Return the reduced manifest of the first workload."""
    source = InputObjects(objects)
    client = clients_of(source).clients[0]
    return reduce_manifest(client.workloads[0], client, source)


def env(manifest: Object, kind: str = "containers") -> dict[str, Any]:
    (app, *_) = manifest["spec"]["template"]["spec"][kind]
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in app.get("env", [])}


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip the render of the project: it takes long and writes nothing more."""
    monkeypatch.setattr(project, "_prove", lambda *_: None)


def written(*objects: Object) -> str:
    """Return everything that `init` writes and prints for an input, or its error."""
    try:
        done = new_project(
            Options("/nowhere/home", repository="https://git.example.org/a.git", source=(text(*objects).encode(), "live.yaml"))
        )
    except RediskitError as error:
        return str(error)
    texts = [*done.open, *done.notes, repr(done), *done.files]
    return "\n".join([*texts, *(content.decode() for path, content in done.files.items() if path != "rediskit.schema.json")])


def test_there_are_at_least_a_hundred_places() -> None:
    assert len(PLACES) >= 100
    for name, obj in PLACES.items():
        assert "@@" in json.dumps(obj), name
        assert "@@" not in json.dumps(planted(name, "x")), name


@pytest.mark.parametrize("kind", PASSWORDS)
def test_no_password_of_any_place_is_written(kind: str) -> None:
    password = PASSWORDS[kind]
    objects = {f"shop-{number}": planted(name, password) for number, name in enumerate(PLACES)}
    for namespace, obj in objects.items():
        obj["metadata"].update(name=namespace, namespace=namespace)
    output = written(*objects.values())
    assert [namespace for namespace in objects if f"config/home/{namespace}.yaml" not in output] == [], "a refusal would hide it, too"
    assert [form for form in forms(password) if form in output] == []


STRUCTURE = frozenset({"apiVersion", "kind"})
NEEDED = (
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("spec", "serviceName"),
    ("spec", "selector", "matchLabels", "*"),
    ("spec", "template", "metadata", "labels", "*"),
    ("spec", "template", "spec", "*", "*", "name"),
    ("spec", "template", "spec", "*", "*", "image"),
    ("spec", "template", "spec", "*", "*", "env", "*", "name"),
    ("spec", "template", "spec", "*", "*", "envFrom", "*", "*", "name"),
    ("spec", "template", "spec", "*", "*", "envFrom", "*", "prefix"),
)
"""The texts that a migration needs, beside the values and the sources of the variables that it switches. Labels are names.

The annotation has an image without user, tag and digest (`PLACES`): a password in their place is not written.
"""
SWITCHED = ("REDIS_HOST", "REDIS_PORT", "REDIS_URL")
CARRIERS = ("argocd.argoproj.io/instance", "kustomize.toolkit.fluxcd.io/name")
"""The labels with the GitOps object that deploys a workload: `init` writes them as a comment."""


def is_needed(obj: Object, path: tuple[Any, ...]) -> bool:
    if path[-1] in STRUCTURE or path[-1] in CARRIERS:
        return True
    if any(len(path) == len(needed) and all(part in ("*", key) for part, key in zip(needed, path, strict=True)) for needed in NEEDED):
        return True
    if "env" not in path:
        return False
    entry: Any = obj
    for part in path[: path.index("env") + 2]:
        entry = entry[part]
    name = entry.get("name") if isinstance(entry, dict) else None
    return name in SWITCHED or (name == "REDIS_PASSWORD" and "valueFrom" in path)


def texts(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    nested = [below for key, content in inner for below in texts(content, (*path, key))]
    return [*nested, path] if isinstance(value, str) else nested


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = new


BASES = (
    backend(),
    workload(
        container(REDIS_HOST="redis", REDIS_PORT="6379", CACHE="redis:6379", REDIS_PASSWORD=secret_key("a", "b"))
        | {"args": ["--cache", "redis.shop:6379"], "envFrom": [{"prefix": "A_", "secretRef": {"name": "c"}}]},
        annotations={"a": "b"},
    ),
    workload(container(REDIS_URL="redis://:x@redis:6379/3"), kind="StatefulSet", annotations={"a": "b"}),
    *(planted(name, "innocent") for name in list(PLACES)[:: len(PLACES) // 12]),
)


@pytest.mark.usefixtures("unproven")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_password_in_a_field_that_the_migration_does_not_read_is_never_written(data: st.DataObject) -> None:
    """Any alphabet, six characters and more, alone or inside a text that looks like an address of the old Redis."""
    obj = copy.deepcopy(data.draw(st.sampled_from(BASES)))
    alphabet = data.draw(st.sampled_from(["abcdefghijklmnopqrstuvwxyz", "0123456789abcdef", "ABCxyz019", "aZ9 -_.+/=%$@:", "äößé€ aZ"]))
    password = "q7" + data.draw(st.text(alphabet, min_size=6, max_size=40)) + "7q"
    frame = data.draw(
        st.sampled_from(["{}", "redis://:{}@redis:6379/0", "redis:6379,password={}", "redis://redis:6379/{}", "x={};", "{}@redis"])
    )
    free = [path for path in texts(obj) if not is_needed(obj, path)]
    assume(free)
    put(obj, data.draw(st.sampled_from(free)), frame.format(password))
    output = written(obj, redis(), service())
    assert not [form for form in forms(password) if form in output]


@pytest.mark.usefixtures("unproven")
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(password=st.text("abcXYZ019-_.~%+ ", min_size=6, max_size=30), variable=st.sampled_from(["REDIS_URL", "REDIS_HOST"]))
def test_a_password_in_the_address_that_is_switched_is_masked(password: str, variable: str) -> None:
    word = f"q7{password}7q"
    for url in (f"redis://:{word}@redis:6379/2", f"rediss://user{word}:{word}@redis.shop.svc:6379", f"redis://{word}@redis"):
        output = written(workload(container(**{variable: url, "REDIS_PORT": "6379"})), redis(), service())
        assert not [form for form in forms(word) if form in output]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("redis", "redis"),
        ("redis.shop.svc.cluster.local:6379", "redis.shop.svc.cluster.local:6379"),
        ("10.43.0.7", "10.43.0.7"),
        ("redis://redis:6379/2", "redis://redis:6379/2"),
        ("redis://:word@redis:6379/2", "redis://:$(MASKED)@redis:6379/2"),
        ("rediss://a:b@redis", "rediss://:$(MASKED)@redis"),
        ("redis://redis:6379/2?password=word", "redis://redis:6379/2"),
        ("redis://redis:6379/word", "redis://redis:6379"),
        ("redis+sentinel://redis:26379", "redis+sentinel://redis:26379"),
        ("redis:6379,password=word", ""),
        ("postgres://a:b@db/shop", ""),
        ("two words", ""),
        ("", ""),
    ],
)
def test_host_port_and_database_of_an_address_are_kept(value: str, kept: str) -> None:
    assert address_in(value) == kept


def test_the_real_backend_is_reduced_to_names_and_the_address_of_its_redis() -> None:
    manifest = copied(backend())
    assert env(manifest)["REDIS_HOST"] == "redis.beersystem.svc.cluster.local"
    assert env(manifest)["REDIS_PORT"] == "6379"
    assert [value for name, value in env(manifest).items() if name not in ("REDIS_HOST", "REDIS_PORT")] == [None] * 16
    assert list(env(manifest)) == [entry["name"] for entry in backend()["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert manifest["spec"]["replicas"] == 1
    assert "dummy" not in text_of(manifest)
    assert "Do not apply this file" in text_of(manifest)
    assert yaml.safe_load(text_of(manifest)) == manifest


def test_fields_that_a_check_reads_are_kept() -> None:
    """Variables with their order and duplicates, entries of `envFrom`, and the sources of switched variables."""
    app = container("app", REDIS_HOST=secret_key("keys", "host"), REDIS_PASSWORD=secret_key("keys", "word"), DEBUG="1")
    app["env"] += [{"name": "DEBUG", "value": "2"}]
    app["envFrom"] = [{"prefix": "A_", "configMapRef": {"name": "settings"}}, {"secretRef": {"name": "more", "optional": True}}]
    obj = workload(app, container("proxy", LEVEL="info"), kind="StatefulSet")
    obj["spec"]["serviceName"] = "web"
    obj["spec"]["template"]["spec"]["initContainers"] = [container("first"), container("second")]
    pod = copied(obj)["spec"]["template"]["spec"]
    assert [container["name"] for container in pod["initContainers"]] == ["first", "second"]
    assert [container["name"] for container in pod["containers"]] == ["app", "proxy"]
    assert pod["containers"][0]["env"] == [
        {"name": "REDIS_HOST", "valueFrom": secret_key("keys", "host")},
        {"name": "REDIS_PASSWORD", "valueFrom": secret_key("keys", "word")},
        {"name": "DEBUG"},
        {"name": "DEBUG"},
    ]
    assert pod["containers"][0]["envFrom"] == [{"prefix": "A_", "configMapRef": {"name": "settings"}}, {"secretRef": {"name": "more"}}]
    assert copied(obj)["spec"]["serviceName"] == "web"


def test_the_copy_has_the_same_uses_of_the_old_redis_as_the_workload() -> None:
    app = container(
        REDIS_HOST="redis",
        REDIS_PORT="6379",
        SESSIONS=f"tcp://u:{WORD}@redis:6379",
        CACHE=f"redis.shop.svc?key={WORD}",
        SESSION_DRIVER="redis",
    )
    app["args"] = ["--password", WORD, "--cache=redis.shop:6379"]
    obj = workload(app)
    manifest = copied(obj, redis(), service())
    address = parse("redis", "shop")
    before, after = (
        {(use.pointer, use.strength) for use in uses([content], address, namespace="shop", switched=["REDIS_HOST"])}
        for content in (obj, manifest)
    )
    assert {pointer for pointer, strength in before if strength == "certain"} == {
        "/spec/template/spec/containers/0/env/0/value",
        "/spec/template/spec/containers/0/env/2/value",
        "/spec/template/spec/containers/0/env/3/value",
        "/spec/template/spec/containers/0/args/2",
    }
    assert after == before
    assert WORD not in text_of(manifest)


def test_the_copy_is_marked_and_the_api_server_would_refuse_it() -> None:
    """Without an image it starts no Pod if a person applies it."""
    manifest = copied(backend())
    assert manifest["metadata"]["annotations"] == {
        "rediskit/reduced": "true",
        "rediskit/images": "backend=registry.example.com/beersystem/backend",
    }
    assert "image" not in manifest["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "Secret", "metadata": {"name": "keys"}, "data": {"password": b64encode(WORD.encode()).decode()}},
        {"kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"password": WORD}},
        workload(container(DB_PASSWORD=WORD), name="other"),
        workload(
            name="other",
            annotations={"kubectl.kubernetes.io/last-applied-configuration": json.dumps(workload(container(DB_PASSWORD=WORD)))},
        ),
    ],
    ids=["data", "stringData", "variable", "last-applied"],
)
def test_a_secret_of_the_input_as_an_address_is_refused(source: Object) -> None:
    """The host of a switched variable is kept: it must not equal a secret of the input."""
    manifest = copied(workload(container(REDIS_HOST=WORD)))
    with pytest.raises(RefusedError, match=r"containers\[0\].env\[0\].value repeats a secret of the input") as caught:
        refuse_leaks([manifest], "", InputObjects((source,)))
    assert WORD not in str(caught.value)
    with pytest.raises(RefusedError, match="the config would contain a secret of the input"):
        refuse_leaks([], f"repository: https://git.example.org/{WORD}", InputObjects((source,)))
    refuse_leaks([copied(workload(container(REDIS_HOST="redis")))], "name: shop", InputObjects((source,)))


def test_any_workload_is_reduced_or_refused_with_an_error() -> None:
    for name in PLACES:
        with suppress(RediskitError):
            copied(planted(name, "\x1b[2J\n"))


def test_a_name_that_looks_like_a_generated_password_is_left_out() -> None:
    word = "aB3xY9kLm2Qw8ErT5uZ7"
    obj = workload(
        container(REDIS_HOST=secret_key("keys", word), **{word: "x"}) | {"envFrom": [{"prefix": word, "secretRef": {"name": "a"}}]}
    )
    assert word not in written(obj)
    assert env(copied(obj)) == {"REDIS_HOST": None}
