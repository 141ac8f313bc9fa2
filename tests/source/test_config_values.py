"""Numbers, null and empty values of a config."""

from __future__ import annotations

import pytest

from rediskit.source.loader import load
from tests.source.test_loader import config, lines
from tests.source.test_loader import repository as repository


def test_numbers_are_the_text_they_were_written_as() -> None:
    body = "  revision: 1.30\nkubernetes: 1.34\nredis:\n  image: {repository: a/b, tag: 8.20}\n  labels: {a: 0042, b: 1.10, c: on}\n"
    environment = load(config(body))
    assert (environment.gitops.revision, environment.kubernetes, environment.redis.image.tag) == ("1.30", "1.34", "8.20")
    assert environment.redis.labels == {"a": "0042", "b": "1.10", "c": "on"}
    # 750 in YAML 1.1
    assert lines(config("redis: {labels: {d: 12:30}}\n")) == ["config/home.yaml:5:21: redis.labels.d: 12:30 is not a label value"]


@pytest.mark.parametrize("version", ["1.30", "1.3", "1.4", "1.340", "01.34"])
def test_a_version_is_not_a_number(version: str) -> None:
    assert lines(config(f"kubernetes: {version}\n"))[0].startswith("config/home.yaml:5:13: kubernetes: ")
    assert load(config('kubernetes: "1.34"\n')).kubernetes == load(config("kubernetes: 1.34\n")).kubernetes == "1.34"


def test_free_values_keep_their_kinds() -> None:
    values = load(config("redis: {values: {a: 5, b: 1.50, c: true, d: on, e: null, f: '5', g: [022]}}\n")).redis.values
    assert values == {"a": 5, "b": 1.5, "c": True, "d": "on", "e": None, "f": "5", "g": ["022"]}


@pytest.mark.parametrize("body", ["clients: []\n", "redis: {}\n", "network: null\n", "network:\n", "redis: {values: {}, savePoints: []}\n"])
def test_null_is_accepted_for_optional_keys(body: str) -> None:
    assert load(config(body)).model_dump() == load(config()).model_dump()


@pytest.mark.parametrize("key", ["redis", "monitoring", "secrets", "clients", "cluster", "kubernetes", "schemaVersion"])
def test_a_key_without_its_value_is_an_error(key: str) -> None:
    (line,) = lines(config(f"{key}:\n"))
    assert line.startswith(f"config/home.yaml:5:{len(key) + 2}: {key}: expected ")
    assert line.endswith(", found nothing")


def test_no_command_is_disabled_by_an_empty_list() -> None:
    assert load(config("redis: {disabledCommands: []}\n")).redis.disabled_commands == ()


def test_python_names_are_not_keys_of_a_config() -> None:
    assert lines(config("redis: {append_only: false, appendOnly: true}\n")) == ["config/home.yaml:5:9: redis.append_only: unknown key"], (
        "else the one of the two would win without a word"
    )
