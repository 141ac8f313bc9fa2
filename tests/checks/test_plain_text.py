"""No object contains a password in plain text, independent of its source."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rediskit import Environment, Manifest, check, render
from rediskit.source.unencrypted import can_have_secret, in_data
from rediskit.yamlio.writer import dump
from tests.init.places import PASSWORDS, PLACES, forms, planted
from tests.samples import config, loaded, sops

PLAIN: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"a": "Xq7vZ2"}}
TEMPLATE = 'apiVersion: {{ "v1" }}\nkind: Secret\nmetadata: {name: a}\nstringData:\n  a: Xq7vZ2\n'
SEALED: dict[str, Any] = {
    "apiVersion": "bitnami.com/v1alpha1",
    "kind": "SealedSecret",
    "metadata": {"name": "a"},
    "spec": {"encryptedData": {"b": "AgBy"}, "template": {"data": {"a": "Xq7vZ2"}}},
}
SEALED_TEMPLATE = dump(SEALED).replace("name: a", 'name: {{ "a" }}')
NESTED: dict[str, tuple[Any, str]] = {
    "an object": (PLAIN, ""),
    "its data": ({**PLAIN, "stringData": {}, "data": {"a": "WHE3dloy"}}, ""),
    "another version": ({**PLAIN, "apiVersion": "v1beta1"}, ""),
    "no version": ({key: value for key, value in PLAIN.items() if key != "apiVersion"}, ""),
    "a List": ({"apiVersion": "v1", "kind": "List", "items": [PLAIN]}, "items[0]"),
    "a SecretList": ({"apiVersion": "v1", "kind": "SecretList", "items": [{"data": {"a": "WHE3dloy"}}]}, ""),
    "a text": (dump(PLAIN), ""),
    "a text in JSON": (json.dumps(PLAIN), ""),
    "the second document of a text": (f"kind: ConfigMap\n---\n{dump(PLAIN)}", ""),
    "a template": (TEMPLATE, ""),
    "a ConfigMap": ({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a.yaml": dump(PLAIN)}}, 'data["a.yaml"]'),
    "values of a chart": ({"kind": "HelmRelease", "spec": {"values": {"extraDeploy": [PLAIN]}}}, "spec.values.extraDeploy[0]"),
    "the template of a SealedSecret": (SEALED, ""),
    "a List with a SealedSecret": ({"apiVersion": "v1", "kind": "List", "items": [SEALED]}, "items[0]"),
    "a SealedSecret in a text": (dump(SEALED), ""),
    "a SealedSecret in JSON": (json.dumps(SEALED), ""),
    "a template of a SealedSecret": (SEALED_TEMPLATE, ""),
    "a generator": ({"kind": "Kustomization", "secretGenerator": [{"name": "a", "literals": ["a=Xq7vZ2"]}]}, "secretGenerator"),
}


@pytest.mark.parametrize("form", NESTED)
def test_a_nested_plain_secret_is_found(form: str) -> None:
    from rediskit.errors import dotted

    content, place = NESTED[form]
    assert [dotted(path) for path in in_data(content)] == [place]


pieces = st.sampled_from(
    [
        "kind",
        "Secret",
        "SealedSecret",
        ":",
        ": ",
        " ",
        "\t",
        '"',
        "'",
        "\\",
        "\n",
        "\n---\n",
        "{",
        "}",
        ",",
        "#",
        "v1",
        "caf\u00e9",
        "\x07",
        "$",
    ]
)
found_texts = st.builds(
    lambda before, quote, space, colon, kind, rest, after: f"{before}{quote}kind{quote}{space}:{colon}{quote}{kind}{quote}{rest}{after}",
    st.lists(pieces, max_size=4).map("".join),
    st.sampled_from(["", "'", '"']),
    st.sampled_from(["", " ", "\t"]),
    st.sampled_from(["", " ", "\t "]),
    st.sampled_from(["Secret", "SealedSecret", "ConfigMap"]),
    st.sampled_from(["\nstringData: {a: b}", "\nspec:\n  template:\n    data: {a: b}", ',"data":{"a":"b"}', "\n"]),
    st.lists(pieces, max_size=4).map("".join),
)
nested = st.recursive(
    st.one_of(found_texts, st.sampled_from([form[0] for form in NESTED.values()])),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["a", "kind", "data", "extraDeploy"]), inner)),
    max_leaves=3,
)


@settings(max_examples=500, deadline=None)
@given(value=nested)
def test_yaml_that_is_not_searched_contains_no_secret(value: Any) -> None:
    content = {"apiVersion": "v1", "kind": "ConfigMap", "data": value}
    assert can_have_secret(dump(content).encode()) or not list(in_data(content))


@pytest.mark.parametrize(
    "content",
    [
        sops("redis"),
        {**PLAIN, "stringData": {}},
        {**SEALED, "spec": {"encryptedData": {"b": "AgBy"}, "template": {"data": None}}},
        {**SEALED, "spec": {"encryptedData": {"b": "AgBy"}, "template": {"data": {"redis.conf": "requirepass {{ .b }}"}}}},
        SEALED_TEMPLATE.replace("\n      a: Xq7vZ2", " null"),
        {"kind": "SecretStore", "spec": {"a": "b"}},
        {"kind": "ConfigMap", "data": {"a": "kind: Secret is a kind"}},
        {"kind": "Role", "rules": [{"resources": ["secrets"]}]},
        {"kind": "Kustomization", "secretGenerator": [{"name": "a", "files": ["a"]}]},
    ],
    ids=lambda content: content.partition("\n")[0] if isinstance(content, str) else str(content["kind"]),
)
def test_a_secret_without_a_plain_value_is_not_reported(content: Any) -> None:
    assert list(in_data(content)) == []


@pytest.mark.parametrize("form", [form for form in NESTED if form not in ("values of a chart", "a generator")])
def test_a_secret_under_extra_deploy_is_refused_at_its_place(form: str, tmp_path: Path) -> None:
    environment = loaded(tmp_path, over={"redis": {"values": {"extraDeploy": [NESTED[form][0]]}}})
    findings = [finding for finding in check(environment, render(environment)) if finding.code == "plain-secret"]
    assert [finding.path[:4] for finding in findings] == [("redis", "values", "extraDeploy", 0)]
    assert findings[0].severity == "error"
    assert "Xq7vZ2" not in findings[0].message
    assert findings[0].location is not None


KINDS = ("kustomize", "manifests", "argocd-app", "flux-kustomization")


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_of_a_named_manifest_reaches_the_tree(kind: str) -> None:
    """Files for each kind of owner are patches without the password of the manifest."""
    for place, password in zip(PLACES, itertools.cycle(PASSWORDS.values()), strict=False):
        environment = named(planted(place, password), kind)
        tree = render(environment)
        text = "\n".join(content.decode() for path, content in tree.files.items() if path.startswith("owners/"))
        assert [form for form in forms(password) if form in text] == [], place


def named(manifest: dict[str, Any], kind: str) -> Environment:
    """Return the sample config with its client at `reconfigure` and this manifest."""
    data = config("reconfigure")
    client = data["clients"][0]
    containers = {"app": {"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}}
    manifest["metadata"].update(name="web", namespace=client["namespace"])
    client["workloads"] = [{"manifest": Manifest("web.yaml", manifest), "containers": containers}]
    client["owner"] = {"kind": kind}
    return Environment.model_validate(data)
