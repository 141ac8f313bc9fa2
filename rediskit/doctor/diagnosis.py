"""Diagnose configs, their output directories and Git: what `doctor` reports, with the next command."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from rediskit import temporary
from rediskit.checks import check
from rediskit.checks.open_questions import open_questions
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
from rediskit.renderers.pages.following import following
from rediskit.source.loader import load_all
from rediskit.source.neighbours import input_folders
from rediskit.source.schema import schema_text

_FOR_EDITORS = re.compile(r"^# yaml-language-server: \$schema=(\S+)", re.MULTILINE)

State = Literal["ok", "note", "problem"]


class StatusLine(NamedTuple):
    """The status of one subject, such as `config` or `branch`: commands or instructions that fix it, and the exit code that it causes."""

    subject: str
    state: State
    message: str
    next: tuple[str, ...] = ()
    code: int = 0


class Diagnosis(NamedTuple):
    """The status of one config. `problems` are the errors of a config that does not load."""

    file: str
    lines: tuple[StatusLine, ...]
    problems: tuple[Problem, ...] = ()


class _Subject(NamedTuple):
    """A config to diagnose, and the parent of its output directory."""

    environment: Environment
    file: str
    output: str

    @property
    def tree(self) -> str:
        """The path of the output directory."""
        return os.path.normpath(f"{self.output}/{self.environment.name}")

    def command(self, verb: str) -> str:
        """Return a command of rediskit for this config."""
        return f"rediskit {verb} {shlex.quote(self.file)}"


def diagnose(files: list[str], output: str) -> list[Diagnosis]:
    """Return the diagnosis of each config, and of all of them together. Nothing is written."""
    reports = [_diagnose(file, output) for file in files]
    if len(files) > 1 and all(not report.problems for report in reports):
        try:
            load_all(files)
        except ConfigError as error:
            reports.append(Diagnosis("together", (_invalid("all configs", error),), error.problems))
    return reports


def diagnose_temporary_files() -> list[Diagnosis]:
    """Return what killed runs left in the folder for temporary files. The next run that needs a temporary folder removes it too."""
    lines = [
        StatusLine("leftover", "note", f"{place} is left from a killed run", (f"rm -r {shlex.quote(str(place))}",))
        for place in temporary.abandoned()
    ]
    return [Diagnosis("temporary files", tuple(lines))] if lines else []


def _diagnose(file: str, output: str) -> Diagnosis:
    try:
        (environment,) = load_all([file])
    except ConfigError as error:
        return Diagnosis(file, (_invalid(file, error),), error.problems)
    subject = _Subject(environment, file, output)
    lines = [StatusLine("config", "ok", "valid")]
    for section in (_leftovers, _schema, _questions, _tree, _migrations, _git):
        lines += section(subject)
    return Diagnosis(file, tuple(lines))


def _invalid(file: str, error: ConfigError) -> StatusLine:
    count = len(error.problems)
    return StatusLine("config", "problem", f"{count} {'problem' if count == 1 else 'problems'}", (f"fix {file}",), 2)


def _leftovers(subject: _Subject) -> Iterator[StatusLine]:
    """Yield each stage that a killed run left. The next render removes those of the project."""
    for place in abandoned([*input_leftovers(input_folders([subject.environment])), *tree_leftovers(subject.output)]):
        name = os.path.relpath(place) if Path(os.path.realpath(place)).is_relative_to(Path.cwd()) else place
        yield StatusLine("leftover", "note", f"{name} is left from a killed run", (subject.command("render"),))


def _schema(subject: _Subject) -> Iterator[StatusLine]:
    """Yield the schema for editors if it is missing or has another version."""
    config = Path(subject.file)
    match = _FOR_EDITORS.search(read_regular(config).decode("utf-8-sig"))
    if match is None or "://" in match[1]:
        return
    path = os.path.normpath(config.parent / match[1])
    command = (f"rediskit schema > {shlex.quote(path)}",)
    try:
        schema = read_regular(path).decode("utf-8", "replace")
    except OSError as error:
        yield StatusLine("schema", "note", f"{path}: {reason(error)}: editors cannot check the config", command)
        return
    if schema.strip() != schema_text():
        yield StatusLine("schema", "note", f"{path} is from another version of rediskit", command)


def _questions(subject: _Subject) -> Iterator[StatusLine]:
    """Yield each open question that `init` wrote into a file of the config."""
    for finding in open_questions(subject.environment):
        assert finding.location is not None
        place = f"{finding.location.file}:{finding.location.line}"
        yield StatusLine("question", "note", f"{place}: {finding.message}", (f"answer the open questions in {finding.location.file}",))


def _tree(subject: _Subject) -> Iterator[StatusLine]:
    """Yield the failed checks, and the drift of the output directory."""
    tree = render(subject.environment)
    errors = [finding for finding in check(subject.environment, tree) if finding.severity == "error"]
    if errors:
        yield StatusLine("checks", "problem", f"{len(errors)} failed", (subject.command("check"),), 1)
    try:
        changes = compare(tree, subject.output)
    except RefusedError as error:
        yield StatusLine("tree", "problem", error.problems[0].message, (subject.command("check"),), 1)
        return
    if changes.edited:
        hint = f"make the edits in {subject.tree} in the config, then run {subject.command('render')} --force"
        yield StatusLine("tree", "problem", f"{subject.tree}: {_files(len(changes.edited))} edited by hand", (hint,), 1)
    elif changes.drifted:
        yield StatusLine("tree", "problem", f"{subject.tree}: {_drift(changes)}", (subject.command("render"),), 1)
    else:
        yield StatusLine("tree", "ok", f"{subject.tree} is current, {_files(len(changes.unchanged))}")


def _drift(changes: Changes) -> str:
    if changes.interrupted:
        return "an earlier render was interrupted"
    if not (changes.changed or changes.removed or changes.unchanged):
        return "not rendered yet"
    counts = ((changes.created, "missing"), (changes.changed, "different"), (changes.removed, "obsolete"))
    return ", ".join(f"{len(paths)} {word}" for paths, word in counts if paths) or "the index does not match the files"


def _migrations(subject: _Subject) -> Iterator[StatusLine]:
    """Yield each migration in progress: its step, since when, and the next command."""
    for client in subject.environment.clients:
        migration = client.migration
        if migration is not None and migration.step not in ("prepare", "complete"):
            since = f" since {migration.history[-1].at}" if migration.history else ""
            command = following(subject.environment, client).text
            yield StatusLine("migration", "note", f"{client.name} is at {migration.step}{since}", (command,))


def _git(subject: _Subject) -> Iterator[StatusLine]:
    """Yield whether the GitOps tool can find the output directory: work tree, path, remote, branch, commit."""
    environment = subject.environment
    if work_tree(os.path.realpath(subject.output)) is None:
        message = f"not in a Git work tree, but {environment.gitops.tool_name} reads from Git"
        yield StatusLine("git", "note", message, ("git init",))
        return
    for finding in check_output_path(environment, subject.output):
        yield StatusLine("path", "problem", finding.message, (finding.hint,), 1)
    try:
        git = WorkTree.of(Path(subject.output))
        refusal = git.refusal() if git else ""
        if git is None or refusal:
            yield StatusLine("git", "problem", f"git fails: {refusal}", ("git status",), 3)
            return
        for section in (_remote, _branch, _inputs, _commit):
            yield from section(subject, git)
    except MissingToolError as error:
        absent = error.problems[0].message.endswith("is not on PATH")
        yield StatusLine("git", "note" if absent else "problem", error.problems[0].message, (), 0 if absent else 3)


def _remote(subject: _Subject, git: WorkTree) -> Iterator[StatusLine]:
    repository = subject.environment.gitops.repository
    remotes = git.remotes()
    remote = next((remote for remote in remotes if same_repository(remote.address, repository)), None)
    if repository == PLACEHOLDER_REPOSITORY:
        yield StatusLine("remote", "problem", "gitops.repository is not set", ("set gitops.repository in the config",), 1)
    elif remote:
        yield StatusLine("remote", "ok", f"{remote.name} is gitops.repository")
    elif not remotes:
        yield StatusLine(
            "remote", "note", f"none; gitops.repository is {repository}", (f"git remote add origin {shlex.quote(repository)}",)
        )
    else:
        names = ", ".join(f"{remote.name} {remote.address}" for remote in remotes)
        hint = "set gitops.repository to the remote with this folder, or add that remote with git remote add"
        yield StatusLine("remote", "problem", f"gitops.repository is {repository}, the remotes are {names}", (hint,), 1)


def _branch(subject: _Subject, git: WorkTree) -> Iterator[StatusLine]:
    gitops = subject.environment.gitops
    branch = git.branch()
    if branch != gitops.revision:
        message = f"{branch or 'detached HEAD'}, but {gitops.tool_name} reads {gitops.revision}"
        yield StatusLine("branch", "note", message, (f"merge it into {gitops.revision} when it is ready",))
    elif ahead := git.ahead():
        yield StatusLine("branch", "note", f"{branch}, {ahead} not pushed", ("git push",))
    else:
        yield StatusLine("branch", "ok", branch)


def _inputs(subject: _Subject, git: WorkTree) -> Iterator[StatusLine]:
    """Yield the files that the config reads and Git does not track: a clone without them does not render."""
    paths = {os.path.relpath(os.path.realpath(file), git.top): file for file in subject.environment.inputs}
    inside = [path for path in paths if not path.startswith("..")]
    if untracked := [os.path.normpath(paths[path]) for path in inside if path in git.untracked(*inside)]:
        command = f"git add {' '.join(map(shlex.quote, untracked))}"
        if any(git.ignored(path) for path in inside if os.path.normpath(paths[path]) in untracked):
            hint = f"remove them from .gitignore, then run {command}"
            yield StatusLine("inputs", "problem", f"Git ignores files that the config reads: {', '.join(untracked)}", (hint,), 1)
        else:
            yield StatusLine("inputs", "note", f"not in Git yet: {', '.join(untracked)}", (command,))


def _commit(subject: _Subject, git: WorkTree) -> Iterator[StatusLine]:
    """Yield whether the config, the files beside it and the output directory are committed."""
    files = [subject.file, *_beside(subject), subject.tree]
    inside = [os.path.relpath(os.path.realpath(path), git.top) for path in files]
    inside = [path for path in inside if not path.startswith("..")]
    if git.ignored(os.path.relpath(os.path.realpath(subject.tree), git.top)):
        hint = f"remove {subject.tree} from .gitignore"
        yield StatusLine("commit", "problem", f"Git ignores {subject.tree}", (hint,), 1)
    elif uncommitted := git.uncommitted(*inside):
        paths = " ".join(shlex.quote(os.path.normpath(path)) for path in files)
        yield StatusLine("commit", "note", f"{_files(len(uncommitted))} not committed", (f"git add {paths} && git commit",))
    else:
        yield StatusLine("commit", "ok", "everything is committed")


def _beside(subject: _Subject) -> list[str]:
    """Return the folder of the config, if it exists, and the manifests outside it."""
    folder = Path(subject.file).parent
    own = folder / subject.environment.name
    clients = subject.environment.clients
    manifests = [workload.manifest for client in clients for workload in client.workloads if workload.manifest]
    paths = [own, *(path for path in (folder / manifest.path for manifest in manifests) if not path.is_relative_to(own))]
    return [str(path) for path in dict.fromkeys(paths) if path.exists()]


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"
