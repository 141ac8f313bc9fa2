"""How Prometheus sees Redis."""

from __future__ import annotations

from pydantic import field_validator

from rediskit.model.base import Model, refuse
from rediskit.model.measures import Duration
from rediskit.model.types import DnsLabel, Flag, NonEmptyLabelValue


class Monitoring(Model):
    """The exporter sidecar, its ServiceMonitor, alerts and dashboard."""

    enabled: Flag = True
    """Whether there is any monitoring at all."""
    namespace: DnsLabel = "monitoring"
    """Where Prometheus runs; it alone may scrape the exporter."""
    release: NonEmptyLabelValue = "kube-prometheus-stack"
    """The `release` label that the stack's Prometheus selects ServiceMonitors and rules by."""
    interval: Duration = Duration("15s")
    """How often Prometheus scrapes."""
    alerts: Flag = True
    """Whether alert rules are rendered."""
    dashboards: Flag = True
    """Whether a Grafana dashboard is rendered."""

    @field_validator("interval")
    @classmethod
    def _often_enough(cls, interval: Duration) -> Duration:
        if not 1 <= interval.amount <= 300:
            refuse(
                f"{interval} is not between 1s and 5m",
                "15s is the default; rates and alerts need at least one scrape in 5 minutes",
            )
        return interval
