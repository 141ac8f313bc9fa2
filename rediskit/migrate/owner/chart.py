"""Charts of applications, rendered by the real Helm with the values that the GitOps tool would use."""

from collections.abc import Mapping, Sequence
from typing import Any

from rediskit import helm
from rediskit.errors import Problem, RefusedError
from rediskit.helm import Chart
from rediskit.model.helm_install import HelmInstall
from rediskit.model.nested import list_at
from rediskit.renderers.tree import Object
from rediskit.temporary import temporary_folder
from rediskit.tools import Command, find, printable_lines, run
from rediskit.yamlio.foreign import read_foreign
from rediskit.yamlio.writer import dump

MAX_OUTPUT = 64 * 1024 * 1024
"""The largest output of Helm or kustomize that is read, in bytes."""


def unfit(chart: Chart, install: HelmInstall) -> Problem | None:
    """Return the problem of a chart that is not the one that the application uses; None if it is."""
    installed = install.chart.rstrip("/").rpartition("/")[2]
    if install.chart and installed != chart.name and "/" not in install.chart:
        message = f"{chart.path.name} is the chart {chart.name}, and {install.reference} installs {installed}"
        return Problem(message, "choose the chart of the application", code="chart-file")
    if install.version and install.is_pinned and install.version.removeprefix("v") != chart.version.removeprefix("v"):
        message = f"{chart.path.name} is version {chart.version}, and {install.reference} installs {install.version}"
        return Problem(message, f"pull version {install.version} of {chart.name}", code="chart-file")
    return None


def template(chart: Chart, install: HelmInstall, values: Mapping[str, Any], namespace: str, kubernetes: str = "") -> list[Object]:
    """Return the objects of a chart with values, hooks included. Raises RefusedError when Helm reports an error.

    helm-controller 1.6 sends hooks to the post-renderers, too (`postRenderStrategy`).
    """
    refusal = Problem(f"chart {chart.name} {chart.version} of {install.reference} is not rendered", code="chart-template")
    options = ("--kube-version", kubernetes) if kubernetes else ()
    return _objects(helm.template(chart, install.release, namespace, values, refusal=refusal, options=options), "the output of helm")


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
