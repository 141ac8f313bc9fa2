"""What the migration changes in one container: its variables, and text in its command line."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse
from rediskit.model.nested import list_at
from rediskit.model.once import once
from rediskit.model.template import PASSWORD_VARIABLE, Template, Variables, expansion_order, password_variable
from rediskit.model.types import EnvName, Line


class Replacement(Model):
    """A text in `command` or `args` of a container, and its replacement while the application uses the shared Redis."""

    from_: Line = Field(alias="from")
    """The old text. It occurs exactly once in `command` and `args` of the container."""
    to: Template
    """The new text, with placeholders like `${address}`."""


class Container(Model):
    """The changes of a container for the shared Redis. `{}` uses `env` of the client."""

    env: dict[EnvName, Template | None] | None = None
    """The variables while the application uses the shared Redis: name to value. A value is text with any of the placeholders `${host}`,
    `${port}`, `${address}` (host:port), `${password}`, `${username}`, `${database}` and `${database.NAME}`; `$${` is a literal `${`.
    `null` removes the variable. Default: `env` of the client."""
    args: tuple[Replacement, ...] = ()
    """Texts to replace in `command` and `args`; with `manifest` only."""
    external: Line | None = None
    """For a container that does not read Redis from variables or arguments: the file that you change instead, such as `config.yaml of
    ConfigMap/shop-config`. rediskit stops and starts the workload."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.external is not None and (self.env or self.args):
            refuse("containers", "a container that a person changes has no env and no args", "remove external, or env and args", "external")
        if self.env and PASSWORD_VARIABLE in self.env:
            refuse(
                "env",
                f"{PASSWORD_VARIABLE} is added where it is needed",
                "use another name, or leave it out",
                "env",
                PASSWORD_VARIABLE,
                "[key]",
            )
        duplicates = [text for index, text in enumerate(self.args) if text.from_ in [other.from_ for other in self.args[:index]]]
        if duplicates:
            refuse("args", f"{duplicates[0].from_} is replaced twice", "remove one of them", "args")
        return self

    @property
    def variables(self) -> Variables:
        """The variables that are switched; none for a container that a person changes."""
        return self.env or {}

    @property
    def texts(self) -> tuple[Template, ...]:
        """The new texts of the command line."""
        return tuple(replacement.to for replacement in self.args)

    @property
    def password_variable(self) -> str | None:
        """The variable that `$(…)` refers to where a value contains the password; None where no value does."""
        return password_variable(self.variables, self.texts)

    @property
    @once
    def names(self) -> tuple[str, ...]:
        """The variables in an order that Kubernetes expands, with the one that is added for the password."""
        return expansion_order(self.variables, self.texts)

    def with_default(self, env: Mapping[str, Template | None]) -> Self:
        """Return the container with the variables of the client, unless it has its own or a person changes it."""
        return self if self.env is not None or self.external is not None else self.model_copy(update={"env": dict(env)})

    def problems(self, content: Any) -> Iterator[Problem]:
        """Yield what is wrong with the container of a manifest, None without one. The default of the client is included."""
        if not self.variables and not self.args and self.external is None:
            hint = "set env, args, or external (a file that you change yourself)"
            yield Problem("nothing to switch", hint, code="containers")
            return
        yield from self._order()
        for index, replacement in enumerate(self.args):
            if content is None:
                yield Problem(
                    "the command line is not known",
                    "add manifest: a file with the output of kubectl get -o yaml",
                    ("args", index),
                    code="args",
                )
                continue
            words = [word for key in ("command", "args") for word in list_at(content, key) if isinstance(word, str)]
            if (count := sum(word.count(replacement.from_) for word in words)) != 1:
                occurs = f"occurs {count} times" if count else "does not occur"
                hint = "copy a text that occurs exactly once in its command and args"
                yield Problem(f"{replacement.from_!r} {occurs} in command and args", hint, ("args", index, "from"), code="args")

    def _order(self) -> Iterator[Problem]:
        try:
            self.names  # noqa: B018 - it refuses what can't be ordered
        except ValueError as error:
            for line in error.errors():  # type: ignore[attr-defined]  # a ValidationError
                yield Problem(line["ctx"]["message"], line["ctx"]["hint"], ("env", *line["loc"]), code="env")
