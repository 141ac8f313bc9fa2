"""`make fuzz`: many random cases, and one line of figures. ARGS is the number of cases."""

from __future__ import annotations

import sys
from time import monotonic

from tests.fuzz.run import fuzz

cases = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
begin = monotonic()
ends = fuzz(cases, derandomize=False)
seconds = monotonic() - begin
# A traceback ends the run before this line, with the smallest case that hypothesis found.
print(f"{ends.total()} cases, 0 tracebacks, {ends['refused']} refused, {ends['rendered']} rendered, {seconds:.0f} s")
