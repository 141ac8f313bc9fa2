"""The scan of an application repository: who uses the old Redis in what its build applies once the client has moved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.files import read_regular
from rediskit.git.revision import commit_at
from rediskit.migrate.edit import Edited
from rediskit.migrate.evidence import appended, entry
from rediskit.migrate.owner.build import bench, found, key_of
from rediskit.migrate.owner.files import FOLDER, Checkout, documents_of, is_built, link_in_the_way, manifests_below, shown
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import Evidence
from rediskit.model.migration import Migration
from rediskit.renderers.owner.snippets import SNIPPETS
from rediskit.renderers.tree import Object
from rediskit.state_machine.gates import migration_of
from rediskit.usage import (
    Address,
    Hidden,
    Use,
    certain,
    completed,
    is_server,
    is_watcher,
    needed,
    not_visible,
    of_client,
    reference,
    selects,
    uses,
)
from rediskit.usage.clients import as_left, switched_variables
from rediskit.usage.texts import pointer


class Scan(NamedTuple):
    """What a scan found.

    Attributes:
        uses: Every use of the old Redis.
        hidden: What can't be read.
        commit: The commit of the checkout; "" where it has none.
    """

    uses: tuple[Use, ...]
    hidden: tuple[Hidden, ...]
    commit: str

    @property
    def certain(self) -> tuple[Use, ...]:
        """The uses that block decommission."""
        return tuple(certain(self.uses))

    @property
    def digest(self) -> str:
        """The digest of what was found: the same uses at the same places have the same one."""
        lines = sorted(" ".join((use.namespace, use.object, use.pointer, use.strength)) for use in self.uses)
        return f"sha256:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"


def scan(environment: Environment, client: Client, place: Checkout) -> Scan | None:
    """Return who uses the old Redis in a checkout, as it is applied once the client has moved; None where it is not that of the client.

    A build is scanned with the files of `decommission`: what is left then is what the migration does not change. Plain files are scanned
    as they are, with the client's own objects as they are at that step.

    Raises:
        MissingToolError: kustomize is needed and missing.
        ConfigError: A file of the build can't be read.
    """
    if client.previous is None or client.workload is None:
        return None
    objects = _of_files(environment, client, place) if client.owner.kind == "manifests" else _of_build(environment, client, place)
    return None if objects is None else _examined(client, *objects, commit_of(place.top))


def problems(client: Client, found_uses: Sequence[Use]) -> list[Problem]:
    """Return a problem for each use, with its code."""
    host = client.previous.host if client.previous else ""
    hint = f"the migration of {client.name} does not change it: change it in the application repository before decommission"
    made = []
    for use in found_uses:
        sure = use.strength == "certain"
        where = f"{use.object}{f' in {use.namespace}' if use.namespace else ''}"
        what = f": {use.shown}" if use.shown else ""
        message = f"{where} {'uses' if sure else 'may use'} the old Redis {host} at {use.pointer}{what}"
        more = "" if sure else f"; accept it for {use.object} where it is no host"
        made.append(Problem(message, f"{hint}{more}", code="old-redis-in-use" if sure else "scan-possible"))
    return made


def unseen(hidden: Hidden) -> Problem:
    """Return the problem of something that can't be read."""
    message = f"not visible: {hidden.object}{f' at {hidden.pointer}' if hidden.pointer else ''} ({hidden.reason})"
    return Problem(message, "look at it yourself: what can't be read is neither found nor ruled out", code="scan-not-visible")


def recorded(environment: Environment, client: Client, made: Scan, at: str) -> tuple[Edited, ...]:
    """Return the edits that record a scan as evidence; none where it counts for no gate, or the last one found the same.

    Raises:
        ConfigError: The config does not take it.
        RefusedError: The config can't be changed in place.
    """
    migration = migration_of(client)
    last = migration.scan
    value = str(len(made.certain))
    if migration.step != "validate" or (last and _same(last, client, made)):
        return ()
    possible = len(made.uses) - len(made.certain)
    notes = [f"{possible} possible"] if possible else []
    notes += [f"{len(made.hidden)} not visible"] if made.hidden else []
    about = client.previous.described if client.previous else ""
    more = {"source": made.commit, "digest": made.digest, "about": about, "value": value, "note": ", ".join(notes)}
    files, _ = appended(environment, client, [entry("scan", migration, at, by="measured", **more)])
    return files


def _same(last: Evidence, client: Client, made: Scan) -> bool:
    """Return whether a recorded scan looked for the same in the same commit, and found the same."""
    found = (last.source or "", last.digest, last.value) == (made.commit, made.digest, str(len(made.certain)))
    return found and client.previous is not None and last.about == client.previous.described


def _moved(client: Client) -> Client:
    """Return the client as it is once it has moved."""
    order = client.migration.order if client.migration else "scale-down-first"
    return client.model_copy(update={"migration": Migration.model_construct(step="decommission", order=order, history=())})


Objects = tuple[list[Object], list[Object], list[Object]]
"""The objects before, those that are left, and those of whose namespace nothing is known."""


def _of_build(environment: Environment, client: Client, place: Checkout) -> Objects | None:
    if not is_built(place) or link_in_the_way(place, client):
        return None  # Reported by whoever builds it.
    with bench(place, client) as copy:
        before, after = copy.before(environment), copy.after(environment, _moved(client))
    workload = client.workload
    if before.complaint or after.complaint or workload is None:
        return None
    if not found(before.objects, client, str(workload.kind), str(workload.name)):
        return None
    others = [other for other in environment.clients if other.name != client.name and other.migration and other.owner.kind in SNIPPETS]
    left = []
    for content in after.objects.values():
        changed: Any = content
        for other in others:  # Its patches are in its Application or Kustomization, and in no build.
            if key_of(content)[1] in ("", other.namespace):
                changed = as_left(environment, other, changed)
        left.append(changed)
    return list(before.objects.values()), left, []


def _of_files(environment: Environment, client: Client, place: Checkout) -> Objects | None:
    workload, moved = client.workload, _moved(client)
    assert workload is not None
    before: list[Object] = []
    left: list[Object] = []
    elsewhere: list[Object] = []
    mine = False
    for file, content in _contents(place):
        key = key_of(content)
        before.append(content)
        if not file.is_relative_to(place.to):
            (left if key[1] else elsewhere).append(content)
            continue
        mine = mine or (key[0], key[2]) == (workload.kind, workload.name)
        changed: Any = as_left(environment, moved, content)
        left.append(changed)
    return (before, left, elsewhere) if mine else None


_TEXTS = (".env", ".properties", ".conf", ".cfg", ".ini", ".json", ".toml", ".sh")


def _contents(place: Checkout) -> Iterator[tuple[Path, Object]]:
    """Yield the objects of a checkout with their files; a text that is no object counts as a file with that text."""
    for file in manifests_below(place.top):
        if FOLDER in file.relative_to(place.top).parts:
            continue
        try:
            documents = [one.data for one in documents_of(file)]
        except ConfigError:
            yield file, _file(file)
            continue
        objects = [one for one in documents if isinstance(one, dict) and "kind" in one]
        yield from ((file, one) for one in objects)
        if len(objects) < len([one for one in documents if one is not None]):
            yield file, _file(file)
    for file in sorted(path for path in place.top.rglob("*") if path.suffix in _TEXTS or path.name.startswith(".env")):
        if ".git" not in file.parts and file.is_file() and not file.is_symlink():
            yield file, _file(file)


def _file(file: Path) -> Object:
    """Return a file that is no object as one, so that it is read and reported like any other."""
    try:
        text = read_regular(file).decode()
    except (OSError, UnicodeError):
        text = ""
    return {"kind": "File", "metadata": {"name": shown(file)}, "data": {file.name: text}}


def _examined(client: Client, before: list[Object], left: list[Object], elsewhere: list[Object], commit: str) -> Scan:
    address, namespace = of_client(client), client.namespace
    assert address is not None
    remove = client.previous.remove if client.previous else ()
    address = completed(address, before, namespace, remove)
    switched = switched_variables(client)
    made = [
        *uses(left, address, namespace=namespace, switched=switched, gone=remove),
        *uses(elsewhere, address, namespace="", switched=switched),
        *_still_selected(client, before),
        *_still_needed(client, left),
        *_removed_users(client, before, address),
    ]
    hidden = not_visible(left, namespace=namespace, substituted=client.owner.kind == "flux-kustomization")
    return Scan(tuple(made), tuple(hidden), commit)


def _still_selected(client: Client, objects: list[Object]) -> Iterator[Use]:
    """Yield the workloads that stay and that a Service to be removed selects; the host itself is removed whatever it selects."""
    remove = set(client.previous.remove if client.previous else ())
    host = client.previous.host.partition(".")[0] if client.previous else ""
    here = [one for one in objects if key_of(one)[1] in ("", client.namespace)]
    for service in here:
        name = key_of(service)[2]
        if service.get("kind") != "Service" or reference(service) not in remove or name == host:
            continue
        for workload in here:
            if selects(service, workload) and reference(workload) not in remove:
                where = "/spec/template/metadata/labels"
                yield Use(reference(workload), client.namespace, where, "certain", f"selected by {reference(service)}")


def _still_needed(client: Client, left: list[Object]) -> Iterator[Use]:
    """Yield the workloads that stay and whose pods can't start without an object that is to be removed."""
    remove = set(client.previous.remove if client.previous else ())
    for workload in left:
        if key_of(workload)[1] not in ("", client.namespace) or reference(workload) in remove:
            continue
        for path, name in needed(workload):
            if name in remove:
                yield Use(
                    reference(workload), client.namespace, pointer(*path), "certain", f"its pods need {name}, which previous.remove lists"
                )


def _removed_users(client: Client, before: list[Object], address: Address) -> Iterator[Use]:
    """Yield the workloads that are to be removed, use the old Redis and run no image of a Redis: an application, perhaps."""
    remove = set(client.previous.remove if client.previous else ())
    for workload in before:
        if reference(workload) not in remove or key_of(workload)[1] not in ("", client.namespace):
            continue
        if is_server(workload) or is_watcher(workload):
            continue
        for use in certain(uses([workload], address, namespace=client.namespace, switched=switched_variables(client))):
            yield use._replace(strength="possible", shown="previous.remove lists it, and its image is no Redis")


def commit_of(top: Path) -> str:
    """Return the commit of a checkout; "" where it has none, or Git can't tell."""
    try:
        return commit_at("HEAD", str(top))
    except (ConfigError, MissingToolError):
        return ""
