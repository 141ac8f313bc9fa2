"""The text of a new config: what is known as keys, what is open as comments that say what is missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from rediskit.errors import visible
from rediskit.init.clients import DetectedClient
from rediskit.init.switched_variables import SwitchedVariables
from rediskit.source.questions import OPEN
from rediskit.yamlio.writer import dump


class GitFacts(NamedTuple):
    """The `gitops` section. path: "" where the default is right. questions: what nobody knows yet."""

    tool: str
    repository: str
    revision: str
    path: str
    questions: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


_NETWORK = """\
# network:                       # access from outside the cluster, through MetalLB; without it Redis is reachable inside alone
#   address: 192.168.1.200
#   pool: {name: default, addresses: 192.168.1.200-192.168.1.210}
#   allow: [192.168.1.0/24]
#   metallb: 0.15.3
"""
_EXAMPLE = """\
# clients:                       # the applications; `rediskit init --from` reads them from live objects
# - name: shop
#   namespace: shop
#   workload:
#     manifest: {name}/shop.yaml   # kubectl get deployment shop -n shop -o yaml, without passwords
#     containers:
#       app: {{host: REDIS_HOST, port: REDIS_PORT, password: REDIS_PASSWORD}}
#   previous: {{host: redis.shop.svc.cluster.local, remove: [Deployment/redis, Service/redis]}}
#   migration: {{step: prepare}}
"""


def config_text(name: str, git: GitFacts, clients: tuple[DetectedClient, ...], manifests: dict[str, str]) -> str:
    """The config. manifests: by client, the path of the manifest as the config names it."""
    lines = ["# yaml-language-server: $schema=../rediskit.schema.json", *_yaml({"name": name})]
    lines += ["gitops:", *_comments(git.questions, 2, OPEN), *_comments(git.remarks, 2)]
    section = {"tool": git.tool, "repository": git.repository, "revision": git.revision, **({"path": git.path} if git.path else {})}
    lines += _yaml(section, 2)
    lines += [
        "secrets:",
        "  mode: manual   # `rediskit secret apply` creates the Secrets; sealed-secrets and sops keep them in Git, encrypted",
    ]
    lines += _NETWORK.splitlines()
    if clients:
        off = all(client.is_open("namespace") for client in clients)
        lines.append(f"{'# ' if off else ''}clients:")
        for client in clients:
            lines += _client(client, manifests[client.name], off=off)
    else:
        lines += _EXAMPLE.format(name=name).splitlines()
    return "".join(f"{line}\n" for line in lines)


def _client(client: DetectedClient, manifest: str, *, off: bool) -> list[str]:
    """The entry of one client. A section that waits for an answer stands as a comment, and so does what needs it."""
    whole = off or client.is_open("namespace")
    workload, previous = client.is_open("replicas", "containers"), client.is_open("previous")
    lines = _comments(client.questions.get("namespace", ()), 0, OPEN)
    head = [f"- {_yaml({'name': client.name})[0]}", *(_yaml({"namespace": client.namespace}, 2) if client.namespace else ["  namespace:"])]
    lines += _off(head) if whole else head
    lines += _comments([*client.questions.get("replicas", ()), *client.questions.get("containers", ())], 2, OPEN)
    lines += _comments(client.remarks.get("workload", ()), 2)
    section = _workload(client, manifest)
    lines += _off(section) if whole or workload else section
    lines += _comments(client.questions.get("previous", ()), 2, OPEN)
    lines += _comments(client.remarks.get("previous", ()), 2)
    section = _previous(client)
    lines += _off(section) if whole or previous else section
    section = _yaml({"migration": {"step": "prepare"}}, 2)
    return lines + (_off(section) if whole or workload or previous else section)


def _workload(client: DetectedClient, manifest: str) -> list[str]:
    section = ["  workload:", *_yaml({"manifest": manifest}, 4)]
    if client.replicas:
        section += _yaml({"replicas": client.replicas}, 4)
    elif client.is_open("replicas"):
        section.append("    replicas:")
    section.append("    containers:")
    for variables in client.containers or client.choices:
        section += _container(variables)
    if not (client.containers or client.choices):
        section += _container(SwitchedVariables("CONTAINER", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"))
    return section + ([f"    autoscaler: {_flow(client.scaler.section)}"] if client.scaler else [])


def _container(variables: SwitchedVariables) -> list[str]:
    return [f"      {_yaml({variables.container: {}})[0].removesuffix('{}')}{_flow(variables.named)}"]


def _flow(section: dict[str, str | int]) -> str:
    return f"{{{', '.join(_yaml({key: value})[0] for key, value in section.items())}}}"


def _previous(client: DetectedClient) -> list[str]:
    if not client.host:
        return ["  previous:", "    host:", "    port: 6379"]
    section = {"host": client.host, "port": client.port or 6379}
    removed = [f"    remove: [{', '.join(client.remove)}]"] if client.remove else []
    return [*_yaml({"previous": section}, 2), *removed]


def _yaml(data: dict[str, Any], indent: int = 0) -> list[str]:
    return [" " * indent + line for line in dump(data).splitlines()]


def _comments(texts: Iterable[str], indent: int, head: str = "") -> list[str]:
    return [f"{' ' * indent}# {head}{visible(text, keep='')}" for text in texts]


def _off(lines: list[str]) -> list[str]:
    """Lines as a comment, with the mark where the first of them begins: what takes the mark away gives the lines back."""
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    return [f"{line[:indent]}# {line[indent:]}" for line in lines]
