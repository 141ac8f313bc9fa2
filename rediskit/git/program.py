"""Run git on an untrusted repository, without the programs that its configuration sets and without contacting remotes.

A copied or unpacked checkout contains its own `.git/config`, in which Git finds programs to start: a file system monitor, hooks, clean
filters, and transport helpers (`ext::`), which even `git cat-file` starts for an object that a partial clone lacks.
"""

import os
from collections.abc import Collection
from pathlib import Path

from rediskit import tools

_FLAGS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never")
_ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",  # No transport has this name. Git before 2.45 ignores GIT_NO_LAZY_FETCH.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_OF_THE_REPOSITORY = (b"local", b"worktree")
"""The configuration scopes of a checkout. Filters of the user stay, so that Git LFS and git-crypt work."""


class Git:
    """git, run in one folder."""

    def __init__(self, cwd: Path | None, *, timeout: float = 60.0, literal: bool = False) -> None:
        """Find the program, to run in `cwd` (None for the current folder). Raises MissingToolError where git is not installed.

        `timeout`: seconds for one run. `literal`: paths are not patterns, which `git check-ignore` does not support.
        """
        self._program = tools.find("git", "GIT")
        self._cwd, self._timeout = cwd, timeout
        self._environment = {**_ENVIRONMENT, **({"GIT_LITERAL_PATHSPECS": "1"} if literal else {})}

    def run(self, *arguments: str, stdin: bytes = b"", exit_codes: Collection[int] = (0,), unfiltered: bool = False) -> tools.Completed:
        """Run git without hooks, monitors and transports. Raises MissingToolError for another exit code.

        `unfiltered`: without the filters that the repository configures, for a command that reads files of the work tree.
        """
        command = tools.Command(
            self._program,
            (*_FLAGS, *arguments),
            cwd=self._cwd,
            stdin=stdin,
            timeout=self._timeout,
            exit_codes=frozenset(exit_codes),
            environment={**self._environment, **(self._without_filters() if unfiltered else {})},
        )
        return tools.run(command)

    def _without_filters(self) -> dict[str, str]:
        """Return the environment variables that disable each filter in the configuration of the repository."""
        listed = self.run("config", "--show-scope", "--null", "--name-only", "--get-regexp", r"^filter\.", exit_codes=(0, 1, 128))
        fields = listed.stdout.split(b"\0")
        own = {name for scope, name in zip(fields[::2], fields[1::2], strict=False) if scope in _OF_THE_REPOSITORY}
        drivers = sorted({os.fsdecode(name).rpartition(".")[0] for name in own})
        disabled = (("clean", ""), ("process", ""), ("required", "false"))
        values = [(f"{driver}.{key}", value) for driver in drivers for key, value in disabled]
        start = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        variables = {"GIT_CONFIG_COUNT": str(start + len(values))} if values else {}
        for number, (key, value) in enumerate(values, start):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return variables
