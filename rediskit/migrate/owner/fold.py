"""Whether the base of an application repository contains the change of a migration, so that `complete` can remove our files."""

from collections.abc import Iterator

from rediskit.checks.finding import Finding
from rediskit.errors import Location
from rediskit.helm import Chart
from rediskit.migrate.owner.build import ValuesBench, bench
from rediskit.migrate.owner.chart_values import combined
from rediskit.migrate.owner.check import step_findings
from rediskit.migrate.owner.files import Checkout, checkout_at, kustomization, shown
from rediskit.migrate.owner.in_place import with_rendered_folder
from rediskit.migrate.owner.released import sources
from rediskit.migrate.owner.rules import unbuilt
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import below, leaves
from rediskit.renderers.helm import merged
from rediskit.renderers.owner.helm_values import VALUES, step_values
from rediskit.state_machine.effects import at_step


def unfolded(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None) -> Iterator[Finding]:
    """Yield the changes of `decommission` that the base of the application repository does not contain yet.

    A build of kustomize shows them. For an Application, the rendered chart does, or without the chart its values.

    Args:
        environment: The environment.
        client: A client with a migration, and with an owner whose checkout shows the fold.
        checkout: The application repository.
        chart: The chart of the application.

    Raises:
        ConfigError: The folder has no kustomization.
        RefusedError: A source of the values is not visible, or the chart fails.
    """
    if client.owner.delivery == "values":
        yield from _of_values(environment, client, checkout, chart)
        return
    checkout = with_rendered_folder(environment, client, checkout_at(str(checkout.to), None))
    file = kustomization(checkout.overlay)
    with bench(checkout, client, chart) as copy:
        before = copy.before(environment)
        if before.complaint:
            problem = unbuilt(shown(checkout.overlay), before)
            yield Finding(problem.code, "error", problem.message, problem.hint, (), Location(shown(file), 1, 1))
        else:
            yield from step_findings(environment, at_step(client, "complete"), copy, before, file)


def _of_values(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None) -> Iterator[Finding]:
    """Yield what the values of an Application lack without those of the step."""
    file, install = checkout.folder_of(client) / VALUES, client.owner.installs
    if chart is not None:
        copy = ValuesBench(checkout, client, chart)
        yield from step_findings(environment, at_step(client, "complete"), copy, copy.before(environment), file)
        return
    untouched = client.model_copy(update={"migration": None})
    base = combined(sources(environment, untouched, install, {}, checkout))
    values = step_values(environment, at_step(client, "decommission"), client.owner.values)
    if missing := [".".join(path) for path, value in leaves(values) if merged(base, below(path, value)) != base]:
        message = f"the values of {install.reference} do not contain the change itself: {', '.join(missing)}"
        hint = f"add the values of {shown(file)} to its own values; with --chart, the rendered objects are compared instead"
        yield Finding("owner-folded", "error", message, hint, (), Location(shown(file), 1, 1))
