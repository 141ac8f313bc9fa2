"""`rediskit init` creates a project that renders, checks and builds; it guesses, overwrites and reveals nothing."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from rediskit import load
from rediskit.chart.profiles import MAINTAINED, PROFILES
from rediskit.cli import main
from rediskit.git import work_tree as rediskit_git
from rediskit.init.dump import MAX_INPUT
from rediskit.yamlio.writer import dump
from tests.init.live import REAL, container, redis, secret_key, service, text, workload
from tests.output.repositories import Repository
from tests.renderers.owner_build import OLD_REDIS, Owner
from tests.samples import CONFIG, ROOT

REPOSITORY = "https://git.example.org/platform/cluster.git"
WORD = "correct-horse-battery"
WHOLE = f"{REAL}---\n{dump(OLD_REDIS[1])}"
"""The real objects, and the Service of the old Redis."""
THREE: dict[str, Any] = {"REDIS_HOST": "redis", "REDIS_PORT": "6379", "REDIS_PASSWORD": secret_key("keys", "password")}
KINDS = "deployment,statefulset,cronjob,service,configmap,hpa,networkpolicy"
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
    assert "open questions" not in ended.output
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
    for client in (ours, theirs):
        client["workloads"][0].pop("manifest")
    assert theirs == ours
    text = (repository.folder / "config/home.yaml").read_text(encoding="utf-8")
    assert "# REDIS_PASSWORD is not in the input: the name is derived from REDIS_HOST" in text


@pytest.mark.usefixtures("repository")
def test_the_output_lists_files_clients_notes_and_next_commands() -> None:
    ended = rediskit("init", "--from", "-", piped=WHOLE)
    assert ended.output.splitlines() == [
        "home: created 5 files in .",
        "  + rediskit.schema.json",
        "  + Makefile",
        "  + .gitattributes",
        "  + config/home/beersystem-backend.yaml",
        "  + config/home.yaml",
        "clients:",
        (
            "  beersystem: Deployment/beersystem-backend; backend (REDIS_HOST, REDIS_PORT, REDIS_PASSWORD); "
            "old Redis redis.beersystem.svc.cluster.local:6379, remove Deployment/redis, Service/redis"
        ),
        "notes:",
        "  beersystem: deployed by Argo CD Application beersystem-staging: its repository is the application repository",
        "  beersystem: REDIS_PASSWORD is not in the input: the name is derived from REDIS_HOST; check that container backend reads it",
        (
            "  config/home/beersystem-backend.yaml: contains only names and addresses; "
            "all other values are removed because they could be passwords"
        ),
        "next:",
        "  rediskit render",
        "  rediskit check",
        "  git add --all && git commit",
        "  git push, then run once: kubectl apply -f rendered/home/bootstrap/",
        "  rediskit secret apply; or set another secrets.mode and run rediskit secret new: the Secrets are then in Git, encrypted",
    ]


def test_the_next_commands_work(bare: Path) -> None:
    done = subprocess.run(["git", "init", "--quiet", "."], check=True, capture_output=True)
    document = json.loads(rediskit("init", "new-folder", "--name", "home", "--repository", REPOSITORY, "--json").output)
    commands = document["next"][:3]
    assert commands == ["cd new-folder", "rediskit render", "rediskit check"]
    program = f"rediskit() {{ '{sys.executable}' -m rediskit \"$@\"; }}; {' && '.join(commands)}"
    done = subprocess.run(["sh", "-c", program], capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60)
    assert done.returncode == 0, done.stderr
    assert config(bare / "new-folder")["gitops"]["path"] == "new-folder/rendered/home"


@pytest.mark.parametrize("application", [False, True])
def test_the_quick_start_of_the_readme_works(repository: Repository, tmp_path: Path, application: bool) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", readme.partition("## Quick start")[2].partition("\n## ")[0], re.DOTALL)
    create, block = "rediskit init --name homelab\n", next(block for block in blocks if "rediskit init" in block)
    assert create in block
    if application:
        block = block.replace(create, next(other for other in blocks if "--from -" in other))
    programs = tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "live.yaml").write_text(dump({"kind": "List", "items": [workload(container(**THREE)), redis(), service()]}))
    for name, script in (
        ("kubectl", f'[ "$*" = "get {KINDS} -n shop -o yaml" ] && cat {tmp_path}/live.yaml'),
        ("rediskit", f"PYTHONPATH='{ROOT}' exec '{sys.executable}' -m rediskit \"$@\""),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "EDITOR": "true", "GIT_EDITOR": "echo first >"}
    done = subprocess.run(["sh", "-ec", block], capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert repository.git("status", "--porcelain") == ""
    assert repository.git("ls-files", "rendered/homelab/README.md")
    clients = [(client.name, client.previous and client.previous.remove) for client in load("config/homelab.yaml").clients]
    assert clients == ([("shop", ("Deployment/redis", "Service/redis"))] if application else [])


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


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        (REPOSITORY, REPOSITORY),
        ("git@git.example.org:platform/cluster.git", "git@git.example.org:platform/cluster.git"),
        ("ssh://git@git.example.org:2222/platform/cluster.git", "ssh://git@git.example.org:2222/platform/cluster.git"),
        (f"https://somebody:{WORD}@git.example.org/platform/cluster.git", REPOSITORY),
        (f"https://{WORD}@git.example.org/platform/cluster.git", REPOSITORY),
        (f"ssh://git:{WORD}@git.example.org/cluster.git", "ssh://git@git.example.org/cluster.git"),
        ("/srv/git/cluster.git", ""),
        ("../cluster.git", ""),
    ],
    ids=["https", "scp", "ssh", "password", "token", "ssh-password", "path", "relative"],
)
def test_the_repository_is_the_remote_without_what_is_secret(repository: Repository, remote: str, expected: str) -> None:
    repository.git("remote", "set-url", "origin", remote)
    ended = rediskit("init")
    assert ended.code == 0
    text = (repository.folder / "config/home.yaml").read_text(encoding="utf-8")
    assert config(repository.folder)["gitops"]["repository"] == (expected or "https://git.example.com/owner/repository.git")
    assert ("config/home.yaml:4: the remote origin is a path on this machine: write the address" in ended.output) == (expected == "")
    assert WORD not in text + ended.output
    assert ("# without the user name and the password of the remote" in text) == (WORD in remote)
    assert load("config/home.yaml").name == "home"


def test_several_remotes_without_origin_are_an_open_question(repository: Repository) -> None:
    repository.git("remote", "rename", "origin", "one")
    assert rediskit("init", "--dry-run").output.count("open:") == 0, "a single one is meant"
    repository.git("remote", "add", "two", REPOSITORY)
    assert (
        "Git has several remotes (one, two): write the address of the repository for this folder (--repository)" in rediskit("init").output
    )
    repository.git("remote", "add", "origin", "https://git.example.org/third.git")
    rediskit("init", "--name", "lab")
    assert config(repository.folder, "lab")["gitops"]["repository"] == "https://git.example.org/third.git"


def test_the_branch_is_the_default_branch_of_the_remote(repository: Repository) -> None:
    def revision(*arguments: str) -> str:
        rediskit("init", "--name", "home", *arguments)
        revision: str = config(repository.folder)["gitops"]["revision"]
        (repository.folder / "config/home.yaml").unlink()
        return revision

    assert revision() == "main"
    repository.git("checkout", "--quiet", "-b", "feature")
    assert revision() == "main", "what somebody works on is not what the tool follows"
    repository.git("checkout", "--quiet", "-b", "master")
    assert revision() == "master"
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/production")
    assert revision() == "production"
    assert revision("--revision", "stable") == "stable"


def test_outside_of_git_the_repository_is_an_open_question_and_the_project_renders(bare: Path) -> None:
    ended = rediskit("init")
    assert ended.code == 0
    line = (bare / "config/home.yaml").read_text(encoding="utf-8").splitlines()[3]
    assert line == "  # open: this folder is not in a Git work tree: write the address of the repository for this folder (--repository)"
    assert f"open questions, each a comment in the config:\n  config/home.yaml:4: {line.strip().removeprefix('# open: ')}\n" in ended.output
    assert "next:\n  answer the open questions in config/home.yaml\n  rediskit render\n" in ended.output
    assert rediskit("render").code == 0


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("script", ["exit 1", "exit 129", "sleep 60", None], ids=["knows nothing", "fails", "hangs", "missing"])
def test_the_repository_is_an_open_question_if_git_fails(tmp_path: Path, script: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin/git"
    program.parent.mkdir()
    if script:
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/bin" if script else str(program.parent))
    monkeypatch.setattr(rediskit_git, "TIME_LIMIT", 0.3)
    ended = rediskit("init")
    assert (ended.code, ended.errors) == (0, "")
    assert "write the address of the repository for this folder (--repository)" in ended.output
    assert load("config/home.yaml").gitops.repository == "https://git.example.com/owner/repository.git"


OPEN: dict[str, tuple[Mapping[str, Any], str, str]] = {
    "scaled to 0": (workload(container(**THREE), replicas=0), "  # workloads:\n", "write the normal number of replicas (--replicas)"),
    "no variable": (workload(container()), "  # workloads:\n", "no variable of Deployment/web refers to Redis (containers: app)"),
    "two sets": (
        workload(container(A_REDIS_HOST="redis", B_REDIS_HOST="queue")),
        "  # workloads:\n",
        "refers to several Redis servers (A_REDIS_HOST",
    ),
    "two containers": (
        workload(container("one", REDIS_HOST="redis"), container("two", REDIS_HOST="queue")),
        "".join(
            f"  #     {name}:\n  #       env:\n  #         REDIS_HOST: ${{host}}\n"
            "  #         REDIS_PORT: ${port}\n  #         REDIS_PASSWORD: ${password}\n"
            for name in ("one", "two")
        ),
        "(one: REDIS_HOST, two: REDIS_HOST): write the containers to migrate",
    ),
    "TLS": (
        workload(container(REDIS_URL="rediss://redis:6380")),
        "  # workloads:\n",
        "container app, REDIS_URL: it uses TLS, which the shared Redis does not offer",
    ),
    "host in a Secret": (
        workload(container(**{**THREE, "REDIS_HOST": secret_key("keys", "host")})),
        "  workloads:\n  - manifest: home/web.yaml\n",
        "the host of the old Redis is not in the input (REDIS_HOST comes from Secret keys)",
    ),
    "no namespace": (workload(container(**THREE), namespace=None), "# clients:\n", "write the namespace that it runs in (--namespace)"),
}


@pytest.mark.parametrize("case", OPEN)
def test_an_open_question_is_a_comment_and_the_project_renders(repository: Repository, case: str) -> None:
    obj, commented, asked = OPEN[case]
    ended = rediskit("init", "--from", "-", piped=text(dict(obj)))
    assert (ended.code, ended.errors) == (0, "")
    written = (repository.folder / "config/home.yaml").read_text(encoding="utf-8")
    assert commented in written
    assert asked in ended.output.partition("\nopen questions, each a comment in the config:\n")[2].partition("\nnext:\n")[0]
    for line in ended.output.partition("\nopen questions, each a comment in the config:\n")[2].partition("\nnext:\n")[0].splitlines():
        file, number, question = line.strip().split(":", 2)
        assert written.splitlines()[int(number) - 1].strip() == f"# open: {question.strip()}"
        assert file == "config/home.yaml"
    assert "migration" not in str(config(repository.folder).get("clients"))
    assert rediskit("render").code == 0
    assert rediskit("check").code == 0


@pytest.mark.parametrize("case", ["scaled to 0", "no namespace"])
@pytest.mark.usefixtures("repository")
def test_options_answer_open_questions(case: str) -> None:
    answer = {"scaled to 0": ["--replicas", "4"], "no namespace": ["--namespace", "shop"]}[case]
    ended = rediskit("init", "--from", "-", *answer, piped=text(dict(OPEN[case][0])))
    assert "open questions" not in ended.output
    (client,) = load("config/home.yaml").clients
    assert client.migration is not None
    assert (client.namespace, client.workloads[0].replicas) == ("shop", 4 if case == "scaled to 0" else 2)


def test_a_commented_section_is_valid_without_its_marks(repository: Repository) -> None:
    rediskit("init", "--from", "-", piped=text(workload(container(**THREE), replicas=0)))
    file = repository.folder / "config/home.yaml"
    lines = file.read_text(encoding="utf-8").splitlines()
    first = next(index for index, line in enumerate(lines) if line == "  # workloads:")
    answered = [
        line.replace("# ", "", 1) if index >= first and "# " in line and ": " not in line[:5] else line for index, line in enumerate(lines)
    ]
    answered = [line if not line.strip().startswith("Service") else f"  # {line.strip()}" for line in answered]
    file.write_text("\n".join(answered).replace("    replicas:", "    replicas: 3") + "\n", encoding="utf-8")
    client = load(file).clients[0]
    assert client.migration is not None
    assert (client.workloads[0].replicas, client.migration.step) == (3, "prepare")


@pytest.mark.usefixtures("repository")
def test_two_workloads_of_one_redis_are_one_client() -> None:
    stdin = text(workload(container(**THREE)), workload(container(**THREE), name="worker", kind="StatefulSet"), redis(), service())
    assert rediskit("init", "--from", "-", piped=stdin).code == 0
    (client,) = load("config/home.yaml").clients
    assert (client.name, client.references) == ("shop", ("Deployment/web", "StatefulSet/worker"))
    assert list(client.env) == ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"]
    assert rediskit("render").code == 0


# What is refused


@pytest.mark.parametrize(
    ("stdin", "code", "message"),
    [
        (": : :\n", 2, "standard input:1:"),
        ("Error from server (NotFound): deployments.apps not found\n", 2, "no Deployment, StatefulSet, CronJob or Rollout"),
        ("", 2, "standard input contains no object"),
        (
            dump({**workload(container(**THREE)), "kind": "Pod"}),
            2,
            "standard input contains no Deployment, StatefulSet, CronJob or Rollout, only: Pod",
        ),
        (text(redis(), service()), 2, "the input contains only Redis"),
        (text(workload(container()), workload(container(), name="b")), 2, "no variable refers to Redis in Deployment/web, Deployment/b"),
        (text(workload(container(**{**THREE, "REDIS_HOST": WORD}, DB_PASSWORD=WORD))), 1, "env[0].value repeats a secret of the input"),
        ("x" * (1024 * 1024 + 1), 2, "standard input:1:1: error: a document is larger than 1 MiB and is not a List in YAML"),
        ("x" * (MAX_INPUT + 1), 2, "standard input is larger than 50 MiB"),
        (text(workload(container("No_Label", **THREE))), 1, "the new config does not render; nothing was written"),
    ],
    ids=["not-yaml", "error-of-kubectl", "empty", "pod", "redis-alone", "no-variable", "repeated", "long", "huge", "bad-container"],
)
def test_input_that_is_refused_leaves_nothing(repository: Repository, stdin: str, code: int, message: str) -> None:
    ended = rediskit("init", "--from", "-", "new", piped=stdin)
    assert (ended.code, ended.output) == (code, "")
    assert message in ended.errors
    assert WORD not in ended.errors
    assert "Traceback" not in ended.errors
    assert files(repository.folder) == []
    assert not (repository.folder / "new").exists()
    document = json.loads(rediskit("init", "--from", "-", "new", "--json", piped=stdin).output)
    assert (document["exitCode"], message.split(":")[-1].strip() in json.dumps(document)) == (code, True)


def test_a_missing_file_and_a_terminal_are_refused(repository: Repository) -> None:
    assert rediskit("init", "--from", "live.yaml").errors.startswith("error[file-missing]: file live.yaml does not exist\n")
    leader, follower = os.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-m", "rediskit", "init", "--from", "-"],
            stdin=follower,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as process:
            _, errors = process.communicate(timeout=60)
    finally:
        os.close(leader)
        os.close(follower)
    assert process.returncode == 2
    assert errors.decode().splitlines() == [
        "error: standard input is a terminal",
        "  help: pipe the objects into it: kubectl get deployment NAME -o yaml | rediskit init --from -",
    ]
    assert files(repository.folder) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "Home Lab"], "--name: 'Home Lab' is not a DNS label\n  help: use lower-case letters"),
        (["--name", ""], "--name: '' is not a DNS label"),
        (["--repository", "somewhere"], "--repository: somewhere is not a Git repository URL\n  help: write the URL that"),
        (["--repository", ""], "--repository: '' is not a Git repository URL"),
        (["--revision", "a..b"], "--revision: a..b is not a Git branch, tag or commit"),
        (["--namespace", "Shop"], "--namespace: Shop is not a DNS label"),
        (["--replicas", "0"], "--replicas: 0 is too small"),
        (["--tool", "helm"], "unknown value 'helm'"),
        (["--replicas", "many"], "invalid int value"),
    ],
)
def test_a_wrong_command_line(repository: Repository, arguments: list[str], message: str) -> None:
    ended = rediskit("init", *arguments)
    assert ended.code == 2
    assert message in ended.errors
    assert files(repository.folder) == []


def test_a_folder_name_without_letters_needs_the_option_name(tmp_path: Path) -> None:
    folder = tmp_path / "---"
    folder.mkdir()
    assert (
        "the folder name contains no letter or digit for the name of the environment\n  help: set one with --name"
        in rediskit("init", str(folder)).errors
    )
    assert rediskit("init", str(folder), "--name", "home").code == 0


@pytest.mark.usefixtures("repository")
def test_nothing_is_written_without_space_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    ended = rediskit("init", str(tmp_path / "new"))
    assert (ended.code, ended.errors.splitlines()[0]) == (1, "error: the temporary folder: No space left on device")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("path", ["config/home.yaml", "config/home/beersystem-backend.yaml", "rediskit.schema.json"])
def test_existing_files_are_not_overwritten(repository: Repository, path: str) -> None:
    mine = repository.folder / path
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("mine\n")
    ended = rediskit("init", "--from", "-", piped=WHOLE)
    assert (ended.code, ended.output) == (1, "")
    assert ended.errors == f"error: {path} already exists\n  help: move it or choose another name: rediskit does not overwrite it\n"
    assert files(repository.folder) == [path]
    assert mine.read_text() == "mine\n"


def test_every_existing_file_is_reported(repository: Repository) -> None:
    assert rediskit("init", "--from", "-", piped=WHOLE).code == 0
    for path in ("config/home.yaml", "config/home/beersystem-backend.yaml", "rediskit.schema.json"):
        (repository.folder / path).write_text("mine\n")
    ended = rediskit("init", "--from", "-", piped=WHOLE)
    assert [line for line in ended.errors.splitlines() if not line.startswith(" ")] == [
        "error: rediskit.schema.json already exists",
        "error: config/home/beersystem-backend.yaml already exists",
        "error: config/home.yaml already exists",
    ]


@pytest.mark.usefixtures("repository")
def test_init_twice_is_refused() -> None:
    assert rediskit("init").code == 0
    ended = rediskit("init")
    assert (ended.code, ended.errors.splitlines()[0]) == (1, "error: config/home.yaml already exists")


def test_an_existing_makefile_and_gitattributes_are_kept(repository: Repository) -> None:
    (repository.folder / "Makefile").write_text("all:\n")
    (repository.folder / ".gitattributes").write_text("* text=auto\n")
    ended = rediskit("init")
    assert ended.code == 0
    assert "  Makefile exists and is unchanged: `rediskit render` and `rediskit check` do not need it\n" in ended.output
    assert "  .gitattributes exists and is unchanged: add the line `rendered/*/.rediskit.json merge=union`\n" in ended.output
    assert (repository.folder / "Makefile").read_text() == "all:\n"
    assert (repository.folder / ".gitattributes").read_text() == "* text=auto\n"


def test_the_makefile_of_init_has_the_targets_render_check_and_diff(repository: Repository, tmp_path: Path) -> None:
    rediskit("init")
    program = tmp_path / "bin/rediskit"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nPYTHONPATH='{ROOT}' exec '{sys.executable}' -m rediskit \"$@\"\n")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    for target in ("render", "check", "diff"):
        done = subprocess.run(["make", target], capture_output=True, text=True, check=False, env=environment, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (repository.folder / "rendered/home/README.md").is_file()


KILLS = """
import os, signal, sys
from itertools import count
from rediskit.output.input_files import write_new
from rediskit.init.project import Options, new_project
from tests.output.faults import watching

def make(folder, kill):
    source = (open(sys.argv[1], "rb").read(), "live")
    made = new_project(Options(folder, name="home", repository="https://git.example.org/a.git", source=source))
    with watching(lambda number, what: os.kill(os.getpid(), signal.SIGKILL) if number == kill else None):
        write_new(folder, made.files)

for number in count(1):
    folder = f"{sys.argv[2]}/{number}"
    child = os.fork()
    if child == 0:
        make(folder, number)
        os._exit(0)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        break
    whole = os.path.exists(f"{folder}/config/home.yaml")
    if not whole:
        make(folder, 0)
    print("whole" if whole else "begun", *(path for path in sys.argv[3:] if not os.path.isfile(f"{folder}/{path}")))
"""


def test_the_next_run_completes_a_killed_init(tmp_path: Path) -> None:
    """A run is killed before each operation. The config is written last: if it exists, all files exist; if not, init starts again."""
    (tmp_path / "live.yaml").write_text(WHOLE, encoding="utf-8")
    wanted = [*FILES, "config/home/beersystem-backend.yaml"]
    command = [sys.executable, "-c", KILLS, str(tmp_path / "live.yaml"), str(tmp_path), *wanted]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = done.stdout.split("\n")[:-1]
    assert len(seen) > 15
    assert set(seen) == {"begun", "whole"}, "no line names a file that is missing"


# A dry run, JSON, and passwords


def test_a_dry_run_shows_the_config_and_writes_nothing(repository: Repository) -> None:
    dry = rediskit("init", "--dry-run", "--from", "-", piped=WHOLE)
    assert (dry.code, files(repository.folder)) == (0, [])
    assert dry.output.startswith("home: would create 5 files in .\n")
    document = json.loads(rediskit("init", "--dry-run", "--json", "--from", "-", piped=WHOLE).output)
    assert (document["dryRun"], files(repository.folder)) == (True, [])
    rediskit("init", "--from", "-", piped=WHOLE)
    assert dry.output.endswith("\n\n" + (repository.folder / "config/home.yaml").read_text(encoding="utf-8"))
    assert document["created"] == [path for path in document["created"] if (repository.folder / path).is_file()]


@pytest.mark.usefixtures("repository")
def test_json_lists_clients_and_open_questions() -> None:
    document = json.loads(rediskit("init", "--json", "--from", "-", piped=text(workload(container(REDIS_HOST="redis"), replicas=0))).output)
    assert document["clients"] == [
        {
            "name": "shop",
            "namespace": "shop",
            "use": [],
            "databases": {},
            "workloads": [
                {
                    "workload": "Deployment/web",
                    "initContainers": {},
                    "containers": {"app": {"env": {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}}},
                    "autoscaler": None,
                }
            ],
            "previous": {"host": "redis", "port": 6379, "remove": []},
        }
    ]
    assert (document["name"], document["config"], document["exitCode"]) == ("home", "config/home.yaml", 0)
    assert document["open"] == [
        "config/home.yaml:19: Deployment/web is scaled to 0: write the normal number of replicas (--replicas)",
    ]


def test_a_new_config_has_the_maintained_chart(repository: Repository) -> None:
    rediskit("init")
    assert config(repository.folder)["redis"]["chart"] == {"profile": MAINTAINED, "version": PROFILES[MAINTAINED].version}
    assert PROFILES[MAINTAINED].maintained
    ended = rediskit("render")
    assert (ended.code, "frozen-image" in ended.errors) == (0, False)


def test_no_password_of_the_input_is_written_or_printed(repository: Repository) -> None:
    words = [f"{WORD}-{number}" for number in range(6)]
    encoded = b64encode(words[5].encode()).decode()
    app = workload(
        container(
            REDIS_HOST="redis",
            REDIS_PASSWORD=words[0],
            DATABASE_URL=f"postgres://shop:{words[1]}@db/shop",
            SMTP_PASS=words[2],
        ),
        annotations={
            "kubectl.kubernetes.io/last-applied-configuration": json.dumps(workload(container(REDIS_PASSWORD=words[3]))),
        },
    )
    keys = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"word": words[4]}, "data": {"x": encoded}}
    for extra in ([], ["--json", "--name", "two"], ["--debug", "--name", "three"], ["--dry-run", "--name", "four"]):
        ended = rediskit("init", "--from", "-", *extra, piped=text(app, keys, redis(), service()))
        assert ended.code == 0, ended.errors
        shown = ended.output + ended.errors + "".join(path.read_text() for path in repository.folder.rglob("*") if path.is_file())
        assert [word for word in [WORD, *words, encoded] if word in shown] == []
    kept = yaml.safe_load((repository.folder / "config/home/web.yaml").read_text(encoding="utf-8"))
    assert kept["spec"]["template"]["spec"]["containers"][0]["env"] == [
        {"name": "REDIS_HOST", "value": "redis"},
        *({"name": name} for name in ("REDIS_PASSWORD", "DATABASE_URL", "SMTP_PASS")),
    ]
    assert rediskit("render").code == 0


def test_a_name_from_the_input_does_not_become_part_of_the_config(repository: Repository) -> None:
    odd = workload(container(**THREE), labels={"argocd.argoproj.io/instance": "x\nsecrets:\n  mode: sops\n# y"})
    assert rediskit("init", "--from", "-", piped=text(odd)).code == 0
    assert config(repository.folder)["secrets"] == {"mode": "manual"}


def test_the_line_for_editors_refers_to_the_schema(repository: Repository) -> None:
    rediskit("init", "sub")
    first = repository.folder / "sub/config/sub.yaml"
    line = first.read_text(encoding="utf-8").splitlines()[0]
    assert line.startswith("# yaml-language-server: $schema=")
    assert (first.parent / line.partition("=")[2]).read_bytes() == (ROOT / "rediskit.schema.json").read_bytes()
    assert config(repository.folder / "sub", "sub")["gitops"]["path"] == "sub/rendered/sub"
