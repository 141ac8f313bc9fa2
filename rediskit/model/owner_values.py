"""The values of a chart, or the variables of a module, by which an application is stopped and switched."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from rediskit.errors import Path, Problem
from rediskit.model.base import SECRET_HINT, Model, refuse_all
from rediskit.model.nested import texts_in
from rediskit.model.template import Template
from rediskit.secrecy import secrets_in

_SECRET = r"(?<!\$)\$\{secret\.(name|key)\}"


class ByEffect(Model):
    """Values for a stopped and for a switched application, and without the old Redis. If several apply, they are merged by key."""

    stopped: dict[str, Any] = Field(default_factory=dict)
    """The values that stop the application, such as `{replicas: 0}`."""
    switched: dict[str, Any] = Field(default_factory=dict)
    """The values for the shared Redis. Texts can contain the placeholders of `env` except `${password}`; `${secret.name}` and
    `${secret.key}` are name and key of the Secret with the password."""
    removed: dict[str, Any] = Field(default_factory=dict)
    """The values that remove the old Redis at `decommission`, if the same chart installs it, such as `{redis: {enabled: false}}`."""

    @field_validator("stopped", "switched", "removed")
    @classmethod
    def _are_values(cls, values: dict[str, Any]) -> dict[str, Any]:
        from rediskit.model.literals import literals_in

        reasons = {**dict(literals_in(values)), **dict(secrets_in(values))}
        problems = [Problem(f"looks like {reason}", SECRET_HINT, path, code="secret-in-config") for path, reason in reasons.items()]
        refuse_all([*problems, *_nulls(values), *_placeholders(values)])
        return values

    @model_validator(mode="after")
    def _are_complete(self) -> Self:
        refuse_all(
            [
                Problem("is empty", f"add the values by which the application is {name}", (name,), code="owner-values")
                for name in ("stopped", "switched")
                if not getattr(self, name)
            ]
        )
        return self

    def templates(self) -> Iterator[tuple[Path, Template]]:
        """Yield each text as a template, with its path."""
        for name in ("stopped", "switched", "removed"):
            for path, text in texts_in(getattr(self, name)):
                yield (name, *path), Template(re.sub(_SECRET, "", text))


def _nulls(value: Any, path: Path = ()) -> Iterator[Problem]:
    if value is None:
        hint = "write the value that the chart reads: Helm removes a key with null, and the default of the chart returns"
        yield Problem("is null", hint, path, code="owner-values")
    inner: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, Mapping):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for key, entry in inner:
        yield from _nulls(entry, (*path, key))


def _placeholders(values: dict[str, Any]) -> Iterator[Problem]:
    for path, text in texts_in(values):
        try:
            template = Template(re.sub(_SECRET, "", text))
        except ValidationError as error:
            reason = error.errors()[0]["ctx"]
            yield Problem(reason["message"], reason["hint"], path, code=reason["code"])
            continue
        if template.contains_password:
            hint = "write a reference to the Secret: secretKeyRef with ${secret.name} and ${secret.key}"
            yield Problem("${password} would be in Git in plain text", hint, path, code="owner-values")


def filled(value: Any, fill: Callable[[Template], str], secret: tuple[str, str]) -> Any:
    """Return values with a text for each placeholder. secret: name and key of the Secret."""
    if isinstance(value, Mapping):
        return {key: filled(inner, fill, secret) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, fill, secret) for inner in value]
    if not isinstance(value, str):
        return value
    names = dict(zip(("name", "key"), secret, strict=True))
    parts = re.split(_SECRET, value)
    return "".join(names[part] if index % 2 else fill(Template(part)) for index, part in enumerate(parts))
