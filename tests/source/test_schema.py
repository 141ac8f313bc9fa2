"""The JSON schema accepts valid configs, refuses most invalid ones, and describes each key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from rediskit.cli import main
from rediskit.model.measures import Quantity
from rediskit.source.schema import config_schema

ROOT = Path(__file__).parents[2]
SCHEMA = config_schema()
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
CONFIGS = [*sorted((ROOT / "config").glob("*.yaml")), *sorted((ROOT / "tests/valid").glob("*.yaml"))]
CLIENTS = [ROOT / "tests/valid/maximal/stock.yaml", ROOT / "tests/valid/several-clients/queue.yaml"]
INVALID = sorted((ROOT / "tests/invalid").glob("*.yaml"))


class Core(yaml.SafeLoader):
    """Load with the core schema of YAML 1.2 (chapter 10.3), as editors do: `on` is text, 1.30 is 1.3, 022 is 22, a date is text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for tag, pattern in {
    "null": r"~|null|Null|NULL|",
    "bool": r"true|True|TRUE|false|False|FALSE",
    "int": r"[-+]?[0-9]+",
    "float": r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?",
}.items():
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"(?:{pattern})$"), None)
Core.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))
Core.add_constructor("tag:yaml.org,2002:float", lambda _, node: float(node.value))


def as_an_editor_reads(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Core)


def test_the_reader_of_this_test_is_that_of_yaml_1_2() -> None:
    text = "[1.30, 022, on, yes, 2026-03-01, 12:30, true, ~, 1234e56, 0.5, '1']"
    assert yaml.load(text, Core) == [1.3, 22, "on", "yes", "2026-03-01", "12:30", True, None, 1234e56, 0.5, "1"]


def test_the_file_at_the_root_is_the_output_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert (ROOT / "rediskit.schema.json").read_text(encoding="utf-8") == capsys.readouterr().out, (
        "run: rediskit schema > rediskit.schema.json"
    )


def test_the_schema_is_valid() -> None:
    assert jsonschema_rs.meta.is_valid(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_valid_config_fits(config: Path) -> None:
    assert [f"{list(error.instance_path)}: {error.message}" for error in VALIDATOR.iter_errors(as_an_editor_reads(config))] == []


@pytest.mark.parametrize("client", CLIENTS, ids=lambda path: path.stem)
def test_a_file_of_a_client_fits_its_part(client: Path) -> None:
    part = jsonschema_rs.Draft202012Validator({"$ref": "#/$defs/Client", "$defs": SCHEMA["$defs"]})
    assert [error.message for error in part.iter_errors(as_an_editor_reads(client))] == []


# What is no data for a schema (YAML itself), spans two values, or stands in another file.
BEYOND = {
    "YAML": {
        "alias-bomb", "container-twice", "duplicate-key", "levels", "merge-conflict", "merge-key", "python-tag", "quote-not-closed", "tab",
        "two-documents", "env-twice", "template-without-quotes",
    },
    "two values": {
        "address-outside-pool", "address-taken", "client-in-redis-namespace", "clients-with-one-name", "clients-with-one-workload",
        "command-twice", "destination-twice", "evidence-missing", "evidence-too-short", "history-ends-elsewhere", "history-out-of-order",
        "history-impossible",
        "image-without-tag", "memory-above-limit", "memory-default-above-limit", "migration-of-nothing", "name-is-not-the-file",
        "pool-backwards", "previous-removes-the-application", "previous-removes-twice", "request-above-limit",
        "rolled-back-without-a-reason", "validation-backwards", "workload-incomplete", "autoscaler-bounds", "autoscaler-incomplete",
        "autoscaler-to-0", "container-in-two-lists", "accept-twice", "evidence-criterion", "evidence-downtime",
        "evidence-scan", "args-replaced-twice", "container-of-a-person-with-env", "container-without-a-change", "containers-none",
        "database-not-there", "database-unknown", "env-added-by-rediskit", "env-in-a-circle", "env-refers-to-a-removed-one",
        "workload-cronjob-with-autoscaler", "workload-cronjob-with-replicas", "workload-deployment-suspended",
        "workload-rollout-without-manifest", "workload-twice", "egress-without-workloads", "evidence-drained", "evidence-empty",
        "evidence-dispute",
        "evidence-installed", "owner-release-missing",
        "owner-values-missing", "owner-values-null", "owner-values-password", "owner-values-empty",
        "chart-unknown", "chart-of-another-profile", "chart-resources-by-role", "chart-replicas", "chart-http-of-another-profile",
        "owner-variables-missing",
        "evidence-jobs",
    },
    "another file": {
        "client-file-duplicate-key", "client-file-missing", "client-file-names-a-file", "client-file-wrong", "container-unknown",
        "manifest-absolute", "manifest-at-home", "manifest-broken", "manifest-is-a-folder", "manifest-of-a-service",
        "manifest-of-another-namespace", "manifest-outside", "manifest-says-otherwise", "manifest-scaled-to-0",
        "manifest-variable-without-name", "manifest-without-replicas",
        "secrets-directory-outside", "gitops-path-elsewhere", "ciphertext-in-clear", "ciphertext-broken", "secret-in-clear",
        "autoscaler-manifest-of-a-service", "autoscaler-of-another-workload", "autoscaler-outside", "autoscaler-says-otherwise",
        "egress-without-labels", "args-absent", "args-twice", "args-without-manifest", "workload-of-a-daemonset", "workload-of-a-job",
        "workload-rollout-without-its-deployment", "init-container-unknown", "certificate-of-something-else", "gitops-tool-as-client",
        "owner-release-of-a-service", "owner-release-without-chart",
    },
    "this version of rediskit": {"required-version"},
    "arithmetic": {
        "cidr-everybody", "cidr-everybody-in-two-halves", "cidr-host-bits", "memory-without-unit", "memory-zero", "monitoring-interval",
        "pool-host-bits", "quantity-slipped",
    },
    "spellings of other tools": {
        "template-of-a-manual", "template-of-helm", "template-of-kubernetes", "template-of-windows",
    },
    "lists of names": {
        "client-name-reserved", "command-needed", "command-unknown", "previous-removes-too-much", "chart-value-unknown", "chart-value-kind",
        "redis-conf-beats-the-chart", "chart-name-for-a-shell", "chart-keys-of-another-profile", "data-directory", "volume-shared",
    },
    "secrets": {"password-in-redis-conf", "password-in-values", "password-written-out", "env-with-a-user-and-password"},
    "one key and another": {
        "init-container-before-the-secret",
        "flux-git-address", "sops-with-argocd", "sops-for-nobody",
        "external-secrets-without-store", "external-secrets-two-sources",
        "external-secrets-generated-by-an-old-one", "init-containers-without-order", "manifests-without-replicas",
        "manifests-without-the-autoscaler", "owner-key", "owner-without-the-object",
    },
}  # fmt: skip


@pytest.mark.parametrize("config", [path for path in INVALID if path.stem not in BEYOND["YAML"]], ids=lambda path: path.stem)
def test_the_schema_refuses_invalid_configs_within_its_means(config: Path) -> None:
    beyond = any(config.stem in names for names in BEYOND.values())
    assert VALIDATOR.is_valid(as_an_editor_reads(config)) == beyond


def test_the_schema_refuses_most_invalid_configs() -> None:
    names = {path.stem for path in INVALID}
    beyond = set().union(*BEYOND.values())
    assert beyond <= names
    assert len(names - beyond) >= 45


def properties(part: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(part, dict):
        for name, value in part.get("properties", {}).items():
            yield f"{path}/{name}", value
        for key, value in part.items():
            yield from properties(value, f"{path}/{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from properties(value, f"{path}/{index}")


def test_every_property_has_a_description() -> None:
    by_path = dict(properties(SCHEMA))
    assert len(by_path) > 110
    for path, schema in by_path.items():
        description = schema.get("description", "")
        assert description.endswith("."), path
        assert description[0].isupper() or description.startswith(("`", "p95")), (path, description)
        assert "$ref" in schema or "anyOf" in schema or "oneOf" in schema or schema["title"], path
        assert not re.search(r"brief|design|§|facts|TODO", description), (path, description)
    for name, section in SCHEMA["$defs"].items():
        assert section["description"].endswith("."), name
        assert section["additionalProperties"] is False, name
        assert not re.search(r"brief|design|§|facts", section["description"]), name


def test_titles_consist_of_words() -> None:
    titles = {schema["title"] for _, schema in properties(SCHEMA) if "title" in schema}
    assert {"Bootstrap project", "Extra keys", "Save points", "Schema version"} <= titles


def test_choices_are_enumerated() -> None:
    definitions = SCHEMA["$defs"]
    assert definitions["GitOps"]["properties"]["tool"]["enum"] == ["argocd", "flux"]
    assert definitions["Migration"]["properties"]["step"]["enum"][0] == "prepare"
    assert definitions["Workload"]["properties"]["kind"]["enum"] == ["Deployment", "StatefulSet", "CronJob", "Rollout", None]
    assert {"1.34", 1.34} <= set(SCHEMA["properties"]["kubernetes"]["enum"])


def test_defaults_are_written_as_in_a_config() -> None:
    definitions = SCHEMA["$defs"]
    assert definitions["Memory"]["properties"]["max"]["default"] == "1gb"
    assert definitions["Monitoring"]["properties"]["interval"]["default"] == "15s"
    assert definitions["Storage"]["properties"]["size"]["default"] == str(Quantity("10Gi"))
    assert "default" not in definitions["Chart"]["properties"]["version"], "that of the profile"
    for path, schema in properties(SCHEMA):
        if isinstance(schema.get("default"), str):
            assert jsonschema_rs.Draft202012Validator({**schema, "$defs": definitions}).is_valid(schema["default"]), path
        assert schema.get("default", "") is not None, path


def test_patterns_have_an_error_message() -> None:
    """yaml-language-server shows `patternErrorMessage` instead of a regular expression."""
    patterns = [schema for _, schema in properties(SCHEMA) if "pattern" in schema]
    assert len(patterns) > 50
    assert all(schema["patternErrorMessage"].startswith("not ") and ": " in schema["patternErrorMessage"] for schema in patterns)


@pytest.mark.parametrize(
    ("path", "value", "fits"),
    [
        (("redis", "labels"), {"cost center": "a"}, False),
        (("redis", "labels"), {"example.org/cost-center": "a"}, True),
        (("clients",), [{"file": "a.yaml"}], True),
        (("clients",), [{"file": ""}], False),
        (("clients",), [{"file": "a.yaml", "name": "a"}], False),
        (("kubernetes",), 1.34, True),
        (("kubernetes",), 1.3, False),
        (("redis", "image"), {"tag": "latest"}, False),
        (("redis", "image"), {"tag": 8.2}, True),
        (("gitops", "path"), "a/../b", False),
        (("gitops", "path"), "a..b/c", True),
        (("network",), None, True),
        (("redis",), None, False),
        (("redis", "resources"), {"primary": {"limits": {"memory": "4Gi"}}}, True),
        (("secrets",), {"mode": "manual", "certificate": "a"}, False),
        (("secrets",), {"mode": "sealed-secrets", "certificate": "a.crt"}, True),
    ],
)  # fmt: skip
def test_forms(path: tuple[str, ...], value: Any, fits: bool) -> None:
    data: dict[str, Any] = {"name": "a", "gitops": {"tool": "argocd", "repository": "https://git.example.org/a/b.git"}}
    into = data
    for part in path[:-1]:
        into = into.setdefault(part, {})
    into[path[-1]] = value
    assert VALIDATOR.is_valid(data) == fits


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["schema"])
    assert json.loads(capsys.readouterr().out) == SCHEMA
