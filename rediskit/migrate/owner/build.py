"""Trial builds: kustomize builds a copy of the checkout of an application repository, with and without the files of a step."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_regular, reason
from rediskit.helm import Chart
from rediskit.migrate.owner.copy import copy_checkout
from rediskit.migrate.owner.files import (
    Checkout,
    entries_of,
    kustomization,
    link_in_the_way,
    listing,
    mapping_in,
    shown,
)
from rediskit.migrate.owner.released import Key, installer, key_of, released
from rediskit.migrate.owner.remote import OFFLINE, remote_entries
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import mapping_at
from rediskit.model.pointers import changed
from rediskit.output.nofollow import NoFollowFolder
from rediskit.renderers.helm import merged
from rediskit.renderers.owner.helm_release import operations, renderer_patches
from rediskit.renderers.owner.helm_values import step_values
from rediskit.renderers.owner.kinds import of_owner
from rediskit.renderers.owner.overlay import ConflictError, applied, edited, operated
from rediskit.renderers.owner.patches import changes, removals
from rediskit.renderers.owner.snippets import inline
from rediskit.renderers.tree import Object, Tree
from rediskit.temporary import temporary_folder
from rediskit.tools import Command, find, printable_lines, run
from rediskit.yamlio.foreign import MAX_BYTES, read_foreign
from rediskit.yamlio.writer import dump

MAX_BUILD = 64 * 1024 * 1024
"""The largest output of kustomize that is read, in bytes."""


class Difference(NamedTuple):
    """An object that differs. pointers: of all differences; wrong: of the values that are not those of the step."""

    key: Key
    pointers: tuple[str, ...]
    wrong: tuple[str, ...]


class Built(NamedTuple):
    """The objects that kustomize built from an overlay, or its error."""

    objects: Mapping[Key, Object]
    complaint: str = ""


class Bench:
    """A copy of a checkout for trial builds with the files of a client. Only the copy is written, and no link is followed."""

    def __init__(self, checkout: Checkout, copy: Path, client: Client, left_out: tuple[str, ...] = (), chart: Chart | None = None) -> None:
        """Read the kustomization in a copy of the checkout without the files of `left_out`. chart: that of the application."""
        self._program = find("kustomize", "KUSTOMIZE")
        self._copy, self.client, self._left_out, self._checkout, self._chart = copy, client, left_out, checkout, chart
        self._environment = OFFLINE if checkout.offline else {}
        self._inside = NoFollowFolder(copy, Path(shown(checkout.top)))
        self._folder = checkout.folder_of(client).relative_to(checkout.top)
        self._overlay = checkout.overlay.relative_to(checkout.top)
        self._file = self._overlay / kustomization(checkout.overlay).name
        original = shown(checkout.top / self._file)
        try:
            self._text = read_regular(copy / self._file, MAX_BYTES)
        except OSError as error:
            raise ConfigError(Problem(f"{original}: {reason(error)}", "make the file readable for kustomize")) from error
        self._content = mapping_in(read_foreign(self._text, original))
        self._lists = {key: entries_of(Path(original), self._content, key) for key in ("components", "patches")}
        self._listed = bool(listing(checkout, client).files)

    def before(self, environment: Environment) -> Built:
        """Return the build in which the Component changes nothing."""
        return self.after(environment, self.client.model_copy(update={"migration": None}))

    def after(self, environment: Environment, client: Client) -> Built:
        """Return the build with the files for the step of a client. Raises MissingToolError if kustomize is missing or hangs."""
        if client.owner.delivery == "component":
            self._put(environment, client)
            if not self._listed:
                entry = os.path.relpath(self._folder, self._overlay)
                self._extend("components", [entry])
        elif patches := inline(environment, client):
            self._extend("patches", patches)
        built = self._build()
        self._inside.write(self._file, self._text)
        if client.owner.release is None or built.complaint:
            return built
        released_objects = released(environment, client, built.objects, self._checkout, self._chart)
        return Built({**built.objects, **{key_of(content): content for content in released_objects}})

    def _extend(self, key: str, entries: Sequence[Any]) -> None:
        """Add entries to a list in the kustomization of the overlay."""
        content = {**self._content, key: [*self._lists[key], *entries]}
        self._inside.write(self._file, dump(content).encode())

    def _put(self, environment: Environment, client: Client) -> None:
        self._inside.remove(self._folder)
        for path, content in Tree.of("component", "", of_owner(environment, client)).files.items():
            self._inside.write(self._folder / path, content)

    def _build(self) -> Built:
        charts = ("--enable-helm", "--helm-command", find("helm", "HELM")) if self.client.owner.enable_helm else ()
        arguments = ("build", self._copy / self._overlay, *charts)
        done = run(Command(self._program, arguments, exit_codes=frozenset({0, 1}), environment=self._environment))
        if done.exit_code:
            complaint = printable_lines(done.stderr.decode(errors="replace").replace(str(self._copy), "")) or "no error message"
            left_out = [f"not in the copy for the trial build: {', '.join(self._left_out)}"] if self._left_out else []
            return Built({}, "\n  ".join((complaint, *left_out)))
        try:
            documents = read_foreign(done.stdout, "the output of kustomize", limit=MAX_BUILD)
        except ConfigError as error:
            return Built({}, str(error.problems[0]))
        return Built({key_of(document.data): document.data for document in documents if isinstance(document.data, dict)})


class ValuesBench(NamedTuple):
    """The rendered chart of an Application with the values of a client. Nothing is written."""

    checkout: Checkout
    client: Client
    chart: Chart | None

    def before(self, environment: Environment) -> Built:
        """Return the chart with the values of the application alone."""
        return self.after(environment, self.client.model_copy(update={"migration": None}))

    def after(self, environment: Environment, client: Client) -> Built:
        """Return the chart with the values for the step of a client."""
        return Built({key_of(content): content for content in released(environment, client, {}, self.checkout, self.chart)})


@contextmanager
def bench(checkout: Checkout, client: Client, chart: Chart | None = None) -> Iterator[Bench | ValuesBench]:
    """Yield a temporary copy of the checkout without `.git`. chart: that of the application.

    Raises RefusedError when a link or a file is at the path of the client's folder, the checkout cannot be copied, or an offline build has
    a remote entry.
    """
    if problem := link_in_the_way(checkout, client):
        raise RefusedError(problem)
    if client.owner.delivery == "values":
        yield ValuesBench(checkout, client, chart)
        return
    if checkout.offline and (problems := remote_entries(checkout)):
        raise RefusedError(problems)
    with temporary_folder() as folder:
        copy = folder / "checkout"
        yield Bench(checkout, copy, client, copy_checkout(checkout.top, copy), chart)


def select(objects: Mapping[Key, Object], client: Client, kind: str, name: str) -> list[Key]:
    """Return the objects with a kind and name, in the namespace of the client or without namespace."""
    return [key for key in objects if (key[0], key[2]) == (kind, name) and key[1] in ("", client.namespace)]


def differences(environment: Environment, client: Client, before: Built, after: Built) -> list[Difference]:
    """Return the objects that a step changes, compared with the values of its patches and its removals."""
    expected, by_values = _expected(environment, client, before), client.owner.kind == "helm-values"
    result = []
    for key in sorted(before.objects.keys() | after.objects.keys()):
        old, new, target = before.objects.get(key), after.objects.get(key), expected.get(key)
        wrong = sorted(changed(target, new)) if new != target else ()
        if by_values and not wrong and (not changed(old, new) or _is_assumed(client, key, before, after)):
            continue  # A chart can render named entries in another order.
        if old != new or new != target:
            result.append(Difference(key, tuple(sorted(changed(old, new))), tuple(path or "the whole object" for path in wrong)))
    return result


def _is_assumed(client: Client, key: Key, before: Built, after: Built) -> bool:
    """Return whether a workload only differs because no chart is rendered: its HelmRelease is the same, so its objects are."""
    if not client.owner.is_helm_release or f"{key[0]}/{key[2]}" not in client.references:
        return False
    installed = key_of(installer(client, before.objects))
    return before.objects[installed] == after.objects.get(installed)


def _expected(environment: Environment, client: Client, before: Built) -> dict[Key, Object | None]:
    """Return the objects of a build as they are after a step; None for one that is gone, or that the patches do not fit."""
    expected: dict[Key, Object | None] = dict(before.objects)
    by_values = client.owner.kind == "helm-values"
    if client.owner.is_helm_release:
        key = key_of(installer(client, before.objects))
        if by_values:
            base, values = before.objects[key], step_values(environment, client, client.owner.values)
            spec = {**base["spec"], "values": merged(mapping_at(base, "spec", "values"), values)}
            expected[key] = {**base, "spec": spec} if values else base
        elif patches := renderer_patches(environment, client):
            expected[key] = operated(before.objects[key], operations(client, patches))
    for change in changes(environment, client):
        for key in select(before.objects, client, *change.reference.split("/")):
            if by_values:
                expected[key] = edited(before.objects[key], change) if change.reference in client.references else before.objects[key]
                continue
            try:
                expected[key] = applied(before.objects[key], change)
            except ConflictError:
                expected[key] = None  # The build does not have what the operations test: reported as a difference.
    for reference in removals(client):
        kind, _, name = reference.partition("/")
        expected |= dict.fromkeys(select(before.objects, client, kind, name))
    return expected
