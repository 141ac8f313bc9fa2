"""Compute a function of a frozen object once, however many callers need its result."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

_Owner = TypeVar("_Owner")
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

RESULTS = "_results"
"""The entry of an instance dictionary with the results of the object. It is not a field: a copy of a model starts without it."""


def once(function: Callable[Concatenate[_Owner, _Parameters], _Result]) -> Callable[Concatenate[_Owner, _Parameters], _Result]:
    """Keep the result of a pure function with the object that is its first argument.

    The callers share the result, so none of them may change it. Further arguments are compared by identity. An exception is not kept.
    """

    @wraps(function)
    def kept(owner: _Owner, /, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        results: dict[Any, Any] = owner.__dict__.setdefault(RESULTS, {})
        key = (function, *map(id, args), *((name, id(value)) for name, value in kwargs.items())) if args or kwargs else function
        try:
            return results[key][0]  # type: ignore[no-any-return]
        except KeyError:
            result = function(owner, *args, **kwargs)
            results[key] = (result, args, kwargs)  # An argument that is kept keeps its identity.
            return result

    return kept
