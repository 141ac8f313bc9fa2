"""The second judge: what is handed to kubeconform, and what becomes of its answer when it has one and when it has none."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from rediskit import render
from rediskit.checks import kubeconform as wrapper
from rediskit.checks.kubeconform import Counts, Emitted, emitted, judge
from rediskit.checks.schema import SCHEMAS
from rediskit.errors import MissingToolError
from rediskit.renderers.tree import File, Tree
from rediskit.yamlio.writer import dump
from tests.checks.test_schema import GOOD, changed
from tests.checks.verdicts import Script, messages, one, report
from tests.samples import loaded, made

FLUX = {"gitops": {"tool": "flux"}}


@pytest.mark.usefixtures("real")
@pytest.mark.parametrize("over", [{}, FLUX], ids=["argocd", "flux"])
@pytest.mark.parametrize("step", [None, "prepare", "scale-down", "validate", "decommission", "complete", "rolled-back"])
def test_every_object_of_every_tree_is_valid(step: str | None, over: dict[str, Any], temporary: Path) -> None:
    environment = made(step, over=over)
    tree = render(environment)
    objects = emitted(environment, tree)
    verdict = judge(objects)
    assert messages(verdict) == []
    assert verdict.counts == Counts(len(objects), len(objects), 0, 0, 0)
    assert len(objects) > 5
    assert list(temporary.iterdir()) == []


def test_all_yaml_is_judged_but_the_helm_values_and_the_patch_whose_result_is() -> None:
    environment = made("decommission")
    tree = render(environment)
    objects = emitted(environment, tree)
    patches = {path for path in tree.files if path.startswith("owners/") and not path.endswith("kustomization.yaml")}
    assert len(patches) == 3
    passed_over = {"helm/redis-shared/values.yaml", *patches}
    whole = [path for path in tree.files if path.endswith(".yaml") and path not in passed_over]
    assert [one.path for one in objects] == [*whole, "owners/beersystem/deployment-beersystem-backend.yaml"]
    assert [one.text for one in objects[:-1]] == [tree.files[path] for path in whole]
    assert b"name: beersystem-backend" in objects[-1].text
    assert b"REDIS_HOST" in objects[-1].text
    assert b"image:" in objects[-1].text
    assert "owners/beersystem/kustomization.yaml" in whole


@pytest.mark.usefixtures("real")
def test_text_that_a_renderer_took_over_is_judged_too() -> None:
    """Such as an encrypted file: it has no object here that the schema check could see."""
    environment = made()
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: redis-credentials}\nsops: {}\n"
    tree = Tree.of("chocolandia", "", (*render(environment).contents, File("platform/redis/secret-redis-credentials.yaml", secret)))
    assert messages(judge(emitted(environment, tree))) == ["platform/redis/secret-redis-credentials.yaml at sops: unknown field sops"]


@pytest.mark.usefixtures("real")
def test_the_patched_object_is_judged_and_found_in_the_config(tmp_path: Path) -> None:
    manifest = {**GOOD["Deployment"], "metadata": {"name": "beersystem-backend", "namespace": "beersystem", "labells": {}}}
    environment = loaded(tmp_path, manifest=manifest)
    [finding] = judge(emitted(environment, render(environment))).findings
    assert finding.message == "owners/beersystem/deployment-beersystem-backend.yaml at metadata.labells: unknown field labells"
    assert finding.path == ("clients", 0, "workload")
    assert finding.location == environment.locate(finding.path)
    assert str(finding.location).startswith(f"{tmp_path}/chocolandia.yaml:")


@pytest.mark.usefixtures("real")
def test_findings_name_the_place_in_the_config_of_their_file(tmp_path: Path) -> None:
    environment = loaded(tmp_path)
    objects = emitted(environment, render(environment))
    broken = [one._replace(text=one.text.replace(b"\nkind: Service\n", b"\nkind: Service\nspecs: {}\n")) for one in objects]
    [finding] = judge(broken).findings
    assert finding.message == "platform/redis-external/service-redis-shared-external.yaml at specs: unknown field specs"
    assert finding.path == ("network",)
    assert finding.location == environment.locate(("network",))
    assert str(finding.location).startswith(f"{tmp_path}/chocolandia.yaml:")


@pytest.mark.usefixtures("real")
def test_each_object_is_judged_by_the_version_of_its_cluster() -> None:
    """`hostnameOverride` of a Pod came with Kubernetes 1.34."""
    text = dump(changed("Deployment", "spec.template.spec.hostnameOverride", "backend"))
    verdict = judge([one(text, version) for version in ("1.34", "1.33", "1.37", "1.31")])
    assert messages(verdict) == [" at spec.template.spec.hostnameOverride: unknown field hostnameOverride"] * 2
    assert verdict.counts == Counts(4, 2, 2, 0, 0)


@pytest.mark.usefixtures("real")
def test_a_schema_that_does_not_compile_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = tmp_path / "schemas"
    shutil.copytree(SCHEMAS, schemas)
    monkeypatch.setattr(wrapper, "SCHEMAS", schemas)
    objects = [one(dump(GOOD["Namespace"])), one(dump(GOOD["Secret"]))]
    assert messages(judge(objects)) == []
    (schemas / "kubernetes/v1.34.0-standalone-strict/namespace-v1.json").write_text('{"type": "nonsense"}')
    verdict = judge(objects)
    assert messages(verdict) == [": no schema for v1 Namespace that kubeconform can use"]
    assert verdict.counts == Counts(2, 1, 0, 1, 0)
    (schemas / "kubernetes/v1.34.0-standalone-strict/secret-v1.json").unlink()
    assert judge(objects).counts == Counts(2, 0, 0, 2, 0)


def test_only_local_schemas_are_asked_for_and_none_may_be_missing(fake: Script, tmp_path: Path) -> None:
    fake(f'printf "%s\\n" "$@" > {tmp_path}/arguments; pwd > {tmp_path}/cwd; {report(("0.yaml", "statusValid", ""))}')
    judge([one("a: b")])
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
        ([("0.yaml", "statusValid", "")], ["1: kubeconform judged 0 objects in it instead of one"]),
        ([("0.yaml", "statusValid", ""), ("1.yaml", "statusSkipped", "")], ["1: kubeconform skipped it"]),
        ([("1.yaml", "", ""), ("0.yaml", "statusValid", "")], ["1: kubeconform finds no object in it"]),
        (
            [("0.yaml", "statusValid", "")] * 2,
            ["0: kubeconform judged 2 objects in it instead of one", "1: kubeconform judged 0 objects in it instead of one"],
        ),
        ([], ["0: kubeconform judged 0 objects in it instead of one", "1: kubeconform judged 0 objects in it instead of one"]),
    ],
)
def test_an_object_that_is_not_judged_valid_once_is_an_error(
    entries: list[tuple[str, str, str]], expected: list[str], fake: Script
) -> None:
    fake(report(*entries))
    verdict = judge([Emitted("0", b"", "1.34"), Emitted("1", b"", "1.34")])
    assert messages(verdict) == expected
    assert verdict.counts.emitted == 2
    assert verdict.counts.skipped == sum(status == "statusSkipped" for _, status, _ in entries)


@pytest.mark.usefixtures("real")
def test_nothing_to_judge_is_an_error() -> None:
    verdict = judge([])
    assert messages(verdict) == ["kubeconform calls 0 of 0 objects valid"]
    assert verdict.counts == Counts(0, 0, 0, 0, 0)


def test_an_invalid_object_without_a_complaint_is_an_error_still(fake: Script) -> None:
    fake(report(("0.yaml", "statusInvalid", "x - at '': additional properties foo not allowed"), exit_code=1))
    assert messages(judge([one("a: b")])) == ["kubeconform calls 0 of 1 objects valid"]


VALID = ("0.yaml", "statusValid", "")
UNREADABLE = "without a report that can be read"
INVALID = ("0.yaml", "statusInvalid", "x")


@pytest.mark.parametrize(
    ("body", "message", "hint"),
    [
        ("echo '<html>'", f"ended with exit code 0 and {UNREADABLE}", "version 0.7.0 is known to work"),
        ("echo flag provided but not defined >&2; exit 1", f"ended with exit code 1 and {UNREADABLE}", "flag provided but not defined"),
        ('printf \'{"resources": [], "summ\'', f"ended with exit code 0 and {UNREADABLE}", ""),
        ("echo '[]'", f"ended with exit code 0 and {UNREADABLE}", ""),
        ("echo '{\"resources\": []}'", f"ended with exit code 0 and {UNREADABLE}", ""),
        ('echo \'{"resources": [5], "summary": {}}\'', f"ended with exit code 0 and {UNREADABLE}", ""),
        ("printf '\\377\\376'", f"ended with exit code 0 and {UNREADABLE}", ""),
        (report(("0.yaml", "statusOdd", "")), f"ended with exit code 0 and {UNREADABLE}", ""),
        (report(VALID, exit_code=1), "ended with exit code 1, which its report does not explain", ""),
        (report(INVALID), "ended with exit code 0, which its report does not explain", ""),
        (report(VALID, valid=2), "counts other results than it lists", ""),
        (report(VALID, skipped=1), "counts other results than it lists", ""),
        (report(VALID, ("7.yaml", "statusValid", "")), "failed: ", ""),
        (report(VALID, ("", "statusError", "open it: no such file"), exit_code=1), "failed: open it: no such file", ""),
        ("echo panic: runtime error >&2; exit 2", "ended with exit code 2", "panic: runtime error"),
        ("kill -SEGV $$", "was killed by signal 11", ""),
    ],
)
def test_an_answer_that_cannot_be_relied_on_is_exit_code_3(body: str, message: str, hint: str, fake: Script, temporary: Path) -> None:
    fake(body)
    with pytest.raises(MissingToolError) as caught:
        judge([one("a: b")])
    [problem] = caught.value.problems
    assert problem.message == f"kubeconform {message}"
    assert hint in problem.hint
    assert list(temporary.iterdir()) == []


def test_a_program_that_hangs_is_killed(fake: Script, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrapper, "TIME_LIMIT", 0.3)
    fake("sleep 30")
    began = time.monotonic()
    with pytest.raises(MissingToolError, match=r"kubeconform did not end within 0\.3 s and was killed"):
        judge([one("a: b")])
    assert time.monotonic() - began < 10
    assert list(temporary.iterdir()) == []


def test_the_program_is_the_named_one_or_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kubeconform: Path) -> None:
    monkeypatch.setenv("PATH", str(kubeconform.parent))
    monkeypatch.delenv("KUBECONFORM", raising=False)
    assert judge([one(dump(GOOD["Namespace"]))]).counts.valid == 1
    monkeypatch.setenv("KUBECONFORM", str(tmp_path / "nowhere"))
    with pytest.raises(MissingToolError, match=r"\$KUBECONFORM is .*/nowhere, where there is no file"):
        judge([])
    monkeypatch.delenv("KUBECONFORM")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="kubeconform is not on PATH"):
        judge([])


@pytest.mark.usefixtures("real")
def test_a_full_or_missing_temporary_folder_is_named(temporary: Path) -> None:
    temporary.rmdir()
    with pytest.raises(MissingToolError, match=r"temporary folder: No such file or directory\n  .*\$TMPDIR"):
        judge([one("a: b")])
