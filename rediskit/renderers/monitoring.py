"""What Prometheus needs: the ServiceMonitor. It is ours, because the chart's fails the whole release where its CRD is missing."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import METRICS_PORT_NAME
from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object


def monitoring(environment: Environment) -> Iterator[Object]:
    """The objects of `platform/monitoring`, all in Prometheus's namespace."""
    if environment.monitoring.enabled:
        yield service_monitor(environment)


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
