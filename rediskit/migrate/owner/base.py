"""The rules for the objects of an application in the base: each step reaches the pods and deletes no volume."""

from collections.abc import Iterator, Mapping

from rediskit.checks.acceptance import unaccepted
from rediskit.checks.finding import Finding
from rediskit.checks.workloads import Setting, held_back, losing_volumes, severity_of
from rediskit.errors import Problem, RefusedError
from rediskit.migrate.owner.build import select
from rediskit.migrate.owner.released import Key
from rediskit.model.client import Client
from rediskit.model.environment import Environment
from rediskit.renderers.tree import Object


def base_findings(client: Client, objects: Mapping[Key, Object]) -> Iterator[tuple[Key, Finding]]:
    """Yield what is wrong with the objects of a client in a base, each with the key of its object. At `complete` nothing is."""
    if not client.is_migrating:
        return
    for reference in client.references:
        for key in select(objects, client, *reference.split("/")):
            for setting in (*held_back(objects[key], reference), *losing_volumes(objects[key], reference)):
                yield key, _finding(client, setting)


def _finding(client: Client, setting: Setting) -> Finding:
    return Finding(setting.code, severity_of(client), setting.message, setting.hint, on=(client.name,))


def refuse_base(environment: Environment, client: Client, objects: Mapping[Key, Object]) -> None:
    """Raise RefusedError for the errors of a base that the config does not accept. At `prepare`, `check --owner` reports them."""
    if client.migration is None or client.migration.step == "prepare":
        return
    findings = [finding for _, finding in base_findings(client, objects) if finding.severity == "error"]
    if remaining := unaccepted(environment, findings, None):
        raise RefusedError([Problem(finding.message, finding.hint, code=finding.code) for finding in remaining])
