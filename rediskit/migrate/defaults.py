"""What this version of rediskit renders otherwise than the version that rendered the deployed files: another default, such as an image."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rediskit.checks.finding import Finding
from rediskit.errors import ConfigError
from rediskit.git.revision import contents_at
from rediskit.git.work_tree import WorkTree
from rediskit.model.ciphertext import ROTATION
from rediskit.model.environment import Environment
from rediskit.model.pointers import changed, differences, pointer
from rediskit.renderers.argocd import release_application
from rediskit.renderers.flux import chart_repository, helm_release
from rediskit.renderers.helm import merged_values, values_path
from rediskit.renderers.objects import object_file
from rediskit.yamlio.reader import read

_SHOWN = 3


def changed_defaults(revision: str, old: Environment, environment: Environment) -> Iterator[Finding]:
    """Yield a finding if a config renders other values for the release, or another chart, than the files that a revision has of it.

    `check --base` compares two configs, and both have the defaults of this version. What the config sets to the deployed value does not
    count.

    Args:
        revision: The Git revision.
        old: The config at the revision.
        environment: The config now.
    """
    changes = list(_changes(revision, old, environment))
    if changes:
        more = f" and {len(changes) - _SHOWN} others" if len(changes) > _SHOWN else ""
        message = f"this version of rediskit changes defaults of the deployed release: {', '.join(changes[:_SHOWN])}{more}"
        hint = f"set them in the config to keep the deployed values, or read the release notes and accept the finding on {environment.name}"
        yield Finding("defaults-changed", "error", message, hint, ("redis",), environment.locate(("redis",)), (environment.name,))


def _changes(revision: str, old: Environment, environment: Environment) -> Iterator[str]:
    """Yield each value that differs from the committed one, with both, if the config does not set it to the committed one."""
    tree = WorkTree.of(Path(os.path.realpath(environment.file)).parent)
    if tree is None:
        return
    now = {path: value for path, _, value in _rendered(environment)}
    rendered = {str(tree.top / old.path / path): (path, keys, value) for path, keys, value in _rendered(old)}
    for place, text in contents_at(revision, rendered).items():
        path, keys, value = rendered[place]
        deployed = _at(_content(text), keys) if text else None
        if deployed is None:
            continue
        still = changed(deployed, now.get(path))
        for where, before, after in differences(deployed, value):
            if where in still and pointer(ROTATION) not in where:
                yield f"{where.strip('/').replace('/', '.') or 'chart'} {before} to {after}"


def _at(content: Any, keys: tuple[str | int, ...]) -> Any:
    """Return the value below keys and indices; None if there is none."""
    for key in keys:
        if isinstance(content, dict):
            content = content.get(key)
        else:
            content = content[key] if isinstance(content, list) and isinstance(key, int) and key < len(content) else None
    return content


def _content(text: bytes) -> Any:
    try:
        return read(text, "a rendered file").data
    except ConfigError:
        return None  # Another file has its place.


def _rendered(environment: Environment) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """Yield path, keys and value of the values of the release, and of the version of its chart in the object that installs it."""
    yield values_path(environment), (), merged_values(environment)
    version = environment.redis.chart.version
    if environment.gitops.tool == "argocd":
        yield object_file("argocd", release_application(environment)).path, ("spec", "sources", 0, "targetRevision"), version
    elif environment.redis.chart.over_http:
        yield object_file("flux/release", helm_release(environment)).path, ("spec", "chart", "spec", "version"), version
    else:
        yield object_file("flux", chart_repository(environment)).path, ("spec", "ref", "tag"), version
