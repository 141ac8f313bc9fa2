"""The scan of an application repository for uses of the old Redis that remain once the client has moved."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.git.revision import Repository
from rediskit.git.work_tree import WorkTree
from rediskit.helm import Chart
from rediskit.migrate.edit import Edited
from rediskit.migrate.egress import ObjectFinding, restrictions
from rediskit.migrate.evidence import appended, entry
from rediskit.migrate.kept_keys import kept_keys, other_settings
from rediskit.migrate.lost_data import lost_data, managed
from rediskit.migrate.other_hosts import other_hosts
from rediskit.migrate.owner.files import FOLDER, Checkout
from rediskit.migrate.owner.in_place import with_rendered_folder
from rediskit.migrate.owner.released import key_of
from rediskit.migrate.scanned_objects import Objects, objects_of
from rediskit.migrate.stopped_redis import stopped_redis
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.pointers import pointer
from rediskit.model.workload import NOT_SCALED
from rediskit.renderers.tree import Object
from rediskit.state_machine.transitions import migration_of
from rediskit.usage.address import Address, of_client
from rediskit.usage.finder import Use, certain, uses
from rediskit.usage.hidden import Hidden, not_visible
from rediskit.usage.manifests import switched_variables
from rediskit.usage.references import awaited, created_secret, needed
from rediskit.usage.servers import is_server, is_watcher
from rediskit.usage.services import completed, reference, selects


class Scan(NamedTuple):
    """Every use of the old Redis, what cannot be read, the commit of the checkout ("" without one), and other findings."""

    uses: tuple[Use, ...]
    hidden: tuple[Hidden, ...]
    commit: str
    others: tuple[ObjectFinding, ...] = ()

    @property
    def certain(self) -> tuple[Use, ...]:
        """The uses that block decommission."""
        return tuple(certain(self.uses))

    @property
    def digest(self) -> str:
        """The digest of the uses and their places."""
        lines = sorted(" ".join((use.namespace, use.object, use.pointer, use.strength)) for use in self.uses)
        return f"sha256:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"


def scan(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None = None) -> Scan | None:
    """Return the uses of the old Redis in a checkout once the client has moved; None if the checkout is not that of the client.

    A build is scanned with the files of `decommission`, so that only uses remain that the migration does not change, and with it all other
    files of the checkout. Plain manifests are scanned with the objects of the client as at that step, and for `owner.kind: external` all
    files of the checkout. With the chart, its objects and hooks are scanned too. Raises ConfigError when a file of the build can't be read.
    """
    if client.previous is None or not client.workloads:
        return None
    checkout = with_rendered_folder(environment, client, checkout)
    objects = objects_of(environment, client, checkout, chart)
    if objects is None:
        return None
    others = (
        *restrictions(environment, client, *objects[:2]),
        *other_hosts(environment, client, objects.before),
        *stopped_redis(client, objects.before),
        *kept_keys(environment, client, objects.before),
        *other_settings(environment, client, objects.before),
    )
    result = _examined(client, objects, commit_of(checkout.top))._replace(others=others)
    return _without_values(client, result, is_rendered=chart is not None)


def _without_values(client: Client, result: Scan, *, is_rendered: bool) -> Scan:
    """Return a scan in which the values of the application's own release do not count as uses: its rendered objects do.

    Without the chart, a value with the name of a switched variable is a possible use: it can be the variable that the step replaces, or
    have another effect, too.
    """
    if client.owner.release is None:
        return result
    installer, switched = client.owner.installs.reference, switched_variables(client)
    uses = []
    for use in result.uses:
        if use.object != installer or not (use.pointer.startswith("/spec/values/") or "/helm/values" in use.pointer):
            uses.append(use)
        elif not is_rendered:
            named = not switched.isdisjoint(use.pointer.split("/")[-2:])
            uses.append(use._replace(strength="possible" if named else use.strength))
    hidden = tuple(place for place in result.hidden if not is_rendered or place.object != installer)
    return result._replace(uses=tuple(uses), hidden=hidden)


_NOT_CHANGED = "the migration of {} does not change it"


def problems(client: Client, remaining: Sequence[Use]) -> list[Problem]:
    """Return a problem for each use."""
    host = client.previous.host if client.previous else ""
    result = []
    for use in remaining:
        why = NOT_SCALED.get(use.object.partition("/")[0])
        reason = f"rediskit migrates no {use.object.partition('/')[0]}, which {why}" if why else _NOT_CHANGED.format(client.name)
        hint = f"change it in the application repository before decommission: {reason}"
        if "previous.data" in use.shown:
            hint = f"write data: discard if {client.name} does not need the data, or delete {use.object} from previous.remove"
        is_certain = use.strength == "certain"
        where = f"{use.object}{f' in {use.namespace}' if use.namespace else ''}"
        text = f": {use.shown}" if use.shown else ""
        message = f"{where} {'uses' if is_certain else 'may use'} the old Redis {host} at {use.pointer}{text}"
        acceptance = "" if is_certain else f"; accept the finding on {use.object} if it is not a host"
        result.append(Problem(message, f"{hint}{acceptance}", code="old-redis-in-use" if is_certain else "scan-possible"))
    return result


def unseen(hidden: Hidden) -> Problem:
    """Return the problem of a text that cannot be read."""
    message = f"not visible: {hidden.object}{f' at {hidden.pointer}' if hidden.pointer else ''} ({hidden.reason})"
    return Problem(message, "check it by hand: rediskit cannot read it", code="scan-not-visible")


def examined(client: Client, objects: list[Object]) -> Scan:
    """Return the uses of the old Redis in objects as they are deployed."""
    return _examined(client, Objects(objects, objects), "")


def recorded(
    environment: Environment, client: Client, result: Scan, at: str, *, source: str = "", digest: str = "", what: str = ""
) -> tuple[Edited, ...]:
    """Return the files that record a scan as evidence; none if no gate needs it, or the last scan of a checkout has the same result.

    Args:
        source: Where the objects are from; the commit of the checkout by default.
        digest: The digest of what was read; that of the result by default.
        what: What was read, as the first remark.
    """
    migration = migration_of(client)
    last, source, digest = migration.scan, source or result.commit, digest or result.digest
    value = str(len(result.certain))
    about = client.previous.described if client.previous else ""
    now = (source, digest, value, about)
    if migration.step != "validate" or (not what and last and (last.source or "", last.digest, last.value, last.about or "") == now):
        return ()
    possible = len(result.uses) - len(result.certain)
    notes = [what] if what else []
    notes += [f"{possible} possible"] if possible else []
    notes += [f"{len(result.hidden)} not visible"] if result.hidden else []
    fields = {"source": source, "digest": digest, "value": value, "note": ", ".join(notes)}
    files, _ = appended(environment, client, [entry("scan", migration, at, by="measured", **fields)])
    return files


def _examined(client: Client, objects: Objects, commit: str) -> Scan:
    address, namespace = of_client(client), client.namespace
    assert address is not None
    address = completed(address, objects.before, namespace, client.old_objects)
    switched = switched_variables(client)
    remaining = [
        *uses(objects.left, address, namespace=namespace, switched=switched, gone=client.old_objects),
        *uses(objects.elsewhere, address, namespace="", switched=switched),
        *(use._replace(strength="possible") for use in uses(objects.variants, address, namespace="", switched=switched)),
        *_still_selected(client, objects.before),
        *_still_needed(client, objects),
        *_still_awaited(client, objects),
        *_removed_users(client, objects.before, address),
        *lost_data(client, objects.before),
    ]
    substituted = client.owner.kind == "flux-kustomization" or client.owner.is_helm_release
    hidden = not_visible(objects.left, namespace=namespace, substituted=substituted)
    hidden += [*managed(client, objects.before), *not_visible(objects.elsewhere, namespace=""), *objects.hidden]
    return Scan(tuple(remaining), tuple(hidden), commit)


def _still_selected(client: Client, objects: list[Object]) -> Iterator[Use]:
    """Yield the remaining workloads that a Service of previous.remove selects, except for the Service of the host itself."""
    host = client.previous.host.partition(".")[0] if client.previous else ""
    here = [content for content in objects if key_of(content)[1] in ("", client.namespace)]
    for service in here:
        name = key_of(service)[2]
        if service.get("kind") != "Service" or reference(service) not in client.old_objects or name == host:
            continue
        for workload in here:
            if selects(service, workload) and reference(workload) not in client.old_objects:
                where = "/spec/template/metadata/labels"
                yield Use(reference(workload), client.namespace, where, "certain", f"selected by {reference(service)}")


def _still_needed(client: Client, objects: Objects) -> Iterator[Use]:
    """Yield the remaining workloads whose pods need an object of previous.remove to start, or the Secret that it creates."""
    others = {f"Secret/{created_secret(content)}" for content in objects.left if reference(content) not in client.old_objects}
    created = {
        f"Secret/{created_secret(content)}": reference(content)
        for content in objects.before
        if reference(content) in client.old_objects and key_of(content)[1] in ("", client.namespace)
    }
    for workload in objects.left:
        if key_of(workload)[1] not in ("", client.namespace) or reference(workload) in client.old_objects:
            continue
        for path, name in needed(workload):
            if name in client.old_objects or (name in created and name not in others):
                why = f"its pods need {name}, which " + (
                    "previous.remove lists" if name in client.old_objects else f"{created[name]} of previous.remove creates"
                )
                yield Use(reference(workload), client.namespace, pointer(*path), "certain", why)


def _still_awaited(client: Client, objects: Objects) -> Iterator[Use]:
    """Yield the remaining objects that are no longer applied without an object of previous.remove, such as by `dependsOn` of Flux."""
    contents = [(content, client.namespace) for content in objects.left] + [(content, "") for content in objects.elsewhere]
    for content, default in contents:
        home = key_of(content)[1]
        if (home or default) == client.namespace and reference(content) in client.old_objects:
            continue
        for path, name, namespace in awaited(content):
            where = namespace or default
            if name in client.old_objects and where in ("", client.namespace):
                why = f"it needs {name}, which previous.remove lists: without it, a later change is not applied or not ready"
                yield Use(reference(content), home, pointer(*path), "certain" if where else "possible", why)


def _removed_users(client: Client, before: list[Object], address: Address) -> Iterator[Use]:
    """Yield the workloads of previous.remove that use the old Redis and have no image of a Redis: they can be applications."""
    for workload in before:
        if reference(workload) not in client.old_objects or key_of(workload)[1] not in ("", client.namespace):
            continue
        if is_server(workload) or is_watcher(workload):
            continue
        for use in certain(uses([workload], address, namespace=client.namespace, switched=switched_variables(client))):
            yield use._replace(strength="possible", shown="previous.remove lists it, and its image is not a Redis")


def uncommitted(environment: Environment, checkout: Checkout) -> Problem | None:
    """Return the problem [checkout-uncommitted] of a checkout with changes that no commit contains.

    Evidence is about a commit, because the cluster applies commits. The folder that `migrate export` writes is left out, and so are the
    config and the rendered manifests: the commands before a step change them.
    """
    tree = WorkTree.of(checkout.top)
    configs = [Path(os.path.realpath(file)) for file in environment.files]
    here = any(config.is_relative_to(checkout.top) for config in configs)
    ours = (checkout.to / FOLDER, *((checkout.top / environment.path,) if here else ()))
    files = [
        file for file in (tree.uncommitted(".") if tree else ()) if not any((checkout.top / file).is_relative_to(folder) for folder in ours)
    ]
    if files := [file for file in files if checkout.top / file not in configs]:
        omitted = f" and {len(files) - 3} more" if len(files) > 3 else ""
        message = f"the checkout has changes that no commit contains: {', '.join(files[:3])}{omitted}"
        return Problem(message, "commit and push them, then run the command again", code="checkout-uncommitted")
    return None


def commit_of(top: Path) -> str:
    """Return the commit of a checkout; "" if it has none."""
    try:
        return Repository(str(top)).commit("HEAD")
    except (ConfigError, MissingToolError):
        return ""
