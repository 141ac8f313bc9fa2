"""The controller's certificate, brought as kubeseal brings it: from /v1/cert.pem of its Service, through the API server's proxy."""

from __future__ import annotations

import os
from pathlib import Path

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.files import read_file
from rediskit.secrets import kubectl
from rediskit.secrets.certificate import Certificate, certificate
from rediskit.source.neighbours import Neighbours
from rediskit.tools import Command, find, run
from rediskit.yamlio.reader import read


def place(config: str) -> Path:
    """Where `secrets.certificate` of a config leads; the file need not be there. Raises ConfigError."""
    document = read(read_file(Path(config), config), config)
    secrets = document.data.get("secrets")
    path = ("secrets", "certificate")
    name = secrets.get("certificate") if isinstance(secrets, dict) else None
    if not isinstance(name, str) or not name:
        message = "the config names no certificate"
        hint = "write secrets: {mode: sealed-secrets, certificate: <name>/sealing.crt}"
        raise ConfigError(Problem(message, hint, path[:1], document.positions.get(path[:1]) or document.positions.get(())))
    try:
        real = Neighbours(config).find(name)
    except ConfigError as error:
        first = error.problems[0]
        raise ConfigError(Problem(first.message, first.hint, path, document.positions.get(path))) from None
    shown = Path(os.path.normpath(Path(config).parent / name))
    return shown if os.path.realpath(shown) == str(real) else real


def fetch(name: str, namespace: str, context: str) -> tuple[bytes, Certificate]:
    """The newest certificate of the controller, and what it says. Raises MissingToolError when nobody answers, or with something else."""
    content = _fetch(name, namespace, context)
    try:
        return content, certificate(content.decode("ascii", "replace"), "the controller's answer")
    except ConfigError as error:
        raise MissingToolError(Problem(error.problems[0].message, "look at --controller-name and --controller-namespace")) from None


def _fetch(name: str, namespace: str, context: str) -> bytes:
    try:
        program = find("kubeseal", "KUBESEAL")
    except MissingToolError:
        if os.environ.get("KUBESEAL"):
            raise
        return kubectl.raw(f"/api/v1/namespaces/{namespace}/services/http:{name}:/proxy/v1/cert.pem", context)
    chosen = ("--context", context) if context else ()
    where = ("--controller-name", name, "--controller-namespace", namespace)
    return run(Command(program, ("--fetch-cert", *where, *chosen))).stdout
