"""Write the text of a new config: known values as keys, open questions as comments that tell what to write."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from rediskit.chart.profiles import MAINTAINED, PROFILES
from rediskit.errors import visible
from rediskit.init.databases import USUAL, needed
from rediskit.init.detected import DetectedClient, DetectedWorkload
from rediskit.init.switches import ContainerSwitch
from rediskit.source.questions import OPEN
from rediskit.yamlio.writer import dump


class GitFacts(NamedTuple):
    """The values of the section `gitops`, open questions and comments. `path` is "" if the default is right."""

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


Manifests = Mapping[tuple[str, str], str]
"""Name of a client and `Kind/name` of a workload to the path of its manifest."""


def config_text(name: str, git: GitFacts, clients: tuple[DetectedClient, ...], manifests: Manifests) -> str:
    """Return the text of the config. `manifests` are the paths of the manifests, relative to the config, by client and workload."""
    lines = ["# yaml-language-server: $schema=../rediskit.schema.json", *_yaml({"name": name})]
    lines += ["gitops:", *_comments(git.questions, 2, OPEN), *_comments(git.remarks, 2)]
    section = {"tool": git.tool, "repository": git.repository, "revision": git.revision, **({"path": git.path} if git.path else {})}
    lines += [*_yaml(section, 2), *_redis(clients), *_SECRETS_AND_NETWORK.splitlines()]
    if clients:
        off = all(client.is_open("namespace") for client in clients)
        lines.append(f"{'# ' if off else ''}clients:")
        for client in clients:
            lines += client_lines(client, manifests, off=off)
    else:
        lines += _EXAMPLE.format(name=name).splitlines()
    return "".join(f"{line}\n" for line in lines)


def redis_section(clients: Iterable[DetectedClient]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the chart and what the clients need of the section `redis`, and the reasons."""
    clients = list(clients)
    section: dict[str, Any] = {"chart": {"profile": MAINTAINED, "version": PROFILES[MAINTAINED].version}}
    reasons = [f"{client.name} has a queue ({client.queue}): an allkeys policy would evict its tasks" for client in clients if client.queue]
    if (number := needed(clients)) > USUAL:
        section["databases"] = number
        name, highest = max(((client.name, number) for client in clients for number in client.databases.values()), key=lambda pair: pair[1])
        reasons.append(f"{name} uses database {highest}, and by default the numbers end at {USUAL - 1}")
    if any(client.queue for client in clients):
        section["memory"] = {"policy": "volatile-lru"}
    return section, tuple(reasons)


def _redis(clients: tuple[DetectedClient, ...]) -> list[str]:
    section, reasons = redis_section(clients)
    chart = f"  chart: {_flow(section.pop('chart'))}   # maintained; `rediskit upgrade` shows what another version changes"
    return ["redis:", chart, *_comments(reasons, 2), *(_yaml(section, 2) if section else [])]


def client_lines(client: DetectedClient, manifests: Manifests, *, off: bool = False) -> list[str]:
    """Return the entry of a client. Sections with an open question, and the sections that need them, are comments."""
    off = off or client.is_open("namespace")
    no_workload, no_previous = off or client.is_open("replicas", "containers"), off or client.is_open("previous")
    asked, remarks = client.questions, client.remarks
    head = [f"- {_yaml({'name': client.name})[0]}", *(_yaml({"namespace": client.namespace}, 2) if client.namespace else ["  namespace:"])]
    if client.use:
        head.append(f"  use: [{', '.join(client.use)}]")
    if client.databases:
        entries = (f"{name}: {_database(number, shared=name in client.shared)}" for name, number in client.databases.items())
        head.append(f"  databases: {{{', '.join(entries)}}}")
    return [
        *_comments(asked.get("namespace", ()), 0, OPEN),
        *_section(head, off=off),
        *_comments(asked.get("use", ()), 2, OPEN),
        *([] if client.use else ["  # use: [cache, sessions, queue]"]),
        *_comments(asked.get("databases", ()), 2, OPEN),
        *_comments([*asked.get("replicas", ()), *asked.get("containers", ())], 2, OPEN),
        *_comments(remarks.get("workload", ()), 2),
        *_section(_workloads(client, manifests), off=no_workload),
        *_comments(asked.get("previous", ()), 2, OPEN),
        *_comments(remarks.get("previous", ()), 2),
        *_section(_previous(client), off=no_previous),
        *(_section([f"  owner: {{kind: {client.owner}}}"], off=no_workload) if client.owner else ()),
        *_section(_yaml({"migration": {"step": "prepare"}}, 2), off=no_workload or no_previous),
    ]


def _workloads(client: DetectedClient, manifests: Manifests) -> list[str]:
    common = common_env(client)
    lines = [f"  egress: {client.egress}"] if client.egress else []
    lines += _yaml({"env": common}, 2) if common else []
    lines.append("  workloads:")
    for workload in client.workloads:
        lines += _workload(client, workload, manifests[client.name, workload.reference], common)
    return lines


def common_env(client: DetectedClient) -> dict[str, str | None]:
    """Return the variables of all containers, if there are several and they have the same; else none."""
    switches = [switch for workload in client.workloads for switch in workload.switched]
    is_common = (
        len(switches) > 1
        and not client.is_open("containers")
        and all(switch.env == switches[0].env and not switch.external for switch in switches)
    )
    return switches[0].env if is_common else {}


def _workload(client: DetectedClient, workload: DetectedWorkload, manifest: str, common: dict[str, str | None]) -> list[str]:
    lines = [f"  - {_yaml({'manifest': manifest})[0]}"]
    if workload.replicas:
        lines += _yaml({"replicas": workload.replicas}, 4)
    elif client.is_open("replicas") and workload.content.get("kind") != "CronJob":
        lines.append("    replicas:")
    for listed in ("initContainers", "containers"):
        switches = [switch for switch in workload.switched or [workload.proposed] if switch.listed == listed]
        if not switches and listed == "containers":
            lines.append("    containers: {}")
        elif switches:
            lines.append(f"    {listed}:")
        for switch in switches:
            lines += _container(switch, common)
    return lines + ([f"    autoscaler: {_flow(workload.scaler.section)}"] if workload.scaler else [])


def _container(switch: ContainerSwitch, common: dict[str, str | None]) -> list[str]:
    section = {key: value for key, value in switch.section.items() if key != "env" or not common}
    if not section:
        return [f"      {_yaml({switch.name: {}})[0]}"]
    return [f"      {_yaml({switch.name: {}})[0].removesuffix(' {}')}", *_yaml(section, 8)]


def _database(number: int, *, shared: bool) -> str:
    return f"{{number: {number}, shared: true}}" if shared else str(number)


def _flow(section: Mapping[str, str | int]) -> str:
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
    if not off or not lines:
        return lines
    indent = min(len(line) - len(line.lstrip()) for line in lines)
    return [f"{line[:indent]}# {line[indent:]}" for line in lines]
