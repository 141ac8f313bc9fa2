"""How Prometheus sees Redis."""

from __future__ import annotations

from pydantic import field_validator

from rediskit.model.base import Model, refuse
from rediskit.model.measures import Duration
from rediskit.model.types import DnsLabel, Flag, NonEmptyLabelValue

WANTED = 15
"""Seconds: metrics of every instance come this often or more often (SC-005 of the brief); a check warns above it."""
LONGEST = 120
"""Seconds: above it one failed scrape leaves nothing within Prometheus's lookback of 5 minutes, and a healthy instance is called down."""


class Monitoring(Model):
    """The exporter sidecar, its ServiceMonitor, alerts and dashboard."""

    enabled: Flag = True
    """Whether there is any monitoring at all."""
    namespace: DnsLabel = "monitoring"
    """Where Prometheus runs; it alone may scrape the exporter."""
    release: NonEmptyLabelValue = "kube-prometheus-stack"
    """The `release` label that the stack's Prometheus selects ServiceMonitors and rules by."""
    interval: Duration = Duration("15s")
    """How often Prometheus scrapes, 1s to 2m; more than 15s is a warning."""
    alerts: Flag = True
    """Whether alert rules are rendered."""
    dashboards: Flag = True
    """Whether a Grafana dashboard is rendered."""

    @field_validator("interval")
    @classmethod
    def _often_enough(cls, interval: Duration) -> Duration:
        if not 1 <= interval.amount <= LONGEST:
            refuse(
                f"{interval} is not between 1s and 2m",
                "15s is the default; Prometheus forgets a value after 5 minutes, and one scrape may fail in them",
            )
        return interval
