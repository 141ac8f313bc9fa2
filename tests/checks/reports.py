"""Helpers for tests of kubeconform: a document, the messages of an outcome, and a report in the format of kubeconform."""

from __future__ import annotations

import json
from collections.abc import Callable

from rediskit.checks.kubeconform import Document, Outcome

Script = Callable[[str], None]
"""Installs a shell script in place of kubeconform."""


def document(text: str, version: str = "1.34") -> Document:
    return Document("platform/file.yaml", text.encode(), version)


def messages(outcome: Outcome) -> list[str]:
    """Return the messages without the file of `document`. Each finding is an error with a hint."""
    assert {(finding.code, finding.severity) for finding in outcome.findings} <= {("kubeconform", "error")}
    assert all(finding.hint for finding in outcome.findings)
    return [finding.message.removeprefix("platform/file.yaml: ") for finding in outcome.findings]


def report(*entries: tuple[str, str, str], exit_code: int = 0, **summary: int) -> str:
    """Return a script that prints a report with file, status and message of each result. By default the summary is consistent."""
    names = {"statusValid": "valid", "statusInvalid": "invalid", "statusError": "errors", "statusSkipped": "skipped"}
    counts = {name: sum(entry[1] == status for entry in entries) for status, name in names.items()}
    resources = [
        {"filename": f"$folder/{file}", "kind": "Namespace", "name": "redis", "version": "v1", "status": status, "msg": message}
        for file, status, message in entries
    ]
    text = json.dumps({"resources": resources, "summary": counts | summary})
    return f"cat <<'END' | sed \"s|[$]folder|$folder|\"\n{text}\nEND\nexit {exit_code}"
