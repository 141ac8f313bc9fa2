"""`rediskit init --add` puts applications into an existing config: every other byte stays, and the result is proved before a write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.errors import RefusedError
from rediskit.init.addition import Addition, Request, addition
from rediskit.output.input_files import write_inputs
from rediskit.source.loader import load
from rediskit.yamlio.edits import Put
from rediskit.yamlio.splice import splice
from tests.init.live import container, redis, secret_key, service, text, workload
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
        "nothing in the input shows what shop stores in Redis: write use; a queue has to be drained first",
        "Deployment/web is scaled to 0: write the normal number of replicas (--replicas)",
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


# What is refused


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
