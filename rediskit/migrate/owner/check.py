"""`check --owner`: whether every step has its effect in the checkout of an application repository, and can be undone."""

import os
from collections.abc import Iterator
from pathlib import Path

from rediskit.checks.finding import Finding, Severity
from rediskit.errors import ConfigError, Location, Problem, RefusedError
from rediskit.helm import Chart
from rediskit.migrate.owner.base import base_findings
from rediskit.migrate.owner.build import Bench, Built, ValuesBench, bench, differences, select
from rediskit.migrate.owner.deployers import WARNINGS, undoing_problems
from rediskit.migrate.owner.files import (
    FOLDER,
    Checkout,
    checkout_at,
    content_of,
    documents_of,
    is_built,
    kustomization,
    link_in_the_way,
    listing,
    manifests_below,
    rendered_files,
    shown,
)
from rediskit.migrate.owner.in_place import with_rendered_folder
from rediskit.migrate.owner.plain_files import plain_findings
from rediskit.migrate.owner.remote import remote_entries
from rediskit.migrate.owner.rules import beaten, missing_workload, release_problems, scalers, unbuilt, unexpanded
from rediskit.migrate.owner.values_rules import values_problems
from rediskit.migrate.stopped_redis import missing_objects
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Step
from rediskit.model.nested import at
from rediskit.model.workload import Workload
from rediskit.output.writer import compare
from rediskit.renderers.tree import Tree
from rediskit.state_machine.effects import at_step, effects, steps

NOT_BUILT = frozenset({"owner-link", "owner-remote"})
"""The codes after which the checkout is not built and not scanned."""


def owner_findings(
    environment: Environment, tree: Tree, folder: str, *, offline: bool = False, chart: Chart | None = None
) -> Iterator[Finding]:
    """Yield the problems of a checkout for each client with a migration. `folder` is the outermost overlay.

    For clients with plain manifests, only what the manifests contain: `migrate export` validates the steps. Other clients whose files are
    not built are skipped. Raises ConfigError without a kustomization.
    """
    checkout = checkout_at(folder, None, offline=offline)
    migrating = [client for client in environment.clients if client.migration and client.workloads]
    plain = [client for client in migrating if client.owner.delivery == "files"]
    for (kind, _, name), finding in plain_findings(environment, plain, checkout):
        yield finding._replace(location=object_at(checkout, kind, name) or _at(checkout.to))
    moving = [client for client in migrating if client.owner.is_built]
    if len(moving) < len(migrating) and not (moving and is_built(checkout)):
        return
    file = kustomization(checkout.overlay)
    own = [client for client in moving if with_rendered_folder(environment, client, checkout).folder_of(client).is_dir()]
    for client in own or moving:
        try:
            yield from (
                finding._replace(on=(client.name,))
                for finding in _of_client(environment, client, tree, with_rendered_folder(environment, client, checkout), file, chart)
            )
        except RefusedError as error:  # The release of a client cannot be rendered.
            yield from (_of_problem(problem, _at(file))._replace(on=(client.name,)) for problem in error.problems)


def _of_client(
    environment: Environment, client: Client, tree: Tree, checkout: Checkout, file: Path, chart: Chart | None
) -> Iterator[Finding]:
    if problem := link_in_the_way(checkout, client):
        yield _of_problem(problem, _at(file))
        return
    yield from _drift(tree, client, checkout, file)
    yield from _listed(client, checkout, file)
    yield from _added(client, checkout, file)
    if checkout.offline and (problems := remote_entries(checkout)):
        yield from (_of_problem(problem, problem.location or _at(file)) for problem in problems)
        return
    with bench(checkout, client, chart) as copy:
        before = copy.before(environment)
        if before.complaint:
            yield _of_problem(unbuilt(shown(checkout.overlay), before), _at(file))
            return
        if problems := release_problems(client, before.objects, checkout):
            install = client.owner.installs
            yield from (_of_problem(problem, object_at(checkout, install.kind, install.name) or _at(file)) for problem in problems)
            return
        yield from (_of_problem(problem, _at(file)) for problem in values_problems(environment, client, before.objects, checkout, chart))
        yield from _base(client, before, checkout, file, is_whole=client.owner.release is None or chart is not None)
        for (kind, _, name), finding in (*base_findings(environment, client, before.objects), *scalers(before.objects, client)):
            yield finding._replace(location=object_at(checkout, kind, name) or _at(file))
        yield from step_findings(environment, client, copy, before, file)


def _of_problem(problem: Problem, location: Location) -> Finding:
    return Finding(problem.code, "error", problem.message, problem.hint, (), location)


def _at(file: Path, line: int = 1, column: int = 1) -> Location:
    return Location(shown(file), line, column)


def _drift(tree: Tree, client: Client, checkout: Checkout, file: Path) -> Iterator[Finding]:
    folder = checkout.folder_of(client)
    if checkout.rendered is not None:
        return  # `check` compares the output directory.
    if not folder.is_dir():
        if not effects(client.migration).owner_is_untouched:
            hint = f"run rediskit migrate export … --client {client.name} --to {shown(checkout.to)}"
            message = f"{shown(folder)} does not exist, and the step changes the application repository"
            yield Finding("owner-drift", "error", message, hint, (), _at(file))
        return
    changes = compare(rendered_files(tree, client), str(folder.parent))
    others = (*changes.created, *changes.changed, *changes.removed)
    if changes.drifted and others:
        step = client.migration.step if client.migration else ""
        hint = f"run rediskit migrate export … --client {client.name} --to {shown(checkout.to)}, and commit there"
        yield from (
            Finding("owner-drift", "error", f"{other} differs from the files of step {step}", hint, (), _at(folder / other))
            for other in others
        )


def _added(client: Client, checkout: Checkout, file: Path) -> Iterator[Finding]:
    """Yield what the objects of GitOps tools in the checkout add to the build. `check` reports it for an overlay of this repository."""
    if client.owner.delivery == "component" and not client.owner.in_place and not client.is_decommissioned:
        for problem in undoing_problems(client, checkout):
            severity: Severity = "warning" if problem.code in WARNINGS else "error"
            yield _of_problem(problem, problem.location or _at(file))._replace(severity=severity)


def _listed(client: Client, checkout: Checkout, file: Path) -> Iterator[Finding]:
    if client.owner.delivery != "component":
        return
    entry = os.path.relpath(checkout.folder_of(client), checkout.overlay)
    places, unread = listing(checkout, client)
    for problem in unread:
        where = problem.location or _at(file)
        yield Finding("owner-unread", "warning", f"{problem.message}: skipped", "fix the file if a build uses it", (), where)
    if not places:
        severity: Severity = "warning" if effects(client.migration).owner_is_untouched else "error"
        hint = f"add to {shown(file)}:  components: [{entry}]"
        yield Finding("owner-component", severity, f"no kustomization lists {entry}", hint, (), _at(file))
    elif file not in places:
        hint = f"list it in {shown(file)} instead: an overlay above can set replicas or variables again"
        message = f"{entry} is listed here and not in the outermost overlay"
        yield Finding("owner-component", "warning", message, hint, (), _line_of(places[0], ("components",), entry))


def _base(client: Client, before: Built, checkout: Checkout, file: Path, *, is_whole: bool) -> Iterator[Finding]:
    """Yield what the base lacks for the steps and for a rollback. is_whole: whether the build contains all objects of the application."""
    if problem := missing_workload(before.objects, client, shown(checkout.overlay)):
        yield _of_problem(problem, _at(file))
        return
    for workload in client.workloads:
        yield from _workload(client, workload, before, checkout, file)
    for severity, problem in missing_objects(client, list(before.objects.values())) if is_whole else ():
        yield _of_problem(problem, _at(file))._replace(severity=severity)


def _workload(client: Client, workload: Workload, before: Built, checkout: Checkout, file: Path) -> Iterator[Finding]:
    """Yield a finding where a rollback or scale-up would restore another number than the base sets."""
    (key,) = select(before.objects, client, str(workload.kind), str(workload.name))
    field = workload.stopped[0]
    value, running = at(before.objects[key], "spec", field), workload.running
    where = object_at(checkout, str(workload.kind), str(workload.name)) or _at(file)
    if field == "suspend":
        if bool(value) != running:
            message = f"{workload.reference} has suspend: {str(bool(value)).lower()} here and {str(running).lower()} in the config"
            yield Finding("owner-replicas", "warning", message, _AGREE, (), where)
    elif value is None:
        severity: Severity = "warning" if workload.autoscaler or running == 1 else "error"
        hint = f"set replicas: {running} in it: after a rollback it has 1 replica until it is scaled"
        yield Finding("owner-replicas", severity, f"{workload.reference} does not set its replicas", hint, (), where)
    elif value != running and not workload.autoscaler:
        message = f"{workload.reference} has {value} replicas here and {running} in the config"
        yield Finding("owner-replicas", "warning", message, _AGREE, (), where)


_AGREE = "set the same value: a rollback restores that of the base, scale-up that of the config"


def step_findings(environment: Environment, client: Client, copy: Bench | ValuesBench, before: Built, file: Path) -> Iterator[Finding]:
    """Yield the problems of the build of each step. At complete, the files of decommission must change nothing."""
    assert client.migration is not None
    complete = client.migration.step == "complete"
    remaining: tuple[Step, ...] = ("decommission",) if complete else steps(client.migration.order)[:-1]
    built, reported = set(), set()
    for step in remaining:
        moved = at_step(client, step)
        effect = effects(moved.migration)._replace(release=True)
        if effect.owner_is_untouched or effect in built:
            continue
        built.add(effect)
        after = copy.after(environment, moved)
        if after.complaint:
            yield _of_problem(unbuilt(shown(file.parent), after, step), _at(file))
            continue
        yield from (_of_problem(problem, _at(file)) for problem in unexpanded(client, before, after))
        changes = differences(environment, moved, before, after)
        if complete and (names := [f"{change.key[0]}/{change.key[2]}" for change in changes if change.pointers]):
            hint = "add the variables, replicas and removals of the last step to the base"
            yield Finding("owner-folded", "error", f"the base does not contain the change itself: {', '.join(names)}", hint, (), _at(file))
        for change in changes:
            if change.wrong and not complete and (change.key, change.wrong) not in reported:
                reported.add((change.key, change.wrong))
                yield _of_problem(beaten(client, change, step, shown(file.parent)), _own(file, change.key[2], change.wrong))


def _own(file: Path, name: str, wrong: tuple[str, ...]) -> Location:
    """Return the line of the kustomization that sets the values of a step again."""
    content = content_of(file)
    keys = ("replicas", "patches") if "/spec/replicas" in wrong else ("patches", "replicas")
    for key in (*keys, "patchesStrategicMerge", "patchesJson6902", "images"):
        if content.get(key):
            return _line_of(file, (key,), name)
    return _at(file)


def _line_of(file: Path, path: tuple[str, ...], text: str) -> Location:
    """Return the location of the entry that contains a text below a key; that of the key if there is none."""
    documents = documents_of(file)
    if not documents:
        return _at(file)
    document = documents[0]
    entries = at(document.data, *path)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if text in str(entry):
            return document.places.get((*path, index), document.location)
    return document.places.get(path, document.location)


def object_at(checkout: Checkout, kind: str, name: str) -> Location | None:
    """Return the location of an object in the checkout; None if no file contains it."""
    for file in manifests_below(checkout.top):
        if FOLDER in file.parts:
            continue
        try:
            documents = documents_of(file)
        except ConfigError:
            continue  # For example a template: no object of the build.
        for document in documents:
            if (at(document.data, "kind"), at(document.data, "metadata", "name")) == (kind, name):
                return document.location
    return None
