"""A step in the owner's checkout: tried in a copy, held against what the step means, then written as safely as a tree."""

from __future__ import annotations

import os
from dataclasses import dataclass

from rediskit.errors import Problem, RefusedError
from rediskit.migrate.edit import Edited, put_in_place
from rediskit.migrate.owner.build import Built, Difference, bench, differences, found, name_scaler, unnamed_scalers
from rediskit.migrate.owner.files import FOLDER, Checkout, checkout, kustomization, link_in_the_way, listing, shown
from rediskit.migrate.owner.plain_files import plain_files
from rediskit.migrate.scan import problems, scan
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.output.leftovers import input_leftovers, remove_leftovers, tree_leftovers
from rediskit.output.writer import Changes, compare, write
from rediskit.renderers import render
from rediskit.renderers.owner.snippets import SNIPPETS, inline, mark_of
from rediskit.state_machine.effects import effects


@dataclass(frozen=True)
class Exported:
    """What an export did, or would do.

    checkout, folder: where the owner's overlay and our files lie, as people see it.
    changes: of our folder; files: of the owner's own files (plain manifests).
    objects: what the owner's build changes against its base. todo: what is left to a person, one sentence each.
    """

    checkout: str
    folder: str
    changes: Changes | None
    files: tuple[Edited, ...]
    objects: tuple[Difference, ...]
    todo: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is to be committed."""
        return bool(self.files or (self.changes and self.changes.drifted))


@dataclass(frozen=True)
class _Files:
    name: str
    files: dict[str, bytes]


def export(
    environment: Environment,
    client: Client,
    to: str,
    overlay: str | None = None,
    *,
    force: bool,
    dry_run: bool,
    offline: bool = False,
) -> Exported:
    """Puts the files of the client's step into the owner's checkout.

    to: the folder that gets `rediskit/<client>/`, or that holds the owner's plain manifests. overlay: the folder that is built (`to`).
    offline: whether a build that fetches something is refused.
    Raises ConfigError for folders that do not fit, RefusedError when the build would not be what the step means, or a file was edited
    by hand, MissingToolError when kustomize is missing. Nothing is written then.
    """
    place = checkout(to, overlay, offline=offline)
    if problem := link_in_the_way(place, client):
        raise RefusedError(problem)
    if not dry_run:
        remove_leftovers([*input_leftovers([place.to]), *tree_leftovers(str(place.to / FOLDER))])
    if client.owner.kind == "manifests":
        return _plain(environment, client, place, force=force, dry_run=dry_run)
    kustomization(place.overlay)
    _unused(environment, client, place)
    objects = _tried(environment, client, place)
    prefix = f"{client.owner_folder}/"
    files = {path.removeprefix(prefix): text for path, text in render(environment).files.items() if path.startswith(prefix)}
    tree, root = _Files(client.name, files), str(place.to / FOLDER)
    changes = compare(tree, root) if dry_run else write(tree, root, force=force)
    return Exported(shown(place.to), shown(place.to / FOLDER / client.name), changes, (), objects, tuple(_todo(environment, client, place)))


def _unused(environment: Environment, client: Client, place: Checkout) -> None:
    """Raise RefusedError where something still uses the old Redis that this step removes."""
    if effects(client.migration).removed and (made := scan(environment, client, place)) and made.certain:
        raise RefusedError(problems(client, made.certain))


def _tried(environment: Environment, client: Client, place: Checkout) -> tuple[Difference, ...]:
    with bench(place, client) as copy:
        before, after = copy.before(environment), copy.after(environment, client)
    where = shown(place.overlay)
    if before.complaint:
        hint = f"mend it first; kustomize says: {before.complaint}"
        raise RefusedError(Problem(f"{where} does not build without us either", hint, code="owner-build"))
    if after.complaint:
        hint = f"kustomize says: {after.complaint}"
        message = f"{where} does not build with the files of {_step(client)}: what they change is not there"
        raise RefusedError(Problem(message, hint, code="owner-build"))
    _there(client, before, where)
    effect = effects(client.migration)
    if (free := unnamed_scalers(before.objects, client)) and not (effect.owner_is_untouched or effect.removed):
        message = "scales the application, and the config does not name it: it would fight the step"
        raise RefusedError([Problem(f"{one} {message}", name_scaler(one), code="owner-autoscaler") for one in free])
    made = differences(environment, client, before, after)
    if problems := [_beaten(one, where) for one in made if one.wrong]:
        raise RefusedError(problems)
    return tuple(one for one in made if one.pointers)


def _step(client: Client) -> str:
    return client.migration.step if client.migration else "no migration"


def _there(client: Client, before: Built, where: str) -> None:
    workload = client.workload
    assert workload is not None
    if not found(before.objects, client, str(workload.kind), str(workload.name)):
        hint = "name the overlay that the cluster gets, with --overlay"
        raise RefusedError(Problem(f"{workload.reference} is not in the build of {where}", hint, code="owner-workload"))


def _beaten(one: Difference, where: str) -> Problem:
    kind, _, name = one.key
    hint = "the owner's own replicas: or patches: come after a Component of the same kustomization: take them into its base"
    return Problem(f"{kind}/{name} in the build of {where} is not what the step means at {', '.join(one.wrong)}", hint, code="owner-beaten")


def _todo(environment: Environment, client: Client, place: Checkout) -> list[str]:
    mine = place.to / FOLDER / client.name
    if client.owner.kind in SNIPPETS:
        name, way = SNIPPETS[client.owner.kind]
        what = "Application" if client.owner.kind == "argocd-app" else "Kustomization"
        ours = f"the entries of {'.'.join((*way, 'patches'))} whose patch begins with '{mark_of(client)}'"
        if not inline(environment, client):
            return [f"remove {ours} from the {what}; keep all others"]
        return [f"replace {ours} in the {what} by those of {shown(mine / name)}, behind all others; keep all others"]
    if listing(place, client).files:
        return []
    line = os.path.relpath(mine, place.overlay)
    return [f"add to {shown(kustomization(place.overlay))}, once:  components: [{line}]"]


def _plain(environment: Environment, client: Client, place: Checkout, *, force: bool, dry_run: bool) -> Exported:
    """Plain files: the values of the step are put in place in the application's own files."""
    if _step(client) == "complete":
        hint = "the owner's files carry the change themselves: edit them as any other"
        raise RefusedError(Problem(f"{client.name} is at complete: there is nothing to export", hint, code="complete"))
    _unused(environment, client, place)
    made = plain_files(environment, client, place, force=force)
    if not dry_run:
        put_in_place(made.files, place.to)
    return Exported(shown(place.to), shown(place.to), None, *made)
