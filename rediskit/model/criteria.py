"""The six criteria of the validation. Nothing heavy is imported: `--help` lists them."""

from __future__ import annotations

from collections.abc import Mapping

CRITERIA: Mapping[str, str] = {
    "no-restarts": "no crashes or restarts",
    "no-redis-errors": "no Redis connection errors in the logs",
    "stable-connections": "stable connections in Prometheus",
    "functions-verified": "login, sessions and cache work",
    "no-user-reports": "no reports from users",
    "latency": "p95 below 10 ms",
}
"""Each criterion as commands and evidence name it, and what it means."""
FAILED = ":failed"
"""What follows the name of a criterion that was observed to fail."""
