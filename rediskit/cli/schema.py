"""`rediskit schema`: the JSON schema of the config, or of the output of a command."""

import argparse

from rediskit.cli import json_documents
from rediskit.cli.report import Report
from rediskit.errors import ConfigError, Problem
from rediskit.source.schema import schema_text


def run(arguments: argparse.Namespace) -> Report:
    """Return the schema, as in rediskit.schema.json. Raises ConfigError for a command without --json."""
    command = " ".join(arguments.words)
    known = json_documents.source()["commands"] if command else {}
    if command and command not in known:
        raise ConfigError(Problem(f"rediskit {command} prints no JSON document", f"choose one of: {', '.join(known)}"))
    return Report(None, (json_documents.schema_text(command) if command else schema_text()).split("\n"))
