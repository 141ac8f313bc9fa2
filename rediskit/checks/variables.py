"""The environment variables of a workload: duplicates, old addresses, references that Kubernetes does not expand."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.model.nested import list_at, text_at
from rediskit.model.once import once
from rediskit.model.podspec import containers_of
from rediskit.model.template import Template, references_in
from rediskit.model.workload import Workload
from rediskit.renderers.tree import Object


class Variable(NamedTuple):
    """A switched variable of the config.

    Attributes:
        listed: The list of its container, `containers` or `initContainers`.
        template: Its new value; None where the switch removes it.
    """

    listed: str
    container: str
    name: str
    template: Template | None
    content: Any

    @property
    def path(self) -> tuple[str, ...]:
        """Its place below the workload in the config."""
        return (self.listed, self.container, "env", self.name)

    @property
    def old(self) -> Any:
        """Its value in the manifest; None where the manifest does not set one."""
        return next((entry.get("value") for entry in entries(self.content) if entry.get("name") == self.name), None)


def entries(container: Any) -> list[Any]:
    """Return the entries of `env` of a container."""
    return [entry for entry in list_at(container, "env") if isinstance(entry, dict)]


@once
def switched(workload: Workload) -> tuple[Variable, ...]:
    """Return the variables of a workload with a manifest that the config switches."""
    contents = ((listed, name, container, workload.content_of(listed, name)) for listed, name, container in workload.switched)
    return tuple(
        Variable(listed, name, variable, template, content)
        for listed, name, container, content in contents
        if content is not None
        for variable, template in container.variables.items()
    )


def repeated(workload: Workload) -> Iterator[Variable]:
    """Yield each switched variable that its container in the manifest has more than once."""
    for variable in switched(workload):
        if [entry.get("name") for entry in entries(variable.content)].count(variable.name) > 1:
            yield variable


def absent(workload: Workload) -> Iterator[tuple[Variable, list[str]]]:
    """Yield each variable with the host or the port that its container does not have, and the names of the variables that it has.

    A variable that `envFrom` can set is passed over: the object does not show which variables a ConfigMap or a Secret has.
    """
    for variable in switched(workload):
        names = [str(entry.get("name")) for entry in entries(variable.content)]
        template = variable.template
        prefixes = [text_at(source, "prefix") for source in list_at(variable.content, "envFrom")]
        if any(map(variable.name.startswith, prefixes)) or template is None or variable.name in names:
            continue
        names += [f"{prefix}{variable.name}" for prefix in prefixes]
        if template.names_redis or any(part.name == "port" for part in template.placeholders):
            yield variable, [name for name in names if name not in {other.name for other in switched(workload)}]


def composed(workload: Workload) -> Iterator[tuple[str, str, str]]:
    """Yield container, place and host variable of each Redis URL in the manifest that has the new host, but not the new password.

    The place is the name of a variable that the config does not switch, or a word of the command line, as `args[0]`.
    """
    for listed, name, container in workload.switched:
        content = workload.content_of(listed, name)
        values = {variable: template for variable, template in container.variables.items() if template is not None}
        texts = [(str(entry.get("name")), entry.get("value")) for entry in entries(content) if entry.get("name") not in container.variables]
        texts += [(f"{key}[{index}]", word) for key in ("command", "args") for index, word in enumerate(list_at(content, key))]
        for place, text in texts:
            if not isinstance(text, str) or "$(" not in text or any(replacement.from_ in text for replacement in container.args):
                continue
            used = [values[variable] for variable in references_in(text) if variable in values]
            host = next((variable for variable in references_in(text) if variable in values and values[variable].names_redis), None)
            if host and re.search(_REDIS_URL, text, re.IGNORECASE) and not any(template.contains_password for template in used):
                yield name, place, host


class OldAddress(NamedTuple):
    """Host and database of an address in the manifest; None where the value does not show it."""

    host: str | None
    database: int | None


def old_address(value: Any) -> OldAddress | None:
    """Return the address in a value: a `redis://…` URL, `host:port` or a host; None in any other text."""
    if not isinstance(value, str):
        return None
    if match := re.fullmatch(_URL, value):
        return OldAddress(match["host"] if "$" not in match["host"] else None, int(match["database"] or 0))
    return OldAddress(match["host"], None) if (match := re.fullmatch(_HOST, value)) else None


_REDIS_URL = r"(?:redis|valkey|keydb|dragonfly)[\w+.-]*://"
"""The scheme of a Redis URL, such as `rediss://`, `redis+socket://`, `valkey://`."""
_URL = r"rediss?://(?:[^@/]*@)?(?P<host>[^:/@?]+)(?::[^/?]*)?(?:/(?P<database>[0-9]+)?)?(?:\?.*)?"
_HOST = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\.?)(?::[0-9]{1,5})?"


def unresolved(content: Object) -> set[tuple[str, str, str]]:
    """Return container, variable and the NAME of each `$(NAME)` that is defined below: Kubernetes expands only what is above."""
    late = set()
    for container in containers_of(content):
        env = entries(container.content)
        names = {str(entry.get("name")) for entry in env}
        defined: set[str] = set()
        for entry in env:
            late |= {
                (container.name, str(entry.get("name")), referenced)
                for referenced in references_in(str(entry.get("value") or ""))
                if referenced in names - defined
            }
            defined.add(str(entry.get("name")))
    return late
