"""What must be true of an application at a step, for a person who changes it and for `migrate verify`.

A state is a mapping with at most one entry: `{}` where the field is not set, `{value: X}`, `{valueFrom: {…}}` as Kubernetes has it,
`{contains: TEXT}` or `{omits: TEXT}` for a text of which only a part is known, and `{exists: true}` for a whole object.
None is a state that the config does not contain.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.model.evidence import EvidenceKind
from rediskit.model.nested import at, list_at, text_at
from rediskit.model.pointers import pointer
from rediskit.model.workload import Workload
from rediskit.renderers.helm import release_of
from rediskit.renderers.owner.patches import PAUSED, Change, change, hold, plain
from rediskit.renderers.pages.templates import text
from rediskit.renderers.tree import File
from rediskit.secrecy import names_secret, secret_reason
from rediskit.state_machine.effects import Effects, at_step, effects
from rediskit.state_machine.subjects import subject

State = Mapping[str, Any]
_ABSENT: State = {}
_EXISTS: State = {"exists": True}
_EXTERNAL = r"(?P<key>\S+) of (?P<kind>ConfigMap|Secret)/(?P<name>[a-z0-9.-]+)"
"""The form of `external` that names a readable object."""


class Requirement(NamedTuple):
    """A field of an object at a step.

    Attributes:
        object: `Deployment/shop`.
        path: Keys from the object to the field. Containers and variables are addressed by name; () for the whole object.
        wanted: The state at the step.
        before: The state before the migration.
    """

    object: str
    path: tuple[str, ...]
    wanted: State
    before: State | None

    @property
    def pointer(self) -> str:
        """The JSON pointer of the field."""
        return pointer(*self.path)


class Hidden(NamedTuple):
    """A config file that no manifest shows: the workload, its container, and the file as the config describes it."""

    object: str
    container: str
    file: str


def at_effect(client: Client) -> Client:
    """Return the client at the step whose effect it has: at `complete`, the application is as at `decommission`."""
    done = client.migration is not None and client.migration.step == "complete"
    return at_step(client, "decommission") if done else client


def requirements(environment: Environment, client: Client) -> Iterator[Requirement]:
    """Yield every field that the migration changes at any step, with its state at the step of the client."""
    client = at_effect(client)
    effect = effects(client.migration)
    for workload in client.workloads:
        yield from _running(workload, effect)
        yield from _containers(workload, change(environment, client, workload, Effects(switched=True)), switched=effect.switched)
        yield from _external(environment, client, workload, switched=effect.switched)
        yield from _scaler(workload, effect)
    for reference in client.old_objects:
        yield Requirement(reference, (), _ABSENT if effect.removed else _EXISTS, _EXISTS)


def digest(environment: Environment, client: Client) -> str:
    """Return the digest of the requirements of a client at its step. A value that can be a secret is not in it."""
    rows: list[Any] = [
        (requirement.object, requirement.pointer, _shown(requirement.wanted, requirement.path))
        for requirement in requirements(environment, client)
    ]
    rows += [(part.object, part.container, part.file) for part in hidden(client)]
    return f"sha256:{hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()}"


def subject_of(environment: Environment, client: Client, kind: EvidenceKind) -> str:
    """Return the subject of a kind of evidence about a client at its step; "" for kinds without one."""
    return subject(environment, client, kind, digest(environment, client) if kind in ("verified", "folded") else "")


def hidden(client: Client) -> Iterator[Hidden]:
    """Yield the config files that only connections or a person show: encrypted ones, and those outside of the cluster."""
    for workload in client.workloads:
        for _, name, container in workload.redis_containers:
            file = container.external
            if file is not None and (not (match := re.fullmatch(_EXTERNAL, file)) or match["kind"] != "ConfigMap"):
                yield Hidden(workload.reference, name, file)


def _running(workload: Workload, effect: Effects) -> Iterator[Requirement]:
    field, stopped = workload.stopped
    normal: State = {"value": workload.running}
    if effect.stopped:
        yield Requirement(workload.reference, ("spec", field), {"value": stopped}, normal)
    elif not workload.autoscaler or (effect.restored and not effect.removed):
        yield Requirement(workload.reference, ("spec", field), normal, normal)


def _containers(workload: Workload, switch: Change, *, switched: bool) -> Iterator[Requirement]:
    """Yield the variables and words that the switch changes."""
    for kind, name, _ in workload.switched:
        content = workload.content_of(kind, name)
        path = (*workload.pod_path, kind, name)
        for entry in _entries(switch.named, workload, kind, name):
            new, before = _state(entry), _before(content, entry["name"])
            expected = new if switched else before if before is not None else _not(new)
            if expected is not None:
                yield Requirement(workload.reference, (*path, "env", entry["name"]), expected, before)
        for word in (word for word in switch.words if (word.listed, word.container) == (kind, name)):
            texts: tuple[State, State] = {"contains": word.new}, {"contains": word.old}
            yield Requirement(workload.reference, (*path, word.key), texts[0] if switched else texts[1], texts[1])


def _entries(merge: Any, workload: Workload, kind: str, name: str) -> list[Any]:
    containers = list_at(merge, *workload.pod_path, kind)
    return [entry for container in containers if container["name"] == name for entry in container.get("env", ())]


def _state(entry: Mapping[str, Any]) -> State:
    """Return the state of a variable in a patch."""
    if entry.get("$patch") == "delete":
        return _ABSENT
    return {key: value for key, value in plain(dict(entry)).items() if key != "name"}


def variable_state(entry: Mapping[str, Any]) -> State:
    """Return the state of a variable in an object. Kubernetes leaves out an empty value."""
    if entry.get("valueFrom"):
        return {"valueFrom": entry["valueFrom"]}
    return {"value": entry.get("value") or ""}


def _before(content: Any, name: str) -> State | None:
    """Return the state of a variable in the manifest; None without a manifest, and where `envFrom` can set the variable."""
    if content is None:
        return None
    for entry in reversed(list_at(content, "env")):
        if text_at(entry, "name") == name:
            return variable_state(entry)
    return None if list_at(content, "envFrom") else _ABSENT


def _not(new: State) -> State | None:
    value = new.get("value")
    return {"omits": value} if isinstance(value, str) and value else None


def _external(environment: Environment, client: Client, workload: Workload, *, switched: bool) -> Iterator[Requirement]:
    """Yield the text of each config file in a ConfigMap."""
    host = release_of(environment).primary_host
    old: State | None = {"contains": client.previous.host} if client.previous else None
    for _, _, container in workload.redis_containers:
        match = re.fullmatch(_EXTERNAL, container.external or "")
        if match and match["kind"] == "ConfigMap":
            expected: State = {"contains": host} if switched else {"omits": host}
            yield Requirement(f"ConfigMap/{match['name']}", ("data", match["key"]), expected, old)


def _scaler(workload: Workload, effect: Effects) -> Iterator[Requirement]:
    scaler = workload.autoscaler
    if scaler is None:
        return
    held = hold(workload, effect)
    if scaler.kind == "ScaledObject":
        number = at(held, "metadata", "annotations", PAUSED)
        yield Requirement(scaler.reference, ("metadata", "annotations", PAUSED), {"value": number} if held else _ABSENT, _ABSENT)
        return
    for field, bound in (("minReplicas", scaler.min), ("maxReplicas", scaler.max)):
        before: State | None = None if bound is None else {"value": bound}
        expected: State | None = {"value": at(held, "spec", field)} if held else before
        if expected is not None:
            yield Requirement(scaler.reference, ("spec", field), expected, before)


def described(state: State | None, name: str = "") -> str:
    """Return a state in words, without a value that can be a secret.

    Args:
        name: The name of the variable, which tells whether its value is a secret.
    """
    if state is None:
        return "not in the config: keep or restore your own value"
    if not state:
        return "not set"
    (kind, value), *_ = state.items()
    if kind == "exists":
        return "exists"
    if kind == "valueFrom":
        return _source(value)
    if isinstance(value, str) and (names_secret(name) or secret_reason(value)):
        return "a value that can be a secret: not shown"
    shown = json.dumps(value, ensure_ascii=False)
    return {"contains": f"contains {shown}", "omits": f"does not contain {shown}"}.get(kind, shown)


def _source(source: Any) -> str:
    """Return `valueFrom` in words: `key redis-password of Secret redis-credentials`."""
    for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        reference = at(source, field)
        if isinstance(reference, dict):
            optional = ", optional" if reference.get("optional") else ""
            return f"key {text_at(reference, 'key')} of {kind} {text_at(reference, 'name')}{optional}"
    return f"from {', '.join(map(str, source)) if isinstance(source, dict) else 'another source'}"


def external(environment: Environment, client: Client) -> Iterator[File]:
    """Yield REQUIRED.md and required.json of a client at its step."""
    required = list(requirements(environment, client))
    document = {
        "client": client.name,
        "namespace": client.namespace,
        "state": state_of(client),
        "required": [_json(requirement) for requirement in required],
        "notVisible": [part._asdict() for part in hidden(client)],
    }
    yield File("required.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    yield File("REQUIRED.md", _page(environment, client, required))


def state_of(client: Client) -> str:
    """Return the state of an application in words. Steps with the same effects have the same words, so their files are equal."""
    effect = effects(at_effect(client).migration)
    redis = "the shared Redis" if effect.switched else "its old Redis"
    runs = f"scaled to 0, and configured for {redis}" if effect.stopped else f"running on {redis}"
    return f"{runs}{'; the old Redis is removed' if effect.removed else ''}"


def _json(requirement: Requirement) -> dict[str, Any]:
    return {
        "object": requirement.object,
        "pointer": requirement.pointer,
        "wanted": _shown(requirement.wanted, requirement.path),
        "before": _shown(requirement.before, requirement.path),
    }


def _shown(state: State | None, path: tuple[str, ...]) -> State | None:
    """Return a state without a text that can be a secret: None stands for one."""
    texts = [value for value in (state or {}).values() if isinstance(value, str)]
    return None if any(names_secret(path[-1]) or secret_reason(value) for value in texts) else state


def _page(environment: Environment, client: Client, required: list[Requirement]) -> str:
    rows: dict[str, list[tuple[str, str, str]]] = {}
    for requirement in required:
        name = requirement.path[-1] if requirement.path else ""
        state = described(requirement.wanted, name) if requirement.path or requirement.wanted else "deleted"
        row = (described_path(requirement.path), state, described(requirement.before, name))
        rows.setdefault(requirement.object, []).append(row)
    return text(
        "required.md.j2",
        env=environment,
        client=client,
        state=state_of(client),
        objects=rows,
        hidden=list(hidden(client)),
        release=release_of(environment),
    )


def described_path(path: tuple[str, ...]) -> str:
    """Return a path in words: `variable REDIS_HOST of container backend`."""
    if not path:
        return "the object"
    if path[-2:-1] == ("env",):
        return f"variable `{path[-1]}` of container `{path[-3]}`"
    if path[-1] in ("command", "args"):
        return f"`{path[-1]}` of container `{path[-2]}`"
    return f"`{'.'.join(path)}`"
