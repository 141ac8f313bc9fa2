"""`rediskit init --add` puts applications into an existing config: every other byte stays, and the result is proved before a write."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.cli import main
from rediskit.errors import ConfigError, RefusedError
from rediskit.init.addition import Addition, Request, addition
from rediskit.output.input_files import write_inputs
from rediskit.source.loader import load
from rediskit.yamlio.edits import Put
from rediskit.yamlio.splice import splice
from tests.init.live import container, redis, secret_key, service, text, workload
from tests.samples import ROOT
from tests.yamlio.test_splice import changed

THREE: dict[str, Any] = {"REDIS_HOST": "redis", "REDIS_PORT": "6379", "REDIS_PASSWORD": secret_key("keys", "password")}
HEAD = "name: home\ngitops: {tool: argocd, repository: https://git.example.org/a.git, revision: main}\nsecrets: {mode: manual}\n"
SHOP = "- name: blog\n  namespace: blog\n  databases: {default: 0}\n- {name: till, namespace: apps, databases: {default: 1, cache: 3}}\n"
WEB = text(redis(), service(), workload(container(**THREE)))
QUEUE = text(workload(container(CELERY_BROKER_URL="redis://redis:6379/0", CELERY_RESULT_BACKEND="redis://redis:6379/1")))


def written(folder: Path, config: str) -> Path:
    file = folder / "home.yaml"
    file.write_bytes(config.encode())
    return file


def added(file: Path, source: str = WEB, **options: Any) -> Addition:
    return addition(Request(str(file), (source.encode(), "live.yaml"), **options))


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def put(done: Addition) -> None:
    write_inputs(done.folder, done.files, done.old)


# The text


class Layout:
    """Configs with the same data in handwritten layouts."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def pick(self, *choices: str) -> str:
        chosen: str = self.draw(st.sampled_from(choices))
        return chosen

    def head(self) -> list[str]:
        redis = self.pick(
            "",
            "redis: {memory: {max: 512mb}}\n",
            "redis:\n    memory:\n        max: 512mb # é\n",
            "redis:\n  memory: {policy: allkeys-lru, max: 512mb} # ask: {first}\n",
        )
        secrets = self.pick("secrets: {mode: manual}\n", "secrets:\n   # by hand\n   mode: manual\n", '"secrets": {"mode": "manual"}\n')
        return ["gitops: {tool: argocd, repository: https://git.example.org/a.git, revision: main}\n", redis, secrets]

    def clients(self) -> str:
        step, gap = self.draw(st.integers(0, 4)), self.draw(st.integers(1, 4))
        dash, inner = " " * step + "-" + " " * gap, " " * (step + 1 + gap)
        comment = self.pick("", "  # of the blog", " # [x]")
        items = self.pick(
            f"{dash}name: blog\n{inner}namespace: blog\n{inner}databases: {{default: 0}}{comment}\n",
            f"{dash}{{name: blog, namespace: blog, databases: {{default: 0}}}}{comment}\n",
            f"{dash}name: blog\n\n{inner}# where\n{inner}namespace: blog\n{inner}databases:\n{inner}  default: 0\n\n# - name: old\n",
        )
        return self.pick(
            "",
            "clients: []\n",
            "clients: [ ]  # none yet\n",
            f"clients:{comment}\n{items}",
            "clients: [{name: blog, namespace: blog, databases: {default: 0}}]\n",
            "clients: [\n  {name: blog, namespace: blog, databases: {default: 0}},  # first\n]\n",
            "clients:\n- file: home/blog.yaml\n",
        )

    def config(self) -> str:
        parts = [*self.head(), self.pick("accept: []\n", "# end of it\n\n", "")]
        parts.insert(self.draw(st.integers(0, len(parts))), self.clients())
        start = self.pick("", "\ufeff", "# yaml-language-server: $schema=x\n", "---\n")
        end = self.pick("", "# end", "...\n")
        whole = f"{start}name: home\n{''.join(parts)}{end}"
        if self.draw(st.booleans()):
            whole = whole.rstrip("\n")
        return whole.replace("\n", self.pick("\n", "\r\n"))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_layout_keeps_every_other_byte(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("layout")
    (folder / "home").mkdir()
    (folder / "home/blog.yaml").write_text("name: blog\nnamespace: blog\ndatabases: {default: 0}\n")
    file = written(folder, Layout(data.draw).config())
    before, old = load(file), file.read_bytes()
    queue = data.draw(st.booleans())
    done = added(file, QUEUE if queue else WEB, policy="volatile-lru")
    start = splice(old, "c.yaml", [Put(("redis", "memory", "policy"), "volatile-lru")]) if queue else old
    assert changed(re.sub(rb"clients: \[ ?\]", b"clients:", start), done.files["home.yaml"])[0] == "", "nothing is taken away"
    put(done)
    after = load(file)
    assert [client.name for client in after.clients] == [*(client.name for client in before.clients), "shop"]
    assert after.clients[: len(before.clients)] == before.clients
    assert after.redis.memory.policy == ("volatile-lru" if queue else "allkeys-lru")
    assert after.model_dump(exclude={"clients", "redis"}) == before.model_dump(exclude={"clients", "redis"})
    assert after.clients[-1].workloads[0].reference == "Deployment/web"


@pytest.mark.parametrize(
    ("clients", "config", "own"),
    [
        ("", "clients:\n- name: shop\n  namespace: shop\n", ""),
        ("clients: []\n", "clients:\n- name: shop\n", ""),
        ("clients:\n    -   name: blog\n        namespace: blog\n", "\n    -   name: shop\n        namespace: shop\n", ""),
        ("clients: [{name: blog, namespace: blog}]\n", "}, {file: home/client-shop.yaml}]\n", "name: shop\nnamespace: shop\n"),
    ],
)
def test_the_client_has_the_form_of_the_others(tmp_path: Path, clients: str, config: str, own: str) -> None:
    done = added(written(tmp_path, HEAD + clients))
    assert config in done.files["home.yaml"].decode()
    assert done.files.get("home/client-shop.yaml", b"").decode().startswith(own)
    assert list(done.files)[-1] == "home.yaml", "the config is written last: without it, no file is used"


def test_an_open_question_is_a_comment_in_the_config(tmp_path: Path) -> None:
    done = added(
        written(tmp_path, f"{HEAD}clients:\n  - {{name: blog, namespace: blog}}\n"),
        text(workload(container(REDIS_HOST="redis"), replicas=0)),
    )
    assert [question.split(": ", 1)[1] for question in done.open] == [
        "Deployment/web is scaled to 0: write the normal number of replicas (--replicas)"
    ]
    assert "\n    # open: Deployment/web is scaled to 0" in done.files["home.yaml"].decode()
    assert "\n    # workloads:\n    # - manifest: home/web.yaml\n" in done.files["home.yaml"].decode()


# Names, databases, policy


def labelled(name: str, instance: str, host: str = "redis", **more: Any) -> Any:
    deployment = workload(
        container(**{**THREE, "REDIS_HOST": host}), name=name, namespace="apps", labels={"app.kubernetes.io/instance": instance}
    )
    return {**deployment, **more}


@pytest.mark.parametrize(
    ("source", "options", "names"),
    [
        (WEB, {}, ["shop"]),
        (WEB, {"client": "web-shop"}, ["web-shop"]),
        (text(labelled("web", "photos")), {}, ["photos"]),
        (text(labelled("web", "photos"), labelled("mail", "post", "other")), {}, ["photos", "post"]),
        (text(labelled("web", "till")), {}, ["web"]),
    ],
)
def test_a_client_of_a_shared_namespace_has_the_name_of_its_application(
    tmp_path: Path, source: str, options: dict[str, str], names: list[str]
) -> None:
    assert [client.name for client in added(written(tmp_path, f"{HEAD}clients:\n{SHOP}"), source, **options).clients] == names


@pytest.mark.parametrize(
    ("env", "databases", "template"),
    [
        ({"REDIS_URL": "redis://redis:6379/2"}, {"default": 2}, "redis://:${password}@${address}/${database}"),
        ({"REDIS_URL": "redis://redis:6379/1"}, {"default": 2}, "redis://:${password}@${address}/${database}"),
        ({"REDIS_URL": "redis://redis:6379"}, {"default": 2}, "redis://:${password}@${address}/${database}"),
        ({"REDIS_URL": "redis://redis:6379/?timeout=5s"}, {"default": 2}, "redis://:${password}@${address}/${database}?timeout=5s"),
        ({"REDIS_URL": "redis://redis:6379/40"}, {"default": 2}, "redis://:${password}@${address}/${database}"),
        ({"REDIS_HOST": "redis", "REDIS_DB": "3"}, {"default": 2}, "${host}"),
        ({"REDIS_HOST": "redis"}, {}, "${host}"),
    ],
)
def test_a_database_without_a_client_is_proposed(tmp_path: Path, env: dict[str, str], databases: dict[str, int], template: str) -> None:
    (client,) = added(written(tmp_path, f"{HEAD}clients:\n{SHOP}"), text(workload(container(**env)))).clients
    assert client.databases == databases
    assert client.workloads[0].containers[0].env[next(iter(env))] == template
    remarks = " ".join(client.remarks.get("workload", ()))
    assert ("it uses database 0, as blog does" in remarks) == (not databases)


def test_without_a_free_database_the_number_to_set_is_in_the_error(tmp_path: Path) -> None:
    full = ", ".join(f"d{number}: {number}" for number in range(16))
    file = written(tmp_path, f"{HEAD}clients:\n- {{name: blog, namespace: blog, databases: {{{full}}}}}\n")
    with pytest.raises(RefusedError, match="each of the 16 databases has a client") as refused:
        added(file, text(workload(container(REDIS_URL="redis://redis:6379/1"))))
    assert "set redis.databases to 32" in str(refused.value)


def test_an_old_redis_of_another_client_is_not_removed(tmp_path: Path) -> None:
    blog = "- {name: till, namespace: shop, previous: {host: redis.shop.svc.cluster.local}}\n"
    (client,) = added(written(tmp_path, f"{HEAD}clients:\n{blog}")).clients
    assert client.remove == ()
    assert any("is also that of till: write remove: [Deployment/redis, Service/redis]" in text for text in client.remarks["previous"])


def test_a_queue_on_an_evicting_redis_needs_a_decision(tmp_path: Path) -> None:
    file = written(tmp_path, HEAD)
    with pytest.raises(RefusedError) as refused:
        added(file, QUEUE)
    (problem,) = refused.value.problems
    assert problem.code == "queue-evicted"
    assert problem.message.startswith("shop has a queue (CELERY_BROKER_URL of container app of Deployment/web contains celery)")
    assert problem.message.endswith(", and redis.memory.policy allkeys-lru evicts its tasks")
    for way in ("--set-policy volatile-lru", "--set-policy noeviction", "rediskit init --name NAME"):
        assert way in (problem.hint or "")
    done = added(file, QUEUE, policy="noeviction")
    assert done.files["home.yaml"].decode().endswith("redis:\n  memory:\n    policy: noeviction\n")
    assert "rejects writes when the memory is full" in done.notes[0]
    assert added(written(tmp_path, f"{HEAD}redis: {{memory: {{policy: volatile-lfu}}}}\n"), QUEUE, policy="noeviction").policy == ""


# What is refused

STORE = """\
- name: store
  namespace: shop
  env: {A: "${host}"}
  workloads: [{kind: Deployment, name: web, replicas: 1, containers: {app: {}}}]"""


@pytest.mark.parametrize(
    ("config", "source", "message", "hint"),
    [
        (
            STORE,
            WEB,
            "Deployment/web in namespace shop is a workload of client store",
            "remove it from the input",
        ),
        (
            "- {name: shop, namespace: store}",
            WEB,
            "Deployment/web would be client shop, and the config has a client shop of namespace store",
            "--client NAME",
        ),
        (
            "- {name: blog, namespace: blog}",
            text(workload(container(**THREE), namespace=None)),
            "Deployment/web has no namespace",
            "--namespace NAME",
        ),
        (
            "- {name: blog, namespace: blog}",
            text(workload(container(**THREE), namespace="redis")),
            "redis is the namespace of the shared Redis",
            "--namespace",
        ),
        ("- {name: blog, namespace: blog}", text(service()), "live.yaml contains no Deployment", "kubectl get deployment"),
        ("- {name: blog, namespace: blog, usage: [cache]}", WEB, "clients[0].usage: unknown key", "did you mean use?"),
        ("- &a {name: blog, namespace: blog}", WEB, "an anchor (&) is not supported", "remove it"),
    ],
)
def test_what_cannot_be_added_is_refused_with_the_fix(tmp_path: Path, config: str, source: str, message: str, hint: str) -> None:
    file = written(tmp_path, f"{HEAD}clients:\n{config}\n")
    before = files(tmp_path)
    with pytest.raises((ConfigError, RefusedError)) as refused:
        added(file, source)
    assert message in str(refused.value)
    assert hint in str(refused.value)
    assert files(tmp_path) == before


def test_two_applications_with_one_name_are_refused(tmp_path: Path) -> None:
    twice = text(labelled("web", "x", "one"), labelled("web", "x", "two", kind="StatefulSet"))
    with pytest.raises(RefusedError, match="the config has a client web of the same input"):
        added(written(tmp_path, f"{HEAD}clients:\n{SHOP}"), twice)
    with pytest.raises(ConfigError, match="--client names one application, and the input contains photos, post"):
        added(written(tmp_path, HEAD), text(labelled("web", "photos"), labelled("mail", "post", "other")), client="one")


def test_a_secret_of_the_input_does_not_reach_the_config(tmp_path: Path) -> None:
    word = "correct-horse-battery"
    source = text(workload(container(REDIS_URL=f"redis://:{word}@redis:6379/2", REDIS_PASSWORD=word)))
    done = added(written(tmp_path, HEAD), source)
    assert all(word not in content.decode() for content in done.files.values())
    with pytest.raises(RefusedError, match=r"repeats a secret of the input|would contain a secret"):
        added(written(tmp_path, HEAD), text(workload(container(REDIS_HOST=word, REDIS_PASSWORD=word))))


def test_an_existing_manifest_is_never_overwritten(tmp_path: Path) -> None:
    file = written(tmp_path, HEAD)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/web.yaml").write_text("mine: true\n")
    done = added(file)
    assert list(done.files) == ["home/shop-web.yaml", "home.yaml"]
    (tmp_path / "home/shop-web.yaml").write_text("mine: too\n")
    with pytest.raises(RefusedError, match=r"home/shop-web\.yaml already exists"):
        added(file)


def test_an_error_that_was_there_before_does_not_prevent_the_addition(tmp_path: Path) -> None:
    evicted = f"{HEAD}clients:\n- {{name: blog, namespace: blog, use: [queue]}}\n"
    assert added(written(tmp_path, evicted)).clients[0].name == "shop"
    broken = text(workload(container(**THREE), namespace="blog"))
    with pytest.raises(RefusedError, match=r"the config does not render with the new client; nothing was written"):
        added(
            written(tmp_path, f"{HEAD}clients:\n- {{name: blog, namespace: blog, previous: {{host: redis.redis.svc}}}}\n"),
            broken.replace("value: redis", "value: redis-shared-master.redis.svc"),
        )


# The command


def rediskit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rediskit", *arguments], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/home.yaml").write_text(f"{HEAD}clients:\n{SHOP}")
    (tmp_path / "live.yaml").write_text(WEB)
    (tmp_path / "queue.yaml").write_text(QUEUE)
    return tmp_path


def test_the_command_writes_and_names_what_follows(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = files(project)
    assert main(["init", "--add", "config/home.yaml", "--from", "live.yaml", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("home: would add shop to config/home.yaml\n  + home/web.yaml\n  ~ home.yaml\n")
    assert "\n+- name: shop\n+  namespace: shop\n" in shown
    assert files(project) == before
    assert main(["init", "--add", "config/home.yaml", "--from", "live.yaml", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["created"], document["policy"], document["dryRun"]) == (["home/web.yaml"], None, False)
    assert [client["name"] for client in document["clients"]] == ["shop"]
    assert document["next"] == ["rediskit render", "rediskit check", "git add --all && git commit"]
    assert main(["render"]) == 0
    assert main(["check"]) == 0
    assert main(["init", "--add", "config/home.yaml", "--from", "live.yaml"]) == 1
    assert "is a workload of client shop" in capsys.readouterr().err


def test_an_encrypted_password_is_sealed_next(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipient = "age1" + "q" * 58
    config = HEAD.replace("{mode: manual}", f"{{mode: sops, recipients: [{recipient}]}}").replace("argocd", "flux")
    (project / "config/home.yaml").write_text(config)
    assert main(["init", "--add", "config/home.yaml", "--from", "live.yaml"]) == 0
    assert "  rediskit secret seal config/home.yaml\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--add", "config/home.yaml"), "--add needs the application"),
        (("--add", "config/home.yaml", "--from", "live.yaml", "--name", "x", "--tool", "flux"), "--add does not accept --name, --tool"),
        (("dir", "--add", "config/home.yaml", "--from", "live.yaml"), "--add does not accept DIR"),
        (("--client", "shop", "--from", "live.yaml"), "--client and --set-policy need --add"),
        (("--add", "config/home.yaml", "--from", "live.yaml", "--client", "A_b"), "--client: "),
        (("--add", "config/other.yaml", "--from", "live.yaml"), "config/other.yaml"),
    ],
)
def test_a_wrong_command_line_exits_with_2(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    before = files(project)
    assert main(["init", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert files(project) == before


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 1)])
def test_the_policy_is_asked_for_on_a_terminal(project: Path, answer: str, code: int) -> None:
    leader, follower = pty.openpty()
    os.write(leader, f"{answer}\n".encode())
    command = [sys.executable, "-m", "rediskit", "init", "--add", "config/home.yaml", "--from", "queue.yaml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, stdin=follower, capture_output=True, text=True, env=environment, timeout=60)
    os.close(leader)
    os.close(follower)
    assert done.returncode == code, done.stderr
    assert "Set redis.memory.policy to volatile-lru, for all clients? [y/N]" in done.stderr
    assert (b"policy: volatile-lru" in (project / "config/home.yaml").read_bytes()) == (code == 0)
    silent = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, timeout=60)
    assert (silent.returncode, "[y/N]" in silent.stderr) == (1, False)


KILLS = """
import os, shutil, signal, sys
from itertools import count
from rediskit.init.addition import Request, addition
from rediskit.output.input_files import write_inputs
from rediskit.source.loader import load
from tests.output.faults import watching

def make(folder, kill):
    made = addition(Request(f"{folder}/home.yaml", (open(sys.argv[1], "rb").read(), "live")))
    with watching(lambda number, what: os.kill(os.getpid(), signal.SIGKILL) if number == kill else None):
        write_inputs(made.folder, made.files, made.old)

for number in count(1):
    folder = f"{sys.argv[2]}/{number}"
    os.mkdir(folder)
    shutil.copy(sys.argv[3], f"{folder}/home.yaml")
    child = os.fork()
    if child == 0:
        make(folder, number)
        os._exit(0)
    if not os.WIFSIGNALED(os.waitpid(child, 0)[1]):
        break
    state = "old" if open(f"{folder}/home.yaml", "rb").read() == open(sys.argv[3], "rb").read() else "new"
    if state == "old":
        make(folder, 0)
    print(state, *(client.name for client in load(f"{folder}/home.yaml").clients))
"""


def test_a_killed_addition_leaves_the_old_config_or_the_new_one(tmp_path: Path) -> None:
    """A run is killed before each operation. After the next run, or with the new config, all clients load."""
    (tmp_path / "live.yaml").write_text(WEB, encoding="utf-8")
    start = written(tmp_path, f"{HEAD}clients:\n{SHOP}")
    (tmp_path / "runs").mkdir()
    command = [sys.executable, "-c", KILLS, str(tmp_path / "live.yaml"), str(tmp_path / "runs"), str(start)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    seen = done.stdout.splitlines()
    assert len(seen) > 8
    assert set(seen) == {"old blog till shop", "new blog till shop"}
