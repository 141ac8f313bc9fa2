"""The settings of a running Redis as the chart gets them: each has its value as text and its config path."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rediskit.chart.profile import Profile
from rediskit.checks.finding import Subject
from rediskit.checks.redis_conf import DATA_FILES, directives, disabled_in, last_directive
from rediskit.errors import Path
from rediskit.model.nested import at, leaves, mapping_at
from rediskit.model.secrets import ExternalSecrets, SealedSecrets
from rediskit.renderers.helm import DEFAULT_DATABASES


class Setting(NamedTuple):
    """A setting in effect as text, and the config path that sets it."""

    path: Path
    value: str


Settings = Mapping[str, Setting]
"""Settings by name. Two configs are compared by these names."""
Reader = Callable[[Subject], Settings]
"""Returns the settings that a rule compares."""


def _text(value: Any) -> str:
    """Return a value as one line of YAML."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def from_values(paths_of: Callable[[Profile], Mapping[str, str]]) -> Reader:
    """Return a reader of the Helm values at and below paths of a profile, each with the config key that sets it ("" for none)."""

    def read(subject: Subject) -> Settings:
        settings: dict[str, Setting] = {}
        for name, key in paths_of(subject.profile).items():
            keys = tuple(name.split("."))
            value = at(subject.values, *keys)
            for path, leaf in leaves(value, keys) if isinstance(value, dict) else ((keys, value),):
                if leaf not in (None, "", [], {}):
                    overridden = at(subject.environment.redis.values, *path) is not None or not key
                    settings[".".join(path)] = Setting(("redis", "values", *path) if overridden else tuple(key.split(".")), _text(leaf))
        return settings

    return read


def from_redis_conf(name: str, default: str, key: str) -> Reader:
    """Return a reader of a setting of redis.conf for each role. `default` is the value of Redis, `key` the config key."""

    def read(subject: Subject) -> Settings:
        settings: dict[str, Setting] = {}
        for role in subject.profile.parts:
            last = last_directive(subject, role, name)
            overridden = last is not None and at(subject.environment.redis.values, *map(str, last.path[2:])) is not None
            path = last.path if last is not None and overridden else tuple(key.split("."))
            settings[role] = Setting(path, last.value.lower() if last else default)
        return settings

    return read


_FLAGS = {"yes": "true", "no": "false"}
_append_only = from_redis_conf("appendonly", "no", "redis.appendOnly")
max_memory = from_redis_conf("maxmemory", "0", "redis.memory.max")
eviction = from_redis_conf("maxmemory-policy", "noeviction", "redis.memory.policy")


def append_only(subject: Subject) -> Settings:
    """Return whether an append-only file exists, as `true` or `false`."""
    return {role: entry._replace(value=_FLAGS.get(entry.value, entry.value)) for role, entry in _append_only(subject).items()}


databases = from_redis_conf("databases", str(DEFAULT_DATABASES), "redis.databases")


def save_points(subject: Subject) -> Settings:
    """Return the save points where no append-only file exists. They decide which data is on disk after a restart."""
    lines = [entry.value.strip("\"'") for entry in directives(subject, next(iter(subject.profile.parts))) if entry.name == "save"]
    if any(entry.value == "true" for entry in append_only(subject).values()):
        return {}
    return {"save": Setting(("redis", "savePoints"), ", ".join(filter(None, lines)) or "none")}


NO_FILE = " (no append-only file)"
IN_THE_FILE = frozenset({"FLUSHALL", "FLUSHDB", "FUNCTION", "RESTORE", "SORT", "SWAPDB"})
"""Commands that a config can disable and that Redis 7 and 8 write to the append-only file unchanged."""
IN_AN_OLD_FILE = IN_THE_FILE | {"EVAL", "EVALSHA", "SCRIPT"}
"""The same for Redis 6, which also writes scripts."""


def disabled_commands(subject: Subject) -> Settings:
    """Return disabled commands that an append-only file can contain. Without such a file, the value ends with `NO_FILE`."""
    files = append_only(subject)
    version = version_of(str(at(subject.values, "image", "tag") or ""))
    in_file = IN_AN_OLD_FILE if version and version < (7,) else IN_THE_FILE
    settings = {}
    for key, setting in unavailable_commands(subject).items():
        role, _, name = key.rpartition(" ")
        if name in in_file:
            settings[key] = setting._replace(value=name if files[role].value == "true" else f"{name}{NO_FILE}")
    return settings


def unavailable_commands(subject: Subject) -> Settings:
    """Return the disabled commands of each role, by `role COMMAND`."""
    settings = {}
    for role in subject.profile.parts:
        for name in sorted(disabled_in(subject, role)):
            settings[f"{role} {name}"] = Setting(("redis", "disabledCommands"), name)
    return settings


def _of_volumes(profile: Profile, keys: Mapping[str, str]) -> dict[str, str]:
    return {".".join((*part.persistence, name)): key for part in profile.parts.values() for name, key in keys.items()}


volumes = from_values(lambda profile: {**profile.volumes, **_of_volumes(profile, profile.storage)})
"""The values in volumeClaimTemplates."""

_folders = from_values(lambda profile: _of_volumes(profile, dict.fromkeys(profile.folders, "")))


def data_place(subject: Subject) -> Settings:
    """Return where a server reads its data: the folder on the volume, and the names of the files."""
    files = {}
    for role, part in subject.profile.parts.items():
        for name, default in DATA_FILES.items():
            last = last_directive(subject, role, name)
            path = last.path if last else ("redis", "values", *part.conf[-1])
            files[f"{role} {name}"] = Setting(path, last.value.strip("\"'") if last else default)
    return {**_folders(subject), **files}


start_command = from_values(lambda profile: {".".join(keys): "" for part in profile.parts.values() for keys in part.start})
"""What replaces or precedes the start of Redis, or changes what it finds."""
scheduling = from_values(lambda profile: {".".join(keys): "" for part in profile.parts.values() for keys in part.placement})
"""The values that decide on which nodes a pod can run."""
pod_management = from_values(lambda profile: dict.fromkeys(profile.management, ""))
_credentials = from_values(lambda profile: profile.credentials)


def credentials(subject: Subject) -> Settings:
    """Return Secret and key of the password."""
    auth = subject.environment.redis.auth
    return _credentials(subject) or _settings(("redis", "auth"), {"secret": auth.secret, "key": auth.key})


topology = from_values(lambda profile: dict.fromkeys(profile.topology, ""))
"""The values that decide which workloads the chart creates."""


def replicas(subject: Subject) -> Settings:
    """Return the number of replicas."""
    keys, primaries = subject.profile.replicas
    number = at(subject.values, *keys) if keys else subject.environment.redis.replicas
    overridden = bool(keys) and at(subject.environment.redis.values, *keys) is not None
    path = ("redis", "values", *keys) if overridden else ("redis", "replicas")
    return {"replicas": Setting(path, str(number - primaries) if isinstance(number, int) else _text(number))}


def cluster(subject: Subject) -> Settings:
    """Return the cluster in the ownership ConfigMaps."""
    return {"cluster": Setting(("cluster",), subject.environment.cluster)}


def names(subject: Subject) -> Settings:
    """Return release, namespace and the names that the chart derives from them."""
    release, user = subject.release, subject.environment.redis.values
    override = next((key for key in ("fullnameOverride", "nameOverride") if user.get(key)), "")
    derived = ("redis", "values", override) if override else ("redis", "release")
    namespace = str(user.get("namespaceOverride") or release.namespace)
    settings = {
        "release": Setting(("redis", "release"), release.name),
        "namespace": Setting(("redis", "namespace"), release.namespace),
        "namespaceOverride": Setting(("redis", "values", "namespaceOverride"), namespace),
        "objects": Setting(derived, release.fullname),
    }
    if user.get("nameOverride"):
        settings["label"] = Setting(("redis", "values", "nameOverride"), release.chart_name)
    return settings


def cluster_domain(subject: Subject) -> Settings:
    """Return the domain at the end of each host."""
    return {"domain": Setting(("redis", "values", "clusterDomain"), subject.release.cluster_domain)}


def ports(subject: Subject) -> Settings:
    """Return the ports of the Services."""
    release, values = subject.release, subject.profile.layout.ports
    numbers = {"port": release.port, "replicas_port": release.replicas_port}
    return {name: Setting(("redis", "values", *values[name][1]), str(port)) for name, port in numbers.items()}


def image(subject: Subject) -> Settings:
    """Return the image of Redis as in a pod: `repository:tag@digest`."""
    values = mapping_at(subject.values, "image")
    overridden = mapping_at(subject.environment.redis.values, "image")
    digest = f"@{values['digest']}" if values.get("digest") else ""
    text = f"{values.get('repository')}:{values.get('tag') or ''}{digest}"
    return {"image": Setting(("redis", "values", "image") if overridden else ("redis", "image"), text)}


def version_of(text: str) -> tuple[int, ...] | None:
    """Return the version at the start of a tag (8, 2 for `8.2.1-debian-12-r0`); None without one."""
    major, _, rest = text.removeprefix("v").partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


def chart(subject: Subject) -> Settings:
    """Return repository and version of the chart."""
    chart = subject.environment.redis.chart
    return _settings(("redis", "chart"), {"repository": chart.repository, "version": chart.version})


def profile(subject: Subject) -> Settings:
    """Return the profile of the chart, which decides the names of StatefulSets and volumes."""
    return _settings(("redis", "chart"), {"profile": subject.environment.redis.chart.profile})


def pod_security(subject: Subject) -> Settings:
    """Return the labels of the Namespace by which the API server refuses pods."""
    labels = subject.environment.redis.labels
    return {key: Setting(("redis", "labels", key), value) for key, value in labels.items() if key.startswith("pod-security.kubernetes.io/")}


def address(subject: Subject) -> Settings:
    """Return the address in the private network."""
    network = subject.environment.network
    return _settings(("network",), {"address": network.address}) if network else {}


def allowed(subject: Subject) -> Settings:
    """Return the networks whose clients can connect."""
    network = subject.environment.network
    return {cidr: Setting(("network", "allow"), cidr) for cidr in network.allow} if network else {}


def pool(subject: Subject) -> Settings:
    """Return the pool from which MetalLB assigns the address, and the prefix of its annotations."""
    network = subject.environment.network
    return _settings(("network",), {"pool.name": network.pool.name, "metallb": network.annotation_prefix}) if network else {}


def secret_source(subject: Subject) -> Settings:
    """Return the source of the password, and the owner of the Secret."""
    secrets = subject.environment.secrets
    texts: dict[str, str | None] = {"mode": secrets.mode}
    if isinstance(secrets, SealedSecrets):
        texts["ownerReference"] = _text(secrets.owner_reference)
    if isinstance(secrets, ExternalSecrets):
        store = secrets.store
        texts |= {"key": secrets.key, "property": secrets.property, "generate": _text(secrets.generate)}
        texts |= {"refresh": str(secrets.refresh or "") or None}
        texts |= {"store.kind": store.kind, "store.name": store.name} if store else {}
    return _settings(("secrets",), texts)


def tool(subject: Subject) -> Settings:
    """Return the GitOps tool."""
    return _settings(("gitops",), {"tool": subject.environment.gitops.tool})


def source(subject: Subject) -> Settings:
    """Return where the GitOps tool reads the rendered manifests."""
    gitops = subject.environment.gitops
    flux = gitops.flux.source if gitops.tool == "flux" else None
    texts = {"repository": gitops.repository, "revision": gitops.revision, "path": subject.environment.path}
    return _settings(("gitops",), {**texts, "flux.source": f"{flux.kind}/{flux.name}" if flux else None})


def placement(subject: Subject) -> Settings:
    """Return names and namespaces of the objects of the GitOps tool."""
    gitops = subject.environment.gitops
    if gitops.tool == "flux":
        return _settings(("gitops", "flux"), {"namespace": gitops.flux.namespace})
    argocd = gitops.argocd
    prefix = argocd.prefix or subject.environment.redis.release
    texts = {
        "namespace": argocd.namespace,
        "prefix": prefix,
        "project": argocd.project or prefix,
        "bootstrapProject": argocd.bootstrap_project,
        "destination": argocd.destination.server or argocd.destination.name or "",
    }
    return _settings(("gitops", "argocd"), texts)


def _settings(section: Path, texts: Mapping[str, str | None]) -> Settings:
    """Return settings of a section of the config by key; None is a setting that is not set."""
    return {name: Setting((*section, *name.split(".")), text) for name, text in texts.items() if text is not None}
