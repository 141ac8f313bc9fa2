"""The codes of findings that commands add to those of `CHECKS`. They need Git, another program or a clock."""

from typing import NamedTuple

from rediskit.checks.finding import Severity

RENDER = "render"
CHECK = "check"
KUBECONFORM = "check --kubeconform"
BASE = "check --base REV"
OWNER = "check --owner DIR"
LIVE = "migrate verify --live"
UPGRADE = "upgrade"


class Code(NamedTuple):
    """A documented code, the command that can report it, and what the rule requires."""

    code: str
    severity: Severity
    command: str
    rule: str


COMMANDS: tuple[Code, ...] = (
    Code("accept-unused", "warning", RENDER, "Warn about an entry of `accept` that accepts no finding: it would hide the next one."),
    Code("gitops-path", "error", RENDER, "Require that `gitops.path` is the path of the output directory in its Git work tree."),
    Code("owner-still-listed", "error", RENDER, "Refuse to remove a rendered Component that a kustomization of the work tree lists."),
    Code("owner-component", "error", CHECK, "With `owner.inPlace`, require that the overlay lists the rendered folder of the client."),
    Code("owner-paths", "error", CHECK, "Require that the Application or the Flux source of the overlay contains the rendered folder."),
    Code("owner-artifact", "warning", CHECK, "Warn about an artifact that has to contain the rendered folder: rediskit can't read it."),
    Code(
        "owner-added",
        "warning",
        CHECK,
        "Warn about keys by which a GitOps tool changes the build of the overlay, and that rediskit does not read.",
    ),
    Code("owner-revision", "error", CHECK, "Require that the object that builds an application follows the branch of the steps."),
    Code("owner-suspended", "error", CHECK, "Refuse a suspended Kustomization or GitRepository: no step would have an effect."),
    Code("owner-window", "warning", CHECK, "Warn about sync windows of the AppProject: while they forbid a sync, no step has an effect."),
    Code("owner-manual", "warning", CHECK, "Warn about an Application without automated sync: someone has to sync it at every step."),
    Code(
        "cluster-unnamed",
        "warning",
        CHECK,
        "Warn about configs with one address, pool or destination, or two Redis with one client Secret, if not both set `cluster`.",
    ),
    Code("workload-shared", "error", CHECK, "Refuse a workload that clients of two configs change at the same time."),
    Code(
        "owner-shared",
        "error",
        CHECK,
        "Refuse files of an application that clients of two configs change, also in two clusters.",
    ),
    Code("open-question", "warning", CHECK, "Warn about each open question of `init` in the config."),
    Code("time-in-future", "error", CHECK, "Refuse a step or evidence of a migration that is more than two minutes in the future."),
    Code("kubeconform", "error", KUBECONFORM, "Require that kubeconform accepts the rendered text, with the same schemas."),
    Code("step-jump", "error", BASE, "Allow a migration to stay, to move one step forward or back, or to roll back."),
    Code("history-rewritten", "error", BASE, "Refuse any change of `migration.history` other than new entries at its end."),
    Code("migration-dropped", "error", BASE, "Refuse the removal of a migration between `prepare` and `complete`."),
    Code("order-changed", "error", BASE, "Allow a change of `migration.order` only at `prepare`."),
    Code("client-moved", "error", BASE, "Refuse another owner or namespace, or fewer workloads, while a step is in effect."),
    Code("client-changed", "warning", BASE, "Warn when the requirements of the step of a client change without a step."),
    Code("release-restart", "info", BASE, "Report other changes of Helm values: they may restart pods."),
    Code("client-removed", "error", BASE, "Refuse to remove a client that uses the shared Redis, its namespace, or its `egress`."),
    Code("database-left", "error", BASE, "Refuse another number for a database of a client that uses the shared Redis: its keys stay."),
    Code("database-reused", "warning", BASE, "Warn about a database whose client at the revision was another one: its keys stay."),
    Code(
        "release-leaves",
        "warning",
        BASE,
        "Warn when a deployed Redis is no longer in the rendered manifests. An error if a client uses it at the revision.",
    ),
    Code("config-gone", "error", BASE, "Refuse the removal of the config of a deployed Redis."),
    Code("base-unreadable", "error", BASE, "Require that the config at the revision loads."),
    Code("defaults-changed", "error", BASE, "Refuse other defaults of another version of rediskit for the deployed release."),
    Code("time-differs", "warning", BASE, "Warn when a step has a time more than 15 minutes from the commit that wrote it."),
    Code("verify-cluster", "error", LIVE, "Require that all evidence from a cluster is from the same one, by the uid of `kube-system`."),
    Code("owner-build", "error", OWNER, "Require that the kustomization builds, also with the files of each step."),
    Code("owner-link", "error", OWNER, "Refuse a symbolic link at the path of a file that rediskit writes."),
    Code("owner-unread", "warning", OWNER, "Warn about a kustomization in the checkout that is unreadable: rediskit skips it."),
    Code("owner-remote", "error", OWNER, "With `--offline`, refuse a build that needs the network."),
    Code("owner-drift", "error", OWNER, "Require that the files in the checkout are those of the step."),
    Code("owner-workload", "error", OWNER, "Require that the build contains the workload exactly once."),
    Code("owner-replicas", "error", OWNER, "Require that the base sets the replicas of the config, because a rollback needs them."),
    Code(
        "owner-removal",
        "warning",
        OWNER,
        "Warn about an object in `previous.remove` that the build does not contain. "
        "An error from `scale-down` on, also at `rolled-back`, if Redis needs it.",
    ),
    Code("owner-unmoved", "error", OWNER, "Refuse a workload or container that the config leaves on the old Redis of a queue."),
    Code("owner-stopped", "error", OWNER, "Refuse an old Redis with 0 replicas before `decommission`. A warning before `scale-down`."),
    Code("owner-eviction", "warning", OWNER, "Warn about an old Redis that keeps keys which the shared one evicts. Not for a cache."),
    Code("owner-settings", "warning", OWNER, "Warn about a setting of the old Redis that the shared one does not have."),
    Code("owner-previous", "error", OWNER, "Refuse a switched variable of another Redis than `previous`. A warning before `scale-down`."),
    Code("owner-autoscaler", "error", OWNER, "Require that the config lists each autoscaler of the workload in the build."),
    Code("owner-folded", "error", OWNER, "At `complete`, require that the base contains the change itself."),
    Code("egress-blocked", "warning", OWNER, "Require that egress policies allow the shared Redis. An error from `reconfigure` on."),
    Code("egress-alone", "error", OWNER, "With `egress`, require another egress policy: the rendered one alone isolates the pods."),
    Code("scan-possible", "warning", OWNER, "Warn about a possible use of the old Redis. Accept it where it is something else."),
    Code("scan-not-visible", "info", OWNER, "Report objects that the scan can't read: it neither finds nor excludes a use there."),
    Code("chart-file", "error", OWNER, "With `--chart`, require the chart and the version that the application installs."),
    Code("chart-template", "error", OWNER, "With `--chart`, require that Helm renders the chart, and that its post-renderers succeed."),
    Code("values-hidden", "error", OWNER, "With `--chart`, require that all sources of values can be read."),
    Code("values-list", "error", OWNER, "With `--chart`, refuse a list in `owner.values` that drops an entry of the base."),
    Code("values-unused", "error", OWNER, "With `--chart`, require that the chart reads each key of `owner.values`."),
    Code("values-order", "error", OWNER, "With `--chart`, refuse a reference that the chart renders before its definition."),
    Code("values-differ", "error", OWNER, "With `--chart`, require that the values of each step render the state of that step."),
    Code(
        "upgrade-immutable", "error", UPGRADE, "Refuse a change of a field that the API server does not change, now or at a later upgrade."
    ),
    Code("upgrade-service", "error", UPGRADE, "Refuse a removed or renamed Service, and another selector, type or port."),
    Code("upgrade-object", "error", UPGRADE, "Refuse a Secret of the chart, a kind that the AppProject forbids, and a removed workload."),
    Code("upgrade-pod", "error", UPGRADE, "Require the containers, ports and labels of pods that rendered manifests use."),
    Code("upgrade-data", "error", UPGRADE, "Refuse another place of the data: Redis would start empty. Warn about another user."),
    Code("upgrade-secret", "error", UPGRADE, "Require that the pods read the password from the Secret of the config."),
    Code("upgrade-value", "error", UPGRADE, "Require that each rendered value still has an effect."),
    Code("upgrade-default", "error", UPGRADE, "Refuse a changed boolean default that changes objects; warn about other such defaults."),
    Code("upgrade-image", "error", UPGRADE, "Refuse an older Redis; warn about a newer one, which converts RDB and AOF files."),
    Code("owner-beaten", "error", OWNER, "Refuse a change after the Component that reverts a step."),
)
"""All codes of commands except those of `changes.RULES`, in the order of docs/checks.md."""


def names(*commands: str) -> frozenset[str]:
    """Return the codes that these commands can report; without arguments all of them."""
    codes = {code.code for code in COMMANDS if not commands or code.command in commands}
    if commands and BASE not in commands:
        return frozenset(codes)
    from rediskit.checks.changes import RULES

    return frozenset(codes | {rule.code for rule in RULES})
