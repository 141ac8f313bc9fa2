"""Run attacks in processes of their own, and count them by group: tried and failed."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic
from typing import NamedTuple

from tests.attack import scenarios
from tests.attack.attack import Attack, Group, World
from tests.attack.groups import GROUPS
from tests.attack.kills import Killed, campaign
from tests.attack.process import warm_up

PART = 12
"""Attacks of each group in the part that CI runs."""
PART_KILLS = 23
"""In the part that CI runs, a command is killed at each event with a number of 1 plus a multiple of this."""
SEED = 13


class Counted(NamedTuple):
    """What became of a group. failures: a line for each attack that got through."""

    name: str
    tried: int
    failures: tuple[str, ...]
    seconds: float


def main(argv: Sequence[str]) -> int:
    """Return 0 when no attack got through and nothing is left of a kill."""
    arguments = _parse(argv)
    groups = [group for group in GROUPS if not arguments.groups or group.name in arguments.groups]
    wrong = 0
    warm_up()
    if arguments.revert:
        return _reverted(groups, arguments)
    for group in groups:
        counted = run(group, arguments.number, arguments.seed)
        wrong += len(counted.failures)
        print(f"{counted.name:16} {counted.tried:5} tried, {len(counted.failures)} failed, {counted.seconds:.0f} s", flush=True)
        _list(counted.failures, arguments.listed)
    if not arguments.groups or "kills" in arguments.groups:
        wrong += _kills(arguments)
    return int(wrong > 0)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make attack ARGS=…")
    parser.add_argument("groups", nargs="*", help="groups by name, or kills (default: all)")
    parser.add_argument("--part", action="store_const", dest="number", const=PART, help="the part that CI runs, with a fixed seed")
    parser.add_argument("--number", type=int, help="attacks of each group, chosen by the seed (default: all)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--revert", action="store_true", help="take the fix of each group away, and require that attacks get through")
    parser.add_argument("--listed", type=int, default=20, metavar="N", help="show the first N failures of each group")
    return parser.parse_args(argv)


def run(group: Group, number: int | None, seed: int, *, reverted: bool = False) -> Counted:
    """Run the attacks of a group, or so many of them."""
    attacks = list(group.attacks())
    if number is not None and number < len(attacks):
        attacks = Random(seed).sample(attacks, number)
    begin = monotonic()
    before = group.revert if reverted else None
    failures = [f"{name}: {fault}" for name, faults in _parallel(_try, [(attack, before) for attack in attacks]) for fault in faults[:1]]
    return Counted(group.name, len(attacks), tuple(failures), monotonic() - begin)


_JOBS: list[tuple[Attack, Callable[[], None] | None]] = []


def _parallel(
    work: Callable[[int], tuple[str, list[str]]], jobs: list[tuple[Attack, Callable[[], None] | None]]
) -> Iterator[tuple[str, list[str]]]:
    """Attacks are functions of functions: workers inherit them by the fork, and get their numbers only."""
    _JOBS[:] = jobs
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        yield from pool.map(work, range(len(jobs)))


def _try(number: int) -> tuple[str, list[str]]:
    attack, before = _JOBS[number]
    with TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as name:
        return attack.name, list(attack.run(World(Path(os.path.realpath(name)), before)))


def _reverted(groups: Sequence[Group], arguments: argparse.Namespace) -> int:
    """Return 0 when attacks of each group get through without its fix."""
    deaf = 0
    for group in groups:
        counted = run(group, arguments.number, arguments.seed, reverted=True)
        deaf += not counted.failures
        print(f"{counted.name:16} {counted.tried:5} tried without the fix, {len(counted.failures)} got through", flush=True)
    return int(deaf > 0)


def _kills(arguments: argparse.Namespace) -> int:
    begin = monotonic()
    every = PART_KILLS if arguments.number else 1
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        done: list[Killed] = list(pool.map(campaign, scenarios.SCENARIOS, [every] * len(scenarios.SCENARIOS)))
    faults = [fault for outcome in done for fault in outcome.faults]
    print(f"{'kills':16} {sum(outcome.kills for outcome in done):5} tried, {len(faults)} failed, {monotonic() - begin:.0f} s", flush=True)
    _list(faults, arguments.listed)
    return len(faults)


def _list(failures: Sequence[str], number: int) -> None:
    for failure in failures[:number]:
        print(f"  {failure}")
    if len(failures) > number:
        print(f"  and {len(failures) - number} more")
