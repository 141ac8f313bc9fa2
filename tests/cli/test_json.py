"""The JSON documents: each command with --json has a schema, and its real output has that form.

The fixture `run` validates every document of every test; this module runs each command at least once.
"""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path

import pytest
from jsonschema_rs import ValidationError

from rediskit.cli.parser import parser
from rediskit.cli.schema import source
from tests.cli.checkout import owner
from tests.cli.test_parser import pages
from tests.conftest import Run, validate_output, validator_of
from tests.output.repositories import Repository
from tests.samples import ROOT

PAGES = {name.removeprefix("rediskit").strip(): page for name, page in pages(parser()).items()}
WITH_JSON = [name for name, page in PAGES.items() if "--json" in page._option_string_actions and name != "schema"]


def test_every_command_with_json_has_a_schema_and_a_section_in_the_docs() -> None:
    assert list(source()["commands"]) == WITH_JSON
    page = (ROOT / "docs/json.md").read_text(encoding="utf-8")
    assert [name for name in WITH_JSON if f"\n## rediskit {name}\n" not in page] == []


def test_every_definition_is_used() -> None:
    text = json.dumps(source())
    assert [name for name in source()["$defs"] if f'"$ref": "{name}"' not in text and name != "Problem"] == []


@pytest.mark.parametrize("command", WITH_JSON)
def test_the_printed_schema_is_valid_and_closed(command: str, run: Run) -> None:
    code, output, _ = run("schema", *command.split())
    assert code == 0
    validator = validator_of(command)
    assert json.loads(output)["title"] == f"The output of rediskit {command} --json"
    assert validator.is_valid({"version": 1, "problems": [], "exitCode": 2})
    assert not validator.is_valid({"version": 2, "problems": [], "exitCode": 2})
    assert not validator.is_valid({"version": 1, "problems": [], "exitCode": 2, "other": 1})


def test_a_command_without_json_has_no_schema(run: Run) -> None:
    code, _, errors = run("schema", "completion")
    assert code == 2
    assert errors.startswith("error: rediskit completion prints no JSON document\n  help: choose one of: init, render, ")


def test_a_document_with_an_unknown_key_is_found() -> None:
    with pytest.raises(ValidationError):
        validate_output(("render", "--json"), '{"version": 1, "environments": [], "findings": [], "extra": 1, "exitCode": 0}')


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kustomize: Path) -> Path:
    """Change to a Git work tree with the example config, beside a checkout of the application repository."""
    shutil.copytree(ROOT / "config", tmp_path / "work/config")
    owner(tmp_path, listed=False)
    repository = Repository(tmp_path / "work", monkeypatch)
    monkeypatch.setenv("KUSTOMIZE", str(kustomize))
    monkeypatch.chdir(repository.folder)
    (repository.folder / "password.txt").write_text(secrets.token_hex(16))
    repository.commit({})
    return repository.folder


def test_the_documents_of_all_commands_without_a_cluster_have_the_form_of_their_schemas(project: Path, run: Run) -> None:
    """`run` validates the documents. The other commands run with a cluster or a remote in their own tests, with the same fixture."""
    config, reason = "config/chocolandia.yaml", ("--reason", "rehearsal")
    commands: tuple[tuple[str, ...], ...] = (
        ("render", config),
        ("check", config),
        ("diff", config, "--against", "HEAD"),
        ("doctor",),
        ("init", "new", "--name", "other", "--dry-run"),
        ("secret", "new", config, "--force", "--from-file", "password.txt"),
        ("secret", "rotate", config),
        ("secret", "seal", config, "--force", "--from-file", "password.txt"),
        ("secret", "check", config),
        ("migrate", "plan", config),
        ("migrate", "record", config, "--secret-seen"),
        ("migrate", "advance", config, "--override", "rehearsal"),
        ("migrate", "status", config),
        ("verify", config, "--from", "outside"),
        ("migrate", "export", config, "--to", "../owner/prod"),
        ("migrate", "rollback", config, *reason),
        ("migrate", "back", config, *reason),
    )
    for command in commands:
        output = run(*command, "--json")[1]
        assert "problems" not in json.loads(output), (command, output)
    done = {" ".join(command[:2]) if command[0] in ("migrate", "secret") else command[0] for command in commands}
    assert set(WITH_JSON) - done == {"migrate scan", "migrate step", "migrate verify", "secret apply", "secret fetch-cert", "upgrade"}
    assert project.is_dir()
