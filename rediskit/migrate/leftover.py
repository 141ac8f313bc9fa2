"""The keys in the databases of a client in the shared Redis before its application starts there, read through kubectl."""

import re
from collections.abc import Mapping

from rediskit.errors import MissingToolError, Problem, RefusedError
from rediskit.live.kubectl import redis_cli
from rediskit.migrate.moves import Move
from rediskit.migrate.verification.cluster import cluster_of
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import Evidence
from rediskit.renderers.helm import release_of
from rediskit.state_machine.effects import empty_evidence, release_is_deployed, sharing
from rediskit.state_machine.subjects import last

_OF_REDISKIT = re.compile(r"^(?:rediskit:verify\b.*|key:__rand_int__)$", re.MULTILINE)
"""Keys of `rediskit verify` and of the load test, which can be there for a minute."""
_STARTS = ("scale-down", "reconfigure")
"""The last steps before the downtime, and before the start on the shared Redis."""


def keys_in(environment: Environment, client: Client, context: str) -> dict[int, int]:
    """Return the number of keys of each database of a client in the shared Redis that is not empty, without those of rediskit.

    Raises MissingToolError when kubectl or redis-cli fails.
    """
    release = release_of(environment)

    script = f'export REDISCLI_AUTH="{release.password}"; exec {release.client} -p {release.container_port} "$@"'

    def ask(*arguments: str) -> str:
        service = f"service/{release.primary_service}"
        return redis_cli(release.namespace, service, arguments, context, container=release.container, script=script)

    answer = ask("INFO", "keyspace")
    if not answer.startswith("# Keyspace"):
        message = f"{release.primary_service} does not answer as expected: {answer.strip().partition(chr(10))[0][:200] or 'no output'}"
        raise MissingToolError(Problem(message, "verify the databases with redis-cli"))
    counts = {int(number): int(keys) for number, keys in re.findall(r"^db(\d+):keys=(\d+)", answer, re.MULTILINE)}
    left = {}
    for number in (number for number in client.numbers if counts.get(number)):
        page = ask("-n", str(number), "SCAN", "0", "COUNT", "1000")
        if size := counts[number] - len(_OF_REDISKIT.findall(page)):
            left[number] = size
    return left


def own_keys(environment: Environment, client: Client, others: Mapping[int, str], context: str) -> dict[int, int]:
    """Return the same without the databases of others: before the first attempt, the client has no keys there. others: their numbers."""
    return {number: count for number, count in keys_in(environment, client, context).items() if number not in others}


def refuse_keys(environment: Environment, client: Client, keys: dict[int, int]) -> RefusedError:
    """Return the refusal of databases that are not empty: what is left, and the two ways to continue."""
    others = sharing(environment, client)
    message = f"{client.name}: the shared Redis already has keys in {described(keys)}"
    which = "delete them"
    if shared := [others[number] for number in keys if number in others]:
        message += f", also of {', '.join(dict.fromkeys(shared))}"
        which = f"delete those of {client.name}"
    page = f"section Try again of docs/migration-{client.name}.md"
    hint = f"{which} ({page}), or run {_record(environment, client)} --keep REASON: the application starts with them"
    return RefusedError(Problem(message, hint, code="database-not-empty"))


def described(keys: dict[int, int]) -> str:
    """Return numbers and sizes in words: `database 1 (12 keys), database 2 (1 key)`."""
    return ", ".join(f"database {number} ({count} key{'s' if count > 1 else ''})" for number, count in keys.items())


def with_empty_databases(environment: Environment, client: Client, step: Move, context: str) -> Move:
    """Return a step whose client starts with empty databases, with a warning where kubectl can't read them.

    They are read before the downtime if Redis is deployed, and again before `reconfigure`. A person's word counts, unless it is older than
    the downtime, and databases with the keys of another client are left out.

    Refusals: [database-not-empty], [verify-cluster].
    """
    recorded = last(empty_evidence(client))
    reads = _is_start(step) and release_is_deployed(environment)
    if not reads or (recorded and (recorded.value != "0" or _is_recent_word(recorded, step))):
        return step
    try:
        cluster_of(environment, context)
        keys = own_keys(environment, client, sharing(environment, client), context)
    except MissingToolError as error:
        return _warned(client, step, error.problems[0].message)
    if keys:
        raise refuse_keys(environment, client, keys)
    return step


def with_unread_databases(environment: Environment, client: Client, step: Move) -> Move:
    """Return a step that reads nothing in the cluster, with a warning before `reconfigure` unless the databases are recorded."""
    if not _is_start(step) or step.status.transition.target != "reconfigure" or empty_evidence(client):
        return step
    return _warned(client, step, f"run {_record(environment, client)}")


def _is_recent_word(recorded: Evidence, step: Move) -> bool:
    """Return whether a person recorded the databases, for `reconfigure` in the downtime: others can write there until then."""
    is_down = recorded.step in ("scale-down", "deploy")
    return recorded.by == "person" and (is_down or step.status.transition.target != "reconfigure")


def _is_start(step: Move) -> bool:
    return step.status.transition.kind == "forward" and step.status.transition.target in _STARTS


def _record(environment: Environment, client: Client) -> str:
    return f"rediskit migrate record {environment.config_argument} --client {client.name} --empty"


def _warned(client: Client, step: Move, reason: str) -> Move:
    numbers = f"database{'s' if len(client.numbers) > 1 else ''} {', '.join(map(str, client.numbers))}"
    text = f"verify that {numbers} of the shared Redis {'are' if len(client.numbers) > 1 else 'is'} empty: {reason}"
    return step._replace(status=step.status._replace(warnings=(*step.status.warnings, text)))
