"""The live HelmRelease of an application, before the downtime."""

from collections.abc import Mapping
from typing import Any

from rediskit.errors import Problem
from rediskit.model.client import Client
from rediskit.model.helm_install import helm_install, risks, same_version
from rediskit.model.nested import at, list_at, text_at


def live_problems(client: Client, content: Mapping[str, Any] | None, namespace: str) -> list[Problem]:
    """Return what a live HelmRelease lacks for the migration: a setting that undoes a step, no upgrade yet, another chart version."""
    recorded = client.owner.installs
    if content is None:
        hint = "check the name and the namespace in owner.release, and the context of kubectl"
        return [Problem(f"{recorded.reference} does not exist in namespace {namespace}", hint, code="release-settings")]
    install = helm_install(content)
    problems = [Problem(message, hint, code="release-settings") for message, hint in risks(install, client.namespace)]
    if not version_of(content):
        hint = "wait until it is Ready: the status then has the version"
        problems.append(Problem(f"{install.reference} has installed no chart yet", hint, code="release-settings"))
    elif recorded.version and recorded.is_pinned and not same_version(recorded.version, version_of(content)):
        message = f"{install.reference} has installed chart version {version_of(content)}, and owner.release has {recorded.version}"
        problems.append(Problem(message, "wait for the upgrade, or copy the object into the config again", code="release-chart"))
    if (at(install.content, "spec", "postRenderers") is None) != (at(recorded.content, "spec", "postRenderers") is None):
        has = "no " if at(install.content, "spec", "postRenderers") is None else ""
        hint = "use the object as the application repository builds it, and render again"
        problems.append(Problem(f"the live {install.reference} has {has}postRenderers, unlike owner.release", hint, code="owner-release"))
    return problems


def version_of(content: Mapping[str, Any] | None) -> str:
    """Return the version of the chart that a HelmRelease has installed last; "" if none (helm-controller: `status.history`)."""
    return next((text_at(entry, "chartVersion").removeprefix("v") for entry in list_at(content, "status", "history")), "")
