"""What clients store, for README, plan and runbook: numbered databases, and the effects of `use` on the migration."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rediskit.chart.names import Release
from rediskit.model.client import Client, Use
from rediskit.model.deployed_by import deployed_by
from rediskit.model.environment import Environment
from rediskit.model.local_redis import is_local, keeps_data
from rediskit.model.once import once
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.required import hidden
from rediskit.state_machine.scans import described, is_of_checkout


class DatabaseUse(NamedTuple):
    """A numbered database of a client. name: "" where the client names none and uses 0; shared: other clients may use it too."""

    number: int
    client: str
    name: str
    shared: bool

    @property
    def described(self) -> str:
        """Client, name and whether it is shared: `shop (broker, shared)`."""
        return f"{self.client} ({', '.join((self.name or 'not named', *(['shared'] if self.shared else [])))})"


class Framework(NamedTuple):
    """A queue framework, a command that shows the tasks that are left, and the jobs that do not drain, with their keys."""

    name: str
    remaining: str
    stays: str


FRAMEWORKS = (
    Framework(
        "Celery",
        "`redis-cli LLEN celery` per queue, and `celery -A APP inspect active`, `reserved` and `scheduled`",
        "tasks with `eta`, `countdown` or a retry: a worker keeps them in `unacked` until they are due",
    ),
    Framework(
        "RQ",
        "`rq info`",
        "`enqueue_at`, `enqueue_in` and retries with interval (`rq:scheduled:*`), dependent (`rq:deferred:*`), failed (`rq:failed:*`)",
    ),
    Framework(
        "Sidekiq",
        "`Sidekiq::Stats.new.enqueued` and `Sidekiq::Workers.new.size` in a Rails console",
        "`perform_at` and `perform_in` (`schedule`), retries (`retry`), and dead jobs (`dead`)",
    ),
    Framework(
        "BullMQ",
        "`await queue.getJobCounts()` per queue",
        "delayed jobs and retries (`delayed`), parents (`waiting-children`), schedulers (`repeat`), failed jobs (`failed`)",
    ),
)
"""Keys by kombu/transport/redis.py, rq/registry.py, sidekiq/lib/sidekiq/api.rb and the getters of BullMQ."""

STAYS = "delayed and retry jobs do not drain: wait until they are due, delete them, or record their loss with `--discard`"

_BREAKS: tuple[tuple[Use, str, str], ...] = (
    (
        "cache",
        "FLUSHDB",
        (
            "clearing the whole cache fails (`cache.clear()` in Django, `cache:clear` in Laravel, `Rails.cache.clear` without a "
            "namespace, `wp cache flush` in WordPress without `WP_REDIS_SELECTIVE_FLUSH`)"
        ),
    ),
    (
        "sessions",
        "CONFIG",
        "Spring Session fails when it starts, because it sets `notify-keyspace-events`. Use `ConfigureRedisAction.NO_OP`",
    ),
)
"""Use, disabled command and the failing function.

FLUSHDB: django/core/cache/backends/redis.py `clear`, Illuminate/Cache/RedisStore.php `flush`, the documentation of RedisCacheStore#clear
(https://api.rubyonrails.org/classes/ActiveSupport/Cache/RedisCacheStore.html), and the configuration of the plugin
(https://github.com/rhubarbgroup/redis-cache). CONFIG: https://docs.spring.io/spring-session/reference/http-session.html
"""


NOT_VISIBLE = "rediskit can't read this file. To verify the change, read the file, or find the pods in `CLIENT LIST` of the shared Redis"


def databases(environment: Environment) -> list[DatabaseUse]:
    """Return the numbered databases in use, by number and client. A client without `databases` uses 0."""
    named = [
        DatabaseUse(database.number, client.name, name, database.shared)
        for client in environment.clients
        for name, database in client.databases.items()
    ]
    silent = [DatabaseUse(0, client.name, "", False) for client in environment.clients if not client.databases]
    return sorted([*named, *silent])


@once
def users_of_databases(environment: Environment) -> Mapping[int, frozenset[str]]:
    """Return the names of the clients that use each database. A client without `databases` uses 0."""
    users = defaultdict[int, set[str]](set)
    for client in environment.clients:
        for number in client.numbers:
            users[number].add(client.name)
    return {number: frozenset(names) for number, names in users.items()}


def free_databases(environment: Environment) -> str:
    """Return the unused numbers of databases as ranges: `1-3, 5`; "none" where every number is in use."""
    used = {-1, environment.redis.databases, *(row.number for row in databases(environment))}
    ranges = [(low + 1, high - 1) for low, high in zip(sorted(used), sorted(used)[1:], strict=False) if high - low > 1]
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges) or "none"


def breaks(environment: Environment, uses: tuple[Use, ...]) -> Iterator[str]:
    """Yield what fails in applications with these uses, per disabled command."""
    for use, command, effect in _BREAKS:
        if use in uses and command in environment.redis.disabled_commands:
            yield f"`{command}` is disabled: {effect}"


@once
def notes(environment: Environment, client: Client) -> tuple[str, ...]:
    """Return what users notice: effects of `use` at the switch, of the eviction policy and of disabled commands; open criteria.

    Config files that no manifest shows, and workloads that the kind of owner can't change, follow.
    """
    return (
        *local_redis(client),
        *losses(environment, client),
        *breaks(environment, client.use),
        *open_criteria(client),
        *other_scan(client),
        *(f"{place.file} of {place.object}: {NOT_VISIBLE}" for place in hidden(client)),
        *_misfits(client),
    )


def open_criteria(client: Client) -> Iterator[str]:
    """Yield each criterion of the validation that a person must verify, that failed, or whose measurement a person disputes."""
    migration = client.migration
    for name, evidence in migration.criteria.items() if migration and migration.step != "complete" else ():
        if evidence.dispute:
            decided = f"the criterion was recorded as met at {evidence.at}. Reason: {evidence.dispute}"
            yield f"criterion `{name}`: the measurement failed, but {decided}"
        elif evidence.refuted:
            yield f"criterion `{name}`: failed, measured {evidence.measured} (limit {evidence.limit}) at {evidence.at}"
        elif evidence.unknown:
            yield f"criterion `{name}`: could not be measured at {evidence.at} ({evidence.note}); a person must verify it"


def other_scan(client: Client) -> Iterator[str]:
    """Yield what the evidence that nothing uses the old Redis is, if it is no scan of the application repository."""
    scan = client.migration.scan if client.migration else None
    if scan and not is_of_checkout(scan):
        yield f"the application repository was not scanned for uses of the old Redis. The recorded evidence: {described(scan)}"


def _misfits(client: Client) -> Iterator[str]:
    """Yield each workload that the kind of owner can't change, because something else deploys it."""
    for workload in client.workloads if client.migration is not None else ():
        by = deployed_by(workload.manifest.content) if workload.manifest else None
        if by and client.owner.kind not in by.kinds:
            fitting = " or ".join(f"`{kind}`" for kind in by.kinds)
            yield f"{by.described} deploys {workload.reference}: with `owner.kind` {fitting}, a step can change it"


def local_redis(client: Client) -> Iterator[str]:
    """Yield what is different for an old Redis in the pods of the application."""
    if client.previous is not None and client.is_migrating and is_local(client):
        data = "its volume stays" if keeps_data(client) else "its data is lost there"
        where = f"the old Redis `{client.previous.host}` in the pods of {', '.join(client.references)}"
        yield f"{where}: `scale-down` stops it, and {data}. No step removes its container: remove it from the base after `decommission`"


def losses(environment: Environment, client: Client) -> Iterator[str]:
    """Yield which sessions and tasks a client loses at the switch, and later by the eviction policy."""
    policy, migrates = environment.redis.memory.policy, client.is_migrating
    if "sessions" in client.use and migrates:
        yield "sessions: all users are logged out at the switch, because no data is copied"
    if "sessions" in client.use and policy != "noeviction":
        yield f"sessions: with `{policy}`, Redis evicts sessions when the memory is full, which logs users out"
    if "queue" in client.use and migrates:
        yield f"queue: let the workers empty the queues before `scale-down`. {STAYS[0].upper()}{STAYS[1:]}"


def delete_command(release: Release, number: str, pattern: str = "") -> str:
    """Return the command that deletes the keys of a database, also where FLUSHDB is disabled.

    redis-cli prints one key per line if its output is a pipe, and xargs of GNU and of BusyBox has these options. `-n` takes any text as
    database 0, so an empty variable has to end the command before it.

    Args:
        number: The number, as the shell of the pod reads it.
        pattern: An option of `--scan`.
    """
    redis_cli = f"{release.client} -p {release.container_port} -n {number}"
    return _in_pod(release, f'{redis_cli} --scan{pattern} | tr "\\n" "\\0" | xargs -0 -r -n 500 {redis_cli} UNLINK')


def delete_commands(environment: Environment, client: Client) -> Iterator[str]:
    """Yield the command that shows the keys of each database, and the command that deletes them in each database of a client."""
    release, shared = release_of(environment), shared_numbers(environment, client)
    yield _in_pod(release, f"{release.client} -p {release.container_port} INFO keyspace")
    for number in client.numbers:
        if number in shared:
            command = delete_command(release, str(number), ' --pattern "PREFIX*"')
            yield f"{command}   # Database {number} is shared: replace PREFIX by that of {client.name}"
        else:
            yield f"{delete_command(release, str(number))}   # Database {number}"


def shared_numbers(environment: Environment, client: Client) -> list[int]:
    """Return the databases of a client that another client may use."""
    marked = {database.number for database in client.databases.values() if database.shared}
    return [number for number in client.numbers if number in marked or len(users_of_databases(environment)[number]) > 1]


def _in_pod(release: Release, script: str) -> str:
    shell = f"kubectl -n {release.namespace} exec {release.primary_pod} -c {release.container} -- {release.shell} -c"
    return f"""{shell} 'export REDISCLI_AUTH="{release.password}"; {script}'"""
