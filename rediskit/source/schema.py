"""The JSON schema of a config file, for editors."""

import json
import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from rediskit.model.environment import Environment
from rediskit.model.measures import Measure

_FILE = {
    "title": "Client in its own file",
    "description": "A client in its own file.",
    "type": "object",
    "properties": {
        "file": {
            "title": "File",
            "description": "The file of the client, relative to the config file. Paths in it are relative to the file itself.",
            "type": "string",
            "minLength": 1,
        }
    },
    "required": ["file"],
    "additionalProperties": False,
}


def config_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a config file. The file of a client has the schema `#/$defs/Client`.

    Only `load` validates rules over several values, and the referenced files.
    """
    schema = Environment.model_json_schema(mode="validation", schema_generator=_Generator)
    clients = schema["properties"]["clients"]
    clients["items"] = {"anyOf": [clients["items"], _FILE]}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A config of rediskit"}
    return {**head, **{key: value for key, value in schema.items() if key not in head}}


def schema_text() -> str:
    """Return the content of `rediskit.schema.json` without the last line break."""
    return json.dumps(config_schema(), indent=2, ensure_ascii=False)


class _Generator(GenerateJsonSchema):
    """The schema generator of Pydantic, adapted to the display in editors."""

    def get_title_from_name(self, name: str) -> str:
        """Return a title such as "Bootstrap project" for `bootstrapProject`."""
        return re.sub(r"(?<=[a-z])[A-Z]", lambda letter: f" {letter[0].lower()}", name).capitalize()

    def encode_default(self, dft: Any) -> Any:
        """Return a measure as text."""
        return str(dft) if isinstance(dft, Measure) else super().encode_default(dft)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Return the schema without `default: null`."""
        result = super().default_schema(schema)
        return {key: value for key, value in result.items() if key != "default" or value is not None}

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Return a schema that refuses keys of another form, which `patternProperties` of Pydantic accepts."""
        result = super().dict_schema(schema)
        if "patternProperties" in result:
            ((pattern, values),) = result.pop("patternProperties").items()
            result |= {"propertyNames": {**result.get("propertyNames", {}), "pattern": pattern}, "additionalProperties": values}
        return result

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Return one schema that includes null instead of `anyOf`, so that the message of an editor is about the value."""
        result = super().nullable_schema(schema)
        inner = next((dict(part) for part in result.get("anyOf", ()) if part.get("type") != "null"), {})
        if "type" not in inner:
            return result
        kinds = [inner["type"]] if isinstance(inner["type"], str) else list(inner["type"])
        return {**inner, "type": [*kinds, "null"], **({"enum": [*inner["enum"], None]} if "enum" in inner else {})}
