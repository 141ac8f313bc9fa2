"""`init --from` writes no password, wherever a live object has it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count, product
from typing import Any

from rediskit.yamlio.writer import dump
from tests.attack.attack import Attack, World, broken, everywhere, forms_of, holds
from tests.init.live import container, service, workload

Object = dict[str, Any]
PASSWORDS = {"short": "Zq7!x", "hexadecimal": "9f86d081884c7d65", "blanks": "plum tart 47 wagon", "long": "Kd8-" + "vR3wq_Zt" * 5}
TEXTS = {
    "alone": "{}",
    "Password=": "Server=redis,6379;Password={};Ssl=true",
    "password= in a query": "jdbc:redis://redis:6379/0?password={}",
    "pass= in lower case": "host=redis port=6379 password={} dbname=0",
    "url": "redis://default:{}@redis:6379/0",
    "url without a user": "rediss://:{}@redis:6379",
    "JSON": '{{"host": "redis", "password": "{}"}}',
    "YAML": "host: redis\npassword: {}\n",
    "JVM option": "-Xmx1g -Dredis.password={} -Dx=y",
    "option": "--requirepass {}",
    "option with =": "--password={}",
    "Bearer": "Authorization: Bearer {}",
    "AccountKey": "DefaultEndpointsProtocol=https;AccountKey={};EndpointSuffix=core",
    "_authToken": "//npm.example.org/:_authToken={}",
    "signature": "https://store.example.org/x?sv=1&sig={}",
    "colon": "default:{}",
    "in words": "use {} to log in",
}
NAMES = ("DB_PW", "APP_CREDS", "REDIS_PASSWORD", "SETTINGS", "X", "REDIS_URL", "LICENCE", "JAVA_OPTS", "CONNECTIONSTRINGS__REDIS")


def _in_env(name: str) -> Callable[[Object, str], None]:
    return lambda pod, text: pod["containers"][0].setdefault("env", []).append({"name": name, "value": text})


def _probe(pod: Object, text: str) -> None:
    pod["containers"][0]["livenessProbe"] = {"exec": {"command": ["redis-cli", "-a", text, "ping"]}}


def _header(pod: Object, text: str) -> None:
    headers = [{"name": "Authorization", "value": text.replace("\n", " ")}]
    pod["containers"][0]["readinessProbe"] = {"httpGet": {"path": "/", "port": 80, "httpHeaders": headers}}


def _hook(pod: Object, text: str) -> None:
    pod["containers"][0]["lifecycle"] = {"postStart": {"exec": {"command": ["sh", "-c", f"login '{text}'"]}}}


def _volume(kind: str, key: str) -> Callable[[Object, str], None]:
    driver = {"csi": {"driver": "smb.example.org"}, "flexVolume": {"driver": "example.org/cifs"}}[kind]
    return lambda pod, text: pod.setdefault("volumes", []).append({"name": "v", kind: {**driver, key: {"note": text}}})


def _init_container(pod: Object, text: str) -> None:
    pod["initContainers"] = [{"name": "wait", "image": "busybox:1", "command": ["sh", "-c", text], "env": [{"name": "Y", "value": text}]}]


def _sidecar(pod: Object, text: str) -> None:
    pod["containers"].append({"name": "side", "image": "busybox:1", "args": [text], "env": [{"name": "Z", "value": text}]})


PLACES: dict[str, Callable[[Object, str], None]] = {
    **{f"variable {name}": _in_env(name) for name in NAMES},
    "argument": lambda pod, text: pod["containers"][0].update({"args": ["serve", text]}),
    "command": lambda pod, text: pod["containers"][0].update({"command": ["serve", text]}),
    "probe": _probe,
    "header of a probe": _header,
    "hook": _hook,
    "volume of a CSI driver": _volume("csi", "volumeAttributes"),
    "options of a flexible volume": _volume("flexVolume", "options"),
    "init container": _init_container,
    "sidecar": _sidecar,
    "annotation of the pod": lambda pod, text: pod["_metadata"].update({"annotations": {"example.org/note": text}}),
}


def _annotated(content: Object, text: str) -> None:
    last = json.dumps({"spec": {"note": text}})
    content["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": last, "example.org/note": text}


def _object(place: str, text: str) -> Object:
    content = workload(container("app", REDIS_HOST="redis", REDIS_PORT="6379"))
    template = content["spec"]["template"]
    pod = template["spec"]
    if place == "annotation of the workload":
        _annotated(content, text)
        return content
    pod["_metadata"] = template["metadata"]
    PLACES[place](pod, text)
    del pod["_metadata"]
    return content


def attacks() -> Iterator[Attack]:
    """Yield each place with each form of text. The kinds of passwords take turns, so that each meets each place."""
    number = count()
    kinds = list(PASSWORDS)
    for place, form in product([*PLACES, "annotation of the workload"], TEXTS):
        kind = kinds[next(number) % len(kinds)]
        yield Attack(f"{kind} password, {form}, {place}", partial(_try, place=place, form=form, kind=kind))


def _try(world: World, place: str, form: str, kind: str) -> Iterable[str]:
    password = PASSWORDS[kind]
    text = TEXTS[form].format(password)
    source = "---\n".join(map(dump, (_object(place, text), service()))).encode()
    ended = world.rediskit("init", "--name", "home", "--from", "-", stdin=source)
    yield from broken(ended)
    for path in holds(world.folder, password):
        yield f"{path} holds the password"
    if any(form in ended.text.encode() for form in forms_of(password)):
        yield "the output holds the password"
    if ended.code == 0 and not (world.project / "config/home.yaml").exists():
        yield "nothing was written"


def revert() -> None:
    """Keep the whole object in the copy."""
    from rediskit.init import reduced_manifests

    everywhere(reduced_manifests.reduce_manifest, lambda workload, *_: workload.content)
    everywhere(reduced_manifests.refuse_leaks, lambda *_: None)
