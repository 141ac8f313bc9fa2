"""`accept` of the config: one finding by its code and place until a day, and the codes that are never acceptable."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from rediskit import ConfigError, Finding, check, load, render
from rediskit.checks import CHECKS, run_checks
from rediskit.checks.acceptance import unaccepted
from rediskit.cli import main
from rediskit.errors import Path as Place
from rediskit.model.accept import NEVER
from tests.samples import ROOT, client, environment_of, loaded

ALL = frozenset(rule.code for rule in CHECKS)
DAY = date(2027, 3, 31)


def entry(code: str = "frozen-image", on: str = "redis.image", **more: str) -> dict[str, str]:
    return {"code": code, "on": on, "reason": "a maintained image is tried first", **more}


def frozen(*entries: dict[str, str], today: date | None = DAY) -> list[Finding]:
    """Return the findings about frozen images and entries of `accept`."""
    environment = environment_of(over={"accept": list(entries)})
    return [
        finding for finding in check(environment, render(environment), today=today) if finding.code in ("frozen-image", "accept-unused")
    ]


def kept(findings: list[Finding], *entries: dict[str, str], run: frozenset[str] = ALL) -> list[Finding]:
    return unaccepted(environment_of(over={"accept": list(entries)}), findings, run, DAY)


def finding_at(place: Place = ("redis", "image"), code: str = "frozen-image", on: tuple[str, ...] = ()) -> Finding:
    return Finding(code, "warning", "a message", "a hint", place, None, on)


def test_an_accepted_finding_is_not_reported() -> None:
    assert [finding.code for finding in frozen()] == ["frozen-image"]
    assert frozen(entry()) == []


def test_an_acceptance_is_valid_through_its_last_day() -> None:
    assert frozen(entry(until="2027-03-31")) == []
    (finding,) = frozen(entry(until="2027-03-30"))
    assert finding.code == "frozen-image"
    assert finding.hint.endswith("; it was accepted until 2027-03-30: fix it, or set a later day in accept")


def test_without_a_day_the_clock_is_used() -> None:
    assert [finding.code for finding in frozen(entry(until="2020-01-01"), today=None)] == ["frozen-image"]
    assert frozen(entry(until="9999-12-31"), today=None) == []


def test_run_checks_ignores_accept() -> None:
    environment = environment_of(over={"accept": [entry()]})
    assert "frozen-image" in [finding.code for finding in run_checks(environment, render(environment))]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (entry(on="redis.exporterImage"), "frozen-image is reported on: redis.image"),
        (entry(on="redis"), "frozen-image is reported on: redis.image"),
        (entry(code="scrape-interval", on="monitoring.interval"), "remove this entry"),
        (entry(code="frozen-images"), "did you mean frozen-image?"),
        (entry(code="xyz"), "docs/checks.md lists all codes"),
    ],
)
def test_an_entry_that_accepts_nothing_is_a_warning_at_its_line(wrong: dict[str, str], hint: str, tmp_path: Path) -> None:
    environment = loaded(tmp_path, over={"accept": [wrong]})
    (unused,) = [finding for finding in check(environment, render(environment), today=DAY) if finding.code == "accept-unused"]
    assert (unused.severity, unused.hint) == ("warning", hint)
    assert unused.location is not None
    assert unused.location == environment.locate(unused.path)
    assert unused.path[:2] == ("accept", 0)


def test_an_expired_entry_without_a_finding_is_unused_too() -> None:
    old = entry("scrape-interval", "monitoring.interval", until="2020-01-01")
    assert [finding.code for finding in kept([], old)] == ["accept-unused"]


def test_an_entry_for_a_code_outside_the_run_is_not_unused() -> None:
    owner = entry("owner-replicas", "beersystem")
    assert kept([], owner) == []
    assert [finding.code for finding in kept([], owner, run=ALL | {"owner-replicas"})] == ["accept-unused"]


def test_a_client_accepts_findings_of_its_section_only() -> None:
    over = {"accept": [entry("variable-absent", "shop")], "clients": [client("cart", None), client("shop", None)]}
    environment = environment_of(over=over)
    findings = [finding_at(("clients", index, "workload"), "variable-absent") for index in (0, 1)]
    assert unaccepted(environment, findings, ALL, DAY) == findings[:1]


def test_a_finding_with_names_is_accepted_by_them_only() -> None:
    """`on` of a change contains its new value: an acceptance does not apply to the next value."""
    change = finding_at(("redis", "appendOnly"), "lost-data", ("redis.appendOnly=true",))
    for on, expected in (("redis.appendOnly=true", 0), ("redis.appendOnly=false", 1), ("redis.appendOnly", 1)):
        assert [finding.code for finding in kept([change], entry("lost-data", on))].count("lost-data") == expected


@pytest.mark.parametrize("code", NEVER)
def test_a_code_that_is_never_acceptable_does_not_load(code: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{code} can never be accepted"):
        loaded(tmp_path, over={"accept": [entry(code)]})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    return tmp_path


def text(*lines: str, accept: str = "") -> str:
    head = "name: shared\ngitops: {tool: argocd, repository: https://git.example.org/platform/cluster.git}\n"
    return head + "".join(f"{line}\n" for line in lines) + (f"accept:\n{accept}\n" if accept else "")


def test_render_writes_a_tree_with_an_accepted_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = folder / "config/shared.yaml"
    lines = ["redis: {values: {master: {nosuchkey: 1}}}"]
    config.write_text(text(*lines), encoding="utf-8")
    assert main(["render"]) == 1
    assert not (folder / "rendered").exists()
    config.write_text(text(*lines, accept="- {code: chart-key, on: redis.values.master.nosuchkey, reason: a test}"), encoding="utf-8")
    capsys.readouterr()
    assert main(["render"]) == 0
    assert "chart-key" not in capsys.readouterr().err
    assert main(["check", "--json"]) == 0
    codes = [finding["code"] for finding in json.loads(capsys.readouterr().out)["findings"]]
    assert "frozen-image" in codes
    assert not {"chart-key", "accept-unused"} & {*codes}


def test_a_schema_finding_is_accepted_by_its_object(tmp_path: Path) -> None:
    over = {"redis": {"labels": {"name": "redis"}}}
    environment = loaded(tmp_path, over=over)
    tree = render(environment)
    path = "platform/redis/namespace-redis.yaml"
    tree.objects[path]["metadata"]["nosuchfield"] = 1
    (finding,) = [finding for finding in check(environment, tree) if finding.code == "schema"]
    assert finding.on == ("Namespace/redis",)


def test_a_day_needs_no_quotes(folder: Path) -> None:
    config = folder / "config/shared.yaml"
    config.write_text(text(accept="- {code: frozen-image, on: redis.image, until: 2027-03-31, reason: a test}"), encoding="utf-8")
    assert load(config).accept[0].until == "2027-03-31"


@pytest.mark.parametrize("code", NEVER)
def test_every_code_that_is_never_acceptable_is_in_the_source(code: str) -> None:
    files = (file for file in (ROOT / "rediskit").rglob("*.py") if file.name != "accept.py")
    assert any(f'"{code}"' in file.read_text(encoding="utf-8") for file in files), f"nothing reports {code}"
