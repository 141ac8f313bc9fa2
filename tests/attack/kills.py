"""Kill a command at each event that changes the file system, run it again, and look for what is left.

A scenario is a folder and a command. The command runs undisturbed first, which counts its events; then it is killed before each of
them, each time in a fresh copy. After the next run, every file is one that an undisturbed run leaves.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.attack.process import Ended, command
from tests.output import faults
from tests.output.trees import snapshot
from tests.tools.install import locate

EXIT_CODES = (0, 1, 2)


class Scenario(NamedTuple):
    """A command to kill.

    prepare: fills a folder; `project` in it is where the command runs. fixed: whether the content of files is the same in
    each run. code: the exit code of the undisturbed run.
    """

    name: str
    prepare: Callable[[Path], None]
    arguments: Sequence[str]
    fixed: bool = True
    code: int = 0


class Killed(NamedTuple):
    """What a scenario came to. faults: one line for each kill that left something behind, or whose next run failed."""

    scenario: str
    kills: int
    faults: tuple[str, ...]


def campaign(scenario: Scenario, every: int = 1) -> Killed:
    """Kill the command before each `every`-th event."""
    with TemporaryDirectory(prefix="kills-") as name:
        top = Path(name)
        (top / "start/tmp").mkdir(parents=True)
        scenario.prepare(top / "start")
        first, second = _undisturbed(scenario, top)
        number, wrong, kills = 1, [], 0
        while True:
            work = _copy(top / "start", top / "work")
            ended = _run(scenario, work, partial(_watch, number))
            if ended.code != -signal.SIGKILL:
                break
            kills += 1
            wrong += [f"{scenario.name}, event {number}: {fault}" for fault in _faults(scenario, work, first, second)]
            number += every
    if not kills:
        raise RuntimeError(f"{scenario.name}: no event was counted")
    return Killed(scenario.name, kills, tuple(wrong))


def _undisturbed(scenario: Scenario, top: Path) -> tuple[Mapping[str, bytes], Mapping[str, bytes]]:
    """Return what is on disk after one run, and after two."""
    work = _copy(top / "start", top / "work")
    states: list[dict[str, bytes]] = []
    for _ in range(2):
        ended = _run(scenario, work)
        if ended.code not in EXIT_CODES or (not states and ended.code != scenario.code):
            raise RuntimeError(f"{scenario.name}: {ended.code}\n{ended.text}")
        states.append(_state(work))
    return states[0], states[1]


def _faults(scenario: Scenario, work: Path, first: Mapping[str, bytes], second: Mapping[str, bytes]) -> Iterator[str]:
    if committed := _committed(work):
        yield f"git add would commit {', '.join(committed)}"
    ended = _run(scenario, work)
    if ended.code not in EXIT_CODES or "internal error" in ended.stderr:
        yield f"the next run ended with {ended.code}: {ended.stderr.strip()}"
    state = _state(work)
    if left := sorted(state.keys() - first.keys() - second.keys()):
        yield f"left: {', '.join(left)}"
    if scenario.fixed and state not in (first, second):
        yield f"differs: {', '.join(sorted(path for path in state if state[path] not in (first.get(path), second.get(path))))}"


def _committed(work: Path) -> list[str]:
    """Return the leftovers that `git add --all` would take, in each repository."""
    faults = []
    for folder in ("project", "project/owner"):
        if (work / folder / ".git").exists():
            subprocess.run(["git", "add", "--all", "."], cwd=work / folder, check=True, capture_output=True)
            names = _git(work / folder, "diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff").splitlines()
            faults += [name for name in names if ".rediskit.tmp" in name]
            _git(work / folder, "reset", "--quiet")
    return faults


def _git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def _run(scenario: Scenario, work: Path, before: Callable[[], None] | None = None) -> Ended:
    return command(
        (*scenario.arguments, "--debug"),
        work / "project",
        environment={"TMPDIR": str(work / "tmp"), "KUSTOMIZE": str(locate("kustomize"))},
        before=before,
    )


_entered: list[AbstractContextManager[None]] = []
"""What watches is kept from the garbage collector until the process is killed."""


def _watch(number: int) -> None:
    def watcher(at: int, _: str) -> None:
        if at == number:
            os.kill(os.getpid(), signal.SIGKILL)

    _entered.append(watching := faults.watching(watcher))
    watching.__enter__()


def _copy(start: Path, work: Path) -> Path:
    if work.exists():
        shutil.rmtree(work)
    shutil.copytree(start, work, symlinks=True)
    return work


def _state(work: Path) -> dict[str, bytes]:
    """Return everything but what Git keeps for itself."""
    return {path: content for path, content in snapshot(work).items() if "/.git/" not in f"/{path}"}
