"""Run redis-cli in a pod of Redis, with the password that the pod has. The password is on no command line."""

from collections.abc import Sequence

from rediskit.live.kubectl import run_in_pod

SHELL = """
auth="${REDISCLI_AUTH:-${REDIS_PASSWORD:-${VALKEY_PASSWORD:-}}}"
file="${REDIS_PASSWORD_FILE:-${VALKEY_PASSWORD_FILE:-}}"
if [ -z "$auth" ] && [ -n "$file" ]; then auth="$(cat "$file")"; fi
if [ -n "$auth" ]; then export REDISCLI_AUTH="$auth"; fi
exec redis-cli "$@"
"""
"""Reads the password from the variables that the images set."""


def redis_cli(namespace: str, target: str, arguments: Sequence[str], context: str = "") -> str:
    """Return the output of redis-cli in a pod or a pod of a Service. Raise MissingToolError when kubectl or redis-cli fails."""
    return run_in_pod(namespace, target, SHELL, arguments, context)
