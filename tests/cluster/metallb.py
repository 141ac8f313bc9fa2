"""The real controller of MetalLB with the default pool. It assigns addresses, and nothing announces them."""

from __future__ import annotations

from tests.cluster.plane import Plane, program
from tests.cluster.processes import free_port
from tests.tools.install import locate_folder

NAMESPACE = "metallb-system"
POOL = "eero-pool"
ADDRESSES = "192.168.4.200-192.168.4.210"
_VERSION = "metallb.io/v1beta1"
_NAME = "metallb-controller"


class MetalLB:
    """Starts at once; `stop` and `start` end it and start it again."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        plane.install_crds(locate_folder("metallb", "crds"))
        plane.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        meta = {"name": POOL, "namespace": NAMESPACE}
        plane.kube.create({"apiVersion": _VERSION, "kind": "IPAddressPool", "metadata": meta, "spec": {"addresses": [ADDRESSES]}})
        plane.kube.create({"apiVersion": _VERSION, "kind": "L2Advertisement", "metadata": meta, "spec": {"ipAddressPools": [POOL]}})
        plane.programs.start(
            _NAME,
            program(_NAME),
            *("-kubeconfig", plane.kubeconfig, "-namespace", NAMESPACE, "-port", str(free_port())),
            *("-webhook-mode", "disabled", "-disable-cert-rotation", "-log-level", "warn"),
        )

    def stop(self) -> None:
        self.plane.programs[_NAME].stop()

    def start(self) -> None:
        self.plane.programs[_NAME].start()
