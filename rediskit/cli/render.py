"""`rediskit render`: load, render, check, write."""

import argparse

from rediskit.checks import Finding
from rediskit.cli.common import Rendered, checked, has_errors
from rediskit.cli.environments import each_environment
from rediskit.cli.report import Report, change_lines, changes_json, finding_json, finding_lines, warning_lines
from rediskit.model.environment import Environment
from rediskit.output.writer import Changes, write_all


def run(arguments: argparse.Namespace) -> Report:
    """Write the manifests of all configs, or of none: an error, or a file that was edited by hand, leaves all files unchanged."""

    def result(environment: Environment) -> tuple[Rendered, list[Finding]]:
        result = checked(environment, arguments.output)
        return result.rendered, result.unaccepted

    results = each_environment(arguments, result, clean=True)
    findings = [finding for _, unaccepted in results for finding in unaccepted]
    failed = has_errors(findings, strict=arguments.strict)
    changes: dict[str, Changes] = {}
    if not failed:
        changes = write_all((rendered for rendered, _ in results), arguments.output, force=arguments.force)
    document = {"environments": changes_json(changes), "findings": [finding_json(finding) for finding in findings]}
    lines = change_lines(changes, ("created", "changed", "removed"))
    failed = failed or (arguments.strict and any(done.warnings for done in changes.values()))
    return Report(document, lines, (*finding_lines(findings), *warning_lines(changes)), int(failed))
