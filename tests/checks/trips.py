"""What trips a check: a value in the config, another live object, or a tree as a faulty renderer would make it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rediskit import check, render
from rediskit.renderers.tree import File, Tree
from tests.samples import loaded

Change = Callable[[Tree], Tree]
GONE: Any = object()


@dataclass(frozen=True)
class Trip:
    """code: the check that must speak. message: a part of what it says. at: what stands at its place in the config, "" for none."""

    code: str
    message: str
    at: str = ""
    over: Mapping[str, Any] = field(default_factory=dict)
    change: Change | None = None
    step: str = "validate"
    severity: str = "error"
    manifest: Mapping[str, Any] | None = None
    ciphertexts: Mapping[str, Any] | None = None


def value(code: str, message: str, path: str, content: Any, at: str | None = None) -> Trip:
    """A trip by one value under redis.values; `at`: what stands at the finding's place, by default the value itself.

    path: keys joined by dots; a dot in a key is written `~`.
    """
    nested: Any = content
    for part in reversed(path.split(".")):
        nested = {part.replace("~", "."): nested}
    shown = "null" if content is None else str(content).lower() if isinstance(content, bool) else str(content)
    return Trip(code, message, shown if at is None else at, {"redis": {"values": nested}})


def faulty(code: str, message: str, change: Change, at: str = "", step: str = "validate", over: Mapping[str, Any] | None = None) -> Trip:
    """A trip by a tree that no renderer should have made."""
    return Trip(code, message, at, over or {}, change, step)


def put(path: str, place: str, content: Any) -> Change:
    """Sets what stands at a place such as `spec.ports.0.port` of a file (a dot in a key is written `~`); GONE takes it away."""

    def change(tree: Tree) -> Tree:
        made = copy.deepcopy(next(file.content for file in tree.contents if file.path == path))
        *way, last = [int(part) if part.isdigit() else part.replace("~", ".") for part in place.split(".")]
        parent: Any = made
        for part in way:
            parent = parent[part]
        if content is GONE:
            del parent[last]
        elif isinstance(last, int) and last == len(parent):
            parent.append(content)
        else:
            parent[last] = content
        return replace(tree, contents=tuple(file._replace(content=made) if file.path == path else file for file in tree.contents))

    return change


def without(*paths: str) -> Change:
    """Drops files."""
    return lambda tree: replace(tree, contents=tuple(file for file in tree.contents if file.path not in paths))


def also(path: str, content: Any) -> Change:
    """Adds a file."""
    return lambda tree: Tree.of(tree.name, tree.header, (*tree.contents, File(path, content)))


def copied(path: str, to: str) -> Change:
    """Adds a file with the content of another one."""
    return lambda tree: also(to, next(file.content for file in tree.contents if file.path == path))(tree)


def trip_it(trip: Trip, folder: Path) -> None:
    """Loads, renders, spoils and checks: the check speaks, with its severity, at its place."""
    environment = loaded(folder, trip.step, over=trip.over, manifest=trip.manifest, ciphertexts=trip.ciphertexts)
    rendered = render(environment)
    findings = check(environment, trip.change(rendered) if trip.change else rendered)
    mine = [finding for finding in findings if finding.code == trip.code and trip.message in finding.message]
    assert mine, [f"{finding.code}: {finding.message}" for finding in findings]
    assert {finding.severity for finding in mine} == {trip.severity}
    assert all(finding.hint for finding in mine)
    if trip.at:
        place = mine[0].location
        assert place is not None
        line = (folder / "chocolandia.yaml").read_text().splitlines()[place.line - 1]
        assert line[place.column - 1 :].startswith(trip.at), (line, place)


def name_of(trip: Trip) -> str:
    """The id of a trip among the tests."""
    return f"{trip.code}: {trip.message[:60]}"
