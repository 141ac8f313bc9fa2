"""Checks of what an owner's files do to the real objects, and of the way they name Redis and its Secret."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from rediskit.checks.finding import Complaint, Subject
from rediskit.checks.variables import absent, old_address, repeated, unresolved
from rediskit.errors import BUG, Path
from rediskit.model.client import Client
from rediskit.model.nested import at
from rediskit.model.workload import Variables, Workload, which
from rediskit.renderers.objects import file_name
from rediskit.renderers.owner.component import of_owner
from rediskit.renderers.owner.overlay import apply
from rediskit.renderers.owner.patches import address, hold, patches
from rediskit.renderers.owner.pointers import changed, meant, meant_of_scaler
from rediskit.renderers.owner.snippets import SNIPPETS
from rediskit.renderers.tree import Object
from rediskit.state_machine.effects import Effects, effects
from rediskit.usage import Address, parse


class _Change(NamedTuple):
    """What the files of a client's owner say of its workload at its step: a patch. path: the file that says it."""

    place: Path
    client: Client
    workload: Workload
    effect: Effects
    path: str
    content: Object


def _moving(subject: Subject) -> Iterator[tuple[Path, Client, Workload, Effects]]:
    """Each client on its way: where it stands in the config, the client, its workload, what is in effect at its owner's."""
    for index, client in enumerate(subject.environment.clients):
        if client.workload is not None and client.migration is not None:
            yield ("clients", index), client, client.workload, effects(client.migration)


def _changes(subject: Subject) -> Iterator[_Change]:
    """What is rendered for each workload that is changed at its step, from the tree and not from the model."""
    for place, client, workload, effect in _moving(subject):
        if effect.owner_is_untouched:
            continue
        path, content = _said_of(subject, client, {"kind": workload.kind, "metadata": {"name": workload.name}})
        if content is not None:
            yield _Change(place, client, workload, effect, path, content)


def _said_of(subject: Subject, client: Client, thing: Object) -> tuple[str, Object | None]:
    """The file that says what becomes of an object, and what it says; None where it says nothing."""
    folder = f"{client.owner_folder}/"
    if client.owner.kind in SNIPPETS:
        name, way = SNIPPETS[client.owner.kind]
        file = next((file.content for file in subject.tree.contents if file.path == folder + name), None)
        return folder + name, _inline(at(file, *way, "patches"), thing)
    path = f"{folder}{file_name(thing)}"
    return path, subject.tree.objects.get(path)


def _inline(entries: Any, thing: Object) -> Object | None:
    """The strategic merge patch of an object among the patches of a snippet; its metadata as in a patch file."""
    import yaml

    for entry in entries or ():
        content = yaml.safe_load(entry["patch"]) if "target" not in entry else None
        if isinstance(content, dict) and (content["kind"], content["metadata"]["name"]) == (thing["kind"], thing["metadata"]["name"]):
            metadata = {key: value for key, value in content["metadata"].items() if key != "namespace"}
            return {**content, "metadata": metadata}
    return None


def is_patch(path: str) -> bool:
    """Whether a YAML file of the tree is a patch for an owner, or a snippet with patches: no schema of a whole object fits it."""
    return path.startswith("owners/") and not path.endswith("/kustomization.yaml")


def patched(subject: Subject) -> Iterator[tuple[str, Path, Object]]:
    """The real objects as our patches leave them: the patch's file, the place of the object in the config, the object."""
    for change in _changes(subject):
        workload, place = change.workload, (*change.place, "workload")
        if workload.manifest is None:
            continue
        yield change.path, place, apply(workload.manifest.content, change.content)
        if workload.autoscaler and workload.autoscaler.manifest:
            whole = workload.autoscaler.manifest.content
            path, held = _said_of(subject, change.client, whole)
            if held is not None:
                yield path, (*place, "autoscaler"), apply(whole, held)


def client_address(subject: Subject) -> Iterator[Complaint]:
    """A client's host, port and url are those of the Service that the chart will create from the rendered values."""
    release = subject.release
    for change in _changes(subject):
        where = (*change.place, "workload", "containers")
        for variables, env in _switched(change):
            said = {name: env.get(name, {}).get("value") for name in variables.names}
            if variables.host and said[variables.host] != release.primary_host:
                message = f"{change.path} names the host {said[variables.host]}, the chart will create {release.primary_host}"
                yield Complaint(message, BUG, where)
            if variables.port and said[variables.port] != str(release.port):
                message = f"{change.path} names the port {said[variables.port]}, the Service listens on {release.port}"
                yield Complaint(message, BUG, where)
            if variables.url and said[variables.url] != address(subject.environment, variables):
                yield Complaint(f"{change.path} names the url {said[variables.url]}, which is another Redis", BUG, where)


def port_is_text(subject: Subject) -> Iterator[Complaint]:
    """The port variable is there and is text: else the Service `redis` of the namespace injects `tcp://…` (kubernetes service links)."""
    for change in _changes(subject):
        for variables, env in _switched(change):
            if variables.port and not isinstance(env.get(variables.port, {}).get("value"), str):
                yield Complaint(f"{change.path}: {variables.port} is not a text", BUG, (*change.place, "workload", "containers"))


def secret_reference(subject: Subject) -> Iterator[Complaint]:
    """Secret name and key are the same in the config, in the Helm values and in every client."""
    auth = subject.environment.redis.auth
    name, key = at(subject.values, "auth", "existingSecret"), at(subject.values, "auth", "existingSecretPasswordKey")
    if (name, key) != (auth.secret, auth.key):
        yield Complaint(f"Redis reads the password from {name}/{key}, the config says {auth.secret}/{auth.key}", BUG, ("redis", "auth"))
    for change in _changes(subject):
        for variables, env in _switched(change):
            reference = at(env.get(variables.password, {}), "valueFrom", "secretKeyRef")
            if reference != {"name": name, "key": key}:
                message = f"{change.path} reads the password from {reference}, Redis from {name}/{key}"
                yield Complaint(message, BUG, (*change.place, "workload"))


def owner_patch(subject: Subject) -> Iterator[Complaint]:
    """What the owner applies changes replicas, the named variables and the autoscaler's bounds only, and every variable stays valid."""
    for change in _changes(subject):
        client, workload, path = change.client, change.workload, change.path
        where = (*change.place, "workload")
        if change.content != next(patches(subject.environment, client)):
            yield Complaint(f"{path} is not the patch of step {client.migration.step if client.migration else ''}", BUG, where)
        if workload.manifest is None:
            continue
        before = workload.manifest.content
        after = apply(before, change.content)
        for pointer in sorted(changed(before, after) - meant(workload, change.effect)):
            yield Complaint(f"{path} changes {pointer} of {workload.reference}", BUG, where)
        if _init_order(before) != _init_order(after):
            yield Complaint(f"{path} changes the order in which init containers of {workload.reference} run", BUG, where)
        for container in _containers(after):
            for entry in container.get("env") or ():
                if entry.get("value") is not None and entry.get("valueFrom") is not None:
                    yield Complaint(f"{path}: {entry['name']} gets both value and valueFrom", BUG, where)
        for name, entry, wanted in sorted(unresolved(after) - unresolved(before)):
            message = f"{path}: {entry} of {name} uses $({wanted}) before it is defined, and would keep it unexpanded"
            yield Complaint(message, f"define {wanted} further up in the owner's base", where)
    yield from _scalers(subject)


def _scalers(subject: Subject) -> Iterator[Complaint]:
    for place, client, workload, effect in _moving(subject):
        scaler = workload.autoscaler
        if scaler is None or hold(workload, effect) is None:
            continue
        path, said = _said_of(subject, client, {"kind": scaler.kind, "metadata": {"name": scaler.name}})
        where = (*place, "workload", "autoscaler")
        if said is None:
            yield Complaint(f"{path} does not hold {scaler.reference}, which would scale {workload.reference}", BUG, where)
        elif scaler.manifest is not None:
            before = scaler.manifest.content
            after = apply(before, said)
            for pointer in sorted(changed(before, after) - meant_of_scaler(workload, effect)):
                yield Complaint(f"{path} changes {pointer} of {scaler.reference}", BUG, where)


def owner_component(subject: Subject) -> Iterator[Complaint]:
    """The owner's folder holds the files of its step and no others; a Component applies them all and asserts what must be there."""
    for place, client, workload, effect in _moving(subject):
        folder, where = f"{client.owner_folder}/", (*place, "migration")
        wanted = {file.path: file.content for file in of_owner(subject.environment, client)}
        beside = {path.removeprefix(folder) for path in subject.tree.files if path.startswith(folder)}
        for name in sorted(wanted.keys() - beside):
            yield Complaint(f"{folder}{name} is missing", BUG, where)
        for name in sorted(beside - wanted.keys()):
            yield Complaint(f"{folder}{name} belongs to no file of this step", BUG, where)
        component = subject.tree.objects.get(f"{folder}kustomization.yaml")
        if client.owner.kind != "kustomize" or component is None:
            continue
        used = [str(entry.get("path")) for entry in component.get("patches") or ()]
        if sorted(used) != sorted(beside - {"kustomization.yaml"}):
            shown = ", ".join(sorted(beside - {"kustomization.yaml"})) or "nothing"
            yield Complaint(f"{folder} patches {', '.join(used) or 'nothing'} instead of {shown}", BUG, where)
        asserted = [at(entry, "source", "fieldPath") for entry in component.get("replacements") or ()]
        expected = [f"spec.template.spec.{kind}.[name={name}].image" for kind, name in workload.named]
        expected += ["spec.scaleTargetRef.name"] if workload.autoscaler and not effect.removed else []
        if asserted != ([] if effect.owner_is_untouched else expected):
            yield Complaint(f"{folder}kustomization.yaml does not fail where a container is missing", BUG, where)


def variables(subject: Subject) -> Iterator[Complaint]:
    """No variable that will be switched stands twice in the real object: kustomize keeps the last one and loses the patch."""
    for place, client, workload, _ in _moving(subject):
        if workload.manifest is not None and client.migration and client.migration.step != "complete":
            for container, name in repeated(workload.manifest.content, workload):
                hint = "leave one of them in the owner's base, and print the manifest anew"
                message = f"{container} has {name} twice: kustomize would keep the last one and lose the patch"
                yield Complaint(message, hint, (*place, "workload", "manifest"))


def absent_variables(subject: Subject) -> Iterator[Complaint]:
    """The manifest has the host or url that will be switched: a name that the application does not read leaves it on its old Redis.

    A port that is not there is as usual, as long as the old Redis listens on the same one.
    """
    for place, client, workload, _ in _moving(subject):
        if workload.manifest is None or (client.migration and client.migration.step == "complete"):
            continue
        same_port = client.previous is None or client.previous.port == subject.release.port
        for container, key, name, others in absent(workload.manifest.content, workload):
            if key[2] == "port" and same_port:
                continue
            message = f"{workload.manifest.path} has no {name} in {container}"
            what = which(name, others)
            yield Complaint(message, f"an application that does not read it stays with its old Redis: {what}", (*place, "workload", *key))


def previous_differs(subject: Subject) -> Iterator[Complaint]:
    """The switched variables of the manifest name the Redis of `previous`, and the database that the new url names.

    A rollback leads back to what the manifest sets.
    """
    for place, client, workload, _ in _moving(subject):
        if workload.manifest is None or client.previous is None or (client.migration and client.migration.step == "complete"):
            continue
        known = parse(client.previous.host, client.namespace).plus(parse(subject.release.primary_host, client.namespace))
        for _, name, variables in workload.every:
            env = _env(workload.manifest.content, name)
            value = env.get(variables.host, {}).get("value") if variables.host else None
            if isinstance(value, str) and "$" not in value and not parse(value, client.namespace).same(known):
                yield _differs(client, workload.manifest.path, f"{variables.host}={value}", place)
            yield from _old_url(client, workload.manifest.path, variables, env, place, known)


def _differs(client: Client, path: str, what: str, place: Path) -> Complaint:
    message = f"{path} has {what}, but previous.host is {client.previous.host if client.previous else ''}"
    return Complaint(message, "a rollback leads back to what the manifest sets: make the two agree", (*place, "previous", "host"))


def history(subject: Subject) -> Iterator[Complaint]:
    """A migration under way records its steps: without a history nobody sees since when a step holds, or a jump made by hand."""
    for index, client in enumerate(subject.environment.clients):
        migration = client.migration
        if migration and migration.step != "prepare" and not migration.history:
            yield Complaint(
                f"{client.name} is at {migration.step} without a history",
                "record the steps under migration.history: [{step, at, reason}]",
                ("clients", index, "migration", "step"),
            )


def _old_url(client: Client, path: str, variables: Variables, env: dict[str, Any], place: Path, known: Address) -> Iterator[Complaint]:
    """Yield what the manifest's url sets and the config does not: another host than the previous one, a database that would be lost."""
    old = old_address(env.get(variables.url, {}).get("value") if variables.url else None)
    if old is None:
        return
    if old.host is not None and not parse(old.host, client.namespace).same(known):
        yield _differs(client, path, f"{old.host} in {variables.url}", place)
    if (old.database or 0) != (variables.database or 0):
        message = f"{path} has database {old.database or 0} in {variables.url}, and the new url names {variables.database or 0}"
        yield Complaint(message, f"write database: {old.database or 0} beside url", (*place, "workload", "containers"))


def _switched(change: _Change) -> Iterator[tuple[Variables, dict[str, Any]]]:
    """For each container that is switched: its variables, and the environment by name as it will be."""
    if change.effect.switched:
        for _, name, variables in change.workload.every:
            yield variables, _env(change.content, name)


def _containers(content: Object) -> list[Any]:
    pod = at(content, "spec", "template", "spec")
    return [*(at(pod, "initContainers") or ()), *(at(pod, "containers") or ())]


def _init_order(content: Object) -> list[Any]:
    return [container.get("name") for container in at(content, "spec", "template", "spec", "initContainers") or ()]


def _env(content: Object, container: str) -> dict[str, Any]:
    return {entry["name"]: entry for found in _containers(content) if found.get("name") == container for entry in found.get("env") or ()}
