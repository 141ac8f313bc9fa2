"""Files that a config names: the loader takes their content into the model, so that rendering opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from rediskit.model.base import refuse


class _FromLoader:
    """In YAML a path; in the model the loaded content, put there by the loader or by Python code."""

    path: str

    @classmethod
    def _validate(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        refuse("expected the path of a file", f"in a config file: a path relative to it; in Python: {cls.__name__}(path, content)")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.path)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class TextFile(_FromLoader):
    """A text file: path as written in the config, and what stands in it (kept out of `repr`)."""

    path: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Manifest(_FromLoader):
    """A Kubernetes object, cleaned of server noise (`rediskit.source.manifest.clean`). Treat `content` as read-only."""

    path: str
    content: dict[str, Any] = field(repr=False, hash=False)
