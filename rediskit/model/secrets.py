"""How the one password reaches the namespaces. No mode ever holds a plaintext."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.ciphertext import Ciphertext, Scope, sops_recipient
from rediskit.model.files import TextFile
from rediskit.model.measures import Duration
from rediskit.model.types import AgeRecipient, DnsName, Flag, Line, RelativeFile
from rediskit.secrecy import holds_private_key

FETCH_HINT = "rediskit secret fetch-cert brings the controller's"
PEM_BEGIN = "-----BEGIN "
PRIVATE_KEY = "this is a private key, not a certificate"
PRIVATE_KEY_HINT = f"never commit it, and take it for lost if it was pushed; {FETCH_HINT}"


class _Secrets(Model):
    directory: RelativeFile | None = None
    """Where the encrypted inputs lie, one file a namespace, relative to this file; default: `<name>/secrets`."""


class Manual(_Secrets):
    """Nothing in Git: a person (or another tool) creates the Secrets; the tree says how."""

    # The default is for Python: in YAML the mode is what tells the forms apart.
    model_config = ConfigDict(json_schema_extra={"required": ["mode"]})

    mode: Literal["manual"] = "manual"
    """How the password reaches the namespaces: manual, sealed-secrets, sops or external-secrets."""


class SealedSecrets(_Secrets):
    """Bitnami Sealed Secrets: ciphertext in Git, opened by the controller in the cluster."""

    mode: Literal["sealed-secrets"]
    """How the password reaches the namespaces: manual, sealed-secrets, sops or external-secrets."""
    certificate: TextFile
    """A file with the controller's certificate (PEM), relative to this file; `rediskit secret fetch-cert` brings it."""
    scope: Scope = "strict"
    """What a sealed value is bound to: strict (namespace and name), namespace-wide or cluster-wide."""
    owner_reference: Flag = False
    """Whether the Secret goes with its SealedSecret. When false, it stays, and one that was there before is taken over only if it is
    annotated `sealedsecrets.bitnami.com/managed: "true"`."""

    @field_validator("certificate")
    @classmethod
    def _is_public(cls, certificate: TextFile) -> TextFile:
        if holds_private_key(certificate.text):
            refuse(f"{certificate.path}: {PRIVATE_KEY}", PRIVATE_KEY_HINT)
        if certificate.text.strip() and PEM_BEGIN not in certificate.text:
            refuse(f"{certificate.path}: this is not a certificate in PEM", f"it begins with {PEM_BEGIN}CERTIFICATE-----: {FETCH_HINT}")
        return certificate


class Sops(_Secrets):
    """SOPS: ciphertext in Git, opened by Flux. With Argo CD nothing would open it."""

    mode: Literal["sops"]
    """How the password reaches the namespaces: manual, sealed-secrets, sops or external-secrets."""
    recipients: tuple[AgeRecipient, ...] = ()
    """The public keys of age that the ciphertext is for."""
    pgp: tuple[Line, ...] = ()
    """Fingerprints of PGP keys, handed to sops as they are."""
    kms: tuple[Line, ...] = ()
    """ARNs of AWS KMS keys, handed to sops as they are."""
    decryption_secret: DnsName = "sops-age"
    """The Secret in Flux's namespace that holds the private key, under a name that ends in .agekey (or .asc)."""

    @property
    def key_group(self) -> frozenset[str]:
        """Every recipient, as `Ciphertext.recipients` names them. An entry may hold several keys, separated by commas."""
        named = {"age": self.recipients, "pgp": self.pgp, "kms": self.kms}
        return frozenset(sops_recipient(kind, key) for kind, entries in named.items() for entry in entries for key in entry.split(","))

    def differences(self, found: Ciphertext) -> tuple[list[str], list[str]]:
        """The recipients that a ciphertext lacks, and those that it has and the config does not name."""
        wanted, there = self.key_group, frozenset(found.recipients)
        return sorted(wanted - there), sorted(there - wanted)

    @model_validator(mode="after")
    def _for_somebody(self) -> Self:
        if not (self.recipients or self.pgp or self.kms):
            refuse("the ciphertext would be for nobody", "name a public key of age under recipients, or a key under pgp or kms")
        return self


class SecretStore(Model):
    """The store of the External Secrets Operator that the values come from."""

    kind: Literal["SecretStore", "ClusterSecretStore"] = "ClusterSecretStore"
    """The kind of the store."""
    name: DnsName
    """The name of the store."""


class ExternalSecrets(_Secrets):
    """External Secrets Operator: Git holds references only."""

    mode: Literal["external-secrets"]
    """How the password reaches the namespaces: manual, sealed-secrets, sops or external-secrets."""
    store: SecretStore | None = None
    """Where the value comes from; left out when the operator generates it."""
    key: Line | None = None
    """The key of the value in the store."""
    property: Line | None = None
    """The property of that key, where one key holds several values."""
    refresh: Duration | None = None
    """How often the operator reads the store by itself. Left out, a value reaches a running Redis only with the rotation page; with
    `generate` clients read theirs every hour."""
    generate: Flag = False
    """The operator makes the password, once, in the namespace of Redis, and clients read it from there."""
    api_version: Literal["v1", "v1beta1"] = "v1"
    """The version of external-secrets.io that the cluster serves."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.generate:
            given = [name for name in ("store", "key", "property") if getattr(self, name) is not None]
            hint = "leave it out, or say generate: false"
            refuse_all([Problem("has no meaning when the operator generates the password", hint, (name,)) for name in given])
            if self.api_version != "v1":
                refuse("a password that is generated once needs external-secrets.io/v1", "leave apiVersion out", "apiVersion")
            return self
        hint = "say which store and which key hold the password, or generate: true"
        refuse_all([Problem("is missing", hint, (name,)) for name in ("store", "key") if getattr(self, name) is None])
        return self


Secrets = Annotated[Manual | SealedSecrets | Sops | ExternalSecrets, Field(discriminator="mode")]

ENCRYPTED: frozenset[str] = frozenset({"sealed-secrets", "sops"})
"""The modes whose ciphertext lies in `secrets.directory`, one file a namespace."""
