"""`rediskit init` creates a project that renders, checks and builds; it guesses, overwrites and reveals nothing."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from rediskit import load
from rediskit.chart.profiles import MAINTAINED, PROFILES
from rediskit.cli import main
from rediskit.yamlio.writer import dump
from tests.init.live import REAL, container, redis, secret_key, service, text, workload
from tests.output.repositories import Repository
from tests.renderers.owner_build import OLD_REDIS, Owner
from tests.samples import CONFIG

REPOSITORY = "https://git.example.org/platform/cluster.git"
WORD = "correct-horse-battery"
WHOLE = f"{REAL}---\n{dump(OLD_REDIS[1])}"
"""The real objects, and the Service of the old Redis."""
THREE: dict[str, Any] = {"REDIS_HOST": "redis", "REDIS_PORT": "6379", "REDIS_PASSWORD": secret_key("keys", "password")}
FILES = [".gitattributes", "Makefile", "config/home.yaml", "rediskit.schema.json"]


class Ended(NamedTuple):
    code: int
    output: str
    errors: str


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Change to an empty Git work tree called `home`, with a remote."""
    work_tree = Repository(tmp_path / "home", monkeypatch)
    work_tree.git("remote", "add", "origin", REPOSITORY)
    monkeypatch.chdir(work_tree.folder)
    return work_tree


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty folder outside of Git, called `home`."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def rediskit(*arguments: str, piped: str | bytes = b"") -> Ended:
    """Run the command in this process, in the current folder."""
    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    stdin = io.TextIOWrapper(io.BytesIO(piped if isinstance(piped, bytes) else piped.encode()))
    with redirect_stdout(output), redirect_stderr(errors), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", stdin)
        try:
            code = main(list(arguments))
        except SystemExit as wrong:
            code = int(str(wrong.code))
    return Ended(code, *(stream.buffer.getvalue().decode() for stream in (output, errors)))


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)


def config(folder: Path, name: str = "home") -> Any:
    return yaml.safe_load((folder / f"config/{name}.yaml").read_text(encoding="utf-8"))


# A new folder is whole


def test_a_url_and_an_autoscaler_become_a_config_that_renders(repository: Repository) -> None:
    scaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 6},
    }
    stdin = text(workload(container(REDIS_URL="redis://redis:6379/2")), scaler, redis(), service())
    ended = rediskit("init", "--from", "-", piped=stdin)
    assert (ended.code, ended.errors) == (0, "")
    summary = "shop: Deployment/web; app (REDIS_URL); scaled by HorizontalPodAutoscaler/web; old Redis redis:6379, remove"
    assert f"  {summary} Deployment/redis, Service/redis\n" in ended.output
    assert config(repository.folder)["clients"][0]["workloads"][0] == {
        "manifest": "home/web.yaml",
        "containers": {"app": {"env": {"REDIS_URL": "redis://:${password}@${address}/${database}"}}},
        "autoscaler": {"kind": "HorizontalPodAutoscaler", "name": "web", "min": 2, "max": 6},
    }
    rendered = rediskit("render")
    assert (rendered.code, "variable-absent" in rendered.errors, "previous-host" in rendered.errors) == (0, False, False)


def test_a_remote_over_ssh_is_written_as_flux_takes_it(repository: Repository) -> None:
    repository.git("remote", "set-url", "origin", "git@git.example.org:platform/cluster.git")
    ended = rediskit("init", "--tool", "flux")
    assert (ended.code, ended.errors) == (0, "")
    assert config(repository.folder)["gitops"]["repository"] == "ssh://git@git.example.org/platform/cluster.git"
    assert "gitops.repository: git@git.example.org:platform/cluster.git in the form that Flux accepts" in ended.output
    assert "GitRepository" not in ended.output
    rendered = rediskit("render")
    assert rendered.code == 0
    assert "warning[flux-credentials]: " in rendered.errors


def test_argo_cd_takes_a_remote_over_ssh_as_it_is(repository: Repository) -> None:
    repository.git("remote", "set-url", "origin", "git@git.example.org:platform/cluster.git")
    assert rediskit("init").code == 0
    assert config(repository.folder)["gitops"]["repository"] == "git@git.example.org:platform/cluster.git"


def test_a_second_environment_is_one_file(repository: Repository) -> None:
    assert rediskit("init").code == 0
    ended = rediskit("init", "--name", "other")
    assert (ended.code, ended.output.splitlines()[0]) == (0, "other: created 1 file in .")
    assert "config/other.yaml" in files(repository.folder)


def test_a_file_at_the_path_of_the_project_is_refused(bare: Path) -> None:
    (bare / "notes.txt").touch()
    ended = rediskit("init", "notes.txt", "--name", "home")
    assert (ended.code, ended.output) == (2, "")
    assert ended.errors == "error: notes.txt is not a folder\n  help: set the path of a folder; it is created if it does not exist\n"


@pytest.mark.parametrize("tool", ["argocd", "flux"])
@pytest.mark.parametrize("source", ["nothing", "file", "stdin", "list"])
def test_a_new_folder_renders_checks_builds_and_is_clean_in_git(
    repository: Repository, tool: str, source: str, kustomize: Path, kubeconform: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFORM", str(kubeconform))
    stdin, arguments = WHOLE.encode(), ["--from", "-"]
    if source == "file":
        live = tmp_path / "live.yaml"
        live.write_bytes(stdin)
        stdin, arguments = b"", ["--from", str(live)]
    elif source == "list":
        stdin = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(yaml.safe_load_all(WHOLE))}).encode()
    elif source == "nothing":
        stdin, arguments = b"", []
    ended = rediskit("init", "--tool", tool, *arguments, piped=stdin)
    assert (ended.code, ended.errors) == (0, "")
    asked = ended.output.partition("\nopen questions, each a comment in the config:\n")[2].partition("\nnext:\n")[0].splitlines()
    question = "nothing in the input shows what beersystem stores in Redis: write use; a queue has to be drained first"
    texts = [] if source == "nothing" else [question]
    assert [line.split(": ", 1)[1] for line in asked] == texts
    manifest = [] if source == "nothing" else ["config/home/beersystem-backend.yaml"]
    assert files(repository.folder) == sorted([*FILES, *manifest])
    assert rediskit("render").code == 0
    checked = rediskit("check", "--kubeconform")
    assert checked.code == 0, checked
    assert "objects valid, 0 skipped" in checked.output
    tree = repository.folder / "rendered/home"
    for folder in ["platform", tool, *(path.parent.relative_to(tree).as_posix() for path in tree.glob("platform/*/kustomization.yaml"))]:
        built = subprocess.run([kustomize, "build", str(tree / folder)], capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr
        assert list(yaml.safe_load_all(built.stdout))
    if manifest:
        environment = load("config/home.yaml")
        base: list[dict[str, Any] | str] = [(repository.folder / manifest[0]).read_text(encoding="utf-8"), *OLD_REDIS]
        assert Owner(tmp_path / "owner", kustomize, base).build(environment).text == Owner(tmp_path / "own", kustomize, base).build().text
    repository.commit()
    assert rediskit("check").code == 0
    assert rediskit("diff").code == 0
    assert repository.git("status", "--porcelain") == ""


def test_the_real_objects_become_the_client_of_our_own_config(repository: Repository) -> None:
    assert rediskit("init", "--from", "-", piped=WHOLE).code == 0
    ours, theirs = load(CONFIG).clients[0].model_dump(), load("config/home.yaml").clients[0].model_dump()
    assert (ours.pop("use"), theirs.pop("use")) == (("cache",), ()), "the objects do not show it"
    for client in (ours, theirs):
        client["workloads"][0].pop("manifest")
    assert theirs == ours
    text = (repository.folder / "config/home.yaml").read_text(encoding="utf-8")
    assert "# REDIS_PASSWORD is not in the input: the name is derived from REDIS_HOST" in text


def test_a_named_pipe_is_read(repository: Repository) -> None:
    """Such as `--from <(kubectl get ...)`."""
    os.mkfifo("pipe")
    with subprocess.Popen(["sh", "-c", "cat > pipe"], stdin=subprocess.PIPE) as writer:
        assert writer.stdin
        writer.stdin.write(WHOLE.encode())
        writer.stdin.close()
        assert rediskit("init", "--from", "pipe").code == 0
    assert "config/home/beersystem-backend.yaml" in files(repository.folder)


def test_a_pipe_without_a_writer_is_named_on_standard_error(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rediskit.cli.init.WAIT", 0.05)
    os.mkfifo("pipe")
    with subprocess.Popen(["sh", "-c", "sleep 1; cat > pipe"], stdin=subprocess.PIPE) as writer:
        assert writer.stdin
        writer.stdin.write(WHOLE.encode())
        writer.stdin.close()
        ended = rediskit("init", "--from", "pipe")
    assert (ended.code, ended.errors) == (0, "rediskit: waiting for a program that writes to pipe; Ctrl-C to stop\n")
    assert "config/home/beersystem-backend.yaml" in files(repository.folder)


@pytest.mark.usefixtures("repository")
def test_the_output_of_a_command_needs_no_message() -> None:
    """As `--from <(kubectl get ...)` of bash, which is a pipe without a name."""
    inner, outer = os.pipe()
    with os.fdopen(outer, "wb") as writer:
        writer.write(WHOLE.encode())
    ended = rediskit("init", "--from", f"/dev/fd/{inner}")
    os.close(inner)
    assert (ended.code, ended.errors) == (0, "")


def test_two_workloads_of_one_name_in_two_namespaces_have_manifests_of_their_own(repository: Repository) -> None:
    """Each of the two is named after its client."""
    items = []
    for namespace in ("shop", "stage"):
        items += [workload(container(**{**THREE, "NAMESPACE": namespace})), redis(), service()]
        for item in items[-3:]:
            item["metadata"]["namespace"] = namespace
    ended = rediskit("init", "--from", "-", piped=text(*items))
    assert (ended.code, ended.errors) == (0, "")
    manifests = {client["name"]: client["workloads"][0]["manifest"] for client in config(repository.folder)["clients"]}
    assert manifests == {"shop": "home/shop.yaml", "stage": "home/stage.yaml"}
    for namespace in ("shop", "stage"):
        content = yaml.safe_load((repository.folder / f"config/home/{namespace}.yaml").read_text(encoding="utf-8"))
        assert content["metadata"]["namespace"] == namespace


def test_a_second_environment_keeps_the_files_of_the_first(repository: Repository) -> None:
    assert rediskit("init", "--from", "-", piped=WHOLE).code == 0
    before = (repository.folder / "config/home.yaml").read_bytes()
    ended = rediskit("init", "--name", "lab", "--tool", "flux", "--json")
    document = json.loads(ended.output)
    assert (ended.code, document["created"], document["kept"]) == (
        0,
        ["config/lab.yaml"],
        ["rediskit.schema.json", "Makefile", ".gitattributes"],
    )
    assert (repository.folder / "config/home.yaml").read_bytes() == before
    assert rediskit("render").code == 0


# What is known, and what is asked


# What is refused


# A dry run, JSON, and passwords


def test_a_new_config_has_the_maintained_chart(repository: Repository) -> None:
    rediskit("init")
    assert config(repository.folder)["redis"]["chart"] == {"profile": MAINTAINED, "version": PROFILES[MAINTAINED].version}
    assert PROFILES[MAINTAINED].maintained
    ended = rediskit("render")
    assert (ended.code, "frozen-image" in ended.errors) == (0, False)
