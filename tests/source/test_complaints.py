"""Each wrong value has an error of rediskit in one line, with its location and a hint."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from rediskit.errors import ConfigError, Problem, dotted
from rediskit.model.environment import Environment
from rediskit.model.redis import Redis
from rediskit.source.complaints import problems_of
from rediskit.source.loader import load
from rediskit.yamlio.reader import read
from rediskit.yamlio.scalars import plain

ROOT = Path(__file__).parents[2]
MAXIMAL = ROOT / "tests/valid/maximal.yaml"
# Pydantic's own way of speaking, and Python's.
FOREIGN = (
    "Input should",
    "valid ",
    "Value error",
    "Field required",
    "Extra inputs",
    "pydantic",
    "NoneType",
    "dict",
    "tuple",
    "str ",
    "Traceback",
    "object at 0x",
)


WHOLE: dict[str, Any] = plain(read(MAXIMAL.read_bytes(), "maximal.yaml").data)
WHOLE["clients"] = [client for client in WHOLE["clients"] if "file" not in client]


def maximal() -> dict[str, Any]:
    """Return the maximal config as plain data."""
    return copy.deepcopy(WHOLE)


def places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(data, dict | list):
        for part, inner in data.items() if isinstance(data, dict) else enumerate(data):
            yield (*path, part)
            yield from places(inner, (*path, part))


def written(data: dict[str, Any]) -> str:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(data, Dumper=dumper, sort_keys=False, allow_unicode=True, default_flow_style=False)
    return text


def problems(data: dict[str, Any]) -> list[Problem]:
    """Return the problems of a config with this data in block style, so that each value has its own line."""
    document = read(written(data).encode(), "f")
    try:
        Environment.model_validate(document.data, by_alias=True, by_name=False)
    except ValidationError as error:
        return problems_of(error, document.data, document.positions, document.keys)
    return []


def with_value(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    data = maximal()
    into: Any = data
    for part in path[:-1]:
        into = into[part]
    into[path[-1]] = value
    return data


ODD: tuple[Any, ...] = (
    None,
    True,
    5,
    -1,
    0,
    1.5,
    10**18,
    "",
    " ",
    "x y",
    "\u00fcn\u00ef",
    "a" * 400,
    "two\nlines",
    "a\0b",
    "~/x",
    "../../..",
    [],
    {},
    [None],
    [1],
    [{}],
    {"a": 1},
    {"": None},
)


@pytest.mark.parametrize("path", list(places(maximal())), ids=lambda path: dotted(path))
def test_each_wrong_value_has_a_message_of_rediskit(path: tuple[str | int, ...]) -> None:
    for value in ODD:
        for problem in problems(with_value(path, value)):
            text = f"{problem.message} {problem.hint}"
            assert problem.message, (path, value)
            assert problem.hint, (path, value, problem.message)
            assert "\n" not in text, (path, value, text)
            assert not [words for words in FOREIGN if words in text], (path, value, text)
            assert problem.location is not None, (path, value, problem)


@pytest.mark.parametrize("path", list(places(maximal())), ids=lambda path: dotted(path))
def test_each_missing_key_has_a_message_of_rediskit(path: tuple[str | int, ...]) -> None:
    data = maximal()
    into: Any = data
    for part in path[:-1]:
        into = into[part]
    del into[path[-1]]
    for problem in problems(data):
        assert problem.hint, (path, problem)
        assert not [words for words in FOREIGN if words in str(problem)], (path, problem)


KEYS = sorted({(path[:-1], str(path[-1])) for path in places(maximal()) if isinstance(path[-1], str)}, key=str)
NAMED = {("containers",), ("env",), ("databases",), ("stopped",), ("switched",)}
"""Sections whose keys are names."""
FREE = {("redis", "labels"), ("redis", "values"), ("network", "pool", "taken")}
KNOWN = [
    (path, key)
    for path, key in KEYS
    if not any(path[: len(free)] == free for free in FREE)
    and path[-1:] not in (("containers",), ("env",), ("databases",), ("stopped",), ("switched",))
    and len(key) > 2
]


@pytest.mark.parametrize(("path", "key"), KNOWN, ids=lambda part: dotted(part) if isinstance(part, tuple) else part)
def test_a_misspelt_key_gets_a_suggestion_at_every_level(path: tuple[str | int, ...], key: str) -> None:
    for wrong in (key + key[-1], key[0] + key[2:] if len(key) > 3 else key + "s", key.upper() if len(key) < 5 else key.lower() + "x"):
        data = with_value((*path, wrong), None)
        (matching,) = [problem for problem in problems(data) if problem.path == (*path, wrong)]
        text = written(data).splitlines()
        assert (matching.message, matching.location is not None) == ("unknown key", True)
        assert matching.location is not None
        assert text[matching.location.line - 1][matching.location.column - 1 :].startswith(f"{wrong}:")
        if wrong == key + key[-1]:
            assert matching.hint == f"did you mean {key}?"


def test_an_unknown_key_without_a_similar_one_lists_all_keys() -> None:
    (reported,) = problems(with_value(("redis", "memory", "swappiness"), 0))
    assert reported.hint == "known keys: max, policy"


def test_the_mode_of_secrets_decides_the_known_keys() -> None:
    (reported,) = problems(with_value(("secrets", "certificates"), "a"))
    assert reported.hint == "known keys: directory, mode"
    reported = next(
        problem
        for problem in problems(with_value(("secrets",), {"mode": "sealed-secrets", "certificates": "a"}))
        if problem.message == "unknown key"
    )
    assert (reported.path, reported.hint) == (("secrets", "certificates"), "did you mean certificate?")
    missing = next(problem for problem in problems(with_value(("secrets",), {"mode": "sealed-secrets"})) if problem.message == "is missing")
    assert (missing.path, missing.hint) == (
        ("secrets", "certificate"),
        "add it: The certificate of the controller (PEM), relative to this file",
    )


@pytest.mark.parametrize(
    ("section", "missing"), [("name: gitops\n", "gitops"), ("name: a\ngitops: {tool: argocd, path: repository}\n", "gitops.repository")]
)
def test_a_value_with_the_spelling_of_a_missing_key_does_not_change_the_path(section: str, missing: str) -> None:
    """The last part of the path must not be taken for the tag of a union."""
    document = read(section.encode(), "f")
    with pytest.raises(ValidationError) as error:
        Environment.model_validate(document.data)
    (reported,) = problems_of(error.value, document.data, document.positions, document.keys)
    assert (dotted(reported.path), reported.message) == (missing, "is missing")


def test_errors_are_placed_at_values_keys_or_sections(tmp_path: Path) -> None:
    """Errors are at the value, at the section of a missing key, or at an unknown key; a block mapping has the place of its key."""
    config = tmp_path / "home.yaml"
    config.write_text(
        "name: home\n"  # 1
        "gitops:\n"  # 2
        "  tool: argocd\n"
        "redis:\n"  # 4
        "  image:\n"  # 5
        "    registry: docker.io\n"
        "    tag: ''\n"
        "  labels:\n"
        "    'bad key': a\n"  # 9
        "network:\n"  # 10
        "  allow: []\n"  # 11
        "  pool: [1]\n"  # 12
        "clients:\n"
        "- name: a\n"  # 14
        "  workloads:\n"  # 15
        "  - kind: Deployment\n"
        "    replicas: 1\n"  # 17
        "    containers:\n"
        "      web:\n"  # 19
        "        env: [A]\n"
    )
    with pytest.raises(ConfigError) as error:
        load(config)
    assert [
        (problem.location.line, problem.location.column, dotted(problem.path)) for problem in error.value.problems if problem.location
    ] == [
        (2, 1, "gitops.repository"),
        (5, 3, "redis.image"),
        (9, 5, "redis.labels.bad key"),
        (10, 1, "network.address"),
        (11, 10, "network.allow"),
        (12, 9, "network.pool"),
        (14, 3, "clients[0].namespace"),
        (20, 14, "clients[0].workloads[0].containers.web.env"),
    ]


def test_no_message_repeats_a_secret() -> None:
    secret = "hunter2" + "aB3dE5gH7jK9mN1pQ3sT5"
    for path in places(maximal()):
        for problem in problems(with_value(path, secret)):
            assert secret not in str(problem), problem


def test_a_wrong_choice_gets_a_suggestion() -> None:
    def message_and_hint(path: tuple[str | int, ...], value: Any) -> tuple[str, str]:
        (reported,) = problems(with_value(path, value))
        return reported.message, reported.hint

    assert message_and_hint(("gitops", "tool"), "Argocd") == ("Argocd is not one of argocd, flux", "did you mean argocd?")
    assert message_and_hint(("redis", "memory", "policy"), "lru")[1] == "did you mean allkeys-lru or volatile-lru?"
    assert message_and_hint(("secrets", "mode"), "sealed") == (
        "sealed is not one of manual, sealed-secrets, sops, external-secrets",
        "did you mean sealed-secrets?",
    )
    assert message_and_hint(("secrets", "mode"), None)[0] == "expected a choice, found nothing"
    assert message_and_hint(("secrets", "mode"), {"a": 1})[0] == "expected a choice, found a mapping"
    assert message_and_hint(("schemaVersion",), 2) == ("2 is not 1", "write 1, or remove the key")
    assert message_and_hint(("schemaVersion",), "1") == ("1 is not 1", "write 1, or remove the key")


def test_a_number_out_of_range_is_repeated_as_written() -> None:
    (reported,) = problems(with_value(("redis", "replicas"), 12))
    assert (reported.message, reported.hint) == ("12 is more than 9", "the largest value is 9")


def test_an_error_of_a_section_alone_has_no_place() -> None:
    with pytest.raises(ValidationError) as error:
        Redis.model_validate({"replicas": -1})
    (reported,) = problems_of(error.value, {"replicas": -1}, {}, {})
    assert reported.location is None
