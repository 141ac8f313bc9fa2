"""The writer: which files it touches, leaves unchanged and refuses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rediskit.errors import RefusedError
from rediskit.output import index
from rediskit.output.writer import Changes, compare, write, write_all
from tests.output.trees import Files, old, put, snapshot, tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "rendered"


def test_the_first_write_returns_all_files_as_created(root: Path) -> None:
    changes = write(tree(b="2", a="1", platform__redis__x="3"), root)
    assert changes == Changes(created=("a.yaml", "b.yaml", "platform/redis/x.yaml"))
    assert (root / "env/platform/redis/x.yaml").read_bytes() == b"3"
    assert sorted(path.name for path in root.iterdir()) == ["env"], "nothing is left beside the tree"
    assert sorted(snapshot(root / "env")) == [".rediskit.json", "a.yaml", "b.yaml", "platform/redis/x.yaml"]


def test_a_second_write_touches_no_file(root: Path) -> None:
    write(tree(a="1", platform__x="3"), root)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino, path.stat().st_ctime_ns) for path in [root, *root.rglob("*")]}
    assert write(tree(a="1", platform__x="3"), root) == Changes(unchanged=("a.yaml", "platform/x.yaml"))
    assert before == {path: (path.stat().st_mtime_ns, path.stat().st_ino, path.stat().st_ctime_ns) for path in [root, *root.rglob("*")]}


def test_only_what_changed_is_replaced(root: Path) -> None:
    write(tree(same="1", changed="1", gone="1", only__gone="1", kept__gone="1", kept__same="1"), root)
    time, inode = old(root / "env/same.yaml"), (root / "env/changed.yaml").stat().st_ino
    changes = write(tree(same="1", changed="2", new__deep__er="1", kept__same="1"), root)
    assert changes == Changes(
        created=("new/deep/er.yaml",),
        changed=("changed.yaml",),
        removed=("gone.yaml", "kept/gone.yaml", "only/gone.yaml"),
        unchanged=("kept/same.yaml", "same.yaml"),
    )
    assert (root / "env/same.yaml").stat().st_mtime_ns == time
    assert (root / "env/changed.yaml").stat().st_ino != inode, "a file is replaced, never written into"
    assert sorted(path.name for path in (root / "env").iterdir()) == [".rediskit.json", "changed.yaml", "kept", "new", "same.yaml"]


def test_an_open_file_keeps_its_content(root: Path) -> None:
    write(tree(a="old"), root)
    with (root / "env/a.yaml").open("rb") as reader:
        write(tree(a="new and longer"), root)
        assert reader.read() == b"old"


def test_compare_returns_the_changes_of_a_write_without_writing(root: Path) -> None:
    assert compare(tree(a="1"), root) == Changes(created=("a.yaml",))
    assert not root.exists()
    write(tree(a="1", b="1", c="1"), root)
    put(root / "env", "b.yaml", "by hand")
    put(root / "env", "mine/deep/note.txt", "foreign")
    put(root / "env", "note.txt", "foreign")
    before = snapshot(root)
    seen = compare(tree(a="1", b="1", d="1"), root)
    assert (seen.created, seen.changed, seen.removed, seen.unchanged) == (("d.yaml",), ("b.yaml",), ("c.yaml",), ("a.yaml",))
    assert (seen.edited, seen.foreign) == (("b.yaml",), ("mine/", "note.txt"))
    assert [warning.message for warning in seen.warnings] == [
        f"{root}/env/mine/ was not written by rediskit and is left unchanged",
        f"{root}/env/note.txt was not written by rediskit and is left unchanged",
    ]
    assert seen.drifted
    assert snapshot(root) == before


@pytest.mark.parametrize("path", ["a.yaml", "b/c.yaml", ".rediskit.json"])
def test_any_change_by_hand_is_drift(root: Path, path: str) -> None:
    rendered = tree(a="1", b__c="1")
    write(rendered, root)
    assert not compare(rendered, root).drifted
    content = (root / "env" / path).read_bytes()
    put(root / "env", path, content.decode().replace("1", "2"))
    assert compare(rendered, root).drifted
    (root / "env" / path).unlink()
    assert compare(rendered, root).drifted
    (root / "env" / path).write_bytes(content)
    assert not compare(rendered, root).drifted


def test_a_missing_file_is_created_again(root: Path) -> None:
    write(tree(a="1", b__c="1"), root)
    (root / "env/b/c.yaml").unlink()
    (root / "env/b").rmdir()
    assert write(tree(a="1", b__c="1"), root).created == ("b/c.yaml",)
    assert (root / "env/b/c.yaml").read_bytes() == b"1"


def test_edited_files_are_refused_all_at_once_and_nothing_is_written(root: Path) -> None:
    write(tree(a="1", b="1", c="1", d="1"), root)
    for name in ("a.yaml", "b.yaml", "d.yaml"):
        put(root / "env", name, f"{name} by hand")
    put(root / "env", "d.yaml", "2")
    before = snapshot(root)
    with pytest.raises(RefusedError) as caught:
        write(tree(a="2", c="2", d="2"), root)
    assert [problem.message for problem in caught.value.problems] == [f"{root}/env/{name}.yaml was edited by hand" for name in "ab"]
    assert all("--force" in problem.hint for problem in caught.value.problems)
    assert caught.value.exit_code == 1
    assert snapshot(root) == before, "d.yaml holds what the tree wants: that is no edit"


def test_force_overwrites_and_removes_edited_files_but_no_foreign_ones(root: Path) -> None:
    write(tree(a="1", b="1"), root)
    for name in ("a.yaml", "b.yaml", "foreign.yaml"):
        put(root / "env", name, "by hand")
    changes = write(tree(a="2"), root, force=True)
    assert (changes.changed, changes.removed, changes.edited, changes.foreign) == (
        ("a.yaml",),
        ("b.yaml",),
        ("a.yaml", "b.yaml"),
        ("foreign.yaml",),
    )
    assert len(changes.warnings) == 1
    assert {path: content for path, content in snapshot(root / "env").items() if path != index.NAME} == {
        "a.yaml": b"2",
        "foreign.yaml": b"by hand",
    }


def test_conflict_markers_in_a_rendered_file_are_reported(root: Path) -> None:
    write(tree(a="1"), root)
    put(root / "env", "a.yaml", "x\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> other\n")
    with pytest.raises(RefusedError, match=r"a\.yaml contains Git conflict markers\n  help: resolve the conflict in the config"):
        write(tree(a="3"), root)


def test_the_content_of_a_foreign_folder_is_not_read(root: Path) -> None:
    write(tree(a="1"), root)
    put(root / "env", "node_modules/x/y", "z")
    (root / "env/node_modules").chmod(0o555)
    (root / "env/empty").mkdir()
    changes = write(tree(a="2"), root)
    assert changes.foreign == ("node_modules/",)
    assert (root / "env/empty").is_dir()


def test_stages_of_killed_writes_are_removed_without_following_links(root: Path, tmp_path: Path) -> None:
    rendered = tree(a="1")
    write(rendered, root)
    precious = put(tmp_path / "outside", "precious", "1")
    for stage in (root / "env/.rediskit.tmp", root / ".env.rediskit.tmp"):
        stage.mkdir()
        (stage / "folder").symlink_to(tmp_path / "outside")
        (stage / "file").symlink_to(precious)
        assert compare(rendered, root).interrupted
        assert compare(rendered, root).drifted
        write(rendered, root)
        assert not os.path.lexists(stage)
    assert precious.read_text() == "1"


def test_the_root_can_be_a_link_and_is_created_if_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write(tree(a="1"), tmp_path / "link")
    assert (tmp_path / "real/env/a.yaml").read_bytes() == b"1"
    write(tree(a="1"), f"{tmp_path}/some/where/new/")
    assert (tmp_path / "some/where/new/env/a.yaml").read_bytes() == b"1"


def test_the_root_can_be_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for root in ("", ".", "rendered", b"bytes"):
        write(tree(a="1"), root)  # type: ignore[arg-type]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bytes", "env", "rendered"]


def test_a_root_that_is_not_a_folder_is_refused(root: Path) -> None:
    root.write_text("x")
    for call in (write, compare):
        with pytest.raises(RefusedError, match=r"rendered(/env)?: Not a directory"):
            call(tree(a="1"), root)
    root.unlink()
    root.symlink_to("nowhere")
    with pytest.raises(RefusedError, match=r"rendered: No such file or directory"):
        write(tree(a="1"), root)


@pytest.fixture
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002], indirect=True)
def test_files_have_the_permissions_of_the_umask(root: Path, umask: int) -> None:
    write(tree(a="1", b__c="1"), root)
    write(tree(a="2", b__c="1", d__e="1"), root)
    modes = {str(path.relative_to(root)): path.stat().st_mode & 0o777 for path in root.rglob("*")}
    assert modes == {path: (0o666 if path.endswith(("yaml", "json")) else 0o777) & ~umask for path in modes}
    assert len(modes) == 7


def test_all_environments_are_written_or_none(root: Path) -> None:
    first, second = Files("first", {"a": b"1"}), Files("second", {"a": b"1"})
    assert list(write_all([first, second], root)) == ["first", "second"]
    for rendered in (first, second):
        put(root / rendered.name, "a", "by hand")
    before = snapshot(root)
    with pytest.raises(RefusedError) as caught:
        write_all([Files("new", {"a": b"1"}), Files("first", {"a": b"2"}), Files("second", {"a": b"2"})], root)
    assert len(caught.value.problems) == 2
    assert snapshot(root) == before
    for twin in ("first", "FIRST"):
        with pytest.raises(RefusedError, match=r"two environments have the name|the same path on a case-insensitive file system"):
            write_all([first, Files(twin, {"a": b"1"})], root)


def test_an_environment_without_files_is_an_empty_directory(root: Path) -> None:
    write(tree(), root)
    assert not compare(tree(), root).drifted
    write(tree(a__b="1"), root)
    assert write(tree(), root).removed == ("a/b.yaml",)
    assert list(snapshot(root / "env")) == [index.NAME]
