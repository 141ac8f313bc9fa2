"""Write the text of a new config: known values as keys, open questions as comments that tell what to write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from rediskit.errors import visible
from rediskit.init.clients import DetectedClient
from rediskit.init.switched_variables import SwitchedVariables
from rediskit.source.questions import OPEN
from rediskit.yamlio.writer import dump


class GitFacts(NamedTuple):
    """The values of the section `gitops`.

    Attributes:
        tool: `argocd` or `flux`.
        repository: The address of the repository.
        revision: The branch.
        path: The path of the output directory; "" if the default is right.
        questions: Open questions.
        remarks: Comments.
    """

    tool: str
    repository: str
    revision: str
    path: str
    questions: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


_SECRETS_AND_NETWORK = """\
secrets:
  mode: manual   # `rediskit secret apply` creates the Secrets; with sealed-secrets or sops they are in Git, encrypted
# network:                       # access from outside the cluster through MetalLB; without it, only Pods in the cluster can connect
#   address: 192.168.1.200
#   pool: {name: default, addresses: 192.168.1.200-192.168.1.210}
#   allow: [192.168.1.0/24]
#   metallb: 0.15.3
"""
_EXAMPLE = """\
# clients:                       # the applications that use Redis; `rediskit init --from` detects them in live objects
# - name: shop
#   namespace: shop
#   workloads:
#   - manifest: {name}/shop.yaml   # the output of kubectl get deployment shop -n shop -o yaml, without passwords
#     containers:
#       app:
#         env:
#           REDIS_HOST: ${{host}}
#           REDIS_PORT: ${{port}}
#           REDIS_PASSWORD: ${{password}}
#   previous: {{host: redis.shop.svc.cluster.local, remove: [Deployment/redis, Service/redis]}}
#   migration: {{step: prepare}}
"""


def config_text(name: str, git: GitFacts, clients: tuple[DetectedClient, ...], manifests: dict[str, str]) -> str:
    """Return the text of the config.

    Args:
        name: The name of the environment.
        git: The values of `gitops`.
        clients: The clients.
        manifests: Name of the client to the path of its manifest, relative to the config.
    """
    lines = ["# yaml-language-server: $schema=../rediskit.schema.json", *_yaml({"name": name})]
    lines += ["gitops:", *_comments(git.questions, 2, OPEN), *_comments(git.remarks, 2)]
    section = {"tool": git.tool, "repository": git.repository, "revision": git.revision, **({"path": git.path} if git.path else {})}
    lines += [*_yaml(section, 2), *_SECRETS_AND_NETWORK.splitlines()]
    if clients:
        off = all(client.is_open("namespace") for client in clients)
        lines.append(f"{'# ' if off else ''}clients:")
        for client in clients:
            lines += _client(client, manifests[client.name], off=off)
    else:
        lines += _EXAMPLE.format(name=name).splitlines()
    return "".join(f"{line}\n" for line in lines)


def _client(client: DetectedClient, manifest: str, *, off: bool) -> list[str]:
    """Return the entry of a client. Sections with an open question, and the sections that need them, are comments."""
    off = off or client.is_open("namespace")
    no_workload, no_previous = off or client.is_open("replicas", "containers"), off or client.is_open("previous")
    asked, remarks = client.questions, client.remarks
    namespace = _yaml({"namespace": client.namespace}, 2) if client.namespace else ["  namespace:"]
    return [
        *_comments(asked.get("namespace", ()), 0, OPEN),
        *_section([f"- {_yaml({'name': client.name})[0]}", *namespace], off=off),
        *_comments([*asked.get("replicas", ()), *asked.get("containers", ())], 2, OPEN),
        *_comments(remarks.get("workload", ()), 2),
        *_section(_workload(client, manifest), off=no_workload),
        *_comments(asked.get("previous", ()), 2, OPEN),
        *_comments(remarks.get("previous", ()), 2),
        *_section(_previous(client), off=no_previous),
        *_section(_yaml({"migration": {"step": "prepare"}}, 2), off=no_workload or no_previous),
    ]


def _workload(client: DetectedClient, manifest: str) -> list[str]:
    lines = ["  workloads:", f"  - {_yaml({'manifest': manifest})[0]}"]
    if client.replicas:
        lines += _yaml({"replicas": client.replicas}, 4)
    elif client.is_open("replicas"):
        lines.append("    replicas:")
    lines.append("    containers:")
    default = [SwitchedVariables("CONTAINER", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD")]
    for variables in client.containers or client.choices or default:
        lines += [f"      {_yaml({variables.container: {}})[0].removesuffix(' {}')}", *_yaml({"env": variables.env}, 8)]
    return lines + ([f"    autoscaler: {_flow(client.scaler.section)}"] if client.scaler else [])


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


def _section(lines: list[str], *, off: bool) -> list[str]:
    """Return lines, as a comment if `off`. The mark is at the indentation of the section: without it the lines are valid again."""
    if not off:
        return lines
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    return [f"{line[:indent]}# {line[indent:]}" for line in lines]
