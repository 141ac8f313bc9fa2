"""Files that a config references. The loader reads their content into the model, so `render` opens no file."""

from collections.abc import Mapping
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from rediskit.errors import Problem
from rediskit.model.base import Frozen, Model, refuse, refuse_all


class _FromLoader(Frozen):
    """The base of referenced files: a path in YAML, the content in the model."""

    path: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}(path={self.path!r})"  # Never the content.

    @classmethod
    def _validate(cls, value: Any) -> Any:
        if isinstance(value, cls):
            return value
        refuse(
            "wrong-type", "expected the path of a file", f"write a path relative to the config, or {cls.__name__}(path, content) in Python"
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.path)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": 1}


class TextFile(_FromLoader):
    """A text file, and its path as written in the config."""

    text: str

    def __init__(self, path: str, text: str) -> None:
        vars(self).update(path=path, text=text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TextFile) and (self.path, self.text) == (other.path, other.text)

    def __hash__(self) -> int:
        return hash(self.path)


class Manifest(_FromLoader):
    """A Kubernetes object, and its path as written in the config.

    It is cleaned by `rediskit.source.manifest.clean`, and shared: do not change it.
    """

    content: dict[str, Any]

    def __init__(self, path: str, content: dict[str, Any]) -> None:
        vars(self).update(path=path, content=content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Manifest) and (self.path, self.content) == (other.path, other.content)

    def __hash__(self) -> int:
        return hash(self.path)


class Described(Model):
    """A section whose values can come from a manifest."""

    @model_validator(mode="before")
    @classmethod
    def _from_manifest(cls, data: Any) -> Any:
        """Add the values of the manifest that the section does not set. Refuse other values than those of the manifest."""
        manifest = data.get("manifest") if isinstance(data, dict) else None
        if not isinstance(manifest, Manifest):
            return data
        values = cls.values_in(manifest, data)
        hint = "remove it: the value of the manifest applies"
        refuse_all(
            [
                Problem(f"is {data[key]} here and {value} in {manifest.path}", hint, (key,), code="manifest-conflict")
                for key, value in values.items()
                if isinstance(data.get(key), (str, int)) and data[key] != value
            ]
        )
        return {**data, **{key: value for key, value in values.items() if data.get(key) is None}}

    @classmethod
    def values_in(cls, manifest: Manifest, data: Mapping[str, Any], /) -> dict[str, Any]:
        """Return the values of a manifest, by key of the section. Refuses an object of another kind."""
        raise NotImplementedError
