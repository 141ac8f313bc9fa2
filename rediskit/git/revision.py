"""Read the content of Git revisions with a fixed number of runs of git for any number of files.

No file of the work tree is read, no filter of Git is applied, and nothing is written.
"""

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
"""The largest number of commits to search for versions of a file."""


def contents_at(revision: str, files: Collection[str]) -> dict[str, bytes | None]:
    """Return the content of files of one work tree in a revision; None for a missing file, and on a branch without commits.

    Args:
        files: Real paths with a common parent folder.

    Raises:
        ConfigError: The files are not in a Git work tree, or the revision does not exist.
        MissingToolError: git is missing or fails.
    """
    contents: dict[str, bytes | None] = dict.fromkeys(files)
    repository = Repository(os.path.commonpath([os.path.dirname(file) for file in files]))
    commit = repository.commit(revision)
    if commit:
        blobs = repository.single(commit, files)
        by_blob = repository.contents(set(blobs.values()))
        contents |= {file: by_blob[blob] for file, blob in blobs.items()}
    return contents


def gone_at(revision: str, folder: str, ending: str) -> list[str]:
    """Return the sorted real paths of files in a revision that the work tree no longer contains. Raises as `contents_at`."""
    repository = Repository(folder)
    commit = repository.commit(revision)
    listed = (os.path.join(repository.top, path) for path in repository.paths(commit)) if commit else ()
    return sorted(path for path in listed if path.endswith(ending) and not os.path.lexists(path))


class Version(NamedTuple):
    """The content of a file, and the id of the commit that created it."""

    commit: str
    content: bytes


def versions(file: str) -> list[Version]:
    """Return the versions of a file in the history of HEAD, newest first; at most 200, none on a branch without commits.

    The path is a real path. Raises as `contents_at`.
    """
    repository = Repository(os.path.dirname(file))
    head = repository.commit("HEAD")
    return repository.versions(head, file) if head else []


class Commit(NamedTuple):
    """A commit: its id, and its author time in seconds since 1970."""

    id: str
    time: int


def commits_since(revision: str, files: Collection[str]) -> list[Commit]:
    """Return the commits after a revision, up to HEAD, that changed one of these files, oldest first. Raises as `contents_at`."""
    places = [os.path.realpath(file) for file in files]
    repository = Repository(os.path.commonpath([os.path.dirname(place) for place in places]))
    base, head = repository.commit(revision), repository.commit("HEAD")
    return repository.log(f"{base}..{head}" if base else head, places) if head else []


class Repository:
    """The Git work tree of a folder, which need not exist."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        # A Git hook sets GIT_DIR relative to the current folder.
        self.cwd = None if os.environ.get("GIT_DIR") else _existing(self.root)
        self.git = Git(Path(self.cwd) if self.cwd else None, literal=True)
        done = self._run(["rev-parse", "--show-toplevel"], exit_codes={0, 128})
        self.top = os.path.realpath(os.fsdecode(done.stdout.removesuffix(b"\n")))
        if done.exit_code or not done.stdout.strip():
            hint = _reason(done.stderr) or "run git init, or omit the revision to compare with the files on disk"
            raise ConfigError(Problem(f"{root} is not in a Git work tree", hint, code="git-work-tree"))
        if self.root != self.top and not self.root.startswith(f"{self.top.rstrip('/')}/"):
            hint = "choose another --output, or unset GIT_DIR"
            raise ConfigError(Problem(f"{root} is outside the Git work tree {self.top}", hint, code="git-work-tree"))

    def commit(self, revision: str) -> str:
        """Return the commit id of a revision; "" for a branch without commits. Git never reads the revision as an option."""
        if revision and not revision.startswith("-") and "\0" not in revision:
            done = self._run(["rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"], exit_codes={0, 1, 128})
            commit = done.stdout.decode(errors="replace").strip()
            if done.exit_code == 0 and _OBJECT.fullmatch(commit):
                return commit
            head = self._run(["symbolic-ref", "--quiet", "HEAD"], exit_codes={0, 1, 128}).stdout.decode(errors="replace").strip()
            names = ("HEAD", "@", head, head.removeprefix("refs/heads/"), head.removeprefix("refs/"))
            exists = ["show-ref", "--verify", "--quiet", head]
            if head and revision in names and self._run(exists, exit_codes={0, 1, 128}).exit_code == 1:
                return ""
        hint = "use a branch, tag or commit of this clone; in a shallow clone, fetch it first"
        message = f"{visible(revision, keep='')!r} is not a revision of the Git work tree {self.top}"
        raise ConfigError(Problem(message, hint, code="git-revision"))

    def blobs(self, commit: str, names: Collection[str]) -> dict[str, dict[str, str]]:
        """Return the blob id of each file by environment and path."""
        prefix = os.path.relpath(self.root, self.top)
        folder = "" if prefix == "." else f"{prefix}/"
        blobs: dict[str, dict[str, str]] = {name: {} for name in names}
        if not names:
            return blobs
        listing = self._run(["ls-tree", "-r", "-z", "--full-tree", commit, "--", *(f"{folder}{name}/" for name in names)]).stdout
        for entry in filter(None, listing.split(b"\0")):
            fields, _, path = entry.partition(b"\t")
            _, kind, blob = fields.decode().split(" ")
            name, _, inside = os.fsdecode(path).removeprefix(folder).partition("/")
            if kind == "blob" and name in blobs:
                blobs[name][inside] = blob
        return blobs

    def paths(self, commit: str) -> list[str]:
        """Return the paths of all files of a commit, relative to the work tree."""
        listing = self._run(["ls-tree", "-r", "-z", "--full-tree", "--name-only", commit]).stdout
        return [os.fsdecode(path) for path in listing.split(b"\0") if path]

    def single(self, commit: str, files: Collection[str]) -> dict[str, str]:
        """Return the blob id of each existing file by real path, without links."""
        by_path = {os.path.relpath(file, self.top): file for file in files}
        listing = self._run(["ls-tree", "-z", "--full-tree", commit, "--", *sorted(by_path)]).stdout
        entries = (entry.partition(b"\t") for entry in filter(None, listing.split(b"\0")))
        named = ((fields.decode().split(" "), by_path[os.fsdecode(path)]) for fields, _, path in entries)
        return {file: blob for (mode, kind, blob), file in named if kind == "blob" and mode != "120000"}

    def versions(self, head: str, file: str) -> list[Version]:
        """Return the versions of a file in the history of a commit, newest first. Consecutive versions differ."""
        path = os.path.relpath(file, self.top)
        here = os.path.relpath(file, self.cwd or os.getcwd())  # A path on the command line is relative to the current folder.
        commits = self._run(["rev-list", f"--max-count={_VERSIONS}", head, "--", here]).stdout.decode().split()
        lines = "".join(f"{commit}:{path}\n" for commit in commits).encode()
        checked = self._run(["cat-file", "--batch-check=%(objectname) %(objecttype)"], lines).stdout.decode(errors="replace").splitlines()
        blobs = [(commit, line.split(" ")[0]) for commit, line in zip(commits, checked, strict=True) if line.endswith(" blob")]
        contents = self.contents({blob for _, blob in blobs})
        versions = [Version(commit, contents[blob]) for commit, blob in blobs]
        return [version for index, version in enumerate(versions) if not index or version.content != versions[index - 1].content]

    def log(self, commits: str, files: Collection[str]) -> list[Commit]:
        """Return the commits of a range that changed one of these files, oldest first."""
        paths = sorted(os.path.relpath(file, self.cwd or os.getcwd()) for file in files)
        lines = (
            self._run(["log", "--reverse", "--no-show-signature", "--format=%H %at", commits, "--", *paths]).stdout.decode().splitlines()
        )
        return [Commit(commit, int(time)) for commit, _, time in (line.partition(" ") for line in lines)]

    def contents(self, blobs: Collection[str]) -> dict[str, bytes]:
        """Return the content of each blob id."""
        if not blobs:
            return {}
        order = sorted(blobs)
        done = self._run(["cat-file", "--batch", "--buffer"], "".join(f"{blob}\n" for blob in order).encode())
        return dict(zip(order, _batch(done.stdout, order), strict=True))

    def _run(self, arguments: Sequence[str], stdin: bytes = b"", exit_codes: Collection[int] = (0,)) -> tools.Completed:
        return self.git.run(*arguments, stdin=stdin, exit_codes=exit_codes)


def _batch(output: bytes, order: Sequence[str]) -> Iterator[bytes]:
    """Yield the contents in the output of `git cat-file --batch`: a line with id, type and size, the content, a newline."""
    at = 0
    for blob in order:
        end = output.find(b"\n", at)
        fields = output[at:end].split(b" ")
        if len(fields) != 3 or fields[0].decode() != blob:
            raise MissingToolError(Problem(f"git can't read object {blob}", "run git fsck: the clone is incomplete"))
        at = end + 1 + int(fields[2])
        yield output[end + 1 : at]
        at += 1


def _existing(folder: str) -> str:
    """Return the folder, or its nearest parent that exists and can be entered."""
    while not (os.path.isdir(folder) and os.access(folder, os.X_OK)):
        folder = os.path.dirname(folder)
    return folder


def _reason(stderr: bytes) -> str:
    """Return the error message of git, "" for a folder that is not a repository."""
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line.startswith("fatal: ")]
    reason = visible((lines or [""])[0].removeprefix("fatal: "))
    return "" if reason.startswith("not a git repository") else f"git reports: {reason}" if reason else ""
