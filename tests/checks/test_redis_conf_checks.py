"""The lines of redis.conf that have no finding, and those that a config accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit import check, render
from tests.samples import loaded


@pytest.mark.parametrize(
    "line",
    [
        f"user app on #{'0a' * 32} ~* +@all",
        "proc-title-template #log",
        "proc-title-template '# {title}'",
        "# appendonly no",
        "appendfsync always",
        "no-appendfsync-on-rewrite no",
        "auto-aof-rewrite-percentage 50",
        "shutdown-on-sigterm nosave",
        "cluster-enabled no",
        "client-output-buffer-limit replica 512mb 128mb 60",
        "HASH-max-ziplist-value 64",
        "slave-read-only yes",
        "min-replicas-to-write 1",
        "maxclients 20000",
        "maxmemory-clients 5%",
        "list-max-listpack-size -2",
        "loglevel verbose",
        'logfile ""',
    ],
)
def test_a_line_of_redis_conf_that_redis_accepts_has_no_finding(tmp_path: Path, line: str) -> None:
    """With an append-only file, `nosave` loses nothing: Redis flushes the file when it stops."""
    environment = loaded(tmp_path, "validate", over={"redis": {"values": {"master": {"configuration": line}}}})
    codes = {finding.code for finding in check(environment, render(environment))}
    assert codes.isdisjoint({"redis-conf", "redis-conf-unsafe", "redis-conf-unknown", "durability"})


def test_a_setting_of_valkey_is_known_where_the_image_is_valkey(tmp_path: Path) -> None:
    values = {"master": {"configuration": "prefetch-batch-max-size 8"}}
    over = {"redis": {"image": {"repository": "valkey/valkey", "tag": "8.1.3"}, "values": values}}
    environment = loaded(tmp_path, "validate", over=over)
    assert "redis-conf-unknown" not in {finding.code for finding in check(environment, render(environment))}


def test_one_line_of_redis_conf_is_accepted_and_no_other(tmp_path: Path) -> None:
    values = {"master": {"configuration": "maxclients 500\ncluster-enabled yes"}}
    entry = {"code": "redis-conf-unsafe", "on": "redis.values.master.configuration=maxclients 500", "reason": "a small node"}
    environment = loaded(tmp_path, "validate", over={"redis": {"values": values}, "accept": [entry]})
    messages = [finding.message for finding in check(environment, render(environment)) if finding.code == "redis-conf-unsafe"]
    assert len(messages) == 1
    assert "cluster-enabled yes" in messages[0]
