"""Foreign files, folders and links at rendered paths, and invalid paths, are refused; nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rediskit.errors import RefusedError
from rediskit.output import index
from rediskit.output.writer import compare, write
from tests.output.trees import Files, old, put, snapshot, tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "rendered"


@pytest.mark.parametrize("force", [False, True])
def test_a_foreign_file_at_a_rendered_path_is_refused(root: Path, force: bool) -> None:
    write(tree(a="1"), root)
    put(root / "env", "b.yaml", "foreign")
    before = snapshot(root)
    with pytest.raises(RefusedError, match=r"b\.yaml exists and was not written by rediskit\n  help: move it"):
        write(tree(a="2", b="1"), root, force=force)
    assert snapshot(root) == before
    seen = compare(tree(a="2", b="1"), root)
    assert seen.drifted
    assert "was not written by rediskit" in str(seen.warnings[0])


def test_a_foreign_file_with_our_bytes_is_adopted(root: Path) -> None:
    write(tree(a="1"), root)
    time = old(put(root / "env", "b.yaml", "1"))
    assert write(tree(a="1", b="1"), root).unchanged == ("a.yaml", "b.yaml")
    assert (root / "env/b.yaml").stat().st_mtime_ns == time
    assert write(tree(a="1"), root).removed == ("b.yaml",), "from then on it is ours"


def test_a_file_is_replaced_by_a_folder_and_back(root: Path) -> None:
    as_file, as_folder = tree(x="1", y__z="file"), Files("env", {"x.yaml": b"1", "y/z.yaml/below/it": b"folder"})
    for rendered in (as_file, as_folder, as_file):
        write(rendered, root)
        assert not compare(rendered, root).drifted
        assert {path: content for path, content in snapshot(root / "env").items() if path != index.NAME} == rendered.files


def test_an_empty_folder_is_replaced_by_a_file(root: Path) -> None:
    write(tree(a="1"), root)
    (root / "env/b.yaml").mkdir()
    assert write(tree(a="1", b="1"), root).created == ("b.yaml",)
    assert (root / "env/b.yaml").read_bytes() == b"1"
    below = Files("env", {"b.yaml/c/d": b"1"})
    write(below, root)
    (root / "env/b.yaml/c/empty").mkdir()
    assert write(tree(b="1"), root).removed == ("b.yaml/c/d",)


@pytest.mark.parametrize("force", [False, True])
def test_foreign_folders_links_and_devices_at_a_rendered_path_are_refused(root: Path, force: bool) -> None:
    write(tree(a="1", ours__x="1"), root)
    put(root / "env", "b.yaml/c.txt", "foreign")
    put(root / "env", "d", "foreign")
    put(root / "env", "ours/x.txt", "foreign")
    os.mkfifo(root / "env/f.yaml")
    before = snapshot(root)
    wanted = Files("env", {"b.yaml": b"1", "d/e.yaml": b"1", "d/f.yaml": b"1", "f.yaml": b"1", "ours": b"1"})
    with pytest.raises(RefusedError) as caught:
        write(wanted, root, force=force)
    assert sorted(problem.message for problem in caught.value.problems) == [
        f"{root}/env/b.yaml is a folder with files that rediskit did not write",
        f"{root}/env/d is not a folder",
        f"{root}/env/f.yaml is not a regular file",
        f"{root}/env/ours is a folder with files that rediskit did not write",
    ]
    assert snapshot(root) == before
    assert compare(wanted, root).drifted


@pytest.mark.parametrize("place", ["env/a.yaml", "env/b", "env/b/c.yaml", "env/.rediskit.json", "env"])
@pytest.mark.parametrize("force", [False, True])
def test_links_are_never_written_through(root: Path, tmp_path: Path, place: str, force: bool) -> None:
    """Each file and folder of the tree in turn is replaced by a link to a copy of itself outside."""
    rendered = tree(a="1", b__c="1")
    write(rendered, root)
    outside = tmp_path / "outside"
    (root / place).rename(outside)
    (root / place).symlink_to(outside)
    before = snapshot(tmp_path)
    for wanted in (tree(a="2", b__c="2", b__d="2"), rendered):
        assert compare(wanted, root).drifted
        with pytest.raises(RefusedError, match=r"link|not a file|not a folder"):
            write(wanted, root, force=force)
    assert snapshot(tmp_path) == before


def test_a_foreign_file_is_refused_if_its_name_differs_only_in_case(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`lexists` simulates a file system that ignores case: no kernel of the tests has one."""
    write(tree(a="1"), root)
    put(root / "env", "Notes.yaml", "foreign")
    assert not compare(tree(a="1", notes="1"), root).warnings[1:], "with case they are two files"

    def lexists(path: str) -> bool:
        return Path(path).name.lower() in [other.name.lower() for other in Path(path).parent.iterdir()]

    monkeypatch.setattr(os.path, "lexists", lexists)
    with pytest.raises(RefusedError, match=r"notes\.yaml exists in another case and was not written by rediskit"):
        write(tree(a="1", notes="1"), root)
    put(root / "env", "Docs/mine.yaml", "foreign")
    with pytest.raises(RefusedError, match=r"docs exists in another case and was not written by rediskit"):
        write(tree(a="1", docs__mine="1"), root)
    write(tree(a="1", b="1"), root)


def test_nothing_behind_a_link_in_place_of_a_folder_is_removed(root: Path, tmp_path: Path) -> None:
    """A file of rediskit was below the link and the new tree does not need the folder: the empty folder outside stays."""
    write(tree(a="1", b__c__d="1"), root)
    (root / "env/b/c/d.yaml").unlink()
    (root / "env/b").rename(tmp_path / "outside")
    (root / "env/b").symlink_to(tmp_path / "outside")
    assert write(tree(a="1"), root).foreign == ("b",)
    assert (tmp_path / "outside/c").is_dir()


def test_a_large_foreign_file_is_not_read_to_its_end(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tree(a="1"), root)
    with (root / "env/b.yaml").open("wb") as stream:
        stream.truncate(1 << 28)
    read = []

    def counted(handle: int, length: int, real: Callable[[int, int], bytes] = os.read) -> bytes:
        content = real(handle, length)
        read.append(len(content))
        return content

    monkeypatch.setattr(os, "read", counted)
    with pytest.raises(RefusedError, match=r"b\.yaml exists and was not written by rediskit"):
        write(tree(a="1", b="1"), root)
    assert sum(read) < 1000


def test_a_name_with_control_characters_does_not_reach_the_terminal(root: Path) -> None:
    write(tree(a="1"), root)
    put(root / "env", "one\ntwo\x1b[31m", "foreign")
    (warning,) = write(tree(a="1"), root).warnings
    assert warning.message == f"{root}/env/one\\ntwo\\x1b[31m was not written by rediskit and is left unchanged"


def test_a_link_in_place_of_a_file_that_goes_stays(root: Path, tmp_path: Path) -> None:
    write(tree(a="1", b="1"), root)
    outside = tmp_path / "outside"
    (root / "env/b.yaml").rename(outside)
    (root / "env/b.yaml").symlink_to(outside)
    assert write(tree(a="1"), root).foreign == ("b.yaml",)
    assert outside.read_bytes() == b"1"


@pytest.mark.parametrize(
    ("path", "why"),
    [(path, "not a valid output path") for path in ("", "/etc/x", "../x", "a/../../x", "a//b", "a/", "./a", "a\\b", "a\0b", "\udc80")]
    + [(path, "rediskit reserves this one") for path in (".rediskit.json", ".Rediskit.JSON", ".rediskit.tmp/x")],
)
def test_an_invalid_path_is_refused(root: Path, path: str, why: str) -> None:
    for call in (write, compare):
        with pytest.raises(RefusedError, match=why):
            call(Files("env", {"a.yaml": b"1", path: b"1"}), root)
    assert not root.exists()


@pytest.mark.parametrize(
    ("first", "other"),
    [("README.md", "readme.md"), ("Docs/a", "docs/b"), ("a/straße", "a/STRASSE"), ("caf\u00e9", "cafe\u0301"), ("a", "A/b")],
)
def test_paths_that_differ_only_in_case_are_refused(root: Path, first: str, other: str) -> None:
    with pytest.raises(RefusedError, match="are the same path on a case-insensitive file system"):
        write(Files("env", {first: b"1", other: b"1"}), root)
    assert not root.exists()


def test_a_path_that_is_a_file_and_a_folder_is_refused(root: Path) -> None:
    with pytest.raises(RefusedError, match="a/b is both a file and a folder"):
        write(Files("env", {"a/b": b"1", "a/b/c/d": b"1"}), root)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b"])
def test_an_invalid_name_is_refused(root: Path, name: str) -> None:
    with pytest.raises(RefusedError, match="not a valid folder name"):
        write(Files(name, {"a": b"1"}), root)
