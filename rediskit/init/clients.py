"""Detect the clients in live objects: the workloads that refer to Redis, and the questions that the objects leave open."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from rediskit import dns
from rediskit.errors import ConfigError, Problem
from rediskit.init.autoscalers import Scaler, scaler_of
from rediskit.init.objects import (
    WORKLOADS,
    Content,
    InputObjects,
    containers,
    is_name,
    name_of,
    namespace_of,
    replicas_of,
    safe_reference,
)
from rediskit.init.old_redis import old_redis, service_of
from rediskit.init.other_users import UsersQuery, other_users
from rediskit.init.redis_variables import ContainerVariables, redis_variables_of
from rediskit.init.switched_variables import SwitchedVariables, question, switched_variables_of
from rediskit.model.environment import RESERVED_CLIENTS
from rediskit.model.gitops_tools import gitops_tool_of
from rediskit.model.nested import text_at
from rediskit.usage import Use, is_server, is_watcher, reference

_DEPLOYED_BY = (("argocd.argoproj.io/instance", "Argo CD Application"), ("kustomize.toolkit.fluxcd.io/name", "Flux Kustomization"))
_OWN_NAMESPACE = "redis"
"""The namespace of the shared Redis, which no client can have."""


# A dataclass because the detection fills it step by step, and `repr=False` keeps secrets of the workload out of tracebacks.
@dataclass(slots=True)
class DetectedClient:
    """A client in the input.

    Attributes:
        workload: The live object.
        name: The name of the client in the config.
        namespace: Its namespace; "" if it is unknown.
        replicas: The replicas from the command line; None if the manifest sets them.
        containers: The variables to switch.
        choices: The variables that may have to be switched, while a question about them is open.
        host: The host of the old Redis; "" if it is unknown.
        port: Its port.
        remove: The objects of the old Redis to remove, as Kind/name.
        gone: All objects of the old Redis, as Kind/name.
        scaler: The autoscaler of the workload.
        questions: Open questions by `namespace`, `replicas`, `containers` or `previous`.
        remarks: Comments for the sections `workload` and `previous`.
    """

    workload: Content = field(repr=False)
    name: str
    namespace: str
    replicas: int | None = None
    containers: list[SwitchedVariables] = field(default_factory=list)
    choices: list[SwitchedVariables] = field(default_factory=list)
    host: str = ""
    port: int | None = None
    remove: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    scaler: Scaler | None = None
    questions: dict[str, list[str]] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """`Kind/name` of the workload."""
        return reference(self.workload)

    def ask(self, section: str, text: str) -> None:
        """Add an open question."""
        self.questions.setdefault(section, []).append(text)

    def remark(self, section: str, *texts: str) -> None:
        """Add remarks."""
        if texts:
            self.remarks.setdefault(section, []).extend(texts)

    def is_open(self, *sections: str) -> bool:
        """Return whether one of these sections has an open question."""
        return any(section in self.questions for section in sections)


class DetectedClients(NamedTuple):
    """The result of the detection.

    Attributes:
        clients: The clients.
        notes: Remarks on skipped workloads.
    """

    clients: tuple[DetectedClient, ...]
    notes: tuple[str, ...] = ()


def clients_of(objects: InputObjects, *, namespace: str | None = None, replicas: int | None = None) -> DetectedClients:
    """Return the workloads that refer to Redis. If the input contains one workload only, it is a client in any case.

    Args:
        objects: The input.
        namespace: The namespace for workloads without one.
        replicas: The replicas for workloads that are scaled to 0.

    Raises:
        ConfigError: The input contains only Redis or a GitOps tool, or several workloads and none refers to Redis.
    """
    watchers = [obj for obj in objects.of(*WORKLOADS) if is_watcher(obj)]
    tools = [obj for obj in objects.of(*WORKLOADS) if gitops_tool_of(obj)]
    workloads = [obj for obj in objects.of(*WORKLOADS) if not is_server(obj) and obj not in (*watchers, *tools)]
    if not workloads and tools:
        raise ConfigError([Problem(_of_tool(obj), "remove it from the input: pass an application") for obj in tools])
    if not workloads:
        names = ", ".join(reference(obj) for obj in objects.of(*WORKLOADS))
        hint = "pass the workload that uses it too: kubectl get deployment NAME -o yaml"
        raise ConfigError(Problem(f"the input contains only Redis: {names}", hint))
    variables = [(obj, [redis_variables_of(container, obj, objects) for container in containers(obj)]) for obj in workloads]
    selected = [(obj, listed) for obj, listed in variables if any(one.sets for one in listed)]
    if not selected and len(variables) > 1:
        names = ", ".join(reference(obj) for obj, _ in variables)
        hint = "pass only the workload that uses Redis, and the ConfigMaps of its variables"
        raise ConfigError(Problem(f"no variable refers to Redis in {names}", hint))
    selected = selected or variables
    counts = Counter(namespace_of(obj) for obj, _ in selected)
    clients = tuple(_client(obj, listed, objects, namespace, replicas, alone=counts[namespace_of(obj)] == 1) for obj, listed in selected)
    _keep_used_objects(clients, objects)
    notes = [_skipped(obj, listed) for obj, listed in variables if obj not in [one for one, _ in selected]]
    notes += [f"{reference(obj)} only monitors a Redis and is skipped: remove it yourself if it monitors the old one" for obj in watchers]
    notes += [f"{_of_tool(obj)}: it is skipped" for obj in tools]
    return DetectedClients(clients, tuple(notes))


def _of_tool(workload: Content) -> str:
    """Return why a workload of a GitOps tool is not a client."""
    return f"{reference(workload)} is part of {gitops_tool_of(workload)}: after a scale-down nothing would scale it up again"


def _skipped(workload: Content, variables: list[ContainerVariables]) -> str:
    unseen = _unseen(variables)
    more = f", but it also reads {unseen}, which is not in the input" if unseen else ""
    return f"{reference(workload)} is skipped: no variable of it refers to Redis{more}"


def _unseen(variables: list[ContainerVariables]) -> str:
    """Return the sources of variables that are not in the input."""
    return ", ".join(dict.fromkeys(name for one in variables for name in one.unseen))


def _client(
    workload: Content,
    variables: list[ContainerVariables],
    objects: InputObjects,
    namespace: str | None,
    replicas: int | None,
    *,
    alone: bool,
) -> DetectedClient:
    home = namespace_of(workload) or namespace or ""
    client = DetectedClient(workload, _name(workload, home if alone else ""), home)
    if not home:
        client.ask("namespace", f"{reference(workload)} has no namespace: write the namespace that it runs in (--namespace)")
    elif namespace and namespace != home:
        raise ConfigError(Problem(f"{reference(workload)} runs in namespace {home}, not in {namespace}", "remove --namespace"))
    elif home == _OWN_NAMESPACE:
        client.ask("namespace", f"{home} is the namespace of the shared Redis: write another one under redis.namespace")
    for label, deployer in _DEPLOYED_BY:
        name = text_at(workload, "metadata", "labels", label)
        if is_name(name):
            client.remark("workload", f"deployed by {deployer} {name}: its repository is the application repository")
    client.scaler = scaler_of(workload, objects)
    _set_replicas(client, replicas)
    _set_containers(client, variables)
    _set_previous(client, variables, objects)
    return client


def _name(workload: Content, namespace: str) -> str:
    """Return the namespace if it contains one workload and is no common name; else the name of the workload."""
    name = name_of(workload).replace(".", "-")[:63].strip("-")
    if namespace and namespace not in ("default", *RESERVED_CLIENTS):
        name = namespace
    return f"{name}-app" if name in RESERVED_CLIENTS or not re.fullmatch(dns.LABEL, name) else name


def _set_replicas(client: DetectedClient, replicas: int | None) -> None:
    running = replicas_of(client.workload)
    name = client.reference
    if replicas is not None and running not in (None, 0) and running != replicas:
        raise ConfigError(Problem(f"{name} has {running} replicas, not {replicas}", "remove --replicas"))
    if client.scaler and (text := client.scaler.question(replicas or running)):
        client.ask("replicas", text)
    elif not running:
        client.replicas = replicas
        if replicas is None:
            why = "is scaled to 0" if running == 0 else "sets no replicas"
            client.ask("replicas", f"{name} {why}: write the normal number of replicas (--replicas)")


def _set_containers(client: DetectedClient, variables: list[ContainerVariables]) -> None:
    """Set the variables to switch, if the input leaves no choice."""
    pairs = [(one.container, group) for one in variables for group in one.sets]
    client.choices = [switched for name, group in pairs if (switched := switched_variables_of(name, group))]
    if not pairs:
        names, unseen = ", ".join(one.container for one in variables) or "none", _unseen(variables)
        more = f"; variables also come from {unseen}, which is not in the input" if unseen else ""
        start = f"no variable of {client.reference} refers to Redis (containers: {names}{more})"
        client.ask("containers", f"{start}: write the containers and the variables that they read")
        return
    for name, group in pairs:
        if text := question(name, group):
            client.ask("containers", text)
    for one in variables:
        if len(one.sets) > 1:
            names = ", ".join(group.address.name for group in one.sets if group.address)
            client.ask("containers", f"container {one.container} refers to several Redis servers ({names}): write the one to migrate")
    if len({_target(group.old_host, client) for _, group in pairs}) > 1 and not client.is_open("containers"):
        names = ", ".join(f"{name}: {group.address.name}" for name, group in pairs if group.address)
        text = f"the containers refer to different Redis servers, or to unknown ones ({names}): write the containers to migrate"
        client.ask("containers", text)
    if not client.is_open("containers"):
        client.containers = client.choices
        for switched in client.containers:
            client.remark("workload", *switched.remarks)


def _target(host: str, client: DetectedClient) -> tuple[str, str]:
    """Return the Service of a host name, whatever form the name has; outside the cluster the host name."""
    service = service_of(host, client.namespace)
    return service if service[0] else (host, "")


def _set_previous(client: DetectedClient, variables: list[ContainerVariables], objects: InputObjects) -> None:
    """Set the old Redis: host and port from the variables, its objects from the Service with that host name."""
    groups = [group for one in variables for group in one.sets]
    hosts = list(dict.fromkeys(group.old_host for group in groups))
    if not groups:
        client.ask("previous", "the Redis in use is not in the input: write its host")
        return
    if len({_target(host, client) for host in hosts}) > 1:
        client.ask("previous", f"the input contains several Redis servers: write the host to replace: {', '.join(filter(None, hosts))}")
        return
    address = groups[0].address
    if not hosts[0]:
        name, origin = (address.name, address.origin) if address else ("", "")
        source = origin or "a value that is not a host name"
        client.ask("previous", f"the host of the old Redis is not in the input ({name} comes from {source}): write it")
        return
    client.host = hosts[0]
    client.port = next((group.old_port for group in groups if group.old_port), None)
    if client.port is None:
        client.remark("previous", "the port is not in the input: 6379 is the default")
    if client.namespace:
        old = old_redis(client.host, client.port or 6379, client.workload, client.namespace, objects)
        client.remove, client.gone = old.remove, old.gone
        client.remark("previous", *old.remarks)


def _keep_used_objects(clients: tuple[DetectedClient, ...], objects: InputObjects) -> None:
    """Remove nothing that another object of the input uses: a client, a CronJob, a Job, an init container, a chart value."""
    names = {(reference(one.workload), one.namespace): one.name for one in clients}
    for client in clients:
        if not client.host or not client.namespace:
            continue
        certain, possible = other_users(_query(client), objects)
        certain = [use for use in certain if not _is_watcher(use, objects)]
        target = _target(client.host, client)
        others = [names.get((use.object, use.namespace), _shown(use, client)) for use in certain if not _is_own(use, client)]
        others += [other.name for other in clients if other is not client and other.host and _target(other.host, other) == target]
        others = list(dict.fromkeys([*others, *(_shown(use, client) for use in certain if _is_own(use, client))]))
        if others and client.remove:
            text = f"{', '.join(client.remove)}: also used by {', '.join(others)}; write remove for the last client that moves"
            client.remark("previous", text)
            client.remove = ()
        elif others:
            client.remark("previous", f"the old Redis is also used by {', '.join(others)}")
        unmoved = [_shown(use, client) for use in certain if _is_own(use, client) or (use.object, use.namespace) not in names]
        if unmoved:
            text = f"the migration does not change {', '.join(dict.fromkeys(unmoved))}: change them before decommission"
            client.remark("previous", text)
        if places := [f"{safe_reference(use.object)} at {_place(use)}" for use in possible]:
            client.remark("previous", f"may use the old Redis, check before decommission: {', '.join(dict.fromkeys(places))}")


def _query(client: DetectedClient) -> UsersQuery:
    switched = {variables.container: variables.names for variables in (client.containers or client.choices)}
    return UsersQuery(client.workload, client.namespace, client.host, client.port or 6379, switched, client.gone)


def _is_own(use: Use, client: DetectedClient) -> bool:
    return (use.object, use.namespace) == (client.reference, client.namespace)


def _shown(use: Use, client: DetectedClient) -> str:
    """Return the object of a use; for the client itself also the place, because the migration switches the other places."""
    if _is_own(use, client):
        return f"{use.object} itself at {_place(use)}"
    home = "" if use.namespace == client.namespace else f" in namespace {use.namespace}" if is_name(use.namespace) else " elsewhere"
    return f"{safe_reference(use.object)}{home}"


def _place(use: Use) -> str:
    """Return the JSON pointer without parts that are no fields of Kubernetes: a key may be a password."""
    return "/".join(part if re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)*|[0-9]{1,4}|", part) else "…" for part in use.pointer.split("/"))


def _is_watcher(use: Use, objects: InputObjects) -> bool:
    return any(
        is_watcher(obj) for obj in objects.of(*WORKLOADS) if reference(obj) == use.object and namespace_of(obj) in ("", use.namespace)
    )
