"""The programs that rediskit can use: where they are, which version, and what for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

from rediskit import tools
from rediskit.errors import MissingToolError, visible

TIME_LIMIT = 10.0
"""Seconds that a program may take to say its version."""
_VERSION = re.compile(r"\bv?([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:[-+][0-9A-Za-z.+-]*[0-9A-Za-z])?)")


class KnownProgram(NamedTuple):
    """A program of the table. purpose: the verb that starts it, or who else does. None of the arguments asks the network."""

    name: str
    arguments: tuple[str, ...]
    purpose: str
    environment: Mapping[str, str] = {}

    @property
    def variable(self) -> str:
        """The environment variable that names the file."""
        return self.name.upper()


KNOWN_PROGRAMS = (
    KnownProgram("git", ("--version",), "init, diff --against, check --base, doctor"),
    KnownProgram("kustomize", ("version",), "the build of an owner's repository"),
    KnownProgram("kubeconform", ("-v",), "check --kubeconform"),
    KnownProgram("kubeseal", ("--version",), "secret fetch-cert"),
    KnownProgram(
        "sops",
        ("--version", "--disable-version-check"),
        "secret, with mode sops",
        {"SOPS_DISABLE_VERSION_CHECK": "true"},
    ),
    KnownProgram("kubectl", ("version", "--client"), "secret apply, secret fetch-cert, what init --from reads"),
    KnownProgram("helm", ("version", "--short"), "a look at what the chart makes of the values"),
)


class Program(NamedTuple):
    """A program as it was found. state: `found`; `absent`, which is no fault; or `broken`, and `said` is why."""

    name: str
    state: Literal["found", "absent", "broken"]
    version: str
    path: str
    said: str
    purpose: str


def programs() -> list[Program]:
    """Every program of the table, asked at the same time."""
    with ThreadPoolExecutor(len(KNOWN_PROGRAMS)) as pool:
        return list(pool.map(_ask, KNOWN_PROGRAMS))


def _ask(known: KnownProgram) -> Program:
    try:
        path = tools.find(known.name, known.variable)
    except MissingToolError as error:
        state: Literal["absent", "broken"] = "broken" if os.environ.get(known.variable) else "absent"
        return Program(known.name, state, "", "", error.problems[0].message, known.purpose)
    try:
        done = tools.run(tools.Command(path, known.arguments, timeout=TIME_LIMIT, environment=known.environment))
    except MissingToolError as error:
        return Program(known.name, "broken", "", str(path), error.problems[0].message, known.purpose)
    return Program(known.name, "found", _version(done.stdout + done.stderr), str(path), "", known.purpose)


def _version(output: bytes) -> str:
    """The version in what a program says; what it says in its place, such as `development`; "" for nothing."""
    text = output.decode(errors="replace")
    if found := _VERSION.search(text):
        return found[1]
    first = next((line for line in text.splitlines() if line.strip()), "")
    return visible(first).strip(" ()")[:20]


class Library(NamedTuple):
    """A Python package that rediskit needs. version: "" when it is missing."""

    name: str
    version: str


def libraries() -> list[Library]:
    """What the package's own metadata says it needs, without the extras; nothing where it runs without being installed."""
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        needed = requires("rediskit") or []
    except PackageNotFoundError:
        return []
    found = []
    for name in sorted(re.split(r"[^\w.-]", need, maxsplit=1)[0] for need in needed if "extra ==" not in need):
        try:
            found.append(Library(name, version(name)))
        except PackageNotFoundError:
            found.append(Library(name, ""))
    return found
