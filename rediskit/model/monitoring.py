"""How Prometheus sees Redis."""

from __future__ import annotations

from pydantic import Field, field_validator

from rediskit.model.base import Model, refuse
from rediskit.model.measures import Duration
from rediskit.model.types import DnsLabel, Flag, LabelValue


class Monitoring(Model):
    """The exporter sidecar, its ServiceMonitor, alerts and dashboard."""

    enabled: Flag = True
    namespace: DnsLabel = "monitoring"
    """Where Prometheus runs; it alone may scrape the exporter."""
    release: LabelValue = Field(default="kube-prometheus-stack", min_length=1)
    """The `release` label that the stack's Prometheus selects ServiceMonitors and rules by."""
    interval: Duration = Duration("15s")
    alerts: Flag = True
    dashboards: Flag = True

    @field_validator("interval")
    @classmethod
    def _often_enough(cls, interval: Duration) -> Duration:
        if not 1 <= interval.amount <= 300:
            refuse(
                f"{interval} is not between 1s and 5m",
                "the brief asks for 15s or faster; rates and alerts need at least one scrape in 5 minutes",
            )
        return interval
