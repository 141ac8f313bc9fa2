"""The schema in yaml-language-server: diagnostics, completion and hover texts, selected by the comment in the file."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editor.server import Document, Server, underlined
from tests.samples import CONFIG, ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / "rediskit.schema.json").read_text(encoding="utf-8"))
TEXT = CONFIG.read_text(encoding="utf-8")
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))
ERROR = 1
"""The severity of a diagnostic, as the protocol numbers it."""


@pytest.fixture(scope="module")
def attempts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("editor") / "attempts"


@pytest.fixture(scope="module")
def server(yaml_language_server: Path, attempts: Path) -> Iterator[Server]:
    with Server(yaml_language_server, ROOT, attempts) as started:
        yield started
    assert not attempts.exists(), f"the server asked for the network: {attempts.read_text()}"


NUMBERS = itertools.count()


def opened(server: Server, text: str, folder: Path = ROOT / "config") -> Document:
    """Return a new file beside the committed configs."""
    return Document(server, folder / f"unsaved{next(NUMBERS)}.yaml", text)


def place(text: str, line: str) -> int:
    """Return the number of the line with this text."""
    return [number for number, content in enumerate(text.splitlines()) if content.strip().removeprefix("- ") == line.strip()].pop()


def after(line: str, new: str) -> tuple[str, int]:
    """Return the committed config with a line added after another, and the number of the new line."""
    lines = TEXT.splitlines()
    number = place(TEXT, line) + 1
    return "\n".join([*lines[:number], new, *lines[number:]]) + "\n", number


def keys(*path: str) -> set[str]:
    """Return the keys of a part of the schema."""
    return set((SCHEMA["$defs"][path[0]] if path else SCHEMA)["properties"])


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_the_committed_configs_are_clean_by_the_line_in_them(server: Server, config: Path) -> None:
    document = Document(server, config)
    assert document.diagnostics == []
    text = document.text.replace("gitops:", "gitopz:")
    assert {diagnostic["message"] for diagnostic in opened(server, text).diagnostics} >= {"Property gitopz is not allowed."}
    bare = "\n".join(line for line in text.splitlines() if "yaml-language-server" not in line)
    assert opened(server, bare).diagnostics == [], "nothing but that line leads to the schema"


@pytest.mark.parametrize("arguments", [[], ["--tool", "flux"], ["--from", "-"]], ids=["argocd", "flux", "live"])
def test_a_new_folder_is_clean(yaml_language_server: Path, tmp_path: Path, arguments: list[str]) -> None:
    original = (ROOT / "config/chocolandia/beersystem-backend.yaml").read_bytes()
    command = [sys.executable, "-m", "rediskit", "init", str(tmp_path / "home"), *arguments]
    subprocess.run(command, input=original, cwd=ROOT, check=True, capture_output=True)
    file = tmp_path / "home/config/home.yaml"
    with Server(yaml_language_server, tmp_path / "home", tmp_path / "attempts") as server:
        document = Document(server, file)
        assert document.diagnostics == []
        wrong = opened(server, document.text.replace("gitops:", "gitopz:"), file.parent)
        assert any(diagnostic["message"] == "Property gitopz is not allowed." for diagnostic in wrong.diagnostics)
    assert not (tmp_path / "attempts").exists()


def test_a_request_of_the_server_to_the_network_is_reported(yaml_language_server: Path, tmp_path: Path) -> None:
    """The server requests a schema from another machine, and the test observes and refuses the request."""
    with Server(yaml_language_server, tmp_path, tmp_path / "attempts") as server:
        document = opened(server, TEXT.replace("../rediskit.schema.json", "https://schemas.example.org/rediskit.json"), tmp_path)
    assert (tmp_path / "attempts").read_text().splitlines()
    assert "schemas.example.org" in document.diagnostics[0]["message"]


@pytest.mark.parametrize(
    ("line", "wrong", "part", "message"),
    [
        ("revision: main", "  revison: main", "revison", "Property revison is not allowed."),
        ("name: chocolandia", "nmae: x", "nmae", "Property nmae is not allowed."),
        ("namespace: beersystem", "  nmespace: beersystem", "nmespace", "Property nmespace is not allowed."),
        ("address: 192.168.4.203", "  adress: 192.168.4.203", "adress", "Property adress is not allowed."),
        ("name: eero-pool", "    addreses: x", "addreses", "Property addreses is not allowed."),
    ],
)
def test_a_wrong_key_is_underlined_at_its_position(server: Server, line: str, wrong: str, part: str, message: str) -> None:
    text, number = after(line, wrong)
    (diagnostics,) = opened(server, text).diagnostics
    assert (underlined(text, diagnostics), diagnostics["message"], diagnostics["severity"]) == (part, message, ERROR)
    assert diagnostics["range"]["start"] == {"line": number, "character": len(wrong) - len(wrong.lstrip())}


@pytest.mark.parametrize(
    ("line", "wrong", "part", "message"),
    [
        ("tool: argocd", "tool: argo", "argo", 'Value is not accepted. Valid values: "argocd", "flux".'),
        ("address: 192.168.4.203", "address: somewhere", "somewhere", "not an IPv4 address"),
        ("allow: [192.168.4.0/24]", "allow: []", "[]", "Array has too few items. Expected 1 or more."),
        ("allow: [192.168.4.0/24]", "allow: yes", "yes", 'Incorrect type. Expected "array".'),
        ("port: 6379", "port: 70000", "70000", "Value is above the maximum of 65535."),
        ("namespace: beersystem", "namespace: Beer_System", "Beer_System", "not a DNS label"),
    ],
)
def test_a_wrong_value_is_underlined_with_the_message_of_the_schema(server: Server, line: str, wrong: str, part: str, message: str) -> None:
    assert TEXT.count(line) >= 1
    text = TEXT.replace(line, wrong, 1)
    (diagnostics,) = opened(server, text).diagnostics
    assert underlined(text, diagnostics) == part
    assert message in diagnostics["message"]


def test_a_missing_key_is_reported(server: Server) -> None:
    text = "\n".join(line for line in TEXT.splitlines() if "repository:" not in line)
    assert [diagnostic["message"] for diagnostic in opened(server, text).diagnostics] == ['Missing property "repository".']


@pytest.mark.parametrize(
    ("line", "new", "section"),
    [
        ("name: chocolandia", "", ""),
        ("revision: main", "  ", "GitOps"),
        ("address: 192.168.4.203", "  ", "Network"),
        ("name: eero-pool", "    ", "Pool"),
        ("namespace: beersystem", "  ", "Client"),
        ("manifest: chocolandia/beersystem-backend.yaml", "    ", "Workload"),
        ("host: redis.beersystem.svc.cluster.local", "    ", "Previous"),
        ("step: prepare", "    ", "Migration"),
    ],
    ids=["root", "gitops", "network", "pool", "client", "workload", "previous", "migration"],
)
def test_completion_offers_the_missing_keys(server: Server, line: str, new: str, section: str) -> None:
    text, number = after(line, new)
    document = opened(server, text)
    offered = set(document.complete(number, len(new)))
    indent = len(new)
    here = set()
    for step in (-1, 1):
        at = number + step
        while 0 <= at < len(text.splitlines()):
            original = text.splitlines()[at].replace("- ", "  ", 1)
            if original.strip() and len(original) - len(original.lstrip()) < indent:
                break
            if len(original) - len(original.lstrip()) == indent:
                here.add(original.strip().partition(":")[0])
            at += step
    known = keys(section) if section else keys()
    assert here & known, "some are there already"
    assert known - here <= offered
    assert not offered & (here & known)
    assert offered <= known, "and nothing else"


def test_completion_in_a_new_section(server: Server) -> None:
    text = TEXT + "redis:\n  \n"
    document = opened(server, text)
    offered = document.complete(len(text.splitlines()) - 1, 2)
    assert set(offered) >= keys("Redis")
    assert offered["replicas"]["documentation"]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("tool: argocd", {"argocd", "flux"}),
        (
            "step: prepare",
            {"prepare", "scale-down", "deploy", "reconfigure", "scale-up", "validate", "decommission", "complete", "rolled-back"},
        ),
    ],
    ids=["tool", "step"],
)
def test_completion_offers_the_values_of_a_choice(server: Server, line: str, values: set[str]) -> None:
    number = place(TEXT, line)
    whole = TEXT.splitlines()[number]
    head = whole.partition(":")[0] + ": "
    document = opened(server, TEXT.replace(whole, head, 1))
    assert set(document.complete(number, len(head))) == values


def plain(text: str) -> str:
    """Return Markdown in one line, without code marks and escapes."""
    return " ".join(text.replace("\\", "").replace("`", "").split())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "${hots}",
            "not text with known placeholders: ${host}, ${port}, ${address}, ${password}, ${username}, ${database}, ${database.NAME}",
        ),
        ("redis://${Host}:6379", "not text with known placeholders"),
        ("${database.}", "not text with known placeholders"),
        ("${host", "not text with known placeholders"),
        ("{host}", "not text: put the value in quotes"),
        ("[host]", "not text: put the value in quotes"),
        ("true", "not text: put the value in quotes"),
    ],
)
def test_a_wrong_value_of_a_variable_is_underlined(server: Server, value: str, message: str) -> None:
    text = TEXT.replace("REDIS_HOST: ${host}", f"REDIS_HOST: {value}")
    (diagnostics,) = opened(server, text).diagnostics
    assert (underlined(text, diagnostics), diagnostics["severity"]) == (value, ERROR)
    assert message in diagnostics["message"]


@pytest.mark.parametrize("value", ["redis://:${password}@${address}/${database.broker}?a=$${b}&c=$(D)", "null", "6379", '"true"', "plain"])
def test_a_right_value_of_a_variable_is_not_underlined(server: Server, value: str) -> None:
    assert opened(server, TEXT.replace("REDIS_HOST: ${host}", f"REDIS_HOST: {value}")).diagnostics == []
