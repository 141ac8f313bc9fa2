"""Load the configs of a command line, and run a function for each environment: from some configs on, in several processes."""

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

from rediskit.cli.configs import config_files
from rediskit.cli.terminal import progress
from rediskit.errors import ConfigError, Problem, RediskitError
from rediskit.model.environment import Environment
from rediskit.output.leftovers import input_leftovers, remove_leftovers
from rediskit.source.conflicts import Unique, conflicts, unique_values
from rediskit.source.loader import distinct, load, load_all
from rediskit.source.neighbours import input_folders

Result = TypeVar("Result")

_MANY = 20
"""A run over more configs takes long enough for a report of its progress."""
_EACH = 5
"""The least number of configs for a process: with fewer, starting it takes longer than it saves."""


def clear_leftovers(*environments: Environment) -> None:
    """Remove leftovers of interrupted runs beside the inputs. Raises RefusedError where a file can't be removed."""
    remove_leftovers(input_leftovers(input_folders(environments)))


def each_environment(
    arguments: argparse.Namespace, function: Callable[[Environment], Result], *, clean: bool = False, alone: bool = False
) -> list[Result]:
    """Return the result of a function for each environment of the command line, in the order of the configs.

    Without `alone`, the function runs in several processes (`--jobs`), so it changes nothing and its result can be pickled. Raises
    ConfigError with the problems of all configs, and what the function raises for the first environment.

    Args:
        clean: Remove the leftovers of interrupted runs once all configs are loaded.
        alone: Run the function in this process, after all configs are loaded.
    """
    files = config_files(arguments)
    jobs = 1 if alone else _jobs(arguments.jobs, len(files))
    return list(_in_processes(files, function, jobs, clean=clean) if jobs > 1 else _in_turn(files, function, clean=clean))


def _jobs(jobs: int | None, count: int) -> int:
    """Return the number of processes: at most those of the command line, by default one per core, and one per `_EACH` configs."""
    if count < 2 * _EACH or jobs == 1:
        return 1
    from rediskit.cli.workers import cores

    return min(jobs or cores(), count // _EACH)


def _in_turn(files: Sequence[str], function: Callable[[Environment], Result], *, clean: bool) -> Iterator[Result]:
    environments = load_all(files)
    if clean:
        clear_leftovers(*environments)
    count = len(environments)
    environments.reverse()
    while environments:
        environment = environments.pop()  # It is freed after its turn, with the results that it keeps.
        _report(environment.name, count)
        yield function(environment)


class _Outcome(NamedTuple, Generic[Result]):
    """What a process returns for one config. An error of the function counts only if all configs can be loaded.

    Attributes:
        problems: The problems of the config.
        unique: The values that no other environment may have.
        folders: The folders of its input files.
        error: The error of the function.
        result: The result of the function, as a list of one.
    """

    name: str = ""
    problems: tuple[Problem, ...] = ()
    unique: Sequence[Unique] = ()
    folders: Sequence[str] = ()
    error: RediskitError | None = None
    result: Sequence[Result] = ()


def _in_processes(files: Sequence[str], function: Callable[[Environment], Result], jobs: int, *, clean: bool) -> Iterator[Result]:
    from rediskit.cli.workers import in_processes

    configs, problems = distinct(files)
    # The first config imports and compiles in this process what all of them need.
    outcomes = [_outcome(configs[0], function)]
    for outcome in in_processes(lambda path: _outcome(path, function), configs[1:], jobs):
        _report(outcome.name, len(configs))
        outcomes.append(outcome)
    problems += (problem for outcome in outcomes for problem in outcome.problems)
    problems += conflicts(unique for outcome in outcomes for unique in outcome.unique)
    if problems:
        raise ConfigError(problems)
    if clean:
        _clear(folder for outcome in outcomes for folder in outcome.folders)
    for outcome in outcomes:
        if outcome.error is not None:
            raise outcome.error
        yield from outcome.result


def _outcome(path: str | os.PathLike[str], function: Callable[[Environment], Result]) -> _Outcome[Result]:
    try:
        environment = load(path)
    except ConfigError as error:
        return _Outcome(problems=error.problems)
    loaded: _Outcome[Result] = _Outcome(environment.name, (), unique_values(environment), list(input_folders([environment])))
    try:
        return loaded._replace(result=[function(environment)])
    except RediskitError as error:
        return loaded._replace(error=error)


def _clear(folders: Iterable[str]) -> None:
    remove_leftovers(input_leftovers(folders))


def _report(name: str, count: int) -> None:
    if count > _MANY and name:
        progress(f"checking {name}")
