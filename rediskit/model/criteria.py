"""The criteria of the validation. `--help` lists them, so this module imports no Pydantic."""

from collections.abc import Mapping


# A plain class, because a NamedTuple needs the import of `typing`.
class Criterion:
    """A criterion of the validation.

    Attributes:
        description: What is true.
        how: How a person verifies it. `{client}` and `{redis}` are namespaces, `{dashboard}` is the Grafana dashboard, if there is one.
        measured: Whether `rediskit migrate record --measure` measures it. The others are a person's word.
    """

    def __init__(self, description: str, how: str, *, measured: bool = False) -> None:
        self.description, self.how, self.measured = description, how, measured


CRITERIA: Mapping[str, Criterion] = {
    "no-restarts": Criterion("no crashes or restarts", "`kubectl -n {client} get pods`: column `RESTARTS`", measured=True),
    "no-redis-errors": Criterion(
        "no Redis connection errors in the logs",
        "search the logs of the application for `ECONN`, `NOAUTH`, `WRONGPASS` and `timeout`",
        measured=True,
    ),
    "stable-connections": Criterion(
        "stable connections in Prometheus",
        'Prometheus: no drops to 0 in `redis_connected_clients{{namespace="{redis}"}}`',
        measured=True,
    ),
    "functions-verified": Criterion(
        "login, sessions and cache work", "log in, keep a session, and verify that the cache fills (`DBSIZE` grows)"
    ),
    "no-user-reports": Criterion("no reports from users", "ask the support channel of the application"),
    "latency": Criterion(
        "p95 below 10 ms",
        "metrics of the application{dashboard}, or the column `p95_latency_ms` in the output of the command below",
        measured=True,
    ),
}
"""The criteria by their names in commands and evidence."""
FAILED = ":failed"
"""The suffix of a criterion that failed."""
UNKNOWN = ":unknown"
"""The suffix of a criterion that could not be measured: a person must verify it."""
MEASURED = tuple(name for name, criterion in CRITERIA.items() if criterion.measured)
