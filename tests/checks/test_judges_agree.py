"""The validator in process and kubeconform, which share the schemas and no code: do they say the same of the same objects?"""

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
from rediskit.checks.kubeconform import Emitted, judge
from rediskit.checks.owners import patched
from rediskit.checks.schema import kubernetes_versions, validate
from rediskit.errors import dotted
from rediskit.yamlio.writer import dump
from tests.checks.test_schema import GOOD, broken, changed
from tests.samples import made

Place = tuple[str | int, ...]
VALUES: tuple[Any, ...] = (5, "x", True, None, [], {}, 1.5, -1, "", 10**15, 2.0, ["x"], {"x": "x"})
"""What is put in the place of something else, in turn."""
SCALARS = (5, True, 1.5, -1, 10**15, 2.0)


class Case(NamedTuple):
    name: str
    version: str
    obj: dict[str, Any]


def corpus() -> list[Case]:
    """The tables of test_schema, what is rendered, and what is rendered with one change at every place of it."""
    good = [Case(f"good {name} {version}", version, obj) for name, obj in GOOD.items() for version in ("1.31", "1.34", "1.37")]
    bad = [Case(f"bad {kind} {place} {value}", "1.34", changed(kind, place, value)) for kind, place, value, *_ in broken()]
    newer = Case("a field of a later version", "1.33", changed("Deployment", "spec.template.spec.hostnameOverride", "backend"))
    rendered = list(rendered_objects())
    return [*good, *bad, newer, *(Case(f"{name} as rendered", "1.34", obj) for name, obj in rendered), *mutations(rendered)]


def rendered_objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object that differs from the others, of both tools and of a step before and after the release; the real one, patched."""
    seen: list[dict[str, Any]] = []
    for tool in ("argocd", "flux"):
        for step in ("prepare", "decommission"):
            environment = made(step, over={"gitops": {"tool": tool}})
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


def explained(case: Case) -> tuple[set[str], set[str], str] | None:
    """Where the two refuse an object for different places: those of ours, those of kubeconform, and why."""
    for field in ("apiVersion", "kind"):
        value = case.obj.get(field)
        if isinstance(value, int | float):
            return {field}, {""}, "kubeconform reads every scalar there as text, `5` too, and then finds no schema of that name"
        if value == "":
            return {""}, {field}, "kubeconform takes empty text for a missing field; we find no schema of that name"
    return None


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return corpus()


@pytest.fixture(scope="module")
def theirs(cases: list[Case], kubeconform: Path) -> list[set[str]]:
    """For each case the places at which kubeconform finds something wrong."""
    return [places_of(found, name) for name, found in judged(kubeconform, [(c.name, c.version, dump(c.obj).encode()) for c in cases])]


def judged(kubeconform: Path, texts: list[tuple[str, str, bytes]]) -> list[tuple[str, list[str]]]:
    """What kubeconform says of each text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFORM", str(kubeconform))
        objects = [Emitted("file", text, version, None, (number,)) for number, (_, version, text) in enumerate(texts)]
        findings = judge(objects).findings
    return [(name, [found.message for found in findings if found.path == (number,)]) for number, (name, *_) in enumerate(texts)]


def places_of(messages: list[str], name: str) -> set[str]:
    assert not any("kubeconform says" in message for message in messages), (name, messages)
    return {message.partition(": ")[0].removeprefix("file").removeprefix(" at ") for message in messages}


def test_the_corpus_is_large_and_has_enough_of_both(cases: list[Case]) -> None:
    accepted = Counter(not validate(case.obj, case.version) for case in cases)
    assert min(accepted.values()) >= 200
    assert len({case.name for case in cases}) == len(cases)
    assert {case.version for case in cases} <= set(kubernetes_versions())
    assert len({case.obj["kind"] for case in cases if case.name.endswith(" as rendered")}) >= 12


def test_both_judges_find_the_same_places_in_every_object(cases: list[Case], theirs: list[set[str]]) -> None:
    different = {}
    for case, found in zip(cases, theirs, strict=True):
        mine = {dotted(violation.path) for violation in validate(case.obj, case.version)}
        if mine != found and (mine, found) != (explained(case) or ())[:2]:
            different[case.name] = (mine, found)
    assert different == {}


def test_every_explanation_is_needed_and_both_refuse_what_it_is_about(cases: list[Case], theirs: list[set[str]]) -> None:
    reasons = set()
    for case, found in zip(cases, theirs, strict=True):
        if explanation := explained(case):
            assert (found, explanation[0]) == (explanation[1], {dotted(violation.path) for violation in validate(case.obj, case.version)})
            reasons.add(explanation[2])
    assert len(reasons) == 2


class Text(NamedTuple):
    """A Namespace as text, which PyYAML and the YAML of Kubernetes read differently, or only one of them takes."""

    lines: str
    ours: str
    """What the validator in process says of the data that PyYAML reads; "" for nothing."""
    theirs: str
    """What kubeconform says of the text."""
    reason: str


NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: redis\n"
ANNOTATION = "  annotations:\n    a: "
AT = "file at metadata.annotations.a: "
NUMBER = f"{AT}must be text, is a number"
INF = "file: Kubernetes could not read it: json: unsupported value: +Inf"
FIVE = "the key 5 must be text, is a whole number"
TEXTS = {
    "y": Text(f"{ANNOTATION}y", "", f"{AT}must be text, is true or false", "YAML 1.1 has y and n as booleans; PyYAML leaves them out"),
    "exponent": Text(f"{ANNOTATION}1234e56", "", NUMBER, "to PyYAML a number with an exponent needs a point and a sign"),
    "decimal 09": Text(f"{ANNOTATION}09", "", NUMBER, "to PyYAML no number begins with 0, but for octal ones"),
    "octal 0o17": Text(f"{ANNOTATION}0o17", "", NUMBER, "octal in YAML 1.2 and in Go, text in YAML 1.1"),
    "base 60": Text(f"{ANNOTATION}12:30:45", "must be text, is a whole number", "", "YAML 1.1 counts in sixties, Go does not"),
    "date": Text(f"{ANNOTATION}2026-01-01", "must be plain data, is a Python date", "", "to Kubernetes a date is text"),
    "not finite": Text(f"{ANNOTATION}.inf", "must be text, is null", INF, "JSON has no such number"),
    "number as key": Text("  annotations: {5: a}", FIVE, "", "JSON's keys are text: Go makes them so"),
    "duplicate key": Text("  name: redis", "", 'file: line 5: the key "name" stands twice', "PyYAML takes the last one"),
    "two objects": Text(f"---\n{NAMESPACE}", "", "file: kubeconform judged 2 objects in it instead of one", "we are given the first"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_what_only_one_of_them_can_see_in_a_text(name: str, kubeconform: Path) -> None:
    text = TEXTS[name]
    written = f"{NAMESPACE}{text.lines}\n"
    ours = validate(next(yaml.safe_load_all(written)), "1.34")
    assert [violation.message for violation in ours] == [text.ours] * bool(text.ours)
    assert judged(kubeconform, [(name, "1.34", written.encode())]) == [(name, [text.theirs] * bool(text.theirs))]


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if text.lines.startswith(ANNOTATION)])
def test_our_writer_quotes_what_they_read_differently(name: str, kubeconform: Path) -> None:
    """So that no such difference stands in a rendered tree."""
    value = TEXTS[name].lines.removeprefix(ANNOTATION)
    obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "redis", "annotations": {"a": value}}}
    assert validate(obj, "1.34") == []
    assert judged(kubeconform, [(name, "1.34", dump(obj).encode())]) == [(name, [])]
