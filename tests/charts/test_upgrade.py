"""`rediskit upgrade` on the real charts: what is planted is found, what changes nothing is not, and the real break of CloudPirates."""

from __future__ import annotations

import json
import re
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.charts.archives import archive
from tests.conftest import Run

CONFIG = Path(__file__).parents[1] / "valid/cloudpirates.yaml"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helm: Path) -> Path:
    monkeypatch.setenv("HELM", str(helm))
    return Path(shutil.copy(CONFIG, tmp_path))


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """Return the folder of a copy of the newest chart, as the next version."""
    with tarfile.open(archive("cloudpirates")) as packed:
        packed.extractall(tmp_path / "next", filter="data")
    folder = tmp_path / "next/redis"
    edit(folder / "Chart.yaml", r"^version: .*", "version: 0.34.19")
    return folder


def edit(file: Path, pattern: str, new: str) -> None:
    """Replace text in a file of the chart; the pattern must match."""
    text, number = re.subn(pattern, lambda _: new, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert number, f"{file.name} has no {pattern}"
    file.write_text(text, encoding="utf-8")


def upgrade(run: Run, config: Path, *more: str | Path) -> tuple[int, dict[str, Any]]:
    code, output, _ = run("upgrade", str(config), "--json", *map(str, more))
    return code, json.loads(output)


class Planted(NamedTuple):
    """A change of the chart, and the code and words of the finding about it."""

    name: str
    file: str
    pattern: str
    new: str
    code: str
    words: str


SET = "templates/statefulset.yaml"
MOUNT = r"^              mountPath: \{\{ \.Values\.persistence\.mountPath \}\}"
CONTENT = r"^    \{\{- \.Values\.config\.content \| nindent 4 \}\}"
CONTENT_LINE = "    {{- .Values.config.content | nindent 4 }}"
BREAKS = (
    Planted("claim", SET, r"^        name: data$", "        name: redis-data", "upgrade-immutable", "volumeClaimTemplates"),
    Planted(
        "version-in-claim",
        SET,
        r"^          \{\{- include \"redis.selectorLabels\" \. \| nindent 10 \}\}",
        '          {{- include "redis.labels" . | nindent 10 }}',
        "upgrade-immutable",
        "each later upgrade is refused",
    ),
    Planted("service-name", SET, r"-headless$", "-nodes", "upgrade-immutable", "serviceName"),
    Planted(
        "selector",
        SET,
        r"^      \{\{- include \"redis.selectorLabels\" \. \| nindent 6 \}\}",
        '      {{- include "redis.selectorLabels" . | nindent 6 }}\n      app.kubernetes.io/component: node',
        "upgrade-immutable",
        "selector",
    ),
    Planted(
        "renamed-service", "templates/master-service.yaml", r"-master$", "-primary", "upgrade-service", "renamed to redis-shared-primary"
    ),
    Planted(
        "metrics-port", "values.yaml", r"^    name: http-metrics", "    name: metrics", "upgrade-service", "name changes from http-metrics"
    ),
    Planted("renamed-value", SET, r"\.Values\.resources\b", ".Values.redisResources", "upgrade-value", "no value resources"),
    Planted("lost-conf", SET, r"\.Values\.extraConfig", ".Values.moreConfig", "upgrade-value", "no longer gets the line maxmemory 1gb"),
    Planted(
        "flipped-default",
        "values.yaml",
        r"^  automountServiceAccountToken: false",
        "  automountServiceAccountToken: true",
        "upgrade-default",
        "automountServiceAccountToken",
    ),
    Planted(
        "container-port", SET, r"^            - name: redis$", "            - name: tcp", "upgrade-pod", "no longer has the port redis 6379"
    ),
    Planted(
        "mount-of-data",
        SET,
        rf"{MOUNT}\n              \{{\{{- if",
        "              mountPath: /var/lib/redis\n              {{- if",
        "upgrade-data",
        "the data moves from data:/ to no volume",
    ),
    Planted(
        "folder-of-data",
        SET,
        r"^              subPath: \{\{ \.Values\.persistence\.subPath \}\}\n              \{\{- end \}\}",
        "              {{- end }}\n              subPath: redis",
        "upgrade-data",
        "the data moves from data:/ to data:/redis",
    ),
    Planted(
        "default-of-data",
        "values.yaml",
        r"^  mountPath: /data",
        "  mountPath: /var/lib/redis",
        "upgrade-data",
        "the data moves from data:/",
    ),
    Planted(
        "directory",
        "templates/configmap.yaml",
        CONTENT,
        f"{CONTENT_LINE}\n    dir /data/db",
        "upgrade-data",
        "the data moves from data:/ to data:/db",
    ),
    Planted(
        "name-of-data",
        "templates/configmap.yaml",
        CONTENT,
        f"{CONTENT_LINE}\n    appenddirname aof",
        "upgrade-data",
        "appenddirname changes from appendonlydir to aof",
    ),
    Planted(
        "secret-key",
        "templates/_helpers.tpl",
        r"^\{\{- \.Values\.auth\.existingSecretPasswordKey \}\}",
        "password",
        "upgrade-secret",
        "redis-password",
    ),
    Planted(
        "older-redis",
        "templates/_helpers.tpl",
        r"\"image\" \.Values\.image\b",
        '"image" (dict "registry" "docker.io" "repository" "library/redis" "tag" "7.4.2")',
        "upgrade-image",
        "can't read the RDB and AOF files",
    ),
)
"""Breaks in a copy of the newest chart."""


@pytest.mark.parametrize("planted", BREAKS, ids=lambda planted: planted.name)
def test_each_planted_break_is_found(planted: Planted, run: Run, config: Path, chart: Path) -> None:
    edit(chart / planted.file, planted.pattern, planted.new)
    if planted.name == "renamed-value":
        edit(chart / "values.yaml", r"^resources: \{\}", "redisResources: {}")
    code, document = upgrade(run, config, "--from-chart", archive("cloudpirates"), "--chart", chart)
    assert code == 1
    matching = [finding for finding in document["findings"] if finding["code"] == planted.code and planted.words in finding["message"]]
    assert matching, document["findings"]
    assert matching[0]["severity"] == "error"
    assert matching[0]["hint"]


def _nothing(_: Path) -> None:
    """Change the version alone."""


def _label(chart: Path) -> None:
    edit(chart / "Chart.yaml", r"^appVersion: .*", "appVersion: 8.10.2")


def _new_value(chart: Path) -> None:
    edit(chart / "values.yaml", r"^nodeSelector: \{\}", 'nodeSelector: {}\n\nruntimeClassName: ""')


def _unused_default(chart: Path) -> None:
    edit(chart / "values.yaml", r"^  masterName: mymaster", "  masterName: primary")


def _comment(chart: Path) -> None:
    edit(chart / "templates/service.yaml", r"\A", "{{- /* A comment. */ -}}\n")
    edit(chart / "README.md", r"\A", "# Changed\n")


@pytest.mark.parametrize("change", [_nothing, _label, _new_value, _unused_default, _comment], ids=lambda change: change.__name__.strip("_"))
def test_a_bump_that_breaks_nothing_has_no_finding(change: Callable[[Path], None], run: Run, config: Path, chart: Path) -> None:
    change(chart)
    code, document = upgrade(run, config, "--from-chart", archive("cloudpirates"), "--chart", chart)
    assert (code, document["findings"], document["changed"], document["added"], document["removed"]) == (0, [], {}, [], [])


def test_another_mount_with_the_same_folder_on_the_volume_has_no_finding(run: Run, config: Path, chart: Path) -> None:
    edit(chart / SET, MOUNT, "              mountPath: /var/lib/redis")
    edit(chart / "templates/configmap.yaml", CONTENT, f"{CONTENT_LINE}\n    dir /var/lib/redis")
    code, document = upgrade(run, config, "--from-chart", archive("cloudpirates"), "--chart", chart)
    assert (code, document["findings"], document["restarts"]) == (0, [], ["StatefulSet/redis-shared"])


def test_another_user_of_the_files_is_a_warning(run: Run, config: Path, chart: Path) -> None:
    edit(chart / "values.yaml", r"^  runAsUser: .*", "  runAsUser: 2000")
    code, document = upgrade(run, config, "--from-chart", archive("cloudpirates"), "--chart", chart)
    matching = [finding for finding in document["findings"] if finding["code"] == "upgrade-data"]
    assert (code, [finding["severity"] for finding in matching]) == (0, ["warning"])
    assert "runAsUser changes from" in matching[0]["message"]


def test_the_real_break_of_cloudpirates_is_found(run: Run, config: Path) -> None:
    """Chart 0.16.4 has `helm.sh/chart` in volumeClaimTemplates (https://github.com/CloudPirates-io/helm-charts/issues/691)."""
    old, new = (archive("cloudpirates", version) for version in ("0.15.0", "0.16.4"))
    code, document = upgrade(run, config, "--from-chart", old, "--chart", new)
    messages = [finding["message"] for finding in document["findings"] if finding["severity"] == "error"]
    assert code == 1
    assert len(messages) == 2
    assert "volumeClaimTemplates" in messages[0]
    assert "helm.sh/chart: redis-0.16.4 in volumeClaimTemplates: each later upgrade is refused" in messages[1]
    assert document["restarts"] == ["StatefulSet/redis-shared"]


def test_the_fix_of_the_real_break_is_listed(run: Run, config: Path) -> None:
    """Each line is what `helm template` of both charts shows."""
    old, new = (archive("cloudpirates", version) for version in ("0.16.4", "0.34.18"))
    code, document = upgrade(run, config, "--from-chart", old, "--chart", new)
    assert code == 1
    assert [(finding["code"], finding["severity"]) for finding in document["findings"]] == [
        ("upgrade-immutable", "error"),
        ("upgrade-service", "error"),
        *[("upgrade-default", "warning")] * 4,
    ]
    assert "port 9121: name changes from metrics to http-metrics" in document["findings"][1]["message"]
    assert all("initContainer.resources" in finding["message"] for finding in document["findings"][2:])
    paths = {change["path"] for change in document["changed"]["StatefulSet/redis-shared"]}
    assert {"spec.updateStrategy", "spec.template.spec.terminationGracePeriodSeconds"} <= paths
    assert (document["added"], document["removed"]) == ([], [])


def test_text_and_markdown_have_the_same_facts(run: Run, config: Path) -> None:
    charts = ["--from-chart", str(archive("cloudpirates", "0.15.0")), "--chart", str(archive("cloudpirates", "0.16.4"))]
    code, output, errors = run("upgrade", str(config), *charts)
    assert code == 1
    assert output.startswith("redis: chart 0.15.0 -> 0.16.4\nrestarts:\n  StatefulSet/redis-shared\n")
    assert "error[upgrade-immutable]: redis.chart: StatefulSet/redis-shared spec.volumeClaimTemplates" in errors
    code, output, errors = run("upgrade", str(config), *charts, "--markdown")
    assert (code, errors) == (1, "")
    assert output.startswith("### redis: chart 0.15.0 → 0.16.4\n")
    assert "* **error** `upgrade-immutable`: StatefulSet/redis-shared spec.volumeClaimTemplates" in output


def test_a_newer_image_is_a_warning_and_an_older_one_an_error(run: Run, config: Path) -> None:
    chart = ("--from-chart", str(archive("cloudpirates")))
    code, document = upgrade(run, config, *chart, "--image", "8.12.0")
    assert (code, [finding["severity"] for finding in document["findings"]]) == (0, ["warning"])
    assert "converts RDB and AOF files" in document["findings"][0]["message"]
    code, document = upgrade(run, config, *chart, "--image", "docker.io/library/redis:8.2.3")
    assert (code, [finding["code"] for finding in document["findings"]]) == (1, ["upgrade-image"])
    assert document["images"]["StatefulSet/redis-shared redis"]["new"] == "docker.io/library/redis:8.2.3"
    code, document = upgrade(run, config, *chart, "--image", "docker.io/valkey/valkey:9.1.1")
    assert (code, [finding["code"] for finding in document["findings"] if finding["severity"] == "error"]) == (1, ["upgrade-image"])
    assert "can't read the RDB and AOF files of the other server" in document["findings"][0]["message"]
