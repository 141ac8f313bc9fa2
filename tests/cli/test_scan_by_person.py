"""The word of a person in place of a scan, and options of `migrate scan` that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rediskit import load
from tests.cli.test_scan import AT, at, cron_job
from tests.cli.test_scan_without_checkout import ADVANCE, SCAN, Cluster, evidence
from tests.cli.test_scan_without_checkout import run as run
from tests.conftest import Run


def test_the_word_of_a_person_is_shown_wherever_the_migration_is(tmp_path: Path, run: Run) -> None:
    words = "asked every team, and CLIENT LIST of the old Redis is empty"
    code, _, errors = run(*SCAN, "--observed", words, "--record")
    assert code == 0, errors
    (entry,) = evidence(tmp_path)
    assert (entry["by"], entry["note"], "source" in entry, "digest" in entry) == ("person", words, False, False)
    shown = f"the word of a person at {AT}: 0 certain uses ({words})"
    for command in (("migrate", "status", "chocolandia.yaml", "--at", AT), ("migrate", "plan", "chocolandia.yaml"), ADVANCE):
        _, output, errors = run(*command)
        assert shown in output + errors, command
    run("render", "chocolandia.yaml")
    assert shown in (tmp_path / "rendered/chocolandia/README.md").read_text()


def test_a_measurement_replaces_the_word_of_a_person(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(*SCAN, "--observed", "nobody uses it", "--record")[0] == 0
    Cluster(tmp_path, monkeypatch, cron_job("redis://redis:6379/0"))
    assert run(*SCAN, "--live", "--record")[0] == 1
    code, _, errors = run(*ADVANCE)
    assert (code, "[scan-in-use]" in errors) == (1, True), errors


@pytest.mark.parametrize("kind", ["kustomize", "manifests", "argocd-app"])
def test_an_application_with_a_checkout_needs_its_scan(kind: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the command nor evidence that was written by hand replaces the scan of a checkout."""
    Cluster(tmp_path, monkeypatch)
    assert run(*SCAN, "--live", "--record")[0] == 0
    entry = evidence(tmp_path)[0]
    for scan in (entry, {**entry, "source": "file live.yaml"}, {"kind": "scan", "step": "validate", "at": AT, "value": "0"}):
        observed = [entry for entry in load(tmp_path / "chocolandia.yaml").clients[0].migration.evidence if entry.kind != "scan"]  # type: ignore[union-attr]
        recorded = [entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in observed]
        data = yaml.safe_load((tmp_path / "chocolandia.yaml").read_text())
        at(tmp_path, kind=kind, migration={**data["clients"][0]["migration"], "evidence": [*recorded, scan]})
        code, _, errors = run(*ADVANCE)
        assert (code, "[scan-missing]" in errors) == (1, True), (scan, errors)
    for option in (("--live",), ("--observed", "nobody")):
        code, _, errors = run(*SCAN, *option, "--record")
        assert (code, "[scan-checkout]" in errors) == (1, True), errors
    assert run(*SCAN, "--live")[0] == 0, "without a record it reports for every kind"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "nothing to scan"),
        (("--live", "--from", "x"), "--from and --live are 2 sources"),
        (("--observed", "x"), "--observed needs --record"),
        (("--from", "missing"), "cannot read missing"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: tuple[str, ...], words: str, run: Run) -> None:
    code, output, errors = run(*SCAN, *options)
    assert (code, output, words in errors) == (2, "", True), errors


def test_before_validate_nothing_is_recorded(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Cluster(tmp_path, monkeypatch)
    at(tmp_path, "scale-up", kind="external")
    code, _, errors = run(*SCAN, "--live", "--record")
    assert (code, "[not-validating]" in errors) == (1, True), errors
