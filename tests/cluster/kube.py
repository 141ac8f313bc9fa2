"""The API server as tests see it: JSON over HTTPS, and the real kubectl where a person would use it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from tests.cluster.processes import FailedError, until

Object = dict[str, Any]

_WARNINGS = 20
"""The number of warnings in a message."""

_PLURALS = {
    "AppProject": "appprojects",
    "Application": "applications",
    "ConfigMap": "configmaps",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "Event": "events",
    "GitRepository": "gitrepositories",
    "HelmRelease": "helmreleases",
    "HelmRepository": "helmrepositories",
    "Kustomization": "kustomizations",
    "Namespace": "namespaces",
    "NetworkPolicy": "networkpolicies",
    "Node": "nodes",
    "OCIRepository": "ocirepositories",
    "PersistentVolume": "persistentvolumes",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "Pod": "pods",
    "PrometheusRule": "prometheusrules",
    "SealedSecret": "sealedsecrets",
    "Secret": "secrets",
    "Service": "services",
    "ServiceMonitor": "servicemonitors",
    "StatefulSet": "statefulsets",
    "StorageClass": "storageclasses",
}


class RefusedError(Exception):
    """The API server's own answer to a request it refuses: its code and its words."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Kube:
    """A client with all rights."""

    def __init__(self, server: str, token: str, authority: Path, kubectl: Path, kubeconfig: Path) -> None:
        self._pool = urllib3.connection_from_url(server, maxsize=8, ca_certs=str(authority), timeout=30, retries=False)
        self.kubeconfig = kubeconfig
        self._kubectl = kubectl
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def request(self, method: str, path: str, body: Object | None = None, kind: str = "application/json") -> Object:
        """Return the answer as an object. Raises RefusedError; FailedError without an answer."""
        data = None if body is None else json.dumps(body).encode()
        try:
            answer = self._pool.urlopen(method, path, data, {**self._headers, "Content-Type": kind})
        except urllib3.exceptions.HTTPError as error:
            raise FailedError(f"{method} {path}: {error}") from error
        text = answer.data
        if answer.status >= 400:
            raise RefusedError(answer.status, _message(text))
        return dict(json.loads(text)) if text.startswith(b"{") else {"text": text.decode()}

    def get(self, version: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """Return an object, or None where there is none."""
        try:
            return self.request("GET", path_of(version, kind, name, namespace))
        except RefusedError as refusal:
            if refusal.code == 404:
                return None
            raise

    def find(self, version: str, kind: str, namespace: str = "", selector: str = "") -> list[Object]:
        """All objects of a kind; none where the kind is unknown."""
        query = "?" + urlencode({"labelSelector": selector}) if selector else ""
        try:
            return list(self.request("GET", path_of(version, kind, "", namespace) + query)["items"])
        except RefusedError as refusal:
            if refusal.code == 404:
                return []
            raise

    def create(self, content: Object) -> Object:
        """Create an object. Raises RefusedError."""
        meta = content["metadata"]
        return self.request("POST", path_of(content["apiVersion"], content["kind"], "", meta.get("namespace", "")), content)

    def delete(self, version: str, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object that is there. Raises RefusedError."""
        self.request("DELETE", path_of(version, kind, name, namespace))

    def patch(self, version: str, kind: str, name: str, namespace: str, change: Object, *, part: str = "") -> Object:
        """Return a merge patch."""
        path = path_of(version, kind, name, namespace) + (f"/{part}" if part else "")
        return self.request("PATCH", path, change, "application/merge-patch+json")

    def apply(self, content: Object, *, manager: str = "kubectl", force: bool = True, dry_run: bool = False) -> Object:
        """Server-side apply with strict validation of fields. Raises RefusedError."""
        meta = content["metadata"]
        query = {
            "fieldManager": manager,
            "force": str(force).lower(),
            "fieldValidation": "Strict",
            **({"dryRun": "All"} if dry_run else {}),
        }
        path = path_of(content["apiVersion"], content["kind"], meta["name"], meta.get("namespace", ""))
        return self.request("PATCH", f"{path}?{urlencode(query)}", content, "application/apply-patch+yaml")

    def unready_pods(self) -> Iterator[str]:
        """Yield the pods of all namespaces that are not ready, with the messages of their false conditions."""
        for pod in self.find("v1", "Pod"):
            if condition(pod, "Ready") != "True":
                meta, status = pod["metadata"], pod.get("status", {})
                false = [entry for entry in status.get("conditions") or () if entry["status"] != "True"]
                reasons = "; ".join(f"{entry['type']}: {entry.get('message') or entry.get('reason', '')}" for entry in false)
                node = pod["spec"].get("nodeName", "no node")
                revision = meta.get("labels", {}).get("controller-revision-hash", "")
                yield f"Pod {meta['namespace']}/{meta['name']} {revision}: {status.get('phase')} on {node}: {reasons}"

    def warnings(self) -> Iterator[str]:
        """Yield the last warnings of the control plane, oldest first."""
        events = [event for event in self.find("v1", "Event") if event.get("type") == "Warning"]
        for event in sorted(events, key=lambda event: event.get("lastTimestamp") or event["metadata"]["creationTimestamp"])[-_WARNINGS:]:
            about = event["involvedObject"]
            yield f"{about['kind']} {about.get('namespace', '')}/{about['name']}: {event.get('reason')}: {event.get('message')}"

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """Return the output of kubectl. Raises FailedError with its error output."""
        command = [str(part) for part in (self._kubectl, "--kubeconfig", self.kubeconfig, *arguments)]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise FailedError(f"kubectl {' '.join(command[3:])}: {done.stderr.strip()}")
        return done.stdout

    def wait_established(self, names: Iterable[str]) -> None:
        """Until the kinds of these CustomResourceDefinitions are served."""
        for name in names:
            until(f"the kind of {name}", lambda name=name: self._established(name))  # type: ignore[misc]

    def _established(self, name: str) -> bool | None:
        definition = self.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", name)
        return condition(definition, "Established") == "True" or None


def path_of(version: str, kind: str, name: str, namespace: str) -> str:
    """Return the path of an object, or of the collection where the name is empty."""
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    place = f"/namespaces/{namespace}" if namespace else ""
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    return f"{root}{place}/{plural}" + (f"/{quote(name)}" if name else "")


def condition(content: Object | None, name: str) -> str:
    """Return the status of a condition: True, False, Unknown, or "" where there is none."""
    return str(condition_of(content, name).get("status", ""))


def condition_of(content: Object | None, name: str) -> Object:
    """Return a condition, or an empty object."""
    conditions = (content or {}).get("status", {}).get("conditions") or []
    return next((dict(condition) for condition in conditions if condition["type"] == name), {})


def _message(text: bytes) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")[:500]
