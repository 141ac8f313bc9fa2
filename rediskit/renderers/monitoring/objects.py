"""What Prometheus and Grafana need. The ServiceMonitor is ours: the chart's fails the whole release where its CRD is missing."""

from __future__ import annotations

from collections.abc import Iterator

from rediskit.chart.names import METRICS_PORT_NAME
from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.monitoring.alerts import alerts
from rediskit.renderers.monitoring.dashboard import dashboard
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object

SERVICE_NAME = "__meta_kubernetes_service_name"
"""The label by which Prometheus's service discovery knows the name of a Service."""


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
    """Return the ServiceMonitor of the metrics Service, and of no other Service. The timeout is never longer than the interval.

    It finds the Service by labels that only the chart sets, and by its name: Argo CD writes the name of its Application into
    `app.kubernetes.io/instance` where it tracks objects by label (the default before 3.0) or by annotation+label.
    """
    settings, release = environment.monitoring, release_of(environment)
    timeout = "10s" if settings.interval.amount >= 10 else str(settings.interval)
    named = {"action": "keep", "sourceLabels": [SERVICE_NAME], "regex": release.metrics_service}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(release.fullname, settings.namespace, {**labels(environment), "release": settings.release}),
        "spec": {
            "endpoints": [
                {"port": METRICS_PORT_NAME, "interval": str(settings.interval), "scrapeTimeout": timeout, "relabelings": [named]}
            ],
            "namespaceSelector": {"matchNames": [release.namespace]},
            "selector": {"matchLabels": release.metrics_service_labels},
        },
    }
