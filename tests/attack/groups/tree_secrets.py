"""No password in plain text reaches the rendered manifests or the encrypted files, whichever way it comes in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from typing import Any

from rediskit.yamlio.writer import dump
from tests.attack.attack import Attack, World, broken, everywhere, forms_of, holds
from tests.attack.groups.init_passwords import NAMES, PASSWORDS, TEXTS
from tests.attack.scenarios import project
from tests.samples import RECIPIENT, backend, sops
from tests.secrets import hostile

_VALUE = "PlantedQ7vX2kLmZ90bTnRw4SdYhGc81"


def _secret(key: str, value: str, field: str) -> dict[str, Any]:
    text = base64.b64encode(value.encode()).decode() if field == "data" else value
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "extra", "namespace": "redis"}, field: {key: text}}


def _outputs() -> dict[str, bytes]:
    sound = sops("redis")
    sound["metadata"]["labels"] = {}
    return hostile.outputs(dump(sound).encode(), b"kind: Secret\n", _VALUE.encode())


WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "an object": lambda secret: [secret],
    "a text": lambda secret: [dump(secret)],
    "a List": lambda secret: [{"apiVersion": "v1", "kind": "List", "items": [secret]}],
    "a SecretList": lambda secret: [{"apiVersion": "v1", "kind": "SecretList", "items": [secret]}],
    "several documents": lambda secret: [f"---\nkind: x\n---\n{dump(secret)}"],
    "JSON": lambda secret: [json.dumps(secret)],
    "a list in a text": lambda secret: f"- {json.dumps(secret)}\n",
}
KEYS = ("password", "redis-password", "note", "config.yaml")
FIELDS = ("data", "stringData")


def attacks() -> Iterator[Attack]:
    """Yield Secrets below `extraDeploy`, literals in the manifests of an owner, and outputs of a program in the place of sops."""
    for wrapper, key, field, kind in product(WRAPPERS, KEYS, FIELDS, PASSWORDS):
        yield Attack(
            f"extraDeploy, {wrapper}, {field}.{key}, {kind}",
            partial(_extra, wrapper=wrapper, key=key, field=field, password=PASSWORDS[kind]),
        )
    for name, form, kind in product(("DB_PW", "REDIS_PASSWORD", "SPRING_DATASOURCE_PASSWORD"), TEXTS, ("long", "hexadecimal")):
        if form != "in words":
            yield Attack(
                f"manifests of the owner, {name}, {form}, {kind}",
                partial(_manifest, name=name, text=TEXTS[form].format(PASSWORDS[kind]), password=PASSWORDS[kind]),
            )
    for name in _outputs():
        yield Attack(f"sops prints: {name}", partial(_printed, name=name))


def _extra(world: World, wrapper: str, key: str, field: str, password: str) -> Iterable[str]:
    content = WRAPPERS[wrapper](_secret(key, password, field))
    project(world.folder, "prepare", over={"redis": {"values": {"extraDeploy": content}}})
    ended = world.rediskit("render")
    yield from broken(ended)
    yield from _leaked(world, ended.text, password, "rendered")


def _manifest(world: World, name: str, text: str, password: str) -> Iterable[str]:
    project(world.folder, "reconfigure", kind="manifests")
    workload = backend()
    workload["spec"]["template"]["spec"]["containers"][0]["env"].append({"name": f"{name}_X" if name in NAMES else name, "value": text})
    (world.project / "config/chocolandia/beersystem-backend.yaml").write_text(dump(workload), encoding="utf-8")
    ended = world.rediskit("render")
    yield from broken(ended)
    yield from _leaked(world, ended.text, password, "rendered")


def _leaked(world: World, output: str, password: str, folder: str) -> Iterator[str]:
    if (world.project / folder).exists():
        for path in holds(world.project / folder, password):
            yield f"{folder}/{path} holds the password"
    if any(form in output.encode() for form in forms_of(password)):
        yield "the output holds the password"


def _printed(world: World, name: str) -> Iterable[str]:
    """Yield the failures of `secret new` with a stand-in for sops that prints an invalid output."""
    over = {"secrets": {"mode": "sops", "recipients": [RECIPIENT]}, "gitops": {"tool": "flux"}}
    project(world.folder, "prepare", over=over)
    printed = _outputs()[name]
    (world.folder / "printed").write_bytes(printed)
    program = world.recorder("sops", f"exec cat {world.folder}/printed")
    ended = world.rediskit("secret", "new", "--from-stdin", stdin=_VALUE.encode(), SOPS=str(program))
    yield from broken(ended)
    if not world.started():
        yield "sops was not started: nothing was attacked"
    if ended.code == 0 or (world.project / "config/chocolandia/secrets").exists():
        yield "the output was written"
    if _VALUE in ended.text:
        yield "the output holds the password"


def revert() -> None:
    """Accept any object and any output of sops."""
    from rediskit.secrets import encrypted
    from rediskit.source import unencrypted as plaintext

    everywhere(plaintext.in_data, lambda *_: iter(()))
    everywhere(encrypted.refuse_unencrypted, lambda *_: None)
