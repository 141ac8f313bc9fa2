"""`rediskit doctor` about the Git work tree: remote, branch, and files that are not committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.cli import main
from rediskit.git import work_tree as git_module
from rediskit.yamlio.writer import dump
from tests.cli.test_doctor import CONFIG, REPOSITORY, following, line_of, script
from tests.cli.test_doctor import bin_ as bin_
from tests.cli.test_doctor import repository as repository
from tests.cli.test_doctor import run as run
from tests.conftest import Run
from tests.init import live
from tests.output.repositories import Repository
from tests.samples import loaded


def test_a_folder_outside_of_git_is_reported(
    bin_: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert bin_.is_dir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/one.yaml").write_text(CONFIG)
    main(["render"])
    capfd.readouterr()
    code, output, _ = run()
    assert code == 0
    assert "- git           not in a Git work tree, but Argo CD reads from Git" in output
    assert following(output) == ["git init"]


def test_an_output_directory_at_another_path_than_gitops_path_is_a_problem(repository: Repository, run: Run) -> None:
    (repository.folder / "config/one.yaml").write_text(CONFIG.replace("redis:\n", "  path: clusters/one\nredis:\n", 1))
    code, output, _ = run()
    assert code == 1
    assert line_of(output, "path") == "! path the output directory is rendered/one in its Git work tree, but gitops.path is clusters/one"
    assert "write path: rendered/one, or choose another --output" in following(output)


@pytest.mark.parametrize(
    ("address", "line", "code"),
    [
        ("git@git.example.org:platform/cluster.git", "remote origin is gitops.repository", 0),
        ("ssh://git@git.example.org/platform/cluster", "remote origin is gitops.repository", 0),
        ("https://token:x@GIT.example.org/Platform/cluster/", "remote origin is gitops.repository", 0),
        (
            "https://git.example.org/other.git",
            f"! remote gitops.repository is {REPOSITORY}, the remotes are origin https://git.example.org/other.git",
            1,
        ),
        ("", f"- remote none; gitops.repository is {REPOSITORY}", 0),
    ],
    ids=["scp", "ssh", "case", "other", "none"],
)
def test_the_remote_is_compared_with_gitops_repository(repository: Repository, run: Run, address: str, line: str, code: int) -> None:
    if address:
        repository.git("remote", "set-url", "origin", address)
    else:
        repository.git("remote", "remove", "origin")
    ended, output, _ = run()
    assert (ended, line_of(output, "remote")) == (code, line)
    if not address:
        assert following(output) == [f"git remote add origin {REPOSITORY}"]


def test_a_placeholder_repository_is_a_problem(repository: Repository, run: Run) -> None:
    assert main(["init", "new", "--name", "lab", "--json"]) == 0
    repository.git("remote", "remove", "origin")
    assert main(["init", "new2", "--name", "lab", "--json"]) == 0
    code, output, _ = run("new2/config/lab.yaml", "--output", "new2/rendered")
    assert code == 1
    assert "set gitops.repository in the config" in following(output)


def test_another_branch_than_gitops_revision_is_a_note(repository: Repository, run: Run) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    code, output, _ = run()
    assert (code, line_of(output, "branch")) == (0, "- branch feature, but Argo CD reads main")
    assert following(output) == ["merge it into main when it is ready"]
    repository.git("checkout", "--quiet", "--detach")
    assert line_of(run()[1], "branch") == "- branch detached HEAD, but Argo CD reads main"


def test_commits_that_are_not_pushed_are_a_note(repository: Repository, run: Run) -> None:
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD~1")
    repository.git("config", "branch.main.remote", "origin")
    repository.git("config", "branch.main.merge", "refs/heads/main")
    code, output, _ = run()
    assert (code, line_of(output, "branch"), following(output)) == (0, "- branch main, 1 not pushed", ["git push"])


def test_files_that_are_not_committed_are_a_note(repository: Repository, run: Run) -> None:
    (repository.folder / "unrelated").touch()
    assert line_of(run()[1], "commit") == "commit everything is committed"
    (repository.folder / "config/one.yaml").write_text(CONFIG.replace("tool: argocd", "tool: flux"))
    assert main(["render"]) == 0
    code, output, _ = run()
    assert code == 0
    count = int(line_of(output, "commit").split()[2])
    assert count > 5
    assert following(output) == ["git add config/one.yaml rendered/one && git commit"]


def test_manifests_of_clients_must_be_committed(repository: Repository, run: Run) -> None:
    workload = "{manifest: live/web.yaml, containers: {app: {env: {H: '${host}', P: '${port}', W: '${password}'}}}}"
    client = f"clients:\n- name: shop\n  namespace: shop\n  workloads: [{workload}]\n"
    manifest = dump(live.workload(live.container(H="redis")))
    repository.commit({"config/one.yaml": CONFIG + client, "config/live/web.yaml": manifest})
    main(["render"])
    repository.commit()
    assert line_of(run()[1], "commit") == "commit everything is committed"
    (repository.folder / "config/live/web.yaml").write_text("# mine\n" + manifest)
    _, output, _ = run()
    assert line_of(output, "commit") == "- commit 1 file not committed"
    assert following(output) == ["git add config/one.yaml config/live/web.yaml rendered/one && git commit"]


WORKLOAD = "{manifest: live/web.yaml, containers: {app: {env: {H: '${host}', P: '${port}', W: '${password}'}}}}"


CLIENT = f"clients:\n- name: shop\n  namespace: shop\n  workloads: [{WORKLOAD}]\n"


def test_a_file_that_the_config_reads_and_git_ignores_is_a_problem(repository: Repository, run: Run) -> None:
    """An earlier version printed "everything is committed", but a clone of the repository did not render."""
    manifest = dump(live.workload(live.container(H="redis")))
    repository.commit({"config/one.yaml": CONFIG + CLIENT, ".gitignore": "live/\n"})
    (repository.folder / "config/live").mkdir()
    (repository.folder / "config/live/web.yaml").write_text(manifest)
    main(["render"])
    repository.commit()
    code, output, _ = run()
    assert (code, line_of(output, "inputs")) == (1, "! inputs Git ignores files that the config reads: config/live/web.yaml")
    assert "remove them from .gitignore, then run git add config/live/web.yaml" in following(output)


def test_a_file_that_the_config_reads_and_git_does_not_track_is_listed(repository: Repository, run: Run) -> None:
    manifest = dump(live.workload(live.container(H="redis")))
    repository.commit({"config/one.yaml": CONFIG + CLIENT})
    (repository.folder / "config/live").mkdir()
    (repository.folder / "config/live/web.yaml").write_text(manifest)
    main(["render"])
    code, output, _ = run()
    assert (code, line_of(output, "inputs")) == (0, "- inputs not in Git yet: config/live/web.yaml")


def test_open_questions_are_listed_with_their_position(repository: Repository, run: Run) -> None:
    question = "  # open: nothing in the input shows what web stores in Redis: write use\n"
    repository.commit({"config/one.yaml": CONFIG + question})
    main(["render"])
    repository.commit({})
    code, output, _ = run()
    line = CONFIG.count("\n") + 1
    expected = f"- question config/one.yaml:{line}: nothing in the input shows what web stores in Redis: write use"
    assert (code, line_of(output, "question")) == (0, expected)
    assert following(output) == ["answer the open questions in config/one.yaml"]


@pytest.mark.parametrize(("step", "listed"), [("prepare", False), ("scale-down", True), ("complete", False)])
def test_migrations_in_progress_are_listed_with_their_next_command(repository: Repository, run: Run, step: str, listed: bool) -> None:
    assert repository.folder.is_dir()
    loaded(repository.folder / "config", step)
    main(["render", "config/chocolandia.yaml"])
    _, output, _ = run("config/chocolandia.yaml")
    assert ("migration     beersystem is at scale-down" in output) is listed
    secret = "rediskit migrate record config/chocolandia.yaml --client beersystem --secret-seen"
    assert (f"{secret}   # after you compared the Secrets in the namespaces of Redis and of the client" in following(output)) is listed


def test_an_output_directory_that_git_ignores_is_a_problem(repository: Repository, run: Run) -> None:
    repository.git("rm", "-r", "--quiet", "--cached", "rendered")
    (repository.folder / ".gitignore").write_text("rendered/\n")
    code, output, _ = run()
    assert (code, line_of(output, "commit")) == (1, "! commit Git ignores rendered/one")
    assert following(output) == ["remove rendered/one from .gitignore"]


@pytest.mark.parametrize(
    ("says", "line", "code"),
    [
        (None, "- git git is not on PATH", 0),
        ("echo 'fatal: detected dubious ownership' >&2; exit 128", "! git git fails: detected dubious ownership", 3),
        ("exit 77", "! git git ended with exit code 77", 3),
        ("sleep 60", "! git git did not end within 0.5 s and was killed", 3),
    ],
    ids=["absent", "refuses", "fails", "hangs"],
)
def test_a_git_that_fails_is_a_problem_and_a_missing_one_a_note(
    repository: Repository, bin_: Path, run: Run, monkeypatch: pytest.MonkeyPatch, says: str | None, line: str, code: int
) -> None:
    monkeypatch.setattr(git_module, "TIME_LIMIT", 0.5)
    (bin_ / "git").unlink()
    if says:
        script(bin_, "git", f'[ "$1" = --version ] && echo git version 2.50.0 && exit\n{says}')
    ended, output, _ = run()
    assert ended == code
    assert line in [" ".join(text.split()) for text in output.partition("config/one.yaml\n")[2].splitlines()]
    assert line_of(output.partition("config/one.yaml\n")[2], "tree").startswith("tree rendered/one is current, ")
    assert repository.folder.is_dir()
