"""The objects of a checkout that a scan searches: before the migration, and as they are at `decommission`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.helm import Chart
from rediskit.migrate.checkout_contents import contents
from rediskit.migrate.owner.build import Built, bench, select
from rediskit.migrate.owner.chart_values import readable_values, value_files, with_parsed_values
from rediskit.migrate.owner.files import Checkout, is_built, link_in_the_way
from rediskit.migrate.owner.kustomize_files import Reader, Reading, reading
from rediskit.migrate.owner.released import Key, key_of, released
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.owner.helm_values import VALUES
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import at_step
from rediskit.usage.hidden import Hidden
from rediskit.usage.manifests import as_left


class Objects(NamedTuple):
    """What a scan searches.

    Attributes:
        before: The objects before the migration.
        left: The objects that remain.
        elsewhere: Objects in other files of the checkout, with or without a known namespace.
        variants: Such objects that are possibly not deployed as they are: variants of objects in the build, and what a migration changes.
        hidden: What cannot be read.
    """

    before: list[Object]
    left: list[Object]
    elsewhere: Sequence[Object] = ()
    variants: Sequence[Object] = ()
    hidden: Sequence[Hidden] = ()


def objects_of(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None) -> Objects | None:
    """Return the objects of a checkout; None if it is not that of the client."""
    if client.owner.is_built:
        return _of_build(environment, client, checkout, chart)
    if client.owner.delivery == "values":
        return _of_application(environment, client, checkout, chart)
    return _of_files(environment, client, checkout)


def _of_build(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None) -> Objects | None:
    if not is_built(checkout) or link_in_the_way(checkout, client):
        return None  # Reported by `check --owner` and `migrate export`.
    with bench(checkout, client, chart) as copy:
        before, after = copy.before(environment), copy.after(environment, at_step(client, "decommission"))
    if before.complaint or after.complaint:
        return None
    if not all(select(before.objects, client, *reference.split("/")) for reference in client.references):
        return None
    others = [other for other in environment.clients if other.name != client.name and other.migration]
    # The patches of these clients are in their Application or Kustomization, not in the build.
    patched = [other for other in others if other.owner.delivery == "snippet"]
    left = [_as_left(environment, patched, content) for content in after.objects.values()]
    result = Objects(list(before.objects.values()), left)
    return _with_other_files(result, environment, client, checkout, before, others)


def _as_left(environment: Environment, clients: Sequence[Client], content: Object) -> Object:
    """Return an object with the patches of the steps of clients."""
    changed: Any = content
    for client in clients:
        if key_of(content)[1] in ("", client.namespace):
            changed = as_left(environment, client, changed)
    result: Object = changed
    return result


def _with_other_files(
    result: Objects, environment: Environment, client: Client, checkout: Checkout, before: Built, others: Sequence[Client]
) -> Objects:
    """Return the objects with those of the checkout that are not in the build of the client."""
    checked_out, read = contents(environment, client, checkout), reading(checkout)
    elsewhere: list[Object] = []
    variants: list[Object] = []
    for file, content in checked_out.objects:
        for migrates, other in _outside(file, content, read, client):
            is_same = _is_in(before.objects, other, client)
            if is_same and file in read.own:
                continue  # The build shows it.
            kept = variants if is_same or migrates or _is_replaced(client, file, other) else elsewhere
            kept.append(_as_left(environment, others, other))
    return result._replace(elsewhere=elsewhere, variants=variants, hidden=checked_out.hidden)


def _is_replaced(client: Client, file: Path, content: Object) -> bool:
    """Return whether the patches of a step or the values of the release can replace the texts of an object or a file."""
    kind, namespace, name = key_of(content)
    in_chart = client.owner.release is not None and any((folder / "Chart.yaml").is_file() for folder in file.parents)
    return in_chart or client.owner.object == f"{kind}/{namespace}/{name}"


def _outside(file: Path, content: Object, read: Reading, client: Client) -> Iterator[tuple[bool, Object]]:
    """Yield an object as each kustomization apart from the overlay of the client builds it, and whether a migration changes it there."""
    readers = read.others.get(file, frozenset())
    if not readers and file not in read.own:
        yield False, content
    for reader in sorted(readers):
        yield reader.migrates, _as_read(content, reader, client)


def _as_read(content: Object, reader: Reader, client: Client) -> Object:
    """Return an object with the namespace and the name that a kustomization gives it. A text has the namespace if it is another one."""
    metadata = content.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    is_text = content.get("kind") == "File" or str(content.get("apiVersion")).startswith("kustomize.config.k8s.io/")
    if reader.namespace and not (is_text and reader.namespace == client.namespace):
        metadata["namespace"] = reader.namespace
    if not is_text:
        metadata["name"] = f"{reader.prefix}{metadata.get('name')}{reader.suffix}"
    return {**content, "metadata": metadata}


def _is_in(built: Mapping[Key, Object], content: Object, client: Client) -> bool:
    """Return whether a build contains an object. Without a namespace it can be that of the client."""
    kind, namespace, name = key_of(content)
    homes = ("", client.namespace) if namespace in ("", client.namespace) else (namespace,)
    return any((kind, home, name) in built for home in homes)


def _of_files(environment: Environment, client: Client, checkout: Checkout) -> Objects | None:
    moved = at_step(client, "decommission")
    before: list[Object] = []
    left: list[Object] = []
    elsewhere: list[Object] = []
    references: set[str] = set()
    checked_out = contents(environment, client, checkout)
    for file, content in checked_out.objects:
        key = key_of(content)
        before.append(content)
        if not file.is_relative_to(checkout.to):
            (left if key[1] else elsewhere).append(content)
            continue
        references.add(f"{key[0]}/{key[2]}")
        left.append(dict(as_left(environment, moved, content)))
    shown = client.owner.delivery == "stated" or references.issuperset(client.references)
    return Objects(before, left, elsewhere, hidden=checked_out.hidden) if shown else None


def _of_application(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None) -> Objects | None:
    """Return the objects of a checkout with the values of an Application, which become values of the Application itself.

    The values of `decommission` replace those of the base, so the base can keep the old ones until it contains the change. What cannot be
    read is part of a source that is not visible.
    """
    if not (checkout.folder_of(client) / VALUES).is_file():
        return None
    install = client.owner.installs
    own = value_files(install, checkout.top)
    checked_out = contents(environment, client, checkout)
    left = [with_parsed_values(install, content) for file, content in checked_out.objects if file.resolve() not in own]
    metadata = {"name": install.name, "namespace": client.namespace}
    left.append(with_parsed_values(install, dict(install.content)))
    values = readable_values(install, checkout.top)
    left += [{"kind": install.kind, "metadata": metadata, "spec": {"values": source.values}} for source in values]
    before = list(left)
    if chart is not None:
        untouched = client.model_copy(update={"migration": None})
        before += released(environment, untouched, {}, checkout, chart)
        left += released(environment, at_step(client, "decommission"), {}, checkout, chart)
    return Objects(before, left, hidden=checked_out.hidden)
