"""An owner's checkout held against the config: would each step of the migration be what it means there, and can it be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from rediskit.errors import ConfigError, Location
from rediskit.migrate.owner.build import Bench, Built, bench, differences, found, name_scaler, unnamed_scalers
from rediskit.migrate.owner.files import (
    FOLDER,
    Checkout,
    checkout,
    content_of,
    documents_of,
    is_built,
    kustomization,
    link_in_the_way,
    listing,
    manifests_below,
    shown,
)
from rediskit.migrate.owner.remote import remote_entries
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.migration import Migration, Step
from rediskit.model.nested import at
from rediskit.output.writer import compare
from rediskit.renderers.tree import Tree
from rediskit.state_machine.effects import effects, steps

Severity = Literal["error", "warning"]


NOT_BUILT = frozenset({"owner-link", "owner-remote"})
"""Codes after which the checkout is not built: nothing in it can be scanned."""


class Remark(NamedTuple):
    """What is not as it should be. severity: `error` or `warning`; location: in the owner's checkout; client: the one it is about."""

    code: str
    severity: Severity
    message: str
    hint: str
    location: Location
    client: str = ""


class _Files(NamedTuple):
    name: str
    files: dict[str, bytes]


def owner_remarks(environment: Environment, tree: Tree, folder: str, *, offline: bool = False) -> Iterator[Remark]:
    """What is to be said of a checkout of the owner of each client on its way. folder: that of the outermost overlay.

    Clients whose owner applies plain files are passed over: nothing builds those, and `migrate export` validates them.
    Raises ConfigError when there is no such kustomization, MissingToolError without kustomize.
    """
    place = checkout(folder, None, offline=offline)
    migrating = [client for client in environment.clients if client.migration and client.workload]
    moving = [client for client in migrating if client.owner.kind != "manifests"]
    if len(moving) < len(migrating) and not (moving and is_built(place)):
        return
    file = kustomization(place.overlay)
    own = [client for client in moving if (place.to / FOLDER / client.name).is_dir()]
    for client in own or moving:
        for remark in _of_client(environment, client, tree, place, file):
            yield remark._replace(client=client.name)


def _of_client(environment: Environment, client: Client, tree: Tree, place: Checkout, file: Path) -> Iterator[Remark]:
    if problem := link_in_the_way(place, client):
        yield Remark("owner-link", "error", problem.message, problem.hint, _at(file))
        return
    yield from _drift(tree, client, place, file)
    yield from _listed(client, place, file)
    if place.offline and (problems := remote_entries(place)):
        yield from (Remark("owner-remote", "error", one.message, one.hint, one.location or _at(file)) for one in problems)
        return
    with bench(place, client) as copy:
        before = copy.before(environment)
        if before.complaint:
            yield _unbuilt(place, before, file)
            return
        yield from _base(client, before, place, file)
        yield from _scalers(client, before, place, file)
        yield from _steps(environment, client, copy, before, file)


def unfolded(environment: Environment, client: Client, folder: str) -> Iterator[Remark]:
    """Where the owner's base does not yet carry what decommission leaves behind: the Component could not become the identity.

    client: on its way, its owner's files built with kustomize. folder: that of the outermost overlay. Raises ConfigError when there is
    no such kustomization, MissingToolError without kustomize.
    """
    assert client.migration is not None
    place = checkout(folder, None)
    file = kustomization(place.overlay)
    there = client.model_copy(update={"migration": client.migration.model_copy(update={"step": "complete"})})
    with bench(place, client) as copy:
        before = copy.before(environment)
        if before.complaint:
            yield _unbuilt(place, before, file)
        else:
            yield from _steps(environment, there, copy, before, file)


def _unbuilt(place: Checkout, before: Built, file: Path) -> Remark:
    hint = f"kustomize says: {before.complaint}"
    return Remark("owner-build", "error", f"{shown(place.overlay)} does not build", hint, _at(file))


def _at(file: Path, line: int = 1, column: int = 1) -> Location:
    return Location(shown(file), line, column)


def _drift(tree: Tree, client: Client, place: Checkout, file: Path) -> Iterator[Remark]:
    mine = place.to / FOLDER / client.name
    if not mine.is_dir():
        if not effects(client.migration).owner_is_untouched:
            hint = f"rediskit migrate export … --client {client.name} --to {shown(place.to)}"
            yield Remark("owner-drift", "error", f"there is no {shown(mine)}, and the step is under way", hint, _at(file))
        return
    prefix = f"{client.owner_folder}/"
    files = {path.removeprefix(prefix): text for path, text in tree.files.items() if path.startswith(prefix)}
    found_there = compare(_Files(client.name, files), str(mine.parent))
    others = (*found_there.created, *found_there.changed, *found_there.removed)
    if found_there.drifted and others:
        step = client.migration.step if client.migration else ""
        hint = f"rediskit migrate export … --client {client.name} --to {shown(place.to)}, and commit there"
        yield from (Remark("owner-drift", "error", f"{other} is not as at step {step}", hint, _at(mine / other)) for other in others)


def _listed(client: Client, place: Checkout, file: Path) -> Iterator[Remark]:
    if client.owner.kind != "kustomize":
        return
    mine = f"{FOLDER}/{client.name}"
    places, unread = listing(place, client)
    for problem in unread:
        where = problem.location or _at(file)
        yield Remark("owner-unread", "warning", f"{problem.message}: skipped", "fix the file, if anything builds it", where)
    if not places:
        severity: Severity = "warning" if effects(client.migration).owner_is_untouched else "error"
        yield Remark("owner-component", severity, f"nothing lists {mine}", f"add to {shown(file)}:  components: [{mine}]", _at(file))
    elif file not in places:
        hint = f"list it in {shown(file)} instead: an overlay above it may set replicas or variables again"
        message = f"{mine} is listed here, and not in the outermost overlay"
        yield Remark("owner-component", "warning", message, hint, _line_of(places[0], ("components",), mine))


def _base(client: Client, before: Built, place: Checkout, file: Path) -> Iterator[Remark]:
    """What the base must have, so that the step finds it and a rollback brings it back."""
    workload = client.workload
    assert workload is not None
    keys = found(before.objects, client, str(workload.kind), str(workload.name))
    if len(keys) != 1:
        what = "is not in the build" if not keys else f"is in the build {len(keys)} times"
        yield Remark("owner-workload", "error", f"{workload.reference} {what}", "name the overlay that the cluster gets", _at(file))
        return
    replicas = at(before.objects[keys[0]], "spec", "replicas")
    where = object_at(place, str(workload.kind), str(workload.name)) or _at(file)
    if replicas is None:
        severity: Severity = "warning" if workload.autoscaler or workload.replicas == 1 else "error"
        hint = f"write replicas: {workload.replicas} into it: after a rollback there would be 1, until something scales it"
        yield Remark("owner-replicas", severity, f"{workload.reference} does not say its replicas", hint, where)
    elif replicas != workload.replicas and not workload.autoscaler:
        hint = "make the two agree: a rollback leads back to what the base says, scale-up to what the config says"
        message = f"{workload.reference} has {replicas} replicas here and {workload.replicas} in the config"
        yield Remark("owner-replicas", "warning", message, hint, where)
    for reference in () if _is_over(client) or client.previous is None else client.previous.remove:
        kind, _, name = reference.partition("/")
        if not found(before.objects, client, kind, name):
            hint = "what is in no build is removed by nobody: add it there and let it be applied, or take it out of previous.remove"
            yield Remark("owner-removal", "warning", f"{reference} of previous.remove is not in the build", hint, _at(file))


def _is_over(client: Client) -> bool:
    """The old Redis is to be gone, and nothing is held any more."""
    return client.migration is not None and client.migration.step in ("decommission", "complete")


def _scalers(client: Client, before: Built, place: Checkout, file: Path) -> Iterator[Remark]:
    if _is_over(client):
        return
    for reference in unnamed_scalers(before.objects, client):
        kind, _, name = reference.partition("/")
        where = object_at(place, kind, name) or _at(file)
        message = f"{reference} scales {client.workload.reference if client.workload else ''}, and the config does not name it"
        yield Remark("owner-autoscaler", "error", message, name_scaler(reference), where)


def _steps(environment: Environment, client: Client, copy: Bench, before: Built, file: Path) -> Iterator[Remark]:
    """Each step, built: at complete the last of them changes nothing any more, before that each is what it means."""
    order = client.migration.order if client.migration else "scale-down-first"
    complete = client.migration is not None and client.migration.step == "complete"
    ways: tuple[Step, ...] = ("decommission",) if complete else steps(order)[:-1]
    seen, told = set(), set()
    for step in ways:
        there = client.model_copy(update={"migration": Migration.model_construct(step=step, order=order, history=())})
        effect = effects(there.migration)._replace(release=True)
        if effect.owner_is_untouched or effect in seen:
            continue
        seen.add(effect)
        after = copy.after(environment, there)
        if after.complaint:
            hint = f"kustomize says: {after.complaint}"
            yield Remark("owner-build", "error", f"{shown(file.parent)} does not build with the files of {step}", hint, _at(file))
            continue
        made = differences(environment, there, before, after)
        if complete and (different := [one for one in made if one.pointers]):
            what = ", ".join(f"{one.key[0]}/{one.key[2]}" for one in different)
            hint = "take variables, replicas and removal into the base, as the last step left them"
            yield Remark("owner-folded", "error", f"the base does not carry the change itself: {what}", hint, _at(file))
        for one in made:
            if one.wrong and not complete and (one.key, one.wrong) not in told:
                told.add((one.key, one.wrong))
                hint = "it comes after a Component of the same kustomization: take it into the owner's base"
                message = f"at {step} {one.key[0]}/{one.key[2]} would not be what the step means: {', '.join(one.wrong)}"
                yield Remark("owner-beaten", "error", message, hint, _own(file, one.key[2], one.wrong))


def _own(file: Path, name: str, wrong: tuple[str, ...]) -> Location:
    """The line of the owner's kustomization that sets what a step sets."""
    content = content_of(file)
    keys = ("replicas", "patches") if "/spec/replicas" in wrong else ("patches", "replicas")
    for key in (*keys, "patchesStrategicMerge", "patchesJson6902", "images"):
        if content.get(key):
            return _line_of(file, (key,), name)
    return _at(file)


def _line_of(file: Path, path: tuple[str, ...], text: str) -> Location:
    """Return the place of the entry below a key that holds a text; that of the key itself where none does."""
    documents = documents_of(file)
    if not documents:
        return _at(file)
    document = documents[0]
    entries = at(document.data, *path)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if text in str(entry):
            return document.places.get((*path, index), document.location)
    return document.places.get(path, document.location)


def object_at(place: Checkout, kind: str, name: str) -> Location | None:
    """Return where an object begins in the checkout, in a file that kustomize reads; None when no file holds it."""
    for file in manifests_below(place.top):
        if FOLDER in file.parts:
            continue
        try:
            documents = documents_of(file)
        except ConfigError:
            continue  # A template, or values of a chart: no object of the build.
        for document in documents:
            if (at(document.data, "kind"), at(document.data, "metadata", "name")) == (kind, name):
                return document.location
    return None
