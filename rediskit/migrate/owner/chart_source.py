"""The object that `spec.chartRef` of a HelmRelease references: an OCIRepository or a HelmChart, which contains the version of the chart."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rediskit.errors import Problem
from rediskit.migrate.owner.released import Key
from rediskit.model.client import Client
from rediskit.model.helm_install import HelmInstall, is_exact, same_version
from rediskit.model.nested import mapping_at, text_at
from rediskit.renderers.tree import Object

_HINT = "keep the chart version from scale-down to validate; before it, run rediskit migrate record --installed again"


class _Source(NamedTuple):
    """What a source takes. digest: the first characters of the digest of its artifact; "" if it has a version."""

    reference: str
    version: str
    digest: str


def source_problems(client: Client, install: HelmInstall, objects: Mapping[Key, Object]) -> list[Problem]:
    """Return the problems of the source of a chart in a build: another one than in the config, a range, or another version than installed.

    A source outside of the build is not compared.
    """
    here, recorded = (mapping_at(release.content, "spec", "chartRef") for release in (install, client.owner.installs))
    if not here and not recorded:
        return []
    if _named(here, install) != _named(recorded, client.owner.installs):
        message = f"{install.reference} takes its chart from {_shown(here)}, and owner.release from {_shown(recorded)}"
        return [Problem(message, _HINT, code="release-chart")]
    source = _source(_named(here, install), objects)
    if source is None:
        return []
    if not source.digest and not is_exact(source.version):
        message = f"{source.reference} takes {source.version}, which a new chart can match during the migration"
        return [Problem(message, "pin one version, or a digest, until the migration is complete", code="release-settings")]
    installed = client.migration.installed if client.migration else None
    if installed is None or _is_same(source, installed.value or ""):
        return []
    revision = source.version or f"sha256:{source.digest}"
    message = f"{source.reference} takes {revision}, and {install.reference} had chart version {installed.value} before scale-down"
    return [Problem(message, _HINT, code="release-chart")]


def _named(reference: Mapping[str, Any], install: HelmInstall) -> Key:
    return text_at(reference, "kind"), text_at(reference, "namespace") or install.namespace, text_at(reference, "name")


def _shown(reference: Mapping[str, Any]) -> str:
    return f"{text_at(reference, 'kind')}/{text_at(reference, 'name')}" if reference else "spec.chart"


def _source(key: Key, objects: Mapping[Key, Object]) -> _Source | None:
    """Return what a source takes; None if the build does not contain it. A digest wins over semver, and semver over a tag (Flux)."""
    kind, namespace, name = key
    matches = [
        content for (other, home, own), content in objects.items() if (other, own) == (kind, name) and namespace in ("", home or namespace)
    ]
    if kind not in ("OCIRepository", "HelmChart") or len(matches) != 1:
        return None
    if kind == "HelmChart":
        return _Source(f"{kind}/{name}", text_at(matches[0], "spec", "version") or "*", "")
    ref = mapping_at(matches[0], "spec", "ref")
    if digest := text_at(ref, "digest"):
        return _Source(f"{kind}/{name}", "", digest.rpartition(":")[2])
    # A tag can't contain `+`: Helm writes `_`.
    return _Source(f"{kind}/{name}", text_at(ref, "semver") or text_at(ref, "tag").replace("_", "+") or "latest", "")


def _is_same(source: _Source, installed: str) -> bool:
    """Return whether a source takes the installed chart. helm-controller appends 12 characters of its digest to the version."""
    appended = installed.partition("+")[2]
    if source.digest:
        return not appended or source.digest.startswith(appended)
    return same_version(source.version, installed)
