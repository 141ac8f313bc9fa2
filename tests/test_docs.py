"""The documentation that is generated from the code is current, and what the README promises is there."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from rediskit.checks import CHECKS
from rediskit.cli import main
from rediskit.cli.parser import parser
from rediskit.cli.verify import markdown
from rediskit.renderers.verification.checks import CHECKS as CHECKS_OF_VERIFY
from scripts.cases import page as applications_page
from scripts.reference import architecture_page, charts_page, checks_page, config_page, errors_page
from scripts.transcript import page as transcript
from tests.live.report import failing_tests, verification

ROOT = Path(__file__).parent.parent
TABLE = (ROOT / "docs/applications.md").read_text(encoding="utf-8").partition("<!-- cases: make docs -->")[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "content"),
    [
        ("config.md", config_page),
        ("checks.md", checks_page),
        ("charts.md", charts_page),
        ("errors.md", errors_page),
        ("architecture.md", architecture_page),
        ("migration.md", transcript),
        ("applications.md", applications_page),
    ],
)
def test_the_generated_pages_are_current(page: str, content: object, kustomize: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    assert callable(content)
    assert (ROOT / "docs" / page).read_text(encoding="utf-8") == content(), "run: make docs"


def test_the_example_of_a_verification_is_current_and_each_check_fails_in_a_test() -> None:
    text = (ROOT / "docs/verification-example.md").read_text(encoding="utf-8")
    example = text[text.index("## Verification of lab") :]
    assert text == verification(example), "run: make test-live report-live"
    heading = [line for line in markdown({"lab": []}) if line.startswith("| status")]
    assert heading == [line for line in example.splitlines() if line.startswith("| status")]
    assert set(re.findall(r"^\| passed \| `([a-z0-9-]+)`", example, re.MULTILINE)) == CHECKS_OF_VERIFY.keys()
    assert [name for name, tests in failing_tests().items() if not tests] == []
    assert {check.sc for check in CHECKS_OF_VERIFY.values() if check.sc} == {f"SC-00{number}" for number in range(1, 9)}


def test_every_shape_renders_and_is_planned_or_has_a_question() -> None:
    """Each application of the table: `init` refuses it, or all commands succeed; without a plan there is a question.

    The question what an application stores blocks no plan: it is the only one of a row with a plan.
    """
    rows = [line.strip("| ").split(" | ") for line in TABLE.splitlines() if line.endswith(("| 0 |", "| - |"))]
    assert len(rows) > 30
    for shape, written, questions, *codes in rows:
        asks_use = questions == "1" and "`use: [" not in written and codes[-1] == "0"
        plan = "0" if questions == "-" or asks_use else "-"
        expected = ["-", "-", "-"] if written.startswith("error: ") else ["0", "0", plan]
        assert codes == expected, shape


def test_every_check_is_listed_with_its_words() -> None:
    page = checks_page()
    for check in CHECKS:
        assert f"| `{check.code}` | {check.severity} |" in page
        assert check.run.__doc__


def test_every_key_has_its_words() -> None:
    empty = [line for line in config_page().splitlines() if line.startswith("| `") and line.endswith("|  |")]
    assert not empty


def test_the_quick_start_has_the_output_that_the_readme_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands, expected = re.findall(r"```(?:sh)?\n(.*?)```", README.partition("## Quick start")[2], re.DOTALL)[:2]
    monkeypatch.chdir(tmp_path)
    for command in (line for line in commands.splitlines() if line.startswith("rediskit ")):
        assert main(shlex.split(command)[1:]) == 0, command
    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if line.startswith("homelab: ")] == [line for line in expected.splitlines() if line != "..."]


def test_the_readme_lists_every_verb() -> None:
    known = next(action.choices for action in parser()._actions if action.dest == "verb")
    assert known is not None
    for verb in known:
        assert f"`rediskit {verb}" in README, f"README does not mention {verb}"


def test_the_links_of_the_readme_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_config_in_the_readme_loads(tmp_path: Path) -> None:
    from rediskit import load

    example = re.search(r"```yaml\n(# yaml-language-server.*?)```", README, re.DOTALL)
    assert example
    (tmp_path / "chocolandia.yaml").write_text(example[1], encoding="utf-8")
    (tmp_path / "chocolandia").mkdir()
    shutil.copy(ROOT / "config/chocolandia/sealing.crt", tmp_path / "chocolandia")
    manifest = "chocolandia/beersystem-backend.yaml"
    (tmp_path / manifest).write_bytes((ROOT / "config" / manifest).read_bytes())
    assert load(tmp_path / "chocolandia.yaml").clients[0].name == "beersystem"


def test_the_workloads_in_the_page_on_application_repositories_load(tmp_path: Path) -> None:
    from rediskit import load

    page = (ROOT / "docs/owners.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(clients:.*?)```", page, re.DOTALL)
    assert example
    head = "name: shop\ngitops: {tool: flux, repository: https://git.example.org/cluster.git}\n"
    (tmp_path / "shop.yaml").write_text(head + example[1], encoding="utf-8")
    (client,) = load(tmp_path / "shop.yaml").clients
    assert client.references == ("Deployment/web", "Deployment/worker", "Deployment/importer", "CronJob/cleanup")
    assert [client.database(name) for name in ("broker", "cache")] == [1, 2]


def test_the_application_in_the_readme_loads(tmp_path: Path) -> None:
    from rediskit import load

    example = re.search(r"```yaml\n(- name: shop.*?)```", README, re.DOTALL)
    assert example
    head = "name: shop\ngitops: {tool: flux, repository: https://git.example.org/cluster.git}\nclients:\n"
    (tmp_path / "shop.yaml").write_text(head + example[1], encoding="utf-8")
    assert load(tmp_path / "shop.yaml").clients[0].references == ("Deployment/web", "Deployment/worker", "CronJob/cleanup")


def test_the_page_on_application_repositories_lists_every_placeholder() -> None:
    from rediskit.model.template import PLACEHOLDERS

    page = (ROOT / "docs/owners.md").read_text(encoding="utf-8")
    for name in PLACEHOLDERS:
        assert re.search(rf"^\| .*`\$\{{{name}\}}`", page, re.MULTILINE), name
