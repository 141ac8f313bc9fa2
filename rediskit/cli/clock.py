"""The clock of the commands."""

from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.model.migration import Migration, moment
from rediskit.model.types import Timestamp
from rediskit.state_machine.clock import TOLERANCE, offset_source, written


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


def refuse_later(time: str, option: str) -> None:
    """Raise RefusedError for a time more than two minutes in the future. For commands that write."""
    if moment(time) > now() + TOLERANCE:
        hint = "a step is recorded when it is taken: leave the option out, or rehearse it with --dry-run"
        raise RefusedError(Problem(f"{option}: {time} is later than now", hint, code="time-in-future"))


def time_of(text: str | None, option: str, migration: Migration | None = None) -> str:
    """Return the Timestamp of an option, or the current time with the offset of the migration, by default the local one.

    Raises ConfigError when the text is not a time with an offset.
    """
    if text is not None:
        try:
            return TypeAdapter(Timestamp).validate_python(text)
        except ValidationError as error:
            context = error.errors()[0].get("ctx", {})
            raise ConfigError(Problem(f"{option}: {context.get('message')}", str(context.get("hint", "")))) from error
    local = now().astimezone()
    source = offset_source(migration) if migration else ""
    return written(local.astimezone(moment(source).tzinfo) if source else local)
