"""What every model shares: frozen, camelCase in YAML, unknown keys refused, errors that carry a hint."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from rediskit.errors import Problem
from rediskit.model.secrecy import secret_reason


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
        validate_default=False,
        use_attribute_docstrings=True,
    )


def refuse_all(problems: list[Problem]) -> None:
    """Called inside a validator: raises one ValidationError with a line for each problem; `path` counts from the section."""
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


def as_text(value: Any) -> Any:
    """A number of a config file becomes the text it was written as (`1.30` stays 1.30): the reader's numbers carry it."""
    if isinstance(value, bool):
        refuse(f"expected text, found the boolean {str(value).lower()}", f'quote it: "{str(value).lower()}"')
    if isinstance(value, (int, float)):
        return getattr(value, "text", str(value))
    return value


@dataclass(frozen=True)
class Text:
    """The annotation of a constrained text: `Annotated[str, Text(r"[a-z]+", 63, "a DNS label", "use …")]`.

    pattern: what the whole text must match. longest: its length in characters at most (0: any).
    what, hint: the words of the error. check: a further rule that returns the text as it is kept, or refuses it.
    """

    pattern: str = ".*"
    longest: int = 0
    what: str = "text"
    hint: str = ""
    check: Callable[[str], Any] | None = None

    def _accept(self, value: str) -> Any:
        reason = secret_reason(value)
        if reason:
            refuse(f"looks like {reason}", "secrets never stand in the config: put it into a Secret, see secrets.mode")
        if self.longest and len(value) > self.longest:
            refuse(f"has {len(value)} characters, {self.what} has at most {self.longest}", self.hint)
        if not re.fullmatch(self.pattern, value, re.ASCII):
            refuse(f"{shown(value)} is not {self.what}", self.hint)
        return self.check(value) if self.check else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = core_schema.no_info_after_validator_function(self._accept, core_schema.str_schema(strict=True))
        return core_schema.no_info_before_validator_function(as_text, inner)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        if self.pattern != ".*":
            made["pattern"] = f"^(?:{self.pattern})$"
        if self.longest:
            made["maxLength"] = self.longest
        # An unquoted 1.30 is read as text by the loader, but an editor's YAML parser calls it a number.
        if re.fullmatch(self.pattern, "1.30", re.ASCII) or re.fullmatch(self.pattern, "1", re.ASCII):
            made["type"] = ["string", "number"]
        return made


def shown(value: str) -> str:
    """A value in an error message: whole when short, cut when long, in quotes when it is empty or has spaces."""
    cut = value if len(value) <= 60 else f"{value[:57]}..."
    return cut if re.fullmatch(r"[!-~]+", cut) else repr(cut)
