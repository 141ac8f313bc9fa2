"""The environment variables of a container, as far as the input contains their values."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rediskit.init.objects import Content, InputObjects, literal, mappings_at, namespace_of
from rediskit.model.nested import at, mapping_at, text_at
from rediskit.secrecy import names_secret, secret_reason

_REFERENCE = re.compile(r"\$\(([^()]+)\)")


# A dataclass because the value may be a secret, and `repr=False` keeps it out of tracebacks.
@dataclass(frozen=True, slots=True)
class Variable:
    """A variable.

    Attributes:
        value: Its value, with `$(NAME)` replaced where the input contains NAME; None if the input does not contain it.
        origin: The source of the value, such as `Secret x`.
    """

    name: str
    value: str | None = field(repr=False)
    origin: str = ""


def variables_of(container: Content, workload: Content, objects: InputObjects) -> dict[str, Variable]:
    """Return the variables of a container by name. Those of `env` override those of `envFrom`.

    A variable whose name looks like a secret is left out: Kubernetes accepts `redis://:word@host` as a name, and names are printed.
    """
    variables = {
        variable.name: variable
        for variable in (*_of_sources(container, workload, objects), *_of_entries(container, workload, objects))
        if not secret_reason(variable.name)
    }
    expanded: dict[str, Variable] = {}
    for name, variable in variables.items():
        expanded[name] = _expanded(variable, expanded, variables) if variable.value and "$(" in variable.value else variable
    return expanded


def _expanded(variable: Variable, expanded: dict[str, Variable], variables: dict[str, Variable]) -> Variable:
    """Return a variable with its references replaced. A password is replaced by a word, so that the rest of a URL can be read."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if names_secret(name):
            return "password"
        other = expanded.get(name)
        return match[0] if other is None or other.value is None else other.value

    text = _REFERENCE.sub(value, variable.value or "")
    if "$(" not in text:
        return replace(variable, value=text)
    missing = next((variables[name] for name in _REFERENCE.findall(text) if name in variables), None)
    return Variable(variable.name, None, (missing.origin if missing else "") or "other variables")


def unseen_sources(container: Content, workload: Content, objects: InputObjects) -> tuple[str, ...]:
    """Return the ConfigMaps and Secrets of `envFrom` whose keys are not in the input."""
    home = namespace_of(workload)
    missing = (f"{kind} {name}" for _, kind, name in _sources(container) if not list(_keys(kind, name, home, objects)))
    present = {f"{kind} {name}" for _, kind, name in _sources(container) if objects.named(kind, name, home)}
    return tuple(name for name in dict.fromkeys(missing) if name not in present)


def _of_entries(container: Content, workload: Content, objects: InputObjects) -> Iterator[Variable]:
    for entry in mappings_at(container, "env"):
        name = text_at(entry, "name")
        if not name:
            continue
        if at(entry, "valueFrom") is None:
            yield Variable(name, literal(entry) or "")
        elif source := text_at(entry, "valueFrom", "configMapKeyRef", "name"):
            key = text_at(entry, "valueFrom", "configMapKeyRef", "key")
            value = at(objects.named("ConfigMap", source, namespace_of(workload)), "data", key)
            yield Variable(name, value if isinstance(value, str) else None, f"ConfigMap {source}")
        elif source := text_at(entry, "valueFrom", "secretKeyRef", "name"):
            yield Variable(name, None, f"Secret {source}")
        else:
            yield Variable(name, None, "its Pod")


def _of_sources(container: Content, workload: Content, objects: InputObjects) -> Iterator[Variable]:
    for prefix, kind, name in _sources(container):
        for key, value in _keys(kind, name, namespace_of(workload), objects):
            yield Variable(prefix + key, value, f"{kind} {name}")


def _keys(kind: str, name: str, namespace: str, objects: InputObjects) -> Iterator[tuple[str, str | None]]:
    """Yield the keys of a ConfigMap with their values, and those of a Secret or of the object that creates it."""
    source = objects.named(kind, name, namespace)
    if kind == "ConfigMap":
        for key, value in mapping_at(source, "data").items():
            yield key, value if isinstance(value, str) else None
        return
    sealed, external = objects.named("SealedSecret", name, namespace), _external(name, namespace, objects)
    mappings = (
        *(mapping_at(source, part) for part in ("data", "stringData")),
        mapping_at(sealed, "spec", "encryptedData"),
        mapping_at(external, "spec", "target", "template", "data"),
    )
    names = [str(key) for mapping in mappings for key in mapping]
    names += [text_at(entry, "secretKey") for entry in mappings_at(external, "spec", "data")]
    yield from ((key, None) for key in dict.fromkeys(filter(None, names)))


def _external(name: str, namespace: str, objects: InputObjects) -> Content | None:
    """Return the ExternalSecret that creates a Secret, which has the name of its target."""
    for obj in objects.of("ExternalSecret"):
        if (text_at(obj, "spec", "target", "name") or text_at(obj, "metadata", "name")) == name and namespace_of(obj) in ("", namespace):
            return obj
    return None


def _sources(container: Content) -> Iterator[tuple[str, str, str]]:
    """Yield prefix, kind and name of each source of `envFrom`."""
    for entry in mappings_at(container, "envFrom"):
        for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if name := text_at(entry, key, "name"):
                yield text_at(entry, "prefix"), kind, name
