"""The rules for the values that stop and switch an application: each has an effect, and none drops an entry of a list."""

from collections.abc import Mapping
from typing import Any

from rediskit.errors import Problem, RefusedError
from rediskit.helm import Chart
from rediskit.migrate.owner.chart import template
from rediskit.migrate.owner.chart_values import Values, combined
from rediskit.migrate.owner.files import Checkout
from rediskit.migrate.owner.released import Key, installer, sources
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.helm_install import helm_install
from rediskit.model.migration import Step
from rediskit.model.nested import at, below, leaves
from rediskit.renderers.helm import merged
from rediskit.renderers.owner.helm_values import step_values
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import at_step

_STEPS: tuple[Step, ...] = ("scale-down", "reconfigure", "decommission")
"""Steps whose values together contain all of a client: stopped, stopped and switched, switched and removed."""


def values_problems(
    environment: Environment, client: Client, objects: Mapping[Key, Object], checkout: Checkout, chart: Chart | None
) -> list[Problem]:
    """Return the problems of the values of a client, with its chart; none without.

    `objects` is the build in which the Component changes nothing. Raises RefusedError if a source of values is not visible, or the chart
    fails with the values of the base.
    """
    if chart is None or client.owner.values is None:
        return []
    install = helm_install(installer(client, objects))
    untouched = client.model_copy(update={"migration": None})
    base = combined(sources(environment, untouched, install, objects, checkout))

    def rendered(values: Values) -> list[Object] | None:
        try:
            return template(chart, install, merged(base, values), client.namespace, f"{environment.kubernetes}.0")
        except RefusedError:
            return None  # The chart validates its values: it reads them.

    problems: dict[str, Problem] = {}
    for step in _STEPS:
        values = step_values(environment, at_step(client, step), client.owner.values)
        now = rendered(values)
        for path, value in leaves(values):
            name = ".".join(path)
            if name in problems:
                continue
            if dropped := _dropped(at(base, *path), value):
                message = f"owner.values sets the list {name}, which drops {dropped} of the base: Helm replaces lists"
                problems[name] = Problem(message, "write all entries of the base, too", code="values-list")
            elif now is not None and rendered(merged(values, below(path, _sentinel(value)))) == now:
                hint = "check the spelling in the values of the chart: another value for this key renders the same objects"
                problems[name] = Problem(f"the chart does not read {name} of owner.values", hint, code="values-unused")
    return list(problems.values())


def _sentinel(value: Any) -> Any:
    """Return another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 7
    if isinstance(value, str):
        return f"{value}-sentinel"
    if isinstance(value, list):
        return [] if value else ["sentinel"]
    return {"sentinel": "sentinel"}


def _dropped(base: Any, value: Any) -> str:
    """Return the entries of a list of the base that a new list does not contain: their names, or their number; "" if none."""
    if not isinstance(base, list) or not isinstance(value, list):
        return ""
    named = {entry["name"] for entry in value if isinstance(entry, Mapping) and "name" in entry}
    missing = [entry for entry in base if entry not in value and not (isinstance(entry, Mapping) and entry.get("name") in named)]
    names = [str(entry["name"]) for entry in missing if isinstance(entry, Mapping) and "name" in entry]
    return ", ".join(names) if names else f"{len(missing)} entries" if missing else ""
