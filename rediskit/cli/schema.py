"""`rediskit schema`: the JSON schema of the config."""

from __future__ import annotations

import argparse

from rediskit.cli.report import print_json
from rediskit.source.schema import config_schema


def run(arguments: argparse.Namespace) -> int:
    """Prints the schema, as it stands in rediskit.schema.json."""
    print_json(config_schema())
    return 0
