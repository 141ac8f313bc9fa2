"""Read and write objects, and run commands in pods, with `kubectl` of the user. Secret values are only in its standard input and output."""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import MissingToolError, Problem
from rediskit.model.nested import list_at
from rediskit.plaintext import Plaintext
from rediskit.tools import Command, find, run

MANAGER = "rediskit"
"""The field manager of server-side apply, which adds no annotation with a copy of the Secret, unlike client-side apply."""
_HINT = "install it (https://kubernetes.io/docs/tasks/tools), or set $KUBECTL to the file"
REDIS_CLI = """
auth="${REDISCLI_AUTH:-${REDIS_PASSWORD:-${VALKEY_PASSWORD:-}}}"
file="${REDIS_PASSWORD_FILE:-${VALKEY_PASSWORD_FILE:-}}"
if [ -z "$auth" ] && [ -n "$file" ]; then auth="$(cat "$file")"; fi
if [ -n "$auth" ]; then export REDISCLI_AUTH="$auth"; fi
exec redis-cli "$@"
"""
"""Runs redis-cli with the password from the variables that the images set."""


class LiveSecret(NamedTuple):
    """A Secret in the cluster. `owned`: a controller owns it and would restore its value."""

    namespace: str
    value: Plaintext | None
    owned: bool
    labels: Mapping[str, Any]
    annotations: Mapping[str, Any] = {}


def read_secret(namespace: str, name: str, key: str, context: str = "") -> LiveSecret | None:
    """Return a Secret, or None where it does not exist. Raise MissingToolError when kubectl is missing or fails."""
    output = _run(("get", "secret", name, "--namespace", namespace, "--ignore-not-found", "--output", "json"), context)
    if not output.strip():
        return None
    try:
        content = json.loads(output)
        data: Mapping[str, Any] = content.get("data") or {}
        value = Plaintext(b64decode(data[key], validate=True)) if key in data else None
        meta = content["metadata"]
        return LiveSecret(
            namespace, value, bool(meta.get("ownerReferences")), dict(meta.get("labels") or {}), dict(meta.get("annotations") or {})
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        # Without a cause, because the message of a parser can contain the value.
        raise MissingToolError(Problem("kubectl did not print a Secret", "check the program in $KUBECTL")) from None


def apply_manifests(
    manifests: Sequence[Mapping[str, Any]], value: Plaintext, context: str = "", *, force: bool = False, dry_run: bool = False
) -> None:
    """Apply Secrets. The API server validates all of them first, so that none is written when it refuses one.

    No message contains the value. `force` overwrites fields of another field manager; `dry_run` only validates.
    """
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)}).encode()
    options = ("apply", "--server-side", "--field-manager", MANAGER, "--filename", "-", "--output", "name")
    forced = ("--force-conflicts",) if force else ()
    for mode in (("--dry-run=server",),) if dry_run else (("--dry-run=server",), ()):
        _run((*options, *forced, *mode), context, document, value)


def context_name(context: str = "") -> str:
    """Return the context of kubectl. Raise MissingToolError when there is none."""
    return context or _run(("config", "current-context"), "").decode(errors="replace").strip()


def get_raw(path: str, context: str = "") -> bytes:
    """Return the response of the API server for a path. Raise MissingToolError when kubectl is missing or fails."""
    return _run(("get", "--raw", path), context)


def list_objects(kind: str, namespace: str, selector: str, context: str = "") -> list[Any]:
    """Return the objects with a label selector, such as `name=redis`. Raise MissingToolError when kubectl is missing or fails."""
    return list_at(_json(("get", kind, "--namespace", namespace, "--selector", selector, "--output", "json"), context), "items")


def list_everywhere(kind: str, context: str = "") -> list[dict[str, Any]]:
    """Return all objects of a kind in all namespaces. Raise MissingToolError when kubectl is missing, fails or prints anything else."""
    content = _json(("get", kind, "--all-namespaces", "--output", "json"), context)
    objects = content.get("items") if isinstance(content, dict) else None
    if not isinstance(objects, list) or not all(isinstance(entry, dict) and isinstance(entry.get("kind"), str) for entry in objects):
        raise MissingToolError(Problem(f"kubectl did not print a list of {kind}", "check the program in $KUBECTL"))
    return objects


def get_object(kind: str, name: str, namespace: str, context: str = "") -> dict[str, Any] | None:
    """Return an object, or None where it does not exist. Raise MissingToolError when kubectl is missing or fails."""
    content = _json(("get", kind, name, "--namespace", namespace, "--ignore-not-found", "--output", "json"), context)
    if content is None or isinstance(content, dict):
        return content
    raise MissingToolError(Problem("kubectl did not print an object", "check the program in $KUBECTL"))


def create(manifest: Mapping[str, Any], context: str = "") -> Any:
    """Create an object, and return it with its name. Raise MissingToolError when kubectl is missing or fails."""
    namespace = str(manifest["metadata"]["namespace"])
    command = ("create", "--namespace", namespace, "--filename", "-", "--output", "json")
    return _json(command, context, json.dumps(manifest).encode())


def delete(kind: str, name: str, namespace: str, context: str = "") -> None:
    """Request the deletion of an object, and of what it owns. Raise MissingToolError when kubectl is missing or fails."""
    _run(("delete", kind, name, "--namespace", namespace, "--ignore-not-found", "--wait=false"), context)


def annotate(kind: str, name: str, namespace: str, annotation: str, context: str = "") -> None:
    """Set an annotation of an object. Raise MissingToolError when kubectl is missing or fails."""
    _run(("annotate", kind, name, annotation, "--namespace", namespace, "--overwrite"), context)


def logs(pod: str, container: str, namespace: str, context: str = "", *, since: str = "", first: bool = False) -> str:
    """Return the log of a container, all of it or from a time on, with a time before each line. first: only its first 100 bytes."""
    part = (*((f"--since-time={since}",) if since else ()), *(("--limit-bytes=100",) if first else ()))
    command = ("logs", pod, "--container", container, "--namespace", namespace, "--timestamps", *part)
    return _run(command, context).decode(errors="replace")


def redis_cli(
    namespace: str, target: str, arguments: Sequence[str], context: str = "", *, container: str = "", script: str = REDIS_CLI
) -> str:
    """Return the output of redis-cli in a pod or a pod of a Service, with the password of the pod, which is on no command line.

    script: runs redis-cli with the arguments of the shell. Raises MissingToolError when kubectl or redis-cli fails.
    """
    options = ("--container", container) if container else ()
    command = ("exec", "--namespace", namespace, target, *options, "--", "sh", "-c", script, "sh", *arguments)
    return _run(command, context).decode(errors="replace")


def _json(arguments: Sequence[str], context: str, stdin: bytes = b"") -> Any:
    output = _run(arguments, context, stdin)
    try:
        return json.loads(output) if output.strip() else None
    except ValueError:
        raise MissingToolError(Problem("kubectl did not print JSON", "check the program in $KUBECTL")) from None


def _run(arguments: Sequence[str], context: str, stdin: bytes = b"", *hidden: Plaintext) -> bytes:
    options = ("--context", context) if context else ()
    masked = tuple(value.reveal().decode(errors="replace") for value in hidden)
    return run(Command(_kubectl(), (*options, *arguments), stdin=stdin, secrets=masked)).stdout


def _kubectl() -> Path:
    try:
        return find("kubectl", "KUBECTL")
    except MissingToolError as error:
        raise MissingToolError(Problem(error.problems[0].message, _HINT)) from None
