"""Checks from this machine, through the external Service: for the private network, and from outside of it."""

import os
import socket
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.live import kubectl
from rediskit.live.checks import Result, compared, result
from rediskit.live.jobs import run_job
from rediskit.live.objects import external_addresses
from rediskit.model.environment import Environment
from rediskit.plaintext import Plaintext
from rediskit.renderers.helm import release_of
from rediskit.renderers.verification.checks import CHECKS, Phase
from rediskit.renderers.verification.pod import expected_settings

VARIABLE = "REDISCLI_AUTH"
"""The environment variable with the password, as for redis-cli."""
_SECONDS = 3
_UNAUTHENTICATED = (
    ("PING",), ("GET", "rediskit:verify"), ("SET", "rediskit:verify", "1"), ("INFO",), ("HELLO", "3"),
    ("AUTH", "wrong-password"), ("HELLO", "3", "AUTH", "default", "wrong-password"),
)  # fmt: skip


def endpoint(environment: Environment) -> tuple[str, int]:
    """Return address and port of the external Service. Raise ConfigError for a config without a network."""
    if environment.network is None:
        hint = "verify it with --from cluster, or add network to the config"
        message = "Redis is reachable inside the cluster only"
        raise ConfigError(Problem(message, hint, ("network",), environment.locate(()), "network-missing"))
    return str(environment.network.address), release_of(environment).port


def refused_outside(environment: Environment, context: str) -> Result:
    """Verify that this machine, outside of `network.allow`, gets no connection.

    It passes only if Redis runs meanwhile: a pod reaches it, and the external Service has the address of the config.
    """
    host, port = endpoint(environment)
    target = f"{host}:{port}"
    if source := _allowed(environment, host):
        detail = f"this machine has the address {source}, which network.allow contains: run it outside"
        return result("refused-outside", target, "outside", "unknown", "", detail)
    start = time.monotonic()
    try:
        socket.create_connection((host, port), _SECONDS).close()
    except OSError as error:
        measured = f"{time.monotonic() - start:.1f}"
        # Every other error, such as an unreachable network, comes from this machine.
        refused = isinstance(error, TimeoutError | ConnectionRefusedError)
        unproven = _unproven(environment, host, context) if refused else "no packet reached Redis"
        detail = f"{error}: {unproven}" if unproven else str(error)
        return result("refused-outside", target, "outside", "unknown" if unproven else "passed", measured, detail)
    return result("refused-outside", target, "outside", "failed", f"{time.monotonic() - start:.1f}", "a connection opened")


def _unproven(environment: Environment, host: str, context: str) -> str:
    """Return why a refused connection can have another cause than the rules of the network; "" where Redis runs."""
    namespace = environment.redis.namespace
    try:
        if (addresses := external_addresses(environment, context)) != [host]:
            return f"the address of the external Service is {', '.join(addresses) or 'missing'}, not {host}"
        answers = [answer for answer in run_job(environment, "connectivity", namespace, context) if answer.id == "ping"]
    except MissingToolError as error:
        return f"{error.problems[0].message}, so nothing shows that Redis runs"
    silent = [answer.detail or answer.status for answer in answers if answer.status != "passed"]
    return f"a pod in namespace {namespace} does not reach Redis either: {silent[0]}" if silent else ""


def results_here(environment: Environment, phase: Phase, context: str) -> Iterator[Result]:
    """Yield the results of a phase as a client in the private network sees them.

    Raises ConfigError without a network in the config, MissingToolError without the package redis or the password.
    """
    host, port = endpoint(environment)
    if phase == "performance":
        detail = "it would measure the network of this machine: run it with --from cluster"
        yield from (result(name, f"{host}:{port}", "here", "skipped", "", detail) for name in CHECKS if CHECKS[name].phase == phase)
        return
    client = _client(host, port, _password(environment, context))
    try:
        yield from (_connectivity if phase == "connectivity" else _replication)(environment, client, host, port)
    finally:
        client.close()


def _allowed(environment: Environment, host: str) -> str:
    """Return the address of this machine towards the Service, if `network.allow` contains it; else ""."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))  # UDP: no packet is sent.
        except OSError:
            return ""
        source: str = probe.getsockname()[0]
    networks = environment.network.allow if environment.network else ()
    return source if any(ip_address(source) in ip_network(network) for network in networks) else ""


def _password(environment: Environment, context: str) -> Plaintext:
    if value := os.environ.get(VARIABLE):
        return Plaintext(value.encode())
    auth, namespace = environment.redis.auth, environment.redis.namespace
    hint = f"set ${VARIABLE}, or use a kubectl that can read the Secret {auth.secret} in namespace {namespace}"
    try:
        secret = kubectl.read_secret(namespace, auth.secret, auth.key, context)
    except MissingToolError as error:
        raise MissingToolError(Problem(f"the password is not available: {error.problems[0].message}", hint)) from None
    if secret is None or secret.value is None:
        raise MissingToolError(Problem(f"the Secret {auth.secret} in namespace {namespace} has no key {auth.key}", hint))
    return secret.value


def _client(host: str, port: int, password: Plaintext | None) -> Any:
    try:
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise MissingToolError(Problem("the Python package redis is not installed", "run pip install 'rediskit[verify]'")) from None
    value = password.reveal().decode() if password else None
    return Redis(
        host=host, port=port, password=value, protocol=2, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS,
        decode_responses=True, retry=Retry(NoBackoff(), 0),
    )  # fmt: skip


def _asked(name: str, target: str, question: Callable[[], tuple[bool, object, str]]) -> Result:
    """Return the result of a question to Redis: passed, measured value and detail. An error of Redis fails, no answer is unknown."""
    from redis.exceptions import AuthenticationError, RedisError, ResponseError

    try:
        passed, measured, detail = question()
    except (ResponseError, AuthenticationError) as error:
        return result(name, target, "here", "failed", "", str(error))
    except RedisError as error:
        return result(name, target, "here", "unknown", "", f"no answer: {error}")
    return result(name, target, "here", "passed" if passed else "failed", measured, "" if passed else detail)


def _connectivity(environment: Environment, client: Any, host: str, port: int) -> Iterator[Result]:
    target = f"{host}:{port}"
    outside = "" if _allowed(environment, host) else "; the address of this machine is not in network.allow"
    duration, error = _connect_time(host, port)
    detail = f"{error or 'the connection took longer'}{outside}"
    if duration is None:
        yield result("connect-time", target, "here", "failed", "", detail)
    else:
        yield compared("connect-time", target, "here", round(duration), float(CHECKS["connect-time"].limit), detail)
    yield _asked("ping", target, lambda: (client.ping() is True, "PONG", ""))
    yield _unauthenticated(host, port)
    key = f"rediskit:verify:{uuid.uuid4()}"
    yield _asked("read-write", target, lambda: _read_write(client, key))
    yield _asked("disabled-commands", target, lambda: _disabled(environment, client))
    yield _asked("settings", target, lambda: _settings(environment, client))


def _connect_time(host: str, port: int) -> tuple[float | None, str]:
    """Return the median of three connections in milliseconds, or the error."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        try:
            socket.create_connection((host, port), _SECONDS).close()
        except OSError as error:
            return None, str(error)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), ""


def _unauthenticated(host: str, port: int) -> Result:
    from redis import exceptions

    target, accepted = f"{host}:{port}", []
    for command in _UNAUTHENTICATED:
        stranger: Any = _client(host, port, None)
        try:
            stranger.execute_command(*command)
            accepted.append(command[0])
        except (exceptions.ResponseError, exceptions.AuthenticationError):
            continue
        except exceptions.InvalidResponse:
            accepted.append(command[0])  # HELLO 3 was accepted: it changes the protocol of the response.
        except exceptions.RedisError as error:
            return result("unauthenticated", target, "here", "unknown", "", f"no answer: {error}")
        finally:
            stranger.close()
    if accepted:
        return result("unauthenticated", target, "here", "failed", len(accepted), f"accepted without the password: {' '.join(accepted)}")
    return result("unauthenticated", target, "here", "passed", 0, f"{len(_UNAUTHENTICATED)} commands refused")


def _read_write(client: Any, key: str) -> tuple[bool, object, str]:
    answers = (client.set(key, "value", ex=60), client.get(key), client.delete(key))
    return answers == (True, "value", 1), "OK value 1" if answers == (True, "value", 1) else str(answers), "SET, GET and DEL of a key"


def _disabled(environment: Environment, client: Any) -> tuple[bool, object, str]:
    enabled = [name for name in environment.redis.disabled_commands if client.execute_command("COMMAND INFO", name) not in ({}, [None], [])]
    return not enabled, " ".join(enabled or environment.redis.disabled_commands), "Redis executes these commands"


def _settings(environment: Environment, client: Any) -> tuple[bool, object, str]:
    from redis.exceptions import ResponseError

    expected = expected_settings(environment)
    try:
        live: dict[str, Any] = client.config_get(*expected)
    except ResponseError:
        memory: dict[str, Any] = client.info("memory")
        persistence: dict[str, Any] = client.info("persistence")
        live = {
            "maxmemory": str(memory["maxmemory"]),
            "maxmemory-policy": memory["maxmemory_policy"],
            "appendonly": "yes" if persistence["aof_enabled"] else "no",
            "save": expected.get("save", ""),
        }
    different = {name: live.get(name, "") for name, value in expected.items() if live.get(name, "") != value}
    measured = different or expected
    text = " ".join(f"{name}={value}" for name, value in measured.items())
    return not different, text, "expected: " + ", ".join(f"{name}={value}" for name, value in expected.items())


def _replication(environment: Environment, client: Any, host: str, port: int) -> Iterator[Result]:
    """Yield what the primary reports about its replicas: this machine does not reach them."""
    target, replicas = f"{host}:{port}", environment.redis.replicas
    if not replicas:
        yield result("roles", target, "here", "skipped", "", "the config has no replicas")
        return
    info: dict[str, Any] = {}
    yield _asked("roles", target, lambda: (_read(client, info)["role"] == "master", info["role"], "the Service leads to a replica"))
    connected = [value for name, value in info.items() if name.startswith("slave") and isinstance(value, dict)]
    online = [replica for replica in connected if replica.get("state") == "online"]
    yield compared("replicas-online", target, "here", len(online) if info else None, replicas, "replicas are missing", least=True)
    lag = max((int(replica.get("lag", 0)) for replica in online), default=None)
    yield compared("replica-lag", target, "here", lag, float(CHECKS["replica-lag"].limit), "seconds since the last acknowledgement")
    offset = info.get("master_repl_offset", 0)
    behind = max((offset - int(replica.get("offset", 0)) for replica in online), default=None)
    yield compared("replica-offset", target, "here", behind, float(CHECKS["replica-offset"].limit), "bytes behind the primary")
    yield _asked("wait", target, lambda: _wait(client, replicas))


def _read(client: Any, info: dict[str, Any]) -> dict[str, Any]:
    info.update(client.info("replication"))
    return info


def _wait(client: Any, replicas: int) -> tuple[bool, object, str]:
    key = f"rediskit:verify:{uuid.uuid4()}"
    with client.client() as connection:
        connection.set(key, "value", ex=60)
        acknowledged = int(connection.wait(replicas, 1000))
        connection.delete(key)
    return acknowledged == replicas, acknowledged, f"{replicas} replicas are expected to acknowledge a write within 1 s"
