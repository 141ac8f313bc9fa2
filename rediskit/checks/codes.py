"""The codes of findings that are not in the table `CHECKS`: a command adds them. They need Git, a program or a clock."""

from __future__ import annotations

from typing import NamedTuple

from rediskit.checks.changes.rules import RULES


class Code(NamedTuple):
    """A documented code: its severity, and the rule that holds while it is not reported."""

    code: str
    severity: str
    rule: str


ACCEPT = (
    Code(
        "accept-unused", "warning", "Every entry of `accept` accepts a finding of this run: one that accepts nothing would hide the next."
    ),
)
PLACE = (Code("gitops-path", "error", "`gitops.path` is where the tree lies in its Git work tree."),)
CONFIG = (Code("open-question", "warning", "With `check`: no comment of `init` in the config still asks something."),)
KUBECONFORM = (
    Code("kubeconform", "error", "With `check --kubeconform`: another program finds the rendered text valid too, with the same schemas."),
)
STEPS = (
    Code("step-jump", "error", "With `check --base REV`: each migration is where it was there, or one step on, back, or rolled back."),
    Code("history-rewritten", "error", "With `check --base REV`: a history is only added to."),
    Code("migration-dropped", "error", "With `check --base REV`: no migration goes from the config between `prepare` and `complete`."),
    Code("order-changed", "error", "With `check --base REV`: the order of a migration changes at `prepare` alone."),
)
CHANGES = (
    *(Code(rule.code, rule.severity, f"With `check --base REV`: {rule.happens}.") for rule in RULES),
    Code("release-restart", "info", "With `check --base REV`: other Helm values change, so that pods may restart."),
    Code("release-leaves", "warning", "With `check --base REV`: the Redis that is deployed there stays in the tree."),
    Code("config-gone", "error", "With `check --base REV`: the config of a Redis that is deployed there is where it was."),
    Code("base-unreadable", "error", "With `check --base REV`: the config at the revision loads, so that it can be compared."),
)
TIMES = (Code("time-in-future", "error", "With `check`: no step and no observation of a migration is later than now, plus two minutes."),)
COMMITS = (
    Code("time-differs", "warning", "With `check --base REV`: the time of a step is within 15 minutes of the commit that wrote it."),
)
OWNER = (
    Code("owner-build", "error", "With `check --owner DIR`: the kustomization builds, with the files of each step too."),
    Code("owner-link", "error", "With `check --owner DIR`: no symbolic link is where files of ours are written."),
    Code("owner-unread", "warning", "With `check --owner DIR`: every kustomization of the checkout can be read; others are skipped."),
    Code("owner-remote", "error", "With `check --owner DIR --offline`: the build fetches nothing."),
    Code("owner-drift", "error", "With `check --owner DIR`: the files there are those of the step."),
    Code("owner-workload", "error", "With `check --owner DIR`: the workload is in the build, once."),
    Code("owner-replicas", "error", "With `check --owner DIR`: the base sets the replicas of the config, as a rollback needs."),
    Code("owner-removal", "warning", "With `check --owner DIR`: what `previous.remove` lists is in the build."),
    Code("owner-autoscaler", "error", "With `check --owner DIR`: the config has every autoscaler of the workload that is in the build."),
    Code("owner-folded", "error", "With `check --owner DIR` at `complete`: the base carries the change itself."),
    Code("scan-possible", "warning", "With `check --owner DIR`: nothing there has the name of the old Redis as a word. Accept the rest."),
    Code("scan-not-visible", "info", "With `check --owner DIR`: everything there can be read; the rest is neither found nor ruled out."),
    Code("owner-beaten", "error", "With `check --owner DIR`: nothing that comes after the Component undoes a step."),
)

COMMANDS: tuple[Code, ...] = (*ACCEPT, *PLACE, *CONFIG, *KUBECONFORM, *STEPS, *CHANGES, *TIMES, *COMMITS, *OWNER)
"""All of them, in the order of docs/checks.md. `owner-component` is in the table `CHECKS` too."""


def names(codes: tuple[Code, ...]) -> frozenset[str]:
    """Return the codes alone."""
    return frozenset(code.code for code in codes)
