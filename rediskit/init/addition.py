"""Add applications to an existing config. The new text is loaded, rendered and checked before a file is written."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError, visible
from rediskit.files import read_file
from rediskit.init.clients import clients_of
from rediskit.init.comparison import compare
from rediskit.init.config_text import Manifests, client_lines
from rediskit.init.detected import DetectedClient
from rediskit.init.names import manifest_names
from rediskit.init.objects import read_objects
from rediskit.init.project import notes_of
from rediskit.init.reduced_manifests import reduced_manifests, refuse_leaks, text_of
from rediskit.init.validation import errors_of, invalid
from rediskit.model.environment import Environment
from rediskit.model.redis import Redis
from rediskit.output.input_files import already_exists, read_inputs
from rediskit.source.loader import load
from rediskit.source.questions import questions
from rediskit.usage.address import of_client, parse
from rediskit.yamlio.edits import Append, AppendBlock, Edit, Put
from rediskit.yamlio.splice import splice

EVICTED = "queue-evicted"
"""The code of the refusal of a queue with a policy that evicts it."""
_UNSEALED = "ciphertext-missing"
"""The finding that remains until the password is encrypted for the namespace of a new client."""


# A dataclass because the source may contain secrets, and `repr=False` keeps it out of tracebacks.
@dataclass(frozen=True, slots=True)
class Request:
    """The command line of `rediskit init --add`, as `Options`. `source` are the live objects, and their name in messages.

    `policy` is the value of `redis.memory.policy` where a queue needs another one; None if it must not change.
    """

    config: str
    source: tuple[bytes, str] = field(repr=False)
    client: str | None = None
    namespace: str | None = None
    replicas: int | None = None
    policy: str | None = None


class Addition(NamedTuple):
    """New clients of a config.

    Attributes:
        files: Path in the folder to new content, the config last.
        old: The content of those that exist.
        kept: Files that exist with the same content.
        policy: The new eviction policy; "" if it does not change.
        unsealed: Whether the password must be encrypted for a new namespace.
        open: The open questions, each with file and line of its comment.
    """

    name: str
    folder: str
    files: dict[str, bytes]
    old: dict[str, bytes]
    kept: tuple[str, ...]
    clients: tuple[DetectedClient, ...]
    policy: str
    unsealed: bool
    open: tuple[str, ...]
    notes: tuple[str, ...]


class _Target(NamedTuple):
    """The config. name: of the environment; file: in messages; real: its real path; before: its content."""

    name: str
    file: str
    real: Path
    before: bytes


def addition(request: Request) -> Addition:
    """Return the files that `rediskit init --add` writes, after they have been loaded, rendered and checked.

    Raises RefusedError when the policy must change ([queue-evicted]), a workload is a client already, or a file would contain a password.
    """
    if problems := invalid({"--namespace": request.namespace, "--client": request.client}, request.replicas):
        raise ConfigError(problems)
    environment, objects = load(request.config), read_objects(*request.source)
    detected = clients_of(objects, namespace=request.namespace, replicas=request.replicas, environment=environment)
    clients = _named(detected.clients, request.client)
    _refuse_clashes(environment, clients)
    for client in clients:
        _keep_shared_redis(environment, client)
    policy = _policy(environment, clients, request.policy)
    compare(clients, objects, _redis(environment, policy))
    target = _Target(
        environment.name, request.config, Path(os.path.realpath(request.config)), read_file(Path(request.config), request.config)
    )
    reduced = reduced_manifests(clients, objects)
    texts = _manifests(target, clients, {key: text_of(manifest) for key, manifest in reduced.items()})
    paths = {key: path for key, (path, _) in texts.items()}
    files = {path: text.encode() for path, text in texts.values()} | _edited(target, clients, paths, policy)
    refuse_leaks(list(reduced.values()), _new_text(target, files), objects)
    unsealed = _prove(target, files)
    old = read_inputs(str(target.real.parent), files)
    changed = {path: content for path, content in files.items() if old.get(path) != content}
    shown = str(Path(request.config).parent)
    return Addition(
        environment.name,
        str(target.real.parent),
        changed,
        {path: content for path, content in old.items() if path in changed},
        tuple(path for path in files if path not in changed),
        clients,
        policy,
        unsealed,
        tuple(_open(target, changed, shown)),
        tuple(map(visible, [*_policy_note(policy), *notes_of(clients, paths.values(), shown), *detected.notes])),
    )


def _named(clients: tuple[DetectedClient, ...], name: str | None) -> tuple[DetectedClient, ...]:
    """Return the clients with the name of the command line. Raises ConfigError where a namespace is open or there are several clients."""
    for client in clients:
        for question in client.questions.get("namespace", ()):
            raise ConfigError(Problem(question, "add --namespace NAME, or the namespace in the input"))
    if name and len(clients) > 1:
        listed = ", ".join(client.name for client in clients)
        raise ConfigError(Problem(f"--client names one application, and the input contains {listed}", "pass one application at a time"))
    for client in clients:
        client.name = name or client.name
    return clients


def _refuse_clashes(environment: Environment, clients: Sequence[DetectedClient]) -> None:
    """Raise RefusedError for a workload that is a client already, and for a name that another client has."""
    problems = []
    workloads = {(client.namespace, workload.reference): client.name for client in environment.clients for workload in client.workloads}
    names = {client.name: f"of namespace {client.namespace}" for client in environment.clients}
    for client in clients:
        duplicates = [workload.reference for workload in client.workloads if (client.namespace, workload.reference) in workloads]
        for reference in duplicates:
            message = f"{reference} in namespace {client.namespace} is a workload of client {workloads[client.namespace, reference]}"
            problems.append(Problem(message, "remove it from the input; change that client in the config by hand", code="client-exists"))
        if client.name in names and not duplicates:
            message = f"{client.workloads[0].reference} would be client {client.name}, and the config has a client {client.name}"
            problems.append(Problem(f"{message} {names[client.name]}", "set another name with --client NAME", code="client-exists"))
        names.setdefault(client.name, "of the same input")
    if problems:
        raise RefusedError(problems)


def _keep_shared_redis(environment: Environment, client: DetectedClient) -> None:
    """Remove nothing of an old Redis that an existing client uses, too."""
    if not client.host:
        return
    address = parse(client.host, client.namespace, client.port or 6379)
    others = [other.name for other in environment.clients if (other_address := of_client(other)) and other_address.same(address)]
    if not others:
        return
    text = f"the old Redis is also that of {', '.join(others)}"
    if client.remove:
        text += f": write remove: [{', '.join(client.remove)}] for the last client that moves"
    client.remark("previous", text)
    names = ", ".join(others)
    client.ask("databases", f"the old Redis is also that of {names}: if they share data, write the same number and shared: true for each")
    client.remove = ()


def _policy(environment: Environment, clients: Sequence[DetectedClient], new_policy: str | None) -> str:
    """Return the new eviction policy; "" if it stays. Raises RefusedError [queue-evicted] where it must change, and none is set."""
    policy = environment.redis.memory.policy
    queues = [client for client in clients if client.queue]
    if not queues or not policy.startswith("allkeys-"):
        return ""
    if new_policy:
        return new_policy
    reasons = "; ".join(f"{client.name} has a queue ({client.queue})" for client in queues)
    hint = (
        "add --set-policy volatile-lru (each cache key of every client then needs an expiry) or --set-policy noeviction, "
        "or give the queue a Redis of its own: rediskit init --name NAME"
    )
    raise RefusedError(Problem(f"{reasons}, and redis.memory.policy {policy} evicts its tasks", hint, code=EVICTED))


def _redis(environment: Environment, policy: str) -> Redis:
    """Return the settings of the shared Redis with the new eviction policy."""
    memory = environment.redis.memory
    return environment.redis.model_copy(update={"memory": memory.model_copy(update={"policy": policy or memory.policy})})


def _policy_note(policy: str) -> Iterator[str]:
    if policy.startswith("volatile-"):
        yield f"redis.memory.policy: {policy} evicts only keys with an expiry: set one on each cache key of every client"
    elif policy:
        yield f"redis.memory.policy: {policy} rejects writes when the memory is full, also those of caches"


def _manifests(
    target: _Target, clients: Sequence[DetectedClient], texts: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Return path and text of each manifest. A file with other content is kept: the new one then has the name of the client, too."""
    folder, stems = str(target.real.parent), manifest_names(clients)
    choices = {key: (f"{target.name}/{stems[key]}.yaml", f"{target.name}/{key[0]}-{stems[key]}.yaml") for key in texts}
    existing = read_inputs(folder, [path for pair in choices.values() for path in pair])
    result = {}
    for key, pair in choices.items():
        path = next((path for path in pair if existing.get(path, texts[key].encode()) == texts[key].encode()), None)
        if path is None:
            raise RefusedError(already_exists(folder, pair[1]))
        result[key] = path, texts[key]
    return result


def _edited(target: _Target, clients: Sequence[DetectedClient], manifests: Manifests, policy: str) -> dict[str, bytes]:
    """Return the new text of the config, after a file for each client where its list has no place for comments."""
    edits: list[Edit] = [Put(("redis", "memory", "policy"), policy)] if policy else []
    blocks = [AppendBlock(("clients",), _block(client, manifests)) for client in clients]
    try:
        return {target.real.name: splice(target.before, target.file, [*blocks, *edits])}
    except RefusedError:
        files = _own_files(target, clients, manifests)
        references = [Append(("clients",), {"file": path}) for path in files]
        return {**files, target.real.name: splice(target.before, target.file, [*references, *edits])}


def _own_files(target: _Target, clients: Sequence[DetectedClient], manifests: Manifests) -> dict[str, bytes]:
    """Return a file for each client."""
    beside = {key: path.removeprefix(f"{target.name}/") for key, path in manifests.items()}
    files: dict[str, bytes] = {}
    for client in clients:
        path = f"{target.name}/client-{client.name}.yaml"
        files[path] = "".join(f"{line[2:]}\n" for line in _block(client, beside).splitlines()).encode()
        if read_inputs(str(target.real.parent), [path]).get(path, files[path]) != files[path]:
            raise RefusedError(already_exists(str(target.real.parent), path))
    return files


def _block(client: DetectedClient, manifests: Manifests) -> str:
    return "".join(f"{line}\n" for line in client_lines(client, manifests))


def _new_text(target: _Target, files: Mapping[str, bytes]) -> str:
    """Return the lines of the new files that the config does not have."""
    old = set(target.before.decode().splitlines())
    return "\n".join(line for content in files.values() for line in content.decode().splitlines() if line not in old)


def _prove(target: _Target, files: Mapping[str, bytes]) -> bool:
    """Load, render and check the new config, and return whether the password must be encrypted for a new namespace.

    Raises RefusedError with every error that the config does not have without the new clients.
    """
    before = [(problem.code, problem.message) for problem in errors_of(Path(target.file))]
    after = errors_of(Path(target.file), {str(target.real.parent / path): content for path, content in files.items()})
    problems = [problem for problem in after if (problem.code, problem.message) not in before]
    if errors := [problem for problem in problems if problem.code != _UNSEALED]:
        raise RefusedError([Problem("the config does not render with the new client; nothing was written", "fix the input:"), *errors])
    return bool(problems)


def _open(target: _Target, files: Mapping[str, bytes], folder: str) -> Iterator[str]:
    """Yield the questions that are new, with file and line."""
    questions_before = {question.text for question in questions(target.before.decode("utf-8-sig"), target.file)}
    for path, content in files.items():
        shown = os.path.normpath(f"{folder}/{path}")
        for question in questions(content.decode("utf-8-sig"), shown):
            if question.text not in questions_before:
                yield f"{shown}:{question.location.line}: {question.text}"
