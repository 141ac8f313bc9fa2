"""The tasks in the old Redis: lists, streams and sorted sets of any queue, and the hash in which Celery keeps tasks that workers hold."""

import json
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rediskit.errors import MissingToolError, Problem, RefusedError
from rediskit.model.client import Client
from rediskit.model.local_redis import is_local
from rediskit.usage.address import of_client

RedisCli = Callable[[Sequence[str]], str]
"""Runs redis-cli with arguments and returns its output."""

SCAN = """
local lengths = {list = 'LLEN', zset = 'ZCARD', stream = 'XLEN'}
local cursor, found = '0', {}
repeat
  local page = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    local kind = redis.call('TYPE', key).ok
    local length = lengths[kind] or (kind == 'hash' and key:match('unacked$') and 'HLEN')
    if length then found[#found + 1] = {key, redis.call(length, key)} end
  end
until cursor == '0'
return cjson.encode({keys = redis.call('DBSIZE'), found = found})
"""
"""Returns the number of keys of a database, and name and length of each key that can hold tasks, in one reply."""

_NO_TASKS = re.compile(
    r".*\.reply\.celery\.pidbox|.*unacked_index"  # Celery: replies to workers, and a second index of `unacked`.
    r"|rq:(?:finished|results|executions):.*"  # RQ: finished jobs, their results, and the executions of jobs that are counted already.
    r"|bull:.*:(?:completed|events|marker|metrics:.*|logs)"  # BullMQ: finished jobs, events, metrics and logs.
)
"""The lists, streams and sorted sets of Celery, RQ, Sidekiq and BullMQ that hold no tasks."""

_STAYS = re.compile(
    r".*unacked|rq:(?:scheduled|deferred|failed):.*|(?:.*:)?(?:schedule|retry|dead)|bull:.*:(?:delayed|waiting-children|failed|repeat)"
)
"""The keys of Celery, RQ, Sidekiq and BullMQ with delayed, failed and retried jobs. No running worker empties them at once."""

_SHOWN = 10


class Tasks(NamedTuple):
    """The tasks that are left: database, key and length of each key with tasks, and the number of keys in all databases."""

    lengths: tuple[tuple[int, str, int], ...]
    keys: int

    @property
    def total(self) -> int:
        """The number of tasks."""
        return sum(length for _, _, length in self.lengths)

    @property
    def described(self) -> str:
        """The keys with tasks, the longest first."""
        longest = sorted(self.lengths, key=lambda row: (-row[2], row))
        shown = [f"{_printable(key)} {length} (database {database})" for database, key, length in longest[:_SHOWN]]
        return ", ".join([*shown, *([f"{len(longest) - _SHOWN} more keys"] if len(longest) > _SHOWN else [])])

    @property
    def staying(self) -> bool:
        """Whether some of them are delayed, failed or retried jobs."""
        return any(_STAYS.fullmatch(key) for _, key, _ in self.lengths)


def service_of(client: Client) -> tuple[str, str]:
    """Return name and namespace of the Service of the old Redis. Raises RefusedError [queue-unread] if its host is no Service."""
    address = of_client(client)
    if is_local(client):
        host = client.previous.host if client.previous else ""
        message = f"{client.name}: {host} is in the pods of {', '.join(client.references)}, and each pod has its own queues"
        raise RefusedError(Problem(message, f"read it in each pod with kubectl exec, then {_BY_HAND}", code="queue-unread"))
    if address is None or not address.services:
        host = client.previous.host if client.previous else "it"
        message = f"{client.name}: {host} is not a Service of the cluster, so kubectl can't read the old Redis"
        raise RefusedError(Problem(message, f"verify it with redis-cli, then {_BY_HAND}", code="queue-unread"))
    return address.services[0]


def left_in(client: Client, redis_cli: RedisCli) -> Tasks:
    """Return the tasks in all databases of the old Redis of a client. Raises MissingToolError when it does not run the script."""
    keyspace = _answer(client, redis_cli, "INFO", "keyspace")
    if not keyspace.startswith("# Keyspace"):
        raise _no_answer(client, keyspace)
    lengths, keys = [], 0
    for number in map(int, re.findall(r"^db(\d+):", keyspace, re.MULTILINE)):
        answer = _answer(client, redis_cli, "-n", str(number), "EVAL", SCAN, "0")
        try:
            read = json.loads(answer)
            left = {key: int(length) for key, length in read["found"] or ()}
            keys += int(read["keys"])
        except (ValueError, TypeError, KeyError):
            raise _no_answer(client, answer) from None
        lengths += [(number, key, length) for key, length in sorted(left.items()) if length and not _NO_TASKS.fullmatch(key)]
    return Tasks(tuple(lengths), keys)


def refuse_tasks(client: Client, tasks: Tasks) -> RefusedError:
    """Return the refusal of a queue that is not empty: what is left, and the two ways to continue."""
    message = f"{client.name}: {tasks.total} tasks are left in the old Redis: {tasks.described}"
    stays = "delayed, failed and retried jobs are among them, which the workers do not empty: " if tasks.staying else ""
    hint = f"{stays}roll back and let the workers finish, or add --discard REASON: these tasks are lost"
    return RefusedError(Problem(message, hint, code="queue-not-empty"))


_BY_HAND = "record it with --drained --observed TEXT"


def _answer(client: Client, redis_cli: RedisCli, *arguments: str) -> str:
    assert client.previous is not None
    try:
        return redis_cli(("-h", client.previous.host, "-p", str(client.previous.port), *arguments))
    except MissingToolError as error:
        problem = error.problems[0]
        raise MissingToolError(problem._replace(hint=f"{problem.hint}; or verify the queues, then {_BY_HAND}")) from None


def _no_answer(client: Client, answer: str) -> MissingToolError:
    assert client.previous is not None
    line = _printable(answer.strip().partition("\n")[0])[:200]
    message = f"{client.name}: {client.previous.host}:{client.previous.port} does not answer as expected: {line or 'no output'}"
    return MissingToolError(Problem(message, f"verify the queues with redis-cli, then {_BY_HAND}"))


def _printable(text: str) -> str:
    """Return a text with escapes for unprintable characters: Celery separates the priority of a queue by control characters."""
    return "".join(character if character.isprintable() else f"\\x{ord(character):02x}" for character in text)
