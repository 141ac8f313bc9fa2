"""The settings of redis.conf by name: those that only tune Redis, and those that break what rediskit renders.

The names are those of Redis 8 and Valkey 8 (config.c). `server.redis_conf` and `durability` check the settings of `CHECKED` by their own
rules.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from rediskit.checks.finding import Issue, Subject
from rediskit.checks.redis_conf import Directive, all_directives
from rediskit.errors import dotted, nearest
from rediskit.model.measures import RedisMemory
from rediskit.model.nested import text_at

CHECKED = frozenset(
    "aclfile aof-load-truncated appendfsync appendonly auto-aof-rewrite-percentage bind databases dir include masterauth masteruser"
    " maxmemory maxmemory-policy no-appendfsync-on-rewrite port primaryauth primaryuser rename-command replicaof"
    " requirepass save shutdown-on-sigterm"
    " slaveof stop-writes-on-bgsave-error user".split()
)
_FORMS = {
    "yes or no": (
        "yes|no",
        (
            "activedefrag activerehashing always-show-logo aof-rewrite-incremental-fsync aof-timestamp-enabled aof-use-rdb-preamble"
            " crash-log-enabled crash-memcheck-enabled disable-thp dynamic-hz hide-user-data-from-log io-threads-do-reads"
            " jemalloc-bg-thread"
            " latency-tracking lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del lazyfree-lazy-user-del"
            " lazyfree-lazy-user-flush protected-mode rdb-del-sync-files rdb-save-incremental-fsync rdbcompression repl-disable-tcp-nodelay"
            " repl-diskless-sync replica-announced replica-lazy-flush set-proc-title syslog-enabled use-exit-on-panic"
        ),
    ),
    "a number": (
        "-?[0-9]+",
        (
            "acllog-max-len active-defrag-cycle-max active-defrag-cycle-min active-defrag-max-scan-fields active-defrag-threshold-lower"
            " active-defrag-threshold-upper active-expire-effort busy-reply-threshold hash-max-listpack-entries hash-max-ziplist-entries hz"
            " io-threads latency-monitor-threshold lfu-decay-time lfu-log-factor list-compress-depth lua-time-limit"
            " max-new-connections-per-cycle max-new-tls-connections-per-cycle maxmemory-eviction-tenacity maxmemory-samples"
            " min-replicas-max-lag repl-backlog-ttl repl-diskless-sync-delay repl-diskless-sync-max-replicas repl-ping-replica-period"
            " replica-priority set-max-intset-entries set-max-listpack-entries shutdown-timeout slowlog-log-slower-than slowlog-max-len"
            " stream-node-max-entries tcp-backlog tcp-keepalive timeout tracking-table-max-keys zset-max-listpack-entries"
            " zset-max-ziplist-entries list-max-listpack-size list-max-ziplist-size"
        ),
    ),
    "a size": (
        "[0-9]+(?:b|[kmg]b?)?",
        (
            "active-defrag-ignore-bytes client-query-buffer-limit hash-max-listpack-value hash-max-ziplist-value hll-sparse-max-bytes"
            " loading-process-events-interval-bytes proto-max-bulk-len repl-backlog-size set-max-listpack-value stream-node-max-bytes"
            " zset-max-listpack-value zset-max-ziplist-value"
        ),
    ),
    "a value": (
        r".*\S.*",
        (
            "acl-pubsub-default aof-rewrite-cpulist aof_rewrite_cpulist bgsave-cpulist bgsave_cpulist bio-cpulist bio_cpulist"
            " client-output-buffer-limit ignore-warnings latency-tracking-info-percentiles locale-collate loglevel notify-keyspace-events"
            " oom-score-adj oom-score-adj-values proc-title-template propagation-error-behavior sanitize-dump-payload server-cpulist"
            " server_cpulist shutdown-on-sigint syslog-facility syslog-ident"
        ),
    ),
}
"""The forms of values: a regular expression, and the settings with this form that only tune Redis."""
_HARMLESS = {name: form for form, (_, names) in _FORMS.items() for name in names.split()}
_OF_VALKEY = frozenset(
    "availability-zone commandlog-execution-slower-than commandlog-large-reply-max-len commandlog-large-request-max-len"
    " commandlog-reply-larger-than commandlog-request-larger-than commandlog-slow-execution-max-len dual-channel-replication-enabled"
    " events-per-io-thread extended-redis-compatibility log-format log-timestamp-format prefetch-batch-max-size".split()
)
"""The settings of Valkey that only tune it. Redis does not start with them."""


class _Risk(NamedTuple):
    """A setting with an effect beyond the speed of Redis.

    Attributes:
        is_safe: Whether a value in lower case keeps what rediskit renders.
    """

    is_safe: Callable[[str, Subject], bool]
    effect: str


def _is(*values: str) -> Callable[[str, Subject], bool]:
    return lambda value, _: value in values


def _at_least(number: int) -> Callable[[str, Subject], bool]:
    return lambda value, _: value.isdecimal() and int(value) >= number


def _up_to_replicas(value: str, subject: Subject) -> bool:
    return value.isdecimal() and int(value) <= subject.release.replicas


def _leaves_clients(value: str, _: Subject) -> bool:
    """Return whether the buffers of all clients can have 1 % of maxmemory, or 64 MiB."""
    return value == "0" or (value.endswith("%") and value != "0%") or _bytes(value) >= _bytes("64mb")


def _bytes(value: str) -> float:
    try:
        return float(RedisMemory(value).amount)
    except ValueError:
        return -1


_NO_WRITES = "Redis refuses all writes while fewer replicas are connected"
_OTHER_FILE = "the rendered pages, and a Redis without this line, expect the file at its default name"
_BY_CLIENTS = "each client can change files, run code or stop Redis"
_STRANDED = "the other rendered manifests reach Redis only at its port, without TLS"
_RISKS: Mapping[str, _Risk] = {
    "aof-disable-auto-gc": _Risk(_is("no"), "old append-only files fill the volume"),
    "appenddirname": _Risk(_is("appendonlydir"), _OTHER_FILE),
    "appendfilename": _Risk(_is("appendonly.aof"), _OTHER_FILE),
    "auto-aof-rewrite-min-size": _Risk(lambda value, _: 0 <= _bytes(value) <= _bytes("1gb"), "the append-only file fills the volume"),
    "bind-source-addr": _Risk(_is('""'), "replicas connect from an address that their node may not have"),
    "client-default-resp": _Risk(_is("2"), "clients get answers in a form that they did not ask for"),
    "cluster-enabled": _Risk(_is("no"), "a node of a cluster has one database only, and refuses commands (CLUSTERDOWN)"),
    "daemonize": _Risk(_is("no"), "its container ends while Redis runs, and the kubelet restarts it in a loop"),
    "dbfilename": _Risk(_is("dump.rdb"), _OTHER_FILE),
    "enable-debug-command": _Risk(_is("no", "local"), _BY_CLIENTS),
    "enable-module-command": _Risk(_is("no", "local"), _BY_CLIENTS),
    "enable-protected-configs": _Risk(_is("no", "local"), _BY_CLIENTS),
    "key-load-delay": _Risk(_is("0"), "Redis waits at each key when it starts"),
    "loadmodule": _Risk(lambda *_: False, "Redis runs the code of a file, and does not start without it or with an older file"),
    "logfile": _Risk(_is('""', "/dev/stdout", "/dev/stderr"), "Redis appends its log to a file, which can be one of its data"),
    "maxclients": _Risk(_at_least(1000), "Redis refuses further clients, its replicas and its probes included"),
    "maxmemory-clients": _Risk(_leaves_clients, "Redis disconnects clients, those of the applications included"),
    "min-replicas-to-write": _Risk(_up_to_replicas, _NO_WRITES),
    "pidfile": _Risk(lambda value, _: value.startswith(("/run/", "/var/run/", "/tmp/")), "Redis overwrites the file"),
    "rdb-key-save-delay": _Risk(_is("0"), "Redis waits at each key when it saves"),
    "rdbchecksum": _Risk(_is("yes"), "Redis loads a damaged dump without notice"),
    "repl-diskless-load": _Risk(_is("disabled", "on-empty-db", "swapdb"), "a replica that loses its primary during a copy is empty"),
    "repl-timeout": _Risk(_at_least(15), "replicas copy all data again and again: the primary sends a ping every 10 seconds"),
    "replica-announce-ip": _Risk(_is('""'), "the chart sets the address of a replica"),
    "replica-announce-port": _Risk(_is("0"), "the chart sets the port of a replica"),
    "replica-ignore-disk-write-errors": _Risk(_is("yes"), "a replica with a full disk exits, and the kubelet restarts it in a loop"),
    "replica-ignore-maxmemory": _Risk(_is("yes"), "replicas evict keys that the primary has"),
    "replica-read-only": _Risk(_is("yes"), "a write to a replica is lost when it copies the primary again"),
    "replica-serve-stale-data": _Risk(_is("yes"), "replicas refuse all reads while the primary is down"),
    "req-res-logfile": _Risk(_is('""'), "Redis writes all requests, passwords included, to a file"),
    "socket-mark-id": _Risk(_is("0"), "Redis needs a capability that its container does not have"),
    "supervised": _Risk(_is("no", "auto"), "Redis stops itself and waits for a program that its container does not have"),
    "unixsocket": _Risk(_is('""'), "Redis creates a file that replaces another one"),
    "watchdog-period": _Risk(_is("0"), "Redis interrupts itself for its log"),
}
"""The settings that can break what rediskit renders."""
_RISKY_GROUPS = {
    "cluster-": _RISKS["cluster-enabled"].effect,
    "tls-": _STRANDED,
    "unixsocket": _RISKS["unixsocket"].effect,
}
"""The effect of all other settings whose name starts so."""
_OTHER_NAMES = {"min-slaves-": "min-replicas-", "slave-": "replica-", "repl-ping-slave-": "repl-ping-replica-"}
"""The start of old names, which Redis still accepts."""


def unsafe(subject: Subject) -> Iterator[Issue]:
    """Refuse lines of redis.conf that break what rediskit renders or promises, such as `cluster-enabled yes`."""
    for directive in all_directives(subject):
        name = _name(directive)
        if effect := _effect(name, directive.value.lower(), subject):
            line = directive.text if name in _RISKS else directive.name  # Others can contain a password.
            hint = "remove the line, or accept it where its effect is intended"
            yield Issue(f"redis.conf sets {line}: {effect}", hint, directive.path, on=_places(directive, line))


def _effect(name: str, value: str, subject: Subject) -> str:
    """Return the effect of a setting; "" for one without a risk."""
    if risk := _RISKS.get(name):
        return "" if risk.is_safe(value, subject) else risk.effect
    return next((effect for start, effect in _RISKY_GROUPS.items() if name.startswith(start)), "")


def unknown(subject: Subject) -> Iterator[Issue]:
    """Refuse lines of redis.conf that rediskit does not know, and values of another form: with a wrong line, Redis does not start."""
    for directive in all_directives(subject):
        name = _name(directive)
        if name in CHECKED or name in _RISKS or name.startswith(tuple(_RISKY_GROUPS)):
            continue
        if name in _HARMLESS:
            form = _HARMLESS[name]
            if not re.fullmatch(_FORMS[form][0], directive.value, re.IGNORECASE):
                message = f"redis.conf sets {directive.text}, and {name} needs {form}: Redis would not start"
                yield Issue(message, f"write {form}", directive.path, on=_places(directive, directive.text))
        elif name not in _OF_VALKEY or "valkey" not in text_at(subject.values.get("image"), "repository"):
            near = nearest(name, sorted({*_HARMLESS, *_RISKS, *CHECKED}), 1)
            hint = f"did you mean {near[0]}?" if near else "remove it, or try it with the same image and accept it"
            message = f"rediskit does not know {directive.name} in redis.conf: Redis does not start with an unknown line"
            yield Issue(message, hint, directive.path, on=_places(directive, directive.name))


def _name(directive: Directive) -> str:
    """Return the name of a setting, without the old spelling of `replica`."""
    name = directive.name
    return next((new + name.removeprefix(old) for old, new in _OTHER_NAMES.items() if name.startswith(old)), name)


def _places(directive: Directive, line: str) -> tuple[str, ...]:
    """Return the value of `accept.on`: the config path and the line, so that another line in the same text is a finding."""
    return (f"{dotted(directive.path)}={line}",)
