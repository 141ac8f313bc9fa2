"""One password as encrypted manifests, one a namespace: everything that the live objects need is in them from the start."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.model.ciphertext import ROTATION, SEALED_VERSION, UNOWNED, scope_annotations, sealing_label
from rediskit.model.environment import Environment
from rediskit.model.secrets import SealedSecrets, Sops
from rediskit.output.yaml import dump
from rediskit.renderers.objects import KEEP, labels, metadata
from rediskit.secrets import sops
from rediskit.secrets.certificate import Certificate, certificate, expiry
from rediskit.secrets.plaintext import Plaintext
from rediskit.secrets.sealing import seal, unseal
from rediskit.source.reader import read

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


def new_rotation() -> str:
    """A rotation id: eight hexadecimal digits that say nothing about the password."""
    return token_hex(4)


def sealing_certificate(environment: Environment) -> Certificate | None:
    """The certificate of the config; None where the mode has none. Raises ConfigError, at its place in the config."""
    secrets = environment.secrets
    if not isinstance(secrets, SealedSecrets):
        return None
    try:
        return certificate(secrets.certificate.text, secrets.certificate.path)
    except ConfigError as error:
        raise ConfigError(_at_certificate(environment, problem) for problem in error.problems) from None


def refuse_expired(environment: Environment, at: datetime) -> None:
    """Raises RefusedError when the certificate of the config is not valid at this time; ConfigError when it is none."""
    found = sealing_certificate(environment)
    if found is not None and (problem := expiry(found, at)):
        raise RefusedError(_at_certificate(environment, problem))


def _at_certificate(environment: Environment, problem: Problem) -> Problem:
    path = ("secrets", "certificate")
    return replace(problem, path=path, location=environment.locate(path))


def encrypted(environment: Environment, namespaces: Iterable[str], value: Plaintext, rotation: str) -> dict[str, bytes]:
    """Namespace to the bytes of its file. Raises ConfigError for the certificate, MissingToolError for sops."""
    found = sealing_certificate(environment)
    if found is not None:
        return {namespace: dump(sealed_secret(environment, found, namespace, value, rotation)).encode() for namespace in namespaces}
    return {namespace: _sops_secret(environment, namespace, value, rotation) for namespace in namespaces}


def sealed_secret(environment: Environment, found: Certificate, namespace: str, value: Plaintext, rotation: str) -> dict[str, Any]:
    """A SealedSecret. Scope and rotation stand on it and on its template.

    Without an owner reference the Secret must be `managed`, or the controller refuses to put the next value into it (controller.go of
    sealed-secrets v0.36.6, unseal).
    """
    auth, secrets = environment.redis.auth, environment.secrets
    assert isinstance(secrets, SealedSecrets)
    marks = {ROTATION: rotation, **scope_annotations(secrets.scope)}
    template = metadata(auth.secret, namespace, labels(environment), {**marks, **({} if secrets.owner_reference else UNOWNED)})
    bound_to = sealing_label(secrets.scope, namespace, auth.secret)
    return {
        "apiVersion": SEALED_VERSION,
        "kind": "SealedSecret",
        "metadata": metadata(auth.secret, namespace, labels(environment), {**marks, **KEEP}),
        "spec": {
            "encryptedData": {auth.key: seal(found.key, value, bound_to)},
            "template": {"metadata": template, "type": "Opaque"},
        },
    }


def _sops_secret(environment: Environment, namespace: str, value: Plaintext, rotation: str) -> bytes:
    secrets = environment.secrets
    assert isinstance(secrets, Sops)
    return sops.encrypt(dump(plain_secret(environment, namespace, value, rotation)).encode(), recipients_of(secrets), value)


def recipients_of(secrets: Sops) -> sops.Recipients:
    """Whom SOPS encrypts for."""
    return {"age": secrets.recipients, "pgp": secrets.pgp, "kms": secrets.kms}


def plain_secret(environment: Environment, namespace: str, value: Plaintext, rotation: str = "") -> dict[str, Any]:
    """The Secret in clear, for a program's standard input and for nothing else."""
    auth = environment.redis.auth
    marks = {ROTATION: rotation, **KEEP} if rotation else KEEP
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(auth.secret, namespace, labels(environment), marks),
        "type": "Opaque",
        "data": {auth.key: b64encode(value.reveal()).decode()},
    }


class Keys(NamedTuple):
    """What opens ciphertexts: private keys of the controller, or a file of age keys in place of what the user's own sops finds."""

    private: Sequence[RSAPrivateKey] = ()
    age_file: str = ""


def opened(environment: Environment, namespace: str, content: bytes, keys: Keys) -> Plaintext | None:
    """The value of an encrypted file; None when no key fits.

    Raises RefusedError when the file was changed after it was encrypted, MissingToolError for sops.
    """
    auth, secrets, file = environment.redis.auth, environment.secrets, file_of(environment, namespace)
    if isinstance(secrets, SealedSecrets):
        sealed = read(content, file).data["spec"]["encryptedData"].get(auth.key, "")
        return unseal(keys.private, str(sealed), sealing_label(secrets.scope, namespace, auth.secret))
    try:
        data = read(sops.decrypt(content, file, keys.age_file), file).data["data"]
        return Plaintext(b64decode(str(getattr(data[auth.key], "text", data[auth.key])), validate=True))
    except sops.NoKeyError:
        return None
    except (ConfigError, KeyError, TypeError, ValueError):
        # From None: the words of a parser may repeat what it has read.
        hint = "make it anew: rediskit secret seal --force"
        raise RefusedError(Problem(f"{file}: the decrypted Secret has no value under data: {auth.key}", hint)) from None


def file_of(environment: Environment, namespace: str) -> str:
    """Where the ciphertext of a namespace lies, relative to the config."""
    return f"{environment.secrets_directory}/{namespace}.yaml"
