"""Run a command and print its seconds, processor seconds and memory in MiB as JSON.

A program of its own, because Linux counts the memory of the process that starts a command as memory of the command.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> int:
    start = time.perf_counter()
    process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, 2, 1)])
    _, status, used = os.wait4(process, 0)
    print(json.dumps([time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    raise SystemExit(main())
