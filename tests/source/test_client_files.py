"""Clients in their own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rediskit.source.loader import load
from rediskit.source.neighbours import Neighbours
from tests.source.test_loader import MANIFEST, WORKLOAD, config, lines
from tests.source.test_loader import repository as repository

CLIENT = "name: shop\nnamespace: shop\n"


def test_a_client_can_be_in_its_own_file() -> None:
    Path("config/files/shop.yaml").write_text(f"{CLIENT}workloads:\n- manifest: ../../shop.yaml\n  {WORKLOAD.strip()}\n")
    environment = load(config("clients:\n- file: files/shop.yaml\n- name: stock\n  namespace: stock\n"))
    assert [client.name for client in environment.clients] == ["shop", "stock"]
    places = {path: str(environment.locate(path)) for path in (("clients", 0), ("clients", 0, "namespace"), ("clients", 1, "namespace"))}
    assert places == {
        ("clients", 0): "config/files/shop.yaml:1:1",
        ("clients", 0, "namespace"): "config/files/shop.yaml:2:12",
        ("clients", 1, "namespace"): "config/home.yaml:8:14",
    }
    assert str(environment.locate(("clients", 0, "workloads", 0, "kind"))) == "config/files/shop.yaml:4:3"
    assert str(environment.locate(("clients", 0, "migration", "step"))) == "config/files/shop.yaml:1:1"


def test_each_location_of_a_config_with_a_client_file_is_listed_once() -> None:
    Path("config/files/shop.yaml").write_text(CLIENT)
    positions = load(config("clients:\n- file: files/shop.yaml\n"))._positions
    assert len(positions) == len(list(positions)) == len(set(positions))
    assert {path for path in positions if path[:2] == ("clients", 0)} == {
        ("clients", 0),
        ("clients", 0, "name"),
        ("clients", 0, "namespace"),
    }
    assert ("clients", 0, "file") not in positions
    assert all(positions[path] for path in positions)


def test_a_path_in_a_client_file_is_relative_to_that_file() -> None:
    Path("config/files/live.yaml").write_text(MANIFEST)
    Path("config/files/shop.yaml").write_text(f"{CLIENT}workloads:\n- manifest: live.yaml\n  {WORKLOAD.strip()}\n")
    assert load(config("clients:\n- file: files/shop.yaml\n")).clients[0].workloads[0] is not None
    Path("config/files/shop.yaml").write_text(f"{CLIENT}workloads:\n- manifest: ../../../outside.yaml\n  {WORKLOAD.strip()}\n")
    assert lines("config/home.yaml") == [
        "config/files/shop.yaml:4:13: clients[0].workloads[0].manifest: ../../../outside.yaml is outside the Git work tree of the config"
    ]


def test_without_git_a_client_file_has_the_limit_of_the_config(repository: Path) -> None:
    (repository / ".git").rmdir()
    Path("config/live.yaml").write_text(MANIFEST)
    Path("config/files/shop.yaml").write_text(f"{CLIENT}workloads:\n- manifest: ../live.yaml\n  {WORKLOAD.strip()}\n")
    assert load(config("clients:\n- file: files/shop.yaml\n")).clients[0].workloads[0] is not None
    assert str(Neighbours("config/files/shop.yaml").find("x")).endswith("config/files/x")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "config/files/shop.yaml:1:1: clients[0]: the file is empty"),
        ("- name: shop\n", "config/files/shop.yaml:1:1: clients[0]: expected a mapping, found a list"),
        ("name: shop\nname: shop\n", "config/files/shop.yaml:2:1: clients[0].name: duplicate key, also in line 1"),
        ("name: shop\n", "config/files/shop.yaml:1:1: clients[0].namespace: is missing"),
        ("file: other.yaml\n", "config/files/shop.yaml:1:7: clients[0].file: the file of a client can't reference another file"),
        ("name: shop\nnamespace: redis\n", "config/files/shop.yaml:2:12: clients[0].namespace: redis is the namespace of Redis"),
    ],
)
def test_errors_of_a_client_file_have_their_place_in_it(content: str, expected: str) -> None:
    Path("config/files/shop.yaml").write_text(content)
    assert lines(config("clients:\n- file: files/shop.yaml\n")) == [expected]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{file: files/nobody.yaml}", "config/home.yaml:6:10: clients[0].file: file config/files/nobody.yaml does not exist"),
        ("{file: }", "config/home.yaml:6:10: clients[0].file: expected the path of a file"),
        ("{file: [a]}", "config/home.yaml:6:10: clients[0].file: expected the path of a file"),
        ("{file: a.yaml, name: shop}", "config/home.yaml:6:10: clients[0].file: a client with a file has no other keys"),
        ("shop.yaml", "config/home.yaml:6:3: clients[0]: expected a mapping, found text"),
    ],
)
def test_a_wrong_client_file_is_reported_at_its_key(entry: str, expected: str) -> None:
    assert lines(config(f"clients:\n- {entry}\n")) == [expected]
