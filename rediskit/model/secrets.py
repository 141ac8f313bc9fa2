"""How the one password reaches the namespaces. No mode ever holds a plaintext."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from rediskit.model.base import Model, refuse
from rediskit.model.files import TextFile
from rediskit.model.types import DnsName, Line, RelativeFile


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
    """A file with the controller's certificate (PEM), relative to this file."""


class Sops(_Secrets):
    """SOPS: ciphertext in Git, opened by Flux."""

    mode: Literal["sops"]
    """How the password reaches the namespaces: manual, sealed-secrets, sops or external-secrets."""
    recipients: tuple[Line, ...]
    """The public keys of age that the ciphertext is for."""


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
    store: SecretStore
    """Where the values come from."""


Secrets = Annotated[Manual | SealedSecrets | Sops | ExternalSecrets, Field(discriminator="mode")]


def implemented(secrets: Manual | SealedSecrets | Sops | ExternalSecrets) -> Manual | SealedSecrets | Sops | ExternalSecrets:
    """Refuses the modes that no renderer serves yet, so that a config never promises a Secret that nobody makes."""
    if secrets.mode != "manual":
        refuse(f"{secrets.mode} is not served yet", "use mode: manual for now: the tree's README says how to create the Secrets", "mode")
    return secrets
