"""`migrate export`: the files of a step are built in a copy, compared with the step, and written to the checkout."""

import os
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.helm import Chart
from rediskit.migrate.committed_files import refuse_jump
from rediskit.migrate.edit import Edited, put_in_place
from rediskit.migrate.owner.base import base_findings, refuse, refuse_scalers
from rediskit.migrate.owner.build import Difference, bench, differences
from rediskit.migrate.owner.files import FOLDER, Checkout, checkout_at, kustomization, link_in_the_way, listing, rendered_files, shown
from rediskit.migrate.owner.in_place import config_checkout
from rediskit.migrate.owner.module import undeclared
from rediskit.migrate.owner.plain_files import plain_files
from rediskit.migrate.owner.rules import beaten, missing_workload, release_problems, unbuilt, unexpanded
from rediskit.migrate.owner.values_rules import values_problems
from rediskit.migrate.scan import problems, scan
from rediskit.migrate.shared_applications import refuse_shared
from rediskit.migrate.status import one_client
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import list_at, mapping_at
from rediskit.output.leftovers import input_leftovers, remove_leftovers, tree_leftovers
from rediskit.output.writer import Changes, compare, write
from rediskit.renderers import render
from rediskit.renderers.owner.helm_values import SNIPPET, VALUES, needs_snippet
from rediskit.renderers.owner.snippets import SNIPPETS, inline, mark_of
from rediskit.renderers.owner.tfvars import file_of
from rediskit.state_machine.effects import effects


class Exported(NamedTuple):
    """The result of an export.

    Attributes:
        checkout: The folder of the overlay.
        folder: The folder of the exported files.
        changes: The changes in that folder; None for plain manifests.
        files: The changes in plain manifests.
        objects: The changes in the build.
        todo: What a person does next, one sentence each.
    """

    checkout: str
    folder: str
    changes: Changes | None
    files: tuple[Edited, ...]
    objects: tuple[Difference, ...]
    todo: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether there are changes to commit."""
        return bool(self.files or (self.changes and self.changes.drifted))


def export(
    environment: Environment,
    client: Client,
    to: str,
    overlay: str | None = None,
    *,
    force: bool,
    dry_run: bool,
    offline: bool = False,
    chart: Chart | None = None,
) -> Exported:
    """Write the files of a client's step into a checkout of the application repository.

    Args:
        to: The folder for `rediskit/<client>/`, or the folder of the plain manifests.
        overlay: The folder that is built; `to` by default.
        force: Whether edited files are overwritten.
        offline: Whether a build with remote entries is refused.
        chart: The chart of an application that Helm installs.

    Raises:
        ConfigError: A folder is not in a checkout or has no kustomization, or the kind of owner has no files.
        RefusedError: The build does not have the values of the step, or a file was edited.
    """
    _refuse_without_files(environment, client)
    refuse_shared(environment, client)
    checkout = checkout_at(to, overlay, offline=offline)
    _refuse_unready(client, checkout)
    if not dry_run:
        remove_leftovers([*input_leftovers([checkout.to]), *tree_leftovers(str(checkout.to / FOLDER))])
    if client.owner.delivery == "files":
        return _plain(environment, client, checkout, force=force, dry_run=dry_run)
    refuse_jump(environment, client, checkout)
    refuse_uses(environment, client, checkout, chart)
    objects = trial_build(environment, client, checkout, chart) if client.owner.variables is None else ()
    tree, root = rendered_files(render(environment), client), str(checkout.to / FOLDER)
    changes = compare(tree, root) if dry_run else write(tree, root, force=force)
    return Exported(
        shown(checkout.to), shown(checkout.to / FOLDER / client.name), changes, (), objects, tuple(_todo(environment, client, checkout))
    )


def _refuse_without_files(environment: Environment, client: Client) -> None:
    """Raise ConfigError if nothing is exported for the kind of owner."""
    if client.owner.delivery == "stated" and client.owner.variables is None:
        hint = f"change the application as {environment.path}/{client.owner_folder}/REQUIRED.md states, then run rediskit migrate verify"
        raise ConfigError(Problem(f"{client.name} has owner.kind {client.owner.kind}: there are no files to export", hint))
    if client.owner.in_place:
        hint = "render and commit: the overlay lists the rendered folder"
        raise ConfigError(Problem(f"{client.name} has owner.inPlace: nothing is exported", hint))


def _refuse_unready(client: Client, checkout: Checkout) -> None:
    """Raise RefusedError or ConfigError if the checkout cannot take the files."""
    if problem := link_in_the_way(checkout, client):
        raise RefusedError(problem)
    if client.owner.is_built:
        kustomization(checkout.overlay)
    if client.owner.variables is not None and (unknown := undeclared(client, checkout.to)):
        raise RefusedError(unknown)


def refuse_uses(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None = None) -> None:
    """Raise RefusedError if the step removes the old Redis and the application repository still uses it."""
    if effects(client.migration).removed and (result := scan(environment, client, checkout, chart)) and result.certain:
        raise RefusedError(problems(client, result.certain))


def trial_build(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None = None) -> tuple[Difference, ...]:
    """Return the objects that a step changes in the build. Raises RefusedError if the build does not have the values of the step."""
    where = shown(checkout.overlay)
    with bench(checkout, client, chart) as copy:
        before = copy.before(environment)
        if before.complaint:
            raise RefusedError(unbuilt(where, before))
        if dangers := release_problems(client, before.objects, checkout) or values_problems(
            environment, client, before.objects, checkout, chart
        ):
            raise RefusedError(dangers)
        after = copy.after(environment, client)
    if after.complaint:
        raise RefusedError(unbuilt(where, after, _step(client)))
    if problem := missing_workload(before.objects, client, where):
        raise RefusedError(problem)
    refuse_scalers(environment, client, before.objects)
    refuse(environment, client, base_findings(environment, client, before.objects))
    changes = differences(environment, client, before, after)
    if overwritten := [beaten(client, change, _step(client), where) for change in changes if change.wrong]:
        raise RefusedError(overwritten)
    if late := unexpanded(client, before, after):
        raise RefusedError(late)
    return tuple(change for change in changes if change.pointers)


def trial_in_place(environment: Environment, client: Client, chart: Chart | None = None) -> None:
    """Build the overlay in this repository with the files of the next step, before the config changes.

    A rollback restores the base and has to work without kustomize, so it is not built. Raises as `trial_build`.

    Args:
        environment: The config after the step.
        client: The client before it.
    """
    after = one_client(environment, client.name)
    checkout = config_checkout(environment, after)
    refuse_uses(environment, after, checkout, chart)
    trial_build(environment, after, checkout, chart)


def _step(client: Client) -> str:
    return client.migration.step if client.migration else "no migration"


def _todo(environment: Environment, client: Client, checkout: Checkout) -> list[str]:
    folder = checkout.to / FOLDER / client.name
    if client.owner.delivery == "snippet":
        name, keys = SNIPPETS[client.owner.kind]
        kind = "Application" if client.owner.kind == "argocd-app" else "Kustomization"
        entries = f"the entries of {'.'.join((*keys, 'patches'))} whose patch starts with '{mark_of(client)}'"
        if not inline(environment, client):
            return [f"remove {entries} from the {kind}; keep all others"]
        return [f"replace {entries} in the {kind} with those of {shown(folder / name)}, after all others; keep all others"]
    if client.owner.variables is not None:
        file = f"{FOLDER}/{client.name}/{file_of(client)}"
        linked = os.path.realpath(checkout.to / file_of(client)) == str(folder / file_of(client))
        link = [] if linked else [f"link the file into the module, once:  ln -s {file} {shown(checkout.to)}/"]
        return [*link, f"run tofu plan and tofu apply in {shown(checkout.to)}"]
    if client.owner.delivery == "values":
        return [sentence for sentence in [_to_set(client, checkout)] if sentence]
    if listing(checkout, client).files:
        return []
    return [f"add to {shown(kustomization(checkout.overlay))}, once:  components: [{os.path.relpath(folder, checkout.overlay)}]"]


def unlisted(environment: Environment, client: Client, checkout: Checkout, exported: Exported) -> Iterator[Problem]:
    """Yield that the overlay does not list the Component. Without the folder of the Component, such an overlay does not build."""
    command = f"rediskit migrate export {shlex.quote(environment.file)} --client {client.name} --to {shlex.quote(shown(checkout.to))}"
    first = "" if os.path.isdir(checkout.folder_of(client)) else f"run {command}; then "  # noqa: PTH112 - as in `checkout_at`
    for todo in exported.todo:
        message = f"the overlay of {client.name} does not list its Component"
        yield Problem(message, f"{first}{todo}, and commit it", code="component-unlisted")


def _to_set(client: Client, checkout: Checkout) -> str:
    """Return how an Application takes the values of a step; "" if it lists their file as the last one."""
    folder, reference = shown(checkout.to / FOLDER / client.name), client.owner.installs.reference
    if needs_snippet(client):
        helm = mapping_at(client.owner.installs.source, "helm")
        text = "" if helm.get("valuesObject") is not None else ", which contains helm.values: Argo CD ignores that text beside it"
        return f"replace helm.valuesObject of {reference} by that of {folder}/{SNIPPET}{text}"
    files = list_at(client.owner.installs.source, "helm", "valueFiles")
    if files and f"/{files[-1]}".endswith(f"/{FOLDER}/{client.name}/{VALUES}"):
        return ""
    path = (checkout.folder_of(client) / VALUES).relative_to(checkout.top)
    return f"list {path} of this repository once, as the last entry of helm.valueFiles of {reference}, and of its copy in owner.release"


def _plain(environment: Environment, client: Client, checkout: Checkout, *, force: bool, dry_run: bool) -> Exported:
    """Write the values of a step into the plain manifests of the application repository."""
    if _step(client) == "complete":
        hint = "the manifests of the application repository contain the change: edit them directly"
        raise RefusedError(Problem(f"{client.name} is at complete and has no files to export", hint, code="complete"))
    refuse_uses(environment, client, checkout)
    changes = plain_files(environment, client, checkout, force=force)
    if not dry_run:
        put_in_place(changes.files, checkout.to)
    return Exported(shown(checkout.to), shown(checkout.to), None, *changes)
