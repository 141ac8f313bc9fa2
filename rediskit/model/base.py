"""The base of all models: frozen, camelCase in YAML, no unknown keys, errors with a code and a hint."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, NoReturn, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from rediskit.errors import Problem
from rediskit.model.once import RESULTS
from rediskit.secrecy import secret_reason

SECRET_HINT = "remove the secret from the config and store it in a Secret, see secrets.mode"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


class Model(BaseModel):
    """A section of the config. Python code can construct it by field name or by YAML key."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    def __copy__(self) -> Self:
        copy = super().__copy__()
        copy.__dict__.pop(RESULTS, None)  # They belong to the values of the original.
        return copy

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        copy = super().__deepcopy__(memo)
        copy.__dict__.pop(RESULTS, None)
        return copy

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        fields = {name: value for name, value in state["__dict__"].items() if name != RESULTS}
        return {**state, "__dict__": fields}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        from rediskit.model.docs import descriptions

        result = handler(schema)
        properties = handler.resolve_ref_schema(result).get("properties", {})
        for name, text in descriptions(cls).items():
            entry = properties.get(cls.model_fields[name].alias or name)
            if entry is not None:
                entry.setdefault("description", text)
        return result


def refuse_all(problems: list[Problem]) -> None:
    """Raise one ValidationError with a line for each problem, if there are any. For validators.

    The paths are relative to the section. A last part `"[key]"` marks the key itself as wrong, as Pydantic does for keys of a mapping.
    """
    if problems:
        raise ValidationError.from_exception_data(
            "rediskit",
            [
                InitErrorDetails(
                    type=PydanticCustomError(
                        "rediskit", "{message}", {"message": problem.message, "hint": problem.hint, "code": problem.code}
                    ),
                    loc=problem.path,
                    input=None,
                )
                for problem in problems
            ],
        )


def not_required(schema: dict[str, Any]) -> None:
    """Remove `required` from the schema: in YAML, absent keys have defaults."""
    schema.pop("required", None)


def refuse(code: str, message: str, hint: str, *path: str | int) -> NoReturn:
    """Raise a ValidationError for one problem, as `refuse_all`."""
    refuse_all([Problem(message, hint, path, code=code)])
    raise AssertionError("unreachable")


_KINDS = {
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a decimal number",
    list: "a list",
    dict: "a mapping",
    type(None): "nothing",
}


def kind_of(value: Any) -> str:
    """Return the kind of a value in the terms of YAML: `a list`, `nothing`."""
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), type(value).__name__)


def as_text(value: Any, expected: str, hint: str) -> str:
    """Return the text of a scalar; a number of a config file as it is written (`1.30` stays 1.30).

    Refuses every other kind of value, and text that looks like a secret, so that later messages can repeat the text.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = getattr(value, "text", str(value))
    if not isinstance(value, str):
        refuse("wrong-type", f"expected {expected}, found {kind_of(value)}", hint)
    if reason := secret_reason(value):
        refuse("secret-in-config", f"looks like {reason}", SECRET_HINT)
    return value


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern on first use. `re` also keeps it, but for fewer patterns than the model has, and needs four times as long."""
    return re.compile(pattern, re.ASCII)


class Text(NamedTuple):
    """The annotation of a constrained text: `Annotated[str, Text(r"[a-z]+", 63, "a DNS label", "use …")]`.

    Attributes:
        longest: The largest length in characters; 0 for any.
        expected: The form in words, with an article, for messages.
        check: A further rule: returns the text to keep, or refuses it.
        schema: Keywords that express the further rule in the JSON schema.
    """

    pattern: str
    longest: int
    expected: str
    hint: str
    check: Callable[[str], Any] | None = None
    schema: Mapping[str, Any] = MappingProxyType({})

    def __hash__(self) -> int:
        return hash(self.pattern)  # `Annotated[...] | None` needs a hash, and a mapping has none.

    def _validated(self, value: Any) -> Any:
        text = as_text(value, self.expected, self._quote(value) if isinstance(value, bool) else self.hint)
        if self.longest and len(text) > self.longest:
            excess = len(text) - self.longest
            refuse("invalid-value", f"has {len(text)} characters, {self.expected} has at most {self.longest}", f"shorten it by {excess}")
        if not _compiled(self.pattern).fullmatch(text):
            refuse("invalid-value", f"{shown(text)} is not {self.expected}", self.hint)
        return self.check(text) if self.check else text

    def _quote(self, value: bool) -> str:
        """Return the hint for a boolean."""
        word = str(value).lower()
        return f'write "{word}" in quotes if it is text' if _compiled(self.pattern).fullmatch(word) else self.hint

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validated, json_schema_input_schema=core_schema.str_schema())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        result: JsonSchemaValue = {**handler(schema), **pattern_schema(self.pattern, self.expected, self.hint), **self.schema}
        return result | {"maxLength": self.longest} if self.longest else result


class Frozen:
    """The base of values that nothing changes: `__init__` writes into `vars(self)`. A dataclass takes ten times as long to define."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")


class Written(Frozen):
    """The base of values that keep their text and parse it.

    `pattern`, `expected` and `hint` are as in `Text`. Raises ValueError when the text does not have the form of the class.
    """

    text: str
    pattern: ClassVar[str]
    expected: ClassVar[str]
    hint: ClassVar[str]

    def __init__(self, text: str) -> None:
        if not _compiled(self.pattern).fullmatch(text):
            raise ValueError(f"{shown(text)} is not {self.expected}")
        vars(self).update(text=text, **self._parsed(text))

    @classmethod
    def _parsed(cls, text: str) -> dict[str, Any]:
        """Return the attributes of a text that matches the pattern."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __str__(self) -> str:
        return self.text

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        text = as_text(value, cls.expected, cls.hint)
        try:
            return cls(text)
        except ValueError as error:
            refuse("invalid-value", str(error), cls.hint)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return pattern_schema(cls.pattern, cls.expected, cls.hint)


def pattern_schema(pattern: str, expected: str, hint: str) -> JsonSchemaValue:
    """Return the JSON schema of a text. yaml-language-server shows `patternErrorMessage` instead of the pattern."""
    # The loader reads an unquoted 1.30 as text, the YAML parser of an editor as a number.
    numeric = any(re.fullmatch(pattern, example, re.ASCII) for example in ("1", "2000", "1.30"))
    kinds = ["string", "number"] if numeric else "string"
    return {"type": kinds, "pattern": f"^(?:{pattern})$", "patternErrorMessage": f"not {expected}: {hint}"}


def shown(value: str) -> str:
    """Return a value for a message: at most 60 characters, in quotes where it is empty or contains a space."""
    cut = value if len(value) <= 60 else f"{value[:57]}..."
    return cut if re.fullmatch(r"[!-~]+", cut) else repr(cut)
