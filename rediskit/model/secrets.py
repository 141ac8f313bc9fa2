"""The delivery of the password into the namespaces. No mode stores it in plain text."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from rediskit.errors import Problem
from rediskit.model.base import Model, refuse, refuse_all
from rediskit.model.ciphertext import Ciphertext, Scope, sops_recipient
from rediskit.model.files import TextFile
from rediskit.model.measures import Duration
from rediskit.model.types import AgeRecipient, DnsName, Flag, Line, RelativeFile
from rediskit.secrecy import holds_private_key

FETCH_HINT = "run rediskit secret fetch-cert to download the certificate of the controller"
PEM_BEGIN = "-----BEGIN "
PRIVATE_KEY = "this is a private key, not a certificate"
PRIVATE_KEY_HINT = f"do not commit it, and revoke it if it was pushed; {FETCH_HINT}"


class _Secrets(Model):
    directory: RelativeFile | None = None
    """The directory of the encrypted Secrets, one file per namespace, relative to this file. Default: `<name>/secrets`."""


class Manual(_Secrets):
    """No Secret in Git: a person or another tool creates the Secrets."""

    # The default is for Python. In YAML, the mode selects the form and is required.
    model_config = ConfigDict(json_schema_extra={"required": ["mode"]})

    mode: Literal["manual"] = "manual"
    """The delivery of the password: manual, sealed-secrets, sops or external-secrets."""


class SealedSecrets(_Secrets):
    """Bitnami Sealed Secrets: ciphertext in Git, decrypted by the controller in the cluster."""

    mode: Literal["sealed-secrets"]
    """The delivery of the password: manual, sealed-secrets, sops or external-secrets."""
    certificate: TextFile
    """The certificate of the controller (PEM), relative to this file. `rediskit secret fetch-cert` downloads it."""
    scope: Scope = "strict"
    """The scope of the sealed values: strict (namespace and name), namespace-wide or cluster-wide."""
    owner_reference: Flag = False
    """Whether the Secret is deleted with its SealedSecret. If false, the Secret stays, and the controller updates an existing Secret only
    with the annotation `sealedsecrets.bitnami.com/managed: "true"`."""

    @field_validator("certificate")
    @classmethod
    def _is_public(cls, certificate: TextFile) -> TextFile:
        if holds_private_key(certificate.text):
            refuse("certificate", f"{certificate.path}: {PRIVATE_KEY}", PRIVATE_KEY_HINT)
        if certificate.text.strip() and PEM_BEGIN not in certificate.text:
            refuse("certificate", f"{certificate.path}: not a certificate in PEM format", FETCH_HINT)
        return certificate


class Sops(_Secrets):
    """SOPS: ciphertext in Git, decrypted by Flux. Argo CD can't decrypt it."""

    mode: Literal["sops"]
    """The delivery of the password: manual, sealed-secrets, sops or external-secrets."""
    recipients: tuple[AgeRecipient, ...] = ()
    """Public keys of age that can decrypt."""
    pgp: tuple[Line, ...] = ()
    """Fingerprints of PGP keys that can decrypt."""
    kms: tuple[Line, ...] = ()
    """ARNs of AWS KMS keys that can decrypt."""
    decryption_secret: DnsName = "sops-age"
    """The Secret in the namespace of Flux with the private key, in a key that ends in .agekey or .asc."""

    @property
    def key_group(self) -> frozenset[str]:
        """All recipients in the form of `Ciphertext.recipients`. An entry can contain several keys, separated by commas."""
        recipients = {"age": self.recipients, "pgp": self.pgp, "kms": self.kms}
        return frozenset(sops_recipient(kind, key) for kind, entries in recipients.items() for entry in entries for key in entry.split(","))

    def differences(self, secret: Ciphertext) -> tuple[list[str], list[str]]:
        """Return the recipients of the config that a ciphertext lacks, and those that only the ciphertext has."""
        expected, actual = self.key_group, frozenset(secret.recipients)
        return sorted(expected - actual), sorted(actual - expected)

    @model_validator(mode="after")
    def _has_a_recipient(self) -> Self:
        if not (self.recipients or self.pgp or self.kms):
            refuse("sops-recipients", "no key can decrypt the Secret", "add an age public key to recipients, or a key to pgp or kms")
        return self


class SecretStore(Model):
    """The store of the External Secrets Operator."""

    kind: Literal["SecretStore", "ClusterSecretStore"] = "ClusterSecretStore"
    """The kind of the store."""
    name: DnsName
    """The name of the store."""


class ExternalSecrets(_Secrets):
    """External Secrets Operator: Git contains references only."""

    mode: Literal["external-secrets"]
    """The delivery of the password: manual, sealed-secrets, sops or external-secrets."""
    store: SecretStore | None = None
    """The store of the password. Not used with `generate`."""
    key: Line | None = None
    """The key of the password in the store."""
    property: Line | None = None
    """The property of the key, if the key contains several values."""
    refresh: Duration | None = None
    """The refresh interval of the operator. Default: never (the rotation runbook refreshes the Secret), or every hour for clients with
    `generate`."""
    generate: Flag = False
    """Whether the operator generates the password once, in the namespace of Redis, and clients read it from there."""
    api_version: Literal["v1", "v1beta1"] = "v1"
    """The version of the API external-secrets.io in the cluster."""

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        code = "external-secrets"
        if self.generate:
            unused = [name for name in ("store", "key", "property") if getattr(self, name) is not None]
            hint = "remove it, or write generate: false"
            refuse_all([Problem("is not used when the operator generates the password", hint, (name,), code=code) for name in unused])
            if self.api_version != "v1":
                refuse(code, "generate needs the API version external-secrets.io/v1", "remove apiVersion", "apiVersion")
            return self
        hint = "add the store and the key of the password, or write generate: true"
        refuse_all([Problem("is missing", hint, (name,), code=code) for name in ("store", "key") if getattr(self, name) is None])
        return self


Secrets = Annotated[Manual | SealedSecrets | Sops | ExternalSecrets, Field(discriminator="mode")]

ENCRYPTED: frozenset[str] = frozenset({"sealed-secrets", "sops"})
"""The modes with ciphertext in `secrets.directory`."""
