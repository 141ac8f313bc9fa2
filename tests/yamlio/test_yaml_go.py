"""The YAML writer: Go readers return the written data, and kustomize prints the same layout."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml

import rediskit
from rediskit.yamlio.writer import dump
from tests.yamlio.yaml_cases import KNOWN, NUMBER_LIKE, READERS, random_strings

SCHEMAS = Path(rediskit.__file__).parent / "data/schemas/kubernetes"


class Printed(pyyaml.CSafeLoader):
    """Read the output of kustomize: a plain scalar is a string unless it is JSON."""


Printed.yaml_implicit_resolvers = {}
Printed.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("null$"), "n")
Printed.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("(true|false)$"), "tf")
Printed.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"-?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?$"), "-0123456789")


class Kustomize:
    """kustomize as a reader and a writer. One Go library reads the kustomization, which contains only strings, another the resources."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.folder = program, folder

    def build(self, resource: str, kustomization: str = "resources: [object.yaml]\n") -> subprocess.CompletedProcess[str]:
        (self.folder / "object.yaml").write_text(resource, encoding="utf-8")
        (self.folder / "kustomization.yaml").write_text(kustomization, encoding="utf-8")
        return subprocess.run([self.program, "build", self.folder], capture_output=True, encoding="utf-8", check=False)

    def prints(self, resource: str, kustomization: str = "resources: [object.yaml]\n") -> str:
        done = self.build(resource, kustomization)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def reads(self, resource: str, kustomization: str = "resources: [object.yaml]\n") -> Any:
        return pyyaml.load(self.prints(resource, kustomization), Printed)


CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}


@pytest.fixture
def go(kustomize: Path, tmp_path: Path) -> Kustomize:
    return Kustomize(kustomize, tmp_path)


def go_can_print(text: str) -> bool:
    """Return False for strings that kustomize 5.8.1 fails on: DEL, C1 and U+FFFE in JSON, and lines that start with a tab."""
    return not re.search(r"[\x7f-\x9f\ufffe\uffff]", text) and not ("\n" in text and re.search(r"(^|\n) *\t", text))


def test_go_reads_every_string_as_that_string(go: Kustomize) -> None:
    texts = [text for text in [*KNOWN, *NUMBER_LIKE, *random_strings(4000)] if go_can_print(text)]
    values = {f"k{index}": text for index, text in enumerate(texts)}
    # As keys, kustomize takes "<<" for a merge in spite of its quotes, and its own JSON holds none beyond 1024 characters.
    keys = {text: [text, [text, {text: text}]] for text in texts if text != "<<" and len(text) < 1000}
    document = {**CONFIG_MAP, "data": values, "keys": keys}
    back = go.reads(dump(document), dump({"resources": ["object.yaml"], "commonAnnotations": values}))
    assert len(values) > 9000
    assert back["metadata"]["annotations"] == values
    assert back["data"] == values
    assert back["keys"] == keys


@pytest.mark.parametrize("plain", ["1234e56", "09", "0b-1", "0_x0", "~", "1_000", "0o17"])
def test_the_go_reader_of_resources_reports_a_missing_quote(go: Kustomize, plain: str) -> None:
    back = go.reads(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata: {{a: {plain}}}\n")
    assert not isinstance(back["data"]["a"], str)


@pytest.mark.parametrize("plain", ["1234e56", "09", "0b-1", "0_x0", "y", "On", "1_000"])
def test_the_go_reader_of_kustomizations_reports_a_missing_quote(go: Kustomize, plain: str) -> None:
    done = go.build(dump(CONFIG_MAP), f"resources: [object.yaml]\ncommonAnnotations: {{a: {plain}}}\n")
    assert done.returncode == 1
    assert "commonAnnotations of type string" in done.stderr


def judged(kubeconform: Path, folder: Path, texts: list[Any]) -> subprocess.CompletedProcess[str]:
    """Return the result for a ConfigMap, whose schema accepts strings only."""
    document = {**CONFIG_MAP, "data": {f"k{index}": text for index, text in enumerate(texts)}}
    (folder / "object.yaml").write_text(dump(document), encoding="utf-8")
    options = ["-strict", "-kubernetes-version", "1.34.0", "-schema-location", str(SCHEMAS)]
    return subprocess.run([kubeconform, *options, folder / "object.yaml"], capture_output=True, encoding="utf-8", check=False)


def test_go_takes_no_string_for_another_type(kubeconform: Path, tmp_path: Path) -> None:
    done = judged(kubeconform, tmp_path, [*KNOWN, *NUMBER_LIKE, *random_strings(6000)])
    assert done.returncode == 0, done.stdout[-2000:]
    assert judged(kubeconform, tmp_path, ["text", 1]).returncode == 1


def test_strings_look_as_kustomize_prints_them(go: Kustomize) -> None:
    def entries(text: str) -> dict[str, str]:
        return {entry[2:8]: entry for entry in re.split(r"\n(?=  k\d{5}:|\w)", text)}

    def as_documented(text: str) -> bool:
        return "\u2028" in text or "\u2029" in text or text.startswith("\ufeff") or not text.strip("\n")

    texts = [text for text in [*KNOWN, *NUMBER_LIKE, *random_strings(4000)] if go_can_print(text) and not as_documented(text)]
    data = {f"k{index:05}": text for index, text in enumerate(texts)}
    text_of_ours = dump({"apiVersion": "v1", "data": data, **CONFIG_MAP})
    ours, theirs = entries(text_of_ours), entries(go.prints(text_of_ours))
    differing = [(text, theirs[key]) for key, text in data.items() if ours[key] != theirs[key]]
    # The other differences are quotes of ours that a reader of Python needs, and a few too many around what nearly is a number.
    needless = [text for text, printed in differing if all(read_back(load, printed) == text for load in READERS.values())]
    assert all("_" in text or text in ("0o-3", "2001-1-1  1:2:3.5 -5") for text in needless)
    assert len(differing) < len(data) / 20


def read_back(load: Callable[[str], Any], entry: str) -> Any:
    try:
        return next(iter(load(f"a:\n{entry}\n")["a"].values()))
    except (ValueError, pyyaml.YAMLError, IndexError, KeyError) as error:
        return error


AS_PRINTED = """\
apiVersion: v1
kind: Service
metadata:
  annotations:
    a: "yes"
    b: "1.30"
    c: ""
    d: 'x: y'
    e: '@at'
    tag: "1234e56"
  name: a
spec:
  allocateLoadBalancerNodePorts: false
  loadBalancerSourceRanges:
  - 192.168.4.0/24
  ports:
  - name: tcp-redis
    port: 6379
    targetPort: redis
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: b
spec:
  replicas: 1
  strategy: {}
  template:
    spec:
      containers:
      - args: []
        command:
        - /bin/bash
        - -ec
        - |
          set -e
          redis-cli ping
        env:
        - name: PORT
          value: "6379"
        - name: "ON"
          value: "on"
        image: docker.io/bitnamilegacy/redis:8.2.1-debian-12-r0
      volumes: null
---
apiVersion: v1
data:
  a.json: |
    {
      "a": [1, 2]
    }
  b.conf: |-
    maxmemory 1gb

    save ""
  c: |2-
      indented
    less
  d: |2

    after a blank line
  e: |+
    kept

  emoji: "\\U0001F600 é"
kind: ConfigMap
metadata:
  name: c
---
apiVersion: example.org/v1
kind: Nested
lists:
- []
- - []
- - a
  - - b
    - c:
      - - d
      - {}
- - e: 1
    f:
    - g
  - |
    h
    i
metadata:
  name: d
numbers:
- 1.5
- -3
- 18446744073709551615
- true
"""
"""Objects as kustomize prints them, keys in its order."""


@pytest.mark.parametrize("text", AS_PRINTED.split("---\n"), ids=lambda text: re.findall("kind: (.*)", text)[0])
def test_objects_look_as_kustomize_prints_them(go: Kustomize, text: str) -> None:
    assert dump(pyyaml.load(text, pyyaml.CSafeLoader)) == text
    assert go.prints(text) == text
