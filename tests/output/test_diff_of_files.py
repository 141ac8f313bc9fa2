"""The diff of a tree and the disk where files are invalid, foreign, links or unreadable."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.cli.diff.markdown import markdown
from rediskit.cli.diff.text import readable, unified
from rediskit.errors import RefusedError
from rediskit.output.diff import diff
from rediskit.output.writer import compare, write
from tests.output.test_diff import STATEFULSET, only, tree
from tests.output.test_diff import root as root
from tests.output.trees import Files, put, snapshot


@pytest.mark.parametrize(
    "content",
    [
        b"a: [1, 2\n",
        b"a: &x 1\nb: *x\n",
        b"a: 1\n---\nb: 2\n",
        b"a: 1\na: 2\n",
        b"a: !!python/object:os.system 1\n",
        b"",
        b"x: " + b"[" * 5000,
        b"<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n",
        b"a: 1\n" * 300_000,
    ],
    ids=["syntax", "alias", "documents", "duplicate", "tag", "empty", "deep", "conflict", "large"],
)
def test_an_old_file_with_invalid_yaml_is_compared_as_text(root: Path, content: bytes) -> None:
    write(tree(a={"a": 1}), root)
    (root / "env/a.yaml").write_bytes(content)
    file_diff = only(diff(tree(a={"a": 1}), root))
    assert (file_diff.status, file_diff.by_values, file_diff.changes) == ("changed", False, ())
    assert file_diff.before == content.decode()


def test_an_object_is_paired_with_the_invalid_old_file_at_its_path(root: Path) -> None:
    write(tree(a=STATEFULSET), root)
    put(root / "env", "a.yaml", "{")
    difference = diff(tree(a=STATEFULSET), root)
    assert [(it.status, str(it)) for it in difference.all] == [("changed", "StatefulSet redis/x")]
    assert (only(difference).before, only(difference).by_values) == ("{", False)


@pytest.mark.parametrize("path", ["a.yaml", "README.md"])
def test_binary_content_is_replaced_by_a_placeholder(root: Path, path: str) -> None:
    files = tree(a={"a": 1}, README_md="x\n")
    write(files, root)
    (root / "env" / path).write_bytes(b"\xff\xfe\x00hunter2")
    file_diff = only(diff(files, root))
    assert file_diff.before is not None
    assert file_diff.before.startswith("<binary: 10 bytes, hmac:")
    assert file_diff.after == files.files[path].decode()


def test_the_index_is_listed_if_nothing_else_differs(root: Path) -> None:
    files = tree(a={"a": 1})
    write(files, root)
    put(root / "env", ".rediskit.json", "{\n}\n")
    assert compare(files, root).drifted
    assert [(it.status, it.path) for it in diff(files, root).all] == [("changed", ".rediskit.json")]
    (root / "env/.rediskit.json").unlink()
    assert compare(files, root).drifted
    assert [(it.status, it.path) for it in diff(files, root).all] == [("added", ".rediskit.json")]


def test_foreign_files_are_compared_only_at_the_path_of_a_rendered_file(root: Path) -> None:
    write(tree(a={"a": 1}), root)
    put(root / "env", "mine.yaml", "kind: Secret\n")
    assert diff(tree(a={"a": 1}), root).empty
    difference = diff(tree(a={"a": 1}, mine={"b": 1}), root)
    assert [(it.status, it.path, it.before) for it in difference.files] == [("changed", "mine.yaml", "kind: Secret\n")]
    assert "exists and was not written by rediskit" in str(difference.warnings[0])


def test_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    put(tmp_path, "outside.yaml", "password: hunter2hunter2\n")
    write(tree(a={"a": 1}), root)
    (root / "env/a.yaml").unlink()
    (root / "env/a.yaml").symlink_to(tmp_path / "outside.yaml")
    difference = diff(tree(a={"a": 1}), root)
    assert only(difference).before == str(tmp_path / "outside.yaml")
    assert difference.warnings


def test_diff_writes_nothing(root: Path) -> None:
    write(tree(a=STATEFULSET, b={"x": 1}), root)
    before, time = snapshot(root), (root / "env").stat().st_mtime_ns
    diff(tree(a={"c": 1}, d={"x": 2}), root)
    assert (snapshot(root), (root / "env").stat().st_mtime_ns) == (before, time)


def test_invalid_paths_are_refused(root: Path) -> None:
    with pytest.raises(RefusedError, match="not a valid output path"):
        diff(Files("env", {"../x.yaml": b""}), root)


def test_an_unreadable_file_is_reported_by_its_path(tmp_path: Path) -> None:
    put(tmp_path, "rendered", "a file where the folder belongs")
    with pytest.raises(RefusedError, match=r"rendered/env: Not a directory"):
        diff(tree(a={"a": 2}), tmp_path / "rendered")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.text(alphabet="kind: Secret\ndata{}[]&*!#\"'|>-\t\x00é", max_size=60).map(str.encode))
def test_any_old_content_is_compared(root: Path, content: bytes) -> None:
    files = tree(a={"a": 1}, README_md="x\n")
    write(files, root, force=True)
    for path in files.files:
        (root / "env" / path).write_bytes(content)
    difference = diff(files, root)
    assert {it.path for it in difference.all} == set(files.files) - {path for path, same in files.files.items() if same == content}
    assert list(readable(difference))
    assert list(unified(difference))
    assert markdown([difference])
