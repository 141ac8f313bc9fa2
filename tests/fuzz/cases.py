"""Unusual configs: valid folders of inputs, with one of their files changed as data, as text and as bytes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import yaml

from rediskit.yamlio.writer import dump
from tests.samples import BACKEND, SEALED, SOPS, STEPS, client, config, sealed, sops

CONFIG = "chocolandia.yaml"
SHOP = "chocolandia/shop.yaml"
LONG = "k" * 2000
VALUES: list[Any] = [None, True, False, 0, 1, -1, 1.5, 2**63, 10**400, 1e300, "", " ", "\n", "é", "😀", "\u2028", "a.b", "-", "~", "1.30"]
VALUES += ["1Gi", "0", "5m", "1e3", "*", "../..", "/", "chocolandia", "chocolandia.yaml", "a\x00b", "192.168.4.203", "10.0.0.0/8", "::/0"]
VALUES += [
    LONG,
    [],
    {},
    [[]],
    [{}],
    {"": None},
    [None],
    {"name": None},
    {"a": {"b": [1]}},
    "9" * 400,
    "2026-13-45T99:00:00Z",
    "{{ x }}",
    "${x}",
]
KEYS = ["", "name", "file", "step", "é", "a.b", LONG, "<<", "=", "1", "null", "__class__", "self", "located", "password", "value", "kind"]
PIECES = [
    "&a ",
    "*a",
    "<<: *a\n",
    "!!str ",
    "!x ",
    "? ",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "|\n",
    ">-\n",
    "#",
    "\t",
    "---\n",
    "...\n",
]
PIECES += [
    "%YAML 1.1\n",
    "\r\n",
    "\x00",
    "\ufeff",
    "\x85",
    "\u2028",
    "\ud7ff",
    "[" * 150,
    "{a: " * 150,
    "9" * 5000,
    "0x1F",
    "0o17",
    "1_000",
]
PIECES += [".inf", ".nan", "2001-01-01", "yes", "\\ud800", '"\\U00110000"', "a: &a {b: *a}\n", "  " * 200]
BYTES = [
    b"\x00",
    b"\xff",
    b"\xfe\xff",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\x80",
    b"\r",
    b"\x1b",
]
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"]


@cache
def folders() -> tuple[dict[str, bytes], ...]:
    """Return valid folders, file by file: each step, both tools, each form of the Secret, a client with a file of its own."""
    objects = []
    secrets: list[dict[str, Any]] = [{}, {"secrets": SEALED}, {"secrets": SOPS}]
    for index, step in enumerate(STEPS):
        form = secrets[index % 3]
        data = config(step, over={**form, **({"gitops": {"tool": "flux"}} if index % 2 or index % 3 == 2 else {})})
        data["clients"].append({"file": SHOP})
        files = {CONFIG: _text(data), SHOP: _text(client("shop", STEPS[-index - 1]))}
        files["chocolandia/beersystem-backend.yaml"] = BACKEND.read_bytes()
        files["chocolandia/sealing.crt"] = b"-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n"
        if form:
            encrypted = sealed if form["secrets"] is SEALED else sops
            files |= {f"chocolandia/secrets/{name}.yaml": dump(encrypted(name)).encode() for name in ("redis", "beersystem", "shop")}
        objects.append(files)
    return tuple(objects)


def _text(data: Any) -> bytes:
    return yaml.safe_dump(data, sort_keys=False, width=1000, allow_unicode=True).encode()


def folder(random: Random) -> dict[str, bytes]:
    """Draw a valid folder with one changed file."""
    files = dict(random.choice(folders()))
    name = random.choice([CONFIG, CONFIG, CONFIG, *files])
    files[name] = changed(files[name], random)
    return files


def changed(text: bytes, random: Random) -> bytes:
    """Return the text of a YAML file changed as data, as text or as bytes."""
    how = random.randrange(10)
    if how == 0:
        return bytes(random.randrange(256) for _ in range(random.randrange(60)))
    if how <= 6:
        text = _as_data(text, random)
    if how in (6, 7, 8):
        text = _as_text(text.decode(), random).encode(random.choice(ENCODINGS), "replace")
    if how in (8, 9):
        text = _as_bytes(text, random)
    return text


def _as_data(text: bytes, random: Random) -> bytes:
    """Draw a config with values, keys or sections removed, replaced, renamed, doubled, nested or moved; the YAML stays well-formed."""
    documents = list(yaml.safe_load_all(text))
    data = documents[0] if len(documents) == 1 else documents
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        places = list(_places(data))
        if not places:
            break
        holder, key = random.choice(places)
        what = random.randrange(6)
        if what == 0:
            del holder[key]
        elif what in (1, 2):
            holder[key] = copy.deepcopy(random.choice(VALUES))
        elif what == 3 and isinstance(holder, dict):
            holder[random.choice(KEYS)] = copy.deepcopy(random.choice(VALUES)) if random.random() < 0.5 else holder.pop(key)
        elif what == 4:
            other, place = random.choice(places)
            holder[key] = copy.deepcopy(other[place])
        else:
            holder[key] = random.choice([[holder[key]], {"a": holder[key]}, [holder[key], copy.deepcopy(holder[key])]])
    style = random.choice([False, False, None, True])
    # Half of the files have anchors and aliases where one value stands twice, the others write it out.
    written = documents if data is documents else [data]
    return str(yaml.safe_dump_all(written, sort_keys=False, width=1000, allow_unicode=True, default_flow_style=style)).encode()


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    keys = list(data) if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for key in keys:
        yield data, key
        yield from _places(data[key])


def _as_text(text: str, random: Random) -> str:
    for _ in range(random.choice([1, 1, 2, 5])):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice([*PIECES, ""]) + text[at + random.choice([0, 0, 1, 5, 40]) :]
    return text.replace("\n", "\r\n") if random.random() < 0.1 else text


def _as_bytes(text: bytes, random: Random) -> bytes:
    for _ in range(random.choice([1, 1, 2, 5])):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(BYTES) + text[at + random.choice([0, 1, 20]) :]
    return text
