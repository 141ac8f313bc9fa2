"""Charts of applications, rendered by the real Helm with the values that the GitOps tool would use."""

import tarfile
import zlib
from collections.abc import Mapping, Sequence
from gzip import GzipFile
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.files import read_regular, reason
from rediskit.model.helm_install import HelmInstall
from rediskit.model.nested import list_at, text_at
from rediskit.renderers.tree import Object
from rediskit.temporary import temporary_folder
from rediskit.tools import Command, find, printable_lines, run
from rediskit.yamlio.foreign import MAX_BYTES, read_foreign
from rediskit.yamlio.writer import dump

MAX_ARCHIVE = 64 * 1024 * 1024
"""The largest archive of a chart, in bytes."""
MAX_OUTPUT = 64 * 1024 * 1024
"""The largest output of Helm or kustomize that is read, in bytes."""
HOOK = "helm.sh/hook"
"""The annotation of a hook. helm-controller 1.6 sends hooks to the post-renderers, too (`postRenderStrategy`)."""


class Chart(NamedTuple):
    """A chart on disk: its folder or archive, and name and version from its Chart.yaml."""

    path: Path
    name: str
    version: str


def chart_at(path: str) -> Chart:
    """Return the chart in a folder or an archive. Raises ConfigError if it is neither."""
    place = Path(path).absolute()
    hint = "choose the folder of a chart, or the .tgz that helm pull writes"
    try:
        text = read_regular(place / "Chart.yaml", MAX_BYTES) if place.is_dir() else _in_archive(place)
        documents = read_foreign(text, f"{path}: Chart.yaml")
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(Problem(f"{path} is not a chart: {why}", hint, code="chart-file")) from error
    data = documents[0].data if documents else None
    name, version = text_at(data, "name"), str(data.get("version", "")) if isinstance(data, dict) else ""
    if not name or not version:
        raise ConfigError(Problem(f"{path} is not a chart: its Chart.yaml has no name and version", hint, code="chart-file"))
    return Chart(place, name, version)


def _in_archive(path: Path) -> bytes:
    """Return the Chart.yaml of an archive. Raises OSError, EOFError, zlib.error or TarError."""
    content = BytesIO(read_regular(path, MAX_ARCHIVE))
    with GzipFile(fileobj=content) as unpacked, tarfile.TarFile(fileobj=unpacked) as archive:
        for member in archive:
            if member.isfile() and member.name.count("/") == 1 and member.name.endswith("/Chart.yaml"):
                file = archive.extractfile(member)
                return file.read(MAX_BYTES) if file else b""
    raise tarfile.TarError("it has no Chart.yaml")


def unfit(chart: Chart, install: HelmInstall) -> Problem | None:
    """Return the problem of a chart that is not the one that the application uses; None if it is."""
    wanted = install.chart.rstrip("/").rpartition("/")[2]
    if install.chart and wanted != chart.name and "/" not in install.chart:
        message = f"{chart.path.name} is the chart {chart.name}, and {install.reference} installs {wanted}"
        return Problem(message, "choose the chart of the application", code="chart-file")
    if install.version and install.is_pinned and install.version.removeprefix("v") != chart.version.removeprefix("v"):
        message = f"{chart.path.name} is version {chart.version}, and {install.reference} installs {install.version}"
        return Problem(message, f"pull version {install.version} of {chart.name}", code="chart-file")
    return None


def template(chart: Chart, install: HelmInstall, values: Mapping[str, Any], namespace: str, kubernetes: str = "") -> list[Object]:
    """Return the objects of a chart with values, hooks included. The values are on standard input, because they can contain passwords.

    Raises:
        RefusedError: Helm reports an error.
        MissingToolError: Helm is missing or hangs.
    """
    options = ("--namespace", namespace, "--values", "-", *(("--kube-version", kubernetes) if kubernetes else ()))
    with temporary_folder() as home:
        own = {name: str(home) for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME")}
        arguments = ("template", install.release, chart.path, *options)
        stdin = dump(dict(values)).encode()
        done = run(Command(find("helm", "HELM"), arguments, stdin=stdin, exit_codes=frozenset({0, 1}), environment=own))
    if done.exit_code:
        complaint = printable_lines(done.stderr.decode(errors="replace"), last=3) or "no error message"
        message = f"chart {chart.name} {chart.version} of {install.reference} is not rendered"
        raise RefusedError(Problem(message, f"helm reports: {complaint}", code="chart-template"))
    return _objects(done.stdout, "the output of helm")


def post_rendered(objects: Sequence[Object], renderers: Sequence[Any]) -> list[Object]:
    """Return objects after the post-renderers of a HelmRelease, as helm-controller runs them: kustomize, one after the other.

    Without post-renderers kustomize runs once, so that the results have the same form.

    Raises:
        RefusedError: kustomize reports an error.
        MissingToolError: kustomize is missing or hangs.
    """
    for renderer in renderers or ({},):
        content = renderer.get("kustomize") if isinstance(renderer, dict) else None
        settings = {key: list_at(content, key) for key in ("patches", "images") if list_at(content, key)}
        objects = _kustomized(objects, settings)
    return list(objects)


def _kustomized(objects: Sequence[Object], settings: Mapping[str, Any]) -> list[Object]:
    if not objects:
        return []
    with temporary_folder() as folder:
        (folder / "all.yaml").write_text("---\n".join(dump(content) for content in objects), encoding="utf-8")
        (folder / "kustomization.yaml").write_text(dump({"resources": ["all.yaml"], **settings}), encoding="utf-8")
        done = run(Command(find("kustomize", "KUSTOMIZE"), ("build", folder), exit_codes=frozenset({0, 1})))
    if done.exit_code:
        complaint = printable_lines(done.stderr.decode(errors="replace").replace(str(folder), ""), last=3) or "no error message"
        raise RefusedError(Problem("the post-renderers of the HelmRelease fail", f"kustomize reports: {complaint}", code="chart-template"))
    return _objects(done.stdout, "the output of kustomize")


def _objects(text: bytes, name: str) -> list[Object]:
    return [document.data for document in read_foreign(text, name, limit=MAX_OUTPUT) if isinstance(document.data, dict)]
