"""Monitoring of Redis with Prometheus."""

from pydantic import field_validator

from rediskit.model.base import Model, refuse
from rediskit.model.measures import Duration
from rediskit.model.types import DnsLabel, Flag, NonEmptyLabelValue

WANTED = 15
"""Seconds between two scrapes of an instance, at most. A check warns above it."""
LONGEST = 120
"""Seconds. Above it, one failed scrape leaves no sample within the lookback of Prometheus, 5 minutes, and a healthy instance is reported
as down."""


class Monitoring(Model):
    """The exporter sidecar, its ServiceMonitor, alerts and dashboard."""

    enabled: Flag = True
    """Whether monitoring is rendered."""
    namespace: DnsLabel = "monitoring"
    """The namespace of Prometheus, the only one that may scrape the exporter."""
    release: NonEmptyLabelValue = "kube-prometheus-stack"
    """The `release` label by which Prometheus selects ServiceMonitors and rules."""
    interval: Duration = Duration("15s")
    """The scrape interval, 1s to 2m; more than 15s is a warning."""
    alerts: Flag = True
    """Whether alert rules are rendered."""
    dashboards: Flag = True
    """Whether a Grafana dashboard is rendered."""

    @field_validator("interval")
    @classmethod
    def _often_enough(cls, interval: Duration) -> Duration:
        if not 1 <= interval.amount <= LONGEST:
            hint = "choose at most 2m: Prometheus drops a sample after 5 minutes, and one scrape can fail"
            refuse("out-of-range", f"{interval} is not between 1s and 2m", hint)
        return interval
