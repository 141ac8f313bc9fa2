"""Rules about rendered objects. They run on every render, return data and print nothing."""

from collections.abc import Iterator
from datetime import date

from rediskit.checks import (
    access,
    bases,
    database_numbers,
    databases,
    durability,
    flux,
    helm_release,
    images,
    manifests,
    merged_databases,
    objects,
    old_redis,
    open_questions,
    owner_files,
    owners,
    redis_pods,
    redis_settings,
    release,
    secrets,
    server,
    tool_keys,
    volumes,
    workloads,
)
from rediskit.checks.acceptance import unaccepted
from rediskit.checks.finding import REFUSED, Check, Finding, Issue, Severity, Subject, Topic, reference
from rediskit.errors import dotted
from rediskit.model.ciphertext import as_applied
from rediskit.model.environment import Environment
from rediskit.renderers.tree import Tree

__all__ = ["CHECKS", "Check", "Finding", "Severity", "check", "run_checks"]


def matches_schema(subject: Subject) -> Iterator[Issue]:
    """Require that each object matches the strict schema of its kind, for the Kubernetes version of the config.

    For a patch, the check validates the patched object. For a Secret that SOPS encrypts, it validates the decrypted form.
    """
    from rediskit.checks.schema import validate

    version = subject.environment.kubernetes
    whole = (
        (file.path, file.source, file.content)
        for file in subject.tree.contents
        if file.path in subject.tree.objects and not owners.is_patch(file.path)
    )
    for path, source, content in (*whole, *owners.patched(subject)):
        if not isinstance(content, dict):
            continue
        for violation in validate(as_applied(content), version):
            place = f" at {dotted(violation.path)}" if violation.path else ""
            yield Issue(f"{path}{place}: {violation.message}", REFUSED, source, on=(reference(content),))


CHECKS: tuple[Check, ...] = (
    Check("schema", "error", matches_schema),
    Check("chart-key", "error", release.chart_keys),
    Check("chart-owned-value", "error", release.owned_values, "password"),
    Check("chart-label", "error", release.labels),
    Check("tool-key", "error", tool_keys.tool_keys),
    Check("chart-name", "error", release.names),
    Check("extra-object", "error", release.extra_objects),
    Check("volume-shared", "error", volumes.shared),
    Check("volume-existing", "error", volumes.existing),
    Check("data-directory", "error", volumes.written),
    Check("start-replaced", "error", volumes.start_replaced),
    Check("start-deletes", "warning", volumes.deleting_commands),
    Check("redis-conf", "error", server.redis_conf),
    Check("redis-conf-unsafe", "error", redis_settings.unsafe),
    Check("redis-conf-unknown", "error", redis_settings.unknown),
    Check("durability", "warning", durability.durability),
    Check("memory-limit", "error", server.memory),
    Check("memory-headroom", "warning", server.memory_headroom),
    Check("volume-headroom", "warning", server.volume_headroom),
    Check("request-above-limit", "error", server.requests),
    Check("replica-probe", "error", server.replica_probes),
    Check("liveness-probe", "warning", server.liveness),
    Check("redis-not-updated", "warning", redis_pods.not_updated),
    Check("one-node", "warning", redis_pods.one_node),
    Check("image-pin", "error", images.pinned),
    Check("image-shell", "warning", images.without_shell),
    Check("frozen-image", "warning", images.frozen),
    Check("chart-unknown", "error", release.unknown_chart),
    Check("duplicate-object", "error", objects.duplicates),
    Check("namespace-missing", "error", objects.namespaces),
    Check("listed-file", "error", objects.listed_files),
    Check("project-admits", "error", objects.project),
    Check("application", "error", objects.applications),
    Check("foreign-workload", "error", objects.foreign_workloads),
    Check("verification-alone", "error", objects.verification_alone),
    Check("external-selector", "error", access.external_selector),
    Check("external-access", "error", access.external_access),
    Check("own-service", "error", access.own_services),
    Check("service-monitor", "error", access.service_monitor),
    Check("scrape-interval", "warning", access.scrape_interval),
    Check("network-policy", "error", access.network_policy),
    Check("client-egress", "error", access.client_egress),
    Check("flux-values", "error", flux.release_values),
    Check("flux-dependency", "error", flux.dependencies),
    Check("flux-substitution", "error", flux.substitutions),
    Check("flux-credentials", "warning", flux.credentials),
    Check("client-address", "error", owners.client_address, "password"),
    Check("port-text", "error", owners.port_text),
    Check("secret-reference", "error", owners.secret_reference, "password"),
    Check("owner-patch", "error", owners.owner_patch),
    Check("owner-component", "error", owner_files.files_of_the_step),
    Check("release-settings", "error", helm_release.settings),
    Check("release-chart", "error", helm_release.chart_version),
    Check("values-beaten", "error", helm_release.parameters),
    Check("client-variables", "error", manifests.duplicate_variables, "password"),
    Check("pods-not-updated", "error", workloads.not_updated),
    Check("volume-deleted", "error", workloads.deleted_volumes),
    Check("base-switched", "error", bases.manifest_switched),
    Check("secret-taken", "error", bases.secret_taken, "password"),
    Check("variable-absent", "warning", manifests.absent_variables),
    Check("composed-url", "warning", manifests.composed_urls, "password"),
    Check("password-in-url", "warning", manifests.password_in_url, "password"),
    Check("previous-differs", "warning", manifests.previous_differs),
    Check("database-clash", "error", databases.clash),
    Check("database-unnamed", "warning", databases.unnamed),
    Check("channels-shared", "warning", databases.shared_channels),
    Check("database-undeclared", "error", database_numbers.undeclared),
    Check("database-unused", "warning", database_numbers.unused),
    Check("database-split", "warning", database_numbers.split_data),
    Check("database-merged", "warning", merged_databases.merged_data),
    Check("database-joined", "warning", merged_databases.joined_data),
    Check("move-apart", "error", database_numbers.split_times),
    Check("queue-evicted", "error", databases.evicted_queue),
    Check("cache-fills", "warning", databases.filling_cache),
    Check("commands-shared", "warning", databases.deleting_commands),
    Check("command-needed", "warning", databases.scripts_of_a_queue),
    Check("use-missing", "warning", databases.missing_use),
    Check("use-unknown", "warning", databases.unknown_use),
    Check("use-unsaved", "error", databases.unsaved_use),
    Check("previous-shared", "error", old_redis.previous_shared),
    Check("old-redis-in-use", "error", old_redis.in_use),
    Check("old-redis-possible", "warning", old_redis.possibly_in_use),
    Check("scan-missing", "error", old_redis.missing_scan),
    Check("old-redis-gone", "error", old_redis.gone),
    Check("ciphertext-missing", "error", secrets.ciphertext_missing, "password"),
    Check("ciphertext", "error", secrets.ciphertext_content, "password"),
    Check("ciphertext-kept", "error", secrets.ciphertext_kept, "password"),
    Check("ciphertext-rotation", "error", secrets.rotation, "password"),
    Check("rotation-restart", "error", secrets.rotation_restart, "password"),
    Check("ciphertext-recipients", "error", secrets.recipients, "password"),
    Check("ciphertext-unused", "warning", secrets.ciphertext_unused, "password"),
    Check("ciphertext-opened", "error", secrets.decryption, "password"),
    Check("secret-refresh", "warning", secrets.refresh, "password"),
    Check("plain-secret", "error", secrets.plain_secrets, "password"),
    Check("password", "error", secrets.passwords, "password"),
    Check("repository-placeholder", "warning", open_questions.placeholder_repository),
    Check("migration-history", "warning", manifests.history),
)
"""All checks, in the order of their findings."""


def run_checks(environment: Environment, tree: Tree, topic: Topic = "") -> list[Finding]:
    """Return the findings of the checks of a topic (empty: all checks), without applying `accept`. The function is pure."""
    subject = Subject(environment, tree)
    return [
        Finding(rule.code, issue.severity or rule.severity, issue.message, issue.hint, issue.path, environment.locate(issue.path), issue.on)
        for rule in CHECKS
        if topic in ("", rule.topic)
        for issue in rule.run(subject)
    ]


def check(environment: Environment, tree: Tree, topic: Topic = "", *, today: date | None = None) -> list[Finding]:
    """Return the findings that the config does not accept, in the order of `CHECKS`.

    Only a run of all checks (no `topic`) reports unused entries of `accept`. `today` is the day to compare `accept.until` with: None reads
    the clock, but only where the config accepts a finding.
    """
    codes = None if topic else frozenset(rule.code for rule in CHECKS)
    return unaccepted(environment, run_checks(environment, tree, topic), codes, today)
