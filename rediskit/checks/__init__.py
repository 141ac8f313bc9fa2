"""The checks over rendered objects. They run on every render, return data and print nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rediskit.checks import access, flux, objects, old_redis, owners, release, secrets, server, unanswered
from rediskit.checks.acceptance import unaccepted
from rediskit.checks.finding import Check, Complaint, Finding, Severity, Subject, Topic, reference
from rediskit.errors import dotted
from rediskit.model.ciphertext import as_applied
from rediskit.model.environment import Environment
from rediskit.renderers.tree import Tree

__all__ = ["CHECKS", "Check", "Finding", "Severity", "check", "run_checks"]


def fits_its_schema(subject: Subject) -> Iterator[Complaint]:
    """Every object fits the strict schema of its kind, for the Kubernetes version of the config.

    A patch for an owner is not an object: the real object is judged as the patch leaves it, and a Secret as SOPS opens it.
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
            message = f"{path}{place}: {violation.message}"
            yield Complaint(message, "the API server would refuse the object", source, on=(reference(content),))


CHECKS: tuple[Check, ...] = (
    Check("schema", "error", fits_its_schema),
    Check("chart-key", "error", release.chart_keys),
    Check("chart-owned-value", "error", release.owned_values, "password"),
    Check("chart-label", "error", release.labels),
    Check("chart-name", "error", release.names),
    Check("extra-object", "error", release.extra_objects),
    Check("redis-conf", "error", server.redis_conf),
    Check("memory-limit", "error", server.memory),
    Check("memory-headroom", "warning", server.memory_headroom),
    Check("volume-headroom", "warning", server.volume_headroom),
    Check("request-above-limit", "error", server.requests),
    Check("replica-probe", "error", server.replica_probes),
    Check("liveness-probe", "warning", server.liveness),
    Check("image-pin", "error", server.pinned_images),
    Check("image-shell", "warning", server.images_with_a_shell),
    Check("frozen-image", "warning", server.frozen_images),
    Check("chart-unknown", "warning", release.unknown_chart),
    Check("duplicate-object", "error", objects.duplicates),
    Check("namespace-missing", "error", objects.namespaces),
    Check("listed-file", "error", objects.listed_files),
    Check("project-admits", "error", objects.project),
    Check("application", "error", objects.applications),
    Check("foreign-workload", "error", objects.foreign_workloads),
    Check("external-selector", "error", access.external_service),
    Check("external-access", "error", access.external_access),
    Check("service-monitor", "error", access.service_monitor),
    Check("scrape-interval", "warning", access.scrape_interval),
    Check("network-policy", "error", access.network_policy),
    Check("flux-values", "error", flux.release_values),
    Check("flux-dependency", "error", flux.dependencies),
    Check("flux-variable", "error", flux.variables),
    Check("flux-credentials", "warning", flux.credentials),
    Check("client-address", "error", owners.client_address, "password"),
    Check("port-text", "error", owners.port_is_text),
    Check("secret-reference", "error", owners.secret_reference, "password"),
    Check("owner-patch", "error", owners.owner_patch),
    Check("owner-component", "error", owners.owner_component),
    Check("client-variables", "error", owners.variables, "password"),
    Check("variable-absent", "warning", owners.absent_variables),
    Check("previous-differs", "warning", owners.previous_differs),
    Check("previous-shared", "error", old_redis.previous_is_shared),
    Check("old-redis-in-use", "error", old_redis.in_use),
    Check("old-redis-possible", "warning", old_redis.possibly_in_use),
    Check("scan-missing", "error", old_redis.unscanned),
    Check("old-redis-gone", "error", old_redis.gone),
    Check("ciphertext-missing", "error", secrets.ciphertext_missing, "password"),
    Check("ciphertext", "error", secrets.ciphertext_fits, "password"),
    Check("ciphertext-kept", "error", secrets.ciphertext_kept, "password"),
    Check("ciphertext-rotation", "error", secrets.rotation, "password"),
    Check("rotation-restart", "error", secrets.restart, "password"),
    Check("ciphertext-recipients", "error", secrets.recipients, "password"),
    Check("ciphertext-unused", "warning", secrets.ciphertext_unused, "password"),
    Check("ciphertext-opened", "error", secrets.decryption, "password"),
    Check("secret-refresh", "warning", secrets.refreshed, "password"),
    Check("plain-secret", "error", secrets.plain_secrets, "password"),
    Check("password", "error", secrets.passwords, "password"),
    Check("repository-placeholder", "warning", unanswered.repository),
    Check("migration-history", "warning", owners.history),
)
"""Every check, in the order findings are listed."""


def run_checks(environment: Environment, tree: Tree, topic: Topic = "") -> list[Finding]:
    """Return everything that `CHECKS` finds, in its order, before `accept` of the config is applied. It reads no clock.

    topic: run the checks of this topic only; all of them when it is empty.
    """
    subject = Subject(environment, tree)
    return [
        Finding(rule.code, found.severity or rule.severity, found.message, found.hint, found.path, environment.locate(found.path), found.on)
        for rule in CHECKS
        if topic in ("", rule.topic)
        for found in rule.run(subject)
    ]


def check(environment: Environment, tree: Tree, topic: Topic = "", *, today: date | None = None) -> list[Finding]:
    """Return the findings about a rendered tree that the config does not accept, in the order of `CHECKS`.

    Args:
        environment: The config.
        tree: What it renders to.
        topic: Run the checks of this topic only; all of them when it is empty. Entries of `accept` are called unused in a full run alone.
        today: The day that `accept.until` is compared with. The clock is read only where this is None and the config accepts something.
    """
    codes = None if topic else frozenset(rule.code for rule in CHECKS)
    return unaccepted(environment, run_checks(environment, tree, topic), codes, today)
