"""The texts of an object that can contain an address."""

from base64 import b64decode
from binascii import Error
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from rediskit.model.nested import at, text_at
from rediskit.model.podspec import CONTAINER_LISTS
from rediskit.usage.variables import Variables

Kind = Literal["env", "argument", "command", "probe", "hook", "file", "annotation", "value", "field", "service"]
Object = Mapping[str, Any]


class Text(NamedTuple):
    """A text of an object.

    Attributes:
        path: The keys and indexes from the object to the text.
        kind: `field` is a field of the schema of the object, `service` a reference to a Service by its name.
        key: The variable, flag or key of the text; "" if it has none.
        content: The text, with `$(VAR)` expanded if the value is known.
        defined: The variables of its container: Kubernetes sets any other variable.
    """

    path: tuple[str | int, ...]
    kind: Kind
    key: str
    content: str
    defined: frozenset[str] = frozenset()


_NAMELESS = frozenset(
    {
        *("labels", "matchLabels", "matchExpressions", "selector", "podSelector", "namespaceSelector", "nodeSelector", "labelSelector"),
        *("endpointSelector", "toEndpoints", "fromEndpoints", "commonLabels", "podLabels", "affinity", "tolerations"),
        *("topologySpreadConstraints", "image", "images", "imagePullPolicy", "imagePullSecrets", "repository", "registry", "tag", "digest"),
    }
)
"""Keys of fields and of Helm values without hosts: labels, selectors, images."""
_OWN = frozenset({"apiVersion", "kind", "status", "hostname", "subdomain", "ownerReferences", "managedFields", "chart", "crds"})
"""Fields with the type or the name of the object itself."""
_IDENTIFIERS = frozenset(
    {"name", "port", "targetPort", "containerPort", "portName", "protocol", "appProtocol", "type", "kind", "namespace"}
)
"""Keys whose values are the name of an object, a port or a type. A bare name in them is not a host."""
_FREE: Mapping[str, Kind] = {
    **dict.fromkeys(("data", "stringData", "binaryData", "literals"), "file"),
    **dict.fromkeys(("values", "valuesObject", "valuesContent", "parameters", "triggers", "substitute"), "value"),
}
"""Keys below which any text can contain a bare name, in objects of every kind."""
_STRUCTURED = frozenset(
    {
        *("Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob", "PodTemplate"),
        *("Rollout", "Service", "Endpoints", "EndpointSlice", "Ingress", "IngressClass", "NetworkPolicy", "ServiceAccount", "Namespace"),
        *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PersistentVolumeClaim", "PersistentVolume", "StorageClass"),
        *("HorizontalPodAutoscaler", "PodDisruptionBudget", "ResourceQuota", "LimitRange", "PriorityClass", "CustomResourceDefinition"),
        *("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "ServiceMonitor", "PodMonitor", "Probe", "ScrapeConfig"),
        *("ScaledObject", "ScaledJob", "ExternalSecret", "ClusterExternalSecret", "SealedSecret", "Application", "ApplicationSet"),
        *("AppProject", "HelmRelease", "HelmChart", "Kustomization", "Component", "Certificate", "Gateway", "HTTPRoute", "TCPRoute"),
        *("GRPCRoute", "TLSRoute", "IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "VirtualService", "DestinationRule"),
    }
)
"""Kinds with known fields: outside of variables, arguments, files and values a bare word in them is an identifier."""
_NOISE = "kubectl.kubernetes.io/last-applied-configuration"
_SERVICE_LISTS = ("service", "services", "backendRefs", "backendRef", "serviceRef", "k8sService", "defaultBackend", "mirrors")
_EXPANDED: Mapping[str, Kind] = {
    "args": "argument",
    "command": "command",
    **dict.fromkeys(("livenessProbe", "readinessProbe", "startupProbe"), "probe"),
    "lifecycle": "hook",
}
"""Fields of a container in which Kubernetes or a shell expands `$(VAR)`."""


def texts_of(content: Object, variables: Variables) -> Iterator[Text]:
    """Yield every text of an object that can contain an address. `$(VAR)` is expanded by the variables from ConfigMaps."""
    annotations = at(content, "metadata", "annotations")
    for key, value in annotations.items() if isinstance(annotations, dict) else ():
        if key != _NOISE and isinstance(value, str):
            yield Text(("metadata", "annotations", str(key)), "annotation", str(key), value)
    if content.get("kind") == "Secret":
        yield from _secret(content)
        return
    kind: Kind = "field" if str(content.get("kind")) in _STRUCTURED else "value"
    traversal = _Traversal(text_at(content, "metadata", "namespace"), variables)
    traversal.mapping(content, (), kind)
    yield from traversal.texts


def _secret(content: Object) -> Iterator[Text]:
    """Yield the texts of a Secret, with `data` decoded."""
    for part in ("stringData", "data"):
        entries = content.get(part)
        for key, value in entries.items() if isinstance(entries, dict) else ():
            text = decoded(value) if part == "data" else value
            if isinstance(text, str):
                yield Text((part, str(key)), "file", str(key), text)


def decoded(value: Any) -> str | None:
    """Return the text in base64; None if it is not text."""
    try:
        return b64decode(value, validate=True).decode() if isinstance(value, str) else None
    except (Error, ValueError):
        return None


class _Traversal:
    """A traversal of one object. It collects the texts in a list: a generator for each level of the object takes twice as long."""

    def __init__(self, namespace: str, variables: Variables) -> None:
        self._namespace = namespace
        self._variables = variables
        self.texts: list[Text] = []

    def mapping(self, content: Mapping[str, Any], path: tuple[str | int, ...], kind: Kind) -> None:
        """Add the texts of a mapping. kind: the kind of its texts."""
        for key, value in content.items():
            if not isinstance(value, (str, dict, list)):
                continue
            if kind != "file" and (key in _NAMELESS or (kind == "field" and key in _OWN) or (key == "metadata" and not path)):
                continue
            below = (*path, str(key))
            if key in CONTAINER_LISTS and isinstance(value, list):
                self._containers(value, below)
            elif key in ("annotations", "podAnnotations") and isinstance(value, dict):
                texts = ((str(name), text) for name, text in value.items() if isinstance(text, str))
                self.texts += (Text((*below, name), "annotation", name, text) for name, text in texts)
            else:
                free = kind if key in ("data", "binaryData") and isinstance(value, list) else _FREE.get(key, kind)
                self._value(value, below, str(key), free, content)
        if kind != "file" and ("name" in content or "serviceName" in content):
            self.texts += _services(content, path, kind)

    def _value(
        self,
        value: Any,
        path: tuple[str | int, ...],
        key: str,
        kind: Kind,
        beside: Mapping[str, Any],
        defined: frozenset[str] = frozenset(),
    ) -> None:
        """Add the texts of a value of any shape."""
        if isinstance(value, dict):
            self.mapping(value, path, kind)
        elif isinstance(value, list):
            self._list(value, path, key, kind, defined)
        elif isinstance(value, str):
            name = beside.get("name")
            if key == "value" and isinstance(name, str):
                text = Text(path, "env" if kind == "field" else kind, name, value, defined)
            elif "binaryData" in path[:1]:
                text = Text(path, kind, key, decoded(value) or "", defined)
            else:
                text = Text(path, "field" if key in _IDENTIFIERS and kind == "value" else kind, key, value, defined)
            self.texts.append(text)

    def _list(self, entries: list[Any], path: tuple[str | int, ...], key: str, kind: Kind, defined: frozenset[str]) -> None:
        flag = ""
        for index, entry in enumerate(entries):
            if isinstance(entry, str):
                own = "" if kind in ("argument", "command", "probe", "hook") else key
                self.texts.append(Text((*path, index), kind, flag or own, entry, defined))
                flag = entry if entry.startswith("-") and "=" not in entry else ""
            else:
                self._value(entry, (*path, index), key, kind, {}, defined)

    def _containers(self, containers: list[Any], path: tuple[str | int, ...]) -> None:
        for index, container in enumerate(containers):
            if not isinstance(container, dict):
                continue
            place = (*path, index)
            variables = self._variables.of_container(container, self._namespace)
            self._env(container, place, variables)
            for key, kind in _EXPANDED.items():
                if key in container:
                    self._expanded(container[key], (*place, key), kind, variables)
            rest = {key: value for key, value in container.items() if key not in _HANDLED}
            self.mapping(rest, place, "field")

    def _expanded(self, value: Any, path: tuple[str | int, ...], kind: Kind, variables: Mapping[str, str]) -> None:
        """Add the texts of a command, a probe or a hook with the variables of the container expanded."""
        start = len(self.texts)
        self._value(value, path, str(path[-1]), kind, {}, frozenset(variables))
        for position, text in enumerate(self.texts[start:], start):
            if "$" in text.content:
                self.texts[position] = text._replace(content=self._variables.expand(text.content, variables))

    def _env(self, container: Mapping[str, Any], path: tuple[str | int, ...], variables: Mapping[str, str]) -> None:
        entries, defined = container.get("env"), frozenset(variables)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if not isinstance(entry, dict):
                continue
            name, value, place = str(entry.get("name")), entry.get("value"), (*path, "env", index)
            if isinstance(value, str):
                self.texts.append(Text((*place, "value"), "env", name, self._variables.expand(value, variables), defined))
            elif name in variables and isinstance(at(entry, "valueFrom", "configMapKeyRef"), dict):
                self.texts.append(Text((*place, "valueFrom", "configMapKeyRef"), "env", name, variables[name], defined))


_HANDLED = frozenset({"env", "envFrom", *_EXPANDED, "name"})


def _services(content: Mapping[str, Any], path: tuple[str | int, ...], kind: Kind) -> Iterator[Text]:
    """Yield the references to a Service by its name: `kind: Service`, `backend.service`, `backendRefs`, `serviceName`."""
    name = content.get("name")
    if path and isinstance(name, str) and (content.get("kind") == "Service" or (kind == "field" and _is_listed(content, path))):
        yield Text((*path, "name"), "service", str(content.get("namespace") or ""), name)
    service = content.get("serviceName")
    if isinstance(service, str) and kind == "field":
        yield Text((*path, "serviceName"), "service", str(content.get("namespace") or ""), service)


def _is_listed(content: Mapping[str, Any], path: tuple[str | int, ...]) -> bool:
    """Return whether a mapping without a kind is below a key for Services."""
    return "kind" not in content and next((part for part in reversed(path) if isinstance(part, str)), "") in _SERVICE_LISTS
