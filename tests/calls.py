"""Count the calls of a measurement, independently of what earlier tests in the process left."""

from __future__ import annotations

import dis
import gc
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import _lru_cache_wrapper, cache
from inspect import CO_GENERATOR
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parent.parent


@cache
def start_of(code: CodeType) -> int:
    """Return the offset at which the first run of a function or generator is reported."""
    return next(instruction.offset for instruction in dis.get_instructions(code) if instruction.opname == "RESUME")


def forget_results() -> None:
    """Clear the caches of a limited size: what earlier tests left in them changes which results are computed, and which are evicted."""
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "rediskit"]
    for value in [value for module in modules for value in vars(module).values()]:
        if isinstance(value, _lru_cache_wrapper) and value.cache_parameters()["maxsize"] is not None:
            value.cache_clear()


@contextmanager
def counting(*, every: bool = False) -> Iterator[Counter[str]]:
    """Count the calls of each function of rediskit; with `every`, also those of other packages, and of built-in functions by caller."""
    counted: Counter[str] = Counter()
    top = f"{ROOT / 'rediskit'}/"
    started: set[int] = set()

    def count(frame: FrameType, event: str, function: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_flags & CO_GENERATOR:
            # The end of a generator that an earlier test left unfinished is a call, too, whenever that test's objects are freed.
            if frame.f_lasti <= start_of(code):
                started.add(id(frame))
            elif id(frame) not in started:
                return
        is_own = code.co_filename.startswith(top)
        if event == "call" and (is_own or every):
            counted[f"{code.co_filename.removeprefix(top)}:{code.co_name}"] += 1
        elif event == "c_call" and every and is_own:
            counted[f"{code.co_filename.removeprefix(top)}:{code.co_name} calls {function.__name__}"] += 1

    gc.collect()
    gc.disable()
    sys.setprofile(count)
    try:
        yield counted
    finally:
        sys.setprofile(None)
        gc.enable()
