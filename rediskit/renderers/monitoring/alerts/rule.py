"""One alert rule, and the templates that its text may use."""

from __future__ import annotations

from typing import Literal

from rediskit.renderers.tree import Object

Severity = Literal["critical", "warning", "info"]

PREFIX = "SharedRedis"
"""What the name of every alert begins with."""

POD, COMMAND, REPLICA, ERROR = "{{ $labels.pod }}", "{{ $labels.cmd }}", "{{ $labels.slave_ip }}", "{{ $labels.err }}"
VALUE, NUMBER, PERCENT = "{{ $value }}", "{{ $value | humanize }}", "{{ $value | humanizePercentage }}"
"""Prometheus fills these in when the alert fires. `slave_ip` is a label of the exporter."""


def rule(name: str, severity: Severity, hold: str, expr: str, summary: str, description: str) -> Object:
    """Return one rule of the group.

    Args:
        name: the alert, without the prefix.
        severity: the label that Alertmanager routes by.
        hold: how long the condition lasts before the alert fires.
        expr: the condition, in PromQL.
        summary: what is wrong, in less than 70 characters.
        description: what is known, what it means, and what to do.
    """
    return {
        "alert": PREFIX + name,
        "expr": expr,
        "for": hold,
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }
