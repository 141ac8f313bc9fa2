"""`rediskit upgrade`: what another version of the chart or of Redis changes, as text, Markdown or JSON."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from rediskit.checks.acceptance import unaccepted
from rediskit.cli.common import has_errors
from rediskit.cli.configs import config_file
from rediskit.cli.report import Report, finding_json, finding_lines, listed
from rediskit.errors import ConfigError, Problem
from rediskit.output.tree_diff import ValueChange
from rediskit.source.loader import load
from rediskit.upgrade.comparison import Upgrade, compare

_LONGEST = 100
"""Characters of a value in the text output."""


def run(arguments: argparse.Namespace) -> Report:
    """Report the effects: exit code 1 if something breaks that the config does not accept. Writes nothing."""
    if not (arguments.chart or arguments.image):
        raise ConfigError(Problem("nothing to compare", "set --chart, --image or both"))
    environment = load(config_file(arguments))
    found = compare(environment, arguments.chart, arguments.from_chart, arguments.image)
    findings = unaccepted(environment, list(found.findings), None)
    found = found._replace(findings=tuple(findings))
    lines = _markdown(found) if arguments.markdown else _text(found)
    return Report(
        _document(found), lines, () if arguments.markdown else finding_lines(findings), int(has_errors(findings, strict=arguments.strict))
    )


def _document(found: Upgrade) -> dict[str, Any]:
    return {
        "from": {"name": found.old.name, "version": found.old.version},
        "to": {"name": found.new.name, "version": found.new.version},
        "findings": [finding_json(finding) for finding in found.findings],
        "added": list(found.added),
        "removed": list(found.removed),
        "changed": {
            name: [{"kind": change.kind, "path": change.path, "old": change.old, "new": change.new} for change in changes]
            for name, changes in found.changed.items()
        },
        "restarts": list(found.restarts),
        "images": {name: {"old": old, "new": new} for name, (old, new) in found.images.items()},
        "vanishedValues": list(found.vanished),
        "changedDefaults": {name: {"old": old, "new": new} for name, (old, new) in found.defaults.items()},
    }


def _text(found: Upgrade) -> Iterator[str]:
    yield f"{found.new.name}: chart {found.old.version} -> {found.new.version}"
    yield from listed("restarts:", found.restarts)
    yield from listed("images:", [f"{name}: {old} -> {new}" for name, (old, new) in found.images.items()])
    yield from listed("added:", found.added)
    yield from listed("removed:", found.removed)
    yield from listed("changed:", [f"{name} {line}" for name, changes in found.changed.items() for line in map(_change, changes)])
    yield from listed("values that the new chart does not have:", found.vanished)
    yield from listed("changed defaults:", [f"{name}: {_short(old)} -> {_short(new)}" for name, (old, new) in found.defaults.items()])
    if not (found.restarts or found.added or found.removed or found.changed):
        yield "no object changes"


def _markdown(found: Upgrade) -> Iterator[str]:
    yield f"### {found.new.name}: chart {found.old.version} → {found.new.version}"
    yield ""
    for finding in found.findings:
        yield f"* **{finding.severity}** `{finding.code}`: {_escaped(finding.message)}. Fix: {_escaped(finding.hint)}."
    if not found.findings:
        yield "Nothing breaks."
    for title, rows in (
        ("Restarts", list(found.restarts)),
        ("Images", [f"{name}: {old} → {new}" for name, (old, new) in found.images.items()]),
        ("Added", list(found.added)),
        ("Removed", list(found.removed)),
        ("Changed", [f"{name} {line}" for name, changes in found.changed.items() for line in map(_change, changes)]),
        ("Values that the new chart does not have", list(found.vanished)),
        ("Changed defaults", [f"{name}: {_short(old)} → {_short(new)}" for name, (old, new) in found.defaults.items()]),
    ):
        if rows:
            yield from ("", f"<details><summary>{title}: {len(rows)}</summary>", "", *(f"* `{row.replace('`', chr(39))}`" for row in rows))
            yield from ("", "</details>")


def _change(change: ValueChange) -> str:
    if change.kind == "added":
        return f"+ {change.path}: {_short(change.new)}"
    if change.kind == "removed":
        return f"- {change.path}: {_short(change.old)}"
    return f"~ {change.path}: {_short(change.old)} -> {_short(change.new)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")
