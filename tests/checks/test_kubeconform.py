"""kubeconform: its input, the findings from its report, and the errors without a usable report."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from rediskit import render
from rediskit.checks import kubeconform as wrapper
from rediskit.checks.kubeconform import Counts, Document, documents, validate_documents
from rediskit.checks.schema import SCHEMAS
from rediskit.errors import MissingToolError
from rediskit.renderers.tree import File, Tree
from rediskit.yamlio.writer import dump
from tests.checks.reports import Script, document, messages, report
from tests.checks.test_schema import GOOD, changed
from tests.samples import environment_of, loaded

FLUX = {"gitops": {"tool": "flux"}}


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize("over", [{}, FLUX], ids=["argocd", "flux"])
@pytest.mark.parametrize("step", [None, "prepare", "scale-down", "validate", "decommission", "complete", "rolled-back"])
def test_every_object_of_every_tree_is_valid(step: str | None, over: dict[str, Any], temporary: Path) -> None:
    environment = environment_of(step, over=over)
    tree = render(environment)
    objects = documents(environment, tree)
    outcome = validate_documents(objects)
    assert messages(outcome) == []
    assert outcome.counts == Counts(len(objects), len(objects), 0, 0, 0)
    assert len(objects) > 5
    assert list(temporary.iterdir()) == []


def test_documents_are_all_yaml_files_without_helm_values_and_with_patched_objects() -> None:
    environment = environment_of("decommission")
    tree = render(environment)
    objects = documents(environment, tree)
    patches = {path for path in tree.files if path.startswith("owners/") and not path.endswith("kustomization.yaml")}
    assert len(patches) == 3
    passed_over = {"helm/redis-shared/values.yaml", *patches}
    whole = [path for path in tree.files if path.endswith(".yaml") and path not in passed_over]
    assert [entry.path for entry in objects] == [*whole, "owners/beersystem/deployment-beersystem-backend.yaml"]
    assert [entry.text for entry in objects[:-1]] == [tree.files[path] for path in whole]
    assert b"name: beersystem-backend" in objects[-1].text
    assert b"REDIS_HOST" in objects[-1].text
    assert b"image:" in objects[-1].text
    assert "owners/beersystem/kustomization.yaml" in whole


@pytest.mark.usefixtures("real")
def test_a_file_that_a_renderer_copies_as_text_is_validated() -> None:
    """The in-process validator does not get the object of such a file, for example of an encrypted one."""
    environment = environment_of()
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: redis-credentials}\nsops: {}\n"
    tree = Tree.of("chocolandia", "", (*render(environment).contents, File("platform/redis/secret-redis-credentials.yaml", secret)))
    assert messages(validate_documents(documents(environment, tree))) == [
        "platform/redis/secret-redis-credentials.yaml: at '': additional properties 'sops' not allowed"
    ]


@pytest.mark.usefixtures("real")
def test_a_finding_about_a_patched_object_has_the_config_position_of_its_workload(tmp_path: Path) -> None:
    manifest = {**GOOD["Deployment"], "metadata": {"name": "beersystem-backend", "namespace": "beersystem", "labells": {}}}
    environment = loaded(tmp_path, manifest=manifest)
    [finding] = validate_documents(documents(environment, render(environment))).findings
    assert (
        finding.message
        == "owners/beersystem/deployment-beersystem-backend.yaml: at '/metadata': additional properties 'labells' not allowed"
    )
    assert finding.path == ("clients", 0, "workloads", 0)
    assert finding.location == environment.locate(finding.path)
    assert str(finding.location).startswith(f"{tmp_path}/chocolandia.yaml:")


@pytest.mark.usefixtures("real")
def test_a_finding_has_the_config_position_of_its_file(tmp_path: Path) -> None:
    environment = loaded(tmp_path)
    objects = documents(environment, render(environment))
    broken = [entry._replace(text=entry.text.replace(b"\nkind: Service\n", b"\nkind: Service\nspecs: {}\n")) for entry in objects]
    [finding] = validate_documents(broken).findings
    assert finding.message == "platform/redis-external/service-redis-shared-external.yaml: at '': additional properties 'specs' not allowed"
    assert finding.path == ("network",)
    assert finding.location == environment.locate(("network",))
    assert str(finding.location).startswith(f"{tmp_path}/chocolandia.yaml:")


@pytest.mark.usefixtures("real")
def test_each_object_is_validated_for_the_kubernetes_version_of_its_config() -> None:
    """`hostnameOverride` of a Pod came with Kubernetes 1.34."""
    text = dump(changed("Deployment", "spec.template.spec.hostnameOverride", "backend"))
    outcome = validate_documents([document(text, version) for version in ("1.34", "1.33", "1.37", "1.31")])
    assert messages(outcome) == ["at '/spec/template/spec': additional properties 'hostnameOverride' not allowed"] * 2
    assert outcome.counts == Counts(4, 2, 2, 0, 0)


@pytest.mark.usefixtures("real")
def test_a_schema_that_does_not_compile_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, schemas)
    monkeypatch.setattr(wrapper, "SCHEMAS", schemas)
    objects = [document(dump(GOOD["Namespace"])), document(dump(GOOD["Secret"]))]
    assert messages(validate_documents(objects)) == []
    (schemas / "kubernetes/v1.34.0-standalone-strict/namespace-v1.json").write_text('{"type": "nonsense"}')
    outcome = validate_documents(objects)
    assert messages(outcome) == ["could not find schema for Namespace"]
    assert outcome.counts == Counts(2, 1, 0, 1, 0)
    (schemas / "kubernetes/v1.34.0-standalone-strict/secret-v1.json").unlink()
    assert validate_documents(objects).counts == Counts(2, 0, 0, 2, 0)


def test_kubeconform_gets_only_local_schemas_and_no_option_that_skips_objects(fake: Script, tmp_path: Path) -> None:
    fake(f'printf "%s\\n" "$@" > {tmp_path}/arguments; pwd > {tmp_path}/cwd; {report(("0.yaml", "statusValid", ""))}')
    validate_documents([document("a: b")])
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert (tmp_path / "cwd").read_text() == f"{SCHEMAS}\n"
    locations = [arguments[index + 1] for index, argument in enumerate(arguments) if argument == "-schema-location"]
    assert [location.partition("/")[0] for location in locations] == ["kubernetes", "crds", "own"]
    assert all((SCHEMAS / location.partition("/")[0]).is_dir() for location in locations)
    assert arguments[arguments.index("-kubernetes-version") + 1] == "1.34.0"
    assert {"-strict", "-verbose"} <= set(arguments)
    assert not {"-ignore-missing-schemas", "-skip", "-ignore-filename-pattern", "-exit-on-error"} & set(arguments)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([("0.yaml", "statusValid", "")], ["1: kubeconform reports 0 objects in it instead of one"]),
        ([("0.yaml", "statusValid", ""), ("1.yaml", "statusSkipped", "")], ["1: kubeconform skipped it"]),
        ([("1.yaml", "", ""), ("0.yaml", "statusValid", "")], ["1: kubeconform reports no object in it"]),
        (
            [("0.yaml", "statusValid", "")] * 2,
            ["0: kubeconform reports 2 objects in it instead of one", "1: kubeconform reports 0 objects in it instead of one"],
        ),
        ([], ["0: kubeconform reports 0 objects in it instead of one", "1: kubeconform reports 0 objects in it instead of one"]),
    ],
)
def test_an_object_without_exactly_one_valid_result_is_an_error(
    entries: list[tuple[str, str, str]], expected: list[str], fake: Script
) -> None:
    fake(report(*entries))
    outcome = validate_documents([Document("0", b"", "1.34"), Document("1", b"", "1.34")])
    assert messages(outcome) == expected
    assert outcome.counts.emitted == 2
    assert outcome.counts.skipped == sum(status == "statusSkipped" for _, status, _ in entries)


@pytest.mark.usefixtures("real")
def test_a_run_without_objects_is_an_error() -> None:
    outcome = validate_documents([])
    assert messages(outcome) == ["kubeconform reports 0 of 0 objects as valid"]
    assert outcome.counts == Counts(0, 0, 0, 0, 0)


HEAD = "problem validating schema. Check JSON formatting: jsonschema validation failed with 'file:///x#'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"{HEAD} - at '/spec': validation failed   - at '/spec/b': got number   - at '/spec/a': x",
            ["at '/spec/a': x", "at '/spec/b': got number"],
        ),
        ("problem", ["problem"]),
        ("", [""]),
        ("x" * 500, [f"{'x' * 199}…"]),
        ("cannot decode !!str `s3cret\ns3cret` as a !!int", ["cannot decode !!str `...` as a !!int"]),
        ("a\x1b[31m \t b", ["a\\x1b[31m b"]),
        (f"{HEAD} - at '/spec': validation failed", ["kubeconform reports 0 of 1 objects as valid"]),
    ],
)
def test_the_text_of_kubeconform_is_sorted_shortened_and_without_values(text: str, expected: list[str], fake: Script) -> None:
    fake(report(("0.yaml", "statusInvalid", text), exit_code=1))
    assert messages(validate_documents([document("a: b")])) == expected


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n  name: b\n", 'line 5: key "name" already set in map'),
        ("apiVersion: v1\nkind: Namespace\nmetadata:\n\tname: a\n", "line 4: found character that cannot start any token"),
        ("apiVersion: v1\nkind: Secret\nuid: !!int s3cret\n", "cannot decode !!str `...` as a !!int"),
        ("apiVersion: v1\nkind: Secret\nmetadata: []\n", "cannot unmarshal array into Go struct field .Metadata"),
        ("kind: Secret\n", "missing 'apiVersion' key"),
        ("just text\n", "cannot unmarshal string into Go value"),
        ("# Generated by rediskit\n", "kubeconform reports no object in it"),
        ("", "kubeconform reports no object in it"),
        ("apiVersion: v1\nkind: Foo\n", "could not find schema for Foo"),
        ("apiVersion: v1\nkind: Namespace\n---\napiVersion: v1\nkind: Namespace\n", "kubeconform reports 2 objects in it instead of one"),
        ('apiVersion: v1\nkind: Namespace\nmetadata: {annotations: {a: "y", b: y}}\n', "at '/metadata/annotations/b': got boolean, want"),
        ("apiVersion: v1\nkind: Namespace\nmetadata: {annotations: {b: 09}}\n", "at '/metadata/annotations/b': got number, want"),
    ],
)
def test_text_that_is_not_one_valid_object_is_one_finding(text: str, message: str) -> None:
    (complaints,) = messages(validate_documents([document(text)]))
    assert message in complaints
    assert "s3cret" not in complaints
    assert str(SCHEMAS) not in complaints


@pytest.mark.usefixtures("real")
def test_a_list_does_not_pass_as_the_object_in_it() -> None:
    text = "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Namespace, metadata: {name: a}}]\n"
    listed = document(text)._replace(identity=("v1", "List"))
    assert messages(validate_documents([listed])) == ["kubeconform reports a v1 Namespace in it"]
    empty = document("apiVersion: v1\nkind: List\nitems: []\n")
    assert messages(validate_documents([empty])) == ["kubeconform reports no object in it"]


@pytest.mark.usefixtures("real")
def test_findings_have_one_order_in_each_run() -> None:
    """The program validates in four threads, and prints violations in the order of a Go map."""
    broken = changed("Service", "spec.ports[1].port", "'9121'")
    broken["metadata"]["labels"] = {"b": 2, "a": 1, "0": 5}
    objects = [Document(f"{number}.yaml", dump(broken).encode(), version) for number in range(12) for version in ("1.37", "1.31")]
    first = messages(validate_documents(objects))
    violations = [f"at '/metadata/labels/{label}': got number, want null or string" for label in "0ab"]
    violations.append("at '/spec/ports/1/port': got string, want integer")
    assert first == [f"{number}.yaml: {text}" for number in range(12) for _ in range(2) for text in violations]
    assert all(messages(validate_documents(objects)) == first for _ in range(3))


VALID = ("0.yaml", "statusValid", "")
UNREADABLE = "without a readable report"
INVALID = ("0.yaml", "statusInvalid", "x")


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        ("echo '<html>'", f"ended with exit code 0 and {UNREADABLE}", "use version 0.7.0, which is tested"),
        ("echo flag provided but not defined >&2; exit 1", f"ended with exit code 1 and {UNREADABLE}", "flag provided but not defined"),
        ('printf \'{"resources": [], "summ\'', f"ended with exit code 0 and {UNREADABLE}", ""),
        ("echo '[]'", f"ended with exit code 0 and {UNREADABLE}", ""),
        ("echo '{\"resources\": []}'", f"ended with exit code 0 and {UNREADABLE}", ""),
        ('echo \'{"resources": [5], "summary": {}}\'', f"ended with exit code 0 and {UNREADABLE}", ""),
        ("printf '\\377\\376'", f"ended with exit code 0 and {UNREADABLE}", ""),
        (report(("0.yaml", "statusOdd", "")), f"ended with exit code 0 and {UNREADABLE}", ""),
        (report(VALID, exit_code=1), "ended with exit code 1, which its report does not explain", ""),
        (report(INVALID), "ended with exit code 0, which its report does not explain", ""),
        (report(VALID, valid=2), "printed a summary that differs from its results", ""),
        (report(VALID, skipped=1), "printed a summary that differs from its results", ""),
        (report(VALID, ("7.yaml", "statusValid", "")), "failed: ", ""),
        (report(VALID, ("", "statusError", "open it: no such file"), exit_code=1), "failed: open it: no such file", ""),
        ("echo panic: runtime error >&2; exit 2", "ended with exit code 2", "panic: runtime error"),
        ("kill -SEGV $$", "was killed by signal 11", ""),
    ],
)
def test_an_unusable_report_is_exit_code_3(body: str, message: str, hint: str, fake: Script, temporary: Path) -> None:
    fake(body)
    with pytest.raises(MissingToolError) as caught:
        validate_documents([document("a: b")])
    [problem] = caught.value.problems
    assert problem.message == f"kubeconform {message}"
    assert hint in problem.hint
    assert list(temporary.iterdir()) == []


def test_kubeconform_is_killed_after_the_time_limit(fake: Script, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapper, "TIME_LIMIT", 0.3)
    fake("sleep 30")
    began = time.monotonic()
    with pytest.raises(MissingToolError, match=r"kubeconform did not end within 0\.3 s and was killed"):
        validate_documents([document("a: b")])
    assert time.monotonic() - began < 10
    assert list(temporary.iterdir()) == []


def test_the_program_is_that_of_the_variable_or_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kubeconform: Path) -> None:
    monkeypatch.setenv("PATH", str(kubeconform.parent))
    monkeypatch.delenv("KUBECONFORM", raising=False)
    assert validate_documents([document(dump(GOOD["Namespace"]))]).counts.valid == 1
    monkeypatch.setenv("KUBECONFORM", str(tmp_path / "nowhere"))
    with pytest.raises(MissingToolError, match=r"\$KUBECONFORM is .*/nowhere, which does not exist"):
        validate_documents([])
    monkeypatch.delenv("KUBECONFORM")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="kubeconform is not on PATH"):
        validate_documents([])


@pytest.mark.usefixtures("real")
def test_a_missing_temporary_folder_is_reported(temporary: Path) -> None:
    temporary.rmdir()
    with pytest.raises(MissingToolError, match=r"temporary folder: No such file or directory\n  .*\$TMPDIR"):
        validate_documents([document("a: b")])
