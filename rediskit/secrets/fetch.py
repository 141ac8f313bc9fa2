"""Download the certificate of the controller as kubeseal does: /v1/cert.pem of its Service, through the API server."""

import os
from pathlib import Path

from rediskit.errors import ConfigError, MissingToolError, Problem
from rediskit.files import read_file
from rediskit.live import kubectl
from rediskit.model.nested import text_at
from rediskit.secrets.certificate import Certificate, parse_certificate
from rediskit.source.neighbours import Neighbours
from rediskit.tools import Command, find, run
from rediskit.yamlio.reader import read


def certificate_path(config: str) -> Path:
    """Return the path in `secrets.certificate` of a config, also when the file does not exist. Raise ConfigError without one."""
    document = read(read_file(Path(config), config), config)
    path = ("secrets", "certificate")
    name = text_at(document.data, *path)
    if not name:
        hint = "write secrets: {mode: sealed-secrets, certificate: <name>/sealing.crt}"
        location = document.positions.get(path[:1]) or document.positions.get(())
        raise ConfigError(Problem("the config has no certificate", hint, path[:1], location, "certificate"))
    try:
        real = Path(Neighbours(config).find(name))
    except ConfigError as error:
        first = error.problems[0]
        raise ConfigError(Problem(first.message, first.hint, path, document.positions.get(path), first.code)) from None
    relative = Path(os.path.normpath(Path(config).parent / name))
    return relative if os.path.realpath(relative) == str(real) else real


def fetch_certificate(name: str, namespace: str, context: str) -> tuple[bytes, Certificate]:
    """Return the newest certificate of the controller as bytes and parsed. Raises MissingToolError for any other answer."""
    content = _download(name, namespace, context)
    try:
        return content, parse_certificate(content.decode("ascii", "replace"), "the response of the controller")
    except ConfigError as error:
        raise MissingToolError(Problem(error.problems[0].message, "check --controller-name and --controller-namespace")) from None


def _download(name: str, namespace: str, context: str) -> bytes:
    try:
        program = find("kubeseal", "KUBESEAL")
    except MissingToolError:
        if os.environ.get("KUBESEAL"):
            raise
        return kubectl.get_raw(f"/api/v1/namespaces/{namespace}/services/http:{name}:/proxy/v1/cert.pem", context)
    options = ("--context", context) if context else ()
    controller = ("--controller-name", name, "--controller-namespace", namespace)
    return run(Command(program, ("--fetch-cert", *controller, *options))).stdout
