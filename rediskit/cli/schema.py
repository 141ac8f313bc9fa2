"""`rediskit schema`: the JSON schema of the config."""

from __future__ import annotations

import argparse

from rediskit.cli.report import Report
from rediskit.source.schema import schema_text


def run(_: argparse.Namespace) -> Report:
    """Return the schema, as in rediskit.schema.json."""
    return Report(None, schema_text().split("\n"))
