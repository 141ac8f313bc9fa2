"""Any live objects are accepted or refused with an error, and no secret is written or printed."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit.errors import ConfigError, RediskitError
from rediskit.init.objects import read_objects
from rediskit.init.project import Options, Project, new_project
from rediskit.yamlio.writer import dump
from tests.init.live import REAL, container, redis, secret_key, service, workload
from tests.renderers.owner_build import OLD_REDIS

WORD = "aB3xY9kLm2Qw8ErT5uZ7"
OBJECTS: list[dict[str, Any]] = [
    *yaml.safe_load_all(REAL),
    OLD_REDIS[1],
    workload(container(REDIS_HOST="redis", REDIS_PASSWORD=secret_key("keys", "word")) | {"args": ["--x", "y"]}, name="web"),
    redis(kind="StatefulSet"),
    service(),
]
SCALARS = (
    st.none() | st.booleans() | st.integers(-5, 70000) | st.floats(0, 5) | st.text(max_size=8) | st.sampled_from(["redis", "redis:6379"])
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5
)
MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return every path in nested data."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(nested for key, below in inner for nested in paths(below, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for part in path[:-1]:
        value = value[part]
    value[path[-1]] = new


def outcome(objects: list[Any]) -> tuple[Project | None, str]:
    """Return the project of these objects, and everything that is written or printed."""
    text = json.dumps({"kind": "List", "items": objects}).encode()
    try:
        done = new_project(Options("/nowhere/home", repository="https://git.example.org/a.git", source=(text, "live.yaml")))
    except RediskitError as error:
        return None, str(error)
    texts = [*done.open, *done.notes, repr(done)]
    return done, "\n".join([*texts, *(content.decode() for path, content in done.files.items() if path != "rediskit.schema.json")])


@MANY
@given(st.data())
def test_any_value_in_any_field_is_accepted_or_refused_with_an_error(data: st.DataObject) -> None:
    objects = copy.deepcopy(data.draw(st.lists(st.sampled_from(OBJECTS), min_size=1, max_size=4)))
    for _ in range(data.draw(st.integers(1, 4))):
        obj = data.draw(st.sampled_from(objects))
        places = [path for path in paths(obj) if path]
        if places:
            put(obj, data.draw(st.sampled_from(places)), data.draw(ANYTHING))
    outcome(objects)


@MANY
@given(st.data())
def test_a_generated_password_anywhere_never_comes_out(data: st.DataObject) -> None:
    """In any field of the real objects, alone or in text, also in the last-applied annotation of kubectl."""
    objects = copy.deepcopy(OBJECTS[:3])
    obj = data.draw(st.sampled_from(objects))
    texts = [path for path in paths(obj) if path and isinstance(at(obj, path), str)]
    form = data.draw(
        st.sampled_from([WORD, f"word={WORD}", f"redis://:{WORD}@redis:6379", f"a {WORD} b", b64encode(WORD.encode()).decode()])
    )
    put(obj, data.draw(st.sampled_from(texts)), form)
    _, printed = outcome(objects)
    assert WORD not in printed
    assert b64encode(WORD.encode()).decode() not in printed


def test_a_password_in_the_place_of_any_text_or_key_never_comes_out() -> None:
    """Every field of the real objects once, and every mapping key: also a variable can have a URL as its name."""
    leaks = []
    for index, path in fields():
        objects = copy.deepcopy(OBJECTS)
        if path[-1] is KEY:
            mapping = at(objects[index], path[:-2])
            mapping[f"redis://:{WORD}@redis:6379"] = mapping.pop(path[-2])
        else:
            put(objects[index], path, f"redis://:{WORD}@redis:6379")
        if WORD in outcome(objects)[1]:
            leaks.append((index, path))
    assert not leaks


KEY = object()
"""The end of a path to a mapping key."""


def fields() -> list[tuple[int, tuple[Any, ...]]]:
    """Return object and path of each text, and of each key of a mapping; the entries of a list count as one."""
    result: dict[tuple[Any, ...], tuple[int, tuple[Any, ...]]] = {}
    for index, obj in enumerate(OBJECTS):
        for path in filter(None, paths(obj)):
            shape = tuple("*" if isinstance(part, int) else part for part in path)
            if isinstance(at(obj, path), str):
                result.setdefault((obj.get("kind"), *shape), (index, path))
            if isinstance(path[-1], str):
                result.setdefault((obj.get("kind"), *shape, KEY), (index, (*path, KEY)))
    return list(result.values())


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        value = value[part]
    return value


@settings(max_examples=1000, deadline=None)
@given(st.binary(max_size=200) | st.text(alphabet="kind: List\n-{}[]'\"&*!|>#%\t", max_size=80).map(str.encode))
def test_any_bytes_are_accepted_or_refused_with_an_error(text: bytes) -> None:
    with suppress(ConfigError):
        read_objects(text, "live.yaml")


@pytest.mark.parametrize("depth", [50, 99, 5000])
def test_deeply_nested_input_is_refused(depth: int) -> None:
    with pytest.raises(ConfigError):
        read_objects(b'{"a":' * depth + b"1" + b"}" * depth, "live.yaml")


def test_a_large_list_is_read_in_time(tmp_path: Path) -> None:
    many = [workload(container(REDIS_HOST=f"redis-{number}"), name=f"web-{number}", namespace=f"shop-{number}") for number in range(300)]
    text = dump({"kind": "List", "items": many}).encode()
    done = new_project(Options(str(tmp_path), name="home", repository="https://git.example.org/a.git", source=(text, "live.yaml")))
    assert len(done.clients) == 300
