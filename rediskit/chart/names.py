"""Names, labels, selectors, ports and DNS names of the objects of the chart.

Source: chart 23.1.1 charts/common/templates/_names.tpl:26-38 (fullname), templates/master/service.yaml and templates/replicas/service.yaml
(selectors), values.yaml:574 and 1985 (ports). Chart 23.2.12 renders the same.
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
"""The password file in a Redis container, independent of the key of the Secret (chart 23.1.1
templates/master/application.yaml:149, 471)."""
_CHART = "redis"
_CODE = "chart-name"
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
"""The default of each port, and the path of the value that changes it."""


class Release(NamedTuple):
    """The names, selectors and ports of the objects of one release."""

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
        """Return the release that Helm renders from these values, which can change names and ports.

        Runbooks contain names and ports in shell commands, so other text is refused with ConfigError.
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
        """The LoadBalancer Service, which rediskit renders beside the ClusterIP Services of the chart."""
        return f"{self.fullname}-external"

    @property
    def primary_statefulset(self) -> str:
        return f"{self.fullname}-master"

    @property
    def replicas_statefulset(self) -> str:
        return f"{self.fullname}-replicas"

    @property
    def primary_host(self) -> str:
        """The DNS name for clients in the cluster."""
        return f"{self.primary_service}.{self.namespace}.svc.{self.cluster_domain}"

    @property
    def replicas_host(self) -> str:
        """The DNS name for reads from replicas, which can be stale."""
        return f"{self.replicas_service}.{self.namespace}.svc.{self.cluster_domain}"

    @property
    def volume_claims(self) -> tuple[str, str]:
        """The PersistentVolumeClaims of the primary and the first replica, which stay after `helm uninstall`."""
        return (f"redis-data-{self.primary_statefulset}-0", f"redis-data-{self.replicas_statefulset}-0")

    @property
    def selector(self) -> dict[str, str]:
        """The labels of all Redis pods of the release."""
        return {INSTANCE: self.name, NAME: self.chart_name}

    @property
    def primary_selector(self) -> dict[str, str]:
        return {COMPONENT: "master", **self.selector}

    @property
    def replica_selector(self) -> dict[str, str]:
        return {COMPONENT: "replica", **self.selector}

    @property
    def container_ports(self) -> tuple[int, ...]:
        """The ports of all Redis pods, each once."""
        return tuple(dict.fromkeys((self.container_port, self.replicas_container_port)))

    @property
    def metrics_service_labels(self) -> dict[str, str]:
        """The labels by which a ServiceMonitor selects the metrics Service.

        Without `app.kubernetes.io/instance`: Argo CD overwrites it on the Service where it tracks objects by label.
        """
        return {COMPONENT: "metrics", NAME: self.chart_name}

    @property
    def services(self) -> dict[str, dict[str, str]]:
        """The labels of each Service of the chart by name, as far as selectors use them."""
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
"""A kind, the default of its switches, and the switches. The chart renders the kind if a switch is on."""


def chart_kinds(values: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Return API group and kind of all objects that the chart renders from these values, `extraDeploy` included.

    Kinds that rediskit renders (NetworkPolicy, ServiceMonitor, PrometheusRule) or refuses (HorizontalPodAutoscaler, Secret) are left out.
    """
    kinds = set(_ALWAYS)
    for kind, default, switches in _SWITCHED:
        settings = [_at(values, *switch) for switch in switches]
        if any(default if setting is None else setting for setting in settings):
            kinds.add(kind)
    kinds |= {(str(extra.get("apiVersion", "")).rpartition("/")[0], str(extra.get("kind", ""))) for extra in extra_objects(values)}
    return frozenset(kinds)


def extra_objects(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the objects in `extraDeploy`, without those that are text."""
    extras = values.get("extraDeploy")
    return [extra for extra in extras if isinstance(extra, Mapping)] if isinstance(extras, (list, tuple)) else []


def _cut(name: str) -> str:
    """Return the result of `trunc 63 | trimSuffix "-"` of the common chart."""
    return name[:63].removesuffix("-")


def _text(values: Mapping[str, Any], key: str) -> str:
    """Return a value as text; a number of a config file as it is written."""
    value = values.get(key)
    return str(getattr(value, "text", value)) if value else ""


def _refused(name: str, namespace: str, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each invalid name and port. Empty values keep the default of the chart."""
    for key, value in (("release", name), ("namespace", namespace)):
        if not re.fullmatch(dns.LABEL, value):
            yield Problem(f"{value!r} is not a DNS label", "use lower-case letters, digits and '-'", ("redis", key), code=_CODE)
    for key, (form, expected) in _NAME_KEYS.items():
        text = values.get(key)
        if text and (isinstance(text, (Mapping, list, tuple)) or not re.fullmatch(form, _text(values, key))):
            message = f"{_text(values, key)!r} is not {expected}"
            yield Problem(message, "use lower-case letters, digits and '-'", ("redis", "values", key), code=_CODE)
    for _, path in _PORT_KEYS.values():
        port = _at(values, *path)
        if port and (not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536):
            hint = "write a number from 1 to 65535, without quotes"
            yield Problem(f"{port!r} is not a port", hint, ("redis", "values", *path), code=_CODE)


def _at(values: Mapping[str, Any], *path: str) -> Any:
    value: Any = values
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
