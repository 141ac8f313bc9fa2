"""The objects of a Helm release in a build: the rendered chart, or without it the manifests of the config."""

from collections.abc import Iterator, Mapping
from typing import Any

from rediskit.errors import Problem, RefusedError
from rediskit.helm import Chart
from rediskit.migrate.owner.chart import post_rendered, template, unfit
from rediskit.migrate.owner.chart_values import Source, combined, sources_of
from rediskit.migrate.owner.files import Checkout, shown
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.helm_install import HelmInstall, helm_install
from rediskit.model.nested import at, list_at, text_at
from rediskit.renderers.owner.helm_values import VALUES, needs_snippet, step_values
from rediskit.renderers.owner.overlay import edited
from rediskit.renderers.owner.patches import changes
from rediskit.renderers.owner.snippets import mark_of
from rediskit.renderers.tree import Object

Key = tuple[str, str, str]
"""Kind, namespace ("" if the object sets none) and name."""


def key_of(content: Mapping[str, Any]) -> Key:
    """Return kind, namespace and name of an object."""
    return str(content.get("kind")), str(at(content, "metadata", "namespace") or ""), str(at(content, "metadata", "name"))


def installer(client: Client, objects: Mapping[Key, Object]) -> Object:
    """Return the HelmRelease of a client in a build. Raises RefusedError if the build does not contain it exactly once."""
    install = client.owner.installs
    if install.kind == "Application":
        return dict(install.content)  # Its file is in the config; the tool applies it from anywhere.
    matches = [content for (kind, _, name), content in objects.items() if (kind, name) == (install.kind, install.name)]
    if len(matches) != 1:
        count = f"{len(matches)} times" if matches else "not"
        hint = "choose the kustomization that contains it, with --overlay"
        raise RefusedError(Problem(f"{install.reference} is {count} in the build", hint, code="owner-workload"))
    return matches[0]


def released(
    environment: Environment, client: Client, objects: Mapping[Key, Object], checkout: Checkout, chart: Chart | None
) -> list[Object]:
    """Return the objects of the release after the post-renderers.

    Without the chart, the manifests of the config are its objects. They have passed the other post-renderers already, because they are
    live objects: only the post-renderer of rediskit runs.

    Raises:
        RefusedError: The HelmRelease is not in the build, a value is not visible, or Helm or a post-renderer fails.
        MissingToolError: Helm or kustomize is missing.
    """
    install = helm_install(installer(client, objects))
    renderers = list_at(install.content, "spec", "postRenderers")
    if chart is None and client.owner.values:
        return [_as_meant(environment, client, content) for content in _manifests(client)]
    if chart is None:
        return post_rendered(list(_manifests(client)), [renderer for renderer in renderers if _is_ours(client, renderer)])
    if problem := unfit(chart, install):
        raise RefusedError(problem)
    values = combined(sources(environment, client, install, objects, checkout))
    return post_rendered(template(chart, install, values, client.namespace, f"{environment.kubernetes}.0"), renderers)


def sources(
    environment: Environment, client: Client, install: HelmInstall, objects: Mapping[Key, Object], checkout: Checkout
) -> list[Source]:
    """Return the sources of values at the step of a client. A HelmRelease in the build contains those of the step already."""
    if client.owner.values is None or install.kind == "HelmRelease":
        return sources_of(install, objects, checkout.top)
    file = (checkout.folder_of(client) / VALUES).resolve()
    ours = Source(str(file), "own", step_values(environment, client, client.owner.values))
    listed, beaten = sources_of(install, objects, checkout.top, ours), needs_snippet(client)
    if ours in listed and not beaten:
        return listed
    others, before = [entry for entry in listed if entry is not ours], ("valueFiles", "values") if beaten else ("valueFiles",)
    return [*(entry for entry in others if entry.kind in before), ours, *(entry for entry in others if entry.kind not in before)]


def _as_meant(environment: Environment, client: Client, content: Object) -> Object:
    """Return a manifest with the changes of the step: without the chart, nothing shows what the values do."""
    for change in changes(environment, client):
        if change.reference == f"{content['kind']}/{content['metadata']['name']}" and change.reference in client.references:
            return edited(content, change)
    return content


def _manifests(client: Client) -> Iterator[Object]:
    """Yield the manifests of the config in the form of the rendered chart."""
    for manifest in client.manifests:
        metadata = dict(manifest.content["metadata"])
        if not client.owner.base_namespace:
            metadata.pop("namespace", None)
        yield {**manifest.content, "metadata": metadata}


def _is_ours(client: Client, renderer: Any) -> bool:
    return any(text_at(patch, "patch").startswith(mark_of(client)) for patch in list_at(renderer, "kustomize", "patches"))


def changed_since(client: Client, install: HelmInstall) -> Problem | None:
    """Return the problem of a HelmRelease in a build whose chart differs from that of the config; None if it is the same."""
    recorded = client.owner.installs
    if (install.chart, install.version) == (recorded.chart, recorded.version) or client.owner.release is None:
        return None
    message = f"{install.reference} installs {install.chart} {install.version}, and {client.owner.release.path} has {recorded.version}"
    hint = "keep the chart version from scale-down to validate; before it, copy the object into the config again"
    return Problem(message, hint, code="release-chart")


def lists_renderers(client: Client, install: HelmInstall, checkout: Checkout) -> Problem | None:
    """Return the problem of a HelmRelease whose list of post-renderers exists only here or only in the config."""
    here, rendered = (at(side.content, "spec", "postRenderers") is not None for side in (install, client.owner.installs))
    if here == rendered or client.owner.release is None:
        return None
    has = "has" if here else "has no"
    message = f"{install.reference} {has} postRenderers in the build of {shown(checkout.overlay)}, unlike {client.owner.release.path}"
    return Problem(message, "copy the object of the application repository into the config again, and render", code="owner-release")
