"""How it stands with configs, their trees and Git: what `doctor` looks at, and what comes next."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from rediskit import temporary
from rediskit.checks import check
from rediskit.checks.output_path import check_output_path
from rediskit.errors import ConfigError, MissingToolError, Problem, RefusedError
from rediskit.files import read_regular, reason
from rediskit.git.discovery import work_tree
from rediskit.git.work_tree import WorkTree, same_repository
from rediskit.model.environment import Environment
from rediskit.model.gitops import PLACEHOLDER_REPOSITORY
from rediskit.output.leftovers import abandoned, input_leftovers, tree_leftovers
from rediskit.output.writer import Changes, compare
from rediskit.renderers import render
from rediskit.source.loader import load_all
from rediskit.source.neighbours import input_folders
from rediskit.source.schema import schema_text

_FOR_EDITORS = re.compile(r"^# yaml-language-server: \$schema=(\S+)", re.MULTILINE)

State = Literal["ok", "note", "problem"]


class StatusLine(NamedTuple):
    """One thing that was looked at. next: commands or words that mend it, if anything is to be done. code: the exit code it is worth."""

    what: str
    state: State
    said: str
    next: tuple[str, ...] = ()
    code: int = 0


class Diagnosis(NamedTuple):
    """The lines of one config, and the problems that keep it from being loaded."""

    file: str
    lines: tuple[StatusLine, ...]
    problems: tuple[Problem, ...] = ()


def diagnose(files: list[str], output: str) -> list[Diagnosis]:
    """Looks at each config by itself, and then at what they may not share. output: the folder of the trees. Writes nothing."""
    reports = [_examine(file, output) for file in files]
    if len(files) > 1 and all(not report.problems for report in reports):
        try:
            load_all(files)
        except ConfigError as error:
            reports.append(Diagnosis("together", (_wrong("all configs", error),), error.problems))
    return reports


def diagnose_temporary_files() -> list[Diagnosis]:
    """Return what killed runs left in the folder for temporary files. A run that needs a temporary folder removes it, too."""
    left = temporary.abandoned()
    lines = [
        StatusLine("leftover", "note", f"{place} is left from a run that was killed", (f"rm -r {shlex.quote(str(place))}",))
        for place in left
    ]
    return [Diagnosis("temporary files", tuple(lines))] if lines else []


def _examine(file: str, output: str) -> Diagnosis:
    try:
        (environment,) = load_all([file])
    except ConfigError as error:
        return Diagnosis(file, (_wrong(file, error),), error.problems)
    lines = [StatusLine("config", "ok", "loads"), *_leftovers(environment, file, output), *_schema(Path(file))]
    lines += [*_tree(environment, file, output), *_migrations(environment, file), *_git(environment, file, output)]
    return Diagnosis(file, tuple(lines))


def _wrong(file: str, error: ConfigError) -> StatusLine:
    count = len(error.problems)
    return StatusLine("config", "problem", f"{count} {'problem' if count == 1 else 'problems'}", (f"mend {file}",), 2)


def _schema(config: Path) -> Iterator[StatusLine]:
    """The schema that the config names for editors, where it is missing or of another version; nothing when it is right."""
    found = _FOR_EDITORS.search(read_regular(config).decode("utf-8-sig"))
    if found is None or "://" in found[1]:
        return
    path = os.path.normpath(config.parent / found[1])
    again = (f"rediskit schema > {shlex.quote(path)}",)
    try:
        there = read_regular(path).decode("utf-8", "replace")
    except OSError as error:
        yield StatusLine("schema", "note", f"{path}: {reason(error)}: an editor knows no keys", again)
        return
    if there.strip() != schema_text():
        yield StatusLine("schema", "note", f"{path} is not that of this rediskit", again)


def _leftovers(environment: Environment, file: str, output: str) -> Iterator[StatusLine]:
    """Yield each file or folder that a killed run left; the next render removes those of the project."""
    found = abandoned([*input_leftovers(input_folders([environment])), *tree_leftovers(output)])
    for place in found:
        name = os.path.relpath(place) if Path(os.path.realpath(place)).is_relative_to(Path.cwd()) else place
        yield StatusLine("leftover", "note", f"{name} is left from a run that was killed", (f"rediskit render {shlex.quote(file)}",))


def _tree(environment: Environment, file: str, output: str) -> Iterator[StatusLine]:
    """The checks, and whether the tree on disk is what the config renders to."""
    again = f"rediskit render {shlex.quote(file)}"
    tree = render(environment)
    errors = [finding for finding in check(environment, tree) if finding.severity == "error"]
    if errors:
        yield StatusLine("checks", "problem", f"{len(errors)} failed", (f"rediskit check {shlex.quote(file)}",), 1)
    place = os.path.normpath(f"{output}/{environment.name}")
    try:
        done = compare(tree, output)
    except RefusedError as error:
        yield StatusLine("tree", "problem", error.problems[0].message, (f"rediskit check {shlex.quote(file)}",), 1)
        return
    if done.edited:
        hint = f"take what was edited by hand in {place} into the config, then {again} --force"
        yield StatusLine("tree", "problem", f"{place}: {_files(len(done.edited))} edited by hand", (hint,), 1)
    elif done.drifted:
        yield StatusLine("tree", "problem", f"{place}: {_drift(done)}", (again,), 1)
    else:
        yield StatusLine("tree", "ok", f"{place} is current, {_files(len(done.unchanged))}")


def _drift(done: Changes) -> str:
    if done.interrupted:
        return "an earlier render was cut off"
    if not (done.changed or done.removed or done.unchanged):
        return "not rendered yet"
    counts = ((done.created, "missing"), (done.changed, "different"), (done.removed, "left over"))
    return ", ".join(f"{len(paths)} {word}" for paths, word in counts if paths) or "its index is not that of its files"


def _migrations(environment: Environment, file: str) -> Iterator[StatusLine]:
    """Report each migration in progress: its step, since when, and the command that shows its gates."""
    for client in environment.clients:
        migration = client.migration
        if migration is not None and migration.step not in ("prepare", "complete"):
            since = f" since {migration.history[-1].at}" if migration.history else ""
            following = f"rediskit migrate status {shlex.quote(file)} --client {client.name}"
            yield StatusLine("migration", "note", f"{client.name} is at {migration.step}{since}", (following,))


def _git(environment: Environment, file: str, output: str) -> Iterator[StatusLine]:
    """Whether the tool will find the tree where the config says: work tree, path, remote, branch, commit."""
    if work_tree(Path(os.path.realpath(output))) is None:
        yield StatusLine("git", "note", "not in a Git work tree, and the tool reads from Git", ("git init",))
        return
    for finding in check_output_path(environment, output):
        yield StatusLine("path", "problem", finding.message, (finding.hint,), 1)
    try:
        git = WorkTree.of(Path(output))
        refusal = git.refusal() if git else ""
        if git is None or refusal:
            yield StatusLine("git", "problem", f"git gives no answer: {refusal}", ("git status",), 3)
            return
        yield from _remote(environment, git)
        yield from _branch(environment, git)
        yield from _inputs(environment, git)
        yield from _commit(environment, git, file, output)
    except MissingToolError as error:
        absent = error.problems[0].message.endswith("is not on PATH")
        yield StatusLine("git", "note" if absent else "problem", error.problems[0].message, (), 0 if absent else 3)


def _remote(environment: Environment, git: WorkTree) -> Iterator[StatusLine]:
    wanted = environment.gitops.repository
    remotes = git.remotes()
    same = next((remote for remote in remotes if same_repository(remote.address, wanted)), None)
    if wanted == PLACEHOLDER_REPOSITORY:
        yield StatusLine("remote", "problem", "gitops.repository is not known yet", ("write gitops.repository into the config",), 1)
    elif same:
        yield StatusLine("remote", "ok", f"{same.name} is gitops.repository")
    elif not remotes:
        yield StatusLine("remote", "note", f"none; the config says {wanted}", (f"git remote add origin {shlex.quote(wanted)}",))
    else:
        found = ", ".join(f"{remote.name} {remote.address}" for remote in remotes)
        hint = "write the one that holds this folder into gitops.repository, or git remote add it"
        yield StatusLine("remote", "problem", f"gitops.repository is {wanted}, the remotes are {found}", (hint,), 1)


def _branch(environment: Environment, git: WorkTree) -> Iterator[StatusLine]:
    here, wanted = git.branch(), environment.gitops.revision
    if here == wanted:
        ahead = git.ahead()
        if ahead:
            yield StatusLine("branch", "note", f"{here}, {ahead} not pushed", ("git push",))
        else:
            yield StatusLine("branch", "ok", here)
    else:
        hint = f"bring it to {wanted} when it is ready: the tool follows {wanted}"
        yield StatusLine("branch", "note", f"{here or 'no branch'}, and the tool follows {wanted}", (hint,))


def _inputs(environment: Environment, git: WorkTree) -> Iterator[StatusLine]:
    """Report the files that the config reads and Git does not track: a clone without them does not render."""
    named = {os.path.relpath(os.path.realpath(file), git.top): file for file in environment.inputs}
    inside = [path for path in named if not path.startswith("..")]
    if untracked := [os.path.normpath(named[path]) for path in inside if path in git.untracked(*inside)]:
        command = f"git add {' '.join(map(shlex.quote, untracked))}"
        if any(git.ignored(path) for path in inside if os.path.normpath(named[path]) in untracked):
            hint = f"take them out of .gitignore, then {command}"
            yield StatusLine("inputs", "problem", f"Git ignores files that the config reads: {', '.join(untracked)}", (hint,), 1)
        else:
            yield StatusLine("inputs", "note", f"not in Git yet: {', '.join(untracked)}", (command,))


def _commit(environment: Environment, git: WorkTree, file: str, output: str) -> Iterator[StatusLine]:
    """Whether the config, what it names and the tree are committed as they are."""
    tree = f"{output}/{environment.name}"
    named = [file, *_beside(environment, file), tree]
    inside = [os.path.relpath(os.path.realpath(path), git.top) for path in named]
    inside = [path for path in inside if not path.startswith("..")]
    if git.ignored(os.path.relpath(os.path.realpath(tree), git.top)):
        hint = f"take {os.path.normpath(tree)} out of .gitignore"
        yield StatusLine("commit", "problem", f"Git ignores {os.path.normpath(tree)}", (hint,), 1)
        return
    open_ = git.uncommitted(*inside)
    if open_:
        paths = " ".join(shlex.quote(os.path.normpath(path)) for path in named)
        yield StatusLine("commit", "note", f"{_files(len(open_))} not committed", (f"git add {paths} && git commit",))
    else:
        yield StatusLine("commit", "ok", "everything is committed")


def _beside(environment: Environment, file: str) -> list[str]:
    """What the config names: its folder where there is one, and manifests that lie elsewhere."""
    folder = Path(file).parent
    own = folder / environment.name
    manifests = [client.workload.manifest for client in environment.clients if client.workload and client.workload.manifest]
    paths = [own, *(path for path in (folder / manifest.path for manifest in manifests) if not path.is_relative_to(own))]
    return [str(path) for path in dict.fromkeys(paths) if path.exists()]


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"
