"""What the chart calls the things it makes: the one place for names, labels, selectors, ports and DNS names.

Read in chart 23.1.1 (bitnami/redis and its bitnami/common): fullname common/_names.tpl:26-38, selectors master/service.yaml
and replicas/service.yaml, ports values.yaml:574 and 1985; seen alike on a live 23.2.12 (chart §0, §1.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rediskit import dns
from rediskit.errors import ConfigError, Problem

INSTANCE = "app.kubernetes.io/instance"
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"

REDIS_CONTAINER_PORT = "redis"
METRICS_CONTAINER_PORT = "metrics"
METRICS_PORT_NAME = "http-metrics"
PASSWORD_FILE = "/opt/bitnami/redis/secrets/redis-password"
"""Where a Redis container has the password, whatever the key of the Secret is (chart 23.1.1 templates/master/application.yaml:149, 471)."""
_CHART = "redis"
_NAME_KEYS = {
    "nameOverride": (dns.LABEL, "a DNS label"),
    "fullnameOverride": (dns.LABEL, "a DNS label"),
    "clusterDomain": (dns.SUBDOMAIN, "a DNS name"),
}
_PORT_KEYS = {
    "port": (6379, ("master", "service", "ports", "redis")),
    "container_port": (6379, ("master", "containerPorts", "redis")),
    "replicas_port": (6379, ("replica", "service", "ports", "redis")),
    "replicas_container_port": (6379, ("replica", "containerPorts", "redis")),
    "metrics_port": (9121, ("metrics", "service", "ports", "http")),
    "metrics_container_port": (9121, ("metrics", "containerPorts", "http")),
}
"""The chart's default for each port, and the value that changes it."""


class Release(NamedTuple):
    """The objects of one release. Every name, selector and port that rediskit renders is asked for here."""

    name: str
    namespace: str
    chart_name: str = _CHART
    fullname: str = ""
    port: int = 6379
    container_port: int = 6379
    replicas_port: int = 6379
    replicas_container_port: int = 6379
    metrics_port: int = 9121
    metrics_container_port: int = 9121
    cluster_domain: str = "cluster.local"

    @classmethod
    def of(cls, name: str, namespace: str, values: Mapping[str, Any]) -> Release:
        """Return the release that Helm makes of these values: the keys that move a name or a port are honoured.

        Names and ports become parts of commands that people paste into a shell, so nothing else is accepted for them.

        Raises:
            ConfigError: a value that becomes a name is not a DNS name, or one that becomes a port is not a port.
        """
        if problems := list(_refused(name, namespace, values)):
            raise ConfigError(problems)
        chart_name = _text(values, "nameOverride") or _CHART
        fullname = _text(values, "fullnameOverride") or (name if chart_name in name else f"{name}-{chart_name}")
        return cls(
            name=name,
            namespace=namespace,
            chart_name=_cut(chart_name),
            fullname=_cut(fullname),
            **{port: int(_at(values, *path) or default) for port, (default, path) in _PORT_KEYS.items()},
            cluster_domain=_text(values, "clusterDomain") or "cluster.local",
        )

    @property
    def password_file(self) -> str:
        return PASSWORD_FILE

    @property
    def primary_service(self) -> str:
        return f"{self.fullname}-master"

    @property
    def replicas_service(self) -> str:
        return f"{self.fullname}-replicas"

    @property
    def headless_service(self) -> str:
        return f"{self.fullname}-headless"

    @property
    def metrics_service(self) -> str:
        return f"{self.fullname}-metrics"

    @property
    def external_service(self) -> str:
        """Ours, not the chart's: the LoadBalancer beside the chart's ClusterIP Services (decision 4 of the brief)."""
        return f"{self.fullname}-external"

    @property
    def primary_statefulset(self) -> str:
        return f"{self.fullname}-master"

    @property
    def replicas_statefulset(self) -> str:
        return f"{self.fullname}-replicas"

    @property
    def primary_host(self) -> str:
        """The DNS name clients in the cluster use."""
        return f"{self.primary_service}.{self.namespace}.svc.{self.cluster_domain}"

    @property
    def replicas_host(self) -> str:
        """The DNS name for reads that may be a moment old."""
        return f"{self.replicas_service}.{self.namespace}.svc.{self.cluster_domain}"

    @property
    def volume_claims(self) -> tuple[str, str]:
        """The PersistentVolumeClaims of the first primary and the first replica; they survive an uninstall."""
        return (f"redis-data-{self.primary_statefulset}-0", f"redis-data-{self.replicas_statefulset}-0")

    @property
    def selector(self) -> dict[str, str]:
        """Labels of all Redis pods of the release, primary and replicas."""
        return {INSTANCE: self.name, NAME: self.chart_name}

    @property
    def primary_selector(self) -> dict[str, str]:
        return {COMPONENT: "master", **self.selector}

    @property
    def replica_selector(self) -> dict[str, str]:
        return {COMPONENT: "replica", **self.selector}

    @property
    def metrics_service_labels(self) -> dict[str, str]:
        """Return the labels by which a ServiceMonitor finds the metrics Service.

        Without `app.kubernetes.io/instance`: Argo CD overwrites it on the Service where it tracks objects by label.
        """
        return {COMPONENT: "metrics", NAME: self.chart_name}

    @property
    def services(self) -> dict[str, dict[str, str]]:
        """Name to labels of each Service the chart makes, as far as selectors can tell them apart."""
        return {
            self.primary_service: {COMPONENT: "master", **self.selector},
            self.replicas_service: {COMPONENT: "replica", **self.selector},
            self.headless_service: dict(self.selector),
            self.metrics_service: {COMPONENT: "metrics", **self.selector},
        }


_ALWAYS = frozenset({("", "ConfigMap"), ("", "Service"), ("apps", "StatefulSet")})
_SWITCHED: tuple[tuple[tuple[str, str], bool, tuple[tuple[str, ...], ...]], ...] = (
    (("", "ServiceAccount"), True, (("master", "serviceAccount", "create"), ("replica", "serviceAccount", "create"))),
    (("policy", "PodDisruptionBudget"), True, (("master", "pdb", "create"), ("replica", "pdb", "create"))),
    (("rbac.authorization.k8s.io", "Role"), False, (("rbac", "create"),)),
    (("rbac.authorization.k8s.io", "RoleBinding"), False, (("rbac", "create"),)),
)
"""Kind, the chart's default for the switches of it, and the switches: the kind is made when one of them is on."""


def chart_kinds(values: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """API group and kind of all that the chart makes of these values, the user's `extraDeploy` included.

    What rediskit makes itself (NetworkPolicy, ServiceMonitor, PrometheusRule) or refuses (HorizontalPodAutoscaler, Secret) is left out.
    """
    kinds = set(_ALWAYS)
    for kind, default, switches in _SWITCHED:
        found = [_at(values, *switch) for switch in switches]
        if any(default if switch is None else switch for switch in found):
            kinds.add(kind)
    kinds |= {(str(extra.get("apiVersion", "")).rpartition("/")[0], str(extra.get("kind", ""))) for extra in extra_objects(values)}
    return frozenset(kinds)


def extra_objects(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects under `extraDeploy`, as far as they are written as objects; the chart would also take them as text."""
    extras = values.get("extraDeploy")
    return [extra for extra in extras if isinstance(extra, Mapping)] if isinstance(extras, (list, tuple)) else []


def _cut(name: str) -> str:
    """`trunc 63 | trimSuffix "-"`, as the chart's common library does it."""
    return name[:63].removesuffix("-")


def _text(values: Mapping[str, Any], key: str) -> str:
    """A value that the chart wants as text; a number of a config file keeps the text it was written as."""
    value = values.get(key)
    return str(getattr(value, "text", value)) if value else ""


def _refused(name: str, namespace: str, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each name and port that is none. What is empty or null is left to the chart."""
    for key, value in (("release", name), ("namespace", namespace)):
        if not re.fullmatch(dns.LABEL, value):
            yield Problem(f"{value!r} is not a DNS label", "use lower-case letters, digits and '-'", ("redis", key))
    for key, (form, what) in _NAME_KEYS.items():
        text = values.get(key)
        if text and (isinstance(text, (Mapping, list, tuple)) or not re.fullmatch(form, _text(values, key))):
            yield Problem(f"{_text(values, key)!r} is not {what}", "use lower-case letters, digits and '-'", ("redis", "values", key))
    for _, path in _PORT_KEYS.values():
        port = _at(values, *path)
        if port and (not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536):
            yield Problem(f"{port!r} is not a port", "write a number from 1 to 65535, without quotes", ("redis", "values", *path))


def _at(values: Mapping[str, Any], *path: str) -> Any:
    found: Any = values
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
