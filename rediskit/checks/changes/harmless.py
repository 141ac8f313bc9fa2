"""The config keys whose change has no effect on a running Redis."""

from collections.abc import Mapping

_EXPORTER = "the exporter has no data: its container restarts with the pod"
_RECIPIENTS = "it applies to the next password; the check ciphertext-recipients refuses other recipients"

HARMLESS: Mapping[str, str] = {
    "redis.chart.extraKeys": "only the check of values reads it",
    **{f"redis.exporterImage.{key}": _EXPORTER for key in ("registry", "repository", "tag", "digest")},
    "redis.imageMirror": "another registry with the same images; release-restart reports the restart",
    "redis.values": "each of its values is compared as the chart gets it",
    **{
        f"redis.resources.{container}.{kind}.{amount}": "pods restart with other requests and limits; release-restart reports it"
        for container in ("primary", "replica", "exporter")
        for kind in ("requests", "limits")
        for amount in ("cpu", "memory")
    },
    "network.pool.addresses": "only the check of the address reads it",
    "network.pool.taken": "only the check of the address reads it",
    "secrets.directory": "the path of files in Git: the checks of ciphertexts compare their content",
    "secrets.certificate": "it encrypts the next password; the ciphertexts in Git do not change",
    "secrets.scope": "the checks of ciphertexts refuse another scope",
    **{f"secrets.{key}": _RECIPIENTS for key in ("recipients", "pgp", "kms")},
    "secrets.decryptionSecret": "Flux reports it when it can't decrypt; the Secret in the cluster does not change",
    "secrets.apiVersion": "the same object in another version of its API",
    "gitops.flux.interval": "Flux checks for changes at another interval",
}
"""The keys of `redis`, `network`, `secrets` and `gitops` without a rule, each with the reason."""
