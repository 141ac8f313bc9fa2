"""An object of an application repository as a step leaves it."""

from __future__ import annotations

from typing import Any

import pytest

from rediskit.usage.clients import as_left
from tests.samples import backend, made


@pytest.mark.parametrize("name", [["REDIS_HOST"], {"a": "b"}, 7, None])
def test_names_of_variables_that_are_no_text_are_left_where_they_are(name: Any) -> None:
    environment = made("decommission")
    content = backend()
    content["spec"]["template"]["spec"]["containers"][0]["env"].insert(0, {"name": name, "value": "a"})
    as_left(environment, environment.clients[0], content)


@pytest.mark.parametrize("metadata", [["beersystem-backend"], "beersystem-backend", None, {"name": ["beersystem-backend"]}])
def test_an_object_without_a_name_is_left_as_it_is(metadata: Any) -> None:
    environment = made("decommission")
    content = {**backend(), "metadata": metadata}
    assert as_left(environment, environment.clients[0], content) is content
