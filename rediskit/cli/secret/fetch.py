"""`rediskit secret fetch-cert`: the certificate of the controller, in the file that the config references."""

import argparse

from rediskit.cli.configs import config_file
from rediskit.cli.report import Report
from rediskit.cli.secret.inputs import time_to_write_at
from rediskit.errors import Problem, RefusedError
from rediskit.output.input_files import read_inputs, write_inputs
from rediskit.output.leftovers import input_leftovers, remove_leftovers
from rediskit.secrets.certificate import expiry
from rediskit.secrets.claimed import refuse_other_cluster
from rediskit.secrets.fetch import certificate_path, fetch_certificate
from rediskit.source.loader import load


def run(arguments: argparse.Namespace) -> Report:
    """Report the certificate of the controller, now in the file that the config references."""
    config = config_file(arguments)
    where = certificate_path(config)
    folder = str(where.parent)
    if not arguments.dry_run:
        remove_leftovers(input_leftovers([where.parent]))
    before = read_inputs(folder, [where.name])
    content, certificate = fetch_certificate(arguments.controller_name, arguments.controller_namespace, arguments.context)
    if problem := expiry(certificate, time_to_write_at(arguments)):
        raise RefusedError(problem)
    old = before.get(where.name)
    if old not in (None, content) and not arguments.force:
        hint = f"its SHA-256 is {certificate.fingerprint}: see that it is your controller's, then use --force"
        raise RefusedError(Problem(f"{where} holds another certificate", hint))
    if old not in (None, content):
        refuse_other_cluster(load(config), arguments.context, required=False)
    if old != content and not arguments.dry_run:
        write_inputs(folder, {where.name: content}, before)
    state = "unchanged" if old == content else "created" if old is None else "changed"
    document = {
        "file": str(where),
        "state": state,
        "sha256": certificate.fingerprint,
        "notAfter": certificate.ends.isoformat(),
        "dryRun": arguments.dry_run,
    }
    would = "would be " if arguments.dry_run and state != "unchanged" else ""
    lines = [f"{where}: {would}{state}, valid until {certificate.ends:%Y-%m-%d}", f"  SHA-256 {certificate.fingerprint}"]
    if state == "changed" and not arguments.dry_run:
        lines.append(f"next: existing files stay valid; rediskit secret seal {config} --force encrypts them with this certificate")
    return Report(document, lines)
