"""The in-place edit of files: nothing is written that would not load, nor over a change that another process makes during this command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rediskit.errors import ConfigError, RefusedError
from rediskit.migrate.edit import Append, Put, edited, put_in_place
from rediskit.source.loader import load
from tests.samples import loaded

STEP = ("clients", 0, "migration", "step")


def test_any_value_of_a_config_can_be_put(tmp_path: Path) -> None:
    file = loaded(tmp_path, "prepare").file
    changed, environment = edited(
        file, [Put(("redis", "auth", "secret"), "redis-credentials-2"), Put(("network", "address"), "192.168.4.204")]
    )
    assert (environment.redis.auth.secret, str(environment.network and environment.network.address)) == (
        "redis-credentials-2",
        "192.168.4.204",
    )
    assert load(file).redis.auth.secret == "redis-credentials", "nothing is written yet"
    put_in_place(changed)
    assert load(file).model_dump() == environment.model_dump()


def test_what_would_not_load_is_not_written(tmp_path: Path) -> None:
    file = Path(loaded(tmp_path, "prepare").file)
    text = file.read_bytes()
    with pytest.raises(ConfigError, match="decommission cannot follow prepare"):
        edited(
            str(file), [Put(STEP, "decommission"), Append((*STEP[:-1], "history"), {"step": "decommission", "at": "2026-03-09T00:00:00Z"})]
        )
    assert file.read_bytes() == text


def test_what_would_load_as_something_else_is_refused(tmp_path: Path) -> None:
    environment = loaded(tmp_path, "prepare")
    with pytest.raises(RefusedError) as refused:
        edited(environment.file, [Put(("redis", "replicas"), 2)], environment)
    assert refused.value.problems[0].code == "edit-differs"


def test_a_file_that_changed_in_the_meantime_stays(tmp_path: Path) -> None:
    file = Path(loaded(tmp_path, "prepare").file)
    changed, _ = edited(str(file), [Put(("redis", "replicas"), 2)])
    file.write_bytes(file.read_bytes() + b"# mine\n")
    with pytest.raises(RefusedError) as refused:
        put_in_place(changed)
    assert refused.value.problems[0].code == "file-changed"
    assert file.read_bytes().endswith(b"# mine\n")


def test_a_write_that_fails_leaves_the_file_and_nothing_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(loaded(tmp_path, "prepare").file)
    text, names = file.read_bytes(), {path.name for path in tmp_path.iterdir()}
    changed, _ = edited(str(file), [Put(("redis", "replicas"), 2)])

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device", source, None, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RefusedError, match="No space left on device") as refused:
        put_in_place(changed)
    assert refused.value.problems[0].code == "not-writable"
    assert file.read_bytes() == text
    assert {path.name for path in tmp_path.iterdir()} == names
