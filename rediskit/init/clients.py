"""Detect the clients in live objects: the workloads that refer to Redis, and the questions that the objects leave open."""

from typing import NamedTuple

from rediskit.errors import ConfigError, Problem
from rediskit.init.autoscalers import scaler_of
from rediskit.init.config_files import files_with_redis
from rediskit.init.databases import assign_numbers
from rediskit.init.detected import DetectedClient, DetectedWorkload
from rediskit.init.existing import existing_in
from rediskit.init.names import client_names
from rediskit.init.objects import WORKLOADS, Content, InputObjects, namespace_of, replicas_of
from rediskit.init.old_redis import old_redis
from rediskit.init.other_users import keep_used_objects
from rediskit.init.owner import infer_owner
from rediskit.init.restrictions import set_egress
from rediskit.init.roles import named
from rediskit.init.switches import ContainerSwitch, Reference, switch_of
from rediskit.model.environment import Environment
from rediskit.model.gitops_tools import gitops_tool_of
from rediskit.model.local_redis import is_loopback
from rediskit.model.podspec import containers_of
from rediskit.usage.servers import is_server, is_watcher
from rediskit.usage.services import reference
from rediskit.usage.stored import URL, uses_in


class DetectedClients(NamedTuple):
    """The detected clients, and remarks on skipped workloads."""

    clients: tuple[DetectedClient, ...]
    notes: tuple[str, ...] = ()


def clients_of(
    objects: InputObjects,
    *,
    namespace: str | None = None,
    replicas: int | None = None,
    environment: Environment | None = None,
) -> DetectedClients:
    """Return the applications that refer to Redis. If the input contains one workload only, it is a client in any case.

    `namespace` is that of workloads without one, `replicas` the number for workloads that are scaled to 0, `environment` the config to
    which the clients are added. Raises ConfigError when the input contains only Redis or a GitOps tool, or several workloads and none
    refers to Redis.
    """
    detected, selected, notes = _selected(objects)
    existing = existing_in(environment)
    groups = _groups(selected)
    for workload in selected:
        if namespace and (other := namespace_of(workload.content)) not in ("", namespace):
            raise ConfigError(Problem(f"{workload.reference} runs in namespace {other}, not in {namespace}", "remove --namespace"))
    homes = [namespace_of(group[0].content) or namespace or "" for group in groups]
    names = client_names([[workload.content for workload in group] for group in groups], homes, existing.names)
    clients = tuple(_client(group, objects, name, home, replicas) for group, name, home in zip(groups, names, homes, strict=True))
    for client in clients:
        if client.namespace == existing.namespace:
            text = f"{client.namespace} is the namespace of the shared Redis: write another one under redis.namespace"
            client.ask("namespace", text)
        set_egress(client, existing.target, objects)
    assign_numbers(clients, existing.numbers, existing.databases)
    keep_used_objects(clients, objects)
    notes = [*(_skipped(workload) for workload in detected if workload not in selected), *notes]
    return DetectedClients(clients, tuple(notes))


def _selected(objects: InputObjects) -> tuple[list[DetectedWorkload], list[DetectedWorkload], list[str]]:
    """Return the workloads of applications, those that refer to Redis, and notes on the others."""
    watchers = [obj for obj in objects.of(*WORKLOADS) if is_watcher(obj)]
    tools = [obj for obj in objects.of(*WORKLOADS) if gitops_tool_of(obj)]
    workloads = [obj for obj in objects.of(*WORKLOADS) if not is_server(obj) and obj not in (*watchers, *tools)]
    if not workloads and tools:
        raise ConfigError([Problem(_of_tool(obj), "remove it from the input: pass an application") for obj in tools])
    if not workloads:
        names = ", ".join(reference(obj) for obj in objects.of(*WORKLOADS))
        hint = "pass the workload that uses it too: kubectl get deployment NAME -o yaml"
        raise ConfigError(Problem(f"the input contains only Redis: {names}", hint))
    detected = [_workload(obj, objects) for obj in workloads]
    selected = [workload for workload in detected if workload.references or any(switch.external for switch in workload.containers)]
    selected = selected or [workload for workload in detected if workload.is_known]
    if not selected and len(detected) > 1:
        raise ConfigError(_none_refers(detected, objects))
    notes = [f"{reference(obj)} only monitors a Redis and is skipped: remove it yourself if it monitors the old one" for obj in watchers]
    notes += [f"{_of_tool(obj)}: it is skipped" for obj in tools]
    return detected, selected or detected, notes


def _workload(obj: Content, objects: InputObjects) -> DetectedWorkload:
    switches = [
        switch_of(container.listed, container.content, obj, objects)
        for container in containers_of(obj)
        if container.listed in ("containers", "initContainers")
    ]
    for name, file in files_with_redis(obj, objects).items():
        for switch in switches:
            if switch.name == name and not switch.references:
                switch.external = file
    return DetectedWorkload(obj, switches)


def _none_refers(workloads: list[DetectedWorkload], objects: InputObjects) -> Problem:
    """Return the problem that no workload refers to Redis, with what the input contains instead."""
    names = ", ".join(workload.reference for workload in workloads)
    listed = [f"{workload.reference}: {', '.join(workload.unassigned)}" for workload in workloads if workload.unassigned]
    servers = [reference(obj) for obj in objects.of(*WORKLOADS) if is_server(obj)]
    hint = "pass only the workload that uses Redis, and the ConfigMaps of its variables"
    if listed:
        return Problem(f"no variable or argument contains the address of Redis, though their names do: {'; '.join(listed)}", hint)
    if servers:
        hint += f"; {', '.join(servers)} is in the input: the host may be in the code or in a file of the image"
    return Problem(f"no variable refers to Redis in {names}", hint)


def _groups(workloads: list[DetectedWorkload]) -> list[list[DetectedWorkload]]:
    """Return the workloads of each client: those of one namespace with the same old Redis.

    Workloads with an unknown Redis belong to the only known one of their namespace.
    """
    groups: dict[tuple[str, object], list[DetectedWorkload]] = {}
    for workload in workloads:
        home, targets = namespace_of(workload.content), workload.targets
        key: object = next(iter(targets)) if len(targets) == 1 else None if not targets else workload.reference
        groups.setdefault((home, key), []).append(workload)
    for home, key in [key for key in groups if key[1] is None]:
        others = [other for other in groups if other[0] == home and isinstance(other[1], tuple)]
        if len(others) == 1:
            groups[others[0]] += groups.pop((home, key))
    return list(groups.values())


def _of_tool(workload: Content) -> str:
    """Return why a workload of a GitOps tool is not a client."""
    return f"{reference(workload)} is part of {gitops_tool_of(workload)}: after a scale-down nothing would scale it up again"


def _skipped(workload: DetectedWorkload) -> str:
    unseen = workload.unseen
    unseen_note = f", but it also reads {unseen}, which is not in the input" if unseen else ""
    if workload.unassigned:
        return f"{workload.reference} is skipped: {', '.join(workload.unassigned)} contains no address of Redis{unseen_note}"
    return f"{workload.reference} is skipped: no variable of it refers to Redis{unseen_note}"


def _client(workloads: list[DetectedWorkload], objects: InputObjects, name: str, home: str, replicas: int | None) -> DetectedClient:
    first = workloads[0].content
    client = DetectedClient(workloads, name, home)
    if not home:
        client.ask("namespace", f"{reference(first)} has no namespace: write the namespace that it runs in (--namespace)")
    for workload in workloads:
        workload.scaler = scaler_of(workload.content, objects)
        _set_replicas(client, workload, replicas)
    infer_owner(client)
    _set_containers(client)
    _set_previous(client, objects)
    _set_use(client, objects)
    return client


def _set_use(client: DetectedClient, objects: InputObjects) -> None:
    """Set what the client stores. Ask for it where the input shows nothing, or a cache while it lacks some variables."""
    names = [place.name for workload in client.workloads for place in workload.references]
    uses = uses_in([workload.content for workload in client.workloads], names, objects.of("ConfigMap"), client.namespace)
    client.use, client.queue = tuple(uses), uses.get("queue", "")
    unseen = ", ".join(dict.fromkeys(workload.unseen for workload in client.workloads if workload.unseen))
    if not uses:
        client.ask("use", f"nothing in the input shows what {client.name} stores in Redis: write use; a queue has to be drained first")
    elif unseen and client.use == ("cache",):
        client.ask("use", f"{client.name} stores a cache; {unseen} is not in the input: add sessions or queue to use if it stores them")


def _set_replicas(client: DetectedClient, workload: DetectedWorkload, replicas: int | None) -> None:
    running, name = replicas_of(workload.content), workload.reference
    if workload.content.get("kind") == "CronJob":
        return
    if replicas is not None and running not in (None, 0) and running != replicas:
        raise ConfigError(Problem(f"{name} has {running} replicas, not {replicas}", "remove --replicas"))
    if workload.scaler and (text := workload.scaler.question(replicas or running)):
        client.ask("replicas", text)
    elif not running:
        workload.replicas = replicas
        if replicas is None:
            why = "is scaled to 0" if running == 0 else "sets no replicas"
            client.ask("replicas", f"{name} {why}: write the normal number of replicas (--replicas)")


def _set_containers(client: DetectedClient) -> None:
    """Ask about the places that a person decides, and add the remarks of the containers."""
    for workload in client.workloads:
        switches = workload.containers
        if not workload.references and not any(switch.external for switch in switches):
            names, unseen = ", ".join(switch.name for switch in switches) or "none", workload.unseen
            unseen_note = f"; variables also come from {unseen}, which is not in the input" if unseen else ""
            unassigned = f"; without an address: {', '.join(workload.unassigned)}" if workload.unassigned else ""
            start = f"no variable of {workload.reference} refers to Redis (containers: {names}{unseen_note}{unassigned})"
            if workload.is_known:
                client.ask("containers", f"{start}: check that the image of {workload.proposed.name} reads the variables below")
            else:
                client.ask("containers", f"{start}: write the containers and the variables that they read")
            continue
        for switch in switches:
            for text in dict.fromkeys([*switch.questions, *_unknown(switch), *_several(switch, client), *_local(switch, workload.content)]):
                client.ask("containers", text)
            client.remark("workload", *switch.remarks)
            if switch.unassigned and switch.references:
                client.remark("workload", f"container {switch.name} also reads {', '.join(switch.unassigned)}: not switched")
        firsts = [(switch.name, switch.references[0]) for switch in switches if switch.references]
        if len({client.target(place.address.host if place.address else "") for _, place in firsts}) > 1 and not client.is_open(
            "containers"
        ):
            names = ", ".join(f"{name}: {place.name}" for name, place in firsts)
            text = f"the containers refer to different Redis servers, or to unknown ones ({names}): write the containers to migrate"
            client.ask("containers", text)


def _unknown(switch: ContainerSwitch) -> list[str]:
    """Return the questions on variables whose value the input does not contain."""
    questions = []
    for place in switch.references:
        if place.address is not None or place.origin.startswith("a value"):
            continue
        start = f"container {switch.name} reads Redis from {place.name}, which comes from {place.origin or 'elsewhere'}"
        if switch.env.get(place.name) == URL:
            questions.append(f"{start}: write its database, and check that its value is a URL (redis://...)")
        elif not any(value == "${port}" and named(name).prefix == place.prefix for name, value in switch.env.items() if value):
            questions.append(f"{start}: check whether it contains a host name (${{host}}) or host:port (${{address}})")
    return questions


def _several(switch: ContainerSwitch, client: DetectedClient) -> list[str]:
    targets = {client.target(place.address.host if place.address else f"?{place.prefix}") for place in switch.references}
    if len(targets) < 2:
        return []
    names = ", ".join(place.name for place in switch.references)
    return [f"container {switch.name} refers to several Redis servers ({names}): write the one to migrate"]


def _local(switch: ContainerSwitch, workload: Content) -> list[str]:
    """Return the question that a Redis in the same Pod raises."""
    if not any(place.address and is_loopback(place.address.host) for place in switch.references):
        return []
    beside = [container.name for container in containers_of(workload) if is_server({"spec": {"containers": [container.content]}})]
    if not beside:
        return []
    return [f"Redis is the container {beside[0]} of the same Pod: remove it by hand when the migration is complete, then use this section"]


def _set_previous(client: DetectedClient, objects: InputObjects) -> None:
    """Set the old Redis: host and port from the variables, its objects from the Service with that host name."""
    references: list[Reference] = [place for workload in client.workloads for place in workload.references]
    addresses = [place.address for place in references if place.address]
    hosts = list(dict.fromkeys(address.host for address in addresses))
    files = [host for workload in client.workloads for host in files_with_redis(workload.content, objects, hosts=True).values()]
    hosts = hosts or list(dict.fromkeys(files))
    if not references and not hosts:
        client.ask("previous", "the Redis in use is not in the input: write its host")
        return
    if len({client.target(host) for host in hosts}) > 1:
        client.ask("previous", f"the input contains several Redis servers: write the host to replace: {', '.join(filter(None, hosts))}")
        return
    if not hosts:
        place = references[0]
        source = place.origin or "a value that is not a host name"
        client.ask("previous", f"the host of the old Redis is not in the input ({place.name} comes from {source}): write it")
        return
    client.host = hosts[0]
    ports = [switch.port for workload in client.workloads for switch in workload.containers if switch.port]
    client.port = next(iter([*(address.port for address in addresses if address.port), *ports]), None)
    if client.port is None:
        client.remark("previous", "the port is not in the input: 6379 is the default")
    if client.namespace:
        contents = [workload.content for workload in client.workloads]
        old = old_redis(client.host, client.port or 6379, contents, client.namespace, objects)
        client.remove, client.gone = old.remove, old.gone
        client.remark("previous", *old.remarks)
