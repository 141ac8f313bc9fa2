"""The objects of the lab and the controllers over them: StatefulSets, Services, DNS."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.cluster.processes import until
from tests.live.addresses import Addresses
from tests.live.pods import Pod
from tests.live.proxy import Proxy

_TICK = 0.1

Object = dict[str, Any]
Key = tuple[str, str, str]
"""Kind, namespace, name."""


class Cluster:
    """What the API server and its controllers are: objects by kind, namespace and name, and the pods that follow from them."""

    def __init__(self, folder: Path, environment: Mapping[str, str], domain: str = "cluster.local") -> None:
        self.folder, self.environment, self._domain = folder, environment, domain
        (folder / "logs").mkdir(parents=True)
        self.addresses = Addresses()
        system: Object = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": str(uuid4())}}
        self.objects: dict[Key, Object] = {("Namespace", "", "kube-system"): system}
        self.pods: dict[str, Pod] = {}
        self.proxies: dict[str, Proxy] = {}
        self.lock = threading.RLock()
        self.watchers: list[Callable[[], None]] = []
        self.failure = ""
        self._written: dict[Path, str] = {}
        self._clock = count(int(time.time()))
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()
        for pod in self.pods.values():
            pod.delete()
        for pod in self.pods.values():
            pod.join()
        for proxy in self.proxies.values():
            proxy.stop()

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        with self.lock:
            return self.objects.get((kind, namespace, name))

    def apply(self, objects: Iterable[Object]) -> None:
        """Put objects in, or replace them. A StatefulSet keeps the number of its replicas where the new one has none."""
        with self.lock:
            for content in objects:
                meta = content["metadata"]
                key = (content["kind"], meta.get("namespace", ""), meta["name"])
                self.objects[key] = copy.deepcopy(content)
                if content["kind"] == "Service" and content["spec"].get("clusterIP") != "None" and meta["name"] not in self.proxies:
                    self._open(key)
                if content["kind"] == "Job":
                    template = copy.deepcopy(content["spec"]["template"])
                    template["metadata"].setdefault("labels", {})["job-name"] = meta["name"]
                    self._create(meta["namespace"], f"{meta['name']}-pod", template, {})
                if content["kind"] == "Pod" and meta["name"] not in self.pods:
                    self._create(meta["namespace"], meta["name"], {"metadata": meta, "spec": content["spec"]}, {})

    def remove(self, kind: str, namespace: str, name: str) -> None:
        with self.lock:
            content = self.objects.pop((kind, namespace, name), None)
            if kind == "Job" and content:
                self.pods[f"{name}-pod"].delete()

    def volume(self, claim: str) -> Path:
        folder = self.folder / "claims" / claim
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def lose_volume(self, claim: str) -> None:
        """Replace a volume by an empty one, as after the loss of a node or disk."""
        shutil.rmtree(self.folder / "claims" / claim)
        self.volume(claim)

    def selected(self, selector: Mapping[str, str], *, ready: bool = True) -> list[Pod]:
        with self.lock:
            pods = list(self.pods.values())
        return [pod for pod in pods if selector.items() <= pod.labels.items() and not pod.terminating and (pod.ready or not ready)]

    def settled(self, name: str, namespace: str) -> bool:
        """Whether a StatefulSet runs as its object requires: all pods of the newest revision, all ready."""
        stateful_set = self.find("StatefulSet", namespace, name)
        assert stateful_set, name
        pods = self._pods_of(name)
        same = [_ordinal(pod) for pod in pods] == list(_ordinals(stateful_set))
        return same and all(pod.ready and pod.revision == _revision(stateful_set) for pod in pods)

    def wait_ready(self, seconds: float = 60) -> None:
        """Wait until every StatefulSet is settled."""
        names = [(name, namespace) for kind, namespace, name in list(self.objects) if kind == "StatefulSet"]
        until("ready pods", lambda: all(self.settled(*name) for name in names) or None, seconds, 0.1)

    def _pods_of(self, statefulset: str) -> list[Pod]:
        content = [pod for pod in self.pods.values() if re.fullmatch(rf"{re.escape(statefulset)}-[0-9]+", pod.name)]
        return sorted(content, key=_ordinal)

    def _run(self) -> None:
        while not self._stopped.wait(_TICK):
            try:
                with self.lock:
                    self._step()
                for watcher in self.watchers:
                    watcher()
            except Exception:  # noqa: BLE001  (the scenario that waits shows it: lab.check)
                self.failure = traceback.format_exc()

    def _step(self) -> None:
        for name, pod in list(self.pods.items()):
            if pod.terminating and not pod.is_alive():
                del self.pods[name]
                self.objects.pop(("Pod", pod.namespace, name), None)
        for (kind, namespace, name), content in list(self.objects.items()):
            if kind == "StatefulSet":
                self._reconcile(namespace, name, content)
        self._write_hosts()

    def _reconcile(self, namespace: str, name: str, content: Object) -> None:
        """One step of the StatefulSet controller (stateful_set_control.go, OrderedReady).

        Pods in the range of the ordinals come first: one that is missing or not ready stops everything else. Then it deletes the pods
        outside of the range, the highest first, unless another one with a lower number is not ready. Then it updates from the end.
        """
        pods = {_ordinal(pod): pod for pod in self._pods_of(name)}
        wanted = _ordinals(content)
        revision = _revision(content)
        for number in wanted:
            if number not in pods:
                claims = {
                    claim["metadata"]["name"]: f"{claim['metadata']['name']}-{name}-{number}"
                    for claim in content["spec"].get("volumeClaimTemplates", ())
                }
                self._create(namespace, f"{name}-{number}", content["spec"]["template"], claims, revision)
                return
            if not pods[number].ready:
                return
        outside = sorted(pods.keys() - set(wanted), reverse=True)
        for number in outside:
            if pods[number].terminating or (not pods[number].ready and any(not pods[lower].ready for lower in outside if lower < number)):
                return
            pods[number].delete()
            return
        for number in reversed(wanted):
            if pods[number].revision != revision:
                pods[number].delete()
                return

    def _create(self, namespace: str, name: str, template: Object, claims: Mapping[str, str], revision: str = "") -> None:
        pod = Pod(self, namespace, name, copy.deepcopy(template), claims, self.addresses.pod(), revision)
        self.pods[name] = pod
        meta = {"name": name, "namespace": namespace, "labels": pod.labels}
        self.objects["Pod", namespace, name] = {"kind": "Pod", "metadata": meta}
        self._write_hosts()
        pod.start()

    def _open(self, key: Key) -> None:
        """Start the proxy of a Service. It selects a ready pod for each connection."""
        _, namespace, name = key

        def endpoints() -> Sequence[tuple[str, int]]:
            service = self.find("Service", namespace, name)
            if service is None:
                return ()
            port = service["spec"]["ports"][0]
            pods = self.selected(service["spec"]["selector"])
            return [
                (pod.address, pod.port(port["targetPort"]) if isinstance(port["targetPort"], str) else port["targetPort"]) for pod in pods
            ]

        balanced = self.objects[key]["spec"].get("type") == "LoadBalancer"
        address = self.addresses.external if balanced else self.addresses.service()
        if balanced:
            self.objects[key]["status"] = {"loadBalancer": {"ingress": [{"ip": address}]}}
        self.proxies[name] = Proxy(address, int(self.objects[key]["spec"]["ports"][0]["port"]), endpoints)

    def _write_hosts(self) -> None:
        """Write the names of cluster DNS: Services, and the ready pods of a headless Service."""
        lines = []
        for (kind, namespace, name), content in self.objects.items():
            if kind == "Service" and name in self.proxies:
                lines.append(f"{self.proxies[name].address} {name}.{namespace}.svc.{self._domain}")
            elif kind == "Service":
                lines += [
                    f"{pod.address} {pod.name}.{name}.{namespace}.svc.{self._domain}"
                    for pod in self.pods.values()
                    if content["spec"]["selector"].items() <= pod.labels.items() and pod.ready
                ]
        for pod in self.pods.values():
            self._write(pod.hosts, "".join(f"{line}\n" for line in (*lines, f"{pod.address} localhost", f"{pod.address} {pod.name}")))

    def _write(self, file: Path, text: str) -> None:
        """Replace a file of host names. Its time of change is always another one: nss_wrapper compares whole seconds."""
        if self._written.get(file) != text:
            part = file.with_suffix(".part")
            part.write_text(text)
            moment = next(self._clock)
            os.utime(part, (moment, moment))
            part.rename(file)
            self._written[file] = text


def _ordinal(pod: Pod) -> int:
    return int(pod.name.rpartition("-")[2])


def _ordinals(statefulset: Object) -> range:
    """Return the numbers of the pods of a StatefulSet."""
    start = int((statefulset["spec"].get("ordinals") or {}).get("start", 0))
    return range(start, start + int(statefulset["spec"]["replicas"]))


def _revision(statefulset: Object) -> str:
    return sha256(json.dumps(statefulset["spec"]["template"], sort_keys=True).encode()).hexdigest()[:10]
