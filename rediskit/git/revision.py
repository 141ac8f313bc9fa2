"""Content of a Git revision, read with a fixed number of runs of git, however many files there are.

Nothing of the work tree is read but where it lies, no filter of Git is applied, and nothing is written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rediskit import tools
from rediskit.errors import ConfigError, MissingToolError, Problem, visible
from rediskit.git.program import Git

_OBJECT = re.compile(r"[0-9a-f]{40,64}")

_VERSIONS = 200
"""The largest number of commits in which the versions of one file are looked up."""


def contents_at(revision: str, files: Collection[str]) -> dict[str, bytes | None]:
    """Return the content of single files of one work tree in a revision; None for one that is not there, and on a branch without a commit.

    Args:
        revision: Anything that Git takes for a commit.
        files: Real paths, all in one folder or below it.

    Raises:
        ConfigError: The files are in no Git work tree, or there is no such commit.
        MissingToolError: git is missing or fails.
    """
    found: dict[str, bytes | None] = dict.fromkeys(files)
    repository = Repository(os.path.commonpath([os.path.dirname(file) for file in files]))
    commit = repository.commit(revision)
    if commit:
        blobs = repository.single(commit, files)
        contents = repository.contents(set(blobs.values()))
        found |= {file: contents[blob] for file, blob in blobs.items()}
    return found


def gone_at(revision: str, folder: str, ending: str) -> list[str]:
    """Return the real paths of files of a revision that are not in the work tree of a folder any more, sorted. Raises as `contents_at`."""
    repository = Repository(folder)
    commit = repository.commit(revision)
    listed = (os.path.join(repository.top, path) for path in repository.paths(commit)) if commit else ()
    return sorted(path for path in listed if path.endswith(ending) and not os.path.lexists(path))


class Version(NamedTuple):
    """A version of one file: the commit that made it, and the content."""

    commit: str
    content: bytes


def versions(file: str) -> list[Version]:
    """Return the versions of a file in the history of HEAD, the newest first; at most 200, none on a branch without a commit.

    Args:
        file: its real path.

    Raises:
        ConfigError: the file is in no Git work tree.
        MissingToolError: git is missing or fails.
    """
    repository = Repository(os.path.dirname(file))
    head = repository.commit("HEAD")
    return repository.versions(head, file) if head else []


class Commit(NamedTuple):
    """A commit. time: when its author made it, in seconds since 1970."""

    id: str
    time: int


def commits_since(revision: str, files: Collection[str]) -> list[Commit]:
    """Return the commits from a revision to HEAD that changed one of these files of one work tree, oldest first.

    Raises as `contents_at`.
    """
    places = [os.path.realpath(file) for file in files]
    repository = Repository(os.path.commonpath([os.path.dirname(place) for place in places]))
    base, head = repository.commit(revision), repository.commit("HEAD")
    return repository.log(f"{base}..{head}" if base else head, places) if head else []


def commit_at(revision: str, folder: str) -> str:
    """Return the id of a commit of the work tree that a folder is in; "" on a branch that has none yet. Raises as `contents_at`."""
    return Repository(folder).commit(revision)


class Repository:
    """The Git work tree that a folder lies in, or would lie in."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        # What calls us as a hook names the repository in GIT_DIR, relative to its own folder and ours.
        self.cwd = None if os.environ.get("GIT_DIR") else _existing(self.root)
        self.git = Git(Path(self.cwd) if self.cwd else None, literal=True)
        done = self._run(["rev-parse", "--show-toplevel"], exit_codes={0, 128})
        self.top = os.path.realpath(os.fsdecode(done.stdout.removesuffix(b"\n")))
        if done.exit_code or not done.stdout.strip():
            message = f"{root} lies in no Git work tree, so that there is no revision to compare with"
            raise ConfigError(Problem(message, _said(done.stderr) or "name no revision: what is on disk needs none"))
        if self.root != self.top and not self.root.startswith(f"{self.top.rstrip('/')}/"):
            raise ConfigError(Problem(f"{root} lies outside the Git work tree {self.top}", "choose another --output, or unset GIT_DIR"))

    def commit(self, revision: str) -> str:
        """The id of a commit; "" for a branch that has none yet. Git reads nothing of `revision` as an option."""
        if revision and not revision.startswith("-") and "\0" not in revision:
            done = self._run(["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"], exit_codes={0, 1, 128})
            found = done.stdout.decode(errors="replace").strip()
            if done.exit_code == 0 and _OBJECT.fullmatch(found):
                return found
            head = self._run(["symbolic-ref", "--quiet", "HEAD"], exit_codes={0, 1, 128}).stdout.decode(errors="replace").strip()
            if head and revision in ("HEAD", "@", head, head.removeprefix("refs/heads/"), head.removeprefix("refs/")):
                born = self._run(["show-ref", "--verify", "--quiet", head], exit_codes={0, 1, 128})
                if born.exit_code == 1:
                    return ""
        hint = "name a branch, a tag or a commit that is in this clone; a shallow clone has to fetch it first"
        raise ConfigError(Problem(f"{visible(revision, keep='')!r} is no revision of the Git work tree {self.top}", hint))

    def blobs(self, commit: str, names: Collection[str]) -> dict[str, dict[str, str]]:
        """By environment: path of each file, to the id of its content."""
        prefix = os.path.relpath(self.root, self.top)
        folder = "" if prefix == "." else f"{prefix}/"
        found: dict[str, dict[str, str]] = {name: {} for name in names}
        if not names:
            return found
        listing = self._run(["ls-tree", "-r", "-z", "--full-tree", commit, "--", *(f"{folder}{name}/" for name in names)]).stdout
        for entry in filter(None, listing.split(b"\0")):
            fields, _, path = entry.partition(b"\t")
            _, kind, blob = fields.decode().split(" ")
            name, _, inside = os.fsdecode(path).removeprefix(folder).partition("/")
            if kind == "blob" and name in found:
                found[name][inside] = blob
        return found

    def paths(self, commit: str) -> list[str]:
        """Return the path of every file of a commit, relative to the work tree."""
        listing = self._run(["ls-tree", "-r", "-z", "--full-tree", "--name-only", commit]).stdout
        return [os.fsdecode(path) for path in listing.split(b"\0") if path]

    def single(self, commit: str, files: Collection[str]) -> dict[str, str]:
        """Real path of each file that is there, to the id of its content; links and what lies outside are left out."""
        wanted = {os.path.relpath(file, self.top): file for file in files}
        listing = self._run(["ls-tree", "-z", "--full-tree", commit, "--", *sorted(wanted)]).stdout
        entries = (entry.partition(b"\t") for entry in filter(None, listing.split(b"\0")))
        named = ((fields.decode().split(" "), wanted[os.fsdecode(path)]) for fields, _, path in entries)
        return {file: blob for (mode, kind, blob), file in named if kind == "blob" and mode != "120000"}

    def versions(self, head: str, file: str) -> list[Version]:
        """Return the versions of a file in the history of a commit, the newest first; neighbours with one content once."""
        path = os.path.relpath(file, self.top)
        here = os.path.relpath(file, self.cwd or os.getcwd())  # Unlike a path in a commit, one on the command line counts from there.
        commits = self._run(["rev-list", f"--max-count={_VERSIONS}", head, "--", here]).stdout.decode().split()
        lines = "".join(f"{commit}:{path}\n" for commit in commits).encode()
        checked = self._run(["cat-file", "--batch-check=%(objectname) %(objecttype)"], lines).stdout.decode(errors="replace").splitlines()
        found = [(commit, line.split(" ")[0]) for commit, line in zip(commits, checked, strict=True) if line.endswith(" blob")]
        contents = self.contents({blob for _, blob in found})
        made = [Version(commit, contents[blob]) for commit, blob in found]
        return [one for index, one in enumerate(made) if not index or one.content != made[index - 1].content]

    def log(self, commits: str, files: Collection[str]) -> list[Commit]:
        """The commits of a range that changed one of these files, oldest first."""
        paths = sorted(os.path.relpath(file, self.cwd or os.getcwd()) for file in files)
        lines = (
            self._run(["log", "--reverse", "--no-show-signature", "--format=%H %at", commits, "--", *paths]).stdout.decode().splitlines()
        )
        return [Commit(commit, int(time)) for commit, _, time in (line.partition(" ") for line in lines)]

    def contents(self, blobs: Collection[str]) -> dict[str, bytes]:
        """The content of each id."""
        if not blobs:
            return {}
        order = sorted(blobs)
        done = self._run(["cat-file", "--batch", "--buffer"], "".join(f"{blob}\n" for blob in order).encode())
        return dict(zip(order, _batch(done.stdout, order), strict=True))

    def _run(self, arguments: Sequence[str], stdin: bytes = b"", exit_codes: Collection[int] = (0,)) -> tools.Completed:
        return self.git.run(*arguments, stdin=stdin, exit_codes=exit_codes)


def _batch(output: bytes, order: Sequence[str]) -> Iterator[bytes]:
    """The contents in what `git cat-file --batch` prints: a line with id, type and size, the content, a newline."""
    at = 0
    for blob in order:
        end = output.find(b"\n", at)
        fields = output[at:end].split(b" ")
        if len(fields) != 3 or fields[0].decode() != blob:
            raise MissingToolError(Problem(f"git does not give out object {blob}", "the clone is not complete: see what git fsck says"))
        at = end + 1 + int(fields[2])
        yield output[end + 1 : at]
        at += 1


def _existing(folder: str) -> str:
    """The folder, or the nearest one above it that is there and may be entered."""
    while not (os.path.isdir(folder) and os.access(folder, os.X_OK)):
        folder = os.path.dirname(folder)
    return folder


def _said(stderr: bytes) -> str:
    """What git gives as its reason, unless it is the usual one."""
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line.startswith("fatal: ")]
    reason = visible((lines or [""])[0].removeprefix("fatal: "))
    return "" if reason.startswith("not a git repository") else f"git says: {reason}" if reason else ""
