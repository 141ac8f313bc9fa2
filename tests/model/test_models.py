"""Every model of the config: frozen, complete in the maximal config, and with messages for Python."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticUndefined

from rediskit import (
    load,
)
from rediskit.model.base import Model
from rediskit.model.gitops import Destination
from rediskit.model.redis import Chart, Memory
from tests.model.test_environment import ROOT, environment


def models(model: BaseModel) -> Iterator[BaseModel]:
    yield model
    for value in dict(model).values():
        for inner in value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else (value,):
            if isinstance(inner, BaseModel):
                yield from models(inner)


def kinds(base: type[Model]) -> Iterator[type[Model]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_the_maximal_config_uses_every_key() -> None:
    used = {(type(section), field) for section in models(load(ROOT / "tests/valid/maximal.yaml")) for field in section.model_fields_set}
    not_served = {"SealedSecrets", "Sops", "ExternalSecrets", "SecretStore"}
    bases = {"Image", "_Secrets"}
    every = {(kind, field) for kind in kinds(Model) if kind.__name__ not in not_served | bases for field in kind.model_fields}
    assert len(every) > 100
    assert every - used == {(Destination, "server")}, "a destination has a server or a name"


def test_sections_are_frozen() -> None:
    sections = list(models(load(ROOT / "tests/valid/maximal.yaml")))
    assert len({type(section) for section in sections}) > 25
    for section in sections:
        for field in type(section).model_fields:
            with pytest.raises(ValidationError, match="frozen"):
                setattr(section, field, None)


def test_defaults_are_not_shared_between_environments() -> None:
    first, other = environment(), environment()
    first.redis.labels["mine"] = "yes"
    first.redis.values["mine"] = "yes"
    assert "mine" not in other.redis.labels
    assert "mine" not in other.redis.values
    assert "mine" not in environment().redis.labels


def test_a_misspelt_field_name_is_refused_in_python() -> None:
    for section in {type(section) for section in models(load(ROOT / "tests/valid/maximal.yaml"))}:
        values = {name: PydanticUndefined for name, field in section.model_fields.items() if field.is_required()}
        with pytest.raises(ValidationError) as error:
            section.model_validate({**values, "nobodyKnowsThis": 1})
        assert "nobodyKnowsThis" in str(error.value), section


def test_an_error_in_python_repeats_no_secret() -> None:
    secret = "hunter2" + "aB3dE5gH7jK9mN1pQ3sT5"
    with pytest.raises(ValidationError) as error:
        Chart(version=secret)
    assert secret not in str(error.value)
    assert "looks like a generated password" in str(error.value)
    with pytest.raises(ValidationError) as error:
        Memory.model_validate({"policy": secret})
    assert secret not in str(error.value)
