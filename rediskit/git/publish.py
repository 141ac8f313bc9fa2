"""Commit and push in a checkout of the user.

Unlike the readers of this package, git runs here as the user would run it: with hooks, signatures, filters and the credentials that the
user configured. It never asks: a missing password or passphrase is an error.
"""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from rediskit import tools

TIME_LIMIT = 300.0
"""Seconds for one run of git: a push over a slow network, or a hook that runs tests."""


class Upstream(NamedTuple):
    """The remote branch that a local branch follows."""

    remote: str
    branch: str


class Checkout:
    """The work tree of a repository, to commit and push."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._program = tools.find("git", "GIT")

    def branch(self) -> str:
        """Return the current branch; "" for a detached HEAD."""
        return self._ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def head(self) -> str:
        """Return the ID of the last commit; "" without one."""
        return self._ask("rev-parse", "--quiet", "--verify", "HEAD")

    def is_merging(self) -> bool:
        """Return whether a merge is not finished: git commits no single files then."""
        return bool(self._ask("rev-parse", "--quiet", "--verify", "MERGE_HEAD"))

    def upstream(self) -> Upstream | None:
        """Return the branch that the current one follows; None without one."""
        branch = self.branch()
        if not branch:
            return None
        form = "--format=%(upstream:remotename) %(upstream:remoteref)"
        remote, _, reference = self._ask("for-each-ref", form, f"refs/heads/{branch}").partition(" ")
        return Upstream(remote, reference.removeprefix("refs/heads/")) if remote and reference else None

    def only_remote(self) -> str:
        """Return the name of the only remote; "" with none or several."""
        names = self._ask("remote").split()
        return names[0] if len(names) == 1 else ""

    def fetch(self, upstream: Upstream) -> bool:
        """Fetch a remote branch. Return whether it exists. Raises MissingToolError if the remote does not answer."""
        command = ("fetch", "--quiet", upstream.remote, upstream.branch)
        done = self._run(*command, exit_codes=(0, 128))
        if b"couldn't find remote ref" in done.stderr:
            return False
        if done.exit_code:
            self._run(*command)
        return True

    def distance(self) -> tuple[int, int]:
        """Return the number of commits that only HEAD has, and that only the last fetched upstream branch has."""
        ahead, _, behind = self._ask("rev-list", "--left-right", "--count", "HEAD...@{upstream}").partition("\t")
        return int(ahead or 0), int(behind or 0)

    def unpushed(self) -> bool:
        """Return whether the last fetched upstream branch lacks a commit of HEAD; without one, whether every remote branch lacks HEAD."""
        if self._ask("rev-parse", "--quiet", "--verify", "@{upstream}"):
            return self.distance()[0] > 0
        return bool(self._ask("remote")) and not self._ask("for-each-ref", "--count=1", "--contains", "HEAD", "refs/remotes")

    def contains(self, commit: str, other: str) -> bool | None:
        """Return whether a commit contains another one; None where it is not in this checkout and can't be fetched.

        Fetches the branches of the remote if the commit is not known yet.
        """
        command = ("merge-base", "--is-ancestor", other, commit)
        done = self._run(*command, exit_codes=(0, 1, 128))
        upstream = self.upstream()
        remote = upstream.remote if upstream else self.only_remote()
        if done.exit_code == 128 and remote:
            self._run("fetch", "--quiet", remote, exit_codes=(0, 1, 128))
            done = self._run(*command, exit_codes=(0, 1, 128))
        return None if done.exit_code == 128 else done.exit_code == 0

    def changed(self, paths: Collection[str] = (".",)) -> list[str]:
        """Return the uncommitted files below these paths, untracked ones included, relative to the top."""
        options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=all")
        listed = os.fsdecode(self._run("status", *options, "--", *paths).stdout)
        return [entry[3:] for entry in listed.split("\0") if entry]

    def commit(self, paths: Sequence[str], message: str) -> bool:
        """Commit the changes below these paths, and only them. Return whether there were changes."""
        if not (changed := self.changed(paths)):
            return False
        self._run("add", "--all", "--", *changed)
        self._run("commit", "--quiet", "--message", message, "--only", "--", *changed)
        return True

    def switch(self, branch: str) -> None:
        """Change to a branch, which is created from HEAD if it does not exist. Uncommitted changes stay."""
        exists = self._ask("rev-parse", "--quiet", "--verify", f"refs/heads/{branch}")
        self._run("switch", "--quiet", *(() if exists else ("--create",)), branch)

    def push(self, target: Upstream, *, follow: bool = False) -> str:
        """Push HEAD to a remote branch and return "", or the reason of a rejection. follow: the local branch follows the remote one."""
        options = ("--porcelain", *(("--set-upstream",) if follow else ()))
        done = self._run("push", *options, target.remote, f"HEAD:refs/heads/{target.branch}", exit_codes=(0, 1))
        return tools.printable_lines(done.stderr.decode(errors="replace"), last=3) or "no reason" if done.exit_code else ""

    def archive(self) -> bytes:
        """Return the files of HEAD as a tar archive."""
        return self._run("archive", "--format=tar", "HEAD").stdout

    def _run(self, *arguments: str, exit_codes: Collection[int] = (0,)) -> tools.Completed:
        environment = {"GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C"}
        command = tools.Command(
            self._program, arguments, self.top, timeout=TIME_LIMIT, exit_codes=frozenset(exit_codes), environment=environment
        )
        return tools.run(command)

    def _ask(self, *arguments: str) -> str:
        done = self._run(*arguments, exit_codes=(0, 1, 128))
        return os.fsdecode(done.stdout).strip() if done.exit_code == 0 else ""
