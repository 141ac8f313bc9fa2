"""Encrypted Secrets in Git, as far as they can be read without a key.

A file `<secrets.directory>/<namespace>.yaml` contains one object: a SealedSecret, or a Secret that SOPS encrypted. `render` copies the
object unchanged, so everything the live object needs is added before the encryption: the MAC of SOPS covers every value of the file.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

from rediskit.model.nested import at, mapping_at, text_at

Scope = Literal["strict", "namespace-wide", "cluster-wide"]
"""The scope of a sealed value: namespace and name, the namespace, or the cluster
(https://github.com/bitnami-labs/sealed-secrets#scopes)."""
Form = Literal["sealed-secrets", "sops"]

ROTATION = "rediskit/rotation"
"""Annotation: eight random hexadecimal digits, generated with the password and equal in all namespaces."""
ROTATION_ID = re.compile(r"[0-9a-f]{8}")
SEALED_SECRETS = "sealedsecrets.bitnami.com"
"""The prefix of the annotations that the sealed-secrets controller reads."""
SEALED_VERSION = "bitnami.com/v1alpha1"
SKIP_OWNER = f"{SEALED_SECRETS}/skip-set-owner-references"
UNOWNED = {f"{SEALED_SECRETS}/managed": "true", SKIP_OWNER: "true"}
"""Annotations of the template of a SealedSecret whose Secret stays when the SealedSecret is deleted. Both are needed: the controller does
not update a Secret without owner that is not managed (sealed-secrets 0.36.6, pkg/controller/controller.go:392)."""
_SOPS_METADATA = frozenset({"encrypted_regex", "lastmodified", "mac", "version"})
"""The fields of a `sops` block that are not recipients (getsops/sops stores/stores.go, Metadata)."""
SOPS_REGEX = "^(data|stringData)$"
"""The fields that SOPS encrypts for Flux, which reads kind, name and namespace before it decrypts."""


class Ciphertext(NamedTuple):
    """An encrypted Secret, as far as it can be read without a key.

    Attributes:
        form: The program that encrypted it.
        template_annotations: The annotations of the Secret that the controller creates; with SOPS those of the object.
        plain: The keys whose value is not encrypted.
        inner: Name and namespace in the template of a SealedSecret; "" for an absent one.
        recipients: All keys and services that can decrypt a SOPS file, as `sops_recipient` writes them.
        field: `data` or `stringData`.
        regex: The expression for the fields that SOPS encrypts.
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
    """Return the readable part of an encrypted Secret; None for any other object."""
    form = _form(content)
    if form is None:
        return None
    return _sealed(content) if form == "sealed-secrets" else _sops(content)


def _form(content: Any) -> Form | None:
    """Return the form of an encrypted Secret; None for any other object."""
    kind = at(content, "kind")
    if kind == "SealedSecret" and str(at(content, "apiVersion")).partition("/")[0] == "bitnami.com":
        return "sealed-secrets"
    if kind == "Secret" and at(content, "apiVersion") == "v1" and isinstance(at(content, "sops"), dict):
        return "sops"
    return None


def as_applied(content: dict[str, Any]) -> dict[str, Any]:
    """Return an object as the API server receives it: Flux decrypts a SOPS Secret before, so it has no `sops` block.

    The decrypted values are empty here. Other objects are returned unchanged.
    """
    if content.get("kind") != "Secret" or not isinstance(content.get("sops"), dict):
        return content
    decrypted = {key: value for key, value in content.items() if key != "sops"}
    return {**decrypted, "data": dict.fromkeys(mapping_at(content, "data"), "")}


def plain_keys(content: Any) -> tuple[str, ...]:
    """Return the keys of a v1 Secret whose values are in plain text or base64; () for any other object."""
    if at(content, "kind") != "Secret" or at(content, "apiVersion") != "v1":
        return ()
    values = [*mapping_at(content, "data").items(), *mapping_at(content, "stringData").items()]
    encrypted = isinstance(at(content, "sops"), dict)
    return tuple(key for key, value in values if value not in (None, "") and not (encrypted and str(value).startswith("ENC[")))


def template_keys(content: Any) -> tuple[str, ...]:
    """Return the keys of a SealedSecret whose values its template has in plain text; () for anything else.

    A value with a template action gets its password in the cluster (sealed-secrets, "Templating").
    """
    if at(content, "kind") != "SealedSecret":
        return ()
    values = mapping_at(content, "spec", "template", "data").items()
    return tuple(key for key, value in values if value not in (None, "") and "{{" not in str(value))


def around_ciphertext(content: dict[str, Any]) -> dict[str, Any]:
    """Return an object without its ciphertext, to search the rest for plain text; other objects unchanged."""
    form = _form(content)
    if form is None:
        return content
    if form == "sops":
        return {key: value for key, value in content.items() if key not in ("data", "stringData", "sops")}
    return {**content, "spec": {key: value for key, value in mapping_at(content, "spec").items() if key != "encryptedData"}}


def scope_annotations(scope: Scope) -> dict[str, str]:
    """Return the annotations that set the scope, on a SealedSecret and on its template."""
    return {} if scope == "strict" else {f"{SEALED_SECRETS}/{scope}": "true"}


def sealing_label(scope: Scope, namespace: str, name: str) -> bytes:
    """Return the RSA-OAEP label of a sealed value (sealed-secrets pkg/apis/sealedsecrets/v1alpha1)."""
    return {"strict": f"{namespace}/{name}", "namespace-wide": namespace, "cluster-wide": ""}[scope].encode()


def _sealed(content: Any) -> Ciphertext:
    annotations, template = mapping_at(content, "metadata", "annotations"), mapping_at(content, "spec", "template", "metadata")
    # The widest scope takes precedence (sealed-secrets SecretScope).
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
    """Return a recipient of SOPS as text: an age key alone, any other key after its kind.

    SOPS removes spaces from the names of keys before it stores them (pgp/keysource.go, kms/keysource.go).
    """
    bare = name.replace(" ", "")
    return bare if kind == "age" else f"{kind} {bare}"


def _recipients(sops: Any) -> Iterator[str]:
    """Yield all recipients in a `sops` block. An unknown field is a recipient with the name of the field.

    Key groups, a threshold, a profile and an encryption context also change who can decrypt. No config can set them, so each counts as a
    recipient that the config does not contain.
    """
    for kind, entries in sops.items():
        if kind in _SOPS_METADATA or entries in (None, "", [], 0, False):
            continue
        identities = _IDENTITIES.get(kind)
        if identities is None or not isinstance(entries, list):
            yield kind
            continue
        for entry in entries:
            name = "+".join(name for field in identities if (name := text_at(entry, field)))
            extra = sorted(key for key, value in mapping_at(entry).items() if value and key not in (*identities, "created_at", "enc"))
            yield (sops_recipient(kind, name) if name else kind) + "".join(f" with {key}" for key in extra)


_IDENTITIES = {"age": ("recipient",), "pgp": ("fp",), "kms": ("arn", "role")}
"""The fields that identify the key in an entry of each supported kind."""
