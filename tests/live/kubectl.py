"""The stand-in for kubectl: a program of the lab that asks this process, and the subcommands that the runbooks use.

What it does not know is an error, never a success.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import stat
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.processes import FailedError, until
from tests.live.cluster import Cluster
from tests.live.containers import Container
from tests.live.kubectl_arguments import jsonpath, merge_patch, named, options_of, seconds_of
from tests.live.kubectl_client import CLIENT

Object = dict[str, Any]


_KINDS = {
    "statefulset": "StatefulSet", "statefulsets": "StatefulSet", "sts": "StatefulSet", "service": "Service", "services": "Service",
    "svc": "Service", "secret": "Secret", "pod": "Pod", "pods": "Pod", "application": "Application", "deployment": "Deployment",
    "externalsecret": "ExternalSecret", "configmap": "ConfigMap", "job": "Job", "namespace": "Namespace",
    "kustomization": "Kustomization", "helmrelease": "HelmRelease",
}  # fmt: skip


class Kubectl:
    """The server side. restarted: called for `rollout restart` of a workload that is no StatefulSet."""

    def __init__(self, cluster: Cluster, program: Path, restarted: Callable[[str, str, str], None]) -> None:
        self._cluster, self._restarted = cluster, restarted
        address = str(cluster.folder / "kubectl.socket")
        for file, first in ((program, ()), (program.with_name("flux"), ("flux",))):
            file.write_text(CLIENT.format(address=address, first=list(first)))
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(64)
        self.calls: list[Sequence[str]] = []
        self.prometheus = ""
        """The address of Prometheus, as http://host:port."""
        self._numbers = count(1)
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        finally:
            self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw") as stream:
            asked = json.loads(stream.readline())
            self.calls.append(asked["arguments"])
            try:
                answer = self._answer(asked)
            except (FailedError, SystemExit, argparse.ArgumentError) as error:
                answer = {"stderr": f"error: {error}\n", "code": 1}
            stream.write(json.dumps(answer))
            stream.flush()

    def _answer(self, asked: Mapping[str, Any]) -> Object:
        options, rest = options_of(asked["arguments"])
        verb, *words = rest
        method = getattr(self, f"_{verb.replace('-', '_')}", None)
        if method is None:
            raise FailedError(f"the lab's kubectl has no {verb}")
        options.setdefault("namespace", "default")
        answer = method(words, options, asked)
        return answer if isinstance(answer, dict) else {"stdout": answer or "", "code": 0}

    def _exec(self, words: list[str], options: Mapping[str, Any], _: object) -> Object:
        container = self._container(words[0], str(options.get("container", "")))
        command = [container.inside(part) for part in options["command"]]
        return {
            "exec": command,
            "environment": dict(container.environment),
            "folder": str(container.folder),
            "interactive": "stdin" in options,
            "code": 0,
        }

    def _container(self, name: str, wanted: str) -> Container:
        if name.startswith("service/"):
            listed = {key[2]: content for key, content in list(self._cluster.objects.items()) if key[0] == "Service"}
            ready = self._cluster.selected(listed[name.removeprefix("service/")]["spec"]["selector"])
            if not ready:
                raise FailedError(f"no pod of {name} is ready")
            name = ready[0].name
        pod = self._cluster.pods.get(name.removeprefix("pod/"))
        if pod is None:
            raise FailedError(f'pods "{name}" not found')
        container = pod.containers[wanted] if wanted else next(iter(pod.containers.values()))
        if container.program is None or not container.program.alive():
            raise FailedError(f"container {container.name} of {name} is not running")
        return container

    def _cp(self, words: list[str], options: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
        source, target = (self._file(word, str(options.get("container", "")), Path(asked["folder"])) for word in words)
        shutil.copyfile(source, target / source.name if target.is_dir() else target)
        return ""

    def _file(self, word: str, container: str, folder: Path) -> Path:
        pod, colon, path = word.partition(":")
        return Path(self._container(pod.rpartition("/")[2], container).inside(path)) if colon else folder / word

    def _scale(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        for kind, name in named(words):
            content = self._object(kind, options, name)
            with self._cluster.lock:
                content["spec"]["replicas"] = int(options["replicas"])
        return f"{words[0]} scaled\n"

    def _patch(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        for kind, name in named(words):
            content = self._object(kind, options, name)
            with self._cluster.lock:
                merge_patch(content, json.loads(options["patch"]))
        return f"{words[0]} patched\n"

    def _annotate(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        kind, name, *pairs = words
        content = self._object(kind, options, name)
        with self._cluster.lock:
            content["metadata"].setdefault("annotations", {}).update(pair.split("=", 1) for pair in pairs)
        return f"{kind}/{name} annotated\n"

    def _delete(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        for kind, name in named(words):
            if "ignore-not-found" in options and self._cluster.find(_KINDS[kind], str(options["namespace"]), name) is None:
                continue
            self._object(kind, options, name)
            if _KINDS[kind] == "Pod":
                self._cluster.pods[name].delete()
                if options.get("wait") != "false":
                    until(f"the end of pod {name}", lambda name=name: name not in self._cluster.pods or None, 60, 0.1)  # type: ignore[misc]
            else:
                self._cluster.remove(_KINDS[kind], str(options["namespace"]), name)
        return "deleted\n"

    def _apply(self, _words: list[str], options: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
        text = asked["stdin"] if options["filename"] == "-" else (Path(asked["folder"]) / options["filename"]).read_text()
        objects = [content for document in yaml.safe_load_all(text) if document for content in document.get("items", [document])]
        for content in objects:
            content["metadata"].setdefault("namespace", options["namespace"])
            for key, value in content.pop("stringData", {}).items():
                content.setdefault("data", {})[key] = b64encode(value.encode()).decode()
        if options.get("dry-run") != "server":
            self._cluster.apply(objects)
        return "".join(f"{content['kind'].lower()}/{content['metadata']['name']}\n" for content in objects)

    def _create(self, words: list[str], options: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
        if options.get("output") != "json":
            return self._apply(words, options, asked)
        content: Object = json.loads(asked["stdin"])
        meta = content["metadata"]
        meta.setdefault("name", f"{meta.pop('generateName', '')}{next(self._numbers)}")
        self._cluster.apply([content])
        return json.dumps(content)

    def _get(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        if "raw" in options:
            return self._raw(str(options["raw"]))
        if "selector" in options:
            return self._list(words[0], options)
        kind, name = named(words)[0]
        pod = self._cluster.pods.get(name) if _KINDS[kind] == "Pod" else None
        content = pod.status() if pod else self._cluster.find(_KINDS[kind], str(options["namespace"]), name)
        if content is None:
            if "ignore-not-found" in options:
                return ""
            raise FailedError(f'{kind} "{name}" not found')
        output = str(options.get("output", ""))
        with self._cluster.lock:
            if output == "json":
                return json.dumps(content)
            if output.startswith("jsonpath="):
                return jsonpath(content, output.removeprefix("jsonpath="))
        return f"{name}\n"

    def _list(self, kind: str, options: Mapping[str, Any]) -> str:
        if _KINDS[kind] != "Pod" or options.get("output") != "json":
            raise FailedError(f"the lab's kubectl lists no {kind}")
        wanted = dict(pair.split("=") for pair in str(options["selector"]).split(","))
        with self._cluster.lock:
            pods = [pod for pod in self._cluster.pods.values() if pod.namespace == options["namespace"]]
        return json.dumps({"items": [pod.status() for pod in pods if wanted.items() <= pod.labels.items()]})

    def _raw(self, path: str) -> str:
        """Return the proxy of the API server to the Service of Prometheus."""
        match = re.fullmatch(r"/api/v1/namespaces/monitoring/services/kube-prometheus-stack-prometheus:9090/proxy/(.*)", path)
        if match is None or not self.prometheus:
            raise FailedError("Error from server (NotFound): the server could not find the requested resource")
        try:
            with urllib.request.urlopen(f"{self.prometheus}/{match[1]}", timeout=60) as answer:
                return str(answer.read().decode())
        except OSError as error:
            raise FailedError(f"Error from server: {error}") from None

    def _logs(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        """Return the log of a container with a time before each line: the containers of applications write it themselves."""
        pod = self._cluster.pods.get(words[0])
        if pod is None or "timestamps" not in options:
            raise FailedError(f'pods "{words[0]}" not found')
        text = (self._cluster.folder / "logs" / f"{pod.name}-{options['container']}.log").read_text(errors="replace")
        if "limit-bytes" in options:
            return text[: int(options["limit-bytes"])]
        since = datetime.fromisoformat(str(options["since-time"])) if "since-time" in options else None
        lines = text.splitlines()
        return "".join(f"{line}\n" for line in lines if since is None or datetime.fromisoformat(line.partition(" ")[0]) >= since)

    def _config(self, words: list[str], _options: Mapping[str, Any], _: object) -> str:
        if words != ["current-context"]:
            raise FailedError(f"the lab's kubectl has no config {words}")
        return "lab\n"

    def _flux(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        """`flux suspend` and `flux resume`."""
        action, kind, *names = words
        if action not in ("suspend", "resume"):
            raise FailedError(f"the lab's flux has no {action}")
        for name in names:
            content = self._object(kind, options, name)
            with self._cluster.lock:
                content["spec"]["suspend"] = action == "suspend"
        return f"{action} {kind} {' '.join(names)}\n"

    def _wait(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        seconds = seconds_of(str(options.get("timeout", "30s")))
        for kind, name in named(words):
            if options["for"] == "delete":
                until(f"the end of {kind} {name}", lambda name=name: name not in self._cluster.pods or None, seconds, 0.1)  # type: ignore[misc]
            elif str(options["for"]).lower() == "condition=ready":
                until(f"{kind} {name} ready", lambda name=name: self._is_ready(name) or None, seconds, 0.1)  # type: ignore[misc]
            else:
                raise FailedError(f"the lab's kubectl cannot wait for {options['for']}")
        return f"{words[0]} condition met\n"

    def _is_ready(self, name: str) -> bool:
        pod = self._cluster.pods.get(name)
        return pod is not None and pod.ready

    def _rollout(self, words: list[str], options: Mapping[str, Any], _: object) -> str:
        action, *rest = words
        for kind, name in named(rest):
            if _KINDS[kind] != "StatefulSet":
                self._restarted(action, str(options["namespace"]), name)
                continue
            content = self._object(kind, options, name)
            if action == "restart":
                with self._cluster.lock:
                    annotations = content["spec"]["template"]["metadata"].setdefault("annotations", {})
                    annotations["kubectl.kubernetes.io/restartedAt"] = str(time.time())
            elif action == "status":
                seconds = seconds_of(str(options.get("timeout", "600s")))
                until(f"{name} rolled out", lambda name=name: self._cluster.settled(name, str(options["namespace"])) or None, seconds, 0.1)  # type: ignore[misc]
            else:
                raise FailedError(f"the lab's kubectl has no rollout {action}")
        return ""

    def _object(self, kind: str, options: Mapping[str, Any], name: str) -> Object:
        content = self._cluster.find(_KINDS[kind], str(options["namespace"]), name)
        if content is None:
            raise FailedError(f'{kind} "{name}" not found')
        return content
