"""Values with a unit that keep their text and compare by amount: quantities, Redis memory, durations."""

import re
from decimal import Decimal
from functools import total_ordering
from string import ascii_letters
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from rediskit.model.base import Written, refuse


@total_ordering
class Measure(Written):
    """A number with a unit. `str()` returns the text as written; comparisons use `amount`, in the base unit of the class.

    Measures of different kinds (`measures`: bytes, seconds) are never equal and have no order. Raises ValueError when the text does not
    have the form of the class.
    """

    amount: Decimal
    measures: ClassVar[str] = "amount"

    @classmethod
    def _parsed(cls, text: str) -> dict[str, Any]:
        return {"amount": cls._measure(text)}

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Measure) and (self.measures, self.amount) == (other.measures, other.amount)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Measure) or self.measures != other.measures:
            return NotImplemented
        return self.amount < other.amount

    def __hash__(self) -> int:
        return hash(self.amount)


class Quantity(Measure):
    """A Kubernetes resource quantity: bytes for memory and storage, cores for CPU (`1Gi`, `500m`, `2`)."""

    pattern = r"[0-9]{1,15}(?:\.[0-9]{1,9})?(?:[KMGTPE]i|[munkMGTPE])?"
    expected = "a Kubernetes quantity"
    hint = "write it like 500m or 2 (CPU), 256Mi or 10Gi (memory, storage)"
    _units: ClassVar[dict[str, Decimal]] = {
        "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(10**3),
        "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
        "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
        "Ei": Decimal(2**60),
    }  # fmt: skip

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        number = text.rstrip(ascii_letters)
        return Decimal(number) * cls._units[text[len(number) :]]


class RedisMemory(Measure):
    """A memory size in the units of redis.conf: `1k` is 1000 bytes, `1kb` is 1024 bytes, no unit is bytes; case is ignored."""

    pattern = r"[0-9]{1,15}(?:[kKmMgG][bB]?|[bB])?"
    expected = "a Redis memory size"
    hint = "use the units of redis.conf, like 512mb or 1gb"
    _units: ClassVar[dict[str, int]] = {"": 1, "b": 1, "k": 10**3, "kb": 2**10, "m": 10**6, "mb": 2**20, "g": 10**9, "gb": 2**30}

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        number = text.rstrip(ascii_letters)
        return Decimal(int(number) * cls._units[text[len(number) :].lower()])


class Duration(Measure):
    """A duration above 0 in a form that Go and Prometheus both accept: `15s`, `10m`, `1h30m`, `24h`. The amount is in seconds."""

    pattern = r"(?=.*[1-9])(?:[0-9]{1,6}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,6}s)?"
    expected = "a duration"
    hint = "write it like 15s, 10m or 24h"
    measures = "time"

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        units = {"h": 3600, "m": 60, "s": 1}
        return Decimal(sum(int(number) * units[unit] for number, unit in re.findall(r"([0-9]+)([hms])", text)))


def _cores(quantity: Quantity) -> Quantity:
    if not Decimal("0.001") <= quantity.amount <= 1024:
        refuse("out-of-range", f"{quantity} is {quantity.amount.normalize():f} CPU cores", "write it like 500m (half a core) or 2")
    return quantity


def _bytes(quantity: Quantity) -> Quantity:
    if quantity.amount < 2**20:
        number = quantity.text.rstrip(ascii_letters)
        suggestions = {"m": f"did you mean {number}Mi? m is a thousandth", "": f"did you mean {number}Mi or {number}Gi?"}
        hint = suggestions.get(quantity.text.removeprefix(number), "write it like 512Mi or 10Gi")
        refuse("out-of-range", f"{quantity} is {quantity.amount.normalize():f} bytes", hint)
    return quantity


Cores = Annotated[Quantity, AfterValidator(_cores)]
"""CPU, from a thousandth of a core to 1024 cores, so that `512Mi` in the wrong line is an error."""
Bytes = Annotated[Quantity, AfterValidator(_bytes)]
"""Memory or storage, 1Mi or more. The API server accepts `512m`, which is half a byte, and only warns."""
