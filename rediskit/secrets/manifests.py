"""One password as encrypted manifests, one a namespace: everything that the live objects need is in them from the start."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.model.ciphertext import ROTATION, SEALED_VERSION, UNOWNED, ciphertext, scope_annotations, sealing_label
from rediskit.model.environment import Environment
from rediskit.model.secrets import SealedSecrets, Sops
from rediskit.renderers.objects import KEEP, labels, metadata
from rediskit.secrets import sops
from rediskit.secrets.certificate import Certificate, certificate, expiry
from rediskit.secrets.encrypted import refuse_unencrypted
from rediskit.secrets.plaintext import Plaintext
from rediskit.secrets.sealing import seal, unseal
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain
from rediskit.yamlio.writer import dump

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
    sent = plain_secret(environment, namespace, value, rotation)
    made = sops.encrypt(dump(sent).encode(), recipients_of(secrets), value)
    refuse_unencrypted(made, sent, secrets, value)
    return made


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
    """Return the value of an encrypted file, or None when no key fits.

    sops contacts every key service that the file names, with the credentials of the person or the CI job that runs it. It is therefore
    started only for a file whose recipients are exactly those of the config, and gets no byte that was not read here.

    Raises:
        RefusedError: the recipients differ (code `ciphertext-recipients`), or the file was changed after it was encrypted.
        MissingToolError: sops is missing or failed.
    """
    auth, secrets, file = environment.redis.auth, environment.secrets, file_of(environment, namespace)
    found = read(content, file).data
    if isinstance(secrets, SealedSecrets):
        sealed = found["spec"]["encryptedData"].get(auth.key, "")
        return unseal(keys.private, str(sealed), sealing_label(secrets.scope, namespace, auth.secret))
    assert isinstance(secrets, Sops)
    refuse_other_recipients(secrets, file, found)
    try:
        data = read(sops.decrypt(dump(plain(found)).encode(), file, keys.age_file), file).data["data"]
        return Plaintext(b64decode(str(getattr(data[auth.key], "text", data[auth.key])), validate=True))
    except sops.NoKeyError:
        return None
    except (ConfigError, KeyError, TypeError, ValueError):
        # From None: the words of a parser may repeat what it has read.
        hint = "make it anew: rediskit secret seal --force"
        raise RefusedError(Problem(f"{file}: the decrypted Secret has no value under data: {auth.key}", hint)) from None


def refuse_other_recipients(secrets: Sops, file: str, content: Any) -> None:
    """Raise RefusedError for a file that SOPS encrypted for other recipients than those of the config."""
    found = ciphertext(content)
    lacking, strange = secrets.differences(found) if found else (sorted(secrets.key_group), [])
    if not lacking and not strange:
        return
    parts = [f"lacks {', '.join(lacking)}"] * bool(lacking) + [f"also has {', '.join(strange)}"] * bool(strange)
    raise RefusedError(
        Problem(
            f"{file} is encrypted for other recipients than the config: it {' and '.join(parts)}; sops is not started for it",
            "give the value, and it is encrypted again for the recipients of the config: rediskit secret seal --force --from-stdin",
            code="ciphertext-recipients",
        )
    )


def file_of(environment: Environment, namespace: str) -> str:
    """Where the ciphertext of a namespace lies, relative to the config."""
    return f"{environment.secrets_directory}/{namespace}.yaml"
