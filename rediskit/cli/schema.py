"""`rediskit schema`: the JSON schema of the config, or of the document that a command prints with `--json`."""

import argparse
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rediskit.cli.report import JSON_VERSION, Report
from rediskit.errors import ConfigError, Problem
from rediskit.files import read_regular
from rediskit.source.schema import schema_text
from rediskit.yamlio.reader import read

_FILE = Path(__file__).parent.parent / "data/output.schema.yaml"
_ENDS = {
    "version": {"const": JSON_VERSION, "description": "the version of the document"},
    "exitCode": {"type": "integer", "minimum": 0, "maximum": 3, "description": "the exit code of the command"},
}
FAILURE = {"properties": {"problems": {"type": "array", "items": {"$ref": "Problem"}, "description": "the errors"}}}
"""The document of a command that ends with an error."""


def run(arguments: argparse.Namespace) -> Report:
    """Return the schema, as in rediskit.schema.json. Raises ConfigError for a command without --json."""
    command = " ".join(arguments.words)
    commands = source()["commands"] if command else {}
    if command and command not in commands:
        raise ConfigError(Problem(f"rediskit {command} prints no JSON document", f"choose one of: {', '.join(commands)}"))
    return Report(None, (document_schema(command) if command else schema_text()).split("\n"))


@cache
def source() -> Mapping[str, Any]:
    """Return the content of the schema file: `commands` and `$defs`."""
    content: Mapping[str, Any] = read(read_regular(_FILE), _FILE.name).data
    return content


def document(command: str) -> dict[str, Any]:
    """Return the keys of a command's document, without those of each document. command: such as `migrate status`."""
    entry = source()["commands"][command]
    return dict(source()["$defs"][entry["$ref"]] if "$ref" in entry else entry)


def document_schema(command: str) -> str:
    """Return the JSON schema (draft 2020-12) of a command's document, as text."""
    either = [_expanded({"properties": {**part["properties"], **_ENDS}}) for part in (document(command), FAILURE)]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"The output of rediskit {command} --json", "anyOf": either}
    definitions = {name: _expanded(part) for name, part in source()["$defs"].items()}
    return json.dumps({**head, "$defs": definitions}, indent=2)


def _expanded(part: Any) -> Any:
    """Return a part of the file as JSON schema: with full references, and closed objects with their required keys."""
    if isinstance(part, list):
        return [_expanded(entry) for entry in part]
    if not isinstance(part, Mapping):
        return part
    result = {key: _expanded(value) for key, value in part.items() if key not in ("properties", "optional")}
    if "$ref" in part:
        result["$ref"] = f"#/$defs/{part['$ref']}"
    if "properties" in part:
        result["type"] = "object"
        result["properties"] = {name: _expanded(value) for name, value in part["properties"].items()}
        result["required"] = [name for name, value in part["properties"].items() if "optional" not in value]
        result["additionalProperties"] = False
    return result
