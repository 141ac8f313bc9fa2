"""Encrypt and decrypt a Secret with `sops`. Values are only in its standard input and output."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from rediskit.errors import MissingToolError, Problem, RefusedError
from rediskit.model.ciphertext import SOPS_REGEX
from rediskit.plaintext import Plaintext, forms
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
"""Variables that add recipients to those of the config."""
Recipients = Mapping[str, Sequence[str]]
"""Keys by the option of sops and the field of a creation rule: `age`, `pgp`, `kms`."""
RULES = ".sops.yaml"
"""It is above the folder of the manifests. sops searches the current folder and its parents."""
_STREAM = ("--input-type", "yaml", "--output-type", "yaml")
_CHANGED = frozenset({24, 25, 51, 52})
"""Exit codes of sops 3.13: a value or the MAC can't be decrypted, the MAC differs, there is none (cmd/sops/codes)."""
_NO_KEY = 128
_HINT = "install it (https://github.com/getsops/sops/releases), or set $SOPS to the file"


class NoKeyError(RefusedError):
    """No key that sops of the user has decrypts the file."""


def creation_rules(recipients: Recipients, folder: str) -> bytes:
    """Return a .sops.yaml for the parent of a folder, so that `sops` and `sops updatekeys` use the same recipients in the folder."""
    keys = {option: ",".join(names) for option, names in recipients.items() if names}
    rule = {"path_regex": rf"^{re.escape(folder)}/[^/]+\.yaml$", "encrypted_regex": SOPS_REGEX, **keys}
    return dump({"creation_rules": [rule]}).encode()


def encrypt(manifest: bytes, recipients: Recipients, value: Plaintext) -> bytes:
    """Return a Secret with encrypted `data`. Neither a .sops.yaml nor an environment variable affects the result.

    `value` is the value in the Secret, which no message contains.
    """
    options = [part for option, keys in recipients.items() if keys for part in (f"--{option}", ",".join(keys))]
    rule = ("--encrypted-regex", SOPS_REGEX, *_STREAM, "--filename-override", "secret.yaml")
    return run(
        Command(
            _sops(),
            ("--config", os.devnull, "encrypt", *options, *rule, "/dev/stdin"),
            stdin=manifest,
            environment=dict.fromkeys(_RECIPIENTS, ""),
            secrets=sorted(forms(value), key=len, reverse=True),
        )
    ).stdout


def decrypt(ciphertext: bytes, file: str, age_file: str = "") -> bytes:
    """Return the decrypted Secret after verification of its MAC. Without `age_file`, sops searches for keys.

    Raises:
        NoKeyError: No key decrypts the file.
        RefusedError: The file changed after encryption.
    """
    environment = {"SOPS_AGE_KEY_FILE": age_file} if age_file else {}
    arguments = ("--config", os.devnull, "decrypt", *_STREAM, "/dev/stdin")
    completed = run(Command(_sops(), arguments, stdin=ciphertext, exit_codes=_CHANGED | {0, _NO_KEY}, environment=environment))
    # The message of sops about a wrong MAC contains a digest of the plain values: it is not repeated.
    if completed.exit_code == _NO_KEY:
        hint = "set $SOPS_AGE_KEY_FILE to the file of your age key, or configure another key for sops"
        raise NoKeyError(Problem(f"{file}: sops has no key that decrypts it", hint))
    if completed.exit_code:
        hint = "restore it from Git, or encrypt the value again: rediskit secret seal --force --from-stdin"
        raise RefusedError(Problem(f"{file}: sops reports that the file changed after encryption", hint))
    return completed.stdout


def _sops() -> Path:
    try:
        return find("sops", "SOPS")
    except MissingToolError as error:
        raise MissingToolError(Problem(error.problems[0].message, _HINT)) from None
