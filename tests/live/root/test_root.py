"""What needs root: a disk that is really full, and a limit that the kernel enforces. Run it with `make test-live-root`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.cluster.processes import until
from tests.live.conftest import Start
from tests.live.load import SIZE, fill, writes
from tests.live.resp import RedisError
from tests.live.test_memory import CONFIG, LIMIT, MAXMEMORY

GROUPS = Path("/sys/fs/cgroup")


@pytest.fixture(autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.fail("this needs root: run make test-live-root as root, or make test-live without it", pytrace=False)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Yield a file system of this size in the place of a folder."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def memory_limit(process: int, size: int) -> Iterator[Path]:
    """Yield a cgroup with this limit and this process in it: version 2 where the kernel has its memory controller, else version 1."""
    second = "memory" in (GROUPS / "cgroup.controllers").read_text().split() if (GROUPS / "cgroup.controllers").exists() else False
    group = (GROUPS if second else GROUPS / "memory") / f"rediskit-lab-{process}"
    group.mkdir()
    try:
        (group / ("memory.max" if second else "memory.limit_in_bytes")).write_text(str(size))
        (group / "cgroup.procs").write_text(str(process))
        yield group / ("memory.peak" if second else "memory.max_usage_in_bytes")
    finally:
        for member in (group / "cgroup.procs").read_text().split():
            (group.parent / "cgroup.procs").write_text(member)
        group.rmdir()


def test_a_disk_that_is_really_full_refuses_writes_and_loses_nothing(start: Start) -> None:
    lab = start("root-full-disk", monitoring=False)
    lab.wait_for_replicas()
    primary, volume = lab.primary, lab.cluster.volume(lab.primary.claims[0])
    with small_disk(volume, "3m"):
        primary.kill("redis")
        until("a restart", lambda: primary.containers["redis"].restarts == 1 or None)
        lab.wait_ready()
        with lab.writing() as writer:
            with suppress(RedisError):
                fill(lab, primary, range(3000))
            until("refused writes", lambda: writer.errors().get("MISCONF", 0) > 5 or None, 30)
            assert primary.containers["redis"].passes("livenessProbe")
            subprocess.run(["mount", "-o", "remount,size=200m", volume], check=True)
            writer.wait_for_more(200)
        outcome = lab.outcome(writer)
        lab.record(outcome)
        assert outcome.lost == 0
        assert primary.containers["redis"].restarts == 1
        primary.delete()
        primary.join()


def test_the_kernel_kills_nothing_while_the_append_only_file_is_rewritten_under_load(start: Start) -> None:
    lab = start("root-memory-rewrite", config=CONFIG, monitoring=False)
    lab.wait_for_replicas()
    server = lab.primary.containers["redis"]
    keys = MAXMEMORY * 2**20 // SIZE
    with memory_limit(server.pid, LIMIT * 2**20) as peak:
        fill(lab, lab.primary, range(keys))
        with writes(lab, lab.primary, keys):
            lab.redis(lab.primary, "BGREWRITEAOF")
            until("the rewrite", lambda: lab.info(lab.primary, "persistence")["aof_rewrite_in_progress"] == "0" or None, 60)
        mebibytes = int(peak.read_text()) // 2**20
    lab.note(limit_MiB=LIMIT, peak_with_page_cache_MiB=mebibytes)
    lab.record()
    assert server.restarts == 0
    assert mebibytes > MAXMEMORY, "the server was not in the group"
