"""What Prometheus and Grafana need. The ServiceMonitor is ours: the chart's fails the whole release where its CRD is missing."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import METRICS_PORT_NAME
from rediskit.model.environment import Environment
from rediskit.renderers.alerts import alerts
from rediskit.renderers.dashboard import dashboard
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object


def monitoring(environment: Environment) -> Iterator[Object]:
    """The objects of `platform/monitoring`, all in Prometheus's namespace."""
    if not environment.monitoring.enabled:
        return
    yield service_monitor(environment)
    if environment.monitoring.alerts:
        yield alerts(environment)
    if environment.monitoring.dashboards:
        yield dashboard(environment)


def service_monitor(environment: Environment) -> Object:
    """Scrapes the metrics Service of the release, and no other Service. The timeout is never longer than the interval."""
    settings, release = environment.monitoring, release_of(environment)
    timeout = "10s" if settings.interval.amount >= 10 else str(settings.interval)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(release.fullname, settings.namespace, {**labels(environment), "release": settings.release}),
        "spec": {
            "endpoints": [{"port": METRICS_PORT_NAME, "interval": str(settings.interval), "scrapeTimeout": timeout}],
            "namespaceSelector": {"matchNames": [release.namespace]},
            "selector": {"matchLabels": release.metrics_service_labels},
        },
    }
