"""The whole comparison: what breaks, and every object that differs."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rediskit import errors
from rediskit.checks.finding import Finding
from rediskit.errors import ConfigError, Problem
from rediskit.helm import Chart, chart_at, pull
from rediskit.model.environment import Environment
from rediskit.model.nested import at
from rediskit.model.redis import Redis
from rediskit.output.tree_diff import ValueChange
from rediskit.output.value_diff import changes_between
from rediskit.renderers.helm import merged_values, release_of
from rediskit.temporary import temporary_folder
from rediskit.upgrade.breaks import Break, breaks, changed_defaults, vanished
from rediskit.upgrade.rendering import Rendering

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")
"""An exact version of a chart."""
_VERSIONS = frozenset({"helm.sh/chart", "app.kubernetes.io/version"})
"""Labels that differ between any two versions of a chart."""


class Upgrade(NamedTuple):
    """The effects of an upgrade.

    Attributes:
        old: The chart that the config has.
        new: The chart that it gets.
        findings: What breaks, and what needs attention.
        added: `Kind/name` of the new objects.
        removed: `Kind/name` of the removed objects.
        changed: The changed values of each other object, without labels of the version.
        restarts: The workloads whose pods restart.
        images: `Kind/name container` with the old and the new image, where they differ.
        vanished: Values that the new chart does not have.
        defaults: Unset values with another default, old and new.
    """

    old: Chart
    new: Chart
    findings: tuple[Finding, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[ValueChange, ...]]
    restarts: tuple[str, ...]
    images: Mapping[str, tuple[str, str]]
    vanished: tuple[str, ...]
    defaults: Mapping[str, tuple[Any, Any]]


def compare(environment: Environment, chart: str, from_chart: str, image: str) -> Upgrade:
    """Return the effects of another chart or image.

    Args:
        environment: The config, with the chart and the image of the running Redis.
        chart: The new chart: a path or a version; empty for the same.
        from_chart: The chart of the running Redis; empty for the version in the config.
        image: The new image of Redis; empty for the same.

    Raises:
        ConfigError: A chart or the image is wrong.
        RefusedError: A chart refuses the values.
        MissingToolError: Helm is missing, or could not pull a version.
    """
    redis, release = environment.redis, release_of(environment)
    with temporary_folder() as folder:
        before = _chart(redis, from_chart or redis.chart.version, folder / "old", "--from-chart")
        after = _chart(redis, chart, folder / "new", "--chart") if chart else before
        changed = with_image(environment, image) if image else environment
        old, new = Rendering(before, release, merged_values(environment)), Rendering(after, release, merged_values(changed))
        return _compared(environment, old, new)


def _chart(redis: Redis, reference: str, folder: Path, option: str) -> Chart:
    """Return the chart of an option: the path of a folder or an archive, or a version, which Helm pulls into a new folder."""
    profile, path = redis.profile, reference
    if _VERSION.fullmatch(reference) and not Path(reference).exists():
        folder.mkdir()
        path = str(pull(profile.chart, redis.chart.repository, reference, folder))
    chart = chart_at(path, option)
    if chart.name != profile.chart:
        message = f"{option}: {reference} is the chart {chart.name}, and the config has {profile.chart} ({profile.title})"
        raise ConfigError(Problem(message, "choose a version of the chart in redis.chart", code="chart-file"))
    return chart


def with_image(environment: Environment, image: str) -> Environment:
    """Return an environment with another image of Redis: a tag, or `[registry/]repository:tag[@digest]`.

    Raises:
        ConfigError: It is no image.
    """
    redis = environment.redis
    name, _, digest = image.partition("@")
    head, _, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else ("", "", name) if "/" not in name else (name, "", "")
    first, _, rest = head.partition("/")
    registry, repository = (first, rest) if rest and (set(first) & {".", ":"} or first == "localhost") else (redis.image.registry, head)
    data = {"registry": registry, "repository": repository or redis.image.repository, "tag": tag, "digest": digest}
    try:
        if not digest and not re.search("[0-9]", tag):
            raise ValueError("the name of a repository, or a tag without a version")
        parsed = type(redis.image).model_validate(data)
    except ValueError:
        hint = "write a tag like 8.2.3, or an image like docker.io/library/redis:8.2.3"
        raise ConfigError(Problem(f"--image: {image} is not an image with a tag or a digest", hint)) from None
    return environment.model_copy(update={"redis": redis.model_copy(update={"image": parsed})})


def _compared(environment: Environment, old: Rendering, new: Rendering) -> Upgrade:
    common = [identity for identity in old.objects if identity in new.objects]
    named = {identity: "/".join(identity) for identity in (*old.objects, *new.objects)}
    differences = {named[identity]: changes_between(_plain(old.objects[identity]), _plain(new.objects[identity])) for identity in common}
    pods = {identity: [at(side.objects[identity], "spec", "template") for side in (old, new)] for identity in common}
    before, after = (
        {f"{place} {name}": str(container.get("image")) for place, name, container in side.containers()} for side in (old, new)
    )
    return Upgrade(
        old=old.chart,
        new=new.chart,
        findings=tuple(_finding(environment, change) for change in dict.fromkeys(breaks(old, new))),
        added=tuple(named[identity] for identity in new.objects if identity not in old.objects),
        removed=tuple(named[identity] for identity in old.objects if identity not in new.objects),
        changed={name: changes for name, changes in differences.items() if changes},
        restarts=tuple(named[identity] for identity, (first, second) in pods.items() if first != second),
        images={name: (image, after[name]) for name, image in before.items() if after.get(name, image) != image},
        vanished=tuple(vanished(old, new)),
        defaults={".".join(path): (value, at(new.chart.values, *path)) for path, value in changed_defaults(old, new)},
    )


def _finding(environment: Environment, broken: Break) -> Finding:
    path: errors.Path = ("redis", "image") if broken.code == "upgrade-image" else ("redis", "chart")
    if broken.keys and at(environment.redis.values, *broken.keys) is not None:
        path = ("redis", "values", *broken.keys)
    return Finding(broken.code, broken.severity, broken.message, broken.hint, path, environment.locate(path))


def _plain(value: Any) -> Any:
    """Return an object without labels of the version and checksums."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key not in _VERSIONS and not str(key).startswith("checksum/")}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
