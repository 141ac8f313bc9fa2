"""Mode manual: the same Secret in every namespace, made or compared through kubectl."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.model.environment import Environment
from rediskit.secrets import kubectl
from rediskit.secrets.kubectl import Live
from rediskit.secrets.manifests import plain_secret
from rediskit.secrets.plaintext import Plaintext, generate, impossible, weak


class Applied(NamedTuple):
    """What was done, or would be: namespaces. origin: where the value came from."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    origin: Literal["given", "cluster", "generated"]
    notes: tuple[str, ...] = ()


def apply(
    environment: Environment,
    namespaces: Sequence[str],
    given: Callable[[], Plaintext | None],
    context: str,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> Applied:
    """Makes the Secret in these namespaces have one value: the given one, else that of the cluster, else a new one.

    Namespaces that have it are not touched. force: other values are replaced; without a given one, by that of Redis' namespace.
    Raises ConfigError in another mode, RefusedError where values differ, MissingToolError when kubectl is missing or fails.
    """
    _only_manual(environment)
    auth = environment.redis.auth
    found = {namespace: kubectl.live(namespace, auth.secret, auth.key, context) for namespace in environment.secret_namespaces}
    lives = [one for one in found.values() if one is not None]
    value, origin = _value(environment, lives, given(), force=force)
    different = [one.namespace for one in lives if one.value is not None and one.value != value and one.namespace in namespaces]
    _refuse(environment, lives, different, force=force)
    created = tuple(namespace for namespace in namespaces if found[namespace] is None)
    changed = tuple(one.namespace for one in lives if one.namespace in namespaces and one.value != value)
    if created or changed:
        manifests = [plain_secret(environment, namespace, value) for namespace in (*created, *changed)]
        kubectl.apply(manifests, value, context, force=force, dry_run=dry_run)
    if not dry_run:
        _verify(environment, namespaces, value, context)
    unchanged = tuple(namespace for namespace in namespaces if namespace not in created and namespace not in changed)
    notes = tuple(f"{problem.message}: {problem.hint}" for problem in weak(value)) if origin == "cluster" else ()
    return Applied(created, changed, unchanged, origin, notes)


def _only_manual(environment: Environment) -> None:
    mode = environment.secrets.mode
    if mode != "manual":
        path = ("secrets", "mode")
        hint = "commit the tree: Argo CD or Flux puts it there; rediskit secret check looks at what lies in Git"
        raise ConfigError(Problem(f"with {mode} the Secrets come from Git, not from here", hint, path, environment.locate(path)))


def _value(
    environment: Environment, lives: Sequence[Live], given: Plaintext | None, *, force: bool
) -> tuple[Plaintext, Literal["given", "cluster", "generated"]]:
    if given is not None:
        if problems := impossible(given) or weak(given):
            raise RefusedError(problems)
        return given, "given"
    there = kubectl.one_value(lives, environment.redis.namespace if force else "")
    if there is None:
        return generate(), "generated"
    if problems := impossible(there):
        raise RefusedError([Problem(f"in the cluster {one.message}", f"{one.hint}; replace it: --from-stdin --force") for one in problems])
    return there, "cluster"


def _refuse(environment: Environment, lives: Sequence[Live], different: Sequence[str], *, force: bool) -> None:
    name = environment.redis.auth.secret
    problems = [
        Problem(f"the Secret {name} in namespace {one.namespace} belongs to a controller", "it would put its own value back: change that")
        for one in lives
        if one.owned and one.namespace in different
    ]
    if not force:
        hint = "--force replaces it; Redis and the applications have to be restarted then"
        problems += [Problem(f"the Secret {name} in namespace {namespace} has another value", hint) for namespace in different]
    if problems:
        raise RefusedError(problems)


def _verify(environment: Environment, namespaces: Sequence[str], value: Plaintext, context: str) -> None:
    """Looks once more: what was written is there, and the same everywhere."""
    auth = environment.redis.auth
    for namespace in namespaces:
        found = kubectl.live(namespace, auth.secret, auth.key, context)
        if found is None or found.value != value:
            hint = "somebody else writes it, too: find out who, then run this again"
            raise MissingToolError(Problem(f"the Secret {auth.secret} in namespace {namespace} is not what was written", hint))
