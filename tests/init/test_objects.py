"""All output formats of kubectl give the same objects; other input is refused with an error."""

from __future__ import annotations

import json

import pytest

from rediskit.errors import ConfigError
from rediskit.init.objects import InputObjects, read_objects
from rediskit.usage.services import reference
from rediskit.yamlio.writer import dump
from tests.init.live import REAL, container, redis, service, text, workload

WEB, REDIS = workload(container(REDIS_HOST="redis")), redis()


def names(source: str | bytes) -> list[str]:
    return [reference(obj) for obj in read(source).all]


def read(source: str | bytes) -> InputObjects:
    return read_objects(source if isinstance(source, bytes) else source.encode(), "live.yaml")


def refused(source: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        read(source)
    return str(caught.value)


@pytest.mark.parametrize(
    "source",
    [
        text(WEB, REDIS),
        f"---\n{text(WEB, REDIS)}",
        f"# a comment\n---\n# another\n---\n{text(WEB)}...\n---\n{text(REDIS)}---\n",
        text(WEB, REDIS).replace("\n", "\r\n"),
        "\ufeff" + text(WEB, REDIS),
        dump({"apiVersion": "v1", "kind": "List", "items": [WEB, REDIS]}),
        dump({"apiVersion": "apps/v1", "kind": "DeploymentList", "items": [WEB, REDIS]}),
        json.dumps({"apiVersion": "v1", "kind": "List", "items": [WEB, REDIS]}),
        json.dumps({"apiVersion": "v1", "kind": "List", "items": [WEB, REDIS]}, indent=4),
        dump({"kind": "List", "items": [{"kind": "List", "items": [WEB]}, REDIS]}),
        f"{json.dumps(WEB)}\n---\n{text(REDIS)}",
    ],
    ids=["documents", "dashes-first", "empty-documents", "crlf", "bom", "list", "typed-list", "json", "json-indented", "lists", "mixed"],
)
def test_yaml_json_lists_and_documents_give_the_same_objects(source: str) -> None:
    assert read(source).all == (WEB, REDIS)


def test_the_real_objects() -> None:
    assert names(REAL) == ["Deployment/beersystem-backend", "Deployment/redis"]


def test_dashes_inside_a_text_start_no_document() -> None:
    odd = workload(container(SCRIPT="one\n---\ntwo\n", REDIS_HOST="redis"))
    assert read(text(odd)).all == (odd,)


def test_errors_have_the_line_numbers_of_the_input() -> None:
    assert refused(f"{text(WEB)}---\nkind: [\n").startswith(
        f"live.yaml:{len(text(WEB).splitlines()) + 2}:7: error[yaml-syntax]: [ is not closed"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "contains no object"),
        ("# nothing\n", "contains no object"),
        ("kind: List\nitems: []\n", "contains no object"),
        ("just words\n", "expected a mapping, found a single value"),
        ("kind: [Deployment\n", "is not closed"),
        ("error: You must be logged in to the server\n", "no Deployment, StatefulSet, CronJob or Rollout, only: object without kind"),
        ("a: &x 1\nb: *x\n", "an anchor (&) is not supported"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"kind: \xff\n", "is not UTF-8"),
        (
            dump({**WEB, "kind": "Pod"}),
            "no Deployment, StatefulSet, CronJob or Rollout, only: Pod\n  help: pass the object that creates the Pods",
        ),
        (text(service()), "only: Service\n  help: pass the output of `kubectl get deployment NAME -o yaml`"),
        (text(workload(name="")), "without a valid name"),
        (text(workload(name="../../elsewhere")), "without a valid name"),
        (text(workload(namespace="a\nb")), "without a valid name"),
        (text(WEB) + "# " + "x" * 1024 * 1024, "a document is larger than 1 MiB and is not a List"),
        ("[" * 200, "more than 100 levels"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:30].split("\n")[0],
)
def test_input_without_a_workload_is_refused(source: str | bytes, message: str) -> None:
    assert message in refused(source)
