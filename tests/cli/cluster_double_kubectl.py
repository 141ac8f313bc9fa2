"""The program behind `cluster_double`: the subcommands of kubectl that rediskit runs."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.cli.cluster_double import CLUSTER

ADDRESS = "10.42.0.9"
"""The address of the pod of the application."""
OVERLAY = "prod"


def main(folder: Path, arguments: list[str]) -> int:
    with (folder / "cluster/calls").open("a") as calls:
        calls.write(json.dumps(arguments) + "\n")
    options, words = _options(arguments)
    answer = getattr(Kubectl(folder, options), f"do_{words[0]}", None)
    if answer is None:
        sys.stderr.write(f"error: this kubectl has no {words[0]}\n")
        return 1
    try:
        sys.stdout.write(answer(*words[1:]) or "")
    except LookupError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


def _options(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    words: list[str] = []
    rest = iter(arguments)
    for word in rest:
        if word == "--":
            return options, [*words, *rest]
        if word in ("--ignore-not-found", "--overwrite", "--wait=false"):
            continue
        if word.startswith("--"):
            name, _, value = word.partition("=")
            options[name] = value or next(rest)
        else:
            words.append(word)
    return options, words


class Kubectl:
    def __init__(self, folder: Path, options: dict[str, str]) -> None:
        self.folder, self.state, self.options = folder, folder / "cluster", options
        self.namespace = options.get("--namespace", "")

    def do_config(self, *_: str) -> str:
        return "double\n"

    def do_annotate(self, *_: str) -> str:
        return ""

    def do_delete(self, *_: str) -> str:
        return ""

    def do_create(self) -> str:
        created = json.load(sys.stdin)
        created["metadata"]["name"] = created["metadata"]["generateName"] + "1"
        return json.dumps(created)

    def do_exec(self, _: str, *command: str) -> str:
        """Answer CLIENT LIST, INFO, ACL LOG and SCAN of redis-cli."""
        asked = " ".join(command[-2:])
        connection = f"id=3 addr={ADDRESS}:50000 flags=N db=0 cmd=get tot-cmds=9\n"
        connected = connection if (self.state / "connected").read_text() else ""
        keyspace = f"# Keyspace\n{(self.state / 'keyspace').read_text()}"
        answers = {"CLIENT LIST": connected, "INFO errorstats": "# Errorstats\n", "LOG 128": "", "INFO keyspace": keyspace}
        return {**answers, "COUNT 1000": "0\nrediskit:verify:pod:1\ncelery\n"}[asked]

    def do_get(self, kind: str = "", name: str = "") -> str:
        if "--raw" in self.options:
            raise LookupError("the server could not find the requested resource")
        kind = kind.partition(".")[0].removesuffix("s")
        content = self._listed(kind) if "--selector" in self.options else self._object(kind, name)
        return json.dumps(content) if content else ""

    def _object(self, kind: str, name: str) -> Any:
        if kind == "namespace":
            return {"metadata": {"name": name, "uid": CLUSTER.split()[1]}}
        if kind == "secret":
            value = base64.b64encode(b"x" * 32).decode()
            return {"metadata": {"name": name}, "data": {"redis-password": value}}
        if kind == "kustomization" and name == "beersystem":
            ready = [{"type": "Ready", "status": "True"}]
            status = {"observedGeneration": 1, "conditions": ready, "lastAppliedRevision": f"main@sha1:{self._head('owner')}"}
            return {"metadata": {"name": name, "generation": 1}, "status": status}
        if kind == "job":
            return self._job(name)
        if kind == "application":
            repository = "owner" if name == "beersystem" else "here"
            status = {"sync": {"status": "Synced", "revision": self._head(repository)}, "health": {"status": "Healthy"}}
            return {"metadata": {"name": name}, "status": status}
        for content in (*self._scalers(), *self._built(), *self._rendered()):
            if (content["kind"].lower(), content["metadata"]["name"]) == (kind, name):
                return _with_status(content)
        return None

    def _job(self, name: str) -> Any:
        """Return a Job of the pushed manifests, ended as its checks are."""
        jobs = [content for content in self._rendered() if (content["kind"], content["metadata"]["name"]) == ("Job", name)]
        if not jobs:
            return None
        message = self._message(name)
        ended = {"type": "Complete"}
        if not message or "\tfailed\t" in message or "\tunknown\t" in message:
            ended = {"type": "Failed", "reason": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}
        condition = {**ended, "status": "True", "lastTransitionTime": "2026-03-02T01:05:00Z"}
        return {**jobs[0], "status": {"startTime": "2026-03-02T01:04:00Z", "conditions": [condition]}}

    def _message(self, job: str) -> str:
        phase = next(word for word in ("connectivity", "replication", "performance") if f"-{word}-" in job)
        return (self.state / f"message-{phase}").read_text()

    def _listed(self, kind: str) -> Any:
        selector = dict(pair.split("=") for pair in filter(None, self.options["--selector"].split(",")))
        if kind == "pod" and "job-name" in selector:
            ended = {"terminated": {"exitCode": 0, "message": self._message(selector["job-name"])}}
            return {"items": [{"status": {"containerStatuses": [{"name": "verify", "state": ended}]}}]}
        if kind == "pod":
            terminating = json.loads((self.state / "terminating").read_text())
            pods = (_pod(content) for content in self._built() if content["kind"] == "Deployment" and content["spec"]["replicas"])
            return {"items": [pod for pod in (*terminating, *pods) if selector.items() <= pod["metadata"]["labels"].items()]}
        if kind == "horizontalpodautoscaler":
            return {"items": [content for content in self._scalers() if content["kind"] == "HorizontalPodAutoscaler"]}
        raise LookupError(f"this kubectl lists no {kind}")

    def _scalers(self) -> Any:
        return json.loads((self.state / "scalers").read_text())

    def _head(self, repository: str) -> str:
        return self._git(repository, "rev-parse", "main").decode().strip()

    def _built(self) -> Iterator[Any]:
        """Yield the objects of the application at its pushed commit."""
        with tempfile.TemporaryDirectory() as copy:
            subprocess.run(["tar", "-x", "-C", copy], input=self._git("owner", "archive", "main"), check=True)
            done = subprocess.run([os.environ["KUSTOMIZE"], "build", f"{copy}/{OVERLAY}"], stdout=subprocess.PIPE, check=True)
        yield from yaml.safe_load_all(done.stdout)

    def _rendered(self) -> Iterator[Any]:
        """Yield our objects at the pushed commit. Those in `owners/` are patches."""
        for name in self._git("here", "ls-tree", "-r", "--name-only", "main").decode().splitlines():
            if name.startswith("rendered/") and "/owners/" not in name and name.endswith(".yaml"):
                content = yaml.safe_load(self._git("here", "show", f"main:{name}"))
                if "kind" in content and "name" in content.get("metadata", {}):
                    yield content

    def _git(self, repository: str, *arguments: str) -> bytes:
        return subprocess.run(["git", "-C", self.folder / f"{repository}.git", *arguments], stdout=subprocess.PIPE, check=True).stdout


def _with_status(content: Any) -> Any:
    meta = {**content["metadata"], "generation": 1}
    status: dict[str, Any] = {}
    if content["kind"] == "Deployment":
        replicas = content["spec"]["replicas"]
        status = {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "readyReplicas": replicas}
    if content["kind"] == "Service":
        addresses = (value for key, value in meta.get("annotations", {}).items() if key.endswith("loadBalancerIPs"))
        status = {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}}
    return {**content, "metadata": meta, "status": status}


def _pod(deployment: Any) -> Any:
    names = [container["name"] for container in deployment["spec"]["template"]["spec"]["containers"]]
    running = [{"name": name, "state": {"running": {"startedAt": "2026-03-01T22:00:00Z"}}} for name in names]
    meta = {"name": f"{deployment['metadata']['name']}-0", "labels": deployment["spec"]["template"]["metadata"]["labels"]}
    return {"metadata": meta, "status": {"phase": "Running", "podIP": ADDRESS, "containerStatuses": running}}
