"""`make fuzz`: many random cases, and a line of figures for each kind. ARGS is the number of configs; checkouts are half as many."""

from __future__ import annotations

import sys
from time import monotonic

from tests.fuzz.run import fuzz, fuzz_checkouts

cases = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
begin = monotonic()
ends = fuzz(cases, derandomize=False)
seconds = monotonic() - begin
# A traceback ends the run before this line, with the smallest case that hypothesis found.
print(f"{ends.total()} configs, 0 tracebacks, {ends['refused']} refused, {ends['rendered']} rendered, {seconds:.0f} s", flush=True)
begin = monotonic()
codes = fuzz_checkouts(cases // 2, derandomize=False)
seconds = monotonic() - begin
by_code = ", ".join(f"{count} with exit code {code}" for code, count in sorted(codes.items()))
print(f"{codes.total()} checkouts, 0 internal errors, {by_code}, {seconds:.0f} s")
