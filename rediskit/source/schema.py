"""The JSON schema of a config file, for editors: what the model says, and the forms that only the loader knows."""

from __future__ import annotations

from typing import Any

from rediskit.model.environment import Environment


def config_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of one config file."""
    schema = Environment.model_json_schema(mode="validation")
    clients = schema["properties"]["clients"]
    reference = {
        "type": "object",
        "properties": {"file": {"type": "string", "description": "a file with this client, relative to the config file"}},
        "required": ["file"],
        "additionalProperties": False,
    }
    clients["items"] = {"anyOf": [clients["items"], reference]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A config of rediskit",
        **{k: v for k, v in schema.items() if k != "title"},
    }
