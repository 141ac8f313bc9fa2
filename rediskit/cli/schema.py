"""`rediskit schema`: the JSON schema of the config."""

from __future__ import annotations

import argparse

from rediskit.source.schema import schema_text


def run(arguments: argparse.Namespace) -> int:
    """Prints the schema, as it stands in rediskit.schema.json."""
    print(schema_text())
    return 0
