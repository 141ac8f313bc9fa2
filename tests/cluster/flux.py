"""The real controllers of Flux as plain processes, with default settings."""

from __future__ import annotations

import time
from typing import ClassVar

from tests.cluster.kube import Object, condition, condition_of
from tests.cluster.plane import program
from tests.cluster.processes import FailedError, free_port, until
from tests.cluster.tool import Expected, Tool
from tests.tools.install import locate_folder, table

CONTROLLERS = ("source-controller", "kustomize-controller", "helm-controller")
REQUESTED = "reconcile.fluxcd.io/requestedAt"
SOURCE = "source.toolkit.fluxcd.io/v1"
KUSTOMIZE = "kustomize.toolkit.fluxcd.io/v1"
HELM = "helm.toolkit.fluxcd.io/v2"
VERSIONS = {"GitRepository": SOURCE, "OCIRepository": SOURCE, "HelmRepository": SOURCE, "Kustomization": KUSTOMIZE, "HelmRelease": HELM}
DEPENDENCY_SECONDS = 2
"""How often a Kustomization looks whether what it depends on is ready: 30 by default, which would make each commit to ours take as long."""
FROM_GIT = ("GitRepository", "Kustomization")
ROUND_SECONDS = 120
"""How long one round may take: a running health check (2 minutes at most) is finished first."""


class Flux(Tool):
    """source-controller, kustomize-controller and helm-controller."""

    name: ClassVar[str] = "flux"
    namespace: ClassVar[str] = "flux-system"
    versions: ClassVar[str] = ", ".join(f"{name} {table()[name].version}" for name in CONTROLLERS)

    def start(self) -> None:
        for name in CONTROLLERS:
            self.plane.install_crds(locate_folder(name, "crds"))
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}})
        artifacts = f"127.0.0.1:{free_port()}"
        storage = self.plane.folder / "artifacts"
        storage.mkdir()
        for name in CONTROLLERS:
            more = {
                "source-controller": ("--storage-path", storage, "--storage-addr", artifacts, "--storage-adv-addr", artifacts),
                "kustomize-controller": (f"--requeue-dependency={DEPENDENCY_SECONDS}s",),
            }
            self.plane.programs.start(
                name,
                program(name),
                *("--metrics-addr=127.0.0.1:0", f"--health-addr=127.0.0.1:{free_port()}", "--events-addr="),
                *more.get(name, ()),
                environment={
                    "KUBECONFIG": str(self.plane.kubeconfig),
                    "RUNTIME_NAMESPACE": self.namespace,
                    "SSL_CERT_FILE": str(self.authority),
                },
            )

    letting_go: ClassVar[Object] = {"spec": {"suspend": True}}

    def delete_release(self, release: str, namespace: str) -> None:
        self.kube.delete(HELM, "HelmRelease", release, namespace)

    def version_of(self, kind: str) -> str:
        return VERSIONS[kind]

    def programs(self) -> list[str]:
        return list(CONTROLLERS)

    def controllers(self) -> list[str]:
        return list(CONTROLLERS)

    def owner(self, name: str, repository: str, path: str, namespace: str) -> list[Object]:
        meta = {"name": name, "namespace": self.namespace}
        source = {"interval": "1m", "url": repository, "ref": {"branch": "main"}}
        spec = {
            "interval": "10m",
            "retryInterval": "1m",
            "timeout": "1m",
            "path": f"./{path}",
            "sourceRef": {"kind": "GitRepository", "name": name},
            "targetNamespace": namespace,
            "prune": True,
            "wait": True,
        }
        return [
            {"apiVersion": SOURCE, "kind": "GitRepository", "metadata": meta, "spec": source},
            {"apiVersion": KUSTOMIZE, "kind": "Kustomization", "metadata": meta, "spec": spec},
        ]

    def refresh(self, expected: Expected) -> None:
        """Refresh only the Git sources: a new revision triggers the Kustomizations."""
        self._request(expected, ("GitRepository",))

    def reconcile(self, expected: Expected) -> None:
        asked = self._request(expected, tuple(VERSIONS))

        def handled() -> bool | None:
            self.plane.programs.check()
            for kind, name, namespace, _ in expected.units:
                seen = (self._get(kind, name, namespace) or {}).get("status", {}).get("lastHandledReconcileAt")
                if seen != asked and name not in expected.ignored:
                    raise FailedError(f"{kind} {name}")
            return True

        until("another round of Flux", handled, ROUND_SECONDS)

    def unsettled(self, expected: Expected) -> str:
        wanted = {name for kind, name, _, _ in expected.units if kind == "Kustomization"}
        live = self.kube.find(KUSTOMIZE, "Kustomization", self.namespace, f"app.kubernetes.io/part-of={expected.release}")
        missing = [f"Kustomization {name}: still there" for name in sorted({content["metadata"]["name"] for content in live} - wanted)]
        for kind, name, namespace, commit in expected.units:
            if name in expected.ignored:
                continue
            reason = self._unready(self._get(kind, name, namespace), commit if kind in FROM_GIT else "")
            if reason:
                missing.append(f"{kind} {name}: {reason}")
        return "; ".join(missing)

    def complaints(self, expected: Expected) -> list[str]:
        """Warnings since the start of the run: drift that was corrected, failures of a unit."""
        names = {name for _, name, _, _ in expected.units if name not in expected.ignored}
        events = self.kube.find("v1", "Event")
        return [
            f"{event['involvedObject']['kind']} {event['involvedObject']['name']}: {event.get('reason')}: {event.get('message')}"
            for event in events
            if event["involvedObject"]["name"] in names
            and (event.get("type") == "Warning" or event.get("reason") in ("DriftDetected", "DriftCorrected"))
        ]

    def said_of(self, unit: str) -> str:
        return str(condition_of(self._get("Kustomization", unit, self.namespace), "Ready").get("message", ""))

    def _get(self, kind: str, name: str, namespace: str) -> Object | None:
        return self.kube.get(VERSIONS[kind], kind, name, namespace)

    def _unready(self, content: Object | None, commit: str) -> str:
        if content is None:
            return "not there"
        status = content.get("status", {})
        if status.get("observedGeneration") != content["metadata"]["generation"]:
            return "not looked at yet"
        if condition(content, "Ready") != "True":
            return str(condition_of(content, "Ready").get("message", "not ready"))
        revision = str(status.get("lastAppliedRevision") or status.get("artifact", {}).get("revision", ""))
        if commit and not revision.endswith(commit):
            return f"still at {revision}"
        return ""

    def _request(self, expected: Expected, kinds: tuple[str, ...]) -> str:
        now = str(time.time_ns())
        for kind, name, namespace, _ in expected.units:
            if kind in kinds and self._get(kind, name, namespace) is not None:
                self.kube.patch(VERSIONS[kind], kind, name, namespace, {"metadata": {"annotations": {REQUESTED: now}}})
        return now
