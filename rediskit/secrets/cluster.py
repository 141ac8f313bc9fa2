"""Mode manual: create, update and compare the Secret of each namespace with kubectl."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.live import kubectl
from rediskit.live.kubectl import LiveSecret
from rediskit.model.environment import Environment
from rediskit.plaintext import Plaintext, generate, invalid, weak
from rediskit.renderers.objects import MANAGED_BY, PART_OF, labels
from rediskit.secrets.claimed import CLUSTER, refuse_other_cluster
from rediskit.secrets.manifests import plain_secret

Origin = Literal["given", "cluster", "generated"]


class Applied(NamedTuple):
    """The result of `apply_secret`, or of its dry run: namespaces by change, the source of the value, and warnings about it."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    origin: Origin
    notes: tuple[str, ...] = ()


def apply_secret(
    environment: Environment,
    namespaces: Sequence[str],
    chosen: Callable[[], Plaintext | None],
    context: str,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Applied:
    """Set the Secret in these namespaces to one value: the given one, else that of the cluster, else a new one.

    A namespace with this value is not changed.

    Args:
        chosen: Returns the value of the command line, or None.
        force: Replace other values. Without a given value, use that of the namespace of Redis.

    Raises:
        ConfigError: The mode is not manual.
        RefusedError: The values differ, or a Secret is that of another release or cluster.
    """
    _require_manual(environment)
    auth = environment.redis.auth
    live = {namespace: kubectl.read_secret(namespace, auth.secret, auth.key, context) for namespace in environment.secret_namespaces}
    existing = [secret for secret in live.values() if secret is not None]
    _refuse_other_releases(environment, existing)
    refuse_other_cluster(environment, context, existing, required=force)
    value, origin = _value(environment, existing, chosen(), force=force)
    changed = [secret for secret in existing if secret.namespace in namespaces and secret.value != value]
    _refuse(environment, [secret for secret in changed if secret.value is not None], force=force)
    created = [namespace for namespace in namespaces if live[namespace] is None]
    written = (*created, *(secret.namespace for secret in changed))
    if written:
        manifests = [_manifest(environment, namespace, value) for namespace in written]
        kubectl.apply_manifests(manifests, value, context, force=force, dry_run=dry_run)
    if not dry_run:
        _verify(environment, namespaces, value, context)
    unchanged = tuple(namespace for namespace in namespaces if namespace not in written)
    notes = tuple(f"{problem.message}: {problem.hint}" for problem in weak(value)) if origin == "cluster" else ()
    return Applied(tuple(created), tuple(secret.namespace for secret in changed), unchanged, origin, notes)


def _manifest(environment: Environment, namespace: str, value: Plaintext) -> dict[str, Any]:
    """Return the Secret in plain text with the cluster that it is for."""
    content = plain_secret(environment, namespace, value)
    content["metadata"]["annotations"] = {**content["metadata"]["annotations"], CLUSTER: environment.cluster}
    return content


def _require_manual(environment: Environment) -> None:
    mode = environment.secrets.mode
    if mode != "manual":
        path = ("secrets", "mode")
        hint = "commit the rendered manifests: Argo CD or Flux applies them; rediskit secret check checks the files in Git"
        message = f"with mode {mode} the Secrets come from Git, not from this command"
        raise ConfigError(Problem(message, hint, path, environment.locate(path), "secrets-mode"))


def _refuse_other_releases(environment: Environment, existing: Sequence[LiveSecret]) -> None:
    """Refuse Secrets that rediskit wrote for another release, also with `force`: its clients would get the password of this one."""
    name, own = environment.redis.auth.secret, labels(environment)
    hint = "set another redis.auth.secret in this config; if that release no longer exists, delete the Secret"
    problems = [
        Problem(f"the Secret {name} in namespace {secret.namespace} is that of release {secret.labels.get(PART_OF)}", hint)
        for secret in existing
        if secret.labels.get(MANAGED_BY) == own[MANAGED_BY] and secret.labels.get(PART_OF) != own[PART_OF]
    ]
    if problems:
        raise RefusedError(problems)


def _value(environment: Environment, existing: Sequence[LiveSecret], chosen: Plaintext | None, *, force: bool) -> tuple[Plaintext, Origin]:
    if chosen is not None:
        if problems := invalid(chosen) or weak(chosen):
            raise RefusedError(problems)
        return chosen, "given"
    value = _common_value(existing, environment.redis.namespace if force else "")
    if value is None:
        return generate(), "generated"
    if problems := invalid(value):
        hint = "replace it: --from-stdin --force"
        raise RefusedError([Problem(f"in the cluster {problem.message}", f"{problem.hint}; {hint}") for problem in problems])
    return value, "cluster"


def _common_value(secrets: Sequence[LiveSecret], preferred: str = "") -> Plaintext | None:
    """Return the value of these Secrets; None where none has a value.

    Args:
        secrets: Secrets of one password.
        preferred: The namespace whose value to return when the values differ.

    Raises:
        RefusedError: The values differ, and no namespace is preferred.
    """
    values = {secret.namespace: secret.value for secret in secrets if secret.value is not None}
    if not values:
        return None
    first = preferred if preferred in values else next(iter(values))
    others = [namespace for namespace, value in values.items() if value != values[first]]
    if others and not preferred:
        hint = f"--force copies the value of namespace {first} to the others"
        raise RefusedError(Problem(f"the Secrets in {first} and {', '.join(others)} have different values", hint))
    return values[first]


def _refuse(environment: Environment, different: Sequence[LiveSecret], *, force: bool) -> None:
    name = environment.redis.auth.secret
    problems = []
    for secret in different:
        if secret.owned:
            hint = "change the value in that controller, because it would restore its own value"
            problems.append(Problem(f"a controller owns the Secret {name} in namespace {secret.namespace}", hint))
        if not force:
            hint = "--force replaces it; restart Redis and the applications after that"
            problems.append(Problem(f"the Secret {name} in namespace {secret.namespace} has another value", hint))
    if problems:
        raise RefusedError(problems)


def _verify(environment: Environment, namespaces: Sequence[str], value: Plaintext, context: str) -> None:
    """Read the Secrets again. Raise MissingToolError for another value than the written one."""
    auth = environment.redis.auth
    for namespace in namespaces:
        secret = kubectl.read_secret(namespace, auth.secret, auth.key, context)
        if secret is None or secret.value != value:
            hint = "stop the other program that writes it, then run this command again"
            raise MissingToolError(Problem(f"the Secret {auth.secret} in namespace {namespace} does not have the written value", hint))
