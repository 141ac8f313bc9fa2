"""The six criteria of the validation. `--help` lists them, so this module imports no Pydantic."""

from collections.abc import Mapping

CRITERIA: Mapping[str, str] = {
    "no-restarts": "no crashes or restarts",
    "no-redis-errors": "no Redis connection errors in the logs",
    "stable-connections": "stable connections in Prometheus",
    "functions-verified": "login, sessions and cache work",
    "no-user-reports": "no reports from users",
    "latency": "p95 below 10 ms",
}
"""The name of each criterion in commands and evidence, and its description."""
FAILED = ":failed"
"""The suffix of a criterion that failed."""
UNKNOWN = ":unknown"
"""The suffix of a criterion that could not be measured: a person must verify it."""
MEASURED = ("no-restarts", "no-redis-errors", "stable-connections", "latency")
"""The criteria that `rediskit migrate record --measure` measures. The others are a person's word."""
