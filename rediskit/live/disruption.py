"""The disruptive checks: restart a replica and then the primary, while another instance answers reads."""

import time
import uuid
from collections.abc import Iterator
from typing import NamedTuple

from rediskit.errors import MissingToolError
from rediskit.live import kubectl
from rediskit.live.checks import Result, result
from rediskit.live.kubectl import REDIS_CLI, redis_cli
from rediskit.model.environment import Environment
from rediskit.model.nested import list_at, text_at
from rediskit.renderers.helm import release_of

_READY = 300
"""Seconds until a restarted pod must be ready again."""
_LINKED = 60
"""Seconds until the replica must be connected to the primary again."""
_SYNC = 2.0
"""Seconds until a write is on disk: Redis syncs the append-only file every second."""
_LIFETIME = 900
"""Seconds until the marker key expires: longer than both restarts may take."""
_VALUE = "survives"
_INFO = ("INFO", "replication")
_EXPECTED = "master, slave up"


class _Instance(NamedTuple):
    """A pod, and the port of its Redis."""

    pod: str
    port: int


def disrupt(environment: Environment, context: str) -> Iterator[Result]:
    """Yield the results. A key that all replicas have before both restarts is deleted at the end, or else expires."""
    release = release_of(environment)
    primary = _Instance(release.primary_pod, release.container_port)
    if not release.replica_pods:
        yield result("reads-without-replica", primary.pod, "kubectl", "skipped", "", "the config has no replicas")
        return
    pair = _Pair(environment, primary, _Instance(release.replica_pods[0], release.replicas_container_port), context)
    try:
        yield from _restarts(pair)
    finally:
        pair.ask(primary, "DEL", pair.key)


class _Pair:
    """The primary and the replica that are restarted, with the marker key."""

    def __init__(self, environment: Environment, primary: _Instance, replica: _Instance, context: str) -> None:
        self.namespace, self.replicas, self.context = environment.redis.namespace, environment.redis.replicas, context
        self.primary, self.replica = primary, replica
        self.key = f"rediskit:verify:{uuid.uuid4()}"

    def ask(self, instance: _Instance, *arguments: str, script: str = REDIS_CLI) -> str:
        """Return the output of redis-cli in a pod; "" without an answer."""
        try:
            command = ("-p", str(instance.port), *arguments)
            return redis_cli(self.namespace, instance.pod, command, self.context, script=script).strip()
        except MissingToolError:
            return ""

    def mark(self) -> str:
        """Write the marker key. Return why not every replica has it; "" when all have."""
        commands = f"SET {self.key} {_VALUE} EX {_LIFETIME}\nWAIT {self.replicas} 1000\n"
        answers = self.ask(self.primary, script=f"printf '{commands}' | (\n{REDIS_CLI})").split("\n")
        if answers[0] != "OK":
            return "the marker key can't be written"
        acknowledged = answers[-1] if answers[-1].isdecimal() else "0"
        return "" if int(acknowledged) >= self.replicas else f"{acknowledged} of {self.replicas} replicas acknowledged the marker key"

    def roles(self) -> str:
        """Return the roles of both, as soon as they are the expected ones or the time is over."""
        end = time.monotonic() + _LINKED
        while (roles := _roles(self.ask(self.primary, *_INFO), self.ask(self.replica, *_INFO))) != _EXPECTED and time.monotonic() < end:
            time.sleep(1)
        return roles


def _restarts(pair: _Pair) -> Iterator[Result]:
    primary, replica = pair.primary, pair.replica
    if reason := pair.mark():
        yield result("data-survives", primary.pod, "kubectl", "unknown", "", f"{reason}: nothing is restarted")
        return
    time.sleep(_SYNC)
    yield _restarted(pair, "reads-without-replica", replica, primary)
    if (roles := pair.roles()) != _EXPECTED:
        detail = f"the roles are {roles}, expected: {_EXPECTED}: the primary is not restarted"
        yield result("roles-return", primary.pod, "kubectl", "failed", roles, detail)
        return
    yield _restarted(pair, "reads-without-primary", primary, replica)
    instances = (primary, replica)
    consistent = [instance.pod for instance in instances if pair.ask(instance, "GET", pair.key) == _VALUE]
    names = [instance.pod for instance in instances]
    detail = "" if len(consistent) == 2 else f"the key is missing at {', '.join(name for name in names if name not in consistent)}"
    yield result("data-survives", ", ".join(names), "kubectl", "failed" if detail else "passed", "1 key", detail)
    roles = pair.roles()
    wrong = "" if roles == _EXPECTED else f"expected: {_EXPECTED}"
    yield result("roles-return", primary.pod, "kubectl", "failed" if wrong else "passed", roles, wrong)


def _restarted(pair: _Pair, name: str, restarted: _Instance, other: _Instance) -> Result:
    """Delete a pod, and return whether the other one answered all reads until it is ready again."""
    served = failed = 0
    before = _identity(pair.namespace, restarted.pod, pair.context)
    kubectl.delete("pod", restarted.pod, pair.namespace, pair.context)
    end = time.monotonic() + _READY
    while not (ready := _ready(pair.namespace, restarted.pod, before, pair.context)) and time.monotonic() < end:
        served, failed = (served + 1, failed) if pair.ask(other, "GET", pair.key) == _VALUE else (served, failed + 1)
    detail = f"{failed} reads failed at {other.pod}" if failed else "" if ready else f"{restarted.pod} is not ready after {_READY} s"
    return result(name, restarted.pod, "kubectl", "failed" if detail else "passed", f"{served} reads", detail)


def _roles(primary: str, replica: str) -> str:
    """Return the roles in two texts of INFO replication, and the state of the link to the primary."""
    first, second = (dict(line.strip().partition(":")[::2] for line in text.splitlines()) for text in (primary, replica))
    return f"{first.get('role', 'no answer')}, {second.get('role', 'no answer')} {second.get('master_link_status', '')}".strip()


def _identity(namespace: str, pod: str, context: str) -> str:
    return text_at(kubectl.get_object("pod", pod, namespace, context), "metadata", "uid")


def _ready(namespace: str, pod: str, before: str, context: str) -> bool:
    """Return whether another pod with this name is ready."""
    live = kubectl.get_object("pod", pod, namespace, context)
    conditions = {text_at(condition, "type"): text_at(condition, "status") for condition in list_at(live, "status", "conditions")}
    return text_at(live, "metadata", "uid") not in ("", before) and conditions.get("Ready") == "True"
