"""Memory under load: what a fork costs, measured against the limit."""

from __future__ import annotations

from tests.cluster.processes import until
from tests.live.conftest import Start
from tests.live.load import SIZE, Peak, fill, writes

MAXMEMORY = 100
LIMIT = 220
"""Mebibytes: 2.2 times, above which `memory-headroom` does not warn."""
CONFIG = {
    "redis": {
        "memory": {"max": f"{MAXMEMORY}mb"},
        "resources": {
            "primary": {"requests": {"cpu": "100m", "memory": f"{LIMIT}Mi"}, "limits": {"cpu": "1", "memory": f"{LIMIT}Mi"}},
        },
    }
}


def test_a_rewrite_of_the_append_only_file_under_load_stays_below_the_limit(start: Start) -> None:
    lab = start("memory-rewrite", config=CONFIG, monitoring=False)
    lab.wait_for_replicas()
    keys = MAXMEMORY * 2**20 // SIZE
    server = lab.primary.containers["redis"]
    fill(lab, lab.primary, range(keys))
    until("the end of rewrites", lambda: lab.info(lab.primary, "persistence")["aof_rewrite_in_progress"] == "0" or None, 60)
    with writes(lab, lab.primary, keys), Peak(server.pid) as peak:
        lab.redis(lab.primary, "BGREWRITEAOF")
        until("the rewrite", lambda: lab.info(lab.primary, "persistence")["aof_rewrite_in_progress"] == "0" or None, 60)
    used = int(lab.info(lab.primary, "memory")["used_memory"])
    mebibytes = round(peak.bytes / 2**20)
    lab.note(maxmemory_MiB=MAXMEMORY, limit_MiB=LIMIT, peak_MiB=mebibytes)
    lab.record()
    print(f"peak {mebibytes} MiB, maxmemory {MAXMEMORY} MiB, limit {LIMIT} MiB")
    assert used > 0.9 * MAXMEMORY * 2**20, "the memory was not full"
    assert peak.bytes > used, "a fork under writes has pages of its own"
    assert mebibytes < LIMIT
    assert server.restarts == 0
