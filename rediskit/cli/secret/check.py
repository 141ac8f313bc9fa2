"""`rediskit secret check`: the encrypted files in Git, with or without a key."""

import argparse
from collections.abc import Iterator
from typing import Any

from rediskit.cli.clock import time_of
from rediskit.cli.common import has_errors
from rediskit.cli.configs import config_files
from rediskit.cli.report import Report, finding_json, finding_lines
from rediskit.cli.secret.inputs import keys_of
from rediskit.model.migration import moment
from rediskit.secrets.inspect import CiphertextStatus, Inspection, inspect
from rediskit.source.loader import load_all


def run(arguments: argparse.Namespace) -> Report:
    """Report the findings: exit code 1 for an error. Writes nothing."""
    at = moment(time_of(arguments.at, "--at"))
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
    for status in report.ciphertexts:
        yield f"  {status.namespace}: {_words(status)}"
    for note in report.notes:
        yield f"  {note}"


def _words(status: CiphertextStatus) -> str:
    if status.ciphertext is None:
        return f"{status.file} is no encrypted Secret"
    bound = f"scope {status.ciphertext.scope}" if status.ciphertext.form == "sealed-secrets" else _recipients(status)
    opened = {None: "", True: ", opened", False: ", not opened"}[status.opened]
    return f"{status.ciphertext.name}/{', '.join(status.ciphertext.keys)}, {bound}, rotation {status.ciphertext.rotation or 'none'}{opened}"


def _recipients(status: CiphertextStatus) -> str:
    count = len(status.ciphertext.recipients) if status.ciphertext else 0
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
        "namespaces": [_looked(status) for status in report.ciphertexts],
        "notes": list(report.notes),
        "findings": [finding_json(finding) for finding in report.findings],
    }


def _looked(status: CiphertextStatus) -> dict[str, Any]:
    encrypted = status.ciphertext
    if encrypted is None:
        return {"namespace": status.namespace, "file": status.file, "form": None}
    described = {
        "secret": encrypted.name,
        "keys": list(encrypted.keys),
        "scope": encrypted.scope if encrypted.form == "sealed-secrets" else None,
        "rotation": encrypted.rotation or None,
        "recipients": list(encrypted.recipients),
    }
    return {"namespace": status.namespace, "file": status.file, "form": encrypted.form, **described, "opened": status.opened}
