"""What cannot become a client of an existing config, with the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.errors import ConfigError, RefusedError
from tests.init.live import container, service, text, workload
from tests.init.test_addition import HEAD, QUEUE, SHOP, THREE, WEB, added, files, labelled, written


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
