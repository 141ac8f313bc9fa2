"""Inspect ciphertexts: the checks about the password, the validity of the certificate, damage, and with a key the values."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rediskit.checks import Finding, check
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.model.ciphertext import Ciphertext, ciphertext
from rediskit.model.environment import Environment
from rediskit.model.secrets import ENCRYPTED, SealedSecrets, Sops
from rediskit.plaintext import Plaintext, invalid, weak
from rediskit.renderers import render
from rediskit.secrets.certificate import Certificate, expiry
from rediskit.secrets.manifests import Keys, opened, sealing_certificate
from rediskit.secrets.sealing import split
from rediskit.yamlio.writer import dump

_SOON = timedelta(days=30)


class CiphertextStatus(NamedTuple):
    """The ciphertext of one namespace.

    Attributes:
        ciphertext: Its content; None when the file is not an encrypted Secret.
        opened: Whether a key decrypted it; None without a key.
    """

    namespace: str
    file: str
    ciphertext: Ciphertext | None
    opened: bool | None


class Inspection(NamedTuple):
    """The result for one environment. The notes are what the inspection did not compare, with the reason."""

    name: str
    mode: str
    certificate: Certificate | None
    ciphertexts: tuple[CiphertextStatus, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


class _Values(NamedTuple):
    """The decrypted values.

    Attributes:
        values: The value by namespace, None where the key does not match. Only namespaces for which a key was used.
        notes: What was not decrypted, with the reason.
        findings: Damaged ciphertexts.
    """

    values: dict[str, Plaintext | None]
    notes: list[str]
    findings: list[Finding]


def inspect(environment: Environment, keys: Keys, at: datetime) -> Inspection:
    """Inspect the password of an environment. `at` is the time for the validity of the certificate."""
    mode = environment.secrets.mode
    findings = check(environment, render(environment), topic="password")
    if mode not in ENCRYPTED:
        manual = "Git contains no Secret: compare those in the cluster with rediskit secret apply"
        note = manual if mode == "manual" else "the operator has the value"
        return Inspection(environment.name, mode, None, (), tuple(findings), (note,))
    certificate, certificate_findings = _certificate(environment, at)
    values, notes, value_findings = _decrypt(environment, keys)
    findings += [*certificate_findings, *value_findings, *_values(environment, values)]
    ciphertexts = []
    for namespace, file, parsed in _present(environment):
        findings += _damage(environment, namespace, file, parsed, certificate)
        is_open = None if namespace not in values else values[namespace] is not None
        ciphertexts.append(CiphertextStatus(namespace, file, parsed, is_open))
    return Inspection(environment.name, mode, certificate, tuple(ciphertexts), tuple(findings), tuple(notes))


def _present(environment: Environment) -> Iterator[tuple[str, str, Ciphertext | None]]:
    for namespace, manifest in environment.ciphertexts.items():
        yield namespace, manifest.path, ciphertext(manifest.content)


def _certificate(environment: Environment, at: datetime) -> tuple[Certificate | None, list[Finding]]:
    path = ("secrets", "certificate")
    location = environment.locate(path)
    try:
        certificate = sealing_certificate(environment)
    except ConfigError as error:
        return None, [Finding("certificate", "error", problem.message, problem.hint, path, location) for problem in error.problems]
    if certificate is None:
        return None, []
    if problem := expiry(certificate, at):
        return certificate, [Finding("certificate", "error", problem.message, problem.hint, path, location)]
    if at + _SOON > certificate.ends:
        message = f"{certificate.file}: the certificate expires on {certificate.ends:%Y-%m-%d}"
        return certificate, [Finding("certificate", "warning", message, "download a new one: rediskit secret fetch-cert", path, location)]
    return certificate, []


def _damage(
    environment: Environment, namespace: str, file: str, parsed: Ciphertext | None, certificate: Certificate | None
) -> Iterator[Finding]:
    """Yield sealed values that no key can decrypt: truncated, edited, or sealed with a key of another size than the certificate."""
    if not isinstance(environment.secrets, SealedSecrets) or parsed is None or parsed.form != "sealed-secrets":
        return
    hint = f"encrypt it again: rediskit secret seal {environment.config_argument} --force"
    values: dict[str, Any] = environment.ciphertexts[namespace].content["spec"].get("encryptedData") or {}
    for key, sealed in values.items():
        parts = split(str(sealed))
        if parts is None:
            yield Finding("ciphertext-damaged", "error", f"{file}: the sealed value of {key} is damaged", hint)
        elif certificate is not None and len(parts[0]) != certificate.key_bytes:
            sizes = f"{8 * len(parts[0])} bits, but the key of the certificate has {8 * certificate.key_bytes}"
            yield Finding("ciphertext-damaged", "error", f"{file} is sealed with a key of {sizes}", hint)


def _decrypt(environment: Environment, keys: Keys) -> _Values:
    by_sops = isinstance(environment.secrets, Sops)
    if not by_sops and not keys.private:
        return _Values({}, ["the values were not compared: use --key FILE with a private key of the controller"], [])
    result = _Values({}, [], [])
    for namespace, file, parsed in _present(environment):
        if parsed is None or parsed.form != environment.secrets.mode:
            continue
        try:
            value = opened(environment, namespace, dump(environment.ciphertexts[namespace].content).encode(), keys)
        except RefusedError as error:
            if any(problem.code == "ciphertext-recipients" for problem in error.problems):
                result.notes.append(f"{file} was not decrypted: it is encrypted for other recipients than the config")
                continue
            result.values[namespace] = None
            result.findings.extend(Finding("ciphertext-damaged", "error", problem.message, problem.hint) for problem in error.problems)
            continue
        except MissingToolError as error:
            if keys.age_file:
                raise
            return _Values({}, [f"the values were not compared: {error.problems[0].message}"], [])
        result.values[namespace] = value
        if value is None and (keys.private or keys.age_file):
            hint = "use its key, or encrypt it again for this namespace, name and scope: rediskit secret seal --force"
            result.findings.append(Finding("ciphertext-opens", "error", f"the key does not decrypt {file}", hint))
    if by_sops and not keys.age_file and None in result.values.values() and not result.findings:
        return _Values({}, ["the values were not compared: sops has no key that decrypts them (use --key FILE with an age key)"], [])
    return result


def _values(environment: Environment, values: dict[str, Plaintext | None]) -> Iterator[Finding]:
    """Yield the faults of the values: they differ, or are invalid or weak. No message contains a value."""
    decrypted = {namespace: value for namespace, value in values.items() if value is not None}
    first = next(iter(decrypted), "")
    for namespace, value in decrypted.items():
        file = environment.ciphertexts[namespace].path
        if value != decrypted[first]:
            message = f"{file} contains another value than {environment.ciphertexts[first].path}"
            hint = f"give all of them one new password: rediskit secret rotate {environment.config_argument}"
            yield Finding("value-differs", "error", message, hint)
        elif problems := invalid(value):
            yield from (_value_finding(file, problem, "error") for problem in problems)
        else:
            yield from (_value_finding(file, problem, "warning") for problem in weak(value))


def _value_finding(file: str, problem: Problem, severity: Any) -> Finding:
    return Finding("value", severity, f"{file}: {problem.message}", problem.hint)
