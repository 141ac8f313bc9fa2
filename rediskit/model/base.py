"""What every model shares: frozen, camelCase in YAML, unknown keys refused, errors that carry a hint."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from rediskit.errors import Problem
from rediskit.secrecy import secret_reason


class Model(BaseModel):
    """The base of every section. Constructible in Python by field name or by YAML key; never changed afterwards."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        from rediskit.model.docs import descriptions

        made = handler(schema)
        properties = handler.resolve_ref_schema(made).get("properties", {})
        for name, text in descriptions(cls).items():
            entry = properties.get(cls.model_fields[name].alias or name)
            if entry is not None:
                entry.setdefault("description", text)
        return made


def refuse_all(problems: list[Problem]) -> None:
    """Called inside a validator: raises one ValidationError with a line for each problem; `path` counts from the section.

    A last part `"[key]"` says that the key itself is wrong, not its value (Pydantic's own mark for keys of a mapping).
    """
    if problems:
        raise ValidationError.from_exception_data(
            "rediskit",
            [
                InitErrorDetails(
                    type=PydanticCustomError("rediskit", "{message}", {"message": problem.message, "hint": problem.hint}),
                    loc=problem.path,
                    input=None,
                )
                for problem in problems
            ],
        )


def refuse(message: str, hint: str = "", *path: str | int) -> NoReturn:
    """`refuse_all` for one problem."""
    refuse_all([Problem(message, hint, path)])
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


def found(value: Any) -> str:
    """What kind of value stands where another was expected, in the words of YAML: `a list`, `nothing`."""
    return next((name for kind, name in _KINDS.items() if isinstance(value, kind)), type(value).__name__)


def as_text(value: Any, what: str = "text", hint: str = "") -> str:
    """The text of a scalar: a number of a config file becomes what it was written as (`1.30` stays 1.30), the reader's numbers carry it.

    Refuses every other kind, and what looks like a secret: from here on a message may repeat the text.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = getattr(value, "text", str(value))
    if not isinstance(value, str):
        refuse(f"expected {what}, found {found(value)}", hint or "write it in one line")
    if reason := secret_reason(value):
        refuse(f"looks like {reason}", "secrets never stand in the config: put it into a Secret, see secrets.mode")
    return value


@dataclass(frozen=True)
class Text:
    """The annotation of a constrained text: `Annotated[str, Text(r"[a-z]+", 63, "a DNS label", "use …")]`.

    pattern: what the whole text must match. longest: its length in characters at most (0: any).
    what, hint: the words of the error. check: a further rule that returns the text as it is kept, or refuses it. schema: what the
    JSON schema says of that rule.
    """

    pattern: str
    longest: int
    what: str
    hint: str
    check: Callable[[str], Any] | None = None
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def _accept(self, given: Any) -> Any:
        word = str(given).lower() if isinstance(given, bool) else ""
        quote = f'put it in quotes if it is meant as text: "{word}"'
        value = as_text(given, self.what, quote if word and re.fullmatch(self.pattern, word, re.ASCII) else self.hint)
        if self.longest and len(value) > self.longest:
            refuse(f"has {len(value)} characters, {self.what} has at most {self.longest}", f"shorten it by {len(value) - self.longest}")
        if not re.fullmatch(self.pattern, value, re.ASCII):
            refuse(f"{shown(value)} is not {self.what}", self.hint)
        return self.check(value) if self.check else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._accept, json_schema_input_schema=core_schema.str_schema())

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made: JsonSchemaValue = {**handler(schema), **form(self.pattern, self.what, self.hint), **self.schema}
        return made | {"maxLength": self.longest} if self.longest else made


class Written:
    """A value that is kept as it was written and knows what it means: a dataclass with a first field `text`.

    pattern, what, hint: as in `Text`. The class raises ValueError when the text is not of its form.
    """

    text: str
    pattern: ClassVar[str]
    what: ClassVar[str]
    hint: ClassVar[str]

    def __str__(self) -> str:
        return self.text

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        text = as_text(value, cls.what, cls.hint)
        try:
            return cls(text)  # type: ignore[call-arg]  # the dataclass below it takes the text
        except ValueError as error:
            refuse(str(error), cls.hint)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return form(cls.pattern, cls.what, cls.hint)


def form(pattern: str, what: str, hint: str) -> JsonSchemaValue:
    """The JSON schema of a text of this form. `patternErrorMessage` is what editors say instead of the pattern (yaml-language-server)."""
    # An unquoted 1.30 is read as text by the loader, but an editor's YAML parser calls it a number.
    numeric = any(re.fullmatch(pattern, example, re.ASCII) for example in ("1", "2000", "1.30"))
    kinds = ["string", "number"] if numeric else "string"
    return {"type": kinds, "pattern": f"^(?:{pattern})$", "patternErrorMessage": f"not {what}: {hint}"}


def shown(value: str) -> str:
    """A value in an error message: whole when short, cut when long, in quotes when it is empty or has spaces."""
    cut = value if len(value) <= 60 else f"{value[:57]}..."
    return cut if re.fullmatch(r"[!-~]+", cut) else repr(cut)
