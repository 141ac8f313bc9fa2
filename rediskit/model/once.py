"""Compute a function of a frozen object once, however many callers need its result."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, TypeVarTuple

_Owner = TypeVar("_Owner")
_Others = TypeVarTuple("_Others")
_Result = TypeVar("_Result")

RESULTS = "_results"
"""The entry of an instance dictionary with the results of the object. It is not a field: a copy of a model starts without it."""


def once(function: Callable[[_Owner, *_Others], _Result]) -> Callable[[_Owner, *_Others], _Result]:
    """Keep the result of a pure function with the object that is its first argument.

    The callers share the result, so none of them may change it. Further arguments are compared by identity. An exception is not kept.
    """

    @wraps(function)
    def kept(owner: _Owner, /, *others: *_Others) -> _Result:
        try:
            results: dict[Any, Any] = owner.__dict__[RESULTS]
        except KeyError:
            results = owner.__dict__[RESULTS] = {}
        key = (function, *map(id, others)) if others else function
        try:
            return results[key][0]  # type: ignore[no-any-return]
        except KeyError:
            result = function(owner, *others)
            results[key] = (result, others)  # An argument that is kept keeps its identity.
            return result

    return kept
