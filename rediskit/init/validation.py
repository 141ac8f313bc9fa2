"""Validate the options of `init`, and the config that it writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rediskit.errors import ConfigError, Problem
from rediskit.model.types import DnsLabel, GitRepository, GitRevision

_FORMS: Mapping[str, Any] = {
    "--name": DnsLabel,
    "--repository": GitRepository,
    "--revision": GitRevision,
    "--namespace": DnsLabel,
    "--client": DnsLabel,
}


def invalid(values: Mapping[str, str | None], replicas: int | None) -> list[Problem]:
    """Return a problem for each invalid option, with the message of the config."""
    from pydantic import TypeAdapter, ValidationError

    problems = []
    for option, value in values.items():
        try:
            if value is not None:
                TypeAdapter(_FORMS[option]).validate_python(value)
        except ValidationError as error:
            problems += [Problem(f"{option}: {detail['msg']}", detail["ctx"]["hint"]) for detail in error.errors()]
    if replicas is not None and replicas < 1:
        hint = "set the normal number of replicas of the application, at least 1"
        problems.append(Problem(f"--replicas: {replicas} is too small", hint))
    return problems


def errors_of(config: Path, instead: Mapping[str, bytes] | None = None) -> list[Problem]:
    """Return what keeps a config from being rendered, without locations: the file is not written yet. `instead` as in `loader.load`."""
    from rediskit.checks import check
    from rediskit.renderers import render
    from rediskit.source.loader import load

    try:
        environment = load(config, instead=instead)
    except ConfigError as error:
        return [Problem(problem.message, problem.hint, problem.path, code=problem.code) for problem in error.problems]
    errors = [finding for finding in check(environment, render(environment)) if finding.severity == "error"]
    return [Problem(finding.message, finding.hint, finding.path, code=finding.code) for finding in errors]
