"""Values of environment variables with placeholders: `redis://:${password}@${address}/${database}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from rediskit.errors import nearest
from rediskit.model.base import Written, as_text, kind_of, refuse, shown

PLACEHOLDERS = ("host", "port", "address", "password", "username", "database")
"""The names that `${…}` may contain. `database` may be followed by `.NAME`, a name of `databases`."""
PASSWORD_VARIABLE = "REDISKIT_PASSWORD"
"""The variable that a container gets for text with a password in it, where none of its variables is the password alone."""

_PART = re.compile(r"\$\$\{|\$\{(?P<name>[^{}]*)\}|\$\{")
_DATABASE = r"database\.(?P<name>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)"
_NAMES = "|".join(PLACEHOLDERS)
_OTHER = rf"(?<![\w${{])\{{ ?({_NAMES}) ?\}}(?!\}})|\$\(({_NAMES})\)|<({_NAMES})>|\{{\{{ ?\.?({_NAMES}) ?\}}\}}|%({_NAMES})%"
"""The same names in the spelling of other tools: `{host}`, `$(host)`, `<host>`, `{{ host }}`, `%host%`."""
_REFERENCE = re.compile(r"\$\$|\$\((?P<name>[^()]+)\)")
"""`$(NAME)` as Kubernetes expands it; `$$` is a dollar sign (third_party/forked/golang/expansion)."""
_QUOTES = "put the value in quotes"


class Placeholder(NamedTuple):
    """A placeholder of a template, and the name after `database.`, which is "" for the database named `default`."""

    name: str
    database: str = ""


class Template(Written):
    """A value with placeholders. Everything but `${…}` is text; `$${` is a literal `${`."""

    parts: tuple[str | Placeholder, ...]

    def __init__(self, text: str) -> None:
        """Parse a value. Raises ValidationError for a placeholder that is unknown or in the spelling of another tool."""
        vars(self).update(text=text, parts=tuple(_parts(text)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """The placeholders in the order in which they occur."""
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def is_password(self) -> bool:
        """Whether the value is the password and nothing else, so that it can come from the Secret as it is."""
        return self.parts == (Placeholder("password"),)

    @property
    def contains_password(self) -> bool:
        """Whether the password is a part of the value."""
        return Placeholder("password") in self.parts

    @property
    def names_redis(self) -> bool:
        """Whether the value contains the host of Redis, alone or with its port."""
        return not {"host", "address"}.isdisjoint(part.name for part in self.placeholders)

    @property
    def references(self) -> tuple[str, ...]:
        """The variables of the same container that the text refers to as `$(NAME)`."""
        return tuple(dict.fromkeys(references_in("\0".join(part for part in self.parts if isinstance(part, str)))))

    def filled(self, values: Mapping[Placeholder, str]) -> str:
        """Return the text with a value for each placeholder. Raises KeyError for a placeholder without one."""
        return "".join(values[part] if isinstance(part, Placeholder) else part for part in self.parts)

    @classmethod
    def _validate(cls, value: Any) -> Template:
        if isinstance(value, Template):
            return value
        if isinstance(value, Mapping):
            name = next(iter(value), "")
            example = f"${{{name}}}" if isinstance(name, str) and name in PLACEHOLDERS else "${host}"
            refuse("template", "expected text, found a mapping: YAML reads braces without quotes as one", f'write "{example}", in quotes')
        if isinstance(value, bool):
            refuse("wrong-type", f"expected text, found {kind_of(value)}", f'{_QUOTES}: "{str(value).lower()}"')
        return cls(as_text(value, "text", "write text with placeholders like ${host}, or null to remove the variable"))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        names = ", ".join(f"${{{name}}}" for name in PLACEHOLDERS)
        pattern = rf"(?:{_NAMES}|database\.[a-z0-9-]+)"
        return {
            "type": ["string", "number"],
            "pattern": rf"^(?:[^$]|\$(?!\{{)|\$\$\{{|\$\{{{pattern}\}})*$",
            "patternErrorMessage": f"not text with known placeholders: {names}, ${{database.NAME}}",
            "errorMessage": f"not text: {_QUOTES}",
        }


def _parts(text: str) -> Iterator[str | Placeholder]:
    """Yield the parts of a template; neighbouring texts as one."""
    rest = text.replace("${", "")
    if any(start in rest for start in ("{", "$(", "<", "%")) and (other := re.search(_OTHER, text)):
        name = next(filter(None, other.groups()))
        refuse("template", f"{shown(other[0])} is not a placeholder", f"write ${{{name}}}")
    literal, end = "", 0
    for match in _PART.finditer(text):
        literal, end = literal + text[end : match.start()], match.end()
        if match[0] == "$${":
            literal += "${"
            continue
        if literal:
            yield literal
            literal = ""
        yield _placeholder(match["name"])
    if literal := literal + text[end:]:
        yield literal


def _placeholder(name: str | None) -> Placeholder:
    if name is None:
        refuse("template", "${ has no closing brace", "close it, like ${host}; $${ is a literal ${")
    if name in PLACEHOLDERS:
        return Placeholder(name)
    if database := re.fullmatch(_DATABASE, name):
        return Placeholder("database", database["name"])
    near = nearest(name.strip().lower(), PLACEHOLDERS, 1)
    hint = f"known: {', '.join(f'${{{other}}}' for other in PLACEHOLDERS)}, ${{database.NAME}}; $${{ is a literal ${{"
    refuse("template", f"unknown placeholder {shown(f'${{{name}}}')}", f"did you mean ${{{near[0]}}}?" if near else hint)


Variables = Mapping[str, Template | None]
"""The variables of a container: name to value; None removes the variable while the switch is in effect."""


def references_in(text: str) -> list[str]:
    """Return the names in `$(NAME)`; `$$` is a dollar sign (third_party/forked/golang/expansion of Kubernetes)."""
    return [match["name"] for match in _REFERENCE.finditer(text) if match["name"]]


def password_variable(variables: Variables, texts: Iterable[Template] = ()) -> str | None:
    """Return the variable that `$(…)` refers to where a value contains the password; None where no value does.

    The first variable that is the password alone, else `PASSWORD_VARIABLE`. Never a variable that is not switched: it has the old password.
    In `texts`, new texts of the command line, the password is always a reference.
    """
    values = {name: value for name, value in variables.items() if value is not None}
    composed = (value.contains_password and not value.is_password for value in values.values())
    if not any(composed) and not any(text.contains_password for text in texts):
        return None
    return next((name for name, value in values.items() if value.is_password), PASSWORD_VARIABLE)


def _refuse_cycle(graph: Mapping[str, list[str]]) -> None:
    from graphlib import CycleError, TopologicalSorter

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        cycle = error.args[1]
        refuse("env", f"refers to itself: {' -> '.join(reversed(cycle))}", "write the value of one of them without a reference", cycle[0])


def expansion_order(variables: Variables, texts: Iterable[Template] = ()) -> tuple[str, ...]:
    """Return the names of a container's variables in an order that Kubernetes expands, `PASSWORD_VARIABLE` included where it is needed.

    Kubernetes expands `$(NAME)` only where NAME is defined above. Variables without references keep the order of the config. Raises
    ValidationError when variables refer to each other, or to one that is removed; the path begins with the variable.
    """
    password = password_variable(variables, texts)
    names = [*([PASSWORD_VARIABLE] if password == PASSWORD_VARIABLE else []), *variables]
    graph: dict[str, list[str]] = {}
    for name in names:
        value = variables.get(name)
        graph[name] = [other for other in (value.references if value else ()) if other in names]
        for other in graph[name]:
            if variables.get(other, value) is None:
                refuse("env", f"refers to $({other}), which is removed", "write its value instead of the reference", name)
        if value and password and value.contains_password and not value.is_password:
            graph[name].append(password)
    if any(graph.values()):
        _refuse_cycle(graph)
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        for other in graph[name]:
            add(other)
        ordered.setdefault(name)

    for name in names:
        add(name)
    return tuple(ordered)
