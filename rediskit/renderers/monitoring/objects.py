"""The objects for Prometheus and Grafana. The ServiceMonitor of the chart is off, because the release fails if its CRD is missing."""

from collections.abc import Iterator

from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.monitoring.alerts import alerts
from rediskit.renderers.monitoring.dashboard import dashboard
from rediskit.renderers.objects import Scope, labels, metadata
from rediskit.renderers.tree import Object

SERVICE_NAME = "__meta_kubernetes_service_name"
"""The label with the name of a Service in the service discovery of Prometheus."""


def monitoring(environment: Environment) -> Iterator[Object]:
    """Yield the objects of `platform/monitoring`, all in the namespace of Prometheus."""
    if not environment.monitoring.enabled:
        return
    yield service_monitor(environment)
    if environment.monitoring.alerts:
        yield alerts(environment)
    if environment.monitoring.dashboards:
        yield dashboard(environment)


def monitoring_scopes(environment: Environment) -> Iterator[Scope]:
    """Yield the scope of each object of `monitoring`, without the rules and the dashboard."""
    settings = environment.monitoring
    wanted = {"ServiceMonitor": True, "PrometheusRule": settings.alerts, "ConfigMap": settings.dashboards}
    for kind in (kind for kind, is_rendered in wanted.items() if settings.enabled and is_rendered):
        yield Scope("" if kind == "ConfigMap" else "monitoring.coreos.com", kind, settings.namespace)


def service_monitor(environment: Environment) -> Object:
    """Return the ServiceMonitor of the metrics Service. Prometheus rejects a timeout that is longer than the interval.

    It selects the Service by labels that only the chart sets, and by name. With tracking by label (the default before 3.0) or by
    annotation+label, Argo CD overwrites `app.kubernetes.io/instance`, so it selects by no such label.
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
                {"port": release.metrics_port_name, "interval": str(settings.interval), "scrapeTimeout": timeout, "relabelings": [named]}
            ],
            "namespaceSelector": {"matchNames": [release.namespace]},
            "selector": {"matchLabels": release.metrics_service_labels},
        },
    }
