"""The alerts: a PrometheusRule about one release.

Missing metrics do not prove that Redis is down. The rules of `instances` distinguish a Redis that is down from one without metrics.
tests/live fires every rule on real servers, and docs/live.md has the figures.
"""

from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of
from rediskit.renderers.monitoring.alerts.copies import persistence, replication
from rediskit.renderers.monitoring.alerts.instances import instances
from rediskit.renderers.monitoring.alerts.load import calls, connections, memory
from rediskit.renderers.monitoring.alerts.rule import PREFIX
from rediskit.renderers.monitoring.alerts.verification import verification
from rediskit.renderers.monitoring.series import Series
from rediskit.renderers.objects import labels, metadata
from rediskit.renderers.tree import Object
from rediskit.renderers.verification.jobs import job_namespaces, job_prefix

__all__ = ["PREFIX", "alerts"]


def alerts(environment: Environment) -> Object:
    """Return the PrometheusRule, in the namespace of Prometheus and with the label that its ruleSelector requires."""
    settings, redis, release, series = environment.monitoring, environment.redis, release_of(environment), Series.of(environment)
    rules = [
        *instances(release, series),
        *(replication(release, series) if release.replicas else ()),
        *memory(release, series, redis),
        *connections(release, series),
        *calls(release, series, redis),
        *persistence(release, series, redis),
        *(verification(release, series, job_prefix(environment), job_namespaces(environment)) if environment.verification.jobs else ()),
    ]
    # Aggregated series have no labels. Without these two, Alertmanager would merge the alerts of two releases.
    for rule in rules:
        rule["labels"].update({"namespace": release.namespace, "service": release.metrics_service})
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata(release.fullname, settings.namespace, {**labels(environment), "release": settings.release}),
        "spec": {"groups": [{"name": release.fullname, "rules": rules}]},
    }
