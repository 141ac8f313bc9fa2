"""Read a Git work tree: remotes, branch, uncommitted files. Nothing is changed, and no remote is contacted."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from rediskit import tools
from rediskit.errors import visible
from rediskit.git.discovery import work_tree
from rediskit.git.program import Git
from rediskit.secrecy import secret_reason

TIME_LIMIT = 10.0
"""Seconds for one run of git."""
_NO = frozenset({0, 1, 2, 128})
"""The exit codes of git for a value that does not exist."""


class Remote(NamedTuple):
    """A Git remote: its URL without user and password, and whether it had any."""

    name: str
    address: str
    stripped: bool = False


class WorkTree:
    """The Git work tree of a folder."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._git = Git(top, timeout=TIME_LIMIT)

    @classmethod
    def of(cls, folder: Path) -> WorkTree | None:
        """Return the work tree of a folder, which need not exist; None outside Git. Raises MissingToolError without git."""
        top = work_tree(os.path.realpath(folder))
        return cls(Path(top)) if top else None

    def refusal(self) -> str:
        """Return the error message of git if it refuses the work tree (another owner, a broken repository); else ""."""
        done = self._run("rev-parse", "--is-inside-work-tree")
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        reason = visible((lines or ["it printed no reason"])[0])
        return reason.removeprefix("fatal: ") if done.exit_code else ""

    def remotes(self) -> list[Remote]:
        """Return all remotes, `origin` first."""
        remotes = []
        listed = self._ask("config", "--null", "--get-regexp", r"^remote\..*\.url$")
        for entry in filter(None, listed.split("\0")):
            key, _, address = entry.partition("\n")
            remotes.append(public(key.removeprefix("remote.").removesuffix(".url"), address))
        return sorted(remotes, key=lambda remote: remote.name != "origin")

    def default_branch(self, remote: str) -> str:
        """Return the default branch of the remote at the time of the clone; "" if it is unknown."""
        return self._ask("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD").removeprefix(f"refs/remotes/{remote}/")

    def remote_branches(self, remote: str) -> list[str]:
        """Return the branches of a remote at the time of the last fetch or push."""
        listed = self._ask("for-each-ref", "--format=%(refname)", f"refs/remotes/{remote}").splitlines()
        names = [reference.removeprefix(f"refs/remotes/{remote}/") for reference in listed]
        return [name for name in names if name != "HEAD"]

    def only_at_head(self, remote: str, branch: str) -> list[str]:
        """Return the files that HEAD changes and that differ from a fetched remote branch, also where a merge made another commit of them.

        Without a common commit, as in a shallow clone, these are all files that differ.
        """
        tracked = f"refs/remotes/{remote}/{branch}"
        differing = self._differing(tracked)
        base = self._ask("merge-base", tracked, "HEAD") if differing else ""
        return sorted(differing & self._differing(base)) if base else sorted(differing)

    def _differing(self, revision: str) -> set[str]:
        """Return the files that differ between a revision and HEAD. Raises MissingToolError if git cannot compare them."""
        done = self._git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", revision, "HEAD")
        return set(filter(None, os.fsdecode(done.stdout).split("\0")))

    def branch(self) -> str:
        """Return the current branch, which can have no commits; "" for a detached HEAD."""
        return self._ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def ahead(self) -> int:
        """Return the number of commits that the last fetched upstream branch does not contain; 0 without an upstream branch."""
        return int(self._ask("rev-list", "--count", "@{upstream}..HEAD") or 0)

    def uncommitted(self, *paths: str) -> list[str]:
        """Return the files below these paths that differ from the last commit or are untracked."""
        options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=all")
        listed = _answer(self._git.run("status", *options, "--", *paths, exit_codes=_NO, unfiltered=True))
        return [entry[3:] for entry in listed.split("\0") if entry]

    def left_out(self) -> list[str]:
        """Return the folders and files of the index that the work tree does not contain: those of a sparse checkout, and of submodules."""
        missing: set[str] = set()
        for entry in self._ask("ls-files", "-z", "-t", "--stage").split("\0"):
            about, _, path = entry.partition("\t")
            if about.startswith("S "):
                absent = [part for part in (*reversed(Path(path).parents), Path(path)) if not (self.top / part).exists()]
                missing.update(map(str, absent[:1]))
            elif about.startswith("H 160000 ") and not (self.top / path / ".git").exists():
                missing.add(path)
        return sorted(missing)

    def untracked(self, *paths: str) -> list[str]:
        """Return the untracked paths, ignored ones included. Paths are relative to the top of the work tree."""
        tracked = set(self._ask("ls-files", "-z", "--", *paths).split("\0")) if paths else set()
        return [path for path in paths if path not in tracked]

    def ignored(self, path: str) -> bool:
        """Return whether Git ignores a path."""
        return bool(self._ask("check-ignore", "--", path))

    def _run(self, *arguments: str) -> tools.Completed:
        return self._git.run(*arguments, exit_codes=_NO)

    def _ask(self, *arguments: str) -> str:
        return _answer(self._run(*arguments))


def _answer(done: tools.Completed) -> str:
    return os.fsdecode(done.stdout).removesuffix("\n") if done.exit_code == 0 else ""


def public(name: str, address: str) -> Remote:
    """Return a remote without user, password and token in its URL; the user of an ssh URL stays."""
    if not re.match(r"(?:https?|ssh)://", address):
        return Remote(name, "" if secret_reason(address) else address)
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    user_part = f"{user.partition(':')[0]}@" if user and parts.scheme == "ssh" else ""
    clean = urlunsplit(parts._replace(netloc=user_part + host, query="", fragment=""))
    return Remote(name, clean, clean != address)


def same_repository(first: str, second: str) -> bool:
    """Return whether two URLs are of one repository: https and ssh, with and without `.git`."""
    return _host_and_path(first) == _host_and_path(second)


def _host_and_path(address: str) -> str:
    short = re.fullmatch(r"(?:[\w.-]+@)?([\w.-]+):(?!//)(.+)", address)
    if short:
        host, path = short[1], short[2]
    else:
        parts = urlsplit(address)
        host, path = parts.hostname or "", parts.path
    return f"{host.lower()}/{path.strip('/').removesuffix('.git').lower()}"
