"""What `init` writes for shapes of real repositories; the project of each renders and is checked before it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rediskit import load, render
from rediskit.errors import ConfigError
from rediskit.init.project import Options, Project, new_project
from rediskit.usage.egress import Pods, admits, isolating, shared_redis

CASES = Path(__file__).parent / "cases"
THREE = {"REDIS_HOST": "${host}", "REDIS_PORT": "${port}", "REDIS_PASSWORD": "${password}"}
URL = "redis://:${password}@${address}"
NUMBERED = URL + "/${database}"
SHOP = {"Deployment/shop": {"app": {"env": THREE}}}


def project(case: str) -> Project:
    text = (CASES / f"{case}.yaml").read_bytes()
    return new_project(Options("/nowhere/t", name="t", repository="https://git.example.org/a.git", source=(text, "input.yaml")))


def config(created: Project) -> Any:
    """Return the config, with the commented sections of open questions."""
    text = created.files[created.config].decode()
    return yaml.safe_load(text.partition("\nclients:\n")[0]), yaml.safe_load(
        "\n".join(
            line.replace("# ", "", 1) if line.lstrip().startswith("# ") and _is_key(line) else line
            for line in text.partition("\nclients:\n")[2].splitlines()
            if not line.lstrip().startswith("# open: ")
        )
    )


def _is_key(line: str) -> bool:
    """Return whether a comment is a line of a section: a key, a list item, or deeper."""
    body = line.lstrip().removeprefix("# ")
    first = body.split(":")[0].lstrip(" -")
    return body.startswith(" ") or (first in ("workloads", "env", "previous", "owner", "migration", "manifest") and " " not in first)


def sections(created: Project) -> dict[str, Any]:
    """Return what is switched, by client and workload and container; the variables of the client are in each container."""
    result: dict[str, Any] = {}
    for client in config(created)[1]:
        for detected in created.clients:
            if detected.name == client["name"]:
                workloads = zip(detected.workloads, client["workloads"], strict=True)
                result[client["name"]] = {
                    workload.reference: {
                        name: content or {"env": client["env"]}
                        for listed in ("initContainers", "containers")
                        for name, content in (section.get(listed) or {}).items()
                    }
                    for workload, section in workloads
                }
    return result


def app(**env: str | None) -> dict[str, Any]:
    return {"shop": {"Deployment/shop": {"app": {"env": env}}}}


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("app-01-shared-labels-own-service", {"shop": SHOP}),
        ("app-02-init-container-variable", {"shop": {"Deployment/shop": {"migrate": {"env": THREE}, "app": {"env": THREE}}}}),
        (
            "app-03-init-container-waits-args",
            {"shop": {"Deployment/shop": {"wait-for-redis": {"args": [{"from": "redis://redis:6379", "to": URL}]}, "app": {"env": THREE}}}},
        ),
        (
            "app-05-arguments-only",
            {"shop": {"Deployment/shop": {"app": {"args": [{"from": "redis://redis:6379/2", "to": NUMBERED}]}}}},
        ),
        ("app-06-host-and-port-in-one", app(REDIS_ADDR="${address}", REDIS_PASSWORD="${password}")),
        (
            "app-08-several-urls-databases",
            app(
                CELERY_BROKER_URL=f"{URL}/${{database.broker}}",
                CELERY_RESULT_BACKEND=f"{URL}/${{database.results}}",
                CACHE_URL=f"{URL}/${{database.cache}}",
            ),
        ),
        ("app-10-url-composed-without-password", app(**THREE, REDIS_URL=NUMBERED, REDIS_DB="${database}")),
        ("app-12-password-is-a-word", {"paperless": {"Deployment/paperless": {"app": {"env": THREE}}}}),
        ("app-13-password-postgres", {"shop": SHOP}),
        ("app-14-job-and-cronjob", {"shop": {**SHOP, "CronJob/clean": {"clean": {"env": THREE}}}}),
        (
            "app-17-config-file-in-configmap",
            {"shop": {"Deployment/shop": {"app": {"external": "config.yaml of ConfigMap/shop-config"}}}},
        ),
        ("app-21-acl-user", app(**THREE, REDIS_USERNAME="${username}")),
        (
            "app-23-commander-hosts",
            {"shop": {"Deployment/console": {"app": {"env": {"REDIS_HOSTS": "local:${host}:${port}:0:${password}"}}}}},
        ),
        ("app-24-dragonfly-operator", app(REDIS_URL=URL)),
        ("app-25-egress-networkpolicy", {"shop": SHOP}),
        ("app-26-host-named-service", app(REDIS_SERVICE="${host}", REDIS_PORT="${port}", REDIS_PASS="${password}")),
        ("app-30-helm-managed-workload", {"shop": SHOP}),
        (
            "app-32-two-clients-one-database",
            {name: {f"Deployment/{name}": {"app": {"env": {"CELERY_BROKER_URL": NUMBERED}}}} for name in ("a", "b")},
        ),
        ("app-34-database-in-variable", app(**THREE, REDIS_DB="${database}")),
        (
            "app-35-spring-data-redis",
            app(SPRING_DATA_REDIS_HOST="${host}", SPRING_DATA_REDIS_PORT="${port}", SPRING_DATA_REDIS_PASSWORD="${password}"),
        ),
        ("app-37-url-with-password-by-ip", {"paperless": {"Deployment/paperless": {"app": {"env": {"PAPERLESS_REDIS": NUMBERED}}}}}),
        ("app-38-cronjob-only", {"shop": {"CronJob/clean": {"clean": {"env": THREE}}}}),
        ("app-40-query-options-in-url", app(CACHE_HOST=f"{NUMBERED}?pool_size=100&idle_timeout=180s")),
        ("app-42-password-file", app(**THREE, REDIS_PASSWORD_FILE=None)),
        (
            "app-44-lowercase-nested",
            app(**{f"APP_redis__main__{role}": f"${{{role}}}" for role in ("host", "port", "password")}),
        ),
        ("env-07-queue-on-an-evicting-redis", {"shop": {"Deployment/worker": {"worker": {"env": {"REDIS_URL": NUMBERED}}}}}),
        (
            "env-11-url-composed-without-password",
            {"shop": {"Deployment/web": {"web": {"env": {**THREE, "SESSION_STORE": NUMBERED}}}}},
        ),
    ],
)
def test_a_known_application_has_no_question_but_that_of_its_use(case: str, expected: dict[str, Any]) -> None:
    created = project(case)
    unknown = [client.name for client in created.clients if not client.use]
    texts = [f"nothing in the input shows what {name} stores in Redis: write use; a queue has to be drained first" for name in unknown]
    assert [line.partition(": ")[2] for line in created.open] == texts
    assert sections(created) == expected
    assert all("migration" in client for client in config(created)[1])


@pytest.mark.parametrize(
    ("case", "expected", "question"),
    [
        (
            "app-07-server-from-configmap-unseen",
            app(REDIS_SERVER="${host}", REDIS_PASSWORD="${password}"),
            "check whether it contains a host name (${host}) or host:port (${address})",
        ),
        (
            "app-15-secret-url-without-url-in-name",
            {"paperless": {"Deployment/paperless": {"app": {"env": {"PAPERLESS_REDIS": NUMBERED}}}}},
            "reads Redis from PAPERLESS_REDIS, which comes from Secret paperless-secret: write its database",
        ),
        (
            "app-18-sidecar-on-localhost",
            app(**THREE, CELERY_BROKER_URL=NUMBERED),
            "Redis is the container redis of the same Pod",
        ),
        ("app-19-tls-url", app(REDIS_URL=NUMBERED), "it uses TLS, which the shared Redis does not offer"),
        ("app-20-sentinel-url", app(REDIS_URL=NUMBERED), "it uses Sentinel, which the shared Redis does not have"),
        ("app-28-sealedsecret-names", app(REDIS_URL=NUMBERED), "reads Redis from REDIS_URL, which comes from Secret shop-secret"),
    ],
)
def test_an_unknown_value_is_a_question_beside_the_template(case: str, expected: dict[str, Any], question: str) -> None:
    created = project(case)
    assert any(question in text for text in created.open), created.open
    assert sections(created) == expected


@pytest.mark.parametrize(
    ("case", "message", "hint"),
    [
        ("app-29-helmrelease-itself", "contains no Deployment", "-l helm.toolkit.fluxcd.io/name=shop"),
        ("app-33-helm-template-source", "is the source of a Helm template", "helm template"),
        ("app-36-hardcoded-host", "no variable refers to Redis in Deployment/vote, Deployment/worker", "Deployment/redis is in the input"),
    ],
)
def test_an_input_without_an_application_is_refused_with_what_to_pass(case: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        project(case)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert hint in (problem.hint or "")


@pytest.mark.parametrize(
    ("case", "use", "databases", "redis"),
    [
        ("app-05-arguments-only", [["sessions"]], [{"default": 2}], None),
        ("app-08-several-urls-databases", [["cache", "queue"]], [{"broker": 0, "results": 1, "cache": 2}], {"policy": "volatile-lru"}),
        ("app-32-two-clients-one-database", [["queue"], ["queue"]], [{"default": 0}, {"default": 1}], {"policy": "volatile-lru"}),
        ("app-34-database-in-variable", [None], [{"default": 20}], 32),
        ("app-40-query-options-in-url", [["cache"]], [{"default": 0}], None),
        ("env-07-queue-on-an-evicting-redis", [["queue"]], [{"default": 0}], {"policy": "volatile-lru"}),
        (
            "env-08-several-urls-in-one-container",
            [["cache", "queue"]],
            [{"broker": 1, "results": 2, "cache": 3}],
            {"policy": "volatile-lru"},
        ),
    ],
)
def test_use_databases_and_policy(case: str, use: list[Any], databases: list[Any], redis: Any) -> None:
    head, clients = config(project(case))
    assert [client.get("use") for client in clients] == use
    assert [client.get("databases") for client in clients] == databases
    section = head.get("redis", {})
    assert section.get("memory") == (redis if isinstance(redis, dict) else None)
    assert section.get("databases") == (redis if isinstance(redis, int) else None)


def test_what_gets_worse_for_the_application_is_a_note() -> None:
    notes = "\n".join(project("env-07-queue-on-an-evicting-redis").notes)
    for text in (
        "evicts no key, and the shared Redis evicts keys with an expiry (volatile-lru)",
        "has 64 databases, and the shared Redis has 16: the numbers from 16 on do not exist there",
        "publishes keyspace events (Ex), and the shared Redis publishes none: an application that waits for them receives none",
    ):
        assert f"Deployment/redis {text}" in notes


def test_the_pods_of_a_restricted_application_get_a_policy_of_their_own(tmp_path: Path) -> None:
    """From the input to the rendered policy: it selects the pods, and the policy of the application does not allow the shared Redis."""
    created = project("app-25-egress-networkpolicy")
    (client,) = config(created)[1]
    assert client["egress"] == "networkpolicy"
    note = "NetworkPolicy/shop restricts the egress of Deployment/shop: egress adds a policy that allows the shared Redis"
    assert note in "\n".join(created.notes)
    for path, content in created.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    text = (tmp_path / created.config).read_text()
    migration = "step: deploy\n    history: [{step: scale-down, at: 2026-03-01T22:00:00Z}, {step: deploy, at: 2026-03-01T22:01:00Z}]"
    (tmp_path / created.config).write_text(text.replace("step: prepare", migration))
    environment = load(tmp_path / created.config)
    objects = list(yaml.safe_load_all((CASES / "app-25-egress-networkpolicy.yaml").read_bytes()))
    pods, target = Pods("shop", {"app": "shop"}), shared_redis(environment)
    rendered = render(environment).objects.values()
    (policy,) = [obj for obj in rendered if obj["kind"] == "NetworkPolicy" and obj["metadata"]["namespace"] == "shop"]
    assert isolating([policy], pods, "shop") == [policy]
    assert admits(policy, pods, target, "shop")
    (own,) = isolating(objects, pods, "shop")
    assert not admits(own, pods, target, "shop")


@pytest.mark.parametrize(
    ("case", "note"),
    [
        ("app-14-job-and-cronjob", "the migration does not change Job/migrate, DaemonSet/agent: change them before decommission"),
        ("app-14-job-and-cronjob", "a DaemonSet can't be scaled to 0: rediskit does not change it"),
        ("app-30-helm-managed-workload", "HelmRelease shop/shop creates Deployment/shop: owner.kind external fits"),
        ("app-42-password-file", "REDIS_PASSWORD_FILE is removed, because the password comes from a Secret"),
        ("app-35-spring-data-redis", "container app also reads spring.data.redis.password: not switched"),
    ],
)
def test_what_a_person_changes_is_a_note(case: str, note: str) -> None:
    assert note in "\n".join(project(case).notes)


def test_the_owner_of_a_helmrelease_loads(tmp_path: Path) -> None:
    created = project("app-30-helm-managed-workload")
    for path, content in created.files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (client,) = load(tmp_path / created.config).clients
    assert (client.owner.kind, client.migration is not None) == ("external", True)
