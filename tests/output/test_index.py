"""The index is JSON with one complete line per file; Git can merge it, and it is read in any state."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rediskit.errors import RefusedError
from rediskit.output import index
from rediskit.output.writer import compare, write
from tests.output.trees import Files, put, snapshot, tree

A, B = "a" * 64, "b" * 64


def test_the_index_is_json_with_one_sorted_line_per_file() -> None:
    text = index.of(index.digests({"b/c": b"2", "a": b"1", "é": b"3"}))
    assert json.loads(text) == {path: index.digest(content) for path, content in (("a", b"1"), ("b/c", b"2"), ("é", b"3"))}
    lines = text.decode().splitlines()
    assert lines[0] == "{"
    assert lines[-1] == "}"
    assert [line[1:].partition(":")[0] for line in lines[1:-1]] == ['"a"', '"b/c"', '"\\u00e9"']
    assert index.of({}) == b"{\n}\n"


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1), st.binary()))
def test_reading_a_written_index_returns_its_digests(files: dict[str, bytes]) -> None:
    known = index.digests(files)
    assert json.loads(index.of(known)) == known
    assert index.read(index.of(known)) == index.Index({path: frozenset((entry,)) for path, entry in known.items()})


def test_the_index_during_a_write_contains_the_old_and_the_new_digests() -> None:
    text = index.both({"a": frozenset((A,)), "b": frozenset((A,))}, {"a": B, "b": A, "c": B})
    assert index.read(text) == index.Index({"a": frozenset((A, B)), "b": frozenset((A,)), "c": frozenset((B,))})
    json.loads(text)


def test_conflict_markers_in_an_index_are_skipped() -> None:
    text = f'{{\n "a": "{A}"\n<<<<<<< HEAD\n,"b": "{A}"\n||||||| base\n=======\n,"b": "{B}"\r\n,"c": "{B}"\n>>>>>>> other\n}}\n'
    assert index.read(text.encode()) == index.Index({"a": frozenset((A,)), "b": frozenset((A, B)), "c": frozenset((B,))})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("{\n", 2),
        (f'{{\n "a": "{A}"\n,"b": "{A}', 3),
        (f'{{\n "a": "{A}"\n,"b": "abc"\n}}\n', 3),
        (f'{{\n "\\q": "{A}"\n}}\n', 2),
        ("{\n}\nx\n", 3),
        ("\udcff", 1),
    ],
)
def test_a_damaged_index_is_refused_by_name_and_line(tmp_path: Path, text: str, line: int) -> None:
    write(tree(a="1", b="1", c="1"), tmp_path)
    place = tmp_path / "env" / index.NAME
    place.write_bytes(text.encode("utf-8", "surrogateescape"))
    before = snapshot(tmp_path)
    with pytest.raises(RefusedError) as caught:
        write(tree(a="2", b="1"), tmp_path)
    assert [problem.message for problem in caught.value.problems] == [f"{place}:{line}: this line is not valid in the index of rediskit"]
    assert "Git" in caught.value.problems[0].hint
    assert "--force" in caught.value.problems[0].hint
    assert snapshot(tmp_path) == before
    assert compare(tree(a="1", b="1", c="1"), tmp_path).drifted
    assert str(place) in str(compare(tree(a="1", b="1"), tmp_path).warnings[0])
    changes = write(tree(a="2", b="1"), tmp_path, force=True)
    assert changes.changed == ("a.yaml",)
    assert changes.foreign == ("c.yaml",), "nobody knows any more whose it is"
    assert not compare(tree(a="2", b="1"), tmp_path).drifted


def test_a_lost_index_makes_every_file_foreign(tmp_path: Path) -> None:
    write(tree(a="1", b="1"), tmp_path)
    (tmp_path / "env" / index.NAME).unlink()
    with pytest.raises(RefusedError, match=r"a\.yaml exists and was not written by rediskit.*\n  .*restore the index from Git"):
        write(tree(a="2", b="1"), tmp_path)
    assert compare(tree(a="1", b="1"), tmp_path).stale_index
    write(tree(a="1", b="1"), tmp_path)
    assert not compare(tree(a="1", b="1"), tmp_path).drifted, "files with the right bytes are adopted"


def test_an_index_entry_outside_the_folder_has_no_effect(tmp_path: Path) -> None:
    write(tree(a="1"), tmp_path)
    outside = put(tmp_path, "outside", "1")
    lines = "".join(f',"{path}": "{index.digest(b"1")}"\n' for path in ("../outside", str(outside), "x/../../outside", ".."))
    place = tmp_path / "env" / index.NAME
    place.write_text(place.read_text().replace("}\n", f"{lines}}}\n"))
    write(tree(a="2"), tmp_path)
    assert outside.read_text() == "1"


class Repository:
    """A Git repository with one rendered tree, and branches from it. Needs git on PATH."""

    def __init__(self, folder: Path, base: Files) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit(base)

    def git(self, *arguments: str) -> bool:
        options = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
        return subprocess.run(["git", *options, *arguments], cwd=self.folder, capture_output=True, check=False).returncode == 0

    def commit(self, rendered: Files) -> None:
        write(rendered, self.folder)
        assert self.git("add", "--all")
        assert self.git("commit", "--quiet", "--message", "x")

    def merged(self, ours: Files, other: Files) -> bool:
        """Merge two branches from main, each with its own tree, into main. Returns whether Git reports no conflict."""
        assert self.git("checkout", "--quiet", "-b", "other")
        self.commit(other)
        assert self.git("checkout", "--quiet", "main")
        self.commit(ours)
        return self.git("merge", "--quiet", "--no-edit", "other")


MANY = {f"platform/{name}/kustomization.yaml": name.encode() for name in ("beersystem", "monitoring", "redis", "redis-external")}


def with_files(**more: str) -> Files:
    return Files("env", {**MANY, **{f"{path.replace('__', '/')}.yaml": text.encode() for path, text in more.items()}})


@pytest.mark.parametrize(
    ("ours", "other"),
    [
        ({"argocd__application": "1"}, {"platform__redis__networkpolicy": "1"}),
        ({"zzz": "1"}, {"platform__redis-external__kustomization": "changed"}),
        ({"zzz": "1"}, {"README": "1"}),
        ({"platform__redis-external__kustomization": "changed"}, {"docs__failover": "1"}),
    ],
)
def test_git_merges_the_indexes_of_two_branches(tmp_path: Path, ours: dict[str, str], other: dict[str, str]) -> None:
    """The merge of two indexes is the index of the merged tree, also at the end of the list."""
    repository = Repository(tmp_path, with_files())
    assert repository.merged(with_files(**ours), with_files(**other))
    assert not compare(with_files(**ours, **other), tmp_path).drifted


def test_the_next_write_resolves_a_conflict_in_the_index(tmp_path: Path) -> None:
    """Two branches add a file at the same line: Git leaves markers, and a render of the merged config writes the index again."""
    repository = Repository(tmp_path, with_files())
    assert not repository.merged(with_files(zz1="1"), with_files(zz2="1"))
    assert b"<<<<<<<" in (tmp_path / "env" / index.NAME).read_bytes()
    both = with_files(zz1="1", zz2="1")
    assert compare(both, tmp_path).stale_index
    write(both, tmp_path)
    assert not compare(both, tmp_path).drifted
    assert write(with_files(), tmp_path).removed == ("zz1.yaml", "zz2.yaml")


@pytest.mark.parametrize("style", ["merge", "diff3", "zdiff3"])
def test_the_next_write_replaces_a_file_that_both_branches_changed(tmp_path: Path, style: str) -> None:
    """Both sides of each conflict are in the merged index, so the file contains no edit of a person."""
    lines = [f"line {number}" for number in range(9)]

    def rendered(*more: str) -> Files:
        return with_files(README="\n".join([*lines[:3], *more, *lines[3:6], *more, *lines[6:]]))

    repository = Repository(tmp_path, rendered())
    assert repository.git("config", "merge.conflictStyle", style)
    assert not repository.merged(rendered("alpha", "common"), rendered("beta", "common"))
    readme = tmp_path / "env/README.yaml"
    merged = readme.read_bytes()
    assert merged.count(b"<<<<<<<") == 2
    both = rendered("alpha", "beta", "common")
    seen = compare(both, tmp_path)
    assert (seen.changed, seen.edited, seen.interrupted) == (("README.yaml",), (), True)
    readme.write_bytes(merged.replace(b"beta", b"beta, and a word by hand", 1))
    with pytest.raises(RefusedError, match=r"README\.yaml contains Git conflict markers"):
        write(both, tmp_path)
    readme.write_bytes(merged)
    write(both, tmp_path)
    assert not compare(both, tmp_path).drifted


def test_a_conflict_with_an_edited_file_is_refused(tmp_path: Path) -> None:
    repository = Repository(tmp_path, with_files(README="1"))
    put(tmp_path, "env/README.yaml", "by hand")
    assert repository.git("commit", "--quiet", "--all", "--message", "x")
    assert repository.git("checkout", "--quiet", "-b", "other", "HEAD~1")
    repository.commit(with_files(README="2"))
    assert not repository.git("merge", "--quiet", "main")
    assert b"<<<<<<<" in (tmp_path / "env/README.yaml").read_bytes()
    with pytest.raises(RefusedError, match=r"README\.yaml contains Git conflict markers"):
        write(with_files(README="3"), tmp_path)


def test_a_union_merge_of_two_indexes_is_a_valid_index(tmp_path: Path) -> None:
    """With `merge=union` in .gitattributes, two branches may add a file at the same line and change the same file."""
    put(tmp_path, ".gitattributes", "*/.rediskit.json merge=union\n")
    repository = Repository(tmp_path, with_files())
    assert repository.merged(with_files(zz1="1"), with_files(zz2="1"))
    assert json.loads((tmp_path / "env" / index.NAME).read_bytes()).keys() == with_files(zz1="1", zz2="1").files.keys()
    assert not compare(with_files(zz1="1", zz2="1"), tmp_path).drifted
