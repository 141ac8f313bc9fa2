"""The steps of a migration."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

Step = Literal["prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete", "rolled-back"]
"""The last step that is in Git. `rolled-back` follows any step from scale-down to validate."""

Order = Literal["scale-down-first", "deploy-first"]
"""`deploy-first` deploys the shared Redis before the application goes down, so that the downtime is the cut-over alone."""

ORDERS: Mapping[Order, tuple[Step, ...]] = {
    "scale-down-first": ("prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission"),
    "deploy-first": ("prepare", "deploy", "scale-down", "reconfigure", "scale-up", "validate", "decommission"),
}
"""The steps forward of each order; `complete` follows."""


def impossible(history: Sequence[Step], order: Order) -> Iterator[int]:
    """Yield the index of each step that no command takes after the one before.

    The order can change at `prepare`: before the last one, the steps of either order are possible. The first entry can be any step.
    """
    last = max((index for index, step in enumerate(history) if step == "prepare"), default=0)
    for index, (before, step) in enumerate(pairwise(history), 1):
        orders = (order,) if index > last else tuple(ORDERS)
        if not any(_follows(before, step, ORDERS[each]) for each in orders):
            yield index


def _follows(before: Step, step: Step, order: tuple[Step, ...]) -> bool:
    """Return whether a step is one forward, one back, or a rollback from the one before."""
    if before == "rolled-back":
        return step in ("prepare", "scale-down", order[1])
    if step == "rolled-back":  # `back` undoes the step after a rollback, which can be `deploy` before `scale-down`.
        return before in order[1 : order.index("validate") + 1]
    steps = (*order, "complete")
    return before != "complete" and abs(steps.index(step) - steps.index(before)) == 1
