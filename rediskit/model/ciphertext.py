"""Encrypted Secrets as they lie in Git: what can be told of one without any key, and the words that stand around the ciphertext.

A file `<secrets.directory>/<namespace>.yaml` holds one object: a SealedSecret, or a Secret that SOPS has encrypted. Rendering copies
the object as it is, so whatever the live object needs is put in when it is encrypted: SOPS signs what stands around its ciphertext
too (its MAC covers every value of the file, in order).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

from rediskit.model.nested import at, mapping_at, text_at

Scope = Literal["strict", "namespace-wide", "cluster-wide"]
"""What a sealed value is bound to: namespace and name, the namespace, or nothing (sealed-secrets, "Scopes")."""
Form = Literal["sealed-secrets", "sops"]

ROTATION = "rediskit/rotation"
"""Annotation: eight hexadecimal digits, drawn with the password and equal in all namespaces; they say nothing about it."""
ROTATION_ID = re.compile(r"[0-9a-f]{8}")
SEALED_SECRETS = "sealedsecrets.bitnami.com"
"""The prefix of the annotations that the sealed-secrets controller reads."""
SEALED_VERSION = "bitnami.com/v1alpha1"
SKIP_OWNER = f"{SEALED_SECRETS}/skip-set-owner-references"
UNOWNED = {f"{SEALED_SECRETS}/managed": "true", SKIP_OWNER: "true"}
"""In the template of a SealedSecret: the Secret stays when the SealedSecret goes. Both or none: without owner and not managed, the
controller puts no second value into a Secret that it made itself (sealed-secrets 0.36.6, pkg/controller/controller.go:392)."""
_SOPS_FACTS = frozenset({"encrypted_regex", "lastmodified", "mac", "version"})
"""The fields of a `sops` block, as rediskit has it written, that concern no recipient (getsops/sops stores/stores.go, Metadata)."""
SOPS_REGEX = "^(data|stringData)$"
"""What Flux wants encrypted, and nothing else: it reads kind, name and namespace before it decrypts."""


class Ciphertext(NamedTuple):
    """An encrypted Secret, as far as it can be read without a key.

    keys: the keys of the Secret, `plain` those of them whose value is not encrypted. scope: of a SealedSecret.
    inner: name and namespace in the template of a SealedSecret, "" where they are left out. rotation, template_rotation: the
    annotation on the object and on the Secret that comes out of it (one and the same object with SOPS).
    recipients: of SOPS, everything that may open the file or that sops would contact to open it, as `sops_recipient` writes it.
    field: `data` or `stringData`. regex: what SOPS encrypts.
    """

    form: Form
    name: str
    namespace: str
    annotations: dict[str, Any]
    template_annotations: dict[str, Any]
    keys: tuple[str, ...]
    plain: tuple[str, ...] = ()
    scope: Scope = "strict"
    inner: tuple[str, str] = ("", "")
    recipients: tuple[str, ...] = ()
    field: str = "data"
    regex: str = ""

    @property
    def rotation(self) -> str:
        return str(self.annotations.get(ROTATION, ""))

    @property
    def template_rotation(self) -> str:
        return str(self.template_annotations.get(ROTATION, ""))


def ciphertext(content: Any) -> Ciphertext | None:
    """What an object says about itself; None when it is neither a SealedSecret nor a Secret that SOPS has encrypted."""
    kind, version = at(content, "kind"), str(at(content, "apiVersion"))
    if kind == "SealedSecret" and version.partition("/")[0] == "bitnami.com":
        return _sealed(content)
    if kind == "Secret" and version == "v1" and isinstance(at(content, "sops"), dict):
        return _sops(content)
    return None


def as_applied(content: dict[str, Any]) -> dict[str, Any]:
    """The object as the API server gets it: what SOPS encrypted is opened before, so its block is gone and its values are base64 again.

    The values are left empty here. Everything else is given back as it is.
    """
    if content.get("kind") != "Secret" or not isinstance(content.get("sops"), dict):
        return content
    opened = {key: value for key, value in content.items() if key != "sops"}
    return {**opened, "data": dict.fromkeys(mapping_at(content, "data"), "")}


def plain_keys(content: Any) -> tuple[str, ...]:
    """The keys of a v1 Secret whose values stand there in clear; () for anything else. Base64 hides nothing."""
    if at(content, "kind") != "Secret" or at(content, "apiVersion") != "v1":
        return ()
    values = [*mapping_at(content, "data").items(), *mapping_at(content, "stringData").items()]
    opened = isinstance(at(content, "sops"), dict)
    return tuple(key for key, value in values if value not in (None, "") and not (opened and str(value).startswith("ENC[")))


def template_keys(content: Any) -> tuple[str, ...]:
    """Return the keys of a SealedSecret whose values its template has in plain text; () for anything else.

    A value with a template action gets its password in the cluster (sealed-secrets, "Templating").
    """
    if at(content, "kind") != "SealedSecret":
        return ()
    values = mapping_at(content, "spec", "template", "data").items()
    return tuple(key for key, value in values if value not in (None, "") and "{{" not in str(value))


def around_ciphertext(content: dict[str, Any]) -> dict[str, Any]:
    """An object without its ciphertext, for whoever looks for what stands in clear; other objects as they are."""
    found = ciphertext(content)
    if found is None:
        return content
    if found.form == "sops":
        return {key: value for key, value in content.items() if key not in ("data", "stringData", "sops")}
    return {**content, "spec": {key: value for key, value in mapping_at(content, "spec").items() if key != "encryptedData"}}


def scope_annotations(scope: Scope) -> dict[str, str]:
    """The annotations by which the controller knows the scope; a SealedSecret carries them, and so does its template."""
    return {} if scope == "strict" else {f"{SEALED_SECRETS}/{scope}": "true"}


def sealing_label(scope: Scope, namespace: str, name: str) -> bytes:
    """What a sealed value is bound to: the label of RSA-OAEP (sealed-secrets pkg/apis/sealedsecrets/v1alpha1)."""
    return {"strict": f"{namespace}/{name}", "namespace-wide": namespace, "cluster-wide": ""}[scope].encode()


def _sealed(content: Any) -> Ciphertext:
    annotations, template = mapping_at(content, "metadata", "annotations"), mapping_at(content, "spec", "template", "metadata")
    # The widest wins (sealed-secrets SecretScope).
    scopes = [scope for scope in reversed(get_args(Scope)) if str(annotations.get(f"{SEALED_SECRETS}/{scope}")) == "true"]
    values = mapping_at(content, "spec", "encryptedData")
    return Ciphertext(
        form="sealed-secrets",
        name=text_at(content, "metadata", "name"),
        namespace=text_at(content, "metadata", "namespace"),
        annotations=annotations,
        template_annotations=mapping_at(template, "annotations"),
        keys=tuple(values),
        plain=tuple(mapping_at(content, "spec", "template", "data")),
        scope=scopes[0] if scopes else "strict",
        inner=(text_at(template, "name"), text_at(template, "namespace")),
    )


def _sops(content: Any) -> Ciphertext:
    sops, annotations = content["sops"], mapping_at(content, "metadata", "annotations")
    field = "stringData" if mapping_at(content, "stringData") else "data"
    values = mapping_at(content, field)
    return Ciphertext(
        form="sops",
        name=text_at(content, "metadata", "name"),
        namespace=text_at(content, "metadata", "namespace"),
        annotations=annotations,
        template_annotations=annotations,
        keys=tuple(values),
        plain=tuple(key for key, value in values.items() if not str(value).startswith("ENC[")),
        recipients=tuple(sorted({*_recipients(sops)})),
        field=field,
        regex=str(sops.get("encrypted_regex") or ""),
    )


def sops_recipient(kind: str, name: str) -> str:
    """A recipient of SOPS as a person and a comparison read it: an age key by itself, any other behind its kind.

    sops drops spaces from the names of keys before it stores them (pgp/keysource.go, kms/keysource.go).
    """
    bare = name.replace(" ", "")
    return bare if kind == "age" else f"{kind} {bare}"


def _recipients(sops: Any) -> Iterator[str]:
    """All recipients in a `sops` block. What this function does not know counts as a recipient under its own name.

    Several key groups, a threshold, a profile or an encryption context also change what sops does or whom it contacts: no config asks
    for them, so each of them is reported like a recipient that the config does not name.
    """
    for kind, entries in sops.items():
        if kind in _SOPS_FACTS or entries in (None, "", [], 0, False):
            continue
        known = _IDENTITIES.get(kind)
        if known is None or not isinstance(entries, list):
            yield kind
            continue
        for entry in entries:
            name = "+".join(name for field in known if (name := text_at(entry, field)))
            extra = sorted(key for key, value in mapping_at(entry).items() if value and key not in (*known, "created_at", "enc"))
            yield (sops_recipient(kind, name) if name else kind) + "".join(f" with {key}" for key in extra)


_IDENTITIES = {"age": ("recipient",), "pgp": ("fp",), "kms": ("arn", "role")}
"""Where an entry of each supported kind says which key it is for."""
