"""Checks of the numbers of databases in the values of a client: `databases` declares which ones it uses."""

import re
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rediskit.checks.finding import Issue, Severity, Subject
from rediskit.checks.variables import entries
from rediskit.errors import Path
from rediskit.model.client import DEFAULT_DATABASE, Client
from rediskit.model.local_redis import is_local
from rediskit.model.nested import list_at, text_at
from rediskit.model.once import once
from rediskit.model.template import Template
from rediskit.state_machine.effects import effects, uses_shared
from rediskit.usage.neighbours import parts_of

_IN_ADDRESS = r"\b(?:redis|valkey|keydb|dragonfly)[\w+.-]*://[^\s/?#,;]*/(\d+)(?![\w.])|[?&;,](?:db|database|defaultDatabase)=(\d+)"
"""The number in an address of Redis: the path of a URL, or an option."""
_URL = r"[a-z+]+://[^\s/?#]*(?:/(?P<number>\d+)?)?(?:[?#]\S*)?"
_OF_NUMBER = r"(?:.*[_.-])?(?:redis_?)?(?:db|database)(?:_?(?:number|index|num|id|no))?"
"""The name of a variable with a number, such as `REDIS_DB` or `CACHE_REDIS_DATABASE`."""
_OF_REDIS = r"redis|valkey"


class _Number(NamedTuple):
    """A number of a database that a value has, and the place of the value below the client."""

    number: int
    place: str
    path: Path


def undeclared(subject: Subject) -> Iterator[Issue]:
    """Refuse a number of a database in a value that `databases` does not declare: `database-clash` compares only declared numbers."""
    for index, client in enumerate(subject.environment.clients):
        declared = client.numbers
        for number, place, path in _literals(client):
            if number not in declared:
                known = f"databases declares {', '.join(map(str, sorted(declared)))}" if client.databases else "without databases it uses 0"
                message = f"{client.name} has database {number} in {place}, but {known}"
                hint = f"write ${{database}} in the value, with databases: {{default: {number}}}, or the number that the client has"
                yield Issue(message, hint, ("clients", index, *path))


def unused(subject: Subject) -> Iterator[Issue]:
    """Warn about a declared database in no value of the client: most applications then use database 0, which may have another client."""
    for index, client in enumerate(subject.environment.clients):
        if not client.databases or not client.workloads or _reads_elsewhere(client):
            continue
        numbers = {number for number, _, _ in _literals(client)} | set(_placeholders(client))
        for name, database in client.databases.items():
            if database.number and database.number not in numbers:
                placeholder = "${database}" if name == DEFAULT_DATABASE else f"${{database.{name}}}"
                hint = f"add {placeholder} to a value, or accept it where the application sets the number itself"
                message = f"no value of {client.name} has database {database.number}: an application without a number uses database 0"
                yield Issue(message, hint, ("clients", index, "databases", name))


def split_data(subject: Subject) -> Iterator[Issue]:
    """Warn when clients with one database of an old Redis get two databases. An error for a queue from `reconfigure` on."""
    last: dict[Hashable, Client] = {}
    for index, client in enumerate(subject.environment.clients):
        for number, others in sorted(_before(last, client).items()):
            for other in others:
                new, other_new = old_numbers(client)[number], old_numbers(other)[number]
                if not new.isdisjoint(other_new):
                    continue
                queue = "queue" in (*client.use, *other.use)
                severity: Severity = "error" if queue and (_switched(client) or _switched(other)) else "warning"
                host = other.previous.host if other.previous else ""
                what = f"{other.name} and {client.name} have database {number} of {host}, and get {listed(other_new)} and {listed(new)}"
                hint = "write {number: N, shared: true} with one number for each; accept it where they share no data"
                path: Path = ("clients", index, "databases" if client.databases else "name")
                message = f"{what}: they no longer share data, such as tasks"
                yield Issue(message, hint, path, severity, on=(client.name, other.name))


def split_times(subject: Subject) -> Iterator[Issue]:
    """Refuse a client on the shared Redis while another one with its queue, or its sessions, still runs on the old Redis."""
    moved: dict[Hashable, Client] = {}
    left: dict[Hashable, Client] = {}
    for index, client in enumerate(subject.environment.clients):
        for is_moved, own, opposite in ((True, moved, left), (False, left, moved)):
            if not (_switched(client) if is_moved else _runs_on_old(client)):
                continue
            for number, others in sorted(_before(opposite, client, keep=False).items()):
                for other in others:
                    yield from _apart(index, number, *((client, other) if is_moved else (other, client)))
            _before(own, client)


def _apart(index: int, number: int, moved: Client, left: Client) -> Iterator[Issue]:
    """Yield that two clients with one queue, or with sessions that they keep sharing, use two Redis."""
    if "queue" in (*moved.use, *left.use):
        loss = "tasks of one do not reach the other"
    elif "sessions" in moved.use and "sessions" in left.use and old_numbers(moved)[number] & old_numbers(left)[number]:
        loss = "a session of one does not exist in the other, and a logout in one ends no session in the other"
    else:
        return
    step = left.migration.step if left.migration else ""
    severity: Severity = "warning" if step == "rolled-back" or _is_final(moved) else "error"
    message = f"{moved.name} uses the shared Redis, and {left.name} is at {step} with database {number} of the same old Redis: {loss}"
    hint = f"take scale-down of {left.name} before reconfigure of {moved.name}; accept it where they share no data"
    yield Issue(message, hint, ("clients", index, "migration", "step"), severity, on=(moved.name, left.name))


def _before(last: dict[Hashable, Client], client: Client, *, keep: bool = True) -> dict[int, list[Client]]:
    """Return the last clients with each database of the old Redis of a client, by its number, and keep the client as the last one.

    A comparison with all clients of one Redis would take the square of their number.
    """
    earlier: dict[int, list[Client]] = {}
    for part in parts_of(client) if _migrates(client) else ():
        for number in old_numbers(client):
            other = last.get((part, number))
            if other is not None and other is not client and other not in earlier.setdefault(number, []):
                earlier[number].append(other)
            if keep:
                last[part, number] = client
    return earlier


def _migrates(client: Client) -> bool:
    return client.migration is not None and client.previous is not None and not is_local(client)


def _switched(client: Client) -> bool:
    return client.migration is not None and uses_shared(client.migration)


def _runs_on_old(client: Client) -> bool:
    return client.migration is not None and not _switched(client) and not effects(client.migration).stopped


def _is_final(client: Client) -> bool:
    return client.migration is not None and client.migration.step in ("decommission", "complete")


def listed(numbers: Collection[int]) -> str:
    """Return numbers as text, in their order."""
    return ", ".join(map(str, sorted(numbers)))


@once
def old_numbers(client: Client) -> Mapping[int, frozenset[int]]:
    """Return each database of the old Redis in the manifests with those that the new values have; 0 where an address has no number."""
    numbers: dict[int, set[int]] = {}
    for old, template, _ in (value for values in _switched_values(client) for value in values):
        numbers.setdefault(old, set()).add(_new_number(client, template))
    known = all(workload.manifest is not None for workload in client.workloads)
    if not numbers and client.workloads and known and not _reads_elsewhere(client):
        numbers[0] = {client.database()}
    return {number: frozenset(new) for number, new in numbers.items()}


def moves(client: Client) -> Iterator[tuple[int, int]]:
    """Yield each old and new number that the values of a client set. An address without a number is 0 unless a variable has the number."""
    for values in _switched_values(client):
        has_variable = any(text.isdecimal() for _, _, text in values)
        for old, template, text in values:
            url = re.fullmatch(_URL, text)
            if not has_variable or url is None or url["number"]:
                yield old, _new_number(client, template)


@once
def _switched_values(client: Client) -> tuple[Sequence[tuple[int, Template, str]], ...]:
    """Return the switched values with a number in the manifest: for each container, the old number, the new value and the old one."""
    containers = []
    for workload in client.workloads:
        for kind, name, container in workload.switched:
            texts = {text_at(entry, "name"): _text(entry) for entry in entries(workload.content_of(kind, name))}
            values = [(template, texts.get(variable, "")) for variable, template in container.variables.items() if template is not None]
            containers.append([(old, template, text) for template, text in values if (old := _old_number(template, text)) is not None])
    return tuple(containers)


def _old_number(template: Template, text: str) -> int | None:
    """Return the number in the old value of a switched variable; None where it has none."""
    if template.names_redis and (match := re.fullmatch(_URL, text)):
        return int(match["number"] or 0)
    has_number = any(part.name == "database" for part in template.placeholders)
    return int(text) if has_number and text.isdecimal() else None


def _new_number(client: Client, template: Template) -> int:
    named = [client.database(part.database) for part in template.placeholders if part.name == "database"]
    match = re.search(_IN_ADDRESS, template.text)
    return named[0] if named else int(match[1] or match[2]) if match else 0


def _reads_elsewhere(client: Client) -> bool:
    """Return whether a config file or `envFrom` can set the number."""
    containers = ((workload, *entry) for workload in client.workloads for entry in workload.redis_containers)
    return any(
        container.external is not None or bool(list_at(workload.content_of(kind, name), "envFrom"))
        for workload, kind, name, container in containers
    )


def _placeholders(client: Client) -> Iterator[int]:
    """Yield the number of each placeholder."""
    templates = [*client.templates, *_of_owner(client)]
    for _, template in templates:
        yield from (client.database(part.database) for part in template.placeholders if part.name == "database")


def _of_owner(client: Client) -> Iterator[tuple[Path, Template]]:
    """Yield the templates of the values of a chart and of the variables of a module."""
    for key, values in (("values", client.owner.values), ("variables", client.owner.variables)):
        if values is not None:
            yield from ((("owner", key, *path), template) for path, template in values.templates())


@once
def _literals(client: Client) -> tuple[_Number, ...]:
    """Return each literal number in the values of the client, and in variables of its manifests that the switch leaves."""
    numbers = [number for path, template in (*client.templates, *_of_owner(client)) for number in _in_template(path, template)]
    return (*numbers, *_in_manifests(client))


def _in_template(path: Path, template: Template) -> Iterator[_Number]:
    text, name = template.text, str(path[-1])
    if text.isdecimal():
        if re.fullmatch(_OF_NUMBER, name, re.IGNORECASE):
            yield _Number(int(text), name, path)
    elif template.names_redis and ("/" in text or "=" in text):
        for match in re.finditer(_IN_ADDRESS, text):
            yield _Number(int(match[1] or match[2]), name if name != "to" else text, path)


def _in_manifests(client: Client) -> Iterator[_Number]:
    for position, workload in enumerate(client.workloads):
        for kind, name, container in workload.switched:
            for entry in entries(workload.content_of(kind, name)):
                variable, value = text_at(entry, "name"), _text(entry)
                if not value.isdecimal() or variable in container.variables:
                    continue
                if re.fullmatch(_OF_NUMBER, variable, re.IGNORECASE) and re.search(_OF_REDIS, variable, re.IGNORECASE):
                    place = f"{variable} of its manifest"
                    yield _Number(int(value), place, ("workloads", position, "manifest"))


def _text(entry: Mapping[str, object]) -> str:
    value = entry.get("value")
    return str(value) if isinstance(value, (str, int)) else ""
