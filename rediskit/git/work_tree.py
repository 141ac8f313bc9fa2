"""What Git says of a folder: its work tree, the remote, the branch, what is not committed. Nothing is changed, no remote is asked."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from rediskit import tools
from rediskit.errors import visible
from rediskit.git.discovery import work_tree
from rediskit.git.program import Git
from rediskit.secrecy import secret_reason

TIME_LIMIT = 10.0
"""Seconds for one run of git."""
_NO = frozenset({0, 1, 2, 128})
"""git ends with one of these when the answer is that there is none."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote: its name, and its address without user and password where it had them (`stripped`)."""

    name: str
    address: str
    stripped: bool = False


class WorkTree:
    """The Git work tree that a folder lies in."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._git = Git(top, timeout=TIME_LIMIT)

    @classmethod
    def of(cls, folder: Path) -> WorkTree | None:
        """The work tree that holds a folder, which need not exist; None outside of Git. Raises MissingToolError without git."""
        top = work_tree(Path(os.path.realpath(folder)))
        return cls(top) if top else None

    def refusal(self) -> str:
        """Why git answers nothing here, in its words (a folder of another user, a broken repository); "" when it does answer."""
        done = self._run("rev-parse", "--is-inside-work-tree")
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        reason = visible((lines or ["it printed no reason"])[0])
        return reason.removeprefix("fatal: ") if done.exit_code else ""

    def remotes(self) -> list[Remote]:
        """Every remote, `origin` first."""
        found = []
        listed = self._ask("config", "--null", "--get-regexp", r"^remote\..*\.url$")
        for entry in filter(None, listed.split("\0")):
            key, _, address = entry.partition("\n")
            found.append(public(key.removeprefix("remote.").removesuffix(".url"), address))
        return sorted(found, key=lambda remote: remote.name != "origin")

    def default_branch(self, remote: str) -> str:
        """The branch that the remote had as its default when it was cloned; "" when the clone does not know."""
        return self._ask("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD").removeprefix(f"refs/remotes/{remote}/")

    def branch(self) -> str:
        """The branch that is checked out, which may have no commit yet; "" for a detached HEAD."""
        return self._ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def ahead(self) -> int:
        """Commits that the remote's branch did not have when it was last heard of; 0 when there is no such branch."""
        return int(self._ask("rev-list", "--count", "@{upstream}..HEAD") or 0)

    def uncommitted(self, *paths: str) -> list[str]:
        """The files below these paths that differ from the last commit, or are in none."""
        options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
        listed = _answer(self._git.run_unfiltered("status", *options, "--", *paths, exit_codes=_NO))
        return [entry[3:] for entry in listed.split("\0") if entry]

    def untracked(self, *paths: str) -> list[str]:
        """Return those of these paths, relative to the top of the work tree, that are in no index entry of Git; ignored ones too."""
        tracked = set(self._ask("ls-files", "-z", "--", *paths).split("\0")) if paths else set()
        return [path for path in paths if path not in tracked]

    def ignored(self, path: str) -> bool:
        """Whether Git ignores a path."""
        return bool(self._ask("check-ignore", "--", path))

    def _run(self, *arguments: str) -> tools.Completed:
        return self._git.run(*arguments, exit_codes=_NO)

    def _ask(self, *arguments: str) -> str:
        return _answer(self._run(*arguments))


def _answer(done: tools.Completed) -> str:
    return os.fsdecode(done.stdout).removesuffix("\n") if done.exit_code == 0 else ""


def public(name: str, address: str) -> Remote:
    """A remote without the user, the password or the token in its address; the user of an ssh address is part of it and stays."""
    if not re.match(r"(?:https?|ssh)://", address):
        return Remote(name, "" if secret_reason(address) else address)
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    kept = f"{user.partition(':')[0]}@" if user and parts.scheme == "ssh" else ""
    clean = urlunsplit(parts._replace(netloc=kept + host, query="", fragment=""))
    return Remote(name, clean, clean != address)


def same_repository(one: str, other: str) -> bool:
    """Whether two addresses name one repository: https and ssh, with and without `.git`, are two ways to it."""
    return _place(one) == _place(other)


def _place(address: str) -> str:
    short = re.fullmatch(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)", address)
    if short:
        host, path = short[1], short[2]
    else:
        parts = urlsplit(address)
        host, path = parts.hostname or "", parts.path
    return f"{host.lower()}/{path.strip('/').removesuffix('.git').lower()}"
