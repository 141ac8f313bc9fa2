"""Checks of the numbers of databases in the values of a client: `databases` declares which ones it uses."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rediskit.checks.finding import Issue, Subject
from rediskit.checks.variables import entries
from rediskit.errors import Path
from rediskit.model.client import DEFAULT_DATABASE, Client
from rediskit.model.nested import list_at, text_at
from rediskit.model.once import once
from rediskit.model.template import Template

_IN_ADDRESS = r"\b(?:redis|valkey|keydb|dragonfly)[\w+.-]*://[^\s/?#,;]*/(\d+)(?![\w.])|[?&;,](?:db|database|defaultDatabase)=(\d+)"
"""The number in an address of Redis: the path of a URL, or an option."""
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
