"""The vendored schemas and the validator: accepted objects, and the place and message of each violation."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit.checks.schema import SCHEMAS, Violation, kubernetes_versions, validate
from rediskit.errors import dotted
from rediskit.model.types import KUBERNETES_VERSIONS
from scripts.vendor_schemas import pins

DATA = Path(__file__).parent / "schema"
FLUX = "Kustomization of Flux"
GOOD: dict[str, dict[str, Any]] = {
    FLUX if obj["apiVersion"].startswith("kustomize.toolkit") else obj["kind"]: obj
    for obj in yaml.safe_load_all((DATA / "objects.yaml").read_text(encoding="utf-8"))
}

ELSEWHERE = [
    (
        "Application",
        "metadata.annotations",
        '{"argocd.argoproj.io/sync-wave": 1}',
        'metadata.annotations["argocd.argoproj.io/sync-wave"]',
        "must be text, is a whole number",
    ),
    ("Kustomization of Flux", "spec.decryption.secretRef", "{}", "spec.decryption.secretRef.name", "missing field name"),
    ("SecretStore", "spec.provider.vault", '{"server": "s", "path": "p"}', "spec.provider", "too many fields: at most 1"),
    ("Component", "patches[0].path", '"a.yaml"', "patches[0]", "needs exactly one of patch, path"),
    ("Component", "patches[1].path", "gone", "patches[1]", "needs exactly one of patch, path"),
    (
        "Component",
        "apiVersion",
        '"kustomize.config.k8s.io/v1beta1"',
        "",
        "no schema for kustomize.config.k8s.io/v1beta1 Component: rediskit can't validate it",
    ),
]
"""Values whose violation is at another place, which is the fourth entry."""


def changed(kind: str, place: str, value: str) -> dict[str, Any]:
    """Return a valid object with another value, written as YAML, at a place such as `spec.ports[0].port`; "gone" removes the value."""
    obj = copy.deepcopy(GOOD[kind])
    *keys, last = place.replace("[", ".").replace("]", "").split(".")
    parent: Any = obj
    for part in keys:
        parent = parent[int(part) if isinstance(parent, list) else part]
    key: Any = int(last) if isinstance(parent, list) else last
    if value == "gone":
        del parent[key]
    else:
        parent[key] = yaml.safe_load(value)
    return obj


def broken() -> list[tuple[str, str, str, str, str]]:
    rows = [line.split(" | ") for line in (DATA / "violations.txt").read_text(encoding="utf-8").splitlines()[1:]]
    return [(kind, place, value, place, message) for kind, place, value, message in rows] + ELSEWHERE


def schema_files() -> list[str]:
    return sorted(file.relative_to(SCHEMAS).as_posix() for file in SCHEMAS.rglob("*.json") if file.parent != SCHEMAS)


def parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schema and all schemas in it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("oneOf", ())]
    for part in [*inner, schema.get("items"), schema.get("additionalProperties")]:
        if isinstance(part, dict):
            yield from parts(part)


@pytest.mark.parametrize("version", kubernetes_versions())
@pytest.mark.parametrize("kind", GOOD)
def test_good_objects_are_accepted_in_every_version(kind: str, version: str) -> None:
    assert validate(GOOD[kind], version) == []


@pytest.mark.parametrize(("kind", "place", "value", "path", "message"), broken())
def test_an_invalid_value_is_one_violation_at_its_place(kind: str, place: str, value: str, path: str, message: str) -> None:
    violations = validate(changed(kind, place, value), "1.34")
    assert [(dotted(violation.path), violation.message) for violation in violations] == [(path, message)]


OLDER = [("external-secrets.io/v1beta1", "ExternalSecret"), ("external-secrets.io/v1beta1", "SecretStore")]
"""Kinds that are also vendored in an older version, for clusters with that version."""


@pytest.mark.parametrize(("version", "kind"), OLDER)
def test_the_older_version_of_a_kind_is_validated(version: str, kind: str) -> None:
    older = {**GOOD[kind], "apiVersion": version}
    older["spec"] = {key: value for key, value in older["spec"].items() if key != "refreshPolicy"}
    assert validate(older, "1.34") == []
    (violation,) = validate({**older, "spec": {**older["spec"], "refreshPolicies": "x"}}, "1.34")
    assert "refreshPolicies" in f"{dotted(violation.path)}: {violation.message}"


def test_every_vendored_kind_has_a_good_object() -> None:
    """No schema refuses all objects, and each version has the same kinds."""
    kinds = [(obj["apiVersion"], obj["kind"]) for obj in GOOD.values()]
    core = [(api, kind) for api, kind in kinds if "." not in api or api in ("networking.k8s.io/v1", "rbac.authorization.k8s.io/v1")]
    vendored = [json.loads((SCHEMAS / file).read_text())["properties"] for file in schema_files()]
    expected = OLDER + [kind for kind in kinds if kind not in core] + core * len(kubernetes_versions())
    assert sorted((fields["apiVersion"]["enum"][0], fields["kind"]["enum"][0]) for fields in vendored) == sorted(expected)


def test_all_mistakes_are_reported_in_the_order_of_their_paths() -> None:
    obj = changed("Service", "spec.ports[1].port", "'9121'")
    obj["spec"]["ports"][0] = {"Port": 1, "extra": 2}
    obj["metadata"]["labels"] = {"b": 2, "a": 1}
    violations = [dotted(violation.path) for violation in validate(obj, "1.34")]
    ports = ["spec.ports[0].Port", "spec.ports[0].extra", "spec.ports[0].port", "spec.ports[1].port"]
    assert violations == ["metadata.labels.a", "metadata.labels.b", *ports]
    backwards = {key: obj[key] for key in reversed(obj)}
    assert validate(backwards, "1.34") == validate(obj, "1.34")


def test_a_field_is_validated_for_the_version_of_the_cluster() -> None:
    """`hostnameOverride` of a Pod came with Kubernetes 1.34."""
    obj = changed("Deployment", "spec.template.spec.hostnameOverride", "backend")
    assert validate(obj, "1.34") == []
    assert [violation.path[-1] for violation in validate(obj, "1.33")] == ["hostnameOverride"]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("example.com/v1", "Foo"), ("v1", "../../versions"), ("../own/v1", "Secret"), ("apps/v2", "Deployment"), ("", "Secret"), ("v1", "")],
)
def test_a_kind_without_a_schema_is_one_violation(api_version: str, kind: str) -> None:
    violations = validate({"apiVersion": api_version, "kind": kind}, "1.34")
    assert violations == [Violation((), f"no schema for {api_version} {kind}: rediskit can't validate it")]


def test_an_object_requires_apiversion_and_kind() -> None:
    assert validate({"metadata": {}}, "1.34") == [
        Violation(("apiVersion",), "missing field apiVersion"),
        Violation(("kind",), "missing field kind"),
    ]
    assert validate({"apiVersion": 1, "kind": "Secret"}, "1.34") == [Violation(("apiVersion",), "must be text, is a whole number")]


def test_a_value_that_json_cannot_represent_is_a_violation() -> None:
    obj = changed("Namespace", "metadata.annotations", "{day: 2026-01-01, true: x}")
    assert validate(obj, "1.34") == [
        Violation(("metadata", "annotations", "day"), "must be plain data, is a Python date"),
        Violation(("metadata", "annotations"), "the key True must be text, is true or false"),
    ]


@pytest.mark.parametrize("version", ["1.30", "1.38", "1.34.0", "v1.34", ""])
def test_an_unknown_version_is_an_error_that_lists_the_known_ones(version: str) -> None:
    with pytest.raises(ValueError, match=r"known: 1\.31, 1\.32, .*1\.37$"):
        validate(GOOD["Namespace"], version)


def test_no_message_contains_a_secret() -> None:
    violations = validate(changed("Secret", "data", "{redis-password: 987654321}"), "1.34")
    assert violations
    assert "987654321" not in str(violations)


def test_versions_are_those_of_the_folders_and_of_the_model() -> None:
    folders = {folder.name for folder in (SCHEMAS / "kubernetes").iterdir()}
    assert folders == {f"v{version}.0-standalone-strict" for version in kubernetes_versions()}
    assert kubernetes_versions() == KUBERNETES_VERSIONS


def test_generated_files_are_those_of_the_lock() -> None:
    lock = json.loads((SCHEMAS / "lock.json").read_text())
    present = [file for file in ["versions.json", *schema_files()] if not file.startswith("own/")]
    assert {file: hashlib.sha256((SCHEMAS / file).read_bytes()).hexdigest() for file in present} == lock["generated"]


def test_the_lock_is_of_the_pinned_packages() -> None:
    sources = json.loads((SCHEMAS / "lock.json").read_text())["sources"]
    pinned = {(module.path, module.version): set(module.crds) for module in pins.MODULES}
    assert {(source["package"], source["version"]): set(source["files"]) for source in sources[1:]} == pinned
    assert (sources[0]["package"], sources[0]["version"]) == pins.WHEEL
    assert len(sources[0]["files"]) == len(pins.KUBERNETES) * (len(pins.CORE_KINDS) + 1)


@pytest.mark.parametrize("file", schema_files())
def test_schemas_are_strict_self_contained_and_use_only_known_keywords(file: str) -> None:
    worded = {"type", "enum", "pattern", "required", "properties", "additionalProperties", "items", "oneOf", "$ref", "$defs", "$schema"}
    limits = {"minimum", "maximum", *(f"{end}{what}" for end in ("min", "max") for what in ("Items", "Length", "Properties"))}
    root = json.loads((SCHEMAS / file).read_text())
    assert root["additionalProperties"] is False
    for part in parts(root):
        assert set(part) <= worded | limits | ({"$comment"} if file.startswith("own/") else set())
        if reference := part.get("$ref"):
            assert reference.removeprefix("#/$defs/") in root["$defs"]
        if "properties" in part:
            assert part.get("additionalProperties") is False
        assert all(set(branch) == {"required"} for branch in part.get("oneOf", ()))


def test_the_schemas_are_small() -> None:
    assert sum(len(zlib.compress((SCHEMAS / file).read_bytes())) for file in schema_files()) < 400_000


def test_the_validator_is_imported_only_for_an_object() -> None:
    program = "import sys; from rediskit.checks import schema; schema.kubernetes_versions(); print('jsonschema_rs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=SCHEMAS.parents[2], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
