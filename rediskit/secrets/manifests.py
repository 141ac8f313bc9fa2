"""The encrypted manifests of the password, one per namespace, and their decryption."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

from rediskit.errors import ConfigError, Problem, RefusedError
from rediskit.model.ciphertext import ROTATION, SEALED_VERSION, UNOWNED, ciphertext, scope_annotations, sealing_label
from rediskit.model.environment import Environment
from rediskit.model.secrets import SealedSecrets, Sops
from rediskit.plaintext import Plaintext
from rediskit.renderers.objects import KEEP, labels, metadata
from rediskit.secrets import sops
from rediskit.secrets.certificate import Certificate, expiry, parse_certificate
from rediskit.secrets.encrypted import refuse_unencrypted
from rediskit.secrets.sealing import seal, unseal
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain
from rediskit.yamlio.writer import dump

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


def new_rotation() -> str:
    """Return a random rotation id of eight hexadecimal digits. It does not depend on the password."""
    return token_hex(4)


def sealing_certificate(environment: Environment) -> Certificate | None:
    """Return the certificate of the config; None where the mode has none. Raise ConfigError with its config path."""
    secrets = environment.secrets
    if not isinstance(secrets, SealedSecrets):
        return None
    try:
        return parse_certificate(secrets.certificate.text, secrets.certificate.path)
    except ConfigError as error:
        raise ConfigError(_at_certificate(environment, problem) for problem in error.problems) from None


def refuse_expired(environment: Environment, at: datetime) -> None:
    """Raise RefusedError when the certificate of the config is not valid at a time, ConfigError when it is unusable."""
    certificate = sealing_certificate(environment)
    if certificate is not None and (problem := expiry(certificate, at)):
        raise RefusedError(_at_certificate(environment, problem))


def _at_certificate(environment: Environment, problem: Problem) -> Problem:
    path = ("secrets", "certificate")
    return problem._replace(path=path, location=environment.locate(path))


def encrypted(environment: Environment, namespaces: Iterable[str], value: Plaintext, rotation: str) -> dict[str, bytes]:
    """Return the file of each namespace. Raise ConfigError for the certificate, MissingToolError for sops."""
    certificate = sealing_certificate(environment)
    if certificate is not None:
        return {namespace: dump(sealed_secret(environment, certificate, namespace, value, rotation)).encode() for namespace in namespaces}
    return {namespace: _sops_secret(environment, namespace, value, rotation) for namespace in namespaces}


def sealed_secret(environment: Environment, certificate: Certificate, namespace: str, value: Plaintext, rotation: str) -> dict[str, Any]:
    """Return a SealedSecret. Its metadata and its template contain scope and rotation.

    Without an owner reference the Secret must be `managed`, because the controller otherwise refuses to update its value (unseal in
    controller.go of sealed-secrets v0.36.6).
    """
    auth, secrets = environment.redis.auth, environment.secrets
    assert isinstance(secrets, SealedSecrets)
    annotations = {ROTATION: rotation, **scope_annotations(secrets.scope)}
    template = metadata(auth.secret, namespace, labels(environment), {**annotations, **({} if secrets.owner_reference else UNOWNED)})
    bound_to = sealing_label(secrets.scope, namespace, auth.secret)
    return {
        "apiVersion": SEALED_VERSION,
        "kind": "SealedSecret",
        "metadata": metadata(auth.secret, namespace, labels(environment), {**annotations, **KEEP}),
        "spec": {
            "encryptedData": {auth.key: seal(certificate.key, value, bound_to)},
            "template": {"metadata": template, "type": "Opaque"},
        },
    }


def _sops_secret(environment: Environment, namespace: str, value: Plaintext, rotation: str) -> bytes:
    secrets = environment.secrets
    assert isinstance(secrets, Sops)
    sent = plain_secret(environment, namespace, value, rotation)
    content = sops.encrypt(dump(sent).encode(), recipients_of(secrets), value)
    refuse_unencrypted(content, sent, secrets, value)
    return content


def recipients_of(secrets: Sops) -> sops.Recipients:
    """Return the keys for which SOPS encrypts."""
    return {"age": secrets.recipients, "pgp": secrets.pgp, "kms": secrets.kms}


def plain_secret(environment: Environment, namespace: str, value: Plaintext, rotation: str = "") -> dict[str, Any]:
    """Return the Secret in plain text, only for the standard input of a program."""
    auth = environment.redis.auth
    annotations = {ROTATION: rotation, **KEEP} if rotation else KEEP
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(auth.secret, namespace, labels(environment), annotations),
        "type": "Opaque",
        "data": {auth.key: b64encode(value.reveal()).decode()},
    }


class Keys(NamedTuple):
    """The private keys of the sealed-secrets controller, and a file of age keys; without one, sops searches for keys."""

    private: Sequence[RSAPrivateKey] = ()
    age_file: str = ""


def opened(environment: Environment, namespace: str, content: bytes, keys: Keys) -> Plaintext | None:
    """Return the value of an encrypted file, or None when no key matches.

    sops contacts each key service in the file with the credentials of its user. Therefore it is started only for a file whose recipients
    are exactly those of the config, and gets only content that this function read. Raises RefusedError when the recipients differ (code
    `ciphertext-recipients`), or the file changed after encryption.
    """
    auth, secrets, file = environment.redis.auth, environment.secrets, file_of(environment, namespace)
    manifest = read(content, file).data
    if isinstance(secrets, SealedSecrets):
        sealed = manifest["spec"]["encryptedData"].get(auth.key, "")
        return unseal(keys.private, str(sealed), sealing_label(secrets.scope, namespace, auth.secret))
    assert isinstance(secrets, Sops)
    refuse_other_recipients(secrets, file, manifest)
    try:
        data = read(sops.decrypt(dump(plain(manifest)).encode(), file, keys.age_file), file).data["data"]
        return Plaintext(b64decode(str(getattr(data[auth.key], "text", data[auth.key])), validate=True))
    except sops.NoKeyError:
        return None
    except (ConfigError, KeyError, TypeError, ValueError):
        # Without a cause, because the message of a parser can contain the value.
        hint = "encrypt it again: rediskit secret seal --force"
        raise RefusedError(Problem(f"{file}: the decrypted Secret has no value under data: {auth.key}", hint)) from None


def refuse_other_recipients(secrets: Sops, file: str, content: Any) -> None:
    """Raise RefusedError for a file that SOPS encrypted for other recipients than those of the config."""
    parsed = ciphertext(content)
    lacking, strange = secrets.differences(parsed) if parsed else (sorted(secrets.key_group), [])
    if not lacking and not strange:
        return
    parts = [f"lacks {', '.join(lacking)}"] * bool(lacking) + [f"also has {', '.join(strange)}"] * bool(strange)
    message = f"{file} is encrypted for other recipients than the config: it {' and '.join(parts)}; sops is not started for it"
    hint = "encrypt the value again for the recipients of the config: rediskit secret seal --force --from-stdin"
    raise RefusedError(Problem(message, hint, code="ciphertext-recipients"))


def file_of(environment: Environment, namespace: str) -> str:
    """Return the path of the ciphertext of a namespace, relative to the config."""
    return f"{environment.secrets_directory}/{namespace}.yaml"
