"""The disruptive checks: restart a replica and then the primary, while another instance answers reads."""

import time
import uuid
from collections.abc import Iterator
from typing import NamedTuple

from rediskit.errors import MissingToolError
from rediskit.live import kubectl
from rediskit.live.checks import Result, result
from rediskit.live.kubectl import redis_cli
from rediskit.model.environment import Environment
from rediskit.model.nested import list_at, text_at
from rediskit.renderers.helm import release_of

_READY = 300
"""Seconds until a restarted pod must be ready again."""
_LINKED = 60
"""Seconds until the replica must be connected to the primary again."""
_SYNC = 2.0
"""Seconds until a write is on disk: Redis syncs the append-only file every second."""


_INFO = ("INFO", "replication")
_EXPECTED = "master, slave up"


class _Instance(NamedTuple):
    """A pod, and the port of its Redis."""

    pod: str
    port: int


def disrupt(environment: Environment, context: str) -> Iterator[Result]:
    """Yield the results. A key that is written before both restarts is deleted at the end."""
    release = release_of(environment)
    primary = _Instance(release.primary_pod, release.container_port)
    if not release.replica_pods:
        yield result("reads-without-replica", primary.pod, "kubectl", "skipped", "", "the config has no replicas")
        return
    replica = _Instance(release.replica_pods[0], release.replicas_container_port)
    key, value = f"rediskit:verify:{uuid.uuid4()}", "survives"

    def ask(instance: _Instance, *arguments: str) -> str:
        try:
            return redis_cli(release.namespace, instance.pod, ("-p", str(instance.port), *arguments), context).strip()
        except MissingToolError:
            return ""

    if ask(primary, "SET", key, value) != "OK" or ask(primary, "WAIT", str(environment.redis.replicas), "1000") == "":
        yield result("data-survives", primary.pod, "kubectl", "unknown", "", "the marker key can't be written: nothing is restarted")
        return
    time.sleep(_SYNC)
    for name, restarted, other in (("reads-without-replica", replica, primary), ("reads-without-primary", primary, replica)):
        served = failed = 0
        before = _identity(release.namespace, restarted.pod, context)
        kubectl.delete("pod", restarted.pod, release.namespace, context)
        end = time.monotonic() + _READY
        while not (ready := _ready(release.namespace, restarted.pod, before, context)) and time.monotonic() < end:
            served, failed = (served + 1, failed) if ask(other, "GET", key) == value else (served, failed + 1)
        detail = f"{failed} reads failed at {other.pod}" if failed else "" if ready else f"{restarted.pod} is not ready after {_READY} s"
        yield result(name, restarted.pod, "kubectl", "failed" if detail else "passed", f"{served} reads", detail)
    instances = (primary, replica)
    consistent = [instance.pod for instance in instances if ask(instance, "GET", key) == value]
    names = [instance.pod for instance in instances]
    detail = "" if len(consistent) == 2 else f"the key is missing at {', '.join(name for name in names if name not in consistent)}"
    yield result("data-survives", ", ".join(names), "kubectl", "failed" if detail else "passed", "1 key", detail)
    end = time.monotonic() + _LINKED
    while (roles := _roles(ask(primary, *_INFO), ask(replica, *_INFO))) != _EXPECTED and time.monotonic() < end:
        time.sleep(1)
    wrong = "" if roles == _EXPECTED else f"expected: {_EXPECTED}"
    yield result("roles-return", primary.pod, "kubectl", "failed" if wrong else "passed", roles, wrong)
    ask(primary, "DEL", key)


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
