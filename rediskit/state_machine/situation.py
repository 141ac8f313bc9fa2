"""A client before a transition, and the result of a gate."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import Evidence
from rediskit.model.migration import Migration
from rediskit.state_machine.subjects import difference, subject
from rediskit.state_machine.transitions import Transition, migration_of


class Situation(NamedTuple):
    """A client before a transition, and the facts that its gates need.

    Attributes:
        after: The migration after the transition.
        at: The time of the step, a Timestamp.
        secret: Whether the rendered manifests contain the Secret for Redis and for the client.
        reason: The reason for a step back or a rollback.
        carriers: The result of `effects.carriers` for the environment.
        still_used: Message and hint of each certain use of the old Redis in the config.
        removed_by: The other client that has removed the old Redis; "" if it exists.
        required: The digest of what the current step requires of the application, for evidence about it.
    """

    environment: Environment
    client: Client
    transition: Transition
    after: Migration
    at: str
    secret: bool = False
    reason: str = ""
    confirm_irreversible: bool = False
    carriers: frozenset[str] = frozenset()
    still_used: tuple[tuple[str, str], ...] = ()
    removed_by: str = ""
    required: str = ""

    @property
    def migration(self) -> Migration:
        """The migration of the client."""
        return migration_of(self.client)

    def outdated(self, entry: Evidence) -> str:
        """Return how the subject of evidence differs from the config; "" where it is the same."""
        return difference(entry, subject(self.environment, self.client, entry.kind, self.required))

    def command(self, action: str) -> str:
        """Return a command of `rediskit migrate` for the client. action: the subcommand and its option."""
        verb, _, option = action.partition(" ")
        return f"rediskit migrate {verb} {self.environment.config_argument} --client {self.client.name} {option}"


class Blocker(NamedTuple):
    """A reason why a gate is blocked. path: the key to change, in the section of the client."""

    code: str
    message: str
    hint: str
    path: tuple[str | int, ...] = ("migration", "step")


class Gate(NamedTuple):
    """A gate of a transition.

    Attributes:
        evaluate: Returns the reasons why it is blocked; none if it passes.
        codes: The codes of these reasons.
        overridable: Whether `--override` passes it.
    """

    description: str
    evaluate: Callable[[Situation], Iterator[Blocker]]
    codes: tuple[str, ...]
    overridable: bool = False


class GateResult(NamedTuple):
    """An evaluated gate. It passes if it has no blockers; the other fields are those of the Gate."""

    code: str
    description: str
    overridable: bool
    blockers: tuple[Blocker, ...]
