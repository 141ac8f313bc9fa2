"""From live objects to clients: what the input says of each workload that refers to Redis, and what it leaves open."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from rediskit import dns
from rediskit.errors import ConfigError, Problem
from rediskit.init.autoscalers import Scaler, scaler_of
from rediskit.init.objects import WORKLOADS, Content, InputObjects, containers, is_name, name_of, namespace_of, reference, shown
from rediskit.init.old_redis import old_redis, service_of
from rediskit.init.other_users import Question, users
from rediskit.init.redis_variables import ContainerVariables, redis_variables_of
from rediskit.init.switched_variables import SwitchedVariables, question, variables_of
from rediskit.model.environment import RESERVED_CLIENTS
from rediskit.model.gitops_tools import gitops_tool_of
from rediskit.model.nested import at, text_at
from rediskit.usage import Use, is_server, is_watcher

_CARRIERS = (("argocd.argoproj.io/instance", "Argo CD Application"), ("kustomize.toolkit.fluxcd.io/name", "Flux Kustomization"))
_OWN_NAMESPACE = "redis"
"""The namespace of the shared Redis, which no client may have."""


@dataclass(slots=True)
class DetectedClient:
    """A client, as far as the input tells. What is left open stands in `questions`, by the section that waits for the answer."""

    workload: Content = field(repr=False)
    name: str
    namespace: str
    replicas: int | None
    """As given on the command line; None: the manifest says it."""
    containers: list[SwitchedVariables] = field(default_factory=list)
    choices: list[SwitchedVariables] = field(default_factory=list)
    """What the containers could be, where that is open."""
    host: str = ""
    port: int | None = None
    remove: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    """The objects that are the old Redis, as Kind/name."""
    scaler: Scaler | None = None
    questions: dict[str, list[str]] = field(default_factory=dict)
    """By `namespace`, `replicas`, `containers`, `previous`."""
    remarks: dict[str, list[str]] = field(default_factory=dict)
    """By `workload`, `previous`: what stands as a comment beside it."""

    def ask(self, section: str, question: str) -> None:
        self.questions.setdefault(section, []).append(question)

    def remark(self, section: str, *remarks: str) -> None:
        if remarks:
            self.remarks.setdefault(section, []).extend(remarks)

    def is_open(self, *sections: str) -> bool:
        return any(section in self.questions for section in sections)


class DetectedClients(NamedTuple):
    """The clients in an input, and what else is to be said of it."""

    found: tuple[DetectedClient, ...]
    notes: tuple[str, ...] = ()


def clients_of(objects: InputObjects, *, namespace: str | None = None, replicas: int | None = None) -> DetectedClients:
    """The workloads of an input that speak of Redis. With only one workload in it, that one is meant whatever it refers to.

    namespace, replicas: what the command line says where the input does not.
    Raises ConfigError when the input holds a Redis alone, or workloads of which none refers to Redis.
    """
    watchers = [obj for obj in objects.of(*WORKLOADS) if is_watcher(obj)]
    tools = [obj for obj in objects.of(*WORKLOADS) if gitops_tool_of(obj)]
    workloads = [obj for obj in objects.of(*WORKLOADS) if not is_server(obj) and obj not in (*watchers, *tools)]
    if not workloads and tools:
        raise ConfigError([Problem(_of_tool(obj), "leave it out: give an application of its own") for obj in tools])
    if not workloads:
        names = ", ".join(reference(obj) for obj in objects.of(*WORKLOADS))
        hint = "give the workload that uses it, too: kubectl get deployment NAME -o yaml"
        raise ConfigError(Problem(f"the input holds a Redis alone: {names}", hint))
    heard = [(obj, [redis_variables_of(container, obj, objects) for container in containers(obj)]) for obj in workloads]
    speaking = [(obj, said) for obj, said in heard if any(one.sets for one in said)]
    if not speaking and len(heard) > 1:
        names = ", ".join(reference(obj) for obj, _ in heard)
        hint = "give the one that uses Redis alone, and the ConfigMaps that its variables come from"
        raise ConfigError(Problem(f"no variable refers to Redis in {names}", hint))
    meant = speaking or heard
    shared = Counter(namespace_of(obj) for obj, _ in meant)
    found = tuple(_client(obj, said, objects, namespace, replicas, alone=shared[namespace_of(obj)] == 1) for obj, said in meant)
    _keep_what_others_use(found, objects)
    silent = [_left_out(obj, said) for obj, said in heard if obj not in [one for one, _ in meant]]
    silent += [f"{reference(obj)} only looks at a Redis and is left out: see whether it goes with the old one" for obj in watchers]
    silent += [f"{_of_tool(obj)}: it is left out" for obj in tools]
    return DetectedClients(found, tuple(silent))


def _of_tool(workload: Content) -> str:
    """Why a workload of a GitOps tool is no client."""
    return f"{reference(workload)} is a part of {gitops_tool_of(workload)}: scaled down, nothing would scale it up again"


def _left_out(workload: Content, said: list[ContainerVariables]) -> str:
    unseen = _unseen(said)
    more = f", but {unseen}, which it takes others from, is not in the input" if unseen else ""
    return f"{reference(workload)} is left out: no variable of it refers to Redis{more}"


def _unseen(said: list[ContainerVariables]) -> str:
    """What the containers take variables from and the input does not hold."""
    return ", ".join(dict.fromkeys(name for one in said for name in one.unseen))


def _client(
    workload: Content, said: list[ContainerVariables], objects: InputObjects, namespace: str | None, replicas: int | None, *, alone: bool
) -> DetectedClient:
    home = namespace_of(workload) or namespace or ""
    found = DetectedClient(workload, _name(workload, home if alone else ""), home, None)
    if not home:
        found.ask("namespace", f"{reference(workload)} names no namespace: which one does it run in? (--namespace)")
    elif namespace and namespace != home:
        raise ConfigError(Problem(f"{reference(workload)} runs in namespace {home}, not in {namespace}", "leave --namespace out"))
    elif home == _OWN_NAMESPACE:
        question = f"{home} is the namespace of the shared Redis: give that another one (redis.namespace), or the application"
        found.ask("namespace", question)
    for label, carrier in _CARRIERS:
        name = text_at(workload, "metadata", "labels", label)
        if is_name(name):
            found.remark("workload", f"{carrier} {name} carries it: the repository behind that owns it")
    found.scaler = scaler_of(workload, objects)
    _count(found, replicas)
    _containers(found, said)
    _previous(found, said, objects)
    return found


def _name(workload: Content, namespace: str) -> str:
    """The namespace, when it has one workload and a name of its own; else the workload."""
    name = name_of(workload).replace(".", "-")[:63].strip("-")
    if namespace and namespace not in ("default", *RESERVED_CLIENTS):
        name = namespace
    return f"{name}-app" if name in RESERVED_CLIENTS or not re.fullmatch(dns.LABEL, name) else name


def _count(found: DetectedClient, replicas: int | None) -> None:
    running = at(found.workload, "spec", "replicas")
    running = running if isinstance(running, int) and not isinstance(running, bool) else None
    if replicas is not None and running not in (None, 0) and running != replicas:
        raise ConfigError(Problem(f"{reference(found.workload)} has {running} replicas, not {replicas}", "leave --replicas out"))
    if found.scaler and (asked := found.scaler.question(replicas or running)):
        found.ask("replicas", asked)
        return
    if running:
        return
    found.replicas = replicas
    if replicas is None:
        why = "is scaled to 0" if running == 0 else "does not say its replicas"
        found.ask("replicas", f"{reference(found.workload)} {why}: how many does it normally run with? (--replicas)")


def _containers(found: DetectedClient, said: list[ContainerVariables]) -> None:
    """Which containers are to be switched, and by which variables: only where the input leaves no choice."""
    every = [(one, names) for one in said for names in one.sets]
    found.choices = [made for one, names in every if (made := variables_of(one.container, names))]
    if not every:
        _ask_for_containers(found, said)
        return
    for one, names in every:
        if asked := question(one.container, names):
            found.ask("containers", asked)
    for one in said:
        if len(one.sets) > 1:
            leads = ", ".join(names.leads.name for names in one.sets if names.leads)
            found.ask("containers", f"container {one.container} refers to several Redis ({leads}): which one is to move?")
    if len({_target(names.old_host, found) for _, names in every}) > 1 and not found.is_open("containers"):
        leads = ", ".join(f"{one.container}: {names.leads.name}" for one, names in every if names.leads)
        found.ask("containers", f"the containers refer to different Redis, or not all say of which ({leads}): which one is to move?")
    if not found.is_open("containers"):
        found.containers = found.choices
        for made in found.containers:
            found.remark("workload", *made.remarks)


def _ask_for_containers(found: DetectedClient, said: list[ContainerVariables]) -> None:
    names = ", ".join(one.container for one in said) or "none"
    unseen = _unseen(said)
    more = f"; variables also come from {unseen}, which the input does not hold" if unseen else ""
    question = f"no variable of {reference(found.workload)} refers to Redis (containers: {names}{more}): which ones does it read?"
    found.ask("containers", question)


def _target(host: str, found: DetectedClient) -> tuple[str, str]:
    """What a host name leads to, whichever of its forms it has."""
    service = service_of(host, found.namespace)
    return service if service[0] else (host, "")


def _previous(found: DetectedClient, said: list[ContainerVariables], objects: InputObjects) -> None:
    """The old Redis: its host and port by the value of the variables, its objects by the Service that the host is."""
    every = [names for one in said for names in one.sets]
    hosts = list(dict.fromkeys(names.old_host for names in every))
    if not every:
        found.ask("previous", "which Redis does the application use now?")
        return
    if len({_target(host, found) for host in hosts}) > 1:
        found.ask("previous", f"which Redis is to be left: {', '.join(host for host in hosts if host)}?")
        return
    lead = every[0].leads
    if not hosts[0]:
        origin = lead.origin if lead and lead.origin else "a value that is no host name"
        found.ask(
            "previous", f"the host of the old Redis is not in the input ({lead.name if lead else ''} comes from {origin}): what is it?"
        )
        return
    found.host = hosts[0]
    found.port = next((names.old_port for names in every if names.old_port), None)
    if found.port is None:
        found.remark("previous", "the input does not say the port: 6379 is the usual one")
    if found.namespace:
        old = old_redis(found.host, found.port or 6379, found.workload, found.namespace, objects)
        found.remove, found.gone = old.remove, old.gone
        found.remark("previous", *old.remarks)


def _keep_what_others_use(found: tuple[DetectedClient, ...], objects: InputObjects) -> None:
    """Remove nothing that anybody else in the input uses: another client, a CronJob, a Job, an init container, a value of a chart."""
    clients = {(reference(one.workload), one.namespace): one.name for one in found}
    for one in found:
        if not one.host or not one.namespace:
            continue
        certain, possible = users(_question(one), objects)
        certain = [use for use in certain if not _only_watches(use, objects)]
        others = [clients.get((use.object, use.namespace), _shown(use, one)) for use in certain if not _is_own(use, one)]
        others += [
            other.name for other in found if other is not one and other.host and _target(other.host, other) == _target(one.host, one)
        ]
        itself = [_shown(use, one) for use in certain if _is_own(use, one)]
        others = list(dict.fromkeys([*others, *itself]))
        if others and one.remove:
            one.remark("previous", f"{', '.join(one.remove)}: also used by {', '.join(others)}; write remove with the last of them")
            one.remove = ()
        elif others:
            one.remark("previous", f"the old Redis is also used by {', '.join(others)}")
        unmoved = [_shown(use, one) for use in certain if _is_own(use, one) or (use.object, use.namespace) not in clients]
        if unmoved:
            one.remark("previous", f"the migration does not change {', '.join(dict.fromkeys(unmoved))}: change them before decommission")
        if maybe := [f"{shown(use.object)} at {_place(use)}" for use in possible]:
            one.remark("previous", f"may use the old Redis, look at it before decommission: {', '.join(dict.fromkeys(maybe))}")


def _question(found: DetectedClient) -> Question:
    variables = found.containers or found.choices
    switched = {one.container: [name for name in one.named.values() if isinstance(name, str)] for one in variables}
    return Question(found.workload, found.namespace, found.host, found.port or 6379, switched, found.gone)


def _is_own(use: Use, client: DetectedClient) -> bool:
    return (use.object, use.namespace) == (reference(client.workload), client.namespace)


def _shown(use: Use, client: DetectedClient) -> str:
    """A use as a person finds it: the object; of the client itself the place, because the rest of it is switched."""
    if _is_own(use, client):
        return f"{use.object} itself at {_place(use)}"
    home = "" if use.namespace == client.namespace else f" in namespace {use.namespace}" if is_name(use.namespace) else " elsewhere"
    return f"{shown(use.object)}{home}"


def _place(use: Use) -> str:
    """The JSON pointer without the parts that are no fields of Kubernetes: a key may be anything, a password too."""
    return "/".join(part if re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)*|[0-9]{1,4}|", part) else "…" for part in use.pointer.split("/"))


def _only_watches(use: Use, objects: InputObjects) -> bool:
    found = (obj for obj in objects.of(*WORKLOADS) if reference(obj) == use.object and namespace_of(obj) in ("", use.namespace))
    return any(is_watcher(obj) for obj in found)
