"""Names, labels, selectors, ports and DNS names of the objects of a release.

The full name of a release is that of the common charts of Bitnami and CloudPirates (templates/_names.tpl, templates/_helpers.tpl): the name
of the release if it contains `redis`, else `<release>-redis`. Charts of other publishers get it as `fullnameOverride`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Self

from rediskit import dns
from rediskit.chart.profile import KINDS, Profile
from rediskit.errors import ConfigError, Problem

INSTANCE = "app.kubernetes.io/instance"
NAME = "app.kubernetes.io/name"
COMPONENT = "app.kubernetes.io/component"
POD_NAME = "statefulset.kubernetes.io/pod-name"
"""The label of each pod of a StatefulSet with its name."""

_REDIS = "redis"
_CODE = "chart-name"
_NAME_KEYS = {
    "nameOverride": (dns.LABEL, "a DNS label"),
    "fullnameOverride": (dns.LABEL, "a DNS label"),
    "clusterDomain": (dns.SUBDOMAIN, "a DNS name"),
}


class Release(NamedTuple):
    """The names, selectors and ports of the objects of one release."""

    profile: Profile
    name: str
    namespace: str
    replicas: int
    chart_name: str
    fullname: str
    port: int
    container_port: int
    replicas_port: int
    replicas_container_port: int
    metrics_port: int
    metrics_container_port: int
    cluster_domain: str

    @classmethod
    def of(cls, profile: Profile, name: str, namespace: str, values: Mapping[str, Any], replicas: int = 1) -> Self:
        """Return the release that Helm renders from these values, which can change names and ports.

        Runbooks contain names and ports in shell commands, so other text is refused with ConfigError.
        """
        if problems := list(_refused(profile, name, namespace, values)):
            raise ConfigError(problems)
        layout = profile.layout
        label = _text(values, "nameOverride") or layout.label
        part = _REDIS if layout.pinned else label
        fullname = _text(values, "fullnameOverride") or (name if part in name else f"{name}-{part}")
        return cls(
            profile=profile,
            name=name,
            namespace=namespace,
            replicas=replicas,
            chart_name=_cut(label),
            fullname=_cut(fullname),
            **{port: int((path and _at(values, *path)) or default) for port, (default, path) in layout.ports.items()},
            cluster_domain=_text(values, "clusterDomain") or "cluster.local",
        )

    @property
    def one_statefulset(self) -> bool:
        """Whether pod 0 of one StatefulSet is the primary, and its other pods are the replicas."""
        return self.profile.layout.primary == self.profile.layout.replicas

    @property
    def container(self) -> str:
        """The container of Redis."""
        return self.profile.layout.container or self.fullname

    @property
    def exporter_container(self) -> str:
        return self.profile.layout.exporter

    @property
    def port_name(self) -> str:
        """The name of the port of Redis in the pods, for `targetPort`."""
        return self.profile.layout.port_name

    @property
    def metrics_port_name(self) -> str:
        """The name of the port of the metrics Service."""
        return self.profile.layout.metrics_port_name

    @property
    def shell(self) -> str:
        return self.profile.layout.shell

    @property
    def client(self) -> str:
        """The client program in the container of Redis, without the password."""
        return self.profile.layout.client

    @property
    def benchmark(self) -> str:
        return self.client.replace("-cli", "-benchmark")

    @property
    def authenticated_client(self) -> str:
        """The client program with the password, for a shell in the container of Redis."""
        return f'REDISCLI_AUTH="{self.password}" {self.client}'

    @property
    def password(self) -> str:
        """The password in a shell of the container of Redis."""
        return self.profile.layout.password

    @property
    def primary_service(self) -> str:
        """The Service for writes: of the chart, or of rediskit where that of the chart has another name."""
        return f"{self.fullname}-master"

    @property
    def replicas_service(self) -> str:
        """The Service for reads: of the chart, or of rediskit where the chart has none."""
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
    def own_services(self) -> dict[str, dict[str, str]]:
        """The selectors of the ClusterIP Services that rediskit renders, because the chart has none with their names."""
        services = {self.primary_service: self.primary_selector}
        if self.replicas:
            services[self.replicas_service] = self.replica_selector
        return {name: selector for name, selector in services.items() if name not in self.services}

    @property
    def primary_statefulset(self) -> str:
        return self.fullname + self.profile.layout.primary

    @property
    def replicas_statefulset(self) -> str:
        return self.fullname + self.profile.layout.replicas

    @property
    def statefulsets(self) -> tuple[str, ...]:
        """The StatefulSets, each once, that of the primary first."""
        return tuple(dict.fromkeys((self.primary_statefulset, self.replicas_statefulset)))

    @property
    def primary_pod(self) -> str:
        return f"{self.primary_statefulset}-0"

    @property
    def replica_pods(self) -> list[str]:
        first = int(self.one_statefulset)
        return [f"{self.replicas_statefulset}-{number}" for number in range(first, first + self.replicas)]

    @property
    def primary_host(self) -> str:
        """The DNS name for clients in the cluster."""
        return f"{self.primary_service}.{self.namespace}.svc.{self.cluster_domain}"

    @property
    def replicas_host(self) -> str:
        """The DNS name for reads from replicas, which can be stale."""
        return f"{self.replicas_service}.{self.namespace}.svc.{self.cluster_domain}"

    def volume_claim(self, pod: str) -> str:
        """Return the PersistentVolumeClaim of a pod, which stays after `helm uninstall`."""
        return f"{self.profile.layout.claim}-{pod}"

    @property
    def selector(self) -> dict[str, str]:
        """The labels of all Redis pods of the release."""
        return {INSTANCE: self.name, NAME: self.chart_name}

    @property
    def primary_selector(self) -> dict[str, str]:
        return {**self.selector, POD_NAME: self.primary_pod} if self.one_statefulset else {COMPONENT: "master", **self.selector}

    @property
    def replica_selector(self) -> dict[str, str]:
        """The labels for reads. Where no label distinguishes several replicas from the primary, it selects all instances."""
        if not self.one_statefulset:
            return {COMPONENT: "replica", **self.selector}
        return {**self.selector, **({POD_NAME: self.replica_pods[0]} if self.replicas == 1 else {})}

    def selector_of(self, pod: str) -> dict[str, str | None]:
        """Return a patch of a selector for writes, after which it selects one pod; `null` removes a label."""
        if self.one_statefulset:
            return {POD_NAME: pod}
        primary = pod == self.primary_pod
        return {COMPONENT: "master" if primary else "replica", POD_NAME: None if primary else pod}

    @property
    def container_ports(self) -> tuple[int, ...]:
        """The ports of all Redis pods, each once."""
        return tuple(dict.fromkeys((self.container_port, self.replicas_container_port)))

    @property
    def metrics_service_labels(self) -> dict[str, str]:
        """The labels by which a ServiceMonitor selects the metrics Service.

        Without `app.kubernetes.io/instance`: Argo CD overwrites it on the Service where it tracks objects by label.
        """
        return {**self._metrics_labels, NAME: self.chart_name}

    @property
    def _metrics_labels(self) -> dict[str, str]:
        return {key: text.format(self.metrics_service) for key, text in self.profile.layout.metrics_labels.items()}

    @property
    def services(self) -> dict[str, dict[str, str]]:
        """The labels of each Service of the chart by name, as far as selectors use them."""
        services = {f"{self.fullname}{suffix}": {**labels, **self.selector} for suffix, labels in self.profile.layout.services.items()}
        return {**services, self.metrics_service: {**self._metrics_labels, **self.selector}}


def chart_kinds(profile: Profile, values: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Return API group and kind of all objects that the chart renders from these values, further objects of the values included.

    Kinds that rediskit renders (NetworkPolicy, ServiceMonitor, PrometheusRule) or refuses (HorizontalPodAutoscaler, Secret) are left out.
    """
    kinds = set(KINDS)
    for kind, default, switches in profile.switched_kinds:
        settings = [_at(values, *switch) for switch in switches]
        if any(default if setting is None else setting for setting in settings):
            kinds.add(kind)
    kinds |= {(str(extra.get("apiVersion", "")).rpartition("/")[0], str(extra.get("kind", ""))) for extra in extra_objects(profile, values)}
    return frozenset(kinds)


def extra_objects(profile: Profile, values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the further objects in the values, without those that are text."""
    extras = _at(values, *profile.extra_objects) if profile.extra_objects else None
    return [extra for extra in extras if isinstance(extra, Mapping)] if isinstance(extras, (list, tuple)) else []


def _cut(name: str) -> str:
    """Return the result of `trunc 63 | trimSuffix "-"` of the common chart."""
    return name[:63].removesuffix("-")


def _text(values: Mapping[str, Any], key: str) -> str:
    """Return a value as text; a number of a config file as it is written."""
    value = values.get(key)
    return str(getattr(value, "text", value)) if value else ""


def _refused(profile: Profile, name: str, namespace: str, values: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each invalid name and port. Empty values keep the default of the chart."""
    for key, value in (("release", name), ("namespace", namespace)):
        if not re.fullmatch(dns.LABEL, value):
            yield Problem(f"{value!r} is not a DNS label", "use lower-case letters, digits and '-'", ("redis", key), code=_CODE)
    for key, (form, expected) in _NAME_KEYS.items():
        text = values.get(key)
        if text and (isinstance(text, (Mapping, list, tuple)) or not re.fullmatch(form, _text(values, key))):
            message = f"{_text(values, key)!r} is not {expected}"
            yield Problem(message, "use lower-case letters, digits and '-'", ("redis", "values", key), code=_CODE)
    for path in {path: None for _, path in profile.layout.ports.values() if path}:
        port = _at(values, *path)
        if port and (not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536):
            hint = "write a number from 1 to 65535, without quotes"
            yield Problem(f"{port!r} is not a port", hint, ("redis", "values", *path), code=_CODE)


def _at(values: Mapping[str, Any], *path: str) -> Any:
    value: Any = values
    for part in path:
        if value is None:  # The test of its type, an abstract one, takes far longer.
            break
        value = value.get(part) if isinstance(value, (dict, Mapping)) else None
    return value
