"""The in-process validator and kubeconform share schemas and no code: they report the same objects at the same places."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from rediskit import render
from rediskit.checks.finding import Subject
from rediskit.checks.kubeconform import Document, validate_documents
from rediskit.checks.owners import patched
from rediskit.checks.schema import Violation, kubernetes_versions, validate
from rediskit.errors import dotted
from rediskit.yamlio.writer import dump
from tests.checks.test_schema import GOOD, broken, changed
from tests.samples import environment_of

Place = tuple[str | int, ...]
VALUES: tuple[Any, ...] = (5, "x", True, None, [], {}, 1.5, -1, "", 10**15, 2.0, ["x"], {"x": "x"})
"""Values that replace other values, in turn."""
SCALARS = (5, True, 1.5, -1, 10**15, 2.0)


class Case(NamedTuple):
    name: str
    version: str
    obj: dict[str, Any]


def corpus() -> list[Case]:
    """Return the tables of test_schema, all rendered objects, and rendered objects with one change at each place."""
    good = [Case(f"good {name} {version}", version, obj) for name, obj in GOOD.items() for version in ("1.31", "1.34", "1.37")]
    bad = [Case(f"bad {kind} {place} {value}", "1.34", changed(kind, place, value)) for kind, place, value, *_ in broken()]
    newer = Case("a field of a later version", "1.33", changed("Deployment", "spec.template.spec.hostnameOverride", "backend"))
    rendered = list(rendered_objects())
    return [*good, *bad, newer, *(Case(f"{name} as rendered", "1.34", obj) for name, obj in rendered), *mutations(rendered)]


def rendered_objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each distinct object of both tools, before and after the deployment, and the patched real objects."""
    seen: list[dict[str, Any]] = []
    for tool in ("argocd", "flux"):
        for step in ("prepare", "decommission"):
            environment = environment_of(step, over={"gitops": {"tool": tool}})
            tree = render(environment)
            whole = {path: obj for path, obj in tree.objects.items() if not path.startswith("owners/") or obj["kind"] == "Component"}
            for path, obj in [*whole.items(), *((path, obj) for path, _, obj in patched(Subject(environment, tree)))]:
                if obj not in seen:
                    seen.append(obj)
                    yield f"{tool} {step} {path}", obj


def mutations(objects: list[tuple[str, dict[str, Any]]]) -> Iterator[Case]:
    turn = 0
    for name, obj in objects:
        for place in places(obj):
            turn += 1
            mutant = copy.deepcopy(obj)
            node = at(mutant, place)
            kind = turn % (len(VALUES) + 2)
            if kind < len(VALUES) and place:
                at(mutant, place[:-1])[place[-1]] = VALUES[kind]
                change = repr(VALUES[kind])
            elif kind == len(VALUES) and place:
                del at(mutant, place[:-1])[place[-1]]
                change = "gone"
            elif isinstance(node, dict):
                node["unheardOf"] = 1
                change = "a field more"
            elif isinstance(node, list):
                node.append("unheard-of")
                change = "an entry more"
            else:
                continue
            yield Case(f"{name} {dotted(place)} {change}", "1.34", mutant)


def places(node: Any, above: Place = ()) -> Iterator[Place]:
    yield above
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(child, (*above, key))


def at(node: Any, place: Place) -> Any:
    for part in place:
        node = node[part]
    return node


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return corpus()


@pytest.fixture(scope="module")
def reported(cases: list[Case], kubeconform: Path) -> list[list[str]]:
    """Return the messages of kubeconform for each case."""
    return [messages for _, messages in kubeconform_messages(kubeconform, [(case.name, case.version, dump(case.obj)) for case in cases])]


def kubeconform_messages(kubeconform: Path, texts: list[tuple[str, str, str]]) -> list[tuple[str, list[str]]]:
    """Return the name and the messages of kubeconform for each text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFORM", str(kubeconform))
        documents = [Document("file", text.encode(), version, None, (number,)) for number, (_, version, text) in enumerate(texts)]
        findings = validate_documents(documents).findings
    prefix = "file: "
    return [
        (name, [finding.message.removeprefix(prefix) for finding in findings if finding.path == (number,)])
        for number, (name, *_) in enumerate(texts)
    ]


def pointer(violation: Violation) -> str:
    """Return the place as kubeconform prints it: a JSON pointer with escapes of Go, to the parent of an unknown or missing field."""
    path = violation.path[:-1] if violation.message.startswith(("unknown field", "missing field")) else violation.path
    text = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return text.replace("\\", "\\\\").replace("'", "\\'")


def test_the_corpus_is_large_and_has_enough_of_both(cases: list[Case]) -> None:
    accepted = Counter(not validate(case.obj, case.version) for case in cases)
    assert min(accepted.values()) >= 200
    assert len({case.name for case in cases}) == len(cases)
    assert {case.version for case in cases} <= set(kubernetes_versions())
    assert len({case.obj["kind"] for case in cases if case.name.endswith(" as rendered")}) >= 12


def test_both_validators_accept_the_same_objects(cases: list[Case], reported: list[list[str]]) -> None:
    different = {
        case.name: (violations, messages)
        for case, messages in zip(cases, reported, strict=True)
        if bool(violations := validate(case.obj, case.version)) != bool(messages)
    }
    assert different == {}


def test_kubeconform_reports_each_place_of_the_other_validator(cases: list[Case], reported: list[list[str]]) -> None:
    different = {}
    for case, messages in zip(cases, reported, strict=True):
        if not all(message.startswith("at '") for message in messages):
            continue  # The parser of kubeconform refuses the object, or its kind has no schema: the message has no place.
        expected = {f"at '{pointer(violation)}': " for violation in validate(case.obj, case.version)}
        absent = [place for place in expected if not any(message.startswith(place) for message in messages)]
        if absent:
            different[case.name] = (absent, messages)
    assert different == {}


class Text(NamedTuple):
    """A Namespace as text that PyYAML and the YAML of Kubernetes read differently.

    Attributes:
        lines: The lines after the name.
        in_process: The message of the in-process validator for the data that PyYAML reads, "" for none.
        kubeconform: The message of kubeconform for the text, "" for none.
        reason: Why they differ.
    """

    lines: str
    in_process: str
    kubeconform: str
    reason: str


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: redis\n"
ANNOTATION = "  annotations:\n    a: "
AT = "at '/metadata/annotations/a': "
NUMBER = f"{AT}got number, want null or string"
PARSER = "error unmarshalling resource: error converting YAML to JSON: "
INF = f"{PARSER}json: unsupported value: +Inf"
TWICE = f'{PARSER}yaml: unmarshal errors: line 5: key "name" already set in map'
FIVE = "the key 5 must be text, is a whole number"
TEXTS = {
    "y": Text(f"{ANNOTATION}y", "", f"{AT}got boolean, want null or string", "y and n are booleans in YAML 1.1, but not in PyYAML"),
    "exponent": Text(f"{ANNOTATION}1234e56", "", NUMBER, "PyYAML requires a point and a sign in a number with an exponent"),
    "decimal 09": Text(f"{ANNOTATION}09", "", NUMBER, "PyYAML reads only octal numbers with a leading 0"),
    "octal 0o17": Text(f"{ANNOTATION}0o17", "", NUMBER, "octal in YAML 1.2 and in Go, text in YAML 1.1"),
    "base 60": Text(f"{ANNOTATION}12:30:45", "must be text, is a whole number", "", "YAML 1.1 has base 60, Go does not"),
    "date": Text(f"{ANNOTATION}2026-01-01", "must be plain data, is a Python date", "", "Kubernetes reads a date as text"),
    "not finite": Text(f"{ANNOTATION}.inf", "must be text, is null", INF, "JSON has no such number"),
    "number as key": Text("  annotations: {5: a}", FIVE, "", "keys in JSON are text, and Go converts them"),
    "duplicate key": Text("  name: redis", "", TWICE, "PyYAML reads the last one"),
    "two objects": Text(f"---\n{NAMESPACE}", "", "kubeconform reports 2 objects in it instead of one", "the test reads the first one"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_only_one_validator_refuses(name: str, kubeconform: Path) -> None:
    text = TEXTS[name]
    written = f"{NAMESPACE}{text.lines}\n"
    violations = validate(next(yaml.safe_load_all(written)), "1.34")
    assert [violation.message for violation in violations] == [text.in_process] * bool(text.in_process)
    assert kubeconform_messages(kubeconform, [(name, "1.34", written)]) == [(name, [text.kubeconform] * bool(text.kubeconform))]


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if text.lines.startswith(ANNOTATION)])
def test_the_writer_quotes_values_that_the_validators_read_differently(name: str, kubeconform: Path) -> None:
    value = TEXTS[name].lines.removeprefix(ANNOTATION)
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "redis", "annotations": {"a": value}}}
    assert validate(obj, "1.34") == []
    assert kubeconform_messages(kubeconform, [(name, "1.34", dump(obj))]) == [(name, [])]
