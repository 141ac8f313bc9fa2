"""A dump of a cluster is read object by object, with the result and the positions of one reading."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from rediskit.errors import ConfigError
from rediskit.files import MAX_BYTES
from rediskit.init import dump
from rediskit.init.objects import read_objects

FILLER = "x" * 1000


def listed(count: int) -> dict[str, Any]:
    """Return a List of more than 1 MiB with objects of several forms."""
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "managedFields": [{"manager": "kubectl"}]},
        "spec": {"template": {"spec": {"containers": [{"name": "app", "env": [{"name": "A", "value": "- a\n- b\nitems:\n- c\n"}]}]}}},
    }
    maps = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"map{number}", "namespace": "shop"},
            "data": {"text": f"- first {number}\n\nkind: List\n{FILLER}\n", "empty": "", "number": "007", "quoted": "it's: 'x'"},
        }
        for number in range(count)
    ]
    return {"apiVersion": "v1", "items": [deployment, *maps], "kind": "List", "metadata": {"resourceVersion": ""}}


def text_of(content: Any) -> str:
    return yaml.dump(content, sort_keys=False, Dumper=yaml.CSafeDumper, default_flow_style=False)


@pytest.mark.parametrize("before", ["", "# a comment\n---\n", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n---\n"])
def test_a_large_list_is_the_same_in_parts(before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = listed(1200)
    text = (before + text_of(content)).encode()
    assert len(text) > MAX_BYTES
    split = read_objects(text, "dump.yaml").all
    monkeypatch.setattr(dump, "MAX_BYTES", 1 << 30)
    monkeypatch.setattr("rediskit.yamlio.reader.MAX_BYTES", 1 << 30)
    assert split == read_objects(text, "dump.yaml").all
    del content["items"][0]["metadata"]["managedFields"]
    assert list(split[-1201:]) == content["items"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: map1199\n", "name: &a map1199\n", "an anchor (&) is not supported"),
        ("name: map1199\n", "name: *a\n", "an alias (*) is not supported"),
        ("    name: map1199\n", "    name: map1199\n    name: again\n", "duplicate key"),
        ("    name: map1199\n", "   name: map1199\n", "dump.yaml:"),
    ],
)
def test_a_problem_in_a_large_list_has_its_line_and_column(old: str, new: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of(listed(1200))
    assert text.count(old) == 1
    broken = text.replace(old, new).encode()
    with pytest.raises(ConfigError) as split:
        read_objects(broken, "dump.yaml")
    monkeypatch.setattr(dump, "MAX_BYTES", 1 << 30)
    monkeypatch.setattr("rediskit.yamlio.reader.MAX_BYTES", 1 << 30)
    with pytest.raises(ConfigError) as whole:
        read_objects(broken, "dump.yaml")
    assert message in str(split.value)
    assert [problem.location for problem in split.value.problems] == [problem.location for problem in whole.value.problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("items:\n- a: " + "x" * MAX_BYTES + "\nkind: List\n", "the file is larger than 1 MiB"),
        ("items:\n" + "- a: 1\n" * 200_000 + "kind: Table\n", "the kind of a document with items is 'Table' instead of List"),
        ("items:\n" + "- a: 1\n" * 200_000 + "kind: List\nitems:\n- b: 1\n", "duplicate key"),
        ("kind: List\nitems:\n" + "- a: 1\n" * 200_000 + "kind: List\n", "duplicate key"),
        ("- {}\n" * 300_000, "a document is larger than 1 MiB and is not a List"),
        ("[" + "{}," * 500_000 + "]", "can't be read as JSON: expected {"),
        ("a: [\n" + "items:\n- b,\n" * 200_000 + "]\n", "error"),
    ],
    ids=["object", "kind", "twice", "kind-twice", "list", "flow", "not-items"],
)
def test_a_large_document_that_is_no_list_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_objects(text.encode(), "dump.yaml")
    assert message in str(refused.value)


def test_many_documents_are_read_in_linear_time() -> None:
    """The lines above a document are a number: they were line breaks before each document."""
    text = "\n---\n".join(["a: 1"] * 3000) + "\n---\n" + text_of(listed(0)["items"][0])
    parts = list(dump.parts(text.encode(), "dump.yaml"))
    assert len(parts) == 3001
    assert sum(len(part.text) for part in parts) < 2 * len(text)
    assert parts[-1].above == 2 * 3000 - 1
