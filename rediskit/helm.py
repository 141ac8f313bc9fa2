"""Helm: charts on disk, and the objects that it renders from them. The values are on standard input: they can contain passwords."""

import tarfile
import zlib
from collections.abc import Mapping
from gzip import GzipFile
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_regular, reason
from rediskit.temporary import temporary_folder
from rediskit.tools import Command, find, printable_lines, run
from rediskit.yamlio.foreign import read_foreign
from rediskit.yamlio.writer import dump

MAX_ARCHIVE = 64 * 1024 * 1024
"""The largest archive of a chart, and the largest content that is unpacked from it, in bytes."""
_FILES = ("Chart.yaml", "values.yaml")


class Chart(NamedTuple):
    """A chart on disk: its folder or archive, name and version from its Chart.yaml, and its default values."""

    path: Path
    name: str
    version: str
    values: Mapping[str, Any]


def chart_at(path: str, option: str = "") -> Chart:
    """Return the chart in a folder or an archive. Raises ConfigError if it is neither. option: the name of the option, for messages."""
    place, shown = Path(path).absolute(), f"{option}: {path}" if option else path
    hint = "write the path of a chart: a folder, or the archive that helm pull writes"
    try:
        texts = _in_folder(place) if place.is_dir() else _in_archive(place)
        if "Chart.yaml" not in texts:
            raise tarfile.TarError("it has no Chart.yaml")
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(Problem(f"{shown} is not a chart: {why}", hint, code="chart-file")) from error
    about, values = (_mapping(texts.get(name, b""), f"{path}: {name}") for name in _FILES)
    if not about.get("name") or not about.get("version"):
        raise ConfigError(Problem(f"{shown} is not a chart: its Chart.yaml has no name and version", hint, code="chart-file"))
    return Chart(place, str(about["name"]), str(about["version"]), values)


def _mapping(text: bytes, name: str) -> Mapping[str, Any]:
    documents = read_foreign(text, name)
    return documents[0].data if documents and isinstance(documents[0].data, dict) else {}


def _in_folder(folder: Path) -> dict[str, bytes]:
    return {name: read_regular(folder / name, MAX_ARCHIVE) for name in _FILES if (folder / name).exists()}


def _in_archive(path: Path) -> dict[str, bytes]:
    """Return the files that describe the chart, from the folder at the top of an archive. Nothing is unpacked to disk.

    Raises OSError, EOFError, zlib.error or TarError.
    """
    texts: dict[str, bytes] = {}
    content = GzipFile(fileobj=BytesIO(read_regular(path, MAX_ARCHIVE))).read(MAX_ARCHIVE)
    with tarfile.TarFile(fileobj=BytesIO(content)) as archive:
        for member in archive:
            parts = member.name.removeprefix("./").split("/")
            if member.isfile() and len(parts) == 2 and parts[1] in _FILES and (file := archive.extractfile(member)):
                texts[parts[1]] = file.read()
    return texts


def template(
    chart: Chart, release: str, namespace: str, values: Mapping[str, Any], *, refusal: Problem, options: tuple[str, ...] = ()
) -> bytes:
    """Return what Helm renders from a chart with values, hooks included, without the settings of the user.

    Raises:
        RefusedError: Helm reports an error. `refusal` is its problem; the hint has the words of Helm.
        MissingToolError: Helm is missing or hangs.
    """
    with temporary_folder() as home:
        own = {name: str(home) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
        arguments: list[str | Path] = ["template", release, chart.path, "--namespace", namespace, "--values", "-", *options]
        stdin = dump(dict(values)).encode()
        done = run(Command(find("helm", "HELM"), arguments, stdin=stdin, exit_codes=frozenset({0, 1}), environment=own))
    if done.exit_code:
        complaint = printable_lines(done.stderr.decode(errors="replace"), last=3) or "no error message"
        raise RefusedError(Problem(refusal.message, f"helm reports: {complaint}", code=refusal.code))
    return done.stdout


def pull(chart: str, repository: str, version: str, folder: Path) -> Path:
    """Return the archive of a version of a chart that Helm pulls into an empty folder, with the user's credentials of the registry.

    Raises MissingToolError when Helm is missing, or could not pull the version.
    """
    source = [chart, "--repo", repository] if repository.startswith("https://") else [repository]
    own = {"HELM_CACHE_HOME": str(folder / "cache"), "HELM_DATA_HOME": str(folder / "data")}
    run(Command(find("helm", "HELM"), ["pull", *source, "--version", version, "--destination", folder], environment=own))
    return next(folder.glob("*.tgz"))
