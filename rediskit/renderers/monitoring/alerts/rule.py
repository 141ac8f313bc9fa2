"""One alert rule, and the templates for its text."""

from typing import Literal

from rediskit.renderers.tree import Object

Severity = Literal["critical", "warning", "info"]

PREFIX = "SharedRedis"
"""The prefix of every alert name."""

POD, COMMAND, REPLICA, ERROR = "{{ $labels.pod }}", "{{ $labels.cmd }}", "{{ $labels.slave_ip }}", "{{ $labels.err }}"
NAMESPACE, JOB = "{{ $labels.namespace }}", "{{ $labels.job_name }}"
VALUE, NUMBER, PERCENT = "{{ $value }}", "{{ $value | humanize }}", "{{ $value | humanizePercentage }}"
"""Templates that Prometheus expands when the alert fires. `slave_ip` is a label of the exporter, `job_name` one of kube-state-metrics.
A label of the rule replaces none of them."""


def rule(name: str, severity: Severity, hold: str, expr: str, summary: str, description: str) -> Object:
    """Return one rule of the group.

    Args:
        severity: the label that Alertmanager routes by.
        hold: the duration of the condition before the alert fires.
        summary: what is wrong, in less than 70 characters.
        description: the facts, their meaning, and the fix.
    """
    return {
        "alert": PREFIX + name,
        "expr": expr,
        "for": hold,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }
