"""The alerts: a PrometheusRule about one release.

A rule fires when and only when its text is true. Missing metrics are no proof that Redis is gone: the rules of `instances` tell a Redis
that
is down from one that Prometheus does not see. tests/live fires every rule on real servers; docs/live.md has the figures.
"""

from __future__ import annotations

from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.monitoring.alerts.instances import instances
from rediskit.renderers.monitoring.alerts.load import calls, connections, memory
from rediskit.renderers.monitoring.alerts.persistence import persistence
from rediskit.renderers.monitoring.alerts.replication import replication
from rediskit.renderers.monitoring.alerts.rule import PREFIX
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object

__all__ = ["PREFIX", "alerts"]


def alerts(environment: Environment) -> Object:
    """Return the PrometheusRule of the release, in Prometheus's namespace, with the label that its ruleSelector asks for."""
    settings, redis, release, series = environment.monitoring, environment.redis, release_of(environment), Series.of(environment)
    rules = [
        *instances(release, series),
        *replication(release, series),
        *memory(release, series, redis),
        *connections(release, series),
        *calls(release, series, redis),
        *persistence(release, series, redis),
    ]
    # An aggregated series has no labels of its own: without these two, the alerts of two releases would be one to Alertmanager.
    for rule in rules:
        rule["labels"].update({"namespace": release.namespace, "service": release.metrics_service})
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata(release.fullname, settings.namespace, {**labels(environment), "release": settings.release}),
        "spec": {"groups": [{"name": release.fullname, "rules": rules}]},
    }
