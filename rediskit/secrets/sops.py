"""Encrypting and decrypting a Secret with the real `sops`; what is secret goes over its standard input and output alone."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rediskit.errors import MissingToolError, Problem, RefusedError
from rediskit.model.ciphertext import SOPS_REGEX
from rediskit.secrets.plaintext import Plaintext, forms
from rediskit.tools import Command, find, run
from rediskit.yamlio.writer import dump

_RECIPIENTS = (
    "SOPS_AGE_RECIPIENTS",
    "SOPS_AZURE_KEYVAULT_URLS",
    "SOPS_GCP_KMS_IDS",
    "SOPS_HUAWEICLOUD_KMS_IDS",
    "SOPS_KMS_ARN",
    "SOPS_PGP_FP",
    "SOPS_VAULT_URIS",
)
"""Variables by which sops would encrypt for more than the config says."""
Recipients = Mapping[str, Sequence[str]]
"""Keys by the option of sops, and the field of a creation rule, that takes them: `age`, `pgp`, `kms`."""
RULES = ".sops.yaml"
"""It lies above the folder of the manifests, not in it. sops looks for it in the current folder and above."""
_STREAM = ("--input-type", "yaml", "--output-type", "yaml")
_CHANGED = frozenset({24, 25, 51, 52})
"""Exit codes of sops 3.13: a value or the MAC can't be decrypted, the MAC differs, there is none (cmd/sops/codes)."""
_NO_KEY = 128
_HINT = "install it (https://github.com/getsops/sops/releases), or name the file with $SOPS"


class NoKeyError(RefusedError):
    """None of the keys that the user's own sops finds opens the file."""


def creation_rules(recipients: Recipients, folder: str) -> bytes:
    """A .sops.yaml for the folder that holds `folder`: by it sops encrypts a new file there, or `updatekeys` an old one, as we do."""
    keys = {option: ",".join(given) for option, given in recipients.items() if given}
    rule = {"path_regex": rf"^{re.escape(folder)}/[^/]+\.yaml$", "encrypted_regex": SOPS_REGEX, **keys}
    return dump({"creation_rules": [rule]}).encode()


def encrypt(manifest: bytes, recipients: Recipients, value: Plaintext) -> bytes:
    """A Secret with its `data` encrypted.

    manifest: the YAML of the Secret, with `value` in it. No .sops.yaml has a say in it, and no variable of the environment.
    Raises MissingToolError when sops is not there, or fails.
    """
    given = [part for option, keys in recipients.items() if keys for part in (f"--{option}", ",".join(keys))]
    rule = ("--encrypted-regex", SOPS_REGEX, *_STREAM, "--filename-override", "secret.yaml")
    return run(
        Command(
            _sops(),
            ("--config", os.devnull, "encrypt", *given, *rule, "/dev/stdin"),
            stdin=manifest,
            environment=dict.fromkeys(_RECIPIENTS, ""),
            secrets=sorted(forms(value), key=len, reverse=True),
        )
    ).stdout


def decrypt(ciphertext: bytes, file: str, age_file: str = "") -> bytes:
    """The Secret in clear, opened with the keys that the user's own sops finds, or with those of age in a file; its MAC is verified.

    Raises NoKeyError, RefusedError when the file was changed after it was encrypted, MissingToolError when sops is not there, or fails.
    """
    environment = {"SOPS_AGE_KEY_FILE": age_file} if age_file else {}
    arguments = ("--config", os.devnull, "decrypt", *_STREAM, "/dev/stdin")
    done = run(Command(_sops(), arguments, stdin=ciphertext, exit_codes=_CHANGED | {0, _NO_KEY}, environment=environment))
    # What sops says of a MAC that differs is a digest of the values in clear: it is not repeated.
    if done.exit_code == _NO_KEY:
        hint = "name the file of your age key with $SOPS_AGE_KEY_FILE, or whatever else sops finds a key by"
        raise NoKeyError(Problem(f"{file}: no key that sops finds opens it", hint))
    if done.exit_code:
        hint = (
            "it was edited after it was encrypted, or is damaged: take it back from Git, or give the value to rediskit secret seal --force"
        )
        raise RefusedError(Problem(f"{file}: sops finds that it is not as it was encrypted", hint))
    return done.stdout


def _sops() -> Path:
    try:
        return find("sops", "SOPS")
    except MissingToolError as error:
        raise MissingToolError(Problem(error.problems[0].message, _HINT)) from None
