"""With `--offline`, no remote entry of the kustomizations of an application repository is fetched."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import product
from threading import Thread
from typing import Any

from rediskit.yamlio.writer import dump
from tests.attack.attack import Attack, World, broken, everywhere
from tests.attack.scenarios import project
from tests.cli.checkout import owner

ADDRESSES = {
    "http": "http://127.0.0.1:{port}/base.yaml",
    "http folder": "http://127.0.0.1:{port}/base//x?ref=main",
    "https": "https://127.0.0.1:{port}/base",
    "short of GitHub": "github.com/example/nothing//base?ref=v1",
    "ssh": "ssh://git@127.0.0.1:{port}/base.git",
    "scp": "git@127.0.0.1:example/base.git",
    "git::": "git::http://127.0.0.1:{port}/base.git",
    "git": "git://127.0.0.1:{port}/base.git",
    "file": "file:///{outside}/base.git",
    "in capitals": "HTTP://127.0.0.1:{port}/base.yaml",
    "with a port alone": "127.0.0.1:{port}/base.git",
}
KEYS: dict[str, Any] = {
    "resources": lambda address: {"resources": ["../base", address]},
    "bases": lambda address: {"bases": [address]},
    "components": lambda address: {"components": [address]},
    "crds": lambda address: {"crds": [address]},
    "configurations": lambda address: {"configurations": [address]},
    "generators": lambda address: {"generators": [address]},
    "transformers": lambda address: {"transformers": [address]},
    "patches": lambda address: {"patches": [{"path": address}]},
    "openapi": lambda address: {"openapi": {"path": address}},
}
PLACES = ("prod", "base")
VERBS: dict[str, tuple[str, ...]] = {
    "check": ("check", "--owner", "owner/prod", "--offline"),
    "export": ("migrate", "export", "--to", "owner/prod", "--offline"),
}


def attacks() -> Iterator[Attack]:
    """Yield each address under each key, in the overlay and in its base, met by each verb."""
    for (form, address), (key, write), place, (verb, arguments) in product(ADDRESSES.items(), KEYS.items(), PLACES, VERBS.items()):
        yield Attack(
            f"{form} under {key} of {place}, {verb}",
            partial(_try, address=address, write=write, place=place, arguments=arguments),
        )


def _try(world: World, address: str, write: Any, place: str, arguments: tuple[str, ...]) -> Iterable[str]:
    project(world.folder, "scale-down")
    top = owner(world.project, listed=False)
    world.recorder("git", "exit 128")
    with _listener() as (port, calls):
        named = write(address.format(port=port, outside=world.outside))
        own = {"resources": ["../base"]} if place == "prod" else {"resources": [file.name for file in (top / "base").glob("*-*.yaml")]}
        merged = {**own, **named}
        if place == "base" and "resources" in named:
            merged["resources"] = [*own["resources"], named["resources"][-1]]
        (top / place / "kustomization.yaml").write_text(dump(merged), encoding="utf-8")
        ended = world.rediskit(*arguments, PATH=f"{world.bin}:/usr/bin:/bin", http_proxy="", https_proxy="")
    yield from broken(ended)
    if ended.code == 2 and "unrecognized arguments" in ended.stderr:
        yield "there is no --offline"
    if calls:
        yield "a connection was opened"
    if fetches := [line for line in world.started() if "fetch" in line or "clone" in line or "ls-remote" in line or "init" in line]:
        yield f"git was started: {fetches[0]}"
    if ended.code == 0 and "127.0.0.1" in str(named):
        yield "it was passed over"


@contextmanager
def _listener() -> Iterator[tuple[int, list[str]]]:
    """Count connections on a port of the loopback address."""
    calls: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        done = False

        def serve() -> None:
            while not done:
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                calls.append("a connection")
                connection.close()

        thread = Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1], calls
        finally:
            done = True
            thread.join()


def revert() -> None:
    """Take `--offline` for nothing."""
    from rediskit.migrate.owner import remote as ownerremote

    everywhere(ownerremote.remote_entries, lambda _: [])
    everywhere(ownerremote.OFFLINE, {})
