"""Compare a render with other generators that write the same files, each in an environment of its own.

They only substitute the name of the environment. rediskit also loads and validates configs, and runs all checks. The output of each
generator is compared with the files that rediskit renders.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

from tests.bench.peers.projects import NAME, PROJECTS, Project, Sample, sample
from tests.tools.install import InstallError, install, locate, table

GROWTH = (1, 10, 100, 1000)
ALONE = 5000
"""Environments that only rediskit renders."""
LONG = 10
"""Seconds of a run that is measured once. A shorter one is measured three times."""
USAGE = [sys.executable, "-I", "-S", str(Path(__file__).parent / "usage.py")]
REDISKIT = Project([sys.executable, "-m", "rediskit", "render"], "rendered")


class Usage(NamedTuple):
    """Wall time and processor time in seconds, and the MiB of the largest process."""

    wall: float
    processor: float
    memory: float


def compare(folder: Path, many_configs: Callable[[Path, int], None]) -> None:
    """Print a table in Markdown. many_configs: create a number of configs in a folder."""
    peers = [name for name in PROJECTS if _installed(name)]
    many_configs(folder / "sample", 1)
    _run(REDISKIT, folder / "sample")
    files = sample(folder / "sample/rendered" / NAME)
    print(f"\n{len(files.objects) + len(files.texts)} files for each environment, {os.cpu_count()} cores\n")
    print("| environments | generator | wall time | processor time | memory | wall time / rediskit |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    for count in (*GROWTH, ALONE):
        home = folder / str(count)
        many_configs(home / "rediskit", count)
        projects = {"rediskit": REDISKIT}
        for name in peers if count in GROWTH else ():
            (home / name).mkdir()
            projects[name] = PROJECTS[name](home / name, files, count)
        _compare(home, projects, files, count)
        shutil.rmtree(home)


def _installed(name: str) -> bool:
    """Install a generator in the tool cache. Print the reason if that fails: its figures are then missing."""
    try:
        install(table()[name])
    except InstallError as error:
        print(f"{name} is not measured: {error}")
        return False
    return True


def _compare(home: Path, projects: dict[str, Project], files: Sample, count: int) -> None:
    """Run the generators in turn and print a row for each."""
    runs: dict[str, list[Usage]] = {name: [] for name in projects}
    for turn in range(3):
        for name, project in projects.items():
            if turn and runs[name][0].wall > LONG:
                continue
            shutil.rmtree(home / name / project.output, ignore_errors=True)
            runs[name].append(_run(project, home / name))
    for name, project in projects.items():
        if name != "rediskit":
            _check(home / name / project.output, files, count)
    medians = {name: Usage(*map(statistics.median, zip(*usages, strict=True))) for name, usages in runs.items()}
    for name, used in medians.items():
        ratio = used.wall / medians["rediskit"].wall
        print(f"| {count:,} | {name} | {used.wall:.2f} s | {used.processor:.2f} s | {used.memory:,.0f} MiB | {ratio:.2f} |", flush=True)


def _run(project: Project, folder: Path) -> Usage:
    """Run a generator in the folder of its project."""
    program, *arguments = project.command
    return measured([locate(str(program)) or program, *arguments], folder)


def measured(command: Sequence[str | Path], folder: Path, source: Path | None = None) -> Usage:
    """Run a program and return what it used. source: the file on its standard input."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with (source or Path(os.devnull)).open("rb") as stdin:
        done = subprocess.run([*USAGE, *command], cwd=folder, env=environment, stdin=stdin, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} ended with exit code {done.returncode}:\n{done.stderr}")
    return Usage(*json.loads(done.stdout))


def _check(output: Path, files: Sample, count: int) -> None:
    """Compare the contents of the first and the last environment with those of rediskit, and count all files."""
    written = sum(path.is_file() for path in output.rglob("*"))
    wanted = count * len(files.contents(NAME))
    assert written == wanted, f"{output} has {written} files instead of {wanted}"
    for name in (NAME, f"env{count - 1:04}"):
        contents = sorted(_content(path) for path in output.glob(f"{name}*/**/*") if path.is_file())
        assert contents == files.contents(name), f"{output} has other contents for {name}"


def _content(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return json.dumps(yaml.safe_load(text), sort_keys=True) if path.suffix == ".yaml" else text.strip()
