"""The objects of a checkout that a scan searches: before the migration, and as they are at `decommission`."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from rediskit.errors import ConfigError
from rediskit.files import read_regular
from rediskit.helm import Chart
from rediskit.migrate.owner.build import bench, select
from rediskit.migrate.owner.chart_values import readable_values, value_files, with_parsed_values
from rediskit.migrate.owner.files import FOLDER, Checkout, documents_of, is_built, link_in_the_way, manifests_below, shown
from rediskit.migrate.owner.module import without_declarations
from rediskit.migrate.owner.released import key_of, released
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.owner.helm_values import VALUES
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import at_step
from rediskit.usage.manifests import as_left

Objects = tuple[list[Object], list[Object], list[Object]]
"""The objects before, the objects that remain, and the objects without a known namespace."""


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
    others = [other for other in environment.clients if other.name != client.name and other.migration and other.owner.delivery == "snippet"]
    left = []
    for content in after.objects.values():
        changed: Any = content
        for other in others:  # Its patches are in its Application or Kustomization, not in the build.
            if key_of(content)[1] in ("", other.namespace):
                changed = as_left(environment, other, changed)
        left.append(changed)
    return list(before.objects.values()), left, []


def _of_files(environment: Environment, client: Client, checkout: Checkout) -> Objects | None:
    moved = at_step(client, "decommission")
    before: list[Object] = []
    left: list[Object] = []
    elsewhere: list[Object] = []
    references: set[str] = set()
    for file, content in _contents(client, checkout):
        key = key_of(content)
        before.append(content)
        if not file.is_relative_to(checkout.to):
            (left if key[1] else elsewhere).append(content)
            continue
        references.add(f"{key[0]}/{key[2]}")
        left.append(dict(as_left(environment, moved, content)))
    shown = client.owner.delivery == "stated" or references.issuperset(client.references)
    return (before, left, elsewhere) if shown else None


def _of_application(environment: Environment, client: Client, checkout: Checkout, chart: Chart | None) -> Objects | None:
    """Return the objects of a checkout with the values of an Application, which become values of the Application itself.

    The values of `decommission` replace those of the base, so the base can keep the old ones until it contains the change. What cannot be
    read is part of a source that is not visible.
    """
    if not (checkout.folder_of(client) / VALUES).is_file():
        return None
    install = client.owner.installs
    own = value_files(install, checkout.top)
    left = [with_parsed_values(install, content) for file, content in _contents(client, checkout) if file.resolve() not in own]
    metadata = {"name": install.name, "namespace": client.namespace}
    left.append(with_parsed_values(install, dict(install.content)))
    values = readable_values(install, checkout.top)
    left += [{"kind": install.kind, "metadata": metadata, "spec": {"values": source.values}} for source in values]
    before = list(left)
    if chart is not None:
        untouched = client.model_copy(update={"migration": None})
        before += released(environment, untouched, {}, checkout, chart)
        left += released(environment, at_step(client, "decommission"), {}, checkout, chart)
    return before, left, []


_TEXTS = frozenset(
    ".env .properties .conf .cfg .ini .json .toml .sh .tf .tofu .tfvars .hcl .cue .jsonnet .libsonnet .tpl".split(),
)
"""The suffixes of the texts that are searched beside manifests."""


def _contents(client: Client, checkout: Checkout) -> Iterator[tuple[Path, Object]]:
    """Yield the objects of a checkout with their files. A text that is not an object becomes an object of kind `File`.

    The defaults of variables that the client switches are left out: they are the old values, and a rollback needs them.
    """
    for file in manifests_below(checkout.top):
        if FOLDER in file.relative_to(checkout.top).parts:
            continue
        try:
            documents = [content.data for content in documents_of(file)]
        except ConfigError:
            yield file, _file(file)
            continue
        objects = [content for content in documents if isinstance(content, dict) and "kind" in content]
        yield from ((file, content) for content in objects)
        if len(objects) < len([content for content in documents if content is not None]):
            yield file, _file(file)
    for file in sorted(path for path in checkout.top.rglob("*") if path.suffix in _TEXTS or path.name.startswith(".env")):
        parts = file.relative_to(checkout.top).parts
        if ".git" not in parts and FOLDER not in parts and file.is_file() and not file.is_symlink():
            yield file, _file(file, () if client.owner.variables is None else client.owner.variables.switched)


def _file(file: Path, switched: Collection[str] = ()) -> Object:
    """Return the text of a file as an object. switched: the variables of a module whose declarations are left out."""
    try:
        text = without_declarations(file.name, read_regular(file).decode(), switched)
    except (OSError, UnicodeError):
        text = ""
    return {"kind": "File", "metadata": {"name": shown(file)}, "data": {file.name: text}}
