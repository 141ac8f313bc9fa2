"""The descriptions that an editor shows for a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.editor.server import Document, Server
from tests.editor.test_editor import SCHEMA, TEXT, opened, place, plain
from tests.editor.test_editor import attempts as attempts
from tests.editor.test_editor import server as server
from tests.samples import CONFIG


def test_hover_shows_the_description_of_every_key(server: Server) -> None:
    """Each key of the committed config shows its description or that of its section."""
    document = Document(server, CONFIG)
    silent = []
    for name, definition, line in KEYS:
        described = (SCHEMA["$defs"][definition] if definition else SCHEMA)["properties"][name]
        words = [described["description"], *(section["description"] for section in sections(described))]
        number = next(at for at, text in enumerate(TEXT.splitlines()) if text.strip().removeprefix("- ").startswith(line))
        shown = hovered(document, number, TEXT.splitlines()[number].index(name))
        if not any(plain(text) in shown for text in words):
            silent.append((name, shown))
    assert silent == []


KEYS = [
    ("name", "", "name: chocolandia"),
    ("gitops", "", "gitops:"),
    ("tool", "GitOps", "tool:"),
    ("repository", "GitOps", "repository:"),
    ("revision", "GitOps", "revision:"),
    ("network", "", "network:"),
    ("address", "Network", "address:"),
    ("pool", "Network", "pool:"),
    ("addresses", "Pool", "addresses:"),
    ("taken", "Pool", "taken:"),
    ("allow", "Network", "allow:"),
    ("metallb", "Network", "metallb:"),
    ("secrets", "", "secrets:"),
    ("clients", "", "clients:"),
    ("namespace", "Client", "namespace:"),
    ("workloads", "Client", "workloads:"),
    ("manifest", "Workload", "manifest:"),
    ("containers", "Workload", "containers:"),
    ("env", "Container", "env:"),
    ("previous", "Client", "previous:"),
    ("host", "Previous", "host: redis."),
    ("port", "Previous", "port: 6379"),
    ("remove", "Previous", "remove:"),
    ("migration", "Client", "migration:"),
    ("step", "Migration", "step:"),
]


def hovered(document: Document, number: int, column: int) -> str:
    return plain(document.hover(number, column + 1))


APPLICATION = {
    "namespace: beersystem": "  databases: {broker: 1}\n  env:\n    QUEUE: redis://:${password}@${address}/${database.broker}",
    "REDIS_PASSWORD: ${password}": '        args: [{from: "redis:6379", to: "${address}"}]',
}
"""Line of the committed config to keys of an application that it does not have."""


@pytest.mark.parametrize(
    ("key", "section", "words"),
    [
        ("use", "Client", "The data of the client in Redis: cache, sessions, queue"),
        ("databases", "Client", "The numbered databases that it uses"),
        ("env", "Client", "The default of env for every container of the workloads"),
        ("workloads", "Client", "Each step changes all of them in one commit"),
        ("containers", "Workload", "The containers that use Redis"),
        ("args", "Container", "Texts to replace in command and args"),
    ],
)
def test_hover_describes_the_keys_of_an_application(server: Server, key: str, section: str, words: str) -> None:
    text = TEXT
    for line, new in APPLICATION.items():
        number = place(text, line) + 1
        text = "\n".join([*text.splitlines()[:number], new, *text.splitlines()[number:]]) + "\n"
    document = opened(server, text)
    assert document.diagnostics == []
    number = next(at for at, line in enumerate(text.splitlines()) if line.strip().startswith(f"{key}:"))
    assert words in hovered(document, number, text.splitlines()[number].index(key))
    assert words in plain(SCHEMA["$defs"][section]["properties"][key]["description"])


def sections(described: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the sections of a property."""
    for part in (described, *described.get("anyOf", ()), *described.get("oneOf", ())):
        if "$ref" in part:
            yield SCHEMA["$defs"][part["$ref"].rpartition("/")[2]]
