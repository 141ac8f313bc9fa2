"""What the migration changes in one container: its variables as templates, and texts of its command line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from rediskit.init.objects import Content, InputObjects
from rediskit.init.roles import REDIS, Named, Role, derived, named, names_of_image
from rediskit.init.values import Address, address_of, host_of, is_url, listed_address
from rediskit.init.variables import Variable, unseen_sources, variables_of
from rediskit.model.nested import list_at, text_at
from rediskit.model.template import PASSWORD_VARIABLE
from rediskit.usage.stored import URL

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_REDIS_HOST = re.compile(r"(?:^|[-.])(?:redis|valkey|keydb|dragonfly)(?:[-.\d]|$)", re.IGNORECASE)
_LIST = re.compile(r"(?:HOSTS|NODES|SERVERS)$", re.IGNORECASE)
_NO_USE = re.compile(r"PREFIX|ENABLED|DRIVER|TTL|TIMEOUT|POOL|CLUSTER|RETR|MAX|NAMESPACE|CLIENT|SCHEME|KEY$|_TYPE$", re.IGNORECASE)
_WORD = re.compile(r"(?:(?P<flag>--?[a-z][a-z.-]*)=)?(?P<value>.*)", re.DOTALL)
_HOST_FLAG = re.compile(r"host|server")
_FLAG_WORD = re.compile(r"redis|valkey|cache|broker|queue|celery|session|host|url|uri|addr|dsn|server")


class Reference(NamedTuple):
    """A variable or an argument that contains the address of a Redis.

    Attributes:
        name: The variable; the place of an argument, such as `args[1]`.
        address: The address and its template; None if the input does not contain the value.
        origin: The source of a value that the input does not contain.
        prefix: What the related variables have in common.
        old: Of an argument, the text to replace; "" for a variable.
    """

    name: str
    address: Address | None
    origin: str = ""
    prefix: str = ""
    old: str = ""


# A dataclass because the templates depend on the Redis that the client migrates, and `repr=False` keeps values out of tracebacks.
@dataclass(slots=True)
class ContainerSwitch:
    """The switch of one container.

    Attributes:
        listed: `containers` or `initContainers`.
        references: The places with the address of a Redis.
        env: Variable to template; None removes the variable.
        args: Texts to replace: old and new.
        numbers: Variable or argument to the number of its database.
        questions: What a person decides.
        unseen: ConfigMaps and Secrets that are not in the input.
        unassigned: Variables with a name for Redis and without a role.
        port: The port of the old Redis in a variable of its own; None if there is none.
        external: What a person changes instead; "" for a container that rediskit switches.
    """

    listed: str
    name: str
    references: tuple[Reference, ...] = ()
    env: dict[str, str | None] = field(default_factory=dict)
    args: list[tuple[str, str]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unseen: tuple[str, ...] = ()
    unassigned: tuple[str, ...] = ()
    port: int | None = None
    external: str = ""

    @property
    def names(self) -> list[str]:
        """The variables that the migration switches."""
        return list(self.env)

    @property
    def section(self) -> dict[str, object]:
        """The section of the container in the config."""
        if self.external:
            return {"external": self.external}
        args: dict[str, object] = {"args": [{"from": old, "to": new} for old, new in self.args]} if self.args else {}
        return {**({"env": self.env} if self.env or not args else {}), **args}


def switch_of(listed: str, container: Content, workload: Content, objects: InputObjects) -> ContainerSwitch:
    """Return the switch of a container."""
    name, variables = text_at(container, "name"), variables_of(container, workload, objects)
    image = names_of_image(container)
    roles = {key: named(key) for key in variables}
    references = [reference for key, variable in variables.items() if (reference := _reference(variable, roles[key], image))]
    arguments = list(_arguments(container, {reference.address.host for reference in references if reference.address}))
    switch = ContainerSwitch(listed, name, (*references, *(argument for argument in arguments if argument.address)))
    switch.unseen = unseen_sources(container, workload, objects)
    switch.questions += [f"container {name}: {argument.name} {argument.origin}" for argument in arguments if not argument.address]
    _set_addresses(switch)
    if references:
        _set_related(switch, references, variables, roles, image)
        _order(switch)
    switch.unassigned = tuple(_unassigned(switch, container, variables))
    return switch


def _reference(variable: Variable, role: Named, image: Mapping[str, str]) -> Reference | None:
    """Return a variable with the address of a Redis; None for any other variable. A value decides before a name."""
    name, value = variable.name, variable.value
    redis = bool(REDIS.search(name))
    if role.role in ("password", "username", "file", "tls", "database", "sentinel"):
        return None
    if value is None:
        named_address = role.role in ("host", "url") or (not role.role and not _NO_USE.search(name))
        if image.get(name) in ("${host}", URL) or (redis and named_address):
            return Reference(name, None, variable.origin, role.prefix)
        return None
    address = address_of(value) or (listed_address(value) if _LIST.search(name) else None)
    if (address is None and role.role == "host") or (address is None and redis and role.role == "url"):
        address = host_of(value)
    if address and (is_url(value) or redis or _REDIS_HOST.search(address.host)):
        return Reference(name, address, variable.origin, role.prefix)
    if redis and role.role == "host":
        return Reference(name, None, "a value that is not a host name", role.prefix)
    return None


def _arguments(container: Content, hosts: set[str]) -> Iterator[Reference]:
    """Yield the arguments that contain the address of a Redis; without an address those that a person changes, with the reason."""
    entries = [(key, index, word) for key in ("command", "args") for index, word in enumerate(list_at(container, key))]
    words = [word for _, _, word in entries if isinstance(word, str)]
    for key, index, word in entries:
        if not isinstance(word, str) or not (match := _WORD.fullmatch(word)):
            continue
        flag, value, place = match["flag"] or "", match["value"], f"{key}[{index}]"
        address = address_of(value) or (host_of(value) if _HOST_FLAG.search(flag) else None)
        if address is None or not (is_url(value) or _REDIS_HOST.search(address.host) or address.host in hosts):
            continue
        old = value
        if address.template == "${host}":
            old, address = f"{flag.lstrip('-')}={value}", address._replace(template=f"{flag.lstrip('-')}=${{host}}")
        if address.secret:
            yield Reference(
                place,
                None,
                "contains a password or an option that could be secret: change it by hand, and write external for the container",
                old=old,
            )
        elif (flag and not _FLAG_WORD.search(flag)) or sum(other.count(old) for other in words) != 1:
            yield Reference(place, None, "contains the address of a Redis, but not once in a known form: change it by hand", old=old)
        else:
            yield Reference(place, address, old=old)


def _set_addresses(switch: ContainerSwitch) -> None:
    """Set the template of each reference."""
    for reference in switch.references:
        if reference.address is None:
            continue
        if reference.old:
            switch.args.append((reference.old, reference.address.template))
        else:
            switch.env[reference.name] = reference.address.template
        if reference.address.database is not None:
            switch.numbers[reference.old or reference.name] = reference.address.database
        switch.questions += [f"container {switch.name}, {reference.name}: {question}" for question in reference.address.questions]
        if not _NAME.fullmatch(reference.name) and not reference.old:
            switch.questions.append(
                f"container {switch.name}: {reference.name} cannot be set: write the name of another variable that it reads"
            )


def _set_related(
    switch: ContainerSwitch, references: list[Reference], variables: dict[str, Variable], roles: dict[str, Named], image: Mapping[str, str]
) -> None:
    """Set the variables beside each address: port, password, user name, database, TLS, password file, Sentinel."""
    for reference in references:
        if reference.address is None:
            switch.env[reference.name] = _unknown(reference, roles[reference.name], image)
            if switch.env[reference.name] == URL:
                switch.numbers[reference.name] = 0
            elif roles[reference.name].role != "host":
                switch.env.pop(reference.name)
    prefixes = {reference.prefix for reference in references}
    single = len({reference.address.host if reference.address else reference.name for reference in references}) == 1
    for key, role in roles.items():
        beside = role.prefix in prefixes or (single and bool(REDIS.search(key)) and role.role not in ("host", "url"))
        if key not in (*switch.env, PASSWORD_VARIABLE) and beside and role.role and _NAME.fullmatch(key):
            _set_one(switch, key, role.role, variables[key])
    for reference in references:
        if switch.env.get(reference.name) in ("${host}", "${address}"):
            _derive(switch, reference, image)


def _unknown(reference: Reference, role: Named, image: Mapping[str, str]) -> str:
    """Return the template of a variable whose value the input does not contain: a host by its name, else a URL."""
    return image.get(reference.name) or ("${host}" if role.role == "host" else URL)


def _set_one(switch: ContainerSwitch, name: str, role: Role, variable: Variable) -> None:
    value, where = variable.value, f"container {switch.name}"
    if role in ("port", "password", "username"):
        switch.env[name] = f"${{{role}}}"
        if role == "port" and value and re.fullmatch("[0-9]{1,5}", value) and 0 < int(value) < 65536:
            switch.port = int(value)
    elif role == "database":
        if value is not None and value.isdecimal() and len(value) < 4:
            switch.env[name], switch.numbers[name] = "${database}", int(value)
        else:
            switch.remarks.append(f"{where}: {name} comes from {variable.origin or 'a value that is no number'} and stays as it is")
    elif role == "tls" and (value is None or value.lower() not in ("", "false", "0", "no", "off")):
        switch.env[name] = "false"
        switch.remarks.append(f"{where}: {name} is false, because the shared Redis has no TLS")
    elif role == "file":
        switch.env[name] = None
        switch.remarks.append(f"{where}: {name} is removed, because the password comes from a Secret")
    elif role == "sentinel":
        switch.env[name] = None
        switch.remarks.append(f"{where}: {name} is removed, because the shared Redis has no Sentinel")


def _derive(switch: ContainerSwitch, reference: Reference, image: Mapping[str, str]) -> None:
    """Add the variables for port and password that are not in the input."""
    roles: tuple[Role, ...] = ("port", "password") if switch.env[reference.name] == "${host}" and reference.address else ("password",)
    for role in roles:
        if any(switch.env.get(name) == f"${{{role}}}" for name in switch.env):
            continue
        names = [name for name, value in image.items() if value == f"${{{role}}}"]
        name = names[0] if names else derived(reference.name, role)
        switch.env[name] = f"${{{role}}}"
        source = "it is the name that the image reads" if names else f"the name is derived from {reference.name}"
        switch.remarks.append(f"{name} is not in the input: {source}; check that container {switch.name} reads it")


def _order(switch: ContainerSwitch) -> None:
    """Order the variables as the config shows them: address, port, password, then the others."""
    order = {"${host}": 0, "${address}": 0, "${port}": 1, "${password}": 3}
    switch.env = dict(sorted(switch.env.items(), key=lambda entry: order.get(str(entry[1]), 2 if "${host" in str(entry[1]) else 4)))


def _unassigned(switch: ContainerSwitch, container: Content, variables: dict[str, Variable]) -> Iterator[str]:
    """Yield the variables with a name for Redis that the migration does not switch; without a reference also the arguments."""
    for name, variable in variables.items():
        redis = REDIS.search(name) or is_url(variable.value or "")
        if redis and name not in (*switch.env, PASSWORD_VARIABLE) and _SHOWN.fullmatch(name):
            yield name
    if not switch.references:
        entries = ((key, index, word) for key in ("command", "args") for index, word in enumerate(list_at(container, key)))
        yield from (f"{key}[{index}]" for key, index, word in entries if isinstance(word, str) and REDIS.search(word))
