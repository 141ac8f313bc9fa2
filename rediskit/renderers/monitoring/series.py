"""The PromQL expressions of one release, shared by alerts and dashboard."""

from __future__ import annotations

from typing import NamedTuple

from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of

LATENCY_OBJECTIVE = 10
"""The objective for the 95th percentile of SET and GET, in milliseconds."""

_SATURATED = "max number of clients"
"""A part of the error at the limit of connections: `ERR max number of clients reached` (networking.c)."""
_REPLY = "[A-Z]+ .+"
"""An error from Redis: its first word is a code in capitals. Network errors start differently ("dial tcp", "EOF")."""


class Series(NamedTuple):
    """The parameters of all queries about one release.

    Attributes:
        selector: the label matchers of the release, without braces. The labels are those of the scraped target.
        instances: the expected number of Redis instances, including the primary.
    """

    selector: str
    instances: int
    interval: int

    @classmethod
    def of(cls, environment: Environment) -> Series:
        """Return the series of the ServiceMonitor of an environment. Prometheus labels them with the selected Service."""
        release = release_of(environment)
        selector = f'namespace="{release.namespace}",service="{release.metrics_service}"'
        return cls(selector, 1 + environment.redis.replicas, int(environment.monitoring.interval.amount))

    def range(self, minutes: int) -> str:
        """Return the minutes as a PromQL duration, at least four scrapes long."""
        return duration(max(60 * minutes, 4 * self.interval))

    @property
    def window(self) -> str:
        """The range of a rate: 5 minutes, at least four scrapes."""
        return self.range(5)

    def hold(self, minutes: int) -> str:
        """Return the duration of a condition before its alert fires: at least four scrapes."""
        return self.range(minutes)

    @property
    def primaries(self) -> str:
        """One series for each instance with the role of a primary."""
        return f'redis_instance_info{{{self.selector},role="master"}}'

    @property
    def scraped(self) -> str:
        """One series for each exporter that Prometheus scrapes, independent of the state of its Redis."""
        return f"redis_up{{{self.selector}}}"

    @property
    def refusals(self) -> str:
        """One series for each Redis that answers its exporter with an error: it runs, but its metrics are missing.

        The exporter reports this error only if its address has no scheme (redis_exporter 1.86 exporter/redis.go:91-101).
        """
        return f'redis_exporter_last_scrape_error{{{self.selector},err=~"{_REPLY}"}} == 1'

    @property
    def saturated(self) -> str:
        """One series for each Redis that rejects its exporter because of maxclients."""
        return f'redis_exporter_last_scrape_error{{{self.selector},err=~".*{_SATURATED}.*"}} == 1'

    @property
    def locked_out(self) -> str:
        """One series for each exporter that Redis rejects for another reason than maxclients."""
        return f'redis_exporter_last_scrape_error{{{self.selector},err=~"{_REPLY}",err!~".*{_SATURATED}.*"}} == 1'

    @property
    def answering(self) -> str:
        """One series for each Redis that answers its exporter, with or without an error."""
        return f"{self.scraped} == 1 or on (pod) {self.refusals}"

    @property
    def connected_replicas(self) -> str:
        """The number of connected replicas, as reported by the primary."""
        return f"sum(redis_connected_slaves{{{self.selector}}} and on (pod) {self.primaries})"

    @property
    def linked(self) -> str:
        """1 if a replica is connected to its primary, 0 if none is, and no result without metrics of a replica."""
        return f"max(redis_master_link_up{{{self.selector}}})"

    def latency(self, commands: str, window: str) -> str:
        """Return the 95th percentile of the call duration in milliseconds, by pod and command.

        It is per pod, because replicas repeat every write and would hide a slow primary. Without LATENCY, the metric is missing
        (redis_exporter 1.76, latency.go). `commands` is a further label matcher, or "".
        """
        buckets = f"redis_commands_latencies_usec_bucket{{{','.join(filter(None, (self.selector, commands)))}}}"
        return f"histogram_quantile(0.95, sum by (pod, cmd, le) (rate({buckets}[{window}]))) / 1000"

    def behind(self) -> str:
        """Return the replication lag of each replica in bytes, as reported by the primary.

        Both offsets come from one scrape, because scrapes of two pods are seconds apart. A replica in its first sync has offset 0.
        """
        offset = f'redis_connected_slave_offset_bytes{{{self.selector},slave_state="online"}}'
        return f"max by (pod) (redis_master_repl_offset{{{self.selector}}}) - on (pod) group_right {offset}"


def duration(seconds: int) -> str:
    """Return a PromQL duration, in minutes if possible."""
    return f"{seconds}s" if seconds % 60 else f"{seconds // 60}m"
