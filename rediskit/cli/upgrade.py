"""`rediskit upgrade`: what another version of the chart or of Redis changes, as text, Markdown or JSON."""

import argparse
import json
from collections.abc import Iterator, Sequence
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
    upgrade = compare(environment, arguments.chart, arguments.from_chart, arguments.image)
    findings = unaccepted(environment, list(upgrade.findings), None)
    upgrade = upgrade._replace(findings=tuple(findings))
    lines = _markdown(upgrade) if arguments.markdown else _text(upgrade)
    return Report(
        _document(upgrade), lines, () if arguments.markdown else finding_lines(findings), int(has_errors(findings, strict=arguments.strict))
    )


def _document(upgrade: Upgrade) -> dict[str, Any]:
    return {
        "from": {"name": upgrade.old.name, "version": upgrade.old.version},
        "to": {"name": upgrade.new.name, "version": upgrade.new.version},
        "findings": [finding_json(finding) for finding in upgrade.findings],
        "added": list(upgrade.added),
        "removed": list(upgrade.removed),
        "changed": {
            name: [{"kind": change.kind, "path": change.path, "old": change.old, "new": change.new} for change in changes]
            for name, changes in upgrade.changed.items()
        },
        "restarts": list(upgrade.restarts),
        "images": {name: {"old": old, "new": new} for name, (old, new) in upgrade.images.items()},
        "vanishedValues": list(upgrade.vanished),
        "changedDefaults": {name: {"old": old, "new": new} for name, (old, new) in upgrade.defaults.items()},
    }


def _text(upgrade: Upgrade) -> Iterator[str]:
    yield f"{upgrade.new.name}: chart {upgrade.old.version} -> {upgrade.new.version}"
    for title, rows in _sections(upgrade, "->"):
        yield from listed(f"{title}:", rows)
    if not (upgrade.restarts or upgrade.added or upgrade.removed or upgrade.changed):
        yield "no object changes"


def _markdown(upgrade: Upgrade) -> Iterator[str]:
    yield f"### {upgrade.new.name}: chart {upgrade.old.version} → {upgrade.new.version}"
    yield ""
    for finding in upgrade.findings:
        yield f"* **{finding.severity}** `{finding.code}`: {_escaped(finding.message)}. Fix: {_escaped(finding.hint)}."
    if not upgrade.findings:
        yield "Nothing breaks."
    for title, rows in _sections(upgrade, "→"):
        if rows:
            summary = f"<details><summary>{title.capitalize()}: {len(rows)}</summary>"
            yield from ("", summary, "", *(f"* `{row.replace('`', chr(39))}`" for row in rows))
            yield from ("", "</details>")


def _sections(upgrade: Upgrade, arrow: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield the title and the rows of each part of the report."""
    yield "restarts", upgrade.restarts
    yield "images", [f"{name}: {old} {arrow} {new}" for name, (old, new) in upgrade.images.items()]
    yield "added", upgrade.added
    yield "removed", upgrade.removed
    yield "changed", [f"{name} {line}" for name, changes in upgrade.changed.items() for line in map(_change, changes)]
    yield "values that the new chart does not have", upgrade.vanished
    yield "changed defaults", [f"{name}: {_short(old)} {arrow} {_short(new)}" for name, (old, new) in upgrade.defaults.items()]


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
