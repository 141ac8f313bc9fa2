"""Quantities, Redis memory and durations: amounts, comparison and refused texts."""

from __future__ import annotations

import copy
import operator
import pickle
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from rediskit.model.measures import Bytes, Cores, Duration, Measure, Quantity, RedisMemory

QUANTITIES = {
    # Kubernetes: apimachinery, pkg/api/resource/quantity.go and suffix.go
    "0": 0,
    "1": 1,
    "250m": Decimal("0.25"),
    "0.5": Decimal("0.5"),
    "1.5": Decimal("1.5"),
    "1500m": Decimal("1.5"),
    "1n": Decimal("1e-9"),
    "1u": Decimal("1e-6"),
    "1k": 10**3,
    "1M": 10**6,
    "1G": 10**9,
    "1T": 10**12,
    "1P": 10**15,
    "1E": 10**18,
    "1Ki": 2**10,
    "1Mi": 2**20,
    "1Gi": 2**30,
    "1Ti": 2**40,
    "1Pi": 2**50,
    "1Ei": 2**60,
    "1.5Gi": 3 * 2**29,
    "0.125Mi": 2**17,
    "007": 7,
}
REDIS_MEMORY = {
    # Redis: util.c, memtoull; redis.conf, "Note on units"
    "1": 1,
    "1b": 1,
    "1k": 10**3,
    "1kb": 2**10,
    "1m": 10**6,
    "1mb": 2**20,
    "1g": 10**9,
    "1gb": 2**30,
    "1GB": 2**30,
    "5Gb": 5 * 2**30,
    "100K": 10**5,
}
DURATIONS = {"15s": 15, "10m": 600, "24h": 86400, "1h30m": 5400, "1h1s": 3601, "90m": 5400, "0h1m": 60, "8m30s": 510}


@pytest.mark.parametrize(
    ("kind", "table"), [(Quantity, QUANTITIES), (RedisMemory, REDIS_MEMORY), (Duration, DURATIONS)], ids=["quantity", "memory", "duration"]
)
def test_known_texts_have_their_amounts(kind: type[Measure], table: dict[str, int | Decimal]) -> None:
    for text, amount in table.items():
        assert (kind(text).amount, str(kind(text)), repr(kind(text))) == (amount, text, f"{kind.__name__}({text!r})")


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (Quantity, ["", " ", "1 Gi", "Gi", "-1", "+1", "1e3", "1E3", "12e6", "1KI", "1kI", "1K", "1mi", "1.", ".5", "1,5", "1gb"]),
        (Quantity, ["0x10", "1_000", "\u0663", "1\n", "9" * 16]),
        (RedisMemory, ["", "1Gi", "1 gb", "1.5gb", "-1", "gb", "1tb", "1kB ", "0x10", "1e3", "1\n", "\u0663gb", "9" * 16]),
        (Duration, ["", "0", "0s", "0h0m", "15", "s", "1.5h", "1d", "1w", "500ms", "1m1h", "1m 1s", "-1s", "1S", "1\n", "9999999s"]),
    ],
)
def test_other_texts_are_refused(kind: type[Measure], texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=f"is not {kind.expected}"):
            kind(text)


def test_order() -> None:
    rising = [
        Quantity(text) for text in ("1n", "1u", "1m", "999m", "1", "1k", "1Ki", "1M", "1Mi", "1G", "1023Mi", "1Gi", "1.1Gi", "1E", "1Ei")
    ]
    assert all(smaller < larger and smaller <= larger and larger > smaller and smaller != larger for smaller, larger in pairwise(rising))
    assert sorted(rising[1::2] + rising[::2]) == rising


def test_bytes_of_kubernetes_and_of_redis_compare() -> None:
    assert RedisMemory("1gb") == Quantity("1Gi")
    assert RedisMemory("1g") == Quantity("1G") < RedisMemory("1gb")
    assert RedisMemory("2gb") > Quantity("2G")
    assert hash(RedisMemory("1gb")) == hash(Quantity("1024Mi")) == hash(Quantity("1Gi"))
    assert len({RedisMemory("1gb"), Quantity("1Gi"), Quantity("1048576Ki")}) == 1


def test_durations_and_sizes_do_not_compare() -> None:
    assert Duration("60s") == Duration("1m")
    assert Duration("60s") != Quantity("60")
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError):
            compare(Duration("60s"), Quantity("60"))
        with pytest.raises(TypeError):
            compare(Quantity("60"), 60)
    assert Quantity("60") != 60


@pytest.mark.parametrize("measure", [Quantity("1Gi"), RedisMemory("1gb"), Duration("1h")])
def test_measures_are_frozen(measure: Measure) -> None:
    for name in ("text", "amount"):
        with pytest.raises(AttributeError):
            setattr(measure, name, "2")
    assert copy.deepcopy(measure) == pickle.loads(pickle.dumps(measure)) == measure


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Cores, ["1m", "0.5", "2", "1024", "100m"], ["0", "0.0001", "512Mi", "1025", "2k"]),
        (Bytes, ["1Mi", "1048576", "1.5Gi", "2G", "1000Ei"], ["0", "1", "512m", "512", "1000Ki", "1k"]),
    ],
)
def test_cores_and_bytes_refuse_each_other(kind: Any, good: list[str], bad: list[str]) -> None:
    adapter: TypeAdapter[Quantity] = TypeAdapter(kind)
    assert [str(adapter.validate_python(text)) for text in good] == good
    for text in bad:
        with pytest.raises(ValidationError, match=f"{text} is .* (CPU cores|bytes)"):
            adapter.validate_python(text)


@settings(deadline=None)
@given(st.integers(0, 10**15 - 1), st.sampled_from(["", "k", "M", "G", "Ki", "Mi", "Gi", "Ti"]), st.integers(0, 999))
def test_a_quantity_is_its_number_times_its_unit(number: int, unit: str, thousandths: int) -> None:
    whole, part = Quantity(f"{number}{unit}"), Quantity(f"{number}.{thousandths:03}{unit}")
    assert whole <= part
    assert (part == whole) == (thousandths == 0)
    assert part.amount == (number * 1000 + thousandths) * Quantity(f"1{unit}").amount / 1000


@settings(deadline=None)
@given(st.integers(0, 999_999), st.integers(0, 999_999), st.integers(1, 999_999))
def test_a_duration_is_the_sum_of_its_parts(hours: int, minutes: int, seconds: int) -> None:
    assert Duration(f"{hours}h{minutes}m{seconds}s").amount == hours * 3600 + minutes * 60 + seconds
