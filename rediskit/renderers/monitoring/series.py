"""The time series of one release as PromQL names them: the one place for what alerts and dashboard share."""

from __future__ import annotations

from typing import NamedTuple

from rediskit.model.environment import Environment
from rediskit.renderers.helm import release_of

LATENCY_OBJECTIVE = 10
"""Milliseconds below which 95 % of SET and GET stay (SC-001 of the brief)."""

_SATURATED = "max number of clients"
"""In the error of a Redis that has no connection left: `ERR max number of clients reached` (networking.c)."""
_REPLY = "[A-Z]+ .+"
"""An error that Redis itself replied: its first word is a code in capitals. Errors of the network begin otherwise ("dial tcp", "EOF")."""


class Series(NamedTuple):
    """What every query about one release is made with.

    selector: the label matchers of its series, without braces. The labels are those of the scraped target; there is no alias label.
    instances: how many Redis there should be, the primary included. interval: seconds between two scrapes.
    """

    selector: str
    instances: int
    interval: int

    @classmethod
    def of(cls, environment: Environment) -> Series:
        """The series that the ServiceMonitor of this environment brings in: Prometheus labels them with the Service it finds them by."""
        release = release_of(environment)
        selector = f'namespace="{release.namespace}",service="{release.metrics_service}"'
        return cls(selector, 1 + environment.redis.replicas, int(environment.monitoring.interval.amount))

    def range(self, minutes: int) -> str:
        """Return these minutes as the range of a query, and four scrapes at least."""
        return duration(max(60 * minutes, 4 * self.interval))

    @property
    def window(self) -> str:
        """The range of a rate: 5 minutes, and four scrapes at least."""
        return self.range(5)

    def hold(self, minutes: int) -> str:
        """How long a condition must last before it is an alert: these minutes, and four scrapes at least."""
        return self.range(minutes)

    @property
    def primaries(self) -> str:
        """One series for each instance that calls itself primary."""
        return f'redis_instance_info{{{self.selector},role="master"}}'

    @property
    def scraped(self) -> str:
        """Return one series for each exporter that Prometheus reaches, whatever becomes of its Redis."""
        return f"redis_up{{{self.selector}}}"

    @property
    def refusals(self) -> str:
        """Return one series for each Redis that answers its exporter with an error: it runs, and its own metrics are missing.

        The exporter passes the error on only where its address has no scheme (redis_exporter 1.86 exporter/redis.go:91-101).
        """
        return f'redis_exporter_last_scrape_error{{{self.selector},err=~"{_REPLY}"}} == 1'

    @property
    def saturated(self) -> str:
        """Return one series for each Redis that turns its exporter away because maxclients is reached."""
        return f'redis_exporter_last_scrape_error{{{self.selector},err=~".*{_SATURATED}.*"}} == 1'

    @property
    def locked_out(self) -> str:
        """Return one series for each exporter whose login Redis refuses for another reason than maxclients."""
        return f'redis_exporter_last_scrape_error{{{self.selector},err=~"{_REPLY}",err!~".*{_SATURATED}.*"}} == 1'

    @property
    def answering(self) -> str:
        """Return one series for each Redis that answers its exporter, be it with an error."""
        return f"{self.scraped} == 1 or on (pod) {self.refusals}"

    @property
    def connected_replicas(self) -> str:
        """Return the number of replicas that are connected to the primary, by the primary's own count."""
        return f"sum(redis_connected_slaves{{{self.selector}}} and on (pod) {self.primaries})"

    @property
    def linked(self) -> str:
        """Return 1 if a replica is connected to its primary, 0 if none is, and nothing if no replica can be asked."""
        return f"max(redis_master_link_up{{{self.selector}}})"

    def latency(self, commands: str, window: str) -> str:
        """Milliseconds within which 95 % of the calls were done, by pod and command.

        By pod, because replicas repeat every write, fast, and would hide a slow primary. commands: a further matcher, or nothing.
        The metric is absent when LATENCY is disabled (redis_exporter 1.76, latency.go).
        """
        buckets = f"redis_commands_latencies_usec_bucket{{{','.join(filter(None, (self.selector, commands)))}}}"
        return f"histogram_quantile(0.95, sum by (pod, cmd, le) (rate({buckets}[{window}]))) / 1000"

    def behind(self) -> str:
        """Bytes by which each replica is behind, as its primary knows it.

        Both numbers are of one scrape: offsets scraped from two pods are seconds apart. A replica in its first sync has offset 0.
        """
        offset = f'redis_connected_slave_offset_bytes{{{self.selector},slave_state="online"}}'
        return f"max by (pod) (redis_master_repl_offset{{{self.selector}}}) - on (pod) group_right {offset}"


def duration(seconds: int) -> str:
    """As Prometheus reads it, in minutes where that is exact."""
    return f"{seconds}s" if seconds % 60 else f"{seconds // 60}m"
