"""The variables of a step for the OpenTofu or Terraform module of an application."""

from __future__ import annotations

import json
from collections.abc import Iterator

from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.owner.helm_values import step_values
from rediskit.renderers.owner.required import external
from rediskit.renderers.tree import File


def tfvars(environment: Environment, client: Client) -> Iterator[File]:
    """Yield the file with the variables, and what must be true of the application.

    OpenTofu 1.10.6 reads `*.auto.tfvars.json` in the folder of the module. An empty file leaves each variable at its default.
    """
    values = step_values(environment, client, client.owner.variables)
    yield File(file_of(client), json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    yield from external(environment, client)


def file_of(client: Client) -> str:
    """Return the name of the file with the variables."""
    return f"{client.name}.auto.tfvars.json"
