"""Open questions of `rediskit init`, and the options that answer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rediskit import load
from tests.cli.test_init import THREE, config, rediskit
from tests.cli.test_init import repository as repository
from tests.init.live import container, redis, secret_key, service, text, workload
from tests.output.repositories import Repository

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
    assert OPEN[case][2] not in ended.output
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
