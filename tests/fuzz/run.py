"""What every case must end in: files that load, render and check, or a RediskitError with a place. Anything else is a bug."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from datetime import timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rediskit import ConfigError, Problem, RediskitError, check, load, render
from rediskit.cli import main
from rediskit.source.codes import CODES
from tests.fuzz import checkouts
from tests.fuzz.cases import CONFIG, folder
from tests.tools.install import locate

REAL = 0.1
"""The part of the checkouts that the real kustomize builds."""
ALLOWED = timedelta(seconds=20)
"""For one case, on a busy machine: a guard against work that grows faster than its input."""


def fuzz(cases: int, *, derandomize: bool) -> Counter[str]:
    """Run a number of cases and count those that were `refused` and `rendered`. Raises the error of a case, shrunk by hypothesis."""
    ends: Counter[str] = Counter()

    @settings(max_examples=cases, derandomize=derandomize, database=None, deadline=ALLOWED, suppress_health_check=list(HealthCheck))
    @given(random=st.randoms(use_true_random=False), command=st.sampled_from([None, None, None, "render", "check"]))
    def case(random: Random, command: str | None) -> None:
        files = folder(random)
        with TemporaryDirectory() as name:
            for file, content in files.items():
                (Path(name) / file).parent.mkdir(parents=True, exist_ok=True)
                (Path(name) / file).write_bytes(content)
            end = by_library(Path(name)) if command is None else by_command(command, Path(name))
        ends[end] += 1

    case()
    return ends


def fuzz_checkouts(cases: int, *, derandomize: bool) -> Counter[int]:
    """Run so many cases with a checkout of an application repository; return how many ended with each exit code.

    kustomize is the real one in a tenth of them; in the others a program prints what a build could print.
    """
    ends: Counter[int] = Counter()

    @settings(max_examples=cases, derandomize=derandomize, database=None, deadline=ALLOWED, suppress_health_check=list(HealthCheck))
    @given(random=st.randoms(use_true_random=False))
    def attempt(random: Random) -> None:
        case = checkouts.case(random)
        with TemporaryDirectory() as name:
            for file, content in case.files.items():
                (Path(name) / file).parent.mkdir(parents=True, exist_ok=True)
                (Path(name) / file).write_bytes(content)
            commit(Path(name) / "owner")
            ends[in_checkout(Path(name), case.command, real=random.random() < REAL)] += 1

    attempt()
    return ends


def commit(folder: Path) -> None:
    """Commit a folder to a repository of its own: an export of plain files reads what is committed."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    someone = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
    for arguments in (("init", "--quiet"), ("add", "--all"), (*someone, "commit", "--quiet", "--allow-empty", "--message", "a state")):
        subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **settings}, capture_output=True, check=True)


def in_checkout(place: Path, command: tuple[str, ...], *, real: bool) -> int:
    """Run a command in a folder; its exit code."""
    printed = {"KUSTOMIZE": checkouts.BUILT, "HELM": checkouts.TEMPLATED, "KUBECTL": checkouts.LIVE}
    kept = {name: os.environ.get(name) for name in printed}
    for name, file in printed.items():
        program = place / checkouts.PROGRAM.replace("kustomize", name.lower())
        program.write_text(f"#!/bin/sh\nexec cat {place / file}\n", encoding="utf-8")
        program.chmod(0o755)
        os.environ[name] = str(locate("kustomize") if real and name == "KUSTOMIZE" else program)
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(place)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main([*command, "--debug"])
    finally:
        os.chdir(before)
        for name, value in kept.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    assert code in (0, 1, 2, 3), f"{command} ended with {code}\n{err.getvalue()}"
    assert "internal error" not in err.getvalue(), err.getvalue()
    return code


def by_library(place: Path) -> str:
    """load, render, check: the end of it in a word."""
    try:
        environment = load(place / CONFIG)
    except ConfigError as error:
        placed(error.problems)
        return "refused"
    try:
        check(environment, render(environment))
    except RediskitError:
        return "refused"
    return "rendered"


def placed(problems: tuple[Problem, ...]) -> None:
    """Each has a message, and a position in an existing file."""
    assert problems
    for problem in problems:
        assert problem.message
        assert problem.code in CODES, f"no code: {problem}"
        assert problem.location is not None, f"no place: {problem}"
        lines = len(re.split(rb"\r\n|\r|\n", Path(problem.location.file).read_bytes()))
        assert 1 <= problem.location.line <= lines, f"{lines} lines: {problem}"
        assert problem.location.column >= 1


def by_command(verb: str, place: Path) -> str:
    """Run a command on the files of a case and return `refused` or `rendered`."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([verb, str(place / CONFIG), "--output", str(place / "out"), "--debug"])
    assert code in (0, 1, 2), f"{verb} ended with {code}\n{err.getvalue()}"
    assert "internal error" not in err.getvalue()
    return "refused" if code == 2 else "rendered"
