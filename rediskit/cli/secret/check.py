"""`rediskit secret check`: the encrypted files in Git, with or without a key."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from rediskit.cli.common import config_files, has_errors
from rediskit.cli.report import Report, finding_json, finding_lines
from rediskit.cli.secret.inputs import keys_of, time_at
from rediskit.secrets.inspect import CiphertextStatus, Inspection, inspect
from rediskit.source.loader import load_all


def run(arguments: argparse.Namespace) -> Report:
    """Report the findings: exit code 1 for an error. Writes nothing."""
    at = time_at(arguments)
    reports = [inspect(environment, keys_of(arguments, environment), at) for environment in load_all(config_files(arguments))]
    findings = [finding for report in reports for finding in report.findings]
    lines = (line for report in reports for line in _lines(report))
    code = int(has_errors(findings, strict=arguments.strict))
    return Report({"environments": [_json(report) for report in reports]}, lines, finding_lines(findings), code)


def _lines(report: Inspection) -> Iterator[str]:
    errors = sum(finding.severity == "error" for finding in report.findings)
    yield f"{report.name}: {report.mode}, {'nothing wrong' if not errors else f'{errors} wrong'}"
    if report.certificate:
        yield f"  certificate {report.certificate.file}, valid until {report.certificate.ends:%Y-%m-%d}"
        yield f"    SHA-256 {report.certificate.fingerprint}"
    for one in report.ciphertexts:
        yield f"  {one.namespace}: {_words(one)}"
    for note in report.notes:
        yield f"  {note}"


def _words(one: CiphertextStatus) -> str:
    if one.ciphertext is None:
        return f"{one.file} is no encrypted Secret"
    bound = f"scope {one.ciphertext.scope}" if one.ciphertext.form == "sealed-secrets" else _recipients(one)
    opened = {None: "", True: ", opened", False: ", not opened"}[one.opened]
    return f"{one.ciphertext.name}/{', '.join(one.ciphertext.keys)}, {bound}, rotation {one.ciphertext.rotation or 'none'}{opened}"


def _recipients(one: CiphertextStatus) -> str:
    count = len(one.ciphertext.recipients) if one.ciphertext else 0
    return f"{count} recipient{'' if count == 1 else 's'}"


def _json(report: Inspection) -> dict[str, Any]:
    certificate = report.certificate
    return {
        "name": report.name,
        "mode": report.mode,
        "certificate": {
            "file": certificate.file,
            "sha256": certificate.fingerprint,
            "notBefore": certificate.begins.isoformat(),
            "notAfter": certificate.ends.isoformat(),
        }
        if certificate
        else None,
        "namespaces": [_looked(one) for one in report.ciphertexts],
        "notes": list(report.notes),
        "findings": [finding_json(finding) for finding in report.findings],
    }


def _looked(one: CiphertextStatus) -> dict[str, Any]:
    found = one.ciphertext
    if found is None:
        return {"namespace": one.namespace, "file": one.file, "form": None}
    described = {
        "secret": found.name,
        "keys": list(found.keys),
        "scope": found.scope if found.form == "sealed-secrets" else None,
        "rotation": found.rotation or None,
        "recipients": list(found.recipients),
    }
    return {"namespace": one.namespace, "file": one.file, "form": found.form, **described, "opened": one.opened}
