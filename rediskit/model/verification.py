"""Verification of a running Redis: Jobs, load test, limits and Prometheus."""

from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field, Strict

from rediskit.model.base import Model
from rediskit.model.measures import Measure
from rediskit.model.redis import Image
from rediskit.model.types import DnsLabel, Flag, Port


class Milliseconds(Measure):
    """A time in whole milliseconds: `10ms`."""

    pattern = r"[1-9][0-9]{0,4}ms"
    expected = "a time in milliseconds"
    hint = "write it like 10ms"
    measures: ClassVar[str] = "milliseconds"

    @classmethod
    def _measure(cls, text: str) -> Decimal:
        return Decimal(text.removesuffix("ms"))


class PrometheusService(Model):
    """The Service of Prometheus in `monitoring.namespace`, which `rediskit verify` queries through the API server."""

    service: DnsLabel = "kube-prometheus-stack-prometheus"
    """The name of the Service."""
    port: Port = 9090
    """The port of the Service."""


class Verification(Model):
    """Limits of `rediskit verify`, and the verification Jobs of the rendered manifests."""

    jobs: Flag = True
    """Whether the rendered manifests contain verification Jobs, in their own Application or Kustomization."""
    run: Annotated[int, Strict(), Field(ge=1, le=1_000_000)] = 1
    """The number of the run. Another number renders Jobs with other names, so that a commit repeats the verification."""
    requests: Annotated[int, Strict(), Field(ge=1000, le=10_000_000)] = 100_000
    """The requests of each of the three runs of redis-benchmark, with 50 connections."""
    operations: Annotated[int, Strict(), Field(ge=1, le=10_000_000)] = 10_000
    """The required operations per second, for SET and for GET."""
    p95: Milliseconds = Milliseconds("10ms")
    """The limit of the 95th percentile of the latency, for SET and for GET."""
    image: Image | None = None
    """The image of the Jobs, with bash, redis-cli and redis-benchmark. Default: `redis.image`."""
    prometheus: PrometheusService = PrometheusService()
    """The Service of Prometheus."""
