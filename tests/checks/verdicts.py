"""What tests of the second judge share: an object as text, what a verdict says, a report as kubeconform gives it."""

from __future__ import annotations

import json
from collections.abc import Callable

from rediskit.checks.kubeconform import Emitted, Verdict

Script = Callable[[str], None]
"""Puts a shell script in the place of kubeconform."""


def one(text: str, version: str = "1.34") -> Emitted:
    return Emitted("platform/file.yaml", text.encode(), version)


def messages(verdict: Verdict) -> list[str]:
    """What is found, without the file of `one`; everything found is an error with a hint."""
    assert {(found.code, found.severity) for found in verdict.findings} <= {("kubeconform", "error")}
    assert all(found.hint for found in verdict.findings)
    return [found.message.removeprefix("platform/file.yaml") for found in verdict.findings]


def report(*entries: tuple[str, str, str], exit_code: int = 0, **summary: int) -> str:
    """A script that answers as kubeconform does: file, status and message of each result. By default the summary is true."""
    names = {"statusValid": "valid", "statusInvalid": "invalid", "statusError": "errors", "statusSkipped": "skipped"}
    counted = {name: sum(entry[1] == status for entry in entries) for status, name in names.items()}
    resources = [
        {"filename": f"$folder/{file}", "kind": "Namespace", "name": "redis", "version": "v1", "status": status, "msg": message}
        for file, status, message in entries
    ]
    return f"cat <<END\n{json.dumps({'resources': resources, 'summary': counted | summary})}\nEND\nexit {exit_code}"
