"""The values of a step in the text of a plain manifest: what is meant changes, every other byte stays, and all of it comes back."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.checks.variables import unresolved
from rediskit.errors import RefusedError
from rediskit.migrate.owner.plain_text import content_of, in_effect, merged, patched
from rediskit.model.pointers import changed
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import Change, change
from rediskit.yamlio.writer import dump
from tests.samples import config, environment_of
from tests.samples import merged as merge

KEY = {"secretKeyRef": {"name": "old", "key": "password"}}
ENTRIES: dict[str, list[Any]] = {
    "REDIS_HOST": [{"value": "redis"}, {"valueFrom": {"configMapKeyRef": {"name": "c", "key": "host"}}}],
    "REDIS_PORT": [{"value": "6379"}, {"value": "6380"}],
    "REDIS_PASSWORD": [{"value": "a # b: 'c'"}, {"value": "first\nsecond\n"}, {"valueFrom": KEY}],
    "REDIS_URL": [{"value": "redis://:$(REDIS_PASSWORD)@redis:6379/0"}],
    "LOG": [{"value": "debug"}, {"value": "on"}],
    "POD": [{"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
}


def steps(*, url: bool) -> list[Change]:
    """Return the change of each effect of a migration on the workload."""
    variables = {"REDIS_URL": "redis://:${password}@${address}"} if url else {}
    leaks = []
    for step in ("scale-down", "reconfigure", "scale-up"):
        data = config(step)["clients"][0]
        client = merge(data, {"workloads": {0: {"containers": {"backend": {"env": variables}}}}})
        environment = environment_of(step, over={"clients": [client]})
        workload, migration = environment.clients[0].workloads[0], environment.clients[0].migration
        from rediskit.state_machine.effects import effects

        leaks.append(change(environment, environment.clients[0], workload, effects(migration)))
    return leaks


PATCHES = {url: steps(url=url) for url in (False, True)}


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """Draw a Deployment as people and programs write it: any order of variables, block or flow, comments, both kinds of line breaks."""
    names = draw(st.lists(st.sampled_from(sorted(ENTRIES)), unique=True))
    entries = [{"name": name, **draw(st.sampled_from(ENTRIES[name]))} for name in names]
    container: dict[str, Any] = {"image": "ghcr.io/example/shop:1", "name": "backend", "ports": [{"containerPort": 80}]}
    if entries:
        container = {"env": entries, **container} if draw(st.booleans()) else {**container, "env": entries}
    sidecar = {"name": "sidecar", "image": "x", "env": [{"name": "REDIS_HOST", "value": "127.0.0.1"}]}
    pod = {"containers": draw(st.permutations([container, sidecar]))}
    spec: dict[str, Any] = {"replicas": 3, "template": {"spec": pod}} if draw(st.booleans()) else {"template": {"spec": pod}}
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "beersystem-backend", "namespace": "beersystem"}}
    text = dump({**head, "spec": spec})
    if draw(st.booleans()):
        text = text.replace(
            "        - name: LOG\n          value: ", "        - name: LOG   # how much\n          # since 2021\n          value: "
        )
        text = text.replace("\n      containers:", "\n      # what runs\n      containers:   # two")
    if draw(st.booleans()):
        text = "".join(f"{line}\n" for line in _flow(text.splitlines()))
    text = draw(st.sampled_from(["", "# by hand\n", "\n\n"])) + text + draw(st.sampled_from(["", "# the end\n", "\n"]))
    return (text.replace("\n", "\r\n") if draw(st.booleans()) else text).encode()


def _flow(lines: list[str]) -> list[str]:
    """Each variable with a literal in one line, as many people write it."""
    messages: list[str] = []
    for line in lines:
        if (
            line.strip().startswith("value: ")
            and messages[-1].strip().startswith("- name: ")
            and "|" not in line
            and "#" not in messages[-1]
        ):
            head, _, name = messages.pop().partition("name: ")
            messages.append(f"{head}{{name: {name}, {line.strip()}}}")
        else:
            messages.append(line)
    return messages


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manifests(), st.booleans())
def test_each_step_sets_its_values_and_the_rollback_restores_the_same_bytes(text: bytes, url: bool) -> None:
    before = content_of(text, "x")
    current, now = text, text
    for step in PATCHES[url]:
        target = patched(text, "x", step)
        after = content_of(target, "x")
        assert in_effect(after, step)
        assert not changed(after, edited(copy.deepcopy(before), step))
        assert unresolved(after) <= unresolved(before), "an address comes after what it is composed from"
        result = merged(current, now, target)
        assert result == target
        current, now = target, target
    assert merged(current, now, text) == text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manifests(), st.sampled_from([b"# the end of it\n", b"# mine: 1\n"]))
def test_changes_of_others_elsewhere_are_kept_forward_and_back(text: bytes, line: bytes) -> None:
    first, second = PATCHES[False][0], PATCHES[False][2]
    edited = text.replace(b"ghcr.io/example/shop:1", b"ghcr.io/example/shop:2")
    at_first, at_second = patched(text, "x", first), patched(text, "x", second)
    others = at_first.replace(b"ghcr.io/example/shop:1", b"ghcr.io/example/shop:2")
    forward = merged(others, at_first, at_second)
    assert forward == patched(edited, "x", second)
    assert merged(forward, at_second, text) == edited
    assert merged(text + line, text, at_first) is not None


def test_a_change_of_others_on_the_lines_of_the_step_is_no_merge() -> None:
    assert merged(b"a\nREDIS: mine\nb\n", b"a\nREDIS: new\nb\n", b"a\nREDIS: old\nb\n") is None


def test_only_the_lines_of_the_step_differ() -> None:
    text = dump(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "beersystem-backend"},
            "spec": {
                "replicas": 3,
                "template": {
                    "spec": {
                        "containers": [{"name": "backend", "env": [{"name": "A", "value": "x"}, {"name": "REDIS_HOST", "value": "redis"}]}]
                    }
                },
            },
        }
    )
    lines = patched(text.encode(), "x", PATCHES[False][2]).decode().splitlines()
    kept = [line for line in text.splitlines() if line in lines]
    assert [line for line in text.splitlines() if line not in kept] == ["  replicas: 3", "          value: redis"]


TEXT = """\
kind: Deployment
metadata: {name: beersystem-backend}
spec:
  template:
    spec:
      containers:
      - name: backend
        env:
        - name: A
          value: x
        - {name: REDIS_HOST, value: redis}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: backend", "name: other", "x has no container backend"),
        ("- name: A", "- name: REDIS_HOST", "x defines REDIS_HOST twice"),
    ],
)
def test_a_file_that_the_step_does_not_fit_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        patched(TEXT.replace(old, new).encode(), "x", PATCHES[False][2])


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("      containers:\n      - name: backend\n", "      containers: text\n      more:\n      - name: backend\n", "containers"),
        ("      - name: backend\n", "      - null\n      - name: backend\n", "containers"),
        ("        env:\n", "        env: {REDIS_HOST: redis}\n        more:\n", "containers[0].env"),
        ("        - name: A\n          value: x\n", "        - null\n", "containers[0].env"),
        *[("- name: A", f"- name: {name}", "containers[0].env") for name in ("[a]", "{a: b}", "null", "1.50")],
    ],
)
def test_a_list_with_an_entry_without_a_name_is_refused_with_its_place(old: str, new: str, place: str) -> None:
    assert TEXT.replace(old, new) != TEXT
    with pytest.raises(RefusedError) as refused:
        patched(TEXT.replace(old, new).encode(), "x", PATCHES[False][2])
    assert refused.value.problems[0].message.startswith(f"x: spec.template.spec.{place} is not a list of mappings with names")


@pytest.mark.parametrize(
    "value", ["null", "1.50", "-0.0", "12", "[]", "{}", "[[null, {a: [1.50]}]]", '{"a: b": {"": null}}', "2001-01-01", '"no"']
)
def test_a_replaced_variable_keeps_each_other_value_of_its_entry(value: str) -> None:
    text = TEXT.replace(
        "{name: REDIS_HOST, value: redis}", f"{{name: REDIS_HOST, other: {value}, valueFrom: {{fieldRef: {{fieldPath: f}}}}}}"
    )
    after = patched(text.encode(), "x", PATCHES[False][2]).decode()
    host = PATCHES[False][2].named["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"]
    assert f"{{name: REDIS_HOST, other: {value}, value: {host}}}" in after
