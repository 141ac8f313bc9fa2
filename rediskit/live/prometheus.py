"""A client of Prometheus: through the API server, or at a URL."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, InvalidURL
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.live import kubectl
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at

_SECONDS = 60


class Prometheus(NamedTuple):
    """A Prometheus server. fetch: returns the response body for a path of its API."""

    fetch: Callable[[str], bytes]

    def query(self, expr: str, at_time: str = "") -> list[Any]:
        """Return the series of an instant query, each with `metric` and `value`, or `values` for a range.

        Raises MissingToolError when Prometheus does not answer, or refuses the query.
        """
        data = self._get("query", {"query": expr, **({"time": at_time} if at_time else {})})
        return list_at(data, "result")

    def value(self, expr: str, at_time: str = "") -> float | None:
        """Return the value of a query with at most one series; None without a series or with the value NaN.

        Raises MissingToolError as `query` does, and for several series: one of them is not the answer.
        """
        series = self.query(expr, at_time)
        if len(series) > 1:
            raise _no_answer(f"the query has {len(series)} series, not one: {expr}")
        number = _number(series[0]) if series else None
        return None if number != number else number

    def by_pod(self, expr: str, at_time: str = "") -> dict[str, float]:
        """Return the values of a query that has one series per pod. Raises MissingToolError as `query` does."""
        return {str(at(sample, "metric", "pod")): _number(sample) for sample in self.query(expr, at_time)}

    def rules(self) -> list[Any]:
        """Return all rules, each with `name`, `health` and `lastError`."""
        return [rule for group in list_at(self._get("rules", {}), "groups") for rule in list_at(group, "rules")]

    def _get(self, path: str, parameters: Mapping[str, str]) -> Any:
        suffix = f"?{urlencode(parameters)}" if parameters else ""
        try:
            response = json.loads(self.fetch(f"api/v1/{path}{suffix}"))
        except ValueError:
            raise _no_answer("it returned no JSON") from None
        if at(response, "status") != "success":
            raise _no_answer(str(at(response, "error")))
        return at(response, "data")


def _number(sample: Any) -> float:
    return float(sample["value"][1])


def prometheus_of(environment: Environment, url: str, context: str) -> Prometheus:
    """Return the Prometheus at a URL, or the one of the config through the API server. Raise ConfigError for a URL of another scheme."""
    if url:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ConfigError(Problem("--prometheus: not an http or https URL", "write it like http://prometheus.example.org:9090"))
        return Prometheus(lambda path: _download(f"{url.rstrip('/')}/{path}"))
    service = environment.verification.prometheus
    proxy = f"/api/v1/namespaces/{environment.monitoring.namespace}/services/{service.service}:{service.port}/proxy"
    return Prometheus(lambda path: kubectl.get_raw(f"{proxy}/{path}", context))


def _download(url: str) -> bytes:
    try:
        return _body(url)
    except InvalidURL:
        # Without the message, which can contain a password of the URL.
        raise _no_answer("the URL has no valid host and port") from None
    except HTTPException as error:
        raise _no_answer(f"no complete HTTP response: {type(error).__name__} {str(error)[:100]}".strip()) from None
    except (OSError, ValueError) as error:
        raise _no_answer(str(getattr(error, "reason", error))) from None


def _body(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS) as response:
            content: bytes = response.read()
            return content
    except urllib.error.HTTPError as error:
        with error:
            return error.read()


def _no_answer(reason: str) -> MissingToolError:
    return MissingToolError(Problem(f"Prometheus does not answer: {reason}", "set verification.prometheus, or use --prometheus URL"))
