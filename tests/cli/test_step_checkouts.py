"""The checkout of a step: where it is found, one repository for both, and evidence that is recorded before."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from tests.cli.migrations import READY, write
from tests.cli.test_step import AT, CONFIG, TO, Place, _unlisted
from tests.cli.test_step import place as place
from tests.conftest import Run


@pytest.mark.parametrize("how", ["option", "variable", "variable and path"])
def test_the_checkout_is_found(place: Place, run: Run, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    (place.here.folder / ".rediskit.local.yaml").unlink()
    if how == "variable":
        (place.folder / "checkouts").mkdir()
        (place.folder / "checkouts/beersystem").symlink_to("../owner/prod")
    if how == "variable and path":
        write(place.here.folder / "config", {"step": "prepare", **READY}, {"client": {"owner": OWNER}})
        assert run("render", CONFIG)[0] == 0
        place.here.commit({})
        place.here.git("push", "--quiet")
    if how != "option":
        monkeypatch.setenv("REDISKIT_CHECKOUTS", str(place.folder / "checkouts" if how == "variable" else place.folder))
    option = ("--checkout", "../owner/prod") if how == "option" else ()
    code, _, errors = run(*TO, "scale-down", "--push", *option)
    assert (code, place.remote("owner")) == (0, "beersystem: scale-down"), errors


OWNER = {"repository": "https://git.example.org/shop/owner.git", "path": "prod"}


def test_an_application_in_this_repository_needs_no_checkout_and_gets_one_commit(place: Place, run: Run) -> None:
    (place.here.folder / ".rediskit.local.yaml").unlink()
    same = {"repository": "git@github.com:cbenitezpy-ueno/chocolandia_kube.git", "path": "apps/prod"}
    write(place.here.folder / "config", {"step": "prepare", **READY}, {"client": {"owner": same}})
    shutil.copytree(place.owner.folder, place.here.folder / "apps", ignore=shutil.ignore_patterns(".git"))
    assert run("render", CONFIG)[0] == 0
    place.here.commit({})
    place.here.git("push", "--quiet")
    before = len(place.here.git("log", "--format=%s").splitlines())
    code, _, errors = run(*TO, "scale-down", "--push")
    assert (code, place.remote("here")) == (0, "beersystem: scale-down"), errors
    changed = place.here.git("show", "--name-only", "--format=", "HEAD").splitlines()
    assert {path.partition("/")[0] for path in changed} == {"apps", "config", "rendered"}
    assert len(place.here.git("log", "--format=%s").splitlines()) == before + 1
    assert place.here.git("status", "--porcelain") == ""


def test_recorded_evidence_is_rendered_and_committed_by_the_next_step(place: Place, run: Run) -> None:
    take_all(run, "scale-down", "deploy", "reconfigure", "scale-up", "validate")
    readme = place.here.folder / "rendered/chocolandia/README.md"
    before = readme.read_text()
    code, output, errors = run("migrate", "record", CONFIG, "--criterion", "latency", "--at", AT)
    assert (code, errors) == (0, "")
    assert readme.read_text() != before, "the page lists what is missing"
    assert f"to commit: {CONFIG} rendered/chocolandia; the next migrate step commits them, too\n" in output
    assert output.splitlines()[-1].startswith(f"next: rediskit migrate record {CONFIG} --client beersystem --criterion no-restarts ")
    assert run("check", CONFIG)[0] == 0
    assert {line.split()[-1].partition("/")[0] for line in place.here.git("status", "--porcelain").splitlines()} == {"config", "rendered"}
    assert run("migrate", "rollback", CONFIG, "--reason", "x", "--at", AT)[0] == 0
    code, _, errors = run(*TO, "rolled-back", "--push")
    assert (code, place.here.git("status", "--porcelain")) == (0, ""), errors


def test_evidence_is_not_recorded_while_a_rendered_file_is_edited(place: Place, run: Run) -> None:
    take_all(run, "scale-down", "deploy", "reconfigure", "scale-up", "validate")
    (place.here.folder / "rendered/chocolandia/README.md").write_text("mine")
    before = place.state()
    code, _, errors = run("migrate", "record", CONFIG, "--criterion", "latency", "--at", AT)
    assert (code, "README.md" in errors, place.state()) == (1, True, before), errors


def take_all(run: Run, *steps: str) -> None:
    for step in steps:
        code, _, errors = run(*TO, step, "--push")
        assert code == 0, errors


def test_the_component_is_exported_before_the_overlay_lists_it(place: Place, run: Run) -> None:
    """An overlay that lists a missing folder does not build."""
    _unlisted(place)
    code, _, errors = run(*TO, "scale-down", "--commit")
    assert (code, "  help: add to " in errors) == (1, True), errors
    place.owner.git("rm", "-r", "--quiet", "prod/rediskit")
    place.owner.commit({})
    code, _, errors = run(*TO, "scale-down", "--commit")
    assert (code, "error[component-unlisted]" in errors) == (1, True), errors
    (command,) = re.findall(r"  help: run rediskit (migrate export .*?); then add to ", errors)
    assert run(*shlex.split(command))[0] == 0
    assert (place.owner.folder / "prod/rediskit/beersystem/kustomization.yaml").is_file()
