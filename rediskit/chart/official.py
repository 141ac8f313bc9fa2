"""What the charts need that start the official image without a script that reads the password.

An init container writes the password into the configuration file, after the chart has written the rest of it. The probes and the
runbooks read it from there: it is always the one that the server started with, also after the Secret has changed.
"""

from typing import Any

from rediskit.chart.profile import ALIVE, ChartImage, Settings, rename

_STARTING = ("PONG", "LOADING", "MASTERDOWN")
"""Answers of a Redis that works, loads its data, or has no connection to its primary."""
WHOLE_SECTIONS = r"(?:podS|s|metrics\.exporter\.s)ecurityContext(?:\..+)?"
"""Sections that the charts print with all keys in them (templates/statefulset.yaml)."""
INIT_CONTAINERS = "extraInitContainers"
"""The value with further init containers, which run after those of the chart."""


def image(of: ChartImage) -> dict[str, Any]:
    """Return an image for a chart without a key for the digest: it is a part of the tag."""
    return {"registry": of.registry, "repository": of.repository, "tag": _tag(of)}


def _tag(of: ChartImage) -> str:
    return "@".join(filter(None, (of.tag or ("latest" if of.digest else ""), of.digest)))


def conf_with_renames(settings: Settings) -> str:
    """Return redis.conf with a `rename-command` for each disabled command."""
    return "\n".join((*settings.redis_conf, *(rename(command) for command in settings.disabled_commands)))


def password_in(file: str, directive: str) -> str:
    """Return the password in a shell, from a line of the configuration file."""
    return f"""$(sed -n "s/^{directive} //p" {file})"""


def password_variable(settings: Settings) -> dict[str, Any]:
    """Return the environment variable with the password of the Secret."""
    return {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": settings.secret, "key": settings.key}}}


def password_container(settings: Settings, file: str, volume: str, directives: tuple[str, ...]) -> dict[str, Any]:
    """Return the init container that writes the password into the configuration file.

    Args:
        settings: The settings of the config.
        file: The configuration file below `/data`.
        volume: The volume of `/data`.
        directives: The directives with the password. Lines of them without a password, or from the chart, are replaced.
    """
    # Other characters have a meaning in the configuration file. The log does not contain the password.
    refuse = 'case "$REDIS_PASSWORD" in ""|*[!A-Za-z0-9]*) echo "the password must have letters and digits only" >&2; exit 1;; esac'
    old = "; ".join(f"/^{directive} /d" for directive in directives)
    lines = " ".join(f'"{directive} $REDIS_PASSWORD"' for directive in directives)
    write = f"""umask 077; sed "{old}" {file} > {file}.new; printf '%s\\n' {lines} >> {file}.new; mv {file}.new {file}"""
    return {
        "name": "password",
        "image": f"{settings.mirror or settings.image.registry}/{settings.image.repository}:{_tag(settings.image)}",
        "command": ["sh", "-ec", f"{refuse}\n{write}"],
        "env": [password_variable(settings)],
        "resources": settings.resources["exporter"],
        "securityContext": restricted(settings),
        "volumeMounts": [{"name": volume, "mountPath": "/data"}],
    }


def restricted(settings: Settings) -> dict[str, Any]:
    """Return the security context of a container under the Pod Security Standard `restricted`, with the user of the chart."""
    user = settings.release.profile.layout.user
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsGroup": user,
        "runAsNonRoot": True,
        "runAsUser": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def liveness(client: str, password: str) -> dict[str, Any]:
    """Return a liveness probe. Redis must answer the password that it started with, at least by one of ALIVE.

    NOAUTH and WRONGPASS fail: only a restart makes Redis accept this password again.
    """
    answers = "|".join(f'*"{answer}"*' for answer in (*_STARTING, *ALIVE))
    return _probe(client, password, f'case "$answer" in {answers}) ;; *) echo "$answer"; exit 1;; esac', 5)


def readiness(client: str, password: str) -> dict[str, Any]:
    """Return a readiness probe: Redis answers PONG, so it has loaded its data and can write to its disk."""
    return _probe(client, password, '[ "$answer" = PONG ] || { echo "$answer"; exit 1; }', 1)


def _probe(client: str, password: str, then: str, seconds: int) -> dict[str, Any]:
    # A timeout of the probe does not end its processes, so the client has one of its own.
    script = f'export REDISCLI_AUTH="{password}"; answer="$(timeout {seconds} {client} -h localhost ping 2>&1)" || true; {then}'
    return {
        "exec": {"command": ["sh", "-c", script]},
        "initialDelaySeconds": 20,
        "periodSeconds": 5,
        "timeoutSeconds": seconds + 1,
        "failureThreshold": 5,
    }


def exporter_flags(port: int, *, quiet: bool) -> list[str]:
    """Return the flags of the exporter. With a scheme, it reports "unknown network redis" instead of the error from Redis."""
    return [f"--redis.addr=localhost:{port}", *(["--config-command=-"] if quiet else [])]
