"""The keys of the config whose change does nothing to a Redis that runs."""

from __future__ import annotations

from collections.abc import Mapping

HARMLESS: Mapping[str, str] = {
    "redis.chart.extraKeys": "it only tells the check which values a newer chart knows",
    "redis.exporterImage.registry": "the exporter has no data: its container restarts with the pod",
    "redis.exporterImage.repository": "the exporter has no data: its container restarts with the pod",
    "redis.exporterImage.tag": "the exporter has no data: its container restarts with the pod",
    "redis.exporterImage.digest": "the exporter has no data: its container restarts with the pod",
    "redis.imageMirror": "another registry with the same images; release-restart reports the restart",
    "redis.values": "it is compared value by value, as the chart gets it",
    **{
        f"redis.resources.{container}.{kind}.{amount}": "pods restart with other requests and limits; release-restart reports it"
        for container in ("primary", "replica", "exporter")
        for kind in ("requests", "limits")
        for amount in ("cpu", "memory")
    },
    "network.pool.addresses": "it only tells the check which addresses the pool has",
    "network.pool.taken": "it only tells the check which addresses are in use",
    "secrets.directory": "a place of files in Git: their content is compared by the checks of ciphertexts",
    "secrets.certificate": "it encrypts the next password; the ciphertexts in Git stay as they are",
    "secrets.scope": "the checks of ciphertexts refuse one of another scope",
    "secrets.recipients": "it encrypts the next password; the check ciphertext-recipients refuses other ones",
    "secrets.pgp": "it encrypts the next password; the check ciphertext-recipients refuses other ones",
    "secrets.kms": "it encrypts the next password; the check ciphertext-recipients refuses other ones",
    "secrets.decryptionSecret": "Flux reports it when it can't decrypt; the Secret in the cluster stays as it is",
    "secrets.apiVersion": "the same object in another version of its API",
    "gitops.flux.interval": "Flux looks for changes more or less often",
}
"""Keys of the four sections without a rule, each with the reason."""
