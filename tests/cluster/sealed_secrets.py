"""The real sealed-secrets controller. It takes its account from fixed paths of a Pod, so it gets a mount namespace of its own with them."""

from __future__ import annotations

import os
import urllib.request

from tests.cluster.kube import Object, condition_of
from tests.cluster.plane import Plane, program
from tests.cluster.processes import FailedError, free_port, until
from tests.tools.install import locate_folder

NAMESPACE = "sealed-secrets"
_IN_A_POD = """
set -e
run="$(readlink -f /var/run)"
mount -t tmpfs none "$run"
mkdir -p "$run/secrets/kubernetes.io/serviceaccount"
cp token ca.crt "$run/secrets/kubernetes.io/serviceaccount/"
exec "$@"
"""


class SealedSecrets:
    """The controller, with a key that it made itself."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.address = f"127.0.0.1:{free_port()}"

    def start(self) -> None:
        """Installs the kind, starts the controller and waits until it has a certificate."""
        plane = self.plane
        plane.install_crds(locate_folder("sealed-secrets", "crds"))
        plane.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        folder = plane.folder / "sealed-secrets"
        folder.mkdir()
        (folder / "token").write_text(plane.token)
        (folder / "ca.crt").write_bytes((plane.folder / "certificates/apiserver.crt").read_bytes())
        host, _, port = plane.server.removeprefix("https://").rpartition(":")
        user = () if os.geteuid() == 0 else ("--map-root-user",)
        listen = ("--listen-addr", self.address, "--listen-metrics-addr", f"127.0.0.1:{free_port()}")
        plane.programs.start(
            "sealed-secrets",
            *("unshare", *user, "--mount", "/bin/sh", "-c", _IN_A_POD, "sh"),
            *(program("sealed-secrets-controller"), *listen, "--key-size", "2048"),
            environment={"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "POD_NAMESPACE": NAMESPACE},
        )
        until("the certificate of the sealed-secrets controller", lambda: self.certificate() or None)

    def certificate(self) -> bytes:
        """Return the certificate of the controller. kubeseal reads it through the proxy of the API server, which reaches no loopback."""
        self.plane.programs.check()
        try:
            with urllib.request.urlopen(f"http://{self.address}/v1/cert.pem", timeout=5) as answer:
                return bytes(answer.read())
        except OSError as error:
            raise FailedError(str(error)) from error

    def private_keys(self) -> list[Object]:
        """Return the Secrets with its keys."""
        return self.plane.kube.find("v1", "Secret", NAMESPACE, "sealedsecrets.bitnami.com/sealed-secrets-key=active")

    def synced(self, namespace: str, name: str) -> Object:
        """Return the condition of a SealedSecret, as of its newest text."""
        sealed = self.plane.kube.get("bitnami.com/v1alpha1", "SealedSecret", name, namespace) or {}
        seen = sealed.get("status", {}).get("observedGeneration") == sealed.get("metadata", {}).get("generation")
        return condition_of(sealed, "Synced") if seen else {}
