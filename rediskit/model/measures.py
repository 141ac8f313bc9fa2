"""Measured values that compare by size and print as they were written: quantities, Redis memory, durations."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import total_ordering
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from rediskit.model.base import as_text, refuse, shown


@total_ordering
class Measure:
    """A number with a unit. `str()` gives the text as written, comparison goes by `amount`, in the base unit of the class.

    Raises ValueError when the text is not of the class's form.
    """

    __slots__ = ("amount", "text")
    pattern: ClassVar[str]
    what: ClassVar[str]
    hint: ClassVar[str]
    text: str
    amount: Decimal

    def __init__(self, text: str) -> None:
        if not re.fullmatch(self.pattern, text, re.ASCII):
            raise ValueError(f"{shown(text)} is not {self.what}")
        self.text = text
        self.amount = self._measure(text)

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        raise NotImplementedError

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Measure) and self.amount == other.amount

    def __lt__(self, other: Measure) -> bool:
        return self.amount < other.amount

    def __hash__(self) -> int:
        return hash(self.amount)

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        text = as_text(value)
        if not isinstance(text, str):
            refuse(f"expected {cls.what}, found {type(value).__name__}", cls.hint)
        try:
            return cls(text)
        except ValueError as error:
            refuse(str(error), cls.hint)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        kinds = ["string", "number"] if re.fullmatch(cls.pattern, "1") else "string"
        return {"type": kinds, "pattern": f"^(?:{cls.pattern})$"}


class Quantity(Measure):
    """A Kubernetes resource quantity: bytes for memory and storage, cores for CPU (`1Gi`, `500m`, `2`)."""

    pattern = r"[0-9]+(?:\.[0-9]+)?(?:[KMGTPE]i|[munkMGTPE])?"
    what = "a Kubernetes quantity"
    hint = "write it like 500m or 2 (CPU), 256Mi or 10Gi (memory, storage)"
    _units: ClassVar[dict[str, Decimal]] = {
        "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(10**3),
        "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
        "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
        "Ei": Decimal(2**60),
    }  # fmt: skip

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        number = re.match(r"[0-9.]+", text)
        assert number is not None
        return Decimal(number.group()) * cls._units[text[number.end() :]]


class RedisMemory(Measure):
    """A memory size as redis.conf reads it, in bytes: `1k` is 1000, `1kb` is 1024, no unit is bytes; case does not matter."""

    pattern = r"[0-9]+(?:[kKmMgG][bB]?|[bB])?"
    what = "a Redis memory size"
    hint = "write it in redis.conf's units, like 512mb or 1gb (1gb is 1024 * 1024 * 1024 bytes)"
    _units: ClassVar[dict[str, int]] = {"": 1, "b": 1, "k": 10**3, "kb": 2**10, "m": 10**6, "mb": 2**20, "g": 10**9, "gb": 2**30}

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        digits = text.rstrip("kKmMgGbB")
        return Decimal(int(digits) * cls._units[text[len(digits) :].lower()])


class Duration(Measure):
    """A length of time in seconds, written as Go and Prometheus both read it: `15s`, `10m`, `1h30m`, `24h`."""

    pattern = r"(?=[0-9])(?:[0-9]+h)?(?:[0-9]+m)?(?:[0-9]+s)?"
    what = "a duration"
    hint = "write it like 15s, 10m or 24h"

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        units = {"h": 3600, "m": 60, "s": 1}
        return Decimal(sum(int(number) * units[unit] for number, unit in re.findall(r"([0-9]+)([hms])", text)))
