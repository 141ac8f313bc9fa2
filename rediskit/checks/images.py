"""Checks of the images of a release."""

from collections.abc import Iterator
from typing import Any

from rediskit.chart.profiles import FIXED_IN, FROZEN, MAINTAINED, UPSTREAM_EXPORTER
from rediskit.checks.finding import Issue, Subject
from rediskit.errors import Path
from rediskit.model.nested import at, mapping_at

_VALUES: Path = ("redis", "values")


def pinned(subject: Subject) -> Iterator[Issue]:
    """Require a tag or a digest for each image of a pod. The default of a chart can change, or is `latest`."""
    for path, image in _images(subject):
        tag, _, digest = str(image.get("tag") or "").partition("@")
        if not image.get("digest") and not digest and tag in ("", "latest"):
            message = f"{'.'.join(path)} is not pinned: {tag or 'the default'} changes without notice"
            yield Issue(message, "set a tag or a digest", (*_VALUES, *path))


def frozen(subject: Subject) -> Iterator[Issue]:
    """Warn about images without security fixes since 2025-08-28, with the known holes in their version of Redis.

    CVE-2025-49844 (https://github.com/redis/redis/security/advisories/GHSA-4789-qfc9-5f9q) is fixed in 8.2.2, CVE-2025-62507
    (https://github.com/redis/redis/security/advisories/GHSA-jhjx-x4cf-4vm8) in 8.2.3. Both allow remote code execution with the password.
    """
    images = [(str(image.get("repository") or ""), str(image.get("tag"))) for _, image in _images(subject)]
    frozen = [(name, tag) for name, tag in images if FROZEN in name]
    if not frozen:
        return
    holes = [
        f"{advisory.cve} (fixed in {advisory.fixed})"
        for advisory in FIXED_IN
        if any(advisory.affects(tag) for name, tag in frozen if "exporter" not in name)
    ]
    message = f"{' and '.join(sorted({name for name, _ in frozen}))}: frozen since 2025-08-28, without security fixes"
    hint = f"set redis.chart.profile: {MAINTAINED} (docs/charts.md), or pin a maintained image under redis.image and redis.exporterImage"
    yield Issue(f"{message}{'; remote code execution: ' + ', '.join(holes) if holes else ''}", hint, ("redis", "image"))


def without_shell(subject: Subject) -> Iterator[Issue]:
    """Warn about an image without the shell with which the chart starts it. Alpine has no bash, and the upstream exporter none at all."""
    for path, image in _images(subject):
        name, shell = f"{image.get('repository')}:{image.get('tag')}", subject.profile.image_shells[path != ("image",)]
        minimal = UPSTREAM_EXPORTER in name and "alpine" not in name
        if (shell == "bash" and "alpine" in name) or (shell and minimal):
            key = {"image": "image", "metrics": "exporterImage"}.get(path[0])
            source: Path = ("redis", key) if key else (*_VALUES, *path)
            yield Issue(f"{name} has no {shell}, with which the chart starts it", "use an image that is built for the chart", source)


def _images(subject: Subject) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield each image of a pod of the release with its path in the values."""
    for path, switch in subject.profile.images:
        if not switch or at(subject.values, *switch):
            yield path, mapping_at(subject.values, *path)
