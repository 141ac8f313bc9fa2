"""Secrets in the cluster, read and written by the user's own `kubectl`: values go over its standard input and output alone."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rediskit.errors import MissingToolError, Problem, RefusedError
from rediskit.secrets.plaintext import Plaintext
from rediskit.tools import Command, find, run

MANAGER = "rediskit"
"""The field manager of server-side apply: it leaves no annotation with a copy of the Secret behind, as client-side apply does."""
_HINT = "install it (https://kubernetes.io/docs/tasks/tools), or name the file with $KUBECTL"


class Live(NamedTuple):
    """A Secret as it is in the cluster. value: None where it has not the key that is asked for."""

    namespace: str
    value: Plaintext | None
    owned: bool
    """Whether a controller made it: the owner would put it back."""


def live(namespace: str, name: str, key: str, context: str = "") -> Live | None:
    """The Secret, or None where there is none. Raises MissingToolError when kubectl is not there, or fails."""
    said = _run(("get", "secret", name, "--namespace", namespace, "--ignore-not-found", "--output", "json"), context)
    if not said.strip():
        return None
    try:
        content = json.loads(said)
        data: Mapping[str, Any] = content.get("data") or {}
        value = Plaintext(b64decode(data[key], validate=True)) if key in data else None
        return Live(namespace, value, bool(content["metadata"].get("ownerReferences")))
    except (ValueError, KeyError, TypeError, AttributeError):
        # From None: the words of a parser may repeat what it has read.
        raise MissingToolError(Problem("kubectl printed something else than a Secret", "see what $KUBECTL is")) from None


def apply(
    manifests: Sequence[Mapping[str, Any]], value: Plaintext, context: str = "", *, force: bool = False, dry_run: bool = False
) -> None:
    """Puts Secrets into the cluster: all of them are tried on the server first, so that none is written where one is refused.

    force: take over what another field manager set. Raises MissingToolError with what kubectl says.
    """
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)}).encode()
    options = ("apply", "--server-side", "--field-manager", MANAGER, "--filename", "-", "--output", "name")
    forced = ("--force-conflicts",) if force else ()
    for mode in (("--dry-run=server",),) if dry_run else (("--dry-run=server",), ()):
        _run((*options, *forced, *mode), context, document, value)


def context_name(context: str = "") -> str:
    """The cluster that kubectl speaks to, as the user calls it. Raises MissingToolError when there is none."""
    return context or _run(("config", "current-context"), "").decode(errors="replace").strip()


def raw(path: str, context: str = "") -> bytes:
    """What the API server answers at a path. Raises MissingToolError."""
    return _run(("get", "--raw", path), context)


def _run(arguments: Sequence[str], context: str, stdin: bytes = b"", *hidden: Plaintext) -> bytes:
    chosen = ("--context", context) if context else ()
    masked = tuple(value.reveal().decode(errors="replace") for value in hidden)
    return run(Command(_kubectl(), (*chosen, *arguments), stdin=stdin, secrets=masked)).stdout


def _kubectl() -> Path:
    try:
        return find("kubectl", "KUBECTL")
    except MissingToolError as error:
        raise MissingToolError(Problem(error.problems[0].message, _HINT)) from None


def one_value(found: Sequence[Live], prefer: str = "") -> Plaintext | None:
    """The value that the Secrets have; None where none has any.

    prefer: the namespace whose value counts where they differ. Raises RefusedError when they differ and none is preferred.
    """
    values = [(one.namespace, one.value) for one in found if one.value is not None]
    if not values:
        return None
    first = next((pair for pair in values if pair[0] == prefer), values[0])
    others = [namespace for namespace, value in values if value != first[1]]
    if others and not prefer:
        hint = f"--force puts the value of namespace {first[0]} into the others"
        raise RefusedError(Problem(f"the Secrets in {first[0]} and {', '.join(others)} have different values", hint))
    return first[1]
