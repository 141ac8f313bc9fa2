"""Find the programs that rediskit can start, with their versions."""

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

from rediskit import tools
from rediskit.errors import MissingToolError

TIME_LIMIT = 10.0
"""Seconds within which a program must print its version."""
_VERSION = re.compile(r"\bv?([0-9]+\.[0-9]+(?:\.[0-9]+)?(?:[-+][0-9A-Za-z.+-]*[0-9A-Za-z])?)")


class KnownProgram(NamedTuple):
    """A program that rediskit can start.

    Attributes:
        arguments: The arguments that print its version, without network access.
        purpose: The commands that start it.
        environment: Environment variables for these arguments.
    """

    name: str
    arguments: tuple[str, ...]
    purpose: str
    environment: Mapping[str, str] = {}

    @property
    def variable(self) -> str:
        """The environment variable with the path of the program."""
        return self.name.upper()


KNOWN_PROGRAMS = (
    KnownProgram("git", ("--version",), "init, diff --against, check --base, migrate step, doctor"),
    KnownProgram("kustomize", ("version",), "migrate step, migrate export, check --owner"),
    KnownProgram("kubeconform", ("-v",), "check --kubeconform"),
    KnownProgram("kubeseal", ("--version",), "secret fetch-cert"),
    KnownProgram("sops", ("--version", "--disable-version-check"), "secret, with mode sops", {"SOPS_DISABLE_VERSION_CHECK": "true"}),
    KnownProgram("kubectl", ("version", "--client"), "migrate, verify, secret apply, input of init --from"),
    KnownProgram("helm", ("version", "--short"), "upgrade, --chart, owner.enableHelm"),
)


class Program(NamedTuple):
    """The state of a program. `absent` is no problem; the version and path of a program that is not found are ""."""

    name: str
    state: Literal["found", "absent", "broken"]
    version: str
    path: str
    message: str
    purpose: str


def programs() -> list[Program]:
    """Return the state of every known program. They run at the same time."""
    with ThreadPoolExecutor(len(KNOWN_PROGRAMS)) as pool:
        return list(pool.map(_state, KNOWN_PROGRAMS))


def _state(entry: KnownProgram) -> Program:
    program = None
    try:
        program = tools.find(entry.name, entry.variable)
        done = tools.run(tools.Command(program, entry.arguments, timeout=TIME_LIMIT, environment=entry.environment))
    except MissingToolError as error:
        state: Literal["absent", "broken"] = "broken" if program or os.environ.get(entry.variable) else "absent"
        return Program(entry.name, state, "", str(program or ""), error.problems[0].message, entry.purpose)
    return Program(entry.name, "found", _version(done.stdout + done.stderr), str(program), "", entry.purpose)


def _version(output: bytes) -> str:
    """Return the version in the output of a program; without one, the first line, such as `development`."""
    text = output.decode(errors="replace")
    if match := _VERSION.search(text):
        return match[1]
    first = next((line for line in text.splitlines() if line.strip()), "")
    return "".join(letter for letter in first if letter.isprintable()).strip(" ()")[:20]


class Library(NamedTuple):
    """A Python package that rediskit needs. version: "" if it is missing."""

    name: str
    version: str


def libraries() -> list[Library]:
    """Return the required packages in the metadata of rediskit, without extras; none if rediskit is not installed."""
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        requirements = requires("rediskit") or []
    except PackageNotFoundError:
        return []
    packages = []
    for name in sorted(re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in requirements if "extra ==" not in text):
        try:
            packages.append(Library(name, version(name)))
        except PackageNotFoundError:
            packages.append(Library(name, ""))
    return packages
