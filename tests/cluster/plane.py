"""A real control plane on loopback: etcd, kube-apiserver, controller-manager, scheduler, and nodes that kwok simulates.

Pods become Ready without a kubelet; scaling, rollouts, volumes and garbage collection are the real controllers'.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cluster.kube import Kube, Object, RefusedError, condition
from tests.cluster.processes import FailedError, Programs, free_port, until
from tests.tools.install import locate, locate_folder

NODES = ("node-1", "node-2", "node-3", "node-4")
STAGES = ("pod/fast", "node/fast", "node/heartbeat-with-lease")
VOLUMES = 6


class Plane:
    """The control plane of one run. `start` returns when the API server is ready and the nodes are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = Programs(folder)
        self.token = secrets.token_hex(16)
        self.port = free_port()
        self.server = f"https://127.0.0.1:{self.port}"
        self.kubeconfig = folder / "kubeconfig"

    def start(self) -> None:
        """Start everything."""
        etcd = self._etcd()
        self._api_server(etcd)
        authority = self.folder / "certificates/apiserver.crt"
        until("the certificate of the API server", lambda: authority.exists() or None)
        self._write_kubeconfig(authority)
        self.kube = Kube(self.server, self.token, authority, program("kubectl"), self.kubeconfig)
        until("the API server", self._ready, 90)
        common = ("--kubeconfig", self.kubeconfig, "--leader-elect=false", "--secure-port=0")
        controllers = ("--service-account-private-key-file", self.folder / "service-account.key", "--use-service-account-credentials=false")
        self.programs.start("kube-controller-manager", program("kube-controller-manager"), *common, *controllers)
        self.programs.start("kube-scheduler", program("kube-scheduler"), *common)
        self._kwok()
        self._storage()
        for name in NODES:
            self.kube.create(node(name))
        for name in NODES:
            until(f"node {name}", lambda name=name: self._node_is_ready(name))  # type: ignore[misc]

    def stop(self) -> None:
        """Stop everything that was started."""
        self.programs.stop()

    def install_crds(self, folder: Path, *names: str) -> None:
        """Apply the CustomResourceDefinitions of a folder (all, or those whose file names begin so) and wait until they are served."""
        files = [file for file in sorted(folder.rglob("*.yaml")) if not names or file.name.startswith(names)]
        wanted = []
        for file in files:
            if "kind: CustomResourceDefinition" in file.read_text():
                wanted += self.kube.kubectl("apply", "--server-side", "-f", file, "-o", "name").split()
        self.kube.wait_established(name.partition("/")[2] for name in wanted)

    def _etcd(self) -> str:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self.programs.start(
            "etcd",
            program("etcd"),
            *("--data-dir", self.folder / "etcd/data", "--unsafe-no-fsync", "--log-level", "warn"),
            *("--listen-client-urls", client, "--advertise-client-urls", client),
            *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"),
        )
        return client

    def _api_server(self, etcd: str) -> None:
        key = self.folder / "service-account.key"
        key.write_bytes(
            rsa.generate_private_key(65537, 2048).private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
            )
        )
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f"{self.token},admin,1,system:masters\n")
        self.programs.start(
            "kube-apiserver",
            program("kube-apiserver"),
            *(
                "--etcd-servers",
                etcd,
                "--secure-port",
                str(self.port),
                "--bind-address=127.0.0.1",
                "--cert-dir",
                self.folder / "certificates",
            ),
            *("--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file", key),
            *("--service-account-signing-key-file", key, "--token-auth-file", tokens),
            *("--disable-admission-plugins=ServiceAccount", "--service-cluster-ip-range=10.96.0.0/16"),
        )

    def _write_kubeconfig(self, authority: Path) -> None:
        cluster = {"server": self.server, "certificate-authority": str(authority)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "admin"}}],
            "current-context": "tests",
        }
        self.kubeconfig.write_text(json.dumps(content))
        self.kubeconfig.chmod(0o600)

    def _ready(self) -> bool | None:
        self.programs.check()
        try:
            return self.kube.request("GET", "/readyz").get("text") == "ok" or None
        except RefusedError as refusal:
            raise FailedError(refusal.message) from refusal

    def _kwok(self) -> None:
        stages = locate_folder("kwok", "stages")
        files = [file for folder in STAGES for file in sorted((stages / folder).glob("*.yaml")) if file.name != "kustomization.yaml"]
        config = self.folder / "kwok.yaml"
        config.write_text("\n---\n".join(file.read_text() for file in files))
        self.programs.start(
            "kwok",
            program("kwok"),
            "--manage-all-nodes=true",
            "--node-lease-duration-seconds=40",
            "--kubeconfig",
            self.kubeconfig,
            "--config",
            config,
        )

    def _storage(self) -> None:
        """Create the StorageClass, which must exist before the claims, and the volumes."""
        self.kube.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": "local-path"},
                "provisioner": "kubernetes.io/no-provisioner",
                "volumeBindingMode": "WaitForFirstConsumer",
                "reclaimPolicy": "Retain",
            }
        )
        for index in range(VOLUMES):
            self.kube.create(volume(f"volume-{index}"))

    def _node_is_ready(self, name: str) -> bool | None:
        self.programs.check()
        node = self.kube.get("v1", "Node", name)
        if condition(node, "Ready") != "True":
            return None
        # Nodes that nothing runs on keep the taint of their first second where no node lifecycle controller takes it away.
        if node and node["spec"].get("taints"):
            self.kube.patch("v1", "Node", name, "", {"spec": {"taints": None}})
        return True


def node(name: str) -> Object:
    """Return a node with enough resources for a Redis; kwok makes it Ready."""
    room = {"cpu": "8", "memory": "32Gi", "pods": "110", "ephemeral-storage": "100Gi"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": room, "capacity": room},
    }


def volume(name: str) -> Object:
    """Return a volume of class local-path that any node can have."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "local-path",
            "hostPath": {"path": f"/volumes/{name}"},
        },
    }


def program(name: str) -> Path:
    """Return a program of the set `cluster`. Raises AssertionError with the command that installs it."""
    program = locate(name)
    assert program is not None, f"{name} is neither in the tool cache nor on PATH; run: make tools TOOLS='--set cluster'"
    return program
