"""Hostile content of SOPS files, and hostile output of a fake sops."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

import yaml

Content = dict[str, Any]
STRANGER = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"
"""A recipient in the form of an age public key without a private key."""
_ENTRY = {"created_at": "2026-01-01T00:00:00Z", "enc": "QUFBQQ=="}
_VAULT = {"vault_address": "http://127.0.0.1:1", "engine_path": "transit", "key_name": "x", **_ENTRY}
_ARN = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"
_PGP = {"fp": "0123456789ABCDEF0123456789ABCDEF01234567", **_ENTRY}
_AGE = {"recipient": STRANGER, "enc": "-----BEGIN AGE ENCRYPTED FILE-----\nQUFBQQ==\n-----END AGE ENCRYPTED FILE-----\n"}
_GROUP_OF = {
    "hc_vault": _VAULT,
    "gcp_kms": {"resource_id": "projects/p/locations/global/keyRings/r/cryptoKeys/k", **_ENTRY},
    "azure_kv": {"vault_url": "https://127.0.0.1:1", "name": "k", "version": "v", **_ENTRY},
    "hckms": {"key_id": "tr-west-1:abc-123", **_ENTRY},
    "kms": {"arn": _ARN, **_ENTRY},
    "pgp": _PGP,
    "age": _AGE,
    "kms_of_tomorrow": {"address": "http://127.0.0.1:1", **_ENTRY},
}


def _added(kind: str, entry: Any) -> Callable[[Content], None]:
    return lambda sops: sops.update({kind: [*(sops.get(kind) or []), entry]})


def _replaced(kind: str, entry: Any) -> Callable[[Content], Any]:
    return lambda sops: (sops.pop("age", None), sops.update({kind: [entry]}))


def _grouped(kind: str, entry: Any) -> Callable[[Content], None]:
    """Add a second key group as sops writes it."""
    return lambda sops: sops.update({"shamir_threshold": 1, "key_groups": [{"age": sops.pop("age", [])}, {kind: [entry]}]})


RECIPIENTS: dict[str, Callable[[Content], Any]] = {
    **{f"{kind} added": _added(kind, entry) for kind, entry in _GROUP_OF.items()},
    **{f"{kind} instead": _replaced(kind, entry) for kind, entry in _GROUP_OF.items()},
    **{f"{kind} in a second group": _grouped(kind, entry) for kind, entry in _GROUP_OF.items()},
    "an assumed role": _added("kms", {"arn": _ARN, "role": "arn:aws:iam::1:role/x", **_ENTRY}),
    "a profile": _added("kms", {"arn": _ARN, "aws_profile": "admin", **_ENTRY}),
    "a context": _added("kms", {"arn": _ARN, "context": {"a": "b"}, **_ENTRY}),
    "a threshold": lambda sops: sops.update({"shamir_threshold": 2}),
    "no recipient": lambda sops: sops.pop("age"),
    "vault as a mapping": lambda sops: sops.update({"hc_vault": _VAULT}),
    "an entry that is a text": _added("age", STRANGER),
    "an entry without a name": _added("pgp", {"enc": "QUFBQQ=="}),
}
"""Changes of the `sops` block that add a recipient, or make decryption contact another server."""


def changed(content: Content, change: Callable[[Content], Any]) -> Content:
    """Return a copy of an encrypted Secret with a changed `sops` block."""
    result = copy.deepcopy(content)
    change(result["sops"])
    return result


def _set(*path: str) -> Callable[[Content, Any], None]:
    def change(content: Content, value: Any) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return change


_FORMS: dict[str, Callable[[bytes], str]] = {
    "plain": lambda value: value.decode(),
    "backwards": lambda value: value.decode()[::-1],
    "base64": lambda value: base64.b64encode(value).decode(),
    "base64 backwards": lambda value: base64.b64encode(value).decode()[::-1],
    "base64 inside of more": lambda value: base64.b64encode(b"x" + value + b"yz").decode(),
    "base64 twice": lambda value: base64.b64encode(base64.b64encode(value)).decode(),
    "base64 for URLs": lambda value: base64.urlsafe_b64encode(b"?>" + value).decode(),
    "base32": lambda value: base64.b32encode(value).decode(),
    "hexadecimal": lambda value: value.hex(),
    "hexadecimal in capitals": lambda value: value.hex().upper(),
    "hexadecimal backwards": lambda value: value.hex()[::-1],
    "percent": lambda value: "".join(f"%{byte:02X}" for byte in value),
    "in words": lambda value: f"the password is {value.decode()}!",
}
_PLACES: dict[str, Callable[[Content, Any], None]] = {
    "the value": _set("data", "redis-password"),
    "another value": _set("data", "more"),
    "stringData": lambda content, text: content.update({"stringData": {"redis-password": text}}),
    "an annotation": _set("metadata", "annotations", "note"),
    "a label": _set("metadata", "labels", "note"),
    "the type": _set("type"),
    "a field of SOPS": _set("sops", "note"),
    "the MAC": _set("sops", "mac"),
    "the version of SOPS": _set("sops", "version"),
    "the end of the key of age": lambda content, text: content["sops"]["age"][0].update({"enc": content["sops"]["age"][0]["enc"] + text}),
    "the name of a key": lambda content, text: content["data"].update({text: content["data"]["redis-password"]}),
}


def outputs(encrypted: bytes, plain: bytes, value: bytes) -> dict[str, bytes]:
    """Yield outputs of a fake sops with exit code 0, none of which may be written.

    encrypted: what the real sops prints; plain: what it was given; value: the password.
    """
    content = yaml.safe_load(encrypted)
    spoiled: dict[str, bytes] = {
        "nothing": b"",
        "the input": plain,
        "a word": b"ok\n",
        "no object": b"[1, 2]\n",
        "a tab": b"\tkind: Secret\n",
        "the input behind the output": encrypted + b"---\n" + plain,
        "the input as a comment": encrypted + b"".join(b"# " + line + b"\n" for line in plain.splitlines()),
        "half of the output": encrypted[: len(encrypted) // 2],
    }
    for place, change in _PLACES.items():
        for form, write in _FORMS.items():
            spoilt = copy.deepcopy(content)
            change(spoilt, write(value))
            spoiled[f"{place}: {form}"] = yaml.safe_dump(spoilt, sort_keys=False).encode()
    for name, change_sops in RECIPIENTS.items():
        spoiled[f"recipients: {name}"] = yaml.safe_dump(changed(content, change_sops), sort_keys=False).encode()
    others: dict[str, Callable[[Content], Any]] = {
        "another rule": lambda secret: secret["sops"].update({"encrypted_regex": "^x$"}),
        "no rule": lambda secret: secret["sops"].pop("encrypted_regex"),
        "another namespace": lambda secret: secret["metadata"].update({"namespace": "elsewhere"}),
        "no MAC": lambda secret: secret["sops"].pop("mac"),
        "no value": lambda secret: secret.update({"data": {}}),
        "a short value": lambda secret: secret["data"].update({"redis-password": "ENC[AES256_GCM,data:QUFB,iv:QUFB,tag:QUFB,type:str]"}),
        "no block of SOPS": lambda secret: secret.pop("sops"),
        "an empty block of SOPS": lambda secret: secret.update({"sops": {}}),
    }
    for name, spoil in others.items():
        spoilt = copy.deepcopy(content)
        spoil(spoilt)
        spoiled[name] = yaml.safe_dump(spoilt, sort_keys=False).encode()
    return spoiled
