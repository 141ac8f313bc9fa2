"""The JSON schema of a config file, for editors: what the model says, and the forms that only the loader knows."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from rediskit.model.environment import Environment
from rediskit.model.measures import Measure

_FILE = {
    "title": "Client in a file of its own",
    "description": "A client that its team keeps in a file of its own.",
    "type": "object",
    "properties": {
        "file": {
            "title": "File",
            "description": "The file with this client, relative to the config file. What it names counts from the file itself.",
            "type": "string",
            "minLength": 1,
        }
    },
    "required": ["file"],
    "additionalProperties": False,
}


def config_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of one config file. A client's own file has the schema `#/$defs/Client`.

    What it can't say is said by `load`: rules over two values, and what the files hold that a config names.
    """
    schema = Environment.model_json_schema(mode="validation", schema_generator=_Generator)
    clients = schema["properties"]["clients"]
    clients["items"] = {"anyOf": [clients["items"], _FILE]}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A config of rediskit"}
    return {**head, **{key: value for key, value in schema.items() if key not in head}}


def schema_text() -> str:
    """The schema as it stands in `rediskit.schema.json`, without the last line break."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False)


class _Generator(GenerateJsonSchema):
    """Pydantic's schema, as editors show it best."""

    def get_title_from_name(self, name: str) -> str:
        """`bootstrapProject` is titled "Bootstrap project"."""
        return re.sub(r"(?<=[a-z])[A-Z]", lambda found: f" {found[0].lower()}", name).capitalize()

    def encode_default(self, dft: Any) -> Any:
        """A measure as it is written."""
        return str(dft) if isinstance(dft, Measure) else super().encode_default(dft)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """No `default: null`: what is left out says so itself."""
        made = super().default_schema(schema)
        return {key: value for key, value in made.items() if key != "default" or value is not None}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Keys of another form are refused; Pydantic only leaves them out of the pattern."""
        made = super().dict_schema(schema)
        if "patternProperties" in made:
            ((pattern, values),) = made.pop("patternProperties").items()
            made |= {"propertyNames": {**made.get("propertyNames", {}), "pattern": pattern}, "additionalProperties": values}
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """One schema that takes null too, in place of a choice of two: an editor's message is then about the value."""
        made = super().nullable_schema(schema)
        inner = next((dict(part) for part in made.get("anyOf", ()) if part.get("type") != "null"), {})
        if "type" not in inner:
            return made
        kinds = [inner["type"]] if isinstance(inner["type"], str) else list(inner["type"])
        return {**inner, "type": [*kinds, "null"], **({"enum": [*inner["enum"], None]} if "enum" in inner else {})}
