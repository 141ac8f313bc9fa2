"""Prepared answers of Prometheus and kubectl, for the checks of a running Redis."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rediskit.live.prometheus import Prometheus

Sample = tuple[Mapping[str, str], float]


def prometheus(answers: Mapping[str, Sequence[Sample]], rules: Sequence[Mapping[str, Any]] = ()) -> Prometheus:
    """Return a Prometheus that answers the first pattern that a query contains; any other query has no series."""

    def fetch(path: str) -> bytes:
        url = urlsplit(path)
        if url.path == "api/v1/rules":
            return _success({"groups": [{"name": "redis-shared", "rules": list(rules)}]})
        (query,) = parse_qs(url.query)["query"]
        samples: Sequence[Sample] = next((samples for pattern, samples in answers.items() if re.search(pattern, query)), ())
        return _success({"result": [{"metric": dict(labels), "value": [0, str(value)]} for labels, value in samples]})

    return Prometheus(fetch)


def recording() -> tuple[Prometheus, list[str]]:
    """Return a Prometheus without data, and the list of the queries that it gets."""
    asked: list[str] = []
    silent = prometheus({})

    def fetch(path: str) -> bytes:
        asked.extend(parse_qs(urlsplit(path).query).get("query", ()))
        return silent.fetch(path)

    return Prometheus(fetch), asked


def _success(data: object) -> bytes:
    return json.dumps({"status": "success", "data": data}).encode()


def pod(name: str, labels: Mapping[str, str], *containers: str, started: str) -> dict[str, Any]:
    """Return a running pod."""
    states = [{"name": container, "state": {"running": {"startedAt": started}}} for container in containers]
    status = {"phase": "Running", "startTime": started, "containerStatuses": states}
    return {"metadata": {"name": name, "labels": dict(labels)}, "status": status}


def listing(*pods: Mapping[str, Any]) -> Callable[..., list[Any]]:
    """Return a function like `kubectl.list_objects`, with the pods that a selector matches."""

    def list_objects(_kind: str, _namespace: str, selector: str, _context: str = "") -> list[Any]:
        wanted = dict(pair.split("=", 1) for pair in selector.split(","))
        return [content for content in pods if wanted.items() <= content["metadata"]["labels"].items()]

    return list_objects
