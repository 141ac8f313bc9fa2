"""Load configs: referenced files, locations of errors, and conflicts between environments."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rediskit.errors import ConfigError, Problem
from rediskit.files import MAX_BYTES, read_file
from rediskit.git.discovery import work_tree
from rediskit.source.loader import load
from tests.problems import lines_of

HEAD = "name: {name}\ngitops:\n  tool: argocd\n  repository: https://git.example.org/platform/cluster.git\n"
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop}
spec: {replicas: 2, template: {spec: {containers: [{name: web}]}}}
"""
WORKLOAD = "    containers: {web: {env: {REDIS_HOST: '${host}', REDIS_PORT: '${port}', REDIS_PASSWORD: '${password}'}}}\n"


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a Git work tree with config/ and a file outside, and change into it."""
    folder = tmp_path / "clone"
    (folder / ".git").mkdir(parents=True)
    (folder / "config/files").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text(MANIFEST)
    (folder / "shop.yaml").write_text(MANIFEST)
    monkeypatch.chdir(folder)
    return folder


def config(body: str = "", name: str = "home") -> str:
    path = f"config/{name}.yaml"
    Path(path).write_text(HEAD.format(name=name) + body)
    return path


def with_manifest(path: str) -> str:
    return config(f"clients:\n- name: shop\n  namespace: shop\n  workloads:\n  - manifest: {path}\n{WORKLOAD}")


def problems(path: str) -> list[Problem]:
    with pytest.raises(ConfigError) as error:
        load(path)
    return list(error.value.problems)


def lines(path: str) -> list[str]:
    return lines_of(problems(path))


# What a config names


def test_the_content_of_a_manifest_is_in_the_model(repository: Path) -> None:
    workload = load(with_manifest("../shop.yaml")).clients[0].workloads[0]
    assert workload is not None
    assert workload.manifest is not None
    assert workload.manifest.path == "../shop.yaml"
    assert workload.manifest.content["spec"]["replicas"] == 2
    (repository / "shop.yaml").unlink()
    assert workload.manifest.content["metadata"]["name"] == "shop", "nothing is read later"


AT = "config/home.yaml:9:15: clients[0].workloads[0].manifest: "


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("files/nothing.yaml", "file config/files/nothing.yaml does not exist"),
        ("files", "config/files is a folder"),
        (".", "config is a folder"),
        ("../../outside.yaml", "../../outside.yaml is outside the Git work tree of the config"),
        ("../../nothing.yaml", "../../nothing.yaml is outside the Git work tree of the config"),
        ("/etc/hostname", "/etc/hostname is an absolute path"),
        ("~/shop.yaml", "~/shop.yaml is an absolute path"),
        ("~root/shop.yaml", "~root/shop.yaml is an absolute path"),
        ('""', "expected the path of a file"),
        ("[shop.yaml]", "expected the path of a file"),
        ("5", "expected the path of a file"),
        ("true", "expected the path of a file"),
        ('"shop\\0.yaml"', "the path contains an unprintable character"),
        ('"shop\\n.yaml"', "the path contains an unprintable character"),
        ("a" * 300, f"config/{'a' * 300}: file name too long"),
        ("a/" * 600 + "b", f"file config/{'a/' * 600}b does not exist"),
    ],
)
def test_a_manifest_that_can_not_be_read_is_reported_at_its_key(path: str, message: str) -> None:
    assert lines(with_manifest(path)) == [AT + message]
    assert all(problem.hint for problem in problems("config/home.yaml"))


def test_links_to_files_outside_the_work_tree_are_refused(repository: Path) -> None:
    (repository / "config/files/in.yaml").symlink_to("../../shop.yaml")
    (repository / "config/files/out.yaml").symlink_to("../../../outside.yaml")
    (repository / "config/files/far").symlink_to("../../..")
    (repository / "config/files/round.yaml").symlink_to("round.yaml")
    assert load(with_manifest("files/in.yaml")).clients[0].workloads[0] is not None
    assert lines(with_manifest("files/out.yaml")) == [AT + "files/out.yaml is outside the Git work tree of the config"]
    assert lines(with_manifest("files/far/outside.yaml")) == [AT + "files/far/outside.yaml is outside the Git work tree of the config"]
    assert lines(with_manifest("files/round.yaml")) == [AT + "config/files/round.yaml: too many levels of symbolic links"]


def test_a_path_through_a_link_is_reported_as_the_real_path(repository: Path) -> None:
    """`link/../x` is not `x`: the message contains the real path."""
    (repository / "deep/folder").mkdir(parents=True)
    (repository / "config/files/link").symlink_to("../../deep/folder")
    assert lines(with_manifest("files/link/../nothing.yaml")) == [f"{AT}file {(repository / 'deep/nothing.yaml').resolve()} does not exist"]


def test_paths_of_a_linked_config_are_relative_to_the_real_file(repository: Path) -> None:
    (repository / "environments").mkdir()
    (repository / "environments/home.yaml").write_text(Path(with_manifest("shop.yaml")).read_text())
    (repository / "environments/shop.yaml").write_text(MANIFEST)
    (repository / "config/home.yaml").unlink()
    (repository / "config/home.yaml").symlink_to("../environments/home.yaml")
    assert load("config/home.yaml").clients[0].workloads[0] is not None


def test_without_git_the_folder_of_the_config_is_the_limit(repository: Path) -> None:
    (repository / ".git").rmdir()
    assert lines(with_manifest("../shop.yaml")) == [AT + "../shop.yaml is outside the folder of the config"]
    (repository / "config/files/shop.yaml").write_text(MANIFEST)
    assert load(with_manifest("files/shop.yaml")).clients[0].workloads[0] is not None


def test_a_work_tree_of_git_worktree_has_a_file_for_git(repository: Path) -> None:
    (repository / ".git").rmdir()
    (repository / ".git").write_text("gitdir: elsewhere\n")
    assert work_tree(str(repository / "config/files")) == str(repository)
    assert load(with_manifest("../shop.yaml")).clients[0].workloads[0] is not None


def test_a_special_file_is_refused_unopened() -> None:
    """Opening a FIFO without a writer blocks."""
    os.mkfifo("config/pipe.yaml")
    assert lines(with_manifest("pipe.yaml")) == [AT + "config/pipe.yaml is not a regular file"]
    assert [problem.message for problem in problems("config/pipe.yaml")] == ["config/pipe.yaml is not a regular file"]
    assert [problem.message for problem in problems("/dev/zero")] == ["/dev/zero is not a regular file"]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Run as another user, because root can read every file."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_without_read_permission_is_reported(tmp_path: Path) -> None:
    secret = tmp_path / "secret.yaml"
    secret.write_text("name: secret")
    secret.chmod(0)
    with as_nobody(), pytest.raises(ConfigError, match="permission denied"):
        read_file(secret, "secret.yaml")


def test_a_referenced_file_above_1_mib_is_refused() -> None:
    Path("config/large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    assert lines(with_manifest("large.yaml")) == [AT + "config/large.yaml is larger than 1 MiB"]
    Path("config/large.yaml").write_bytes(MANIFEST.encode() + b"#" * (MAX_BYTES - len(MANIFEST)))
    assert load(with_manifest("large.yaml")).clients[0].workloads[0] is not None


def test_a_missing_config_is_named() -> None:
    assert [str(problem) for problem in problems("config/nobody.yaml")] == [
        "error[file-missing]: file config/nobody.yaml does not exist\n  help: check the path: it is relative to the current folder"
    ]


def test_an_unreadable_manifest_hides_no_other_error() -> None:
    workload = "  - manifest: nothing.yaml\n    containr: {}\n    containers: {web: {host: A}}\n"
    path = config(f"clients:\n- name: Shop\n  workloads:\n{workload}")
    assert lines(path) == [
        "config/home.yaml:6:3: clients[0].namespace: is missing",
        "config/home.yaml:6:9: clients[0].name: Shop is not a DNS label",
        "config/home.yaml:8:15: clients[0].workloads[0].manifest: file config/nothing.yaml does not exist",
        "config/home.yaml:9:5: clients[0].workloads[0].containr: unknown key",
        "config/home.yaml:10:24: clients[0].workloads[0].containers.web.host: unknown key",
    ]


def test_errors_of_a_manifest_have_their_place_in_it() -> None:
    Path("shop.yaml").write_text("kind: Deployment\nmetadata:\n  name: shop\n  name: shop\n")
    assert lines(with_manifest("../shop.yaml")) == ["shop.yaml:4:3: metadata.name: duplicate key, also in line 3"]


def test_each_config_gets_its_own_copy_of_a_shared_manifest() -> None:
    workload = load(with_manifest("../shop.yaml")).clients[0].workloads[0]
    other = load("config/home.yaml").clients[0].workloads[0]
    assert workload.manifest is not None
    assert other.manifest is not None
    workload.manifest.content["spec"]["replicas"] = 99
    assert other.manifest.content["spec"]["replicas"] == 2


def test_the_certificate_and_the_directory_of_the_secrets() -> None:
    path = config("secrets:\n  mode: sealed-secrets\n  certificate: nothing.crt\n  directory: ../../secrets\n")
    assert lines(path)[-2:] == [
        "config/home.yaml:7:16: secrets.certificate: file config/nothing.crt does not exist",
        "config/home.yaml:8:14: secrets.directory: ../../secrets is outside the Git work tree of the config",
    ]
    assert load(config("secrets:\n  mode: manual\n  directory: not/yet/there\n")).secrets.directory == "not/yet/there"


# Clients with files of their own


def test_errors_of_all_files_are_sorted_by_place() -> None:
    Path("config/files/shop.yaml").write_text("name: Shop\nnamespace: Shop\n")
    assert lines(config("monitoring: {enabled: 1}\nclients:\n- file: files/shop.yaml\ncluster: Home\n")) == [
        "config/files/shop.yaml:1:7: clients[0].name: Shop is not a DNS label",
        "config/files/shop.yaml:2:12: clients[0].namespace: Shop is not a DNS label",
        "config/home.yaml:5:23: monitoring.enabled: expected true or false, found a number",
        "config/home.yaml:8:10: cluster: Home is not a DNS label",
    ]


# Text that looks like something else


# Sections that are there and empty


# The file and its name


def test_the_name_must_be_that_of_the_file() -> None:
    path = config(name="home")
    Path("config/other.yaml").write_text(Path(path).read_text())
    assert lines("config/other.yaml") == ["config/other.yaml:1:7: name: differs from the file name other.yaml"]
    Path("config/other.yaml").write_text(HEAD.format(name="2024"))
    assert lines("config/other.yaml") == ["config/other.yaml:1:7: name: differs from the file name other.yaml"], "a number too"
    Path("config/2024.yaml").write_text(HEAD.format(name="2024"))
    assert load("config/2024.yaml").name == "2024"
    Path("config/home.yml").write_text(Path(path).read_text())
    assert load("config/home.yml").name == "home"


def test_the_file_is_kept_as_it_was_named(repository: Path) -> None:
    config()
    assert load("config/home.yaml").file == "config/home.yaml"
    assert load(repository / "config/home.yaml").file == str(repository / "config/home.yaml")
    place = load(Path("config/home.yaml")).locate(("gitops", "argocd", "prefix"))
    assert str(place) == "config/home.yaml:3:3", "the nearest section around what is not written"


# Several environments


@pytest.mark.parametrize("key", ["aB3xY9kLm2Qw8ErT5uZ7", "YUIzeFk5a0xtMlF3OEVyVDV1Wjc="])
def test_a_key_that_looks_like_a_password_is_in_no_message(key: str) -> None:
    body = f"clients:\n- name: shop\n  namespace: shop\n  workloads:\n  - containers: {{{key}: {{env: {{REDIS_HOST: x}}}}}}\n"
    messages = "\n".join(map(str, problems(config(body))))
    assert key not in messages
    assert "containers.***" in messages


def test_another_version_of_rediskit_is_reported_before_all_other_errors() -> None:
    path = config("requiredVersion: '>=9.1'\nnetwrk: {}\n", name="later")
    assert [problem.code for problem in problems(path)] == ["required-version"]
    path = config("requiredVersion: '>=0.1'\nnetwrk: {}\n", name="later")
    assert [problem.code for problem in problems(path)] == ["unknown-key"]
