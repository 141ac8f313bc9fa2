"""Evidence that each container of a client is connected to the shared Redis, with the password and on its database.

CLIENT LIST shows the address of a pod, which its containers share. Containers with different databases are told apart by these.
A connection counts only if it stays for the whole observation: a client without the right password reconnects.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple

from rediskit.live import kubectl
from rediskit.live.checks import Result, compared, result
from rediskit.live.kubectl import redis_cli
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.nested import at, list_at, text_at
from rediskit.model.template import Template
from rediskit.model.workload import Workload
from rediskit.renderers.helm import release_of
from rediskit.renderers.verification.checks import Status
from rediskit.state_machine.effects import runs_on_shared

OBSERVATION = 5.0
"""Seconds between the two readings of CLIENT LIST."""
_REFUSED = re.compile(r"^errorstat_(NOAUTH|WRONGPASS):count=(\d+)", re.MULTILINE)
_BEFORE_AUTHENTICATION = frozenset({"NULL", "auth", "hello"})
"""Last commands of a connection that has executed nothing else."""
_ADDRESS = re.compile(r"addr=(\[?[0-9a-fA-F.:]+\]?):\d+ ")


class Observation(NamedTuple):
    """What Redis reports about its clients.

    Attributes:
        connections: The number of authenticated connections that stayed, by address and database.
        refusals: The number of commands and logins that Redis refused meanwhile.
        logins: The number of refused logins in the last minute, by address.
        certain: Whether the connections show that they executed a command after the login (`tot-cmds`, Redis 8).
    """

    connections: Counter[tuple[str, int]]
    refusals: int | None
    logins: Counter[str]
    certain: bool


def client_results(environment: Environment, clients: tuple[Client, ...], context: str) -> Iterator[Result]:
    """Yield a result per container of the clients that use the shared Redis. Raise MissingToolError when kubectl fails."""
    using = []
    for client in clients:
        if not client.workloads or not runs_on_shared(client):
            yield result("client-connection", client.name, "kubectl", "skipped", "", _reason(client))
        else:
            using.append(client)
    if not using:
        return
    observation = observe(environment, context)
    yield compared(
        "client-refusals", release_of(environment).primary_service, "kubectl", observation.refusals, 0,
        f"NOAUTH or WRONGPASS within {OBSERVATION:g} s: a client has no or a wrong password",
    )  # fmt: skip
    for client in using:
        for workload in client.workloads:
            yield from _workload(client, workload, observation, context)


def observe(environment: Environment, context: str) -> Observation:
    """Read CLIENT LIST twice. A connection that is in only one of them, or has executed only logins, does not count."""

    def ask(*arguments: str) -> str:
        release = release_of(environment)
        command = ("-p", str(release.container_port), *arguments)
        return redis_cli(release.namespace, f"service/{release.primary_service}", command, context)

    before, errors = connections_in(ask("CLIENT", "LIST")), ask("INFO", "errorstats")
    time.sleep(OBSERVATION)
    after, later = connections_in(ask("CLIENT", "LIST")), ask("INFO", "errorstats")
    stayed: Counter[tuple[str, int]] = Counter()
    for number, connection in after.items():
        idle = connection.get("tot-cmds") == "0" or connection.get("cmd") in _BEFORE_AUTHENTICATION
        if number in before and not idle:
            stayed[_address(connection["addr"].rpartition(":")[0]), int(connection["db"])] += 1
    disabled = "ACL" in environment.redis.disabled_commands
    log = "" if disabled else ask("ACL", "LOG", "128")
    has_statistics = "# Errorstats" in errors and "# Errorstats" in later
    certain = all("tot-cmds" in connection for connection in after.values())
    return Observation(stayed, _refusals(later) - _refusals(errors) if has_statistics else None, recent_logins(log), certain)


def connections_in(text: str) -> dict[str, Mapping[str, str]]:
    """Return the connections of clients in the text of CLIENT LIST by id, without those of replicas."""
    lines = [dict(field.partition("=")[::2] for field in line.split()) for line in text.splitlines() if "addr=" in line]
    return {line["id"]: line for line in lines if not {"S", "M"} & set(line.get("flags", ""))}


def recent_logins(text: str) -> Counter[str]:
    """Return the number of refused logins of the last minute by address, from the text of ACL LOG."""
    logins: Counter[str] = Counter()
    for entry in re.split(r"^(?=\s*count$)", text, flags=re.MULTILINE):
        words = [line.strip() for line in entry.splitlines()]
        fields = dict(zip(words[::2], words[1::2], strict=False))
        address = _ADDRESS.search(fields.get("client-info", ""))
        if address and fields.get("reason") == "auth" and float(fields.get("age-seconds") or 60) < 60:
            logins[_address(address[1])] += int(fields.get("count") or 1)
    return logins


def _address(text: str) -> str:
    """Return an IP address in one form: Redis writes an IPv6 address in brackets (anet.c, anetFormatAddr)."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return text  # Of a Unix socket.


def _refusals(text: str) -> int:
    return sum(int(count) for _, count in _REFUSED.findall(text))


def _reason(client: Client) -> str:
    if not client.workloads:
        return "the config has no workloads of this client"
    step = client.migration.step if client.migration else ""
    return f"it does not use the shared Redis at the step {step}"


def _workload(client: Client, workload: Workload, observation: Observation, context: str) -> Iterator[Result]:
    """Yield a result for each running container of a workload that has the variables."""
    selector = workload.selector
    target = f"{workload.reference} in {client.namespace}"
    if not selector:
        yield result("client-connection", target, "kubectl", "unknown", "", "the config has no manifest with the labels of its pods")
        return
    pods = [pod for pod in kubectl.list_objects("pods", client.namespace, selector, context) if _runs(pod)]
    if not pods:
        idle = workload.kind == "CronJob" or workload.is_idle
        detail = "it does not run now" if idle else f"no pod with {selector}"
        yield result("client-connection", target, "kubectl", "skipped" if idle else "failed", "", detail)
        return
    databases = {
        name: _databases(client, (*container.variables.values(), *container.texts))
        for kind, name, container in workload.switched
        if kind == "containers"
    }
    for pod in pods:
        yield from _pod(pod, databases, observation)


def _runs(pod: Any) -> bool:
    """Return whether a pod has an address and is not ended."""
    ended = text_at(pod, "status", "phase") in ("Succeeded", "Failed") or at(pod, "metadata", "deletionTimestamp")
    return bool(text_at(pod, "status", "podIP")) and not ended


def _databases(client: Client, templates: tuple[Template | None, ...]) -> frozenset[int]:
    """Return the databases in the values of a container; that of the client if no value contains one."""
    named = [placeholder for template in templates if template for placeholder in template.placeholders if placeholder.name == "database"]
    return frozenset(client.database(placeholder.database) for placeholder in named) or frozenset({client.database()})


def _addresses(pod: Any) -> list[str]:
    """Return the addresses of a pod: with dual-stack networking, one per IP family."""
    texts = (text_at(pod, "status", "podIP"), *(text_at(entry, "ip") for entry in list_at(pod, "status", "podIPs")))
    return list(dict.fromkeys(_address(text) for text in texts if text))


def _pod(pod: Any, databases: Mapping[str, frozenset[int]], observation: Observation) -> Iterator[Result]:
    name, addresses = text_at(pod, "metadata", "name"), _addresses(pod)
    shown = " or ".join(addresses)
    running = {text_at(state, "name") for state in list_at(pod, "status", "containerStatuses") if at(state, "state", "running")}
    counts: Counter[int] = Counter()
    for (source, number), count in observation.connections.items():
        counts[number] += count if source in addresses else 0
    logins = sum(observation.logins[address] for address in addresses)
    measured = ", ".join(f"database {number}: {count}" for number, count in sorted(counts.items()) if count) or "no connection"
    for container, expected in databases.items():
        target = f"{name}/{container}"
        sharing = [other for other, numbers in databases.items() if numbers & expected]
        available = sum(counts[number] for number in expected)
        text = "database " + " or ".join(map(str, sorted(expected)))
        status: Status = "failed"
        detail = ""
        if container not in running:
            detail = "the container does not run"
        elif logins:
            detail = f"{logins} logins of {shown} refused in the last minute: wrong password"
        elif not available:
            detail = f"no authenticated connection of {shown} on {text} during {OBSERVATION:g} s"
        elif observation.refusals and not observation.certain:
            cause = "perhaps those of this connection: verify the log of the container"
            status, detail = "unknown", f"Redis refused {observation.refusals} commands meanwhile, {cause}"
        elif len(sharing) > 1:
            status, detail = "unknown", f"{', '.join(sharing)} share the address {shown} and {text}: verify each in its log"
        else:
            status = "passed"
        yield result("client-connection", target, "kubectl", status, measured, detail, limit=text)
