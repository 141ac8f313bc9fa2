"""The diff of a tree and a Git revision, in real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit import tools
from rediskit.errors import ConfigError, MissingToolError
from rediskit.output.diff import diff, diff_all
from rediskit.output.tree_diff import TreeDiff
from rediskit.output.writer import write
from tests.output.repositories import Repository
from tests.output.trees import Files, put, tree


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    return Repository(tmp_path / "work", monkeypatch)


def statuses(differences: TreeDiff) -> list[tuple[str, str]]:
    return [(it.status, it.path) for it in differences.all]


def test_a_revision_can_be_a_branch_a_tag_or_a_commit(repository: Repository) -> None:
    root = repository.folder / "rendered"
    write(tree(a="a: 1\n", b="b: 1\n"), root)
    first = repository.commit()
    repository.git("tag", "v1")
    repository.git("tag", "--annotate", "--message", "noted", "v1-noted")
    repository.git("branch", "feature/x")
    write(tree(a="a: 2\n", b="b: 1\n"), root)
    repository.commit()
    new = tree(a="a: 2\n", c="c: 1\n")
    for revision in (first, first[:10], "v1", "v1-noted", "feature/x", "HEAD~1", "main^", "@~1"):
        assert statuses(diff(new, root, against=revision)) == [("changed", "a.yaml"), ("removed", "b.yaml"), ("added", "c.yaml")], revision
    assert statuses(diff(new, root, against="HEAD")) == [("removed", "b.yaml"), ("added", "c.yaml")]


def test_a_revision_is_compared_without_the_work_tree(repository: Repository) -> None:
    root = repository.folder / "rendered"
    write(tree(a="a: 1\n"), root)
    repository.commit()
    put(root / "env", "a.yaml", "a: by hand\n")
    put(root / "env", ".rediskit.json", "")
    assert diff(tree(a="a: 1\n"), root, against="HEAD").empty
    (root / "env/a.yaml").unlink()
    (root / "env/.rediskit.json").unlink()
    (root / "env").rmdir()
    root.rmdir()
    assert diff(tree(a="a: 1\n"), root, against="HEAD").empty, "the folder itself need not be there"


def test_an_environment_that_is_missing_at_the_revision_is_added(repository: Repository) -> None:
    repository.commit({"README.md": "x"})
    assert statuses(diff(tree(a="a: 1\n"), repository.folder / "rendered", against="HEAD")) == [("added", "a.yaml")]


def test_a_file_at_the_path_of_the_output_folder_is_no_environment(repository: Repository) -> None:
    repository.commit({"rendered": "x"})
    assert statuses(diff(tree(a="a: 1\n"), repository.folder / "rendered", against="HEAD")) == [("added", "a.yaml")]


@pytest.mark.parametrize("revision", ["HEAD", "@", "main", "refs/heads/main", "heads/main"])
def test_a_branch_without_a_commit_has_no_files(repository: Repository, revision: str) -> None:
    assert statuses(diff(tree(a="a: 1\n"), repository.folder / "rendered", against=revision)) == [("added", "a.yaml")]


@pytest.mark.parametrize("folder", ["", "deep/er", "with space", "naïve", ":(top)magic", "-dash", "star*"])
def test_the_output_folder_can_be_anywhere_in_the_work_tree(repository: Repository, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository.folder / folder
    root.mkdir(parents=True, exist_ok=True)
    write(tree(a="a: 1\n"), root)
    repository.commit()
    assert statuses(diff(tree(a="a: 2\n"), root, against="HEAD")) == [("changed", "a.yaml")]
    monkeypatch.chdir(root)
    assert statuses(diff(tree(a="a: 2\n"), ".", against="HEAD")) == [("changed", "a.yaml")]
    monkeypatch.chdir(root.parent)
    assert statuses(diff(tree(a="a: 2\n"), root.name, against="HEAD")) == [("changed", "a.yaml")]


def test_the_output_folder_can_be_reached_through_a_link(repository: Repository, tmp_path: Path) -> None:
    write(tree(a="a: 1\n"), repository.folder / "rendered")
    repository.commit()
    (tmp_path / "link").symlink_to(repository.folder)
    assert diff(tree(a="a: 1\n"), tmp_path / "link/rendered", against="HEAD").empty


def test_a_linked_work_tree_is_supported(repository: Repository, tmp_path: Path) -> None:
    write(tree(a="a: 1\n"), repository.folder / "rendered")
    repository.commit()
    repository.git("worktree", "add", "--quiet", str(tmp_path / "other"))
    assert statuses(diff(tree(a="a: 2\n"), tmp_path / "other/rendered", against="main")) == [("changed", "a.yaml")]


def test_foreign_files_of_a_revision_are_left_out(repository: Repository) -> None:
    root = repository.folder / "rendered"
    write(tree(a="a: 1\n"), root)
    repository.commit({"rendered/env/mine.yaml": "m: 1\n", "rendered/other/x.yaml": "x: 1\n"})
    assert diff(tree(a="a: 1\n"), root, against="HEAD").empty
    assert statuses(diff(tree(a="a: 1\n", mine="m: 2\n"), root, against="HEAD")) == [("changed", "mine.yaml")]


def test_an_index_can_not_lead_out_of_the_folder(repository: Repository) -> None:
    digest = "0" * 64
    index = "".join(f'"{path}": "{digest}"\n' for path in ("../secret.yaml", "/etc/passwd", "a\\nHEAD:secret.yaml", "gone.yaml"))
    repository.commit({"rendered/env/.rediskit.json": index, "rendered/env/a.yaml": "a: 1\n", "rendered/secret.yaml": "s: 1\n"})
    assert statuses(diff(tree(a="a: 2\n"), repository.folder / "rendered", against="HEAD")) == [("changed", "a.yaml")]


def test_a_link_in_git_is_the_path_that_it_leads_to(repository: Repository) -> None:
    root = repository.folder / "rendered"
    write(tree(a="a: 1\n"), root)
    (root / "env/a.yaml").unlink()
    (root / "env/a.yaml").symlink_to("/etc/passwd")
    repository.commit()
    assert diff(tree(a="a: 1\n"), root, against="HEAD").files[0].before == "/etc/passwd"


def test_odd_names_and_contents_survive(repository: Repository) -> None:
    root = repository.folder / "rendered"
    files = Files(
        "env", {'q"uote.yaml': b"a: 1\n", "ü ber.md": b"x", "new\nline.md": b"\n\nblob 3\n", "empty.md": b"", "bin.md": b"\xff\0\n"}
    )
    write(files, root)
    repository.commit()
    assert diff(files, root, against="HEAD").empty
    assert len(diff(Files("env", {}), root, against="HEAD").all) == 5


@pytest.mark.parametrize(
    "revision", ["nothing", "", "--output=x", "-h", "--all", "^main", "main..main", "HEAD:rendered", "HEAD~9", "a\0b", "main\n", ":/none"]
)
def test_an_unknown_revision_is_an_error_of_the_command_line(repository: Repository, revision: str) -> None:
    repository.commit({"rendered/env/a.yaml": "x", "f": "y"})
    with pytest.raises(ConfigError, match="is not a revision of the Git work tree") as caught:
        diff(tree(a="1"), repository.folder / "rendered", against=revision)
    assert caught.value.exit_code == 2
    assert not (repository.folder / "x").exists(), "git took the revision for an option"


def test_another_branch_of_a_repository_without_commits_is_unknown(repository: Repository) -> None:
    with pytest.raises(ConfigError, match="'other' is not a revision"):
        diff(tree(a="1"), repository.folder / "rendered", against="other")


def test_a_folder_outside_of_git_is_reported(tmp_path: Path, repository: Repository) -> None:
    with pytest.raises(ConfigError, match="is not in a Git work tree") as caught:
        diff(tree(a="1"), tmp_path / "elsewhere/rendered", against="HEAD")
    assert caught.value.exit_code == 2
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    with pytest.raises(ConfigError, match="is not in a Git work tree"):
        diff(tree(a="1"), tmp_path / "bare.git/rendered", against="HEAD")


def test_a_relative_git_dir_of_a_git_hook_is_supported(repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Git sets GIT_DIR for a hook, relative to the top of the work tree, where it starts the hook."""
    write(tree(a="a: 1\n"), repository.folder / "rendered")
    repository.commit()
    monkeypatch.chdir(repository.folder)
    monkeypatch.setenv("GIT_DIR", ".git")
    assert statuses(diff(tree(a="a: 2\n"), "rendered", against="HEAD")) == [("changed", "a.yaml")]
    with pytest.raises(ConfigError, match="is outside the Git work tree"):
        diff(tree(a="a: 2\n"), tmp_path / "elsewhere", against="HEAD")


def test_a_missing_git_is_an_error(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository.folder))
    with pytest.raises(MissingToolError, match="git is not on PATH"):
        diff(tree(a="1"), repository.folder / "rendered", against="HEAD")


def test_a_missing_git_object_is_an_error(repository: Repository) -> None:
    root = repository.folder / "rendered"
    write(tree(a="a: 1\n"), root)
    repository.commit()
    blob = repository.git("rev-parse", "HEAD:rendered/env/a.yaml")
    lost = repository.folder / ".git/objects" / blob[:2] / blob[2:]
    lost.chmod(0o600)
    lost.unlink()
    with pytest.raises(MissingToolError, match=f"git can't read object {blob}"):
        diff(tree(a="a: 2\n"), root, against="HEAD")


def test_git_is_started_five_times_for_any_number_of_environments(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository.folder / "rendered"
    trees = [Files(f"env{number}", {f"f{file}.yaml": f"a: {file}\n".encode() for file in range(30)}) for number in range(10)]
    for each in trees:
        write(each, root)
    repository.commit()
    started = []
    run = tools.run

    def counted(command: tools.Command) -> tools.Completed:
        started.append(command)
        return run(command)

    monkeypatch.setattr(tools, "run", counted)
    changed = [Files(each.name, {path: content + b"b: 1\n" for path, content in each.files.items()}) for each in trees]
    differences = diff_all(changed, root, against="HEAD")
    assert [len(difference.files) for difference in differences] == [30] * 10
    assert len(started) == 5


def test_diff_changes_nothing_in_the_repository(repository: Repository) -> None:
    root = repository.folder / "rendered"
    write(tree(a="a: 1\n"), root)
    repository.commit()

    def state() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in repository.folder.rglob("*")}

    before = state()
    diff(tree(a="a: 2\n"), root, against="HEAD")
    assert state() == before
