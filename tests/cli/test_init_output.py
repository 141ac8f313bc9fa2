"""The output of `rediskit init`: files, next commands, JSON, and nothing that is secret."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
import yaml

from rediskit import load
from rediskit.yamlio.writer import dump
from tests.cli.test_init import REPOSITORY, THREE, WHOLE, WORD, config, files, rediskit
from tests.cli.test_init import bare as bare
from tests.cli.test_init import repository as repository
from tests.init.live import container, redis, service, text, workload
from tests.output.repositories import Repository
from tests.samples import ROOT

KINDS = "deployment,statefulset,cronjob,service,configmap,hpa,networkpolicy"


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
        "open questions, each a comment in the config:",
        ("  config/home.yaml:19: nothing in the input shows what beersystem stores in Redis: write use; a queue has to be drained first"),
        "next:",
        "  answer the open questions in config/home.yaml",
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
        "config/home.yaml:19: nothing in the input shows what shop stores in Redis: write use; a queue has to be drained first",
        "config/home.yaml:21: Deployment/web is scaled to 0: write the normal number of replicas (--replicas)",
    ]


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
