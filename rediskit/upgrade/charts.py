"""The charts that are compared: a folder, an archive, or a version that Helm pulls."""

import gzip
import io
import os
import re
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.chart.profile import Profile
from rediskit.errors import ConfigError, Problem, RediskitError
from rediskit.files import read_regular
from rediskit.tools import Command, find, run
from rediskit.yamlio.foreign import read_foreign

_LIMIT = 20 * 2**20
"""Bytes of a chart archive, and of a file in it."""
_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?")
_HINT = "write the path of a chart (a folder or an archive of helm pull), or an exact version"


class Chart(NamedTuple):
    """A Helm chart.

    Attributes:
        path: The folder or the archive.
        name: Its name.
        version: Its version.
        values: The default values.
    """

    path: Path
    name: str
    version: str
    values: Mapping[str, Any]


def chart_of(reference: str, profile: Profile, repository: str, folder: Path, option: str) -> Chart:
    """Return the chart of an option: the path of a folder or an archive, or a version.

    Args:
        given: The value of the option.
        profile: The profile of the config.
        repository: The repository from which Helm pulls a version.
        folder: An empty folder for a pulled archive.
        option: The name of the option, for messages.

    Raises:
        ConfigError: It is no chart, or that of another profile.
        MissingToolError: Helm is missing, or could not pull the version.
    """
    path = (
        _pulled(reference, profile, repository, folder)
        if _VERSION.fullmatch(reference) and not Path(reference).exists()
        else Path(reference)
    )
    try:
        files = _folder(path) if path.is_dir() else _archive(path)
        (about,) = (document.data for document in read_foreign(files["Chart.yaml"], "Chart.yaml"))
        values = [document.data for document in read_foreign(files["values.yaml"], "values.yaml")] if "values.yaml" in files else []
    except (OSError, tarfile.TarError, EOFError, zlib.error, KeyError, ValueError, RediskitError):
        state = "is no chart" if path.exists() else "does not exist"
        raise ConfigError(Problem(f"{option}: {reference} {state}", _HINT)) from None
    if not isinstance(about, dict) or about.get("name") != profile.chart:
        name = about.get("name") if isinstance(about, dict) else None
        message = f"{option}: {reference} is the chart {name or '(no name)'}, and the config has {profile.chart} ({profile.title})"
        raise ConfigError(Problem(message, "choose a version of the chart in redis.chart"))
    default = values[0] if values and isinstance(values[0], dict) else {}
    return Chart(path.absolute(), str(about["name"]), str(about.get("version") or ""), default)


def _pulled(version: str, profile: Profile, repository: str, folder: Path) -> Path:
    source = [profile.chart, "--repo", repository] if repository.startswith("https://") else [repository]
    run(Command(find("helm", "HELM"), ["pull", *source, "--version", version, "--destination", folder], environment=settings(folder)))
    return next(folder.glob("*.tgz"))


def settings(folder: Path) -> dict[str, str]:
    """Return variables that keep Helm away from the settings of the user, but not from the credentials of a registry."""
    return {"HELM_CACHE_HOME": str(folder / "cache"), "HELM_DATA_HOME": str(folder / "data")}


def _folder(path: Path) -> dict[str, bytes]:
    return {name: read_regular(path / name, _LIMIT) for name in ("Chart.yaml", "values.yaml") if (path / name).exists()}


def _archive(path: Path) -> dict[str, bytes]:
    """Return the two files that describe the chart, from the folder at the top of an archive. Nothing is unpacked to disk."""
    content = gzip.GzipFile(fileobj=io.BytesIO(read_regular(path, _LIMIT))).read(_LIMIT)
    files: dict[str, bytes] = {}
    with tarfile.TarFile(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            name = os.path.normpath(member.name)
            if member.isfile() and name.count("/") == 1 and name.endswith(("/Chart.yaml", "/values.yaml")) and member.size <= _LIMIT:
                part = archive.extractfile(member)
                files[name.partition("/")[2]] = part.read() if part else b""
    return files
