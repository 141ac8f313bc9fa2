"""What can be told of the ciphertexts beside the checks of every render: the certificate at a time, damage, and, with a key, the values."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from rediskit.checks import Finding, check
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.model.ciphertext import Ciphertext, ciphertext
from rediskit.model.environment import Environment
from rediskit.model.secrets import ENCRYPTED, SealedSecrets, Sops
from rediskit.renderers import render
from rediskit.secrets.certificate import Certificate, expiry
from rediskit.secrets.manifests import Keys, opened, sealing_certificate
from rediskit.secrets.plaintext import Plaintext, impossible, weak
from rediskit.secrets.sealing import split
from rediskit.yamlio.writer import dump

_SOON = timedelta(days=30)


class Looked(NamedTuple):
    """What was found of one namespace. opened: whether a key opened it; None when there was no key."""

    namespace: str
    file: str
    found: Ciphertext | None
    opened: bool | None


class Report(NamedTuple):
    """What was found of one environment."""

    name: str
    mode: str
    certificate: Certificate | None
    looked: tuple[Looked, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


def inspect(environment: Environment, keys: Keys, at: datetime) -> Report:
    """All that is to be said of an environment's password at a time. Raises MissingToolError when a key is given and sops is missing."""
    mode = environment.secrets.mode
    findings = check(environment, render(environment), topic="password")
    if mode not in ENCRYPTED:
        note = (
            "nothing in Git to look at: rediskit secret apply compares the Secrets" if mode == "manual" else "the operator holds the value"
        )
        return Report(environment.name, mode, None, (), tuple(findings), (note,))
    found, problems = _certificate(environment, at)
    findings += problems
    values, notes, wrong = _open(environment, keys)
    findings += wrong
    findings += _values(environment, values)
    looked = []
    for namespace, file, text in _present(environment):
        findings += _damage(environment, namespace, file, text, found)
        looked.append(Looked(namespace, file, text, None if namespace not in values else values[namespace] is not None))
    return Report(environment.name, mode, found, tuple(looked), tuple(findings), tuple(notes))


def _present(environment: Environment) -> Iterator[tuple[str, str, Ciphertext | None]]:
    for namespace, manifest in environment.ciphertexts.items():
        yield namespace, manifest.path, ciphertext(manifest.content)


def _certificate(environment: Environment, at: datetime) -> tuple[Certificate | None, list[Finding]]:
    path = ("secrets", "certificate")
    location = environment.locate(path)
    try:
        found = sealing_certificate(environment)
    except ConfigError as error:
        return None, [Finding("certificate", "error", one.message, one.hint, path, location) for one in error.problems]
    if found is None:
        return None, []
    if problem := expiry(found, at):
        return found, [Finding("certificate", "error", problem.message, problem.hint, path, location)]
    if at + _SOON > found.ends:
        message = f"{found.file}: the certificate expires on {found.ends:%Y-%m-%d}"
        return found, [Finding("certificate", "warning", message, "rediskit secret fetch-cert brings a newer one", path, location)]
    return found, []


def _damage(environment: Environment, namespace: str, file: str, text: Ciphertext | None, found: Certificate | None) -> Iterator[Finding]:
    """Sealed values that nobody could open: cut off, edited, or made with a key of another length than the certificate's."""
    if not isinstance(environment.secrets, SealedSecrets) or text is None or text.form != "sealed-secrets":
        return
    values: dict[str, Any] = environment.ciphertexts[namespace].content["spec"].get("encryptedData") or {}
    for key, sealed in values.items():
        parts = split(str(sealed))
        if parts is None:
            yield _finding(environment, "ciphertext-damaged", f"{file}: the sealed value of {key} is damaged")
        elif found is not None and len(parts[0]) != found.key_bytes:
            message = f"{file} is sealed with a key of {8 * len(parts[0])} bits, and that of the certificate has {8 * found.key_bytes}"
            yield _finding(environment, "ciphertext-damaged", message)


def _open(environment: Environment, keys: Keys) -> tuple[dict[str, Plaintext | None], list[str], list[Finding]]:
    """Namespace to value, of those that a key was tried on; what is to be noted; and what is wrong with them."""
    by_sops = isinstance(environment.secrets, Sops)
    if not by_sops and not keys.private:
        return {}, ["the values were not compared: --key FILE names a private key of the controller"], []
    values: dict[str, Plaintext | None] = {}
    notes: list[str] = []
    wrong = []
    for namespace, file, text in _present(environment):
        if text is None or text.form != environment.secrets.mode:
            continue
        try:
            values[namespace] = opened(environment, namespace, dump(environment.ciphertexts[namespace].content).encode(), keys)
        except RefusedError as error:
            if any(one.code == "ciphertext-recipients" for one in error.problems):
                notes.append(f"{file} was not opened: it is encrypted for other recipients than the config")
                continue
            values[namespace] = None
            wrong += [Finding("ciphertext-damaged", "error", one.message, one.hint) for one in error.problems]
            continue
        except MissingToolError as error:
            if keys.age_file:
                raise
            return {}, [f"the values were not compared: {error.problems[0].message}"], []
        if values[namespace] is None and (keys.private or keys.age_file):
            hint = (
                "it is for another key, or was sealed for another namespace, name or scope: make it anew with rediskit secret seal --force"
            )
            wrong.append(Finding("ciphertext-opens", "error", f"{file} is not opened by the key", hint))
    if by_sops and not keys.age_file and values and not wrong and None in values.values():
        return {}, ["the values were not compared: no key that sops finds opens them (--key FILE names one of age)"], []
    return values, notes, wrong


def _values(environment: Environment, values: dict[str, Plaintext | None]) -> Iterator[Finding]:
    """What is wrong with the values: they differ, or are none that Redis and applications read alike. Says nothing of what is in them."""
    known = {namespace: value for namespace, value in values.items() if value is not None}
    first = next(iter(known), "")
    for namespace, value in known.items():
        file = environment.ciphertexts[namespace].path
        if value != known[first]:
            message = f"{file} holds another value than {environment.ciphertexts[first].path}"
            hint = f"one password is for all: rediskit secret rotate {environment.config_argument} gives all of them another"
            yield Finding("value-differs", "error", message, hint)
            continue
        yield from (_said(f"{file}: {problem.message}", problem, "error") for problem in impossible(value))
        if not impossible(value):
            yield from (_said(f"{file}: {problem.message}", problem, "warning") for problem in weak(value))


def _said(message: str, problem: Problem, severity: Any) -> Finding:
    return Finding("value", severity, message, problem.hint)


def _finding(environment: Environment, code: str, message: str) -> Finding:
    return Finding(code, "error", message, f"make it anew: rediskit secret seal {environment.config_argument} --force")
